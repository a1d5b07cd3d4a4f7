//! The page that asks before something final or far-reaching, for one account or for many.

use std::collections::HashMap;

use chrono::TimeDelta;
use serde::Deserialize;

use super::{left, moment, tile};
use crate::accounts::actions::{Action, Typed};
use crate::accounts::kind::Screen;
use crate::accounts::model::{AccountRow, Kind, Right, Sort, Window};
use crate::accounts::operations::selections::SelectedSet;
use crate::accounts::queries::{list, owners};
use crate::accounts::view::confirm::{ConfirmPage, ConfirmRow};
use crate::clock;
use crate::error::{Error, FieldError};
use crate::id::Id;
use crate::people::queries::belongings::{Belongings, NamedSample, VisibleNames, belongings};
use crate::roles::permission::Permission;
use crate::text::seen;
use crate::web::view::words::{count, counted};
use crate::web::view::{Choice, Field, Hidden};
use crate::web::visit::Visit;
use crate::{roles, tokens};

/// The names that a confirmation spells out; of more it gives the number.
const NAMED: i64 = 100;
/// The users that the browser offers while one types. All others can be typed, too.
const OFFERED: i64 = 200;
/// What it takes to give system accounts another owner.
const HAND_OVER: &str = "system_account:manage:*";
/// An account used within this time deserves a warning before it is deleted.
const RECENT: TimeDelta = TimeDelta::days(2);

/// What is typed in answer.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ConfirmForm {
    pub confirm: String,
    pub owner: String,
    /// What the question showed.
    pub print: String,
}

/// What is asked, and where the answer goes.
pub struct Question {
    pub screen: &'static Screen,
    pub action: Action,
    pub set: SelectedSet,
    /// Where the answer is posted to.
    pub post: String,
    /// Where "Disable instead" is posted to.
    pub instead: String,
    /// What the form carries on.
    pub hidden: Vec<Hidden>,
    /// Where Cancel leads, and the list.
    pub cancel: String,
    pub list: String,
}

/// The page that asks. It carries a fingerprint of the set that it shows: the answer holds for that set alone.
pub async fn page(visit: &Visit, question: Question) -> Result<ConfirmPage, Error> {
    let Question { screen, action, set, post, instead, mut hidden, cancel, list } = question;
    let kind = screen.kind;
    let (given, (_, taken)) = (action.verb.gives(&action.params), action.params.differences(Vec::new()));
    let labelled = |text: &String| (text.clone(), Permission::parse(text).map_or_else(|_| String::new(), |one| one.label()));
    let losses = action.params.losses.iter().map(labelled).collect();
    let asks_user = action.typed() == Typed::User;
    // Who deletes people may hand over what they own.
    let leaves = kind == Kind::User && action.verb.is_final();
    let hands_over = leaves && visit.actor.may(HAND_OVER);
    let (asked, sight, is_final) = (action.clone(), VisibleNames::of(&visit.actor), action.verb.is_final());
    let now = clock::now();
    // Addresses are for those who may see users.
    let offers = (asks_user || hands_over) && visit.actor.may(Kind::User.permission(Right::Read));
    let ((found, rows, total, missing, (names, taken), roles_of, tokens_of, (owners, people, left, recent)), mut shell) = visit
        .framed(screen.path, move |conn| {
            let found = set.resolve(conn, kind)?;
            let rows: Vec<AccountRow> = list::rows(conn, &found.target, Sort::default(), &Window::Skip(0), NAMED)?;
            let total = found.target.count(conn)?;
            let missing = found.target.missing(conn, total)?;
            let ids: Vec<Id> = rows.iter().map(|row| row.id.clone()).collect();
            let changed = roles::queries::find(conn, &[given.as_slice(), &taken].concat())?;
            let named = |ids: &[Id]| -> Vec<String> {
                changed.iter().filter(|role| ids.contains(&role.id)).map(|role| role.name.clone()).collect()
            };
            let names = (named(&given), named(&taken));
            let roles_of = roles::queries::badges(conn, &ids)?;
            let tokens_of = tokens::queries::summary(conn, &ids)?;
            let owners = if asks_user { owners::of_accounts(conn, &ids)? } else { HashMap::new() };
            let people = if offers { owners::candidates(conn, "", OFFERED)? } else { Vec::new() };
            let left = if leaves { belongings(conn, &found.target, &sight)? } else { Belongings::default() };
            let recent = if is_final { found.target.used_since(conn, now - RECENT)? } else { Default::default() };
            Ok((found.print(conn, &asked)?, rows, total, missing, names, roles_of, tokens_of, (owners, people, left, recent)))
        })
        .await?;
    if total == 0 {
        return Err(Error::NotFound(kind.noun()));
    }
    hidden.push(Hidden::new("print", found));
    let ask = action.asks().ok_or_else(|| Error::Internal(format!("{} asks nothing", action.verb.word())))?;
    // Of a machine its calls count; of a person that they sign in, too.
    let last = |row: &AccountRow| match kind {
        Kind::System => row.last_used_at(),
        Kind::User => row.last_login_at().max(row.last_used_at()),
    };
    let is_recent = |row: &AccountRow| last(row).is_some_and(|at| now - at < RECENT);
    let warning = match recent.0.as_slice() {
        [] => None,
        [one] => moment(Some(one.at), now).map(|used| format!("{} made a call {}", one.name, used.text)),
        several => {
            let names = several.iter().map(|one| one.name.clone()).collect();
            Some(format!("{} made calls in the last two days", left::listed(NamedSample { names, total: recent.1 })))
        }
    };
    let confirm_row = |row: &AccountRow| {
        let tokens = tokens_of.get(&row.id).cloned().unwrap_or_default();
        let roles = roles_of.get(&row.id).into_iter().flatten().map(|role| role.name.as_str()).collect::<Vec<_>>().join(", ");
        let owner = owners.get(&row.id);
        ConfirmRow {
            id: row.id.to_string(),
            name: row.name.clone(),
            tile: tile(kind, &row.id, &row.name),
            roles,
            owner: owner.map(|owner| (if owner.has_left { "Owner has left" } else { "Owner" }, owner.name.clone())),
            used: moment(if kind == Kind::User { row.last_login_at() } else { row.last_used_at() }, now),
            recent: is_recent(row),
            tokens: if tokens.live + tokens.expired == 0 {
                // Most people have none.
                if kind == Kind::User { String::new() } else { "no tokens".into() }
            } else {
                counted(count(tokens.live + tokens.expired), "token")
            },
        }
    };
    if !visit.request.method().is_safe() {
        shell.here.clone_from(&cancel);
    }
    Ok(ConfirmPage {
        shell,
        screen,
        ask,
        final_: action.verb.is_final(),
        verb: action.verb.word(),
        icon: action.verb.icon(),
        label: action.verb.label(),
        names,
        taken,
        losses,
        missing,
        count: count(total),
        rows: rows.iter().map(confirm_row).collect(),
        action: post,
        instead,
        hidden,
        warning,
        warned: count(recent.1),
        asks_user,
        hands_over: hands_over && !left.accounts.is_empty(),
        left: left::behind(&left, hands_over),
        owner: Field::default(),
        people: people.into_iter().map(|person| Choice::new(person.email, person.name)).collect(),
        typed: Field::default(),
        error: None,
        cancel,
        list,
    })
}

/// Whether what is wrong is about the new owner of what people leave behind.
pub fn is_of_new_owner(action: &Action, wrong: &[FieldError]) -> bool {
    action.verb.is_final() && wrong.iter().any(|wrong| wrong.field == "owner")
}

/// What has to be typed: the name of one, the number of several. A keyboard may compose its letters otherwise.
pub fn is_typed(page: &ConfirmPage, typed: &str) -> bool {
    page.ask.typed != Typed::Confirmation || seen(typed) == seen(&page.wanted())
}
