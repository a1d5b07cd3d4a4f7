//! How long events are kept: for ever, or for some days. What is older is deleted in the background, in small parts, by one
//! of the instances; nothing of it happens in anybody's request.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{Days, NaiveDateTime, NaiveTime};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use super::model::{Event, verbs};
use super::operations::LOG_NAME;
use super::queries::purge;
use super::record_alone;
use crate::auth::principal::Principal;
use crate::database::{Database, DbConnection};
use crate::error::Error;
use crate::id::Id;
use crate::text::grouped;
use crate::{clock, settings};

/// What it takes to decide how long events are kept.
pub const DECIDE: &str = "system_preference:manage:*";
/// The longest that can be set: a hundred years. Longer is for ever.
const MOST_DAYS: u32 = 36_500;
const SETTING: &str = "audit_retention_days";
const RUN: &str = "audit_retention_run";
/// Events deleted in one transaction.
const PART: i64 = 500;
/// How often it is looked for old events.
const PERIOD: Duration = Duration::from_secs(3600);
/// The shortest rest after a part. A longer part is followed by as long a rest.
const REST: Duration = Duration::from_millis(20);
/// How long the others wait for an instance that has begun and is not heard of any more, in seconds.
const ABANDONED: i64 = 120;

/// How long events are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Keep {
    #[default]
    ForEver,
    Days(u32),
}

impl Keep {
    /// Reads it from a form.
    pub fn parse(keep: &str, days: &str) -> Result<Self, Error> {
        match keep {
            "forever" => Ok(Self::ForEver),
            "days" => Self::of_days(days.trim()),
            _ => Err(Error::field("days", "Choose how long events are kept.")),
        }
    }

    fn of_days(days: &str) -> Result<Self, Error> {
        let number = if days.bytes().all(|digit| digit.is_ascii_digit()) { days.parse().ok() } else { None };
        let most = grouped(i64::from(MOST_DAYS));
        number
            .filter(|number| (1..=MOST_DAYS).contains(number))
            .map(Self::Days)
            .ok_or_else(|| Error::field("days", format!("Enter a whole number of days, from 1 to {most}.")))
    }

    /// In words: `Forever`, `400 days`.
    pub fn in_words(self) -> String {
        match self {
            Self::ForEver => "Forever".to_owned(),
            Self::Days(1) => "1 day".to_owned(),
            Self::Days(days) => format!("{} days", grouped(i64::from(days))),
        }
    }

    /// The moment before which events go: the start of a day in UTC, so that it is the same all day.
    pub fn cutoff(self, now: NaiveDateTime) -> Option<NaiveDateTime> {
        let Self::Days(days) = self else { return None };
        now.date().checked_sub_days(Days::new(days.into())).map(|day| day.and_time(NaiveTime::MIN))
    }
}

/// What is set. A setting that cannot be read deletes nothing.
pub fn kept(conn: &mut DbConnection) -> Result<Keep, Error> {
    Ok(settings::get(conn, SETTING)?.and_then(|days| Keep::of_days(&days).ok()).unwrap_or_default())
}

/// How many events go at once where they are kept for so long.
pub fn would_delete(conn: &mut DbConnection, keep: Keep, now: NaiveDateTime) -> Result<i64, Error> {
    keep.cutoff(now).map_or(Ok(0), |cutoff| purge::count(conn, cutoff))
}

/// Sets it. `shown` is what was set when the form was drawn.
///
/// # Errors
/// `Forbidden`; `Conflict` where somebody has changed it since.
pub fn set(conn: &mut DbConnection, actor: &Principal, keep: Keep, shown: &str) -> Result<(), Error> {
    actor.require(DECIDE, "You don't have permission to change how long events are kept.")?;
    let before = kept(conn)?;
    if before.in_words() != shown {
        let now = before.in_words();
        return Err(Error::Conflict(format!("Someone else changed this in the meantime. Events are kept now: {now}.")));
    }
    if before == keep {
        return Ok(());
    }
    match keep {
        Keep::ForEver => settings::remove(conn, SETTING)?,
        Keep::Days(days) => settings::set(conn, SETTING, &days.to_string())?,
    }
    let detail = serde_json::json!({ "before": before.in_words(), "after": keep.in_words() });
    record(conn, actor, verbs::RETENTION_CHANGED, detail)
}

fn record(conn: &mut DbConnection, actor: &Principal, verb: &'static str, detail: serde_json::Value) -> Result<(), Error> {
    let event = Event { verb, target_kind: "policy", target_id: None, target_name: LOG_NAME, object: None, detail };
    record_alone(conn, actor, &event)
}

/// Wakes the one that deletes, so that a new setting takes effect soon. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    pub fn now(&self) {
        self.0.notify_one();
    }
}

/// Looks for old events again and again, as long as the process lives.
pub async fn run(database: Database, wake: Wake) {
    let instance = Id::new();
    loop {
        match purge(&database, &instance, clock::now()).await {
            Ok(0) => {}
            Ok(events) => log::info!("deleted {events} old events from the audit log"),
            Err(error) => log::warn!("old audit events could not be deleted, trying again later: {error}"),
        }
        // Whoever is woken while another instance deletes has nothing to do.
        let _ = tokio::time::timeout(PERIOD, wake.0.notified()).await;
    }
}

/// Deletes what is older than the setting says. Returns how many events this instance has deleted.
///
/// # Errors
/// The database's. What has been deleted until then stays so.
pub async fn purge(database: &Database, instance: &Id, now: NaiveDateTime) -> Result<u64, Error> {
    let mut deleted = 0;
    if !database.read(move |conn| is_due(conn, now)).await? {
        return Ok(deleted);
    }
    loop {
        let (began, instance) = (Instant::now(), instance.clone());
        let part = database.write(move |conn| step(conn, &instance, now)).await?;
        if part == 0 {
            return Ok(deleted);
        }
        deleted += part;
        tokio::time::sleep(began.elapsed().max(REST)).await;
    }
}

/// A run that has begun: whose it is, when it was last heard of, and what it has deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Run {
    instance: String,
    heard: i64,
    count: u64,
    from: String,
    to: String,
}

fn begun(conn: &mut DbConnection) -> Result<Option<Run>, Error> {
    Ok(settings::get(conn, RUN)?.and_then(|text| serde_json::from_str(&text).ok()))
}

fn is_due(conn: &mut DbConnection, now: NaiveDateTime) -> Result<bool, Error> {
    if begun(conn)?.is_some() {
        return Ok(true);
    }
    let Some(cutoff) = kept(conn)?.cutoff(now) else { return Ok(false) };
    Ok(!purge::oldest(conn, cutoff, 1)?.is_empty())
}

/// Deletes the next part, or writes down what the run has deleted. Returns how many events it deleted.
fn step(conn: &mut DbConnection, instance: &Id, now: NaiveDateTime) -> Result<u64, Error> {
    let run = begun(conn)?.unwrap_or_default();
    let moment = clock::now().and_utc().timestamp();
    if !run.instance.is_empty() && run.instance != instance.as_str() && moment - run.heard < ABANDONED {
        return Ok(0);
    }
    let events = match kept(conn)?.cutoff(now) {
        Some(cutoff) => purge::oldest(conn, cutoff, PART)?,
        None => Vec::new(),
    };
    let (Some(first), Some(last)) = (events.first(), events.last()) else {
        if run.count > 0 {
            let detail = serde_json::json!({ "count": run.count, "from": run.from, "to": run.to });
            record(conn, &Principal::muster(), verbs::EVENTS_DELETED, detail)?;
        }
        settings::remove(conn, RUN)?;
        return Ok(0);
    };
    purge::delete(conn, &events)?;
    let part = u64::try_from(events.len()).unwrap_or_default();
    let run = Run {
        instance: instance.to_string(),
        heard: moment,
        count: run.count + part,
        from: if run.from.is_empty() { clock::written(first.at) } else { run.from },
        to: clock::written(last.at),
    };
    let text = serde_json::to_string(&run).map_err(|error| Error::Internal(error.to_string()))?;
    settings::set(conn, RUN, &text)?;
    Ok(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_days_are_read() {
        for wrong in ["0", "-1", "1e9", "", "30.5", "+30", "36501", "99999999999999999999", "٣٠", "3 0", "0x1f"] {
            assert!(Keep::parse("days", wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(Keep::parse("days", "30 "), Ok(Keep::Days(30)));
        assert_eq!(Keep::parse("days", "36500"), Ok(Keep::Days(36_500)));
        assert_eq!(Keep::parse("forever", "0"), Ok(Keep::ForEver));
        assert!(Keep::parse("", "30").is_err());
    }

    #[test]
    fn whole_days_are_kept() {
        let now: NaiveDateTime = "2026-11-24T14:32:07".parse().unwrap();
        assert_eq!(Keep::Days(1).cutoff(now), Some("2026-11-23T00:00:00".parse().unwrap()));
        assert_eq!(Keep::Days(400).in_words(), "400 days");
        assert_eq!(Keep::ForEver.cutoff(now), None);
    }
}
