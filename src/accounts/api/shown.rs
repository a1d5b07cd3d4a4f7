//! Accounts as answers show them.

use actix_web::web;

use crate::accounts::json::{Embedded, Person, TeamName, User};
use crate::accounts::model::Account;
use crate::accounts::queries;
use crate::activity::Recorder;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::roles::json::{PermissionJson, RoleJson};
use crate::roles::{self, predefined};
use crate::teams;
use crate::text::fold;
use crate::web::api::call::Call;
use crate::web::visit::registered;

/// What showing them takes besides the database: where links lead, and what has been seen and not been stored yet.
pub struct Showing {
    base: String,
    recorder: web::Data<Recorder>,
}

impl Showing {
    pub fn of(call: &Call) -> Result<Self, Error> {
        Ok(Self { base: call.base(), recorder: registered(&call.request)? })
    }

    /// The accounts of these identities, in this order, with their roles and teams: eight statements, however many they are.
    /// Those that do not exist are left out.
    pub fn users(&self, conn: &mut DbConnection, ids: &[Id]) -> Result<Vec<User>, Error> {
        let mut found = queries::find_all(conn, ids)?;
        let places: std::collections::HashMap<&Id, usize> = ids.iter().enumerate().map(|(at, id)| (id, at)).collect();
        found.sort_unstable_by_key(|account| places.get(&account.id).copied());
        let mut badges = roles::queries::badges(conn, ids)?;
        let mut distinct: Vec<Id> = badges.values().flatten().map(|badge| badge.id.clone()).collect();
        distinct.sort_unstable();
        distinct.dedup();
        let roles: Vec<RoleJson> =
            roles::queries::find(conn, &distinct)?.iter().map(|role| RoleJson::new(role, &self.base)).collect();
        let mut teams = teams::queries::of_accounts(conn, ids)?;
        let administered = teams::queries::administrators(conn, ids)?;
        let derived = roles::queries::find(conn, &[predefined::TEAM_ADMINISTRATOR.into()])?;
        let user = |account: &mut Account| {
            account.last_login_at = account.last_login_at.max(self.recorder.pending_uses(&account.id).login);
            let held = badges.remove(&account.id).unwrap_or_default();
            let held = held.iter().filter_map(|badge| roles.iter().find(|role| role.uuid == badge.id));
            let mut held: Vec<RoleJson> = held.cloned().collect();
            let own: Vec<Id> = administered.iter().filter(|(id, _)| *id == account.id).map(|(_, team)| team.clone()).collect();
            if let (false, [role]) = (own.is_empty(), derived.as_slice()) {
                held.retain(|other| other.uuid != role.id);
                let mut role = RoleJson::new(role, &self.base);
                role.permissions = roles::queries::of_administration(&own).map(|one| PermissionJson::from(&one)).collect();
                held.insert(held.partition_point(|other| fold(&other.name) < fold(&role.name)), role);
            }
            let embedded = Embedded {
                roles: held,
                teams: teams.remove(&account.id).unwrap_or_default().iter().map(TeamName::from).collect(),
            };
            User { person: Person::new(account, &self.base), embedded }
        };
        Ok(found.iter_mut().map(user).collect())
    }

    /// One account.
    pub fn user(&self, conn: &mut DbConnection, id: &Id) -> Result<User, Error> {
        self.users(conn, std::slice::from_ref(id))?.pop().ok_or(Error::NotFound("account"))
    }
}
