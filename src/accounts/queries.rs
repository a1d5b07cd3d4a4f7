//! The SQL of accounts: one account here; which accounts are meant in [`selection`], the list screen in [`list`], changes
//! to many in [`changes`].

use diesel::prelude::*;

use super::model::{Account, Email, Kind, NewAccount};
use crate::clock;
use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;
use crate::id::Id;
use crate::schema::{account_days, account_totals, accounts, team_administrators, team_members};
use crate::text::fold;

pub mod administrators;
pub mod alike;
pub mod changes;
pub mod conditions;
pub mod emails;
mod hints;
pub mod list;
pub mod makers;
pub mod owners;
mod plan;
mod predicates;
mod reversals;
pub mod roster;
pub mod selection;
pub mod selections;

type AccountColumns = (
    Id,
    String,
    String,
    String,
    Option<String>,
    bool,
    chrono::NaiveDateTime,
    String,
    chrono::NaiveDateTime,
    chrono::NaiveDateTime,
    chrono::NaiveDateTime,
);

/// The columns of an [`Account`], whose type diesel would have written out in full.
macro_rules! columns {
    () => {
        (
            accounts::id,
            accounts::kind,
            accounts::name,
            accounts::description,
            accounts::email,
            accounts::disabled,
            accounts::created_at,
            accounts::created_by_name,
            accounts::updated_at,
            accounts::last_login_at,
            accounts::last_used_at,
        )
    };
}

fn account(row: AccountColumns) -> Option<Account> {
    let (id, kind, name, description, email, disabled, created_at, created_by_name, updated_at, login, used) = row;
    Some(Account {
        id,
        kind: Kind::parse(&kind)?,
        name,
        description,
        email,
        disabled,
        created_at,
        created_by_name,
        updated_at,
        last_login_at: clock::known(login),
        last_used_at: clock::known(used),
    })
}

/// The account of this identity and kind.
///
/// # Errors
/// `NotFound` where there is none, or one of the other kind.
pub fn find(conn: &mut DbConnection, kind: Kind, id: &Id) -> Result<Account, Error> {
    let row: Option<AccountColumns> = accounts::table
        .filter(accounts::id.eq(id))
        .filter(accounts::kind.eq(kind.as_str()))
        .select(columns!())
        .first(conn)
        .optional()?;
    row.and_then(account).ok_or(Error::NotFound(kind.noun()))
}

/// The accounts of these identities, of either kind, in no order.
pub fn find_all(conn: &mut DbConnection, ids: &[Id]) -> Result<Vec<Account>, Error> {
    let rows: Vec<AccountColumns> =
        accounts::table.filter(accounts::id.eq_any(ids.iter().map(Id::as_str))).select(columns!()).load(conn)?;
    Ok(rows.into_iter().filter_map(account).collect())
}

/// The members of a team, by name.
pub fn members(conn: &mut DbConnection, team: &Id) -> Result<Vec<Account>, Error> {
    let of_team = team_members::table.filter(team_members::team_id.eq(team)).select(team_members::account_id);
    let rows: Vec<AccountColumns> = accounts::table
        .filter(accounts::id.eq_any(of_team))
        .order((accounts::name_key, accounts::id))
        .select(columns!())
        .load(conn)?;
    Ok(rows.into_iter().filter_map(account).collect())
}

/// Who has the role Team Administrator, as [`account_roles`](crate::schema::account_roles) has the others.
pub const TEAM_ADMINISTRATORS: &str = "(SELECT DISTINCT a.id AS account_id, a.kind, a.disabled, a.name_key, r.id AS role_id \
     FROM team_administrators ta JOIN accounts a ON a.id = ta.account_id CROSS JOIN roles r) f WHERE f.role_id";

/// Who administers each of these teams, by name; disabled ones, too.
pub fn team_administrators(conn: &mut DbConnection, teams: &[Id]) -> Result<Vec<(Id, Account)>, Error> {
    let rows: Vec<(Id, AccountColumns)> = team_administrators::table
        .inner_join(accounts::table.on(accounts::id.eq(team_administrators::account_id)))
        .filter(team_administrators::team_id.eq_any(teams.iter().map(Id::as_str)))
        .order((accounts::name_key, accounts::id))
        .select((team_administrators::team_id, columns!()))
        .load(conn)?;
    Ok(rows.into_iter().filter_map(|(team, row)| Some((team, account(row)?))).collect())
}

/// The identity of the system account that goes by `name`, the enabled one first.
///
/// # Errors
/// `Conflict` where several disabled ones share the name, `NotFound` where none has it.
pub fn find_named(conn: &mut DbConnection, name: &str) -> Result<Id, Error> {
    let found: Vec<(Id, bool)> = accounts::table
        .filter(accounts::kind.eq(Kind::System.as_str()))
        .filter(accounts::name_key.eq(fold(name.trim())))
        .order((accounts::disabled, accounts::id))
        .limit(2)
        .select((accounts::id, accounts::disabled))
        .load(conn)?;
    match found.as_slice() {
        [] => Err(Error::NotFound("system account")),
        [(_, true), _] => Err(Error::Conflict(format!("Several disabled system accounts are called {name}. Give the UUID."))),
        [(id, _), ..] => Ok(id.clone()),
    }
}

/// Writes a new account and counts it.
pub fn insert(conn: &mut DbConnection, id: &Id, new: &NewAccount, by: (Option<&Id>, &str)) -> Result<(), Error> {
    let now = clock::now();
    diesel::insert_into(accounts::table)
        .values((
            accounts::id.eq(id),
            accounts::kind.eq(new.kind.as_str()),
            accounts::name.eq(new.name.as_str()),
            accounts::name_key.eq(new.name.key()),
            accounts::description.eq(&new.description),
            accounts::search_text.eq(search_text(new.name.as_str(), &new.description, new.email.as_ref())),
            accounts::email.eq(new.email.as_ref().map(super::model::Email::as_str)),
            accounts::email_key.eq(new.email.as_ref().map(super::model::Email::key)),
            accounts::password_hash.eq(new.password_hash.as_deref()),
            accounts::password_set_at.eq(new.password_hash.as_ref().map(|_| now)),
            accounts::disabled.eq(new.disabled),
            accounts::created_at.eq(now),
            accounts::created_by.eq(by.0.map(Id::as_str)),
            accounts::created_by_name.eq(by.1),
            accounts::updated_at.eq(now),
            accounts::owner_id.eq(new.owner.as_ref().map(Id::as_str)),
        ))
        .execute(conn)?;
    add_to_total(conn, new.kind, new.disabled, 1)
}

/// Gives an account another e-mail address, or none.
pub fn set_email(conn: &mut DbConnection, account: &Account, email: Option<&Email>) -> Result<(), Error> {
    diesel::update(accounts::table.filter(accounts::id.eq(&account.id)))
        .set((
            accounts::email.eq(email.map(Email::as_str)),
            accounts::email_key.eq(email.map(Email::key)),
            accounts::search_text.eq(search_text(&account.name, &account.description, email)),
            accounts::updated_at.eq(clock::now()),
        ))
        .execute(conn)?;
    Ok(())
}

/// An account that has been deleted.
#[derive(Debug, Clone, QueryableByName)]
pub struct Deleted {
    #[diesel(sql_type = diesel::sql_types::Text)]
    kind: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    pub name: String,
    #[diesel(sql_type = diesel::sql_types::Timestamp)]
    pub deleted_at: chrono::NaiveDateTime,
    /// The name of who did it, as long as the audit log knows it.
    #[diesel(sql_type = diesel::sql_types::Nullable<diesel::sql_types::Text>)]
    pub deleted_by: Option<String>,
}

impl Deleted {
    pub fn kind(&self) -> Kind {
        Kind::parse(&self.kind).unwrap_or(Kind::System)
    }
}

/// What is left of an account that has been deleted.
pub fn deleted(conn: &mut DbConnection, id: &Id) -> Result<Option<Deleted>, Error> {
    let mut sql = Sql::new("SELECT d.kind, d.name, d.deleted_at, (SELECT e.actor_name FROM audit_events e ");
    sql.push("WHERE e.target_id = d.id AND e.type = ").bind(crate::audit::verbs::ACCOUNT_DELETED);
    sql.push(" ORDER BY e.seq DESC LIMIT 1) AS deleted_by FROM deleted_accounts d WHERE d.id = ").bind(id);
    Ok(sql.load(conn)?.into_iter().next())
}

/// The addresses of users.
pub fn emails(conn: &mut DbConnection, ids: &[Id]) -> Result<std::collections::HashMap<Id, String>, Error> {
    #[derive(QueryableByName)]
    struct Addressed {
        #[diesel(sql_type = diesel::sql_types::Text)]
        id: Id,
        #[diesel(sql_type = diesel::sql_types::Text)]
        email: String,
    }
    let mut sql = Sql::new("SELECT id, email FROM accounts WHERE email IS NOT NULL AND id IN ");
    sql.bind_page(ids);
    Ok(sql.load::<Addressed>(conn)?.into_iter().map(|row| (row.id, row.email)).collect())
}

/// What the search looks through, folded: name and description, and the e-mail address of a user.
pub fn search_text(name: &str, description: &str, email: Option<&Email>) -> String {
    let email = email.map(|email| format!("\n{}", email.key())).unwrap_or_default();
    format!("{}\n{}{email}", fold(name), fold(description))
}

/// Gives an account another name and description.
pub fn rename(conn: &mut DbConnection, id: &Id, name: &super::model::AccountName, description: &str) -> Result<(), Error> {
    let mut sql = Sql::new("UPDATE accounts SET name = ");
    sql.bind(name.as_str()).push(", name_key = ").bind(name.key()).push(", description = ").bind(description);
    sql.push(", search_text = ").bind(search_text(name.as_str(), description, None));
    sql.push(" || coalesce(").bind("\n").push(" || email_key, ''), updated_at = ").bind(clock::now());
    sql.push(" WHERE id = ").bind(id);
    sql.execute(conn)?;
    keep_copies(conn, |copies| {
        copies.push("name_key = ").bind(name.key()).push(" WHERE account_id = ").bind(id);
    })
}

/// Changes the copies of an account's `kind`, `disabled` and `name_key` that its roles and memberships carry: their indexes have
/// the accounts of a role or team in the list's order. Whatever changes one of the three in `accounts` ends with this;
/// `assignment` is what stands behind SET.
fn keep_copies(conn: &mut DbConnection, assignment: impl Fn(&mut Sql)) -> Result<(), Error> {
    for table in ["account_roles", "team_members"] {
        let mut sql = Sql::new("UPDATE ");
        sql.push(table).push(" SET ");
        assignment(&mut sql);
        sql.execute(conn)?;
    }
    Ok(())
}

/// Gives a user a password, or another one. The database refuses it for a system account.
pub fn set_password(conn: &mut DbConnection, id: &Id, hash: &str) -> Result<(), Error> {
    let now = clock::now();
    diesel::update(accounts::table.filter(accounts::id.eq(id)))
        .set((accounts::password_hash.eq(hash), accounts::password_set_at.eq(now), accounts::updated_at.eq(now)))
        .execute(conn)?;
    Ok(())
}

/// How many accounts of a kind there are: (enabled, disabled).
pub fn totals(conn: &mut DbConnection, kind: Kind) -> Result<(i64, i64), Error> {
    let rows: Vec<(bool, i64)> = account_totals::table
        .filter(account_totals::kind.eq(kind.as_str()))
        .select((account_totals::disabled, account_totals::total))
        .load(conn)?;
    let of = |disabled: bool| rows.iter().find(|(state, _)| *state == disabled).map_or(0, |(_, total)| *total);
    Ok((of(false), of(true)))
}

/// Keeps the totals in step with a change to `accounts` in the same transaction.
pub fn add_to_total(conn: &mut DbConnection, kind: Kind, disabled: bool, by: i64) -> Result<(), Error> {
    diesel::update(account_totals::table.find((kind.as_str(), disabled)))
        .set(account_totals::total.eq(account_totals::total + by))
        .execute(conn)?;
    Ok(())
}

/// Accepted and refused calls of an account for each day since `from`, oldest first; days without calls are left out.
pub fn days(conn: &mut DbConnection, id: &Id, from: chrono::NaiveDate) -> Result<Vec<(chrono::NaiveDate, i64, i64)>, Error> {
    Ok(account_days::table
        .filter(account_days::account_id.eq(id))
        .filter(account_days::day.ge(from))
        .order(account_days::day)
        .select((account_days::day, account_days::accepted, account_days::refused))
        .load(conn)?)
}
