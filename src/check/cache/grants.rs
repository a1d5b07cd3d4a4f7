//! The sets of roles and teams that accounts share: few, however many accounts there are.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use crate::check::counters::place;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::roles::permission::PermissionSet;
use crate::roles::{self, Badge, Role};
use crate::teams::{self, Team};

/// A value derived from a set and cached with it, such as the gateway's headers. Each thread has its own copy: a shared
/// reference count would make threads wait for each other.
#[derive(Debug, Default)]
pub struct Memo([OnceLock<Box<dyn Any + Send + Sync>>; 4]);

impl Memo {
    /// The value, computed at a thread's first call. A memo caches one type; a value of any other is computed each time.
    pub fn get<T: Any + Clone + Send + Sync>(&self, make: impl Fn() -> T) -> T {
        let kept = self.0[place() % self.0.len()].get_or_init(|| Box::new(make()));
        kept.downcast_ref::<T>().cloned().unwrap_or_else(make)
    }
}

/// What an account may do: shared by all accounts with the same roles.
#[derive(Debug, Default)]
pub struct Grants {
    /// Its roles, by name.
    pub roles: Vec<Badge>,
    /// Everything that they, and the administration of teams, grant together.
    pub permissions: PermissionSet,
    /// For the gateway.
    pub memo: Memo,
    administered: Box<[Id]>,
}

impl Grants {
    /// These permissions, of an account whose roles are not told.
    pub fn of(permissions: PermissionSet) -> Self {
        Self { permissions, ..Self::default() }
    }
}

/// The teams of an account: shared by all accounts in the same teams.
#[derive(Debug, Default)]
pub struct Membership {
    /// By name.
    pub teams: Vec<Team>,
    /// For the gateway.
    pub memo: Memo,
}

/// The roles and teams that there are: few, whatever the number of accounts. Each with its place in the order of names.
pub struct Names {
    roles: HashMap<Id, (usize, Role)>,
    teams: HashMap<Id, (usize, Team)>,
}

impl Names {
    /// Reads them: three statements.
    pub fn read(conn: &mut DbConnection) -> Result<Self, Error> {
        let roles = roles::queries::all(conn)?.into_iter().enumerate();
        let teams = teams::queries::all(conn)?.into_iter().enumerate();
        Ok(Self {
            roles: roles.map(|(at, role)| (role.id.clone(), (at, role))).collect(),
            teams: teams.map(|(at, team)| (team.id.clone(), (at, team))).collect(),
        })
    }
}

/// Those of `ids` that are known, by name.
fn known<'a, T>(all: &'a HashMap<Id, (usize, T)>, ids: impl IntoIterator<Item = &'a Id>) -> Vec<&'a T> {
    let mut found: Vec<&(usize, T)> = ids.into_iter().filter_map(|id| all.get(id)).collect();
    found.sort_unstable_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, item)| item).collect()
}

/// The sets that there are, by what makes them.
#[derive(Default)]
pub struct SharedGrants {
    grants: HashMap<Vec<Id>, Arc<Grants>>,
    memberships: HashMap<Vec<Id>, Arc<Membership>>,
}

impl SharedGrants {
    /// What follows from these roles and from the administration of these teams.
    pub fn grants<'a>(
        &mut self,
        roles: impl IntoIterator<Item = &'a Id>,
        administered: impl IntoIterator<Item = &'a Id>,
        names: &'a Names,
    ) -> Arc<Grants> {
        let roles = known(&names.roles, roles);
        let mut administered: Box<[Id]> = administered.into_iter().cloned().collect();
        administered.sort_unstable();
        let key: Vec<Id> = roles.iter().map(|role| &role.id).chain(&administered).cloned().collect();
        let make = || {
            let granted = roles.iter().flat_map(|role| role.permissions.iter().cloned());
            Arc::new(Grants {
                roles: roles.iter().map(|role| Badge { id: role.id.clone(), name: role.name.clone() }).collect(),
                permissions: granted.chain(roles::queries::of_administration(&administered)).collect(),
                memo: Memo::default(),
                administered,
            })
        };
        Arc::clone(self.grants.entry(key).or_insert_with(make))
    }

    /// What an account may do that could do `before`, and now has `role` (or, where `held` is false, has it no more).
    pub fn grants_after(&mut self, before: &Grants, role: &Id, held: bool, names: &Names) -> Arc<Grants> {
        let others = before.roles.iter().map(|badge| &badge.id).filter(|other| *other != role);
        self.grants(others.chain(held.then_some(role)), &before.administered, names)
    }

    /// The membership of these teams.
    pub fn membership<'a>(&mut self, teams: impl IntoIterator<Item = &'a Id>, names: &'a Names) -> Arc<Membership> {
        let teams = known(&names.teams, teams);
        let key = teams.iter().map(|team| team.id.clone()).collect();
        let make = || Arc::new(Membership { teams: teams.into_iter().cloned().collect(), memo: Memo::default() });
        Arc::clone(self.memberships.entry(key).or_insert_with(make))
    }
}
