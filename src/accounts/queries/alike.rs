//! Accounts whose names look the same.

use diesel::prelude::*;

use crate::accounts::model::Kind;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::schema::accounts;
use crate::text::{alike::Look, fold};

/// How many names are compared at most: some 20 ms. Among more than that a twin may stay unnoticed.
const COMPARED: i64 = 10_000;

/// The name of another account that looks the same and is spelled differently.
pub fn of_same_look(conn: &mut DbConnection, kind: Kind, id: &Id, name: &str) -> Result<Option<String>, Error> {
    let look = Look::of(name);
    let others: Vec<String> = accounts::table
        .filter(accounts::kind.eq(kind.as_str()))
        .filter(accounts::id.ne(id))
        .filter(accounts::name_key.ne(fold(name)))
        .select(accounts::name)
        .limit(COMPARED)
        .load(conn)?;
    Ok(others.into_iter().find(|other| look.is_that_of(other)))
}
