//! What waits for its turn, in the database meanwhile, so that a crash loses no more of the many than of the few.
//!
//! To write the activity of a token to its place costs far more than to note it down among ten thousand others. Where more
//! tokens were used than are written at once, all that waits is noted down each interval, a row for each part; the transaction
//! that writes a part to its place removes its row, and the next interval replaces what is left. So each call counts once,
//! whenever the process ends.
//!
//! Whose process has ended is seen from its rows: it does not replace them any more. Any instance writes them to their places
//! then, also the next one on the same SQLite file. A row says until when its instance will have replaced it at the latest, and
//! has to stand there for a while longer before the eyes of the one who takes it over: after an outage of the database all are
//! late. An instance that stood still as long, and goes on, writes once more what it had not forgotten; only then counts a call
//! twice.

use std::borrow::Cow;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use uuid::Uuid;

use super::parts::Taken;
use super::seen::{Seen, Use};
use crate::id::Id;
use crate::tokens::value::TokenId;

/// Who has missed two intervals may still come this much later. And so long has a row to be seen unchanged.
const GRACE: TimeDelta = TimeDelta::seconds(30);
/// Changes when what a row says is written in another way: it may have been left by another version.
const FORMAT: u8 = 1;

/// Until when a row that is noted now will have been replaced by its own instance.
pub fn kept_until(now: NaiveDateTime, interval: Duration) -> NaiveDateTime {
    now + GRACE + TimeDelta::from_std(interval.saturating_mul(2)).unwrap_or(GRACE)
}

/// The rows that others should have replaced, and since when they have been seen to stand there.
#[derive(Default)]
pub struct Overdue(HashMap<Id, NaiveDateTime>);

impl Overdue {
    /// Takes note of the rows that are overdue now, and tells which have been for so long that nobody will come.
    pub fn abandoned(&mut self, rows: Vec<Id>, now: NaiveDateTime) -> Vec<Id> {
        self.0 = rows.into_iter().map(|row| (row.clone(), self.0.get(&row).map_or(now, |since| *since))).collect();
        let mut long: Vec<Id> = self.0.iter().filter(|(_, since)| now - **since >= GRACE).map(|(row, _)| row.clone()).collect();
        long.sort_unstable();
        long
    }

    /// Begins anew: while the database was away nobody could replace anything.
    pub fn forget(&mut self) {
        self.0.clear();
    }
}

/// The beginning of a row's content, before its tokens one after the other: what many of them have in common.
#[derive(Serialize, Deserialize)]
struct Head {
    agents: Vec<String>,
    tokens: u32,
}

/// What was seen of one token. Moments are microseconds since 1970, days are numbered from the year 1.
#[derive(Serialize, Deserialize)]
struct Entry {
    token: TokenId,
    account: [u8; 16],
    last: Option<(i64, Option<IpAddr>, Option<u32>)>,
    login: Option<i64>,
    /// Calls that were accepted and refused. Most tokens have one day, and have not been refused: nothing is allocated for them.
    days: SmallVec<[(i32, u32, u32); 1]>,
    refusals: Vec<(String, i64)>,
}

/// Collects what was seen of some tokens for a row.
#[derive(Default)]
pub struct Packer {
    agents: HashMap<Arc<String>, u32>,
    tokens: u32,
    packed: Vec<u8>,
}

impl Packer {
    /// Adds a token.
    pub fn add(&mut self, token: &TokenId, seen: &Seen) {
        let last = seen.last.as_ref().map(|last| {
            let agent = last.agent.as_ref().map(|agent| self.agent(agent));
            (micros(last.at), last.address, agent)
        });
        let entry = Entry {
            token: *token,
            account: *seen.account.as_bytes(),
            last,
            login: seen.login().map(micros),
            days: seen.days().map(|day| (day.date.num_days_from_ce(), day.accepted, day.refused)).collect(),
            refusals: seen.refusals().iter().map(|(reason, count)| (reason.to_string(), *count)).collect(),
        };
        self.packed = extended(&entry, std::mem::take(&mut self.packed));
        self.tokens += 1;
    }

    fn agent(&mut self, agent: &Arc<String>) -> u32 {
        if let Some(known) = self.agents.get(agent) {
            return *known;
        }
        let new = u32::try_from(self.agents.len()).unwrap_or(u32::MAX);
        self.agents.insert(Arc::clone(agent), new);
        new
    }

    /// The row's content.
    pub fn packed(self) -> Vec<u8> {
        let mut agents = vec![String::new(); self.agents.len()];
        for (agent, at) in self.agents {
            if let Some(place) = agents.get_mut(at as usize) {
                *place = Arc::unwrap_or_clone(agent);
            }
        }
        let mut content = extended(&Head { agents, tokens: self.tokens }, vec![FORMAT]);
        content.extend(self.packed);
        content
    }
}

/// Into memory, and of types that cannot fail.
fn extended(value: &impl Serialize, content: Vec<u8>) -> Vec<u8> {
    postcard::to_extend(value, content).unwrap_or_default()
}

/// What a row says. `None` where it was written by a version that writes another format.
pub fn unpacked(content: &[u8]) -> Option<Taken> {
    let (&FORMAT, packed) = content.split_first()? else { return None };
    let (Head { agents, tokens }, mut packed): (Head, _) = postcard::take_from_bytes(packed).ok()?;
    let agents: Vec<Arc<String>> = agents.into_iter().map(Arc::new).collect();
    let mut taken = Taken::new();
    for _ in 0..tokens {
        let (entry, rest): (Entry, _) = postcard::take_from_bytes(packed).ok()?;
        taken.push(entry.seen(&agents)?);
        packed = rest;
    }
    packed.is_empty().then_some(taken)
}

impl Entry {
    fn seen(self, agents: &[Arc<String>]) -> Option<(TokenId, Seen)> {
        let mut seen = Seen::of(Uuid::from_bytes(self.account));
        for (day, accepted, refused) in self.days {
            seen.count(NaiveDate::from_num_days_from_ce_opt(day)?, accepted, refused);
        }
        if let Some((at, address, agent)) = self.last {
            let agent = agent.and_then(|at| agents.get(at as usize).cloned());
            seen.last = Some(Use { at: moment(at)?, address, agent });
        }
        if let Some(at) = self.login {
            seen.logged_in(moment(at)?);
        }
        for (reason, count) in self.refusals {
            seen.refuse(Cow::Owned(reason), count);
        }
        Some((self.token, seen))
    }
}

fn micros(at: NaiveDateTime) -> i64 {
    at.and_utc().timestamp_micros()
}

fn moment(micros: i64) -> Option<NaiveDateTime> {
    DateTime::from_timestamp_micros(micros).map(|at| at.naive_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activity::seen::Texts;

    const TOKEN: TokenId = *b"0123456789AB";

    fn at(second: i64) -> NaiveDateTime {
        moment(1_795_600_000_000_001 + second * 1_000_000).unwrap()
    }

    #[test]
    fn what_is_packed_comes_out_again() {
        let (mut packer, mut texts) = (Packer::default(), Texts::default());
        let mut seen = Seen::of(Uuid::now_v7());
        seen.count(at(0).date(), 3, 1);
        seen.count(at(90_000).date(), u32::MAX, 0);
        seen.used(at(7), Some("2001:db8::7".parse().unwrap()), Some("curl \u{e4}"), &mut texts);
        seen.logged_in(at(5));
        seen.refuse("revoked".into(), 4);
        seen.refuse("expired".into(), i64::MAX);
        packer.add(&TOKEN, &seen);
        let mut other = Seen::of(Uuid::nil());
        other.used(at(-9), None, Some("ci"), &mut texts);
        packer.add(b"BA9876543210", &other);
        packer.add(b"000000000000", &Seen::of(Uuid::nil()));
        let content = packer.packed();
        let found = unpacked(&content).unwrap();
        let (token, same) = &found[0];
        assert_eq!((*token, same.account), (TOKEN, seen.account));
        let days = |seen: &Seen| seen.days().map(|day| (day.date, day.accepted, day.refused)).collect::<Vec<_>>();
        assert_eq!(days(same), days(&seen));
        assert_eq!((same.refusals(), same.login()), (seen.refusals(), Some(at(5))));
        let last = same.last.as_ref().unwrap();
        assert_eq!((last.at, last.address), (at(7), "2001:db8::7".parse().ok()));
        assert_eq!(last.agent.as_ref().unwrap().as_str(), "curl \u{e4}");
        assert_eq!(found[1].1.last.as_ref().unwrap().agent.as_ref().unwrap().as_str(), "ci");
        assert!(found[2].1.last.is_none() && found[2].1.calls() == 0);
        for broken in [&content[..content.len() - 1], &content[1..], &[]] {
            assert!(unpacked(broken).is_none());
        }
    }

    #[test]
    fn a_token_costs_little() {
        let mut packer = Packer::default();
        for number in 0..1_000 {
            let mut seen = Seen::of(Uuid::now_v7());
            seen.count(at(0).date(), 1, 0);
            seen.used(at(number), Some("192.0.2.1".parse().unwrap()), Some("an agent of a usual length"), &mut Texts::default());
            packer.add(format!("{number:012}").as_bytes().try_into().unwrap(), &seen);
        }
        assert!(packer.packed().len() < 60_000);
    }

    #[test]
    fn who_is_late_is_waited_for() {
        let (one, other) = (Id::new(), Id::new());
        let mut overdue = Overdue::default();
        assert!(overdue.abandoned(vec![one.clone()], at(0)).is_empty());
        assert!(overdue.abandoned(vec![one.clone(), other.clone()], at(20)).is_empty());
        assert_eq!(overdue.abandoned(vec![one.clone(), other.clone()], at(30)), std::slice::from_ref(&one));
        assert_eq!(overdue.abandoned(vec![other.clone()], at(31)), []);
        assert_eq!(overdue.abandoned(vec![one.clone(), other.clone()], at(50)), std::slice::from_ref(&other));
        overdue.forget();
        assert!(overdue.abandoned(vec![one, other], at(99)).is_empty());
        assert!(kept_until(at(0), Duration::from_secs(5)) == at(40));
    }
}
