//! The probe account: the system account whose tokens the doctor tries.

use chrono::TimeDelta;
use diesel::prelude::*;

use super::super::output::sentence;
use super::super::role::roles_named;
use super::super::system_account::account_named;
use super::Doctor;
use crate::accounts::model::{Kind, Selection};
use crate::accounts::operations::{self as accounts, Plan};
use crate::accounts::queries;
use crate::auth::principal::Principal;
use crate::clock;
use crate::config::Config;
use crate::database::{Database, DbConnection};
use crate::error::Error;
use crate::id::Id;
use crate::tokens::model::Expiry;
use crate::tokens::operations as tokens;
use crate::tokens::value::{Access, TokenValue};

/// The actor in the audit log.
const ACTOR: &str = "Command line (doctor)";
/// The tokens expire soon in case the doctor is killed.
const LIFE: TimeDelta = TimeDelta::minutes(10);
/// What a killed doctor left behind is removed after this time: another doctor may still be running.
const LEFT_BEHIND: TimeDelta = TimeDelta::hours(1);

/// An account with tokens, removed at the end, even after a failure.
pub struct ProbeAccount {
    database: Database,
    actor: Principal,
    pub account: Id,
    pub name: String,
    own: bool,
    removed: bool,
    pub writes: TokenValue,
    pub reads: TokenValue,
    /// A read-write token that will be revoked.
    pub doomed: TokenValue,
}

impl ProbeAccount {
    /// Creates an account with tokens, or tokens for an existing account. On failure, nothing is left behind.
    pub fn new(database: Database, config: &Config, words: &Doctor) -> Result<Self, String> {
        let actor = Principal { name: ACTOR.into(), ..Principal::shell() };
        let plan = Plan::from(config);
        let life = config.max_token_lifetime.map_or(LIFE, |most| most.min(LIFE));
        let made = database.write_now(|conn| {
            remove_left_behind(conn, &actor)?;
            let (account, own) = match &words.account {
                Some(text) => (account_named(conn, text)?, false),
                None => (admit(conn, &actor, &plan, words)?, true),
            };
            let name = queries::find(conn, Kind::System, &account)?.name;
            let mut token = |access, name: &str| {
                let form = tokens::TokenCreation { name: name.into(), access: Some(access), expiry: Ok(Expiry::In(life)) };
                tokens::create(conn, &actor, &account, &form, config.max_token_lifetime).map(|(_, value)| value)
            };
            let (writes, reads) = (token(Access::Write, "doctor, read-write")?, token(Access::Read, "doctor, read-only")?);
            let doomed = token(Access::Write, "doctor, to be revoked")?;
            Ok((account, name, own, writes, reads, doomed))
        });
        let (account, name, own, writes, reads, doomed) = made.map_err(|error| match error {
            Error::Conflict(why) if words.account.is_none() => {
                format!("The probe account could not be created. {why} Or use an existing one: --account NAME")
            }
            other => sentence(&other),
        })?;
        Ok(Self { database, actor, account, name, own, removed: false, writes, reads, doomed })
    }

    /// Revokes the token created for that.
    pub fn revoke_doomed(&self) -> Result<(), String> {
        let revoked = self.database.write_now(|conn| tokens::revoke_by_id(conn, &self.actor, self.doomed.id()));
        revoked.map(drop).map_err(|error| sentence(&error))
    }

    /// Removes everything that was created. An error says what is left, and what to do about it.
    pub fn remove(mut self) -> Result<(), String> {
        self.removed = true;
        self.remove_now().map_err(|error| {
            let why = sentence(&error);
            let what = if self.own { "The system account" } else { "The doctor's tokens for the system account" };
            format!("{what} {} could not be removed: {why} Its tokens expire within ten minutes. Remove it by hand.", self.name)
        })
    }

    fn remove_now(&self) -> Result<(), Error> {
        self.database.write_now(|conn| {
            if self.own {
                return accounts::delete(conn, &self.actor, Kind::System, &Selection::Accounts(vec![self.account.clone()]))
                    .map(drop);
            }
            for value in [&self.writes, &self.reads, &self.doomed] {
                match tokens::revoke_by_id(conn, &self.actor, value.id()) {
                    // Already revoked, unless the doctor stopped before.
                    Ok(_) | Err(Error::Conflict(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        })
    }
}

impl Drop for ProbeAccount {
    fn drop(&mut self) {
        if !self.removed
            && let Err(error) = self.remove_now()
        {
            log::error!("the probe account could not be removed: {error}");
        }
    }
}

fn admit(conn: &mut DbConnection, actor: &Principal, plan: &Plan, words: &Doctor) -> Result<Id, Error> {
    let roles = roles_named(conn, &words.roles)?;
    let name = format!("muster doctor {}", Id::new().as_str().chars().rev().take(6).collect::<String>());
    let description = format!("Tests the gateway at {}; removed afterwards", words.url);
    let description = description.chars().take(200).collect();
    accounts::create_system_account(
        conn,
        actor,
        plan,
        &accounts::AccountCreation { name, description, roles, ..Default::default() },
    )
}

fn remove_left_behind(conn: &mut DbConnection, actor: &Principal) -> Result<(), Error> {
    use crate::schema::accounts;
    let left: Vec<Id> = accounts::table
        .filter(accounts::kind.eq(Kind::System.as_str()))
        .filter(accounts::created_by_name.eq(ACTOR))
        .filter(accounts::created_at.lt(clock::now() - LEFT_BEHIND))
        .select(accounts::id)
        .load(conn)?;
    if left.is_empty() {
        return Ok(());
    }
    self::accounts::delete(conn, actor, Kind::System, &Selection::Accounts(left)).map(drop)
}
