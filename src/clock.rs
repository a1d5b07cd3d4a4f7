//! The time, in UTC and in microseconds: what both databases keep.

use chrono::{DateTime, NaiveDateTime, SecondsFormat, SubsecRound, Utc};

/// The present moment in UTC, cut to the microseconds that Postgres keeps, so that what was written equals what is read.
pub fn now() -> NaiveDateTime {
    Utc::now().naive_utc().trunc_subsecs(6)
}

/// Stands in a sorted column for "has not happened": before every real moment. The columns are NOT NULL so that a page
/// can begin after a row by comparing positions, which SQL cannot do with NULL.
pub const NEVER: NaiveDateTime = DateTime::UNIX_EPOCH.naive_utc();

/// Stands in `first_expiry_at` for an account without tokens: after every real moment.
pub fn no_token() -> NaiveDateTime {
    day_of_9999(31)
}

/// Stands in `first_expiry_at` for an account whose tokens never expire: after every real moment.
pub fn no_expiry() -> NaiveDateTime {
    day_of_9999(30)
}

fn day_of_9999(day: u32) -> NaiveDateTime {
    chrono::NaiveDate::from_ymd_opt(9999, 12, day).and_then(|day| day.and_hms_opt(0, 0, 0)).unwrap_or(NaiveDateTime::MAX)
}

/// The moment, or nothing where the column says [`NEVER`], [`no_expiry`] or [`no_token`].
pub fn known(moment: NaiveDateTime) -> Option<NaiveDateTime> {
    (moment > NEVER && moment < no_expiry()).then_some(moment)
}

/// The moment to the second as RFC 3339 writes it, `2026-11-24T14:00:00Z`: for machines and for the audit log.
pub fn written(moment: NaiveDateTime) -> String {
    moment.and_utc().to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A moment as microseconds since 1970, which is as exact as moments are kept.
pub fn micros(at: NaiveDateTime) -> i64 {
    at.and_utc().timestamp_micros()
}

/// The moment that [`micros`] tells; `None` where there is none so far from 1970.
pub fn of_micros(micros: i64) -> Option<NaiveDateTime> {
    DateTime::from_timestamp_micros(micros).map(|at| at.naive_utc())
}
