//! The form in which e-mail addresses are compared stands in a column of its own. When that form changes from one version of
//! Muster to the next, it is written again.

use std::collections::HashSet;

use diesel::prelude::*;

use crate::accounts::model::Kind;
use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;
use crate::id::Id;
use crate::schema::accounts;
use crate::settings;
use crate::text::email;

/// The setting that says in which form they are, and the form of this version: with the host as the DNS knows it.
const SETTING: &str = "email_form";
const FORM: &str = "2";

/// Writes the addresses' form again, once. Belongs in the transaction of the start. Where two users had one address in two
/// spellings, the newer one keeps the old form; the log names them.
pub fn renew_keys(conn: &mut DbConnection) -> Result<(), Error> {
    if settings::get(conn, SETTING)?.as_deref() == Some(FORM) {
        return Ok(());
    }
    let users: Vec<(Id, Option<String>, Option<String>)> = accounts::table
        .filter(accounts::kind.eq(Kind::User.as_str()))
        .order((accounts::created_at, accounts::id))
        .select((accounts::id, accounts::email, accounts::email_key))
        .load(conn)?;
    let mut taken: HashSet<String> = users.iter().filter_map(|(_, _, key)| key.clone()).collect();
    for (id, address, key) in users {
        let Some(address) = address else { continue };
        let new = email::key(&address);
        if key.as_ref() == Some(&new) {
            continue;
        }
        if !taken.insert(new.clone()) {
            log::warn!("the user {id} has the e-mail address of another user in another spelling, and cannot sign in with it");
            continue;
        }
        // The search looks through it, too.
        let mut sql = Sql::new("UPDATE accounts SET search_text = replace(search_text, email_key, ");
        sql.bind(new.as_str()).push("), email_key = ").bind(new.as_str()).push(" WHERE id = ").bind(&id);
        sql.execute(conn)?;
    }
    settings::set(conn, SETTING, FORM)
}
