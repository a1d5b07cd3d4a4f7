//! The page that asks before something final or far-reaching, for one account or for many.

use chrono::TimeDelta;

use super::visits::ScreenVisit;
use super::{count, moment, tile};
use crate::accounts::model::{AccountRow, Filter, Selection, Sort, Window};
use crate::accounts::operations;
use crate::accounts::queries::{list, selection::Target};
use crate::accounts::view::confirm::{Confirm, ConfirmPage, ConfirmRow};
use crate::clock;
use crate::error::Error;
use crate::id::Id;
use crate::web::view::Hidden;
use crate::web::view::words::{counted, joined};
use crate::{roles, tokens};

/// The names that a confirmation spells out; of more it gives the number.
const NAMED: i64 = 100;
/// An account used within this time deserves a warning before it is deleted.
const RECENT: TimeDelta = TimeDelta::days(2);

/// What is asked, and where the answer goes.
pub struct Question {
    /// Delete, or Make Administrator.
    pub what: Confirm,
    /// Which accounts.
    pub selection: Selection,
    /// Where the answer is posted to.
    pub action: String,
    /// Where "Disable instead" is posted to.
    pub disable_action: String,
    /// What the form carries on besides the selection.
    pub hidden: Vec<Hidden>,
    /// Where Cancel leads.
    pub cancel: String,
}

/// The page that asks. For "all that match" it carries a fingerprint of the set: the answer holds for that set alone.
///
/// # Errors
/// `NotFound` for an account that does not exist, `Unavailable`.
pub async fn ask(visit: &ScreenVisit, question: Question) -> Result<ConfirmPage, Error> {
    let Question { what, selection, action, disable_action, mut hidden, cancel } = question;
    let kind = visit.screen.kind;
    let ((rows, total, print, roles_of, tokens_of), mut shell) = visit
        .framed(move |conn| {
            let (rows, total, print) = match &selection {
                Selection::Accounts(ids) => {
                    let target = Target::resolve(conn, kind, &selection)?;
                    let rows: Vec<AccountRow> = list::rows(conn, &target, Sort::parse("name"), &Window::Skip(0), NAMED)?;
                    let total = target.count(conn)?;
                    let mut ids = ids.clone();
                    ids.sort_unstable();
                    ids.dedup();
                    if i64::try_from(ids.len()) != Ok(total) {
                        return Err(Error::NotFound(kind.noun()));
                    }
                    (rows, total, None)
                }
                Selection::Matching(filter) => {
                    let (print, total) = operations::fingerprint(conn, filter)?;
                    let target = Target::resolve(conn, kind, &selection)?;
                    (list::rows(conn, &target, Sort::parse("name"), &Window::Skip(0), NAMED)?, total, Some(print))
                }
            };
            let ids: Vec<Id> = rows.iter().map(|row| row.id.clone()).collect();
            let roles_of = roles::queries::badges(conn, &ids)?;
            let tokens_of = tokens::queries::summary(conn, &ids)?;
            Ok((rows, total, print, roles_of, tokens_of))
        })
        .await?;
    if let Some(print) = print {
        hidden.push(Hidden::new("expected", print));
    }
    let now = clock::now();
    let is_recent = |row: &AccountRow| row.last_used_at.is_some_and(|at| now - at < RECENT);
    let recent: Vec<&AccountRow> = rows.iter().filter(|row| is_recent(row)).collect();
    let warning = match recent.as_slice() {
        [] => None,
        [row] => moment(row.last_used_at, now).map(|used| format!("{} made a call {}", row.name, used.text)),
        several => {
            let mut names: Vec<String> = several.iter().take(3).map(|row| row.name.clone()).collect();
            if several.len() > 3 {
                names.push(format!("{} more", several.len() - 3));
            }
            Some(format!("{} made calls in the last two days", joined(&names, "and")))
        }
    };
    let confirm_row = |row: &AccountRow| {
        let tokens = tokens_of.get(&row.id).cloned().unwrap_or_default();
        let roles = roles_of.get(&row.id).into_iter().flatten().map(|role| role.name.as_str()).collect::<Vec<_>>().join(", ");
        ConfirmRow {
            id: row.id.to_string(),
            name: row.name.clone(),
            tile: tile(kind, &row.id, &row.name),
            roles,
            used: moment(row.last_used_at, now),
            recent: is_recent(row),
            tokens: if tokens.live + tokens.expired == 0 {
                "no tokens".into()
            } else {
                counted(count(tokens.live + tokens.expired), "token")
            },
        }
    };
    if !visit.request.method().is_safe() {
        shell.here.clone_from(&cancel);
    }
    Ok(ConfirmPage {
        screen: visit.screen,
        what,
        count: count(total),
        rows: rows.iter().map(confirm_row).collect(),
        action,
        disable_action,
        hidden,
        warning,
        cancel,
        shell,
        ..ConfirmPage::default()
    })
}

/// Whether the set that matches is still the one that was shown, by its fingerprint.
///
/// # Errors
/// The database's.
pub fn is_same_set(conn: &mut crate::database::DbConnection, filter: &Filter, expected: &str) -> Result<bool, Error> {
    Ok(operations::fingerprint(conn, filter)?.0 == expected)
}
