//! A role or a team that is no more: the answer says who deleted it and when, and what a client that keeps track of it has to do.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;

use crate::audit::model::verbs;
use crate::audit::queries::deletions;
use crate::audit::sentences::epitaph;
use crate::database::Database;
use crate::error::Error;
use crate::id::Id;
use crate::web::visit::registered;

/// Middleware for `from_fn`. Who asks has passed the guard of the endpoint, so that nothing is told to those who may not see
/// what is there. As long as the log holds the event; the usual sentence otherwise.
pub async fn tell(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let answer = next.call(request).await?.map_into_boxed_body();
    let (noun, verb) = match answer.response().error().and_then(|error| error.as_error()) {
        Some(Error::NotFound("role")) => ("role", verbs::ROLE_DELETED),
        Some(Error::NotFound("team")) => ("team", verbs::TEAM_DELETED),
        _ => return Ok(answer),
    };
    let named = answer.request().match_info();
    let Some(id) = named.get(noun).or_else(|| named.get("uuid")).and_then(Id::parse) else { return Ok(answer) };
    let database = registered::<Database>(answer.request())?;
    let asked = id.clone();
    match database.read(move |conn| deletions::find(conn, verb, &asked)).await {
        Ok(Some(deletion)) => {
            let error = Error::Deleted(epitaph(noun, &deletion.name, (&deletion.by, deletion.at), &id));
            Ok(ServiceResponse::from_err(error, answer.into_parts().0))
        }
        _ => Ok(answer),
    }
}
