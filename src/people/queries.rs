//! The SQL of invitations.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDateTime;
use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable, Text, Timestamp};

use super::model::Invitation;
use crate::accounts::model::{Account, AccountName, Email, Kind};
use crate::accounts::queries::{add_to_total, search_text};
use crate::auth::principal::Principal;
use crate::clock;
use crate::database::DbConnection;
use crate::database::sql::{Sql, Value};
use crate::error::Error;
use crate::id::Id;
use crate::schema::invitations;

pub mod belongings;
pub mod sent;

/// A user who has an address already.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct ExistingUser {
    #[diesel(sql_type = Text)]
    pub id: Id,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Text)]
    pub email_key: String,
    #[diesel(sql_type = Bool)]
    pub disabled: bool,
    /// Whether they have been invited and have not signed in yet.
    #[diesel(sql_type = Bool)]
    pub invited: bool,
}

/// The users who have one of these addresses, by the address in its one form.
pub fn known(conn: &mut DbConnection, addresses: &[Email]) -> Result<HashMap<String, ExistingUser>, Error> {
    let mut sql = Sql::new("SELECT a.id, a.name, a.email_key, a.disabled, ");
    sql.push("EXISTS (SELECT 1 FROM invitations i WHERE i.account_id = a.id) AS invited ");
    sql.push("FROM accounts a WHERE a.kind = 'user' AND a.email_key IN ").bind_list(addresses.iter().map(Email::key));
    Ok(sql.load::<ExistingUser>(conn)?.into_iter().map(|user| (user.email_key.clone(), user)).collect())
}

/// A user about to be invited.
pub struct NewUserRow {
    pub id: Id,
    pub name: AccountName,
    pub named: bool,
    pub email: Email,
    /// Of the link's key.
    pub digest: String,
}

/// Writes the accounts of invited users, and their invitations. Two statements.
pub fn insert(conn: &mut DbConnection, actor: &Principal, users: &[NewUserRow], expires: NaiveDateTime) -> Result<(), Error> {
    let (now, by) = (clock::now(), Value::MaybeText(actor.account.as_ref().map(Id::to_string)));
    let mut sql = Sql::new("INSERT INTO accounts (id, kind, name, name_key, description, search_text, email, email_key, ");
    sql.push("created_at, created_by, created_by_name, updated_at) VALUES ");
    for (at, user) in users.iter().enumerate() {
        sql.push(if at == 0 { "(" } else { ", (" }).bind(&user.id).push(", ").bind(Kind::User.as_str()).push(", ");
        sql.bind(user.name.as_str()).push(", ").bind(user.name.key()).push(", '', ");
        sql.bind(search_text(user.name.as_str(), "", Some(&user.email))).push(", ").bind(user.email.as_str()).push(", ");
        sql.bind(user.email.key()).push(", ").bind(now).push(", ").bind(by.clone()).push(", ");
        sql.bind(actor.name.as_str()).push(", ").bind(now).push(")");
    }
    sql.once();
    sql.execute(conn)?;
    add_to_total(conn, Kind::User, false, i64::try_from(users.len()).unwrap_or(i64::MAX))?;
    let mut sql = Sql::new("INSERT INTO invitations ");
    sql.push("(account_id, digest, named, invited_by, invited_by_name, created_at, expires_at) VALUES ");
    for (at, user) in users.iter().enumerate() {
        sql.push(if at == 0 { "(" } else { ", (" }).bind(&user.id).push(", ").bind(user.digest.as_str()).push(", ");
        sql.bind(user.named).push(", ").bind(by.clone()).push(", ").bind(actor.name.as_str()).push(", ");
        sql.bind(now).push(", ").bind(expires).push(")");
    }
    sql.once();
    sql.execute(conn).map(drop)
}

#[derive(QueryableByName)]
struct PendingInvitation {
    #[diesel(sql_type = Text)]
    account: Id,
    #[diesel(sql_type = Bool)]
    named: bool,
    #[diesel(sql_type = Nullable<Text>)]
    invited_by: Option<Id>,
    #[diesel(sql_type = Text)]
    invited_by_name: String,
    #[diesel(sql_type = Timestamp)]
    expires_at: NaiveDateTime,
    #[diesel(sql_type = Bool)]
    ended: bool,
}

impl From<PendingInvitation> for Invitation {
    fn from(row: PendingInvitation) -> Self {
        let PendingInvitation { account, named, invited_by, invited_by_name, expires_at, ended } = row;
        Self { account, named, by: invited_by, by_name: invited_by_name, expires_at, ended }
    }
}

const INVITATION: &str = "SELECT i.account_id AS account, i.named, i.invited_by, i.invited_by_name, i.expires_at, \
     (i.digest IS NULL) AS ended FROM invitations i ";

/// The invitation of a link that has not expired, to an enabled account.
pub fn by_link(conn: &mut DbConnection, digest: &str) -> Result<Option<Invitation>, Error> {
    let mut sql = Sql::new(INVITATION);
    sql.push("JOIN accounts a ON a.id = i.account_id WHERE a.disabled = FALSE AND i.digest = ").bind(digest);
    sql.push(" AND i.expires_at > ").bind(clock::now());
    Ok(sql.load::<PendingInvitation>(conn)?.into_iter().next().map(Invitation::from))
}

/// The pending invitations among these accounts.
pub fn of_accounts(conn: &mut DbConnection, accounts: &[Id]) -> Result<HashMap<Id, Invitation>, Error> {
    let mut sql = Sql::new(INVITATION);
    sql.push("WHERE i.account_id IN ").bind_page(accounts);
    Ok(sql.load::<PendingInvitation>(conn)?.into_iter().map(|row| (row.account.clone(), row.into())).collect())
}

/// Which of these accounts are enabled.
pub fn enabled(conn: &mut DbConnection, accounts: &[Id]) -> Result<HashSet<Id>, Error> {
    let mut sql = Sql::new("SELECT id FROM accounts WHERE disabled = FALSE AND id IN ");
    sql.bind_page(accounts);
    Ok(sql.ids(conn)?.into_iter().collect())
}

/// Takes an invitation, once: whether its link was still to be used.
pub fn take(conn: &mut DbConnection, digest: &str) -> Result<bool, Error> {
    let link = invitations::table.filter(invitations::digest.eq(digest)).filter(invitations::expires_at.gt(clock::now()));
    Ok(diesel::delete(link).execute(conn)? > 0)
}

/// Replaces the links of pending invitations (whose, and the key's digest), and who answers for them. One statement.
pub fn renew(conn: &mut DbConnection, actor: &Principal, links: &[(&Id, String)], expires: NaiveDateTime) -> Result<(), Error> {
    if links.is_empty() {
        return Ok(());
    }
    let mut sql = Sql::new("UPDATE invitations SET digest = CASE account_id");
    for (id, digest) in links {
        sql.push(" WHEN ").bind(*id).push(" THEN ").bind(digest.as_str());
    }
    sql.push(" END, invited_by = ").bind(Value::MaybeText(actor.account.as_ref().map(Id::to_string)));
    sql.push(", invited_by_name = ").bind(actor.name.as_str()).push(", expires_at = ").bind(expires);
    sql.push(" WHERE account_id IN ").bind_list(links.iter().map(|(id, _)| *id));
    sql.execute(conn).map(drop)
}

/// Takes a pending invitation away.
pub fn cancel(conn: &mut DbConnection, id: &Id) -> Result<(), Error> {
    diesel::delete(invitations::table.find(id)).execute(conn)?;
    Ok(())
}

/// Ends the link of a pending invitation, if there is one: it was sent to another address.
pub fn end_link(conn: &mut DbConnection, id: &Id) -> Result<(), Error> {
    diesel::update(invitations::table.find(id)).set(invitations::digest.eq(None::<String>)).execute(conn)?;
    Ok(())
}

/// Gives a user another address.
pub fn set_email(conn: &mut DbConnection, account: &Account, email: &Email) -> Result<(), Error> {
    let mut sql = Sql::new("UPDATE accounts SET email = ");
    sql.bind(email.as_str()).push(", email_key = ").bind(email.key()).push(", search_text = ");
    sql.bind(search_text(&account.name, &account.description, Some(email))).push(", updated_at = ").bind(clock::now());
    sql.push(" WHERE id = ").bind(&account.id);
    sql.execute(conn).map(drop)
}
