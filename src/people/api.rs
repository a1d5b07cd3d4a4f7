//! Inviting users by the admin API. The link of an invitation is a secret, so no answer holds it: it is made anew on the user's
//! page.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::model::Invitee;
use super::operations::{self, ExistingUserPolicy, Invitations, InviteOutcome, Invited};
use crate::accounts::api::shown::Showing;
use crate::accounts::api::users::GROUP;
use crate::accounts::json::User;
use crate::accounts::model::{AccountName, Email, Kind, Right, Selection};
use crate::accounts::operations::{self as accounts, Plan};
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::roles;
use crate::settings::general;
use crate::web::api::body::Json;
use crate::web::api::call::{Call, hal, ok};
use crate::web::api::operation::{Example, Operation, answers, says};

/// Somebody to invite.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewUser {
    /// 1 to 80 characters on one line. Absent or null: the first and last name, or the address.
    #[schema(min_length = 1, max_length = 80)]
    name: Option<String>,
    /// Looked at where there is no `name`, as the last name is. At most 80 characters together.
    first_name: Option<String>,
    last_name: Option<String>,
    #[schema(required, nullable = false, format = "email", max_length = 254)]
    email: Option<String>,
    /// True unless given. False disables the user.
    active: Option<bool>,
}

impl Example for NewUser {
    fn example() -> Self {
        Self { name: Some("Ida Holm".into()), email: Some("ida.holm@example.org".into()), ..Self::default() }
    }
}

impl NewUser {
    /// `parent` stands before the names of the fields.
    fn person(&self, parent: &str, faults: &mut Vec<(String, String)>) -> Option<Invitee> {
        let mut checked = |field: &str, message: String| faults.push((format!("{parent}{field}"), message));
        let parts = [&self.first_name, &self.last_name].into_iter().flatten().map(|part| part.trim());
        let full = parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        let name = self.name.clone().or_else(|| Some(full).filter(|name| !name.is_empty()));
        let name = name.map(|name| AccountName::parse(&name)).transpose().map_err(|message| checked("name", message));
        let email = Email::parse(self.email.as_deref().unwrap_or_default()).map_err(|message| checked("email", message));
        Some(Invitee { name: name.ok()?, email: email.ok()? })
    }
}

/// People to invite, all or nobody.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct NewUsers {
    #[schema(min_items = 1, max_items = 500)]
    users: Vec<NewUser>,
}

impl Example for NewUsers {
    fn example() -> Self {
        Self { users: vec![NewUser::example()] }
    }
}

/// The users of a list, in its order.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitedUsers {
    users: Vec<User>,
}

impl Example for InvitedUsers {
    fn example() -> Self {
        Self { users: vec![User::example()] }
    }
}

const TAKEN: (u16, &str) = (409, "All seats are in use, or the address can't be used.");
const TABLE: &str = "| field | absent or null | empty |\n|---|---|---|\n| `name` | the first and last name, or the address | \
     400 |\n| `email` | 400 | 400 |\n| `active` | true | |\n\nA new user gets the default role of the settings, at first User. \
     Create the link to set a password on the user's page.";

pub static INVITE: Operation = Operation::new(
    GROUP,
    "Invite a user, or return the user with that address",
    TABLE,
    &[answers::<User>(200, "The user."), says(TAKEN.0, TAKEN.1)],
)
.with_body::<NewUser>();

/// `POST /admin/users/invite-user`: who has the address is the answer, enabled or disabled as the body says.
pub async fn invite(call: Call, body: Json<NewUser>) -> Result<HttpResponse, Error> {
    let (showing, plan, wanted) = (Showing::of(&call)?, Plan::from(call.config.get_ref()), body.0);
    let active = wanted.active;
    let shown = call.write(move |conn, actor| {
        let known = ExistingUserPolicy::Answer { enable: active != Some(false) };
        let ids = invited(conn, actor, &plan, std::slice::from_ref(&wanted), |_| String::new(), known)?;
        disabled(conn, actor, active, &ids)?;
        showing.users(conn, &ids)?.pop().ok_or(Error::NotFound("user"))
    });
    ok(&shown.await?)
}

pub static CREATE: Operation = Operation::new(
    GROUP,
    "Create a user",
    TABLE,
    &[answers::<User>(201, "The user."), says(409, "All seats are in use, or the address is already in use.")],
)
.with_body::<NewUser>();

/// `POST /admin/users`
pub async fn create(call: Call, body: Json<NewUser>) -> Result<HttpResponse, Error> {
    let (showing, plan, wanted) = (Showing::of(&call)?, Plan::from(call.config.get_ref()), body.0);
    let shown = call.write(move |conn, actor| {
        let ids = invited(
            conn,
            actor,
            &plan,
            std::slice::from_ref(&wanted),
            |_| String::new(),
            ExistingUserPolicy::Fault { enable: Vec::new() },
        )?;
        disabled(conn, actor, wanted.active, &ids)?;
        showing.users(conn, &ids)?.pop().ok_or(Error::NotFound("user"))
    });
    hal(StatusCode::CREATED, &shown.await?)
}

pub static INVITE_SEVERAL: Operation = Operation::new(
    GROUP,
    "Invite several users, all or none",
    "Returns the existing user for an address that is already in use, so you can send the same list again. `active` is ignored: \
     disabled users stay disabled.",
    &[answers::<InvitedUsers>(200, "The users, in the order of the list."), says(TAKEN.0, TAKEN.1)],
)
.with_body::<NewUsers>();

const MOST: usize = 500;

/// `POST /admin/users/invite-users`
pub async fn invite_several(call: Call, body: Json<NewUsers>) -> Result<HttpResponse, Error> {
    let (showing, plan, wanted) = (Showing::of(&call)?, Plan::from(call.config.get_ref()), body.0.users);
    if wanted.is_empty() || wanted.len() > MOST {
        return Err(Error::at("users", format!("Give 1 to {MOST} users.")));
    }
    let shown = call.write(move |conn, actor| {
        let place = |at: usize| format!("users[{at}].");
        let ids = invited(conn, actor, &plan, &wanted, place, ExistingUserPolicy::Answer { enable: false })?;
        showing.users(conn, &ids)
    });
    ok(&InvitedUsers { users: shown.await? })
}

/// The accounts of those who were asked for, in their order.
fn invited(
    conn: &mut DbConnection,
    actor: &Principal,
    plan: &Plan,
    wanted: &[NewUser],
    place: impl Fn(usize) -> String,
    known: ExistingUserPolicy,
) -> Result<Vec<Id>, Error> {
    let mut faults = Vec::new();
    let people: Vec<_> = wanted.iter().enumerate().map(|(at, user)| user.person(&place(at), &mut faults)).collect();
    operations::may_invite(actor)?;
    if !faults.is_empty() {
        return Err(Error::InvalidAt(faults));
    }
    let default: Vec<Id> = general::read(conn)?.user_role.into_iter().collect();
    let default = roles::queries::find(conn, &default)?;
    let form = Invitations {
        people: people.into_iter().flatten().map(Ok).collect(),
        roles: default.into_iter().filter(|role| actor.may_grant(&role.permissions)).map(|role| role.id).collect(),
        teams: Vec::new(),
        known,
        form: None,
    };
    let conflict = matches!(form.known, ExistingUserPolicy::Fault { .. });
    match operations::invite(conn, actor, plan, &form)? {
        InviteOutcome::Invited(invited, _) => {
            may_see(actor, &invited)?;
            Ok(invited.into_iter().map(|one| one.account).collect())
        }
        InviteOutcome::Faults(faults) if conflict => {
            Err(Error::Conflict(faults.first().map_or_else(String::new, operations::InviteFault::sentence)))
        }
        InviteOutcome::Faults(faults) => {
            Err(Error::InvalidAt(faults.iter().map(|fault| (format!("{}email", place(fault.line)), fault.sentence())).collect()))
        }
    }
}

/// Who may only invite is not shown whom they did not invite.
fn may_see(actor: &Principal, invited: &[Invited]) -> Result<(), Error> {
    let stranger = invited.iter().find(|one| one.key.is_none());
    match stranger.filter(|_| !actor.may(Kind::User.permission(Right::Read))) {
        Some(one) => Err(Error::Conflict(format!("{} already has an account.", one.email))),
        None => Ok(()),
    }
}

fn disabled(conn: &mut DbConnection, actor: &Principal, active: Option<bool>, ids: &[Id]) -> Result<(), Error> {
    if active == Some(false) {
        accounts::disable(conn, actor, Kind::User, &Selection::Accounts(ids.to_vec())).map(drop)
    } else {
        Ok(())
    }
}
