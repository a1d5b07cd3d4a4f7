//! What one transaction writes.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveDateTime};
use uuid::Uuid;

use super::parts::Taken;
use super::queries;
use crate::audit;
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;

/// What one write says, added up by the rows that it goes to.
pub struct Batch {
    uses: Vec<queries::LastUse>,
    accounts: Vec<(Id, NaiveDateTime)>,
    logins: Vec<(Id, NaiveDateTime)>,
    days: Vec<queries::DayCount>,
}

impl Batch {
    /// Adds up what was seen.
    pub fn new(taken: &Taken) -> Self {
        let mut uses = Vec::new();
        let mut accounts: BTreeMap<Uuid, NaiveDateTime> = BTreeMap::new();
        let mut logins: BTreeMap<Uuid, NaiveDateTime> = BTreeMap::new();
        let mut days: BTreeMap<(NaiveDate, Uuid), (i64, i64)> = BTreeMap::new();
        for (token, seen) in taken {
            for day in seen.days() {
                let sum = days.entry((day.date, seen.account)).or_default();
                sum.0 += i64::from(day.accepted);
                sum.1 += i64::from(day.refused);
            }
            if let Some(at) = seen.login() {
                let latest = logins.entry(seen.account).or_insert(at);
                *latest = at.max(*latest);
            }
            if let Some(last) = seen.last() {
                let latest = accounts.entry(seen.account).or_insert(last.at);
                *latest = last.at.max(*latest);
                let (address, agent) = (last.address, last.agent.map(|agent| agent.as_str().to_owned()));
                uses.push(queries::LastUse { token: *token, at: last.at, address, agent });
            }
        }
        let counted = |((day, account), (accepted, refused)): ((NaiveDate, Uuid), (i64, i64))| queries::DayCount {
            account: account.into(),
            day,
            accepted,
            refused,
        };
        let owned =
            |moments: BTreeMap<Uuid, NaiveDateTime>| moments.into_iter().map(|(account, at)| (account.into(), at)).collect();
        Self { uses, accounts: owned(accounts), logins: owned(logins), days: days.into_iter().map(counted).collect() }
    }

    /// Writes it to its places.
    ///
    /// # Errors
    /// The database's.
    pub fn write(&self, conn: &mut DbConnection) -> Result<(), Error> {
        queries::move_token_use(conn, &self.uses)?;
        queries::move_account_use(conn, &self.accounts)?;
        queries::move_account_login(conn, &self.logins)?;
        queries::add_to_days(conn, &self.days)
    }
}

/// Writes audit events of refusals, as one change.
///
/// # Errors
/// The database's.
pub fn report(conn: &mut DbConnection, reports: &[queries::Report]) -> Result<(), Error> {
    if reports.is_empty() {
        return Ok(());
    }
    let change = audit::begin_note(conn, &Principal::muster())?;
    if queries::report_refusals(conn, &change.id, reports)? == 0 {
        change.discard(conn)?;
    }
    Ok(())
}
