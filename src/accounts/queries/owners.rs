//! Who answers for system accounts.

use std::collections::HashMap;

use diesel::QueryableByName;
use diesel::sql_types::{Bool, Text};

use super::selection::Target;
use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;
use crate::id::Id;
use crate::text::{email, fold, like_anywhere};

/// The owner of an account.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Owner {
    #[diesel(sql_type = Text)]
    account: Id,
    #[diesel(sql_type = Text)]
    pub id: Id,
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Whether they are disabled or deleted.
    #[diesel(sql_type = Bool)]
    pub has_left: bool,
    #[diesel(sql_type = Bool)]
    pub is_deleted: bool,
}

/// The owners of those accounts that have one.
pub fn of_accounts(conn: &mut DbConnection, accounts: &[Id]) -> Result<HashMap<Id, Owner>, Error> {
    let mut sql = Sql::new(
        "SELECT a.id AS account, a.owner_id AS id, coalesce(o.name, d.name, '') AS name, coalesce(o.disabled, TRUE) AS has_left, \
         CASE WHEN o.id IS NULL THEN TRUE ELSE FALSE END AS is_deleted \
         FROM accounts a LEFT JOIN accounts o ON o.id = a.owner_id LEFT JOIN deleted_accounts d ON d.id = a.owner_id \
         WHERE a.owner_id IS NOT NULL AND a.id IN ",
    );
    sql.bind_page(accounts);
    Ok(sql.load::<Owner>(conn)?.into_iter().map(|owner| (owner.account.clone(), owner)).collect())
}

/// Each account that is meant, with its owner.
///
/// # Errors
/// The database's.
pub fn each(conn: &mut DbConnection, target: &Target) -> Result<Vec<String>, Error> {
    let mut sql = Sql::default();
    target.with(&mut sql);
    sql.push("SELECT a.id || ' ' || coalesce(a.owner_id, '') AS name");
    target.from(&mut sql);
    sql.push(" ORDER BY a.id");
    sql.names(conn)
}

/// The name of a user, of one who is deleted, too.
pub fn name(conn: &mut DbConnection, user: &Id) -> Result<String, Error> {
    let mut sql = Sql::new("SELECT name FROM accounts WHERE kind = 'user' AND id = ");
    sql.bind(user).push(" UNION ALL SELECT name FROM deleted_accounts WHERE kind = 'user' AND id = ").bind(user);
    Ok(sql.name(conn)?.unwrap_or_else(|| "someone unknown".into()))
}

/// A user by name and e-mail address.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct NamedUser {
    #[diesel(sql_type = Text)]
    pub id: Id,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Text)]
    pub email: String,
}

const CANDIDATES: &str = "SELECT a.id, a.name, a.email FROM accounts a WHERE a.kind = 'user' AND a.disabled = FALSE AND ";
const IN_ORDER: &str = " ORDER BY a.name_key, a.id";

/// Enabled users whose name or e-mail address holds `text`, by name.
pub fn candidates(conn: &mut DbConnection, text: &str, limit: i64) -> Result<Vec<NamedUser>, Error> {
    let mut sql = Sql::new(CANDIDATES);
    sql.push("a.search_text LIKE ").bind(like_anywhere(&fold(text))).push(" ESCAPE '\\'").push(IN_ORDER).limit(limit);
    sql.load(conn)
}

/// The enabled user that goes by this identity, e-mail address or name.
///
/// # Errors
/// `Invalid` (field `owner`) where there is none, and where there are several.
pub fn one_called(conn: &mut DbConnection, text: &str) -> Result<NamedUser, Error> {
    let text = text.trim();
    let refused = |sentence: String| Err(Error::field("owner", sentence));
    if text.is_empty() {
        return refused("Choose the new owner.".into());
    }
    let mut found = called(conn, text)?;
    match (found.pop(), found.pop()) {
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => refused(format!("Several users are called {text}. Enter the e-mail address.")),
        (None, _) => refused(format!("No enabled user is called {text}. Enter a name or an e-mail address.")),
    }
}

/// The enabled users that go by this identity, e-mail address or name, two at most.
fn called(conn: &mut DbConnection, text: &str) -> Result<Vec<NamedUser>, Error> {
    // Postgres takes no NUL in a text.
    if text.contains('\0') {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new(CANDIDATES);
    sql.push("(a.id = ").bind(text).push(" OR a.email_key = ").bind(email::key(text)).push(" OR a.name_key = ").bind(fold(text));
    sql.push(")").push(IN_ORDER).limit(2);
    sql.load(conn)
}
