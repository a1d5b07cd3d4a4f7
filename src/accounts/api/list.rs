//! The list of accounts, of both kinds, page by page.

use actix_web::HttpResponse;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::reach::sees_all;
use super::shown::Showing;
use super::users::GROUP;
use crate::accounts::filter::{Filters, ListQuery};
use crate::accounts::json::{User, number};
use crate::accounts::kind::{SYSTEM_ACCOUNTS, Screen, USERS};
use crate::accounts::model::{AccountFilter, Right, Sort};
use crate::accounts::queries;
use crate::auth::principal::Principal;
use crate::error::Error;
use crate::id::Id;
use crate::web::api::call::{Call, ok};
use crate::web::api::operation::{Example, Operation, PAGE, Parameter, ParameterKind, SIZE, answers};
use crate::web::api::params::{Page, PageLinks, QueryParams};

/// A page of the list.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountList {
    /// Users first, then system accounts, each by name unless `sort` is given.
    pub users: Vec<User>,
    pub page: Page,
    #[serde(rename = "_links")]
    pub links: PageLinks,
}

impl Example for AccountList {
    fn example() -> Self {
        let (page, links) = QueryParams::example("/admin/users", 1);
        Self { users: vec![User::example()], page, links }
    }
}

const fn text(name: &'static str, text: &'static str) -> Parameter {
    Parameter { name, kind: ParameterKind::Text, text }
}

const SORTS: &[&str] = &["name", "-name", "login", "-login", "used", "-used", "expiry", "-expiry", "status", "-status"];

pub static LIST: Operation = Operation::new(
    GROUP,
    "List users and system accounts",
    "Lists what the caller can see. Empty and unknown parameters are ignored; an invalid value is refused.",
    &[answers::<AccountList>(200, "A page of the list.")],
)
.with_query(&[
    Parameter {
        name: "q",
        kind: ParameterKind::Short(100),
        text: "Words of the name, the description or the e-mail address, in any order; a UUID; or the prefix of a token.",
    },
    Parameter { name: "active", kind: ParameterKind::Flag, text: "Only enabled or only disabled accounts. Both by default." },
    Parameter { name: "userType", kind: ParameterKind::Number(0, 1), text: "0: only users. 1: only system accounts." },
    Parameter { name: "role", kind: ParameterKind::Uuid, text: "Only those with this role." },
    text("team", "Only members of the team of this UUID."),
    text("activity", "Only those used in the last 30 days (`30`), unused for 90 days (`unused-90`), or never used (`never`)."),
    Parameter {
        name: "expiring",
        kind: ParameterKind::Word(&["14"]),
        text: "`14`: only system accounts with a token that expires within 14 days.",
    },
    Parameter {
        name: "sort",
        kind: ParameterKind::Word(SORTS),
        text: "By name, last login, last use, first expiry or status; put `-` in front to reverse.",
    },
    PAGE,
    SIZE,
]);

/// `GET /admin/users`
pub async fn list(call: Call) -> Result<HttpResponse, Error> {
    let params = call.params();
    let paging = params.paging()?;
    let wanted = Narrowing::of_params(&params)?;
    let kinds = match params.number("userType", (0, 1))? {
        None => vec![&USERS, &SYSTEM_ACCOUNTS],
        Some(kind) => [&USERS, &SYSTEM_ACCOUNTS].into_iter().filter(|screen| i64::from(number(screen.kind)) == kind).collect(),
    };
    let mut parts: Vec<(AccountFilter, Sort)> = Vec::new();
    let mut refused = None;
    for screen in kinds {
        match wanted.part(&call.actor, screen) {
            Ok(part) => parts.push(part),
            // What only machines have narrows the list to them.
            Err(error) => refused = Some(error),
        }
    }
    if parts.is_empty() {
        return Err(refused.unwrap_or(Error::NotFound("list")));
    }
    let showing = Showing::of(&call)?;
    let found = call.read(move |conn| {
        let (mut ids, mut total): (Vec<Id>, i64) = (Vec::new(), 0);
        for (filter, sort) in &parts {
            let here = i64::try_from(ids.len()).unwrap_or_default();
            let (found, count) =
                queries::list::numbered(conn, filter, *sort, (paging.offset() + here - total).max(0), paging.size - here)?;
            ids.extend(found);
            total += count;
        }
        Ok((showing.users(conn, &ids)?, total))
    });
    let (users, total) = found.await?;
    let (page, links) = params.paged(paging, total);
    ok(&AccountList { users, page, links })
}

/// What a list is narrowed to: the words of the pages' own lists, and whether accounts are enabled.
pub struct Narrowing {
    words: Vec<(String, String)>,
    active: Option<bool>,
}

impl Narrowing {
    /// By the parameters of a query string.
    pub fn of_params(params: &QueryParams) -> Result<Self, Error> {
        let mut words = Vec::new();
        for name in ListQuery::names() {
            if let Some(value) = params.text(name)? {
                words.push((name.to_owned(), value.to_owned()));
            }
        }
        Ok(Self { words, active: params.flag("active")? })
    }

    /// By an object of a body, where nothing may be misspelled.
    pub fn of_object(object: &Map<String, Value>) -> Result<Self, Error> {
        let mut narrowing = Self { words: Vec::new(), active: None };
        for (name, value) in object {
            let path = format!("filter.{name}");
            // A filter that narrows nothing would mean every account, so none is passed over.
            match (name.as_str(), value) {
                ("active", Value::Bool(active)) => narrowing.active = Some(*active),
                ("active", _) => return Err(Error::at(path, "This must be true or false.")),
                (known, _) if !ListQuery::names().any(|name| name == known) => {
                    return Err(Error::at(path, "There is no such filter."));
                }
                (_, Value::String(word)) if !word.trim().is_empty() => narrowing.words.push((name.clone(), word.clone())),
                (_, Value::String(_)) => return Err(Error::at(path, "This must not be empty. Leave the filter out instead.")),
                _ => return Err(Error::at(path, "This must be text.")),
            }
        }
        narrowing.check().map_err(|error| error.with_paths(|name| format!("filter.{name}")))?;
        Ok(narrowing)
    }

    /// That they mean something on one of the lists.
    fn check(&self) -> Result<(), Error> {
        ListQuery::strictly(&self.words, &SYSTEM_ACCOUNTS).map(drop)
    }

    /// The accounts of a kind that are meant, as far as this actor may see them, and their order.
    fn part(&self, actor: &Principal, screen: &'static Screen) -> Result<(AccountFilter, Sort), Error> {
        if !sees_all(actor, screen.kind) && !actor.may(screen.permission(Right::ManageTeam)) {
            let sentence = format!("You don't have permission to view {}.", screen.plural());
            return Err(Error::forbidden(screen.permission(Right::Read), sentence));
        }
        let filters: Filters = ListQuery::strictly(&self.words, screen)?;
        let filter = filters.filter(actor);
        let filter = AccountFilter { disabled: self.active != Some(true), only_disabled: self.active == Some(false), ..filter };
        Ok((filter, filters.sort))
    }

    /// The accounts that a change is meant for: those that the list has with the same filters.
    pub fn filter(&self, actor: &Principal, screen: &'static Screen) -> Result<AccountFilter, Error> {
        self.part(actor, screen).map(|(filter, _)| filter)
    }
}
