//! Reading accounts, of either kind.

use actix_web::HttpResponse;

use super::shown;
use crate::accounts::json::User;
use crate::error::Error;
use crate::web::api::call::{Call, ok};
use crate::web::api::operation::{Operation, answers};

pub static MYSELF: Operation = Operation::new(
    "Accounts",
    "Show the caller's own account",
    "The account of the token in the request. Any valid token may ask.",
    &[answers::<User>(200, "The account of the token.")],
);

/// `GET /user`
///
/// # Errors
/// `Unauthenticated` if the account has been deleted since the call began.
pub async fn myself(call: Call) -> Result<HttpResponse, Error> {
    let (own, base) = (call.actor.account.clone().ok_or(Error::Unauthenticated)?, call.base());
    let shown = call.read(move |conn| shown::user(conn, &own, &base)).await;
    ok(&shown.map_err(|error| if matches!(error, Error::NotFound(_)) { Error::Unauthenticated } else { error })?)
}
