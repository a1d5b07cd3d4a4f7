//! Which refusals have become audit events: a token is refused for one reason thousands of times, and that is one event an
//! hour, with their number.

use std::collections::{BTreeMap, HashMap};

use chrono::{NaiveDateTime, TimeDelta};

use super::queries::RefusalReport;
use crate::tokens::value::TokenId;

const REPORT_INTERVAL: TimeDelta = TimeDelta::hours(1);

/// How often tokens were refused, by reason.
pub type RefusalCounts = BTreeMap<(TokenId, &'static str), i64>;

/// Which refusals have been reported within the hour.
#[derive(Default)]
pub struct RefusalLog(HashMap<(TokenId, &'static str), Reported>);

struct Reported {
    at: NaiveDateTime,
    /// Refusals since then, which have no event yet.
    since: i64,
}

impl RefusalLog {
    /// Those without an event, with nothing new: what is due of them is due by the clock alone.
    pub fn unreported(&self) -> RefusalCounts {
        self.0.iter().filter(|(_, reported)| reported.since > 0).map(|(key, _)| (*key, 0)).collect()
    }

    /// What is to be reported now: at once what has not been within the hour, the rest when its hour is over, and all when
    /// `closing`, because nobody will remember it.
    pub fn due(&self, refusals: &RefusalCounts, now: NaiveDateTime, closing: bool) -> Vec<RefusalReport> {
        let due = |key| closing || self.0.get(key).is_none_or(|reported| now - reported.at >= REPORT_INTERVAL);
        let report = |(key, count): (&(TokenId, &'static str), &i64)| RefusalReport {
            token: key.0,
            reason: key.1,
            count: count + self.0.get(key).map_or(0, |reported| reported.since),
        };
        refusals.iter().filter(|(key, _)| due(key)).map(report).collect()
    }

    /// Remembers what has been reported, once that is in the database.
    pub fn settle(&mut self, refusals: &RefusalCounts, reports: &[RefusalReport], now: NaiveDateTime) {
        for (key, count) in refusals {
            self.0.entry(*key).or_insert(Reported { at: now, since: 0 }).since += count;
        }
        for report in reports {
            self.0.insert((report.token, report.reason), Reported { at: now, since: 0 });
        }
        self.0.retain(|_, reported| reported.since > 0 || now - reported.at < REPORT_INTERVAL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    /// A write that succeeds at that minute, after so many refusals, and the number in its report.
    fn write(log: &mut RefusalLog, minute: i64, refusals: i64, closing: bool) -> Option<i64> {
        let now = clock::NEVER + TimeDelta::minutes(minute);
        let mut refused = log.unreported();
        if refusals > 0 {
            refused.insert((*b"0123456789AB", "revoked"), refusals);
        }
        let reports = log.due(&refused, now, closing);
        log.settle(&refused, &reports, now);
        reports.first().map(|report| report.count)
    }

    #[test]
    fn a_refusal_is_reported_at_once_and_then_by_the_hour() {
        let mut log = RefusalLog::default();
        for (minute, refusals, closing, reported) in [
            (0, 3, false, Some(3)),
            (1, 5, false, None),
            (30, 7, false, None),
            (59, 0, false, None),
            (60, 0, false, Some(12)),
            (61, 1, false, None),
            (62, 0, true, Some(1)),
            (130, 0, false, None),
        ] {
            assert_eq!(write(&mut log, minute, refusals, closing), reported, "minute {minute}");
        }
        assert!(log.0.is_empty());
        assert_eq!(write(&mut log, 131, 2, false), Some(2));
    }
}
