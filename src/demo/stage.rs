//! Where the story is played: who and what there is so far, and the clock that it goes by.

use std::collections::HashMap;

use chrono::{Datelike, NaiveDateTime, TimeDelta};
use diesel::prelude::*;

use super::cast::MACHINES;
use super::dice::Dice;
use crate::accounts::actions::{Action, set_owner};
use crate::accounts::model::{Kind, Selection};
use crate::accounts::operations::{self, AccountCreation, UserCreation};
use crate::audit::{self, Event, verbs};
use crate::auth::principal::{Origin, Principal};
use crate::clock;
use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;
use crate::id::Id;
use crate::people;
use crate::people::model::line;
use crate::people::operations::{ExistingUserPolicy, Invitations, LIFE};
use crate::schema::{role_permissions, roles, team_administrators, teams};
use crate::teams::queries::all as all_teams;
use crate::text::fold;
use crate::tokens;
use crate::tokens::model::Token;
use crate::tokens::value::{Access, TokenValue};

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0";

/// The e-mail address of somebody at Halden Freight.
pub fn email(name: &str) -> String {
    format!("{}@halden.example", name.to_lowercase().replace(' ', "."))
}

/// Where somebody sits.
fn address(name: &str) -> String {
    format!("198.51.100.{}", name.bytes().map(i64::from).sum::<i64>() % 200 + 4)
}

/// The story so far.
pub struct Stage<'a> {
    pub conn: &'a mut DbConnection,
    pub dice: Dice,
    /// When the demo started: the story's present. All times of the story are before it.
    pub now: NaiveDateTime,
    /// The value of a token that works, for trying it.
    pub token: Option<String>,
    hash: &'a str,
    accounts: HashMap<&'static str, Id>,
    actors: HashMap<&'static str, Principal>,
}

impl<'a> Stage<'a> {
    pub fn new(conn: &'a mut DbConnection, hash: &'a str, now: NaiveDateTime) -> Self {
        let (accounts, actors) = (HashMap::new(), HashMap::new());
        Self { conn, dice: Dice::new(2026), now, token: None, hash, accounts, actors }
    }

    /// A moment in working hours, about `days` ago.
    pub fn workday(&mut self, days: i64) -> NaiveDateTime {
        let day = (self.now - TimeDelta::days(days.max(1))).date();
        let back = match day.weekday() {
            chrono::Weekday::Sat => 1,
            chrono::Weekday::Sun => 2,
            _ => 0,
        };
        let seconds = 8 * 3600 + self.dice.below(9 * 3600);
        (day - TimeDelta::days(back)).and_time(chrono::NaiveTime::MIN) + TimeDelta::seconds(seconds)
    }

    /// Moves what has been written since the start back to `at`. Called after each step of the story.
    pub fn move_back(&mut self, at: NaiveDateTime) -> Result<(), Error> {
        for (table, column) in [
            ("audit_changes", "at"),
            ("audit_events", "at"),
            ("accounts", "created_at"),
            ("accounts", "updated_at"),
            ("accounts", "password_set_at"),
            ("deleted_accounts", "deleted_at"),
        ] {
            let mut sql = Sql::new(&format!("UPDATE {table} SET {column} = "));
            sql.bind(at).push(&format!(" WHERE {column} >= ")).bind(self.now);
            sql.execute(self.conn)?;
        }
        Ok(())
    }

    pub fn account(&self, name: &str) -> Result<Id, Error> {
        self.accounts.get(name).cloned().ok_or_else(|| missing(name))
    }

    /// Somebody as an actor, each from a place of their own.
    pub fn actor(&mut self, name: &'static str) -> Result<Principal, Error> {
        if let Some(actor) = self.actors.get(name) {
            return Ok(actor.clone());
        }
        let id = self.account(name)?;
        let origin = Origin { address: Some(address(name)), user_agent: Some(BROWSER.into()), request_id: None };
        let actor = crate::auth::queries::principal(self.conn, &id, Id::new(), origin)?.ok_or_else(|| missing(name))?;
        self.actors.insert(name, actor.clone());
        Ok(actor)
    }

    pub fn add_role(
        &mut self,
        (name, description, permissions): super::cast::CustomRole,
        at: NaiveDateTime,
    ) -> Result<(), Error> {
        let id = Id::new();
        diesel::insert_into(roles::table)
            .values((
                roles::id.eq(&id),
                roles::name.eq(name),
                roles::name_key.eq(fold(name)),
                roles::description.eq(description),
                roles::created_at.eq(at),
            ))
            .execute(self.conn)?;
        for permission in permissions {
            diesel::insert_into(role_permissions::table)
                .values((role_permissions::role_id.eq(&id), role_permissions::permission.eq(*permission)))
                .execute(self.conn)?;
        }
        Ok(())
    }

    pub fn add_team(&mut self, name: &str, at: NaiveDateTime) -> Result<(), Error> {
        diesel::insert_into(teams::table)
            .values((teams::id.eq(&Id::new()), teams::name.eq(name), teams::name_key.eq(fold(name)), teams::created_at.eq(at)))
            .execute(self.conn)?;
        Ok(())
    }

    pub fn role(&mut self, name: &str) -> Result<Id, Error> {
        crate::roles::queries::find_named(self.conn, name)?.map(|role| role.id).ok_or_else(|| missing(name))
    }

    fn role_ids(&mut self, names: &[&str]) -> Result<Vec<Id>, Error> {
        names.iter().map(|name| self.role(name)).collect()
    }

    pub fn team_ids(&mut self, names: &[&str]) -> Result<Vec<Id>, Error> {
        let teams = all_teams(self.conn)?;
        let found = |name: &&str| teams.iter().find(|team| team.name == **name).map(|team| team.id.clone());
        names.iter().map(|name| found(name).ok_or_else(|| missing(name))).collect()
    }

    /// Adds somebody, by another or (the first) by Muster itself. Viewers have not set a password yet.
    pub fn add_person(&mut self, by: Option<&'static str>, name: &'static str, roles: &[&str]) -> Result<(), Error> {
        let actor = by.map_or_else(|| Ok(Principal::muster()), |by| self.actor(by))?;
        let password_hash = (!roles.contains(&"Viewer")).then(|| self.hash.to_owned());
        let form = UserCreation { name: name.into(), email: email(name), password_hash, roles: self.role_ids(roles)? };
        let id = operations::create_user(self.conn, &actor, &form)?;
        self.accounts.insert(name, id);
        Ok(())
    }

    pub fn join_teams(&mut self, by: &'static str, kind: Kind, name: &str, teams: &[&str]) -> Result<(), Error> {
        let (actor, id, teams) = (self.actor(by)?, self.account(name)?, self.team_ids(teams)?);
        operations::set_teams(self.conn, &actor, kind, &id, &operations::ActionParams::exactly(teams)).map(drop)
    }

    /// Makes somebody administrator of a team. The role Team Administrator follows from it.
    pub fn lead_team(&mut self, name: &str, team: &str) -> Result<(), Error> {
        let account = self.account(name)?;
        for team in self.team_ids(&[team])? {
            diesel::insert_into(team_administrators::table)
                .values((team_administrators::team_id.eq(&team), team_administrators::account_id.eq(&account)))
                .execute(self.conn)?;
        }
        Ok(())
    }

    pub fn add_machine(&mut self, by: &'static str, machine: &super::cast::Machine) -> Result<(), Error> {
        let actor = self.actor(by)?;
        let form = AccountCreation {
            name: machine.name.into(),
            description: machine.description.into(),
            roles: self.role_ids(machine.roles)?,
            teams: self.team_ids(machine.teams)?,
            ..AccountCreation::default()
        };
        let id = operations::create_system_account(self.conn, &actor, &operations::Plan::unlimited(), &form)?;
        self.accounts.insert(machine.name, id);
        Ok(())
    }

    /// Makes somebody the owner of system accounts.
    pub fn set_owner(&mut self, by: &'static str, owner: &str, machines: &[&str]) -> Result<(), Error> {
        let (actor, owner, selection) = (self.actor(by)?, self.account(owner)?, self.selection(machines)?);
        let action = Action::with(&set_owner::SetOwner, Kind::System, [owner]);
        operations::run(self.conn, &actor, &operations::Plan::unlimited(), &action, &selection).map(drop)
    }

    /// Invites somebody; the link works for its usual time from then on.
    pub fn invite(&mut self, by: &'static str, name: &'static str, at: NaiveDateTime) -> Result<(), Error> {
        let actor = self.actor(by)?;
        let invitations = Invitations {
            people: vec![line(&format!("{name} <{}>", email(name)))],
            roles: self.role_ids(&["User"])?,
            teams: self.team_ids(&["Mobile"])?,
            known: ExistingUserPolicy::Answer { enable: false },
            form: None,
        };
        people::operations::invite(self.conn, &actor, &operations::Plan::unlimited(), &invitations)?;
        let mut sql = Sql::new("UPDATE invitations SET created_at = ");
        sql.bind(at).push(", expires_at = ").bind(at + LIFE);
        sql.execute(self.conn).map(drop)
    }

    /// These system accounts, for an operation on several.
    pub fn selection(&self, names: &[&str]) -> Result<Selection, Error> {
        Ok(Selection::Accounts(names.iter().map(|name| self.account(name)).collect::<Result<_, _>>()?))
    }

    /// A token with all its times. Its event is the caller's.
    pub fn new_token(
        &mut self,
        by: &'static str,
        machine: &str,
        (name, access): (&str, Access),
        created_at: NaiveDateTime,
        expires_at: Option<NaiveDateTime>,
    ) -> Result<(Token, TokenValue), Error> {
        let account = self.account(machine)?;
        let value = TokenValue::generate(access).map_err(|error| Error::Internal(format!("no randomness: {error}")))?;
        let token = Token {
            id: value.id().into(),
            account,
            name: name.into(),
            access,
            created_at,
            created_by_name: by.into(),
            expires_at,
            revoked_at: None,
            replaced_by: None,
            last_used_at: None,
            last_used_from: None,
            last_used_agent: None,
        };
        tokens::queries::insert(self.conn, &token, &value.digest())?;
        tokens::queries::expiry::keep_first_expiry(self.conn, &token.account)?;
        Ok((token, value))
    }

    /// Creates a token as somebody would on the account's page.
    pub fn add_token(
        &mut self,
        by: &'static str,
        machine: &'static str,
        named: (&str, Access),
        created_at: NaiveDateTime,
        expires_at: Option<NaiveDateTime>,
    ) -> Result<Token, Error> {
        let (token, _) = self.new_token(by, machine, named, created_at, expires_at)?;
        let detail = serde_json::json!({ "access": token.access.as_str(), "expires_at": expires_at.map(clock::written) });
        self.record(Some(by), verbs::TOKEN_CREATED, machine, Some((&token.id, &token.name)), detail)?;
        Ok(token)
    }

    /// Notes when and from where a token was last used.
    pub fn use_token(&mut self, token: &Token, at: NaiveDateTime, from: &str, agent: &str) -> Result<(), Error> {
        let mut sql = Sql::new("UPDATE tokens SET last_used_at = ");
        sql.bind(at).push(", last_used_from = ").bind(from).push(", last_used_agent = ").bind(agent);
        sql.push(" WHERE id = ").bind(token.id.as_str());
        sql.execute(self.conn)?;
        let mut sql = Sql::new("UPDATE accounts SET last_used_at = ");
        sql.bind(at).push(" WHERE id = ").bind(&token.account).push(" AND last_used_at < ").bind(at);
        sql.execute(self.conn).map(drop)
    }

    pub fn log_in(&mut self, name: &str, at: NaiveDateTime) -> Result<(), Error> {
        let mut sql = Sql::new("UPDATE accounts SET last_login_at = ");
        sql.bind(at).push(", last_login_from = ").bind(address(name)).push(" WHERE id = ").bind(&self.account(name)?);
        sql.execute(self.conn).map(drop)
    }

    /// Writes an event about an account by somebody, or by Muster itself.
    pub fn record(
        &mut self,
        by: Option<&'static str>,
        verb: &'static str,
        account: &str,
        object: Option<(&str, &str)>,
        detail: serde_json::Value,
    ) -> Result<(), Error> {
        let actor = by.map_or_else(|| Ok(Principal::muster()), |by| self.actor(by))?;
        let id = self.account(account)?;
        let kind = if MACHINES.iter().any(|machine| machine.name == account) { Kind::System } else { Kind::User };
        let event = Event { verb, target_kind: kind.as_str(), target_id: Some(&id), target_name: account, object, detail };
        audit::record_alone(self.conn, &actor, &event)
    }
}

fn missing(name: &str) -> Error {
    Error::Internal(format!("the demo's story knows no {name} yet"))
}
