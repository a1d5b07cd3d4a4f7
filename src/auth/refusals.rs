//! Audit events for requests without permission. Repeating the same request doesn't write a row each time: the first
//! refusal is written immediately, and those within the next hour are counted and become one event when it is over, with the
//! permission that the first one lacked: which permission it is can be the caller's own text. (A restart loses that count.)

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::web;

use super::principal::Principal;
use crate::audit::{self, Event, verbs};
use crate::database::{Database, DbConnection};
use crate::error::Error;
use crate::id::Id;

/// How long refusals are counted after the first.
const INTERVAL: Duration = Duration::from_secs(3600);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct RefusalKey {
    account: Option<Id>,
    route: String,
}

/// The refusals of the current hour. Share it between the workers.
#[derive(Debug, Default)]
pub struct PermissionRefusals(Mutex<HashMap<RefusalKey, u64>>);

impl PermissionRefusals {
    /// Records a refusal, or counts it. `target` is what the request's address names.
    pub async fn record(
        refusals: Arc<Self>,
        database: web::Data<Database>,
        principal: Arc<Principal>,
        (route, target): (String, Option<Id>),
        permission: &str,
    ) -> Result<(), Error> {
        let key = RefusalKey { account: principal.account.clone(), route };
        if refusals.is_counted(&key) {
            return Ok(());
        }
        let (first, later) = (key.clone(), Arc::clone(&principal));
        let (lacked, permission) = (permission.to_owned(), permission.to_owned());
        let then = database.clone();
        actix_web::rt::spawn(async move {
            actix_web::rt::time::sleep(INTERVAL).await;
            let gathered = refusals.taken(&key);
            if gathered > 0
                && let Err(error) = then.record(move |conn| write(conn, &later, &key, None, &lacked, Some(gathered))).await
            {
                log::warn!("{gathered} refusals could not be written to the audit log: {error}");
            }
        });
        database.record(move |conn| write(conn, &principal, &first, target.as_ref(), &permission, None)).await
    }

    fn is_counted(&self, key: &RefusalKey) -> bool {
        let mut counts = self.counts();
        if let Some(count) = counts.get_mut(key) {
            *count += 1;
            return true;
        }
        counts.insert(key.clone(), 0);
        false
    }

    fn taken(&self, key: &RefusalKey) -> u64 {
        self.counts().remove(key).unwrap_or_default()
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<RefusalKey, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `count`: `None` for a single refusal. Those that were counted may have been about different things.
fn write(
    conn: &mut DbConnection,
    principal: &Principal,
    key: &RefusalKey,
    target: Option<&Id>,
    lacked: &str,
    count: Option<u64>,
) -> Result<(), Error> {
    let mut detail = serde_json::json!({ "permission": lacked, "route": key.route });
    if let Some(count) = count {
        detail["count"] = count.into();
    }
    let named = target.map(|id| audit::queries::named(conn, id)).transpose()?.flatten();
    let (target_kind, target_name) = named.as_ref().map_or(("route", &key.route), |(kind, name)| (kind, name));
    let target_id = target.filter(|_| named.is_some());
    let event = Event { verb: verbs::ACCESS_REFUSED, target_kind, target_id, target_name, object: None, detail };
    audit::record_alone(conn, principal, &event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_each_kind_is_written_and_the_others_are_counted() {
        let refusals = PermissionRefusals::default();
        let key = |account: &Id, route: &str| RefusalKey { account: Some(account.clone()), route: route.into() };
        let (one, other) = (Id::new(), Id::new());
        for key in [key(&one, "GET /x"), key(&one, "POST /x"), key(&other, "GET /x")] {
            assert!(!refusals.is_counted(&key), "{key:?}");
            assert!((0..10_000).all(|_| refusals.is_counted(&key)));
        }
        assert_eq!(refusals.taken(&key(&one, "GET /x")), 10_000);
        assert_eq!(refusals.taken(&key(&one, "GET /x")), 0);
        assert!(!refusals.is_counted(&key(&one, "GET /x")), "another hour has begun");
    }
}
