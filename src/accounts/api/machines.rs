//! System accounts: creating one, and changing many at once.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::list::Narrowing;
use super::shown::Showing;
use super::users::GROUP;
use crate::accounts::actions::{Action, ActionParams, Offer, Typed, VERBS, Verb};
use crate::accounts::json::User;
use crate::accounts::kind::SYSTEM_ACCOUNTS;
use crate::accounts::model::{Kind, Selection};
use crate::accounts::operations::{self, AccountCreation, Plan};
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::database::constraint::NAME_TAKEN;
use crate::error::Error;
use crate::id::Id;
use crate::roles;
use crate::settings::general;
use crate::web::api::body::Json;
use crate::web::api::call::{Call, hal, ok};
use crate::web::api::operation::{Example, Operation, answers, says};

/// A system account to be made.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
pub struct NewSystemAccount {
    /// 1 to 80 characters on one line. No other enabled system account may have the same.
    #[schema(required, nullable = false, min_length = 1, max_length = 80)]
    name: Option<String>,
    #[schema(max_length = 254)]
    email: Option<String>,
    /// What it is for, up to 200 characters on one line.
    #[schema(max_length = 200)]
    description: Option<String>,
    /// True unless given.
    active: Option<bool>,
    /// 1, if given.
    #[schema(minimum = 1, maximum = 1)]
    r#type: Option<i32>,
}

impl Example for NewSystemAccount {
    fn example() -> Self {
        Self { name: Some("buildkite/ios".into()), active: Some(true), r#type: Some(1), ..Self::default() }
    }
}

pub static CREATE: Operation = Operation::new(
    GROUP,
    "Create a system account",
    "| field | absent or null | empty |\n|---|---|---|\n| `name` | 400 | 400 |\n| `email` | none | none |\n| `description` | none | none |\n| \
     `active` | true | |\n| `type` | 1 | |\n\nIt gets the default role of the settings, at first CI/CD; `PUT …/roles` with an empty list takes that away. A disabled account does \
     not count against the plan, and its name stays free.",
    &[
        answers::<User>(201, "The system account. `Location` holds its address, which ends in its UUID."),
        says(409, "The plan's limit has been reached, or an enabled system account has the name."),
    ],
)
.with_body::<NewSystemAccount>();

/// `POST /admin/system-accounts`
pub async fn create(call: Call, body: Json<NewSystemAccount>) -> Result<HttpResponse, Error> {
    let (showing, plan, new) = (Showing::of(&call)?, Plan::from(call.config.get_ref()), body.0);
    if new.r#type.is_some_and(|kind| kind != 1) {
        return Err(Error::at("type", "The type of a system account is 1."));
    }
    let shown = call.write(move |conn, actor| {
        let creation = AccountCreation {
            name: new.name.unwrap_or_default(),
            description: new.description.unwrap_or_default(),
            email: new.email.unwrap_or_default(),
            roles: default_role(conn, actor)?,
            disabled: new.active == Some(false),
            ..AccountCreation::default()
        };
        let made = operations::create_system_account(conn, actor, &plan, &creation);
        let id = made.map_err(|error| error.conflict_if(NAME_TAKEN))?;
        showing.user(conn, &id)
    });
    let user = shown.await?;
    let mut answer = hal(StatusCode::CREATED, &user)?;
    let location = format!("{}/admin/system-accounts/{}", call.base(), user.person.uuid);
    let location = header::HeaderValue::from_str(&location).map_err(|error| Error::Internal(error.to_string()))?;
    answer.headers_mut().insert(header::LOCATION, location);
    Ok(answer)
}

/// The role that a new one begins with, unless the actor may not give it: then every attempt would fail.
fn default_role(conn: &mut DbConnection, actor: &Principal) -> Result<Vec<Id>, Error> {
    let default: Vec<Id> = general::read(conn)?.system_role.into_iter().collect();
    let found = roles::queries::find(conn, &default)?;
    Ok(found.into_iter().filter(|role| actor.may_grant(&role.permissions)).map(|role| role.id).collect())
}

/// What is to be done to which system accounts.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
pub struct BulkChange {
    /// `disable`, `enable`, `delete`, `addRole`, `removeRole`, `makeAdministrator`, `removeAdministrator`, `setOwner`.
    #[schema(
        required,
        nullable = false,
        pattern = "^(disable|enable|delete|addRole|removeRole|makeAdministrator|removeAdministrator|setOwner)$"
    )]
    action: Option<String>,
    /// These system accounts.
    #[schema(max_items = 5_000)]
    uuids: Option<Vec<Id>>,
    /// All that match: the filters of `GET /admin/users`, by the same names. An empty object means all of them.
    #[schema(value_type = Option<Object>)]
    filter: Option<Map<String, Value>>,
    /// For `addRole` and `removeRole`.
    role: Option<Id>,
    /// For `setOwner`: an enabled user.
    owner: Option<Id>,
}

impl Example for BulkChange {
    fn example() -> Self {
        let filter = Map::from_iter([("activity".to_owned(), "never".into()), ("active".to_owned(), true.into())]);
        Self { action: Some("disable".into()), filter: Some(filter), ..Self::default() }
    }
}

/// How many it was done to.
#[derive(Debug, Serialize, ToSchema)]
pub struct Changed {
    changed: i64,
    /// Those that were so already.
    unchanged: i64,
}

impl Example for Changed {
    fn example() -> Self {
        Self { changed: 11, unchanged: 1 }
    }
}

pub static BULK: Operation = Operation::new(
    GROUP,
    "Change many system accounts at once",
    "All or nothing, in one transaction. Send either `uuids` or `filter`. An unknown or invalid filter is refused, because it \
     would select everything. `role` is required for `addRole` and `removeRole`, `owner` for `setOwner`; each is ignored \
     otherwise.",
    &[
        answers::<Changed>(200, "How many were changed."),
        says(
            409,
            "A rule stands in the way of one of them: its own account, the plan's limit, a taken name, the last administrator.",
        ),
    ],
)
.with_body::<BulkChange>();

const MOST: usize = 5_000;

/// `POST /admin/system-accounts/bulk`
pub async fn bulk(call: Call, body: Json<BulkChange>) -> Result<HttpResponse, Error> {
    let wanted = body.0;
    let verb = verb(wanted.action.as_deref().unwrap_or_default())?;
    let names_user = verb.asks(Kind::System, &ActionParams::default()).is_some_and(|ask| ask.typed == Typed::User);
    let (field, chosen) = match verb.offer() {
        Offer::Picker { .. } => ("role", Some(wanted.role)),
        _ if names_user => ("owner", Some(wanted.owner)),
        _ => ("", None),
    };
    let action = match chosen {
        None => Action::new(verb, Kind::System),
        Some(Some(chosen)) => Action::with(verb, Kind::System, [chosen]),
        Some(None) => return Err(Error::at(field, "This is required.")),
    };
    let selection = match (wanted.uuids, wanted.filter) {
        (Some(ids), None) if ids.len() > MOST => return Err(Error::at("uuids", "At most 5,000 at a time.")),
        (Some(ids), None) => Selection::Accounts(ids),
        (None, Some(filter)) => Selection::Matching(Narrowing::of_object(&filter)?.filter(&call.actor, &SYSTEM_ACCOUNTS)?),
        _ => return Err(Error::at("uuids", "Send either uuids or filter.")),
    };
    let plan = Plan::from(call.config.get_ref());
    let done = call.write(move |conn, actor| operations::run(conn, actor, &plan, &action, &selection)).await;
    let outcome = done.map_err(|error| match error {
        Error::NotFound(_) => Error::at("uuids", "One of these is not the UUID of a system account. Nothing was changed."),
        other => other,
    })?;
    ok(&Changed { changed: outcome.outcome.changed, unchanged: outcome.outcome.unchanged })
}

/// The verb of the API's word for it, among those for several accounts.
fn verb(action: &str) -> Result<&'static dyn Verb, Error> {
    let several = || VERBS.iter().copied().filter(|verb| verb.offer() != Offer::Dialog && verb.is_for(Kind::System));
    several().find(|verb| camel(verb.word()) == action).ok_or_else(|| {
        let known: Vec<String> = several().map(|verb| camel(verb.word())).collect();
        Error::at("action", format!("This must be one of: {}.", known.join(", ")))
    })
}

/// `add_role` as the API writes it: `addRole`.
fn camel(word: &str) -> String {
    let mut parts = word.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |mut whole, part| {
        let mut letters = part.chars();
        whole.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        whole.push_str(letters.as_str());
        whole
    })
}
