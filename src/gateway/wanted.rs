//! Records permissions that gateways asked for and tokens lacked, so that the role editor can offer them. Each is written at
//! most once an hour, however often it is asked for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{NaiveDateTime, TimeDelta};

use crate::database::Database;
use crate::roles::permission::Permission;
use crate::roles::queries::wanted;

/// The prefix of a role in a `scope`.
pub const ROLE: &str = "role:";
const INTERVAL: TimeDelta = TimeDelta::hours(1);
/// The most recorded in an hour: anyone with a token can ask for anything.
const MOST: usize = 50;

/// The permissions recorded within the last hour. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct WantedPermissions(Arc<Mutex<HashMap<String, NaiveDateTime>>>);

impl WantedPermissions {
    /// Records the permissions of a `scope` that a token lacked, without keeping the call waiting.
    pub fn record(&self, database: &Database, scope: &str, now: NaiveDateTime) {
        let new: Vec<Permission> = permissions(scope).filter(|permission| self.is_new(permission, now)).collect();
        if new.is_empty() {
            return;
        }
        let database = database.clone();
        actix_web::rt::spawn(async move {
            let recorded =
                database.record(move |conn| new.iter().try_for_each(|permission| wanted::record(conn, permission, now)));
            if let Err(error) = recorded.await {
                log::warn!("what gateways ask for could not be recorded: {error}");
            }
        });
    }

    fn is_new(&self, permission: &Permission, now: NaiveDateTime) -> bool {
        let mut recorded = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if recorded.contains_key(permission.as_str()) || recorded.len() >= MOST {
            recorded.retain(|_, at| now - *at < INTERVAL);
        }
        let is_new = !recorded.contains_key(permission.as_str()) && recorded.len() < MOST;
        if is_new {
            recorded.insert(permission.to_string(), now);
        }
        is_new
    }
}

/// The permissions of a scope, without its roles.
fn permissions(scope: &str) -> impl Iterator<Item = Permission> + '_ {
    scope.split(' ').filter(|word| !word.starts_with(ROLE)).filter_map(|word| Permission::parse(word).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn each_is_noted_once_an_hour_and_only_so_many() {
        let (wanted, now) = (WantedPermissions::default(), clock::now());
        let one = |text: &str| Permission::parse(text).unwrap();
        assert!(wanted.is_new(&one("payments:refund"), now) && !wanted.is_new(&one("payments:refund"), now));
        assert!(!wanted.is_new(&one("payments:refund"), now + TimeDelta::minutes(59)));
        assert!(wanted.is_new(&one("payments:refund"), now + INTERVAL));
        let made_up = (0..1_000).filter(|n| wanted.is_new(&one(&format!("made:up-{n}")), now + INTERVAL)).count();
        assert_eq!(made_up, MOST - 1);
        assert!(wanted.is_new(&one("payments:void"), now + INTERVAL * 2));
    }

    #[test]
    fn roles_are_no_permissions() {
        let found: Vec<String> =
            permissions("payments:refund role:clerk role:CI/CD ledger:read:team %20").map(|one| one.to_string()).collect();
        assert_eq!(found, ["payments:refund", "ledger:read:team"]);
    }
}
