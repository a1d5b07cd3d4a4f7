//! Events for the tests of the log.

use chrono::NaiveDateTime;
use muster::accounts::model::{Kind, Selection};
use muster::accounts::operations;
use muster::auth::principal::Principal;
use muster::database::sql::Sql;
use muster::id::Id;

use crate::support::app::{Answer, TestApp};
use crate::support::engine::Engine;

pub const LOG: &str = "/settings/audit-log";

/// The shell disables these accounts, in one change. Its answer is the change.
pub fn disable(app: &TestApp, accounts: &[Id]) -> Id {
    let selection = Selection::Accounts(accounts.to_vec());
    app.write(move |conn| operations::disable(conn, &Principal::shell(), Kind::System, &selection)).change.unwrap()
}

/// The shell deletes an account.
pub fn delete(app: &TestApp, kind: Kind, account: &Id) {
    let selection = Selection::Accounts(vec![account.clone()]);
    app.write(move |conn| operations::delete(conn, &Principal::shell(), kind, &selection));
}

/// Events of a made-up past: number `n` disabled `account n`, `n` minutes after `since`, each as a change of its own.
pub fn past(app: &TestApp, count: usize, since: &str) {
    let numbers = format!("WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {count})");
    let at = if Engine::current() == Engine::Sqlite {
        format!("strftime('%Y-%m-%d %H:%M:%S', '{since}', '+' || n || ' minutes')")
    } else {
        format!("TIMESTAMP '{since}' + n * INTERVAL '1 minute'")
    };
    app.write(|conn| {
        for statement in [
            format!(
                "INSERT INTO audit_changes (id, at, actor_kind, actor_name) {numbers} SELECT 'past-' || '{since}' || n, {at}, 'shell', \
                 'Command line' FROM s"
            ),
            format!(
                "INSERT INTO audit_events (change_id, at, actor_name, type, target_kind, target_name) {numbers} SELECT \
                 'past-' || '{since}' || n, {at}, 'Command line', 'account.disabled', 'system', 'account ' || n FROM s"
            ),
        ] {
            Sql::new(&statement).execute(conn)?;
        }
        Ok(())
    });
}

/// Moves every event of a target to a moment.
pub fn moved(app: &TestApp, target: &str, at: NaiveDateTime) {
    app.write(|conn| {
        let mut sql = Sql::new("UPDATE audit_changes SET at = ");
        sql.bind(at).push(" WHERE id IN (SELECT change_id FROM audit_events WHERE target_name = ").bind(target).push(")");
        sql.execute(conn)?;
        let mut sql = Sql::new("UPDATE audit_events SET at = ");
        sql.bind(at).push(" WHERE target_name = ").bind(target);
        sql.execute(conn)
    });
}

/// The rows of a page of the log, as text.
pub fn rows(page: &Answer) -> Vec<String> {
    let body = page.body.split("<tbody>").nth(1).unwrap_or_default().split("</tbody>").next().unwrap_or_default();
    let row = |row: &str| Answer { body: format!("<tr{row}"), ..page.clone() }.text();
    body.split("<tr").skip(1).map(row).collect()
}

/// Where the link leads that says `Newer` or `Older`.
pub fn step(page: &Answer, label: &str) -> Option<String> {
    let nav = page.body.split("aria-label=\"Pages of the audit log\"").nth(1)?;
    let item = nav.split("<li>").find(|item| item.contains(label))?;
    let href = item.split("href=\"").nth(1).filter(|_| item.starts_with("<a "))?.split('"').next()?;
    Some(href.replace("&#38;", "&").replace("&amp;", "&"))
}

/// The address of the first event that a page lists.
pub fn first_event(page: &Answer) -> String {
    let body = page.body.split("<tbody>").nth(1).unwrap();
    body.split("href=\"").find(|href| href.starts_with(LOG)).unwrap().split('"').next().unwrap().to_owned()
}
