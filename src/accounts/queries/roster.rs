//! All accounts of a kind, page by page, for the command line.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::accounts::model::Kind;
use crate::clock;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::roles;
use crate::schema::accounts;

const SIZE: i64 = 500;

/// Where a page ended.
pub type RosterPosition = (String, Id);

/// An account with its roles.
#[derive(Debug, Clone)]
pub struct RosterRow {
    pub id: Id,
    pub name: String,
    pub email: Option<String>,
    pub roles: Vec<String>,
    disabled: bool,
    /// A user who has not set a password yet.
    invited: bool,
    last_login: Option<NaiveDateTime>,
    last_used: Option<NaiveDateTime>,
    place: RosterPosition,
}

impl RosterRow {
    pub fn status(&self) -> &'static str {
        match self {
            Self { disabled: true, .. } => "disabled",
            Self { invited: true, .. } => "invited",
            _ => "enabled",
        }
    }

    pub fn last_login(&self) -> String {
        written(self.last_login)
    }

    pub fn last_used(&self) -> String {
        written(self.last_used)
    }

    pub fn place(&self) -> RosterPosition {
        self.place.clone()
    }
}

fn written(at: Option<NaiveDateTime>) -> String {
    at.map_or_else(|| "never".to_owned(), clock::written)
}

type RosterColumns = (Id, String, String, Option<String>, bool, bool, NaiveDateTime, NaiveDateTime);

/// The accounts that come after a place, by name: two statements.
pub fn page(conn: &mut DbConnection, kind: Kind, after: Option<RosterPosition>) -> Result<Vec<RosterRow>, Error> {
    let mut query = accounts::table.filter(accounts::kind.eq(kind.as_str())).into_boxed();
    if let Some((name, id)) = after {
        let later = accounts::name_key.eq(name.clone()).and(accounts::id.gt(id));
        query = query.filter(accounts::name_key.gt(name).or(later));
    }
    let rows: Vec<RosterColumns> = query
        .order((accounts::name_key, accounts::id))
        .limit(SIZE)
        .select((
            accounts::id,
            accounts::name,
            accounts::name_key,
            accounts::email,
            accounts::disabled,
            accounts::password_hash.is_null(),
            accounts::last_login_at,
            accounts::last_used_at,
        ))
        .load(conn)?;
    let ids: Vec<Id> = rows.iter().map(|row| row.0.clone()).collect();
    let mut badges = roles::queries::shown(conn, &ids)?;
    let line = |(id, name, key, email, disabled, passwordless, login, used): RosterColumns| RosterRow {
        roles: badges.remove(&id).unwrap_or_default().into_iter().map(|badge| badge.name).collect(),
        place: (key, id.clone()),
        last_login: clock::known(login),
        last_used: clock::known(used),
        id,
        name,
        email,
        disabled,
        invited: passwordless && kind == Kind::User,
    };
    Ok(rows.into_iter().map(line).collect())
}
