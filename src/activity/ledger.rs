//! Which refusals have become audit events: one token is refused for one reason thousands of times, and that is one event an
//! hour, with their number.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use chrono::{NaiveDateTime, TimeDelta};
use uuid::Uuid;

use super::parts::{Part, Taken};
use super::queries::Report;
use crate::tokens::value::TokenId;

/// Refusals of one token for one reason become one audit event in this time, with their number.
const REPORT_EVERY: TimeDelta = TimeDelta::hours(1);

/// Which refusals have become audit events, and when: by token and reason.
#[derive(Default)]
pub struct Ledger(HashMap<(TokenId, Cow<'static, str>), Reported>);

struct Reported {
    /// The token's account.
    account: Uuid,
    at: NaiveDateTime,
    /// Refusals since that have been counted for the day, but have no event yet.
    since: i64,
}

impl Ledger {
    /// What is to be reported now of the tokens of a part: at once what has not been reported within the hour, the rest when its
    /// hour is over, and all when this is `closing`.
    pub fn due(&self, part: &Part, taken: &Taken, now: NaiveDateTime, closing: bool) -> Vec<Report> {
        let mut counts: BTreeMap<(TokenId, Cow<'static, str>), i64> = BTreeMap::new();
        for (token, seen) in taken {
            for (reason, count) in seen.refusals() {
                *counts.entry((*token, reason.clone())).or_default() += count;
            }
        }
        for ((token, reason), reported) in &self.0 {
            if reported.since > 0 && part.holds(&(reported.account, *token)) {
                *counts.entry((*token, reason.clone())).or_default() += reported.since;
            }
        }
        counts
            .into_iter()
            .filter(|(key, _)| closing || self.0.get(key).is_none_or(|reported| now - reported.at >= REPORT_EVERY))
            .map(|((token, reason), count)| Report { token, reason, count })
            .collect()
    }

    /// Writes down what has been reported, after it has.
    pub fn settle(&mut self, taken: &Taken, reports: &[Report], now: NaiveDateTime) {
        for (token, seen) in taken {
            for (reason, count) in seen.refusals() {
                let new = || Reported { account: seen.account, at: now, since: 0 };
                self.0.entry((*token, reason.clone())).or_insert_with(new).since += count;
            }
        }
        for report in reports {
            if let Some(reported) = self.0.get_mut(&(report.token, report.reason.clone())) {
                (reported.at, reported.since) = (now, 0);
            }
        }
        self.0.retain(|_, reported| reported.since > 0 || now - reported.at < REPORT_EVERY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activity::seen::Seen;
    use crate::clock;

    /// A flush that succeeds at that minute, after so many refusals; returns the number in the report, if there is one.
    fn flush(ledger: &mut Ledger, minute: i64, refusals: i64, closing: bool) -> Option<i64> {
        let mut taken = Taken::new();
        if refusals > 0 {
            let mut seen = Seen::of(Uuid::nil());
            seen.refuse("revoked".into(), refusals);
            taken.push((*b"0123456789AB", seen));
        }
        let reports = ledger.due(&Part::ALL, &taken, clock::NEVER + TimeDelta::minutes(minute), closing);
        ledger.settle(&taken, &reports, clock::NEVER + TimeDelta::minutes(minute));
        reports.first().map(|report| report.count)
    }

    #[test]
    fn a_refusal_is_reported_at_once_and_then_by_the_hour() {
        let mut ledger = Ledger::default();
        assert_eq!(flush(&mut ledger, 0, 3, false), Some(3));
        assert_eq!(flush(&mut ledger, 1, 5, false), None);
        assert_eq!(flush(&mut ledger, 30, 7, false), None);
        assert_eq!(flush(&mut ledger, 59, 0, false), None);
        assert_eq!(flush(&mut ledger, 60, 0, false), Some(12));
        assert_eq!(flush(&mut ledger, 61, 1, false), None);
        assert_eq!(flush(&mut ledger, 62, 0, true), Some(1));
        assert_eq!(flush(&mut ledger, 130, 0, false), None);
        assert!(ledger.0.is_empty());
        assert_eq!(flush(&mut ledger, 131, 2, false), Some(2));
    }
}
