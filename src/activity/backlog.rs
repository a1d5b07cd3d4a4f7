//! What waits for its turn, in the database meanwhile, so that a crash loses no more of the many than of the few.
//!
//! To write the activity of a token to its place costs far more than to note it down among thousands of others. Where more
//! tokens were used than are written at once, all that waits is noted down each interval, a row for each part; the transaction
//! that writes a part to its place removes its row, and the next interval replaces what is left. So each call counts once,
//! whenever the process ends.
//!
//! Whose process has ended is seen from its rows: it does not replace them any more. Any instance writes them to their places
//! then, also the next one on the same SQLite file. A row says for how long to wait for its own instance, and whoever takes it
//! over has seen it for as long itself: no clocks are compared, and after an outage of the database, when all are late, the wait
//! begins anew. Twice counts only what an instance writes that goes on after it has been taken for ended (it stood still for
//! over a minute, or was cut off from a database that others reached), and what a broken connection makes it write again whose
//! commit it was not told of.
//!
//! 200,000 tokens that are in use all the time are twelve megabytes an interval, which also go into the database's log of writes.

use std::borrow::Cow;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use uuid::Uuid;

use super::parts::Taken;
use super::seen::Seen;
use crate::clock::{micros, of_micros};
use crate::id::Id;
use crate::tokens::value::TokenId;

/// Who has missed two intervals may still come this much later.
const GRACE: Duration = Duration::from_secs(60);
/// The bytes of a token, about: its identity and its account, a moment, an address of IPv4, and a day.
const BYTES: usize = 58;

/// For how long, in seconds, another instance has to see a row that stands unchanged before it may take it over.
pub fn patience(interval: Duration) -> i64 {
    i64::try_from(interval.saturating_mul(2).saturating_add(GRACE).as_secs()).unwrap_or(i64::MAX)
}

/// The rows of others, and since when they have been seen to stand there.
#[derive(Default)]
pub struct Overdue(HashMap<Id, Instant>);

impl Overdue {
    /// Takes note of the rows that are there now, each with its patience, and tells which have been for so long that nobody
    /// will come.
    pub fn abandoned(&mut self, rows: Vec<(Id, i64)>, now: Instant) -> Vec<Id> {
        let before = std::mem::take(&mut self.0);
        let mut abandoned = Vec::new();
        for (row, patience) in rows {
            let since = before.get(&row).map_or(now, |since| *since);
            if now.saturating_duration_since(since) >= Duration::from_secs(patience.try_into().unwrap_or(0)) {
                abandoned.push(row.clone());
            }
            self.0.insert(row, since);
        }
        abandoned
    }

    /// Begins anew: while the database was away nobody could replace anything.
    pub fn forget(&mut self) {
        self.0.clear();
    }
}

/// What was seen of one token. Moments are microseconds since 1970, days are numbered from the year 1.
///
/// A row's content is one of these after the other. To change what is written here is to change `FORMAT` in `queries.rs`.
#[derive(Serialize, Deserialize)]
struct Entry {
    token: TokenId,
    account: [u8; 16],
    last: Option<(i64, Option<IpAddr>, Option<Agent>)>,
    login: Option<i64>,
    /// Calls that were accepted and refused. Most tokens have one day, and have not been refused: nothing is allocated for them.
    days: SmallVec<[(i32, u32, u32); 1]>,
    refusals: Vec<(String, i64)>,
}

/// A User-Agent. Many tokens have the same.
#[derive(Serialize, Deserialize)]
enum Agent {
    New(String),
    /// The one that came as so many others had come before it.
    Known(u32),
}

/// Collects what was seen of some tokens for a row.
pub struct Packer {
    agents: HashMap<Arc<String>, u32>,
    packed: Vec<u8>,
}

impl Packer {
    /// For about so many tokens: so that nothing has to move while they are added.
    pub fn of(tokens: usize) -> Self {
        Self { agents: HashMap::new(), packed: Vec::with_capacity(tokens * BYTES) }
    }

    /// Adds a token.
    pub fn add(&mut self, token: &TokenId, seen: &Seen) {
        let last = seen.last().map(|last| {
            let agent = last.agent.map(|agent| self.agent(agent));
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
        // Into memory, and of types that cannot fail.
        self.packed = postcard::to_extend(&entry, std::mem::take(&mut self.packed)).unwrap_or_default();
    }

    fn agent(&mut self, agent: &Arc<String>) -> Agent {
        if let Some(known) = self.agents.get(agent) {
            return Agent::Known(*known);
        }
        let new = u32::try_from(self.agents.len()).unwrap_or(u32::MAX);
        self.agents.insert(Arc::clone(agent), new);
        Agent::New(agent.as_ref().clone())
    }

    /// The row's content.
    pub fn packed(&self) -> &[u8] {
        &self.packed
    }

    /// Begins a new row.
    pub fn clear(&mut self) {
        self.agents.clear();
        self.packed.clear();
    }
}

/// What a row says. `None` where it is not what [`Packer::packed`] makes.
pub fn unpacked(mut content: &[u8]) -> Option<Taken> {
    let (mut agents, mut taken) = (Vec::new(), Taken::new());
    while !content.is_empty() {
        let (entry, rest): (Entry, _) = postcard::take_from_bytes(content).ok()?;
        taken.push(entry.seen(&mut agents)?);
        content = rest;
    }
    Some(taken)
}

impl Entry {
    /// `agents` are those that have come before it.
    fn seen(self, agents: &mut Vec<Arc<String>>) -> Option<(TokenId, Seen)> {
        let mut seen = Seen::of(Uuid::from_bytes(self.account));
        if let Some((at, address, agent)) = self.last {
            let agent = match agent {
                Some(Agent::New(agent)) => {
                    agents.push(Arc::new(agent));
                    agents.last().cloned()
                }
                Some(Agent::Known(at)) => Some(agents.get(at as usize)?.clone()),
                None => None,
            };
            seen.begin_with(of_micros(at)?, address, agent);
        }
        for (day, accepted, refused) in self.days {
            seen.count(NaiveDate::from_num_days_from_ce_opt(day)?, accepted, refused);
        }
        if let Some(at) = self.login {
            seen.logged_in(of_micros(at)?);
        }
        for (reason, count) in self.refusals {
            seen.refuse(Cow::Owned(reason), count);
        }
        Some((self.token, seen))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::NaiveDateTime;

    use super::*;
    use crate::activity::seen::Texts;

    const TOKEN: TokenId = *b"0123456789AB";

    fn at(second: i64) -> NaiveDateTime {
        of_micros(1_795_600_000_000_001 + second * 1_000_000).unwrap()
    }

    #[test]
    fn what_is_packed_comes_out_again() {
        let (mut packer, mut texts) = (Packer::of(3), Texts::default());
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
        let found = unpacked(content).unwrap();
        let (token, same) = &found[0];
        assert_eq!((*token, same.account), (TOKEN, seen.account));
        let days = |seen: &Seen| {
            let mut sums = BTreeMap::<_, (u32, u32)>::new();
            seen.days().for_each(|day| {
                let sum = sums.entry(day.date).or_default();
                *sum = (sum.0 + day.accepted, sum.1 + day.refused);
            });
            sums
        };
        assert_eq!(days(same), days(&seen));
        assert_eq!((same.refusals(), same.login()), (seen.refusals(), Some(at(5))));
        let last = same.last().unwrap();
        assert_eq!((last.at, last.address), (at(7), "2001:db8::7".parse().ok()));
        assert_eq!(last.agent.as_ref().unwrap().as_str(), "curl \u{e4}");
        assert_eq!(found[1].1.last().unwrap().agent.as_ref().unwrap().as_str(), "ci");
        assert!(found[2].1.last().is_none() && found[2].1.calls() == 0);
        for broken in [&content[..content.len() - 1], &content[1..]] {
            assert!(unpacked(broken).is_none());
        }
        assert_eq!(unpacked(&[]).map(|none| none.len()), Some(0));
        // The next row knows nothing of the agents in this one.
        packer.clear();
        packer.add(&TOKEN, &found[0].1);
        let again = unpacked(packer.packed()).unwrap();
        assert_eq!(again[0].1.last(), found[0].1.last());
    }

    #[test]
    fn a_token_costs_little() {
        let mut packer = Packer::of(1_000);
        for number in 0..1_000 {
            let mut seen = Seen::of(Uuid::now_v7());
            seen.used(at(number), Some("192.0.2.1".parse().unwrap()), Some("an agent of a usual length"), &mut Texts::default());
            packer.add(format!("{number:012}").as_bytes().try_into().unwrap(), &seen);
        }
        assert!(packer.packed().len() < 1_000 * BYTES);
    }

    #[test]
    fn who_is_late_is_waited_for() {
        let (one, other) = (Id::new(), Id::new());
        let (began, mut overdue) = (Instant::now(), Overdue::default());
        let see = |overdue: &mut Overdue, rows: &[&Id], second| {
            let rows = rows.iter().map(|row| ((*row).clone(), patience(Duration::from_secs(5)))).collect();
            overdue.abandoned(rows, began + Duration::from_secs(second))
        };
        assert_eq!(see(&mut overdue, &[&one], 0), []);
        assert_eq!(see(&mut overdue, &[&one, &other], 69), []);
        assert_eq!(see(&mut overdue, &[&one, &other], 70), std::slice::from_ref(&one));
        assert_eq!(see(&mut overdue, &[&other], 138), []);
        assert_eq!(see(&mut overdue, &[&one, &other], 139), std::slice::from_ref(&other));
        overdue.forget();
        assert_eq!(see(&mut overdue, &[&one, &other], 300), []);
        assert_eq!(patience(Duration::MAX), i64::MAX);
    }
}
