//! Names that look the same as another: of accounts, teams, roles, and an account's tokens.

use crate::accounts::model::Kind;
use crate::database::sql::Sql;
use crate::database::{Database, DbConnection};
use crate::error::Error;
use crate::id::Id;
use crate::text::{alike::Look, fold};

/// How many names are compared at most, the newest: some 20 ms. A twin that is older than those stays unnoticed; this is a
/// warning, and exact names are told apart by an index.
const COMPARED: i64 = 10_000;

/// Which names are compared.
#[derive(Debug, Clone)]
pub enum Among {
    Accounts(Kind),
    Teams,
    Roles,
    TokensOf(Id),
}

/// [`of_same_look`] of a name that has just been given. The change stands even if this can't be read.
pub async fn lookalike(database: &Database, among: Among, own: &str, name: &str) -> Option<String> {
    let (own, name) = (own.to_owned(), name.to_owned());
    database.read(move |conn| of_same_look(conn, &among, &own, &name)).await.unwrap_or_default()
}

/// Another of these names that looks the same and is spelled differently. `own` is whose name it is.
fn of_same_look(conn: &mut DbConnection, among: &Among, own: &str, name: &str) -> Result<Option<String>, Error> {
    let mut sql = Sql::new("SELECT name FROM ");
    // Identities of the first three are made in the order of time.
    let newest = match among {
        Among::Accounts(kind) => sql.push("accounts WHERE kind = ").bind(kind.as_str()).push(" AND id"),
        Among::Teams => sql.push("teams WHERE id"),
        Among::Roles => sql.push("roles WHERE id"),
        Among::TokensOf(account) => sql.push("tokens WHERE account_id = ").bind(account).push(" AND id"),
    };
    newest.push(" <> ").bind(own).push(" ORDER BY id DESC").limit(COMPARED);
    let (look, key) = (Look::of(name), fold(name));
    Ok(sql.names(conn)?.into_iter().find(|other| fold(other) != key && look.is_that_of(other)))
}
