//! What was seen of one token since the last write. There is one of these for each token that is in play, and each accepted call
//! looks for one: with its token it is as large as a cache line.

use std::borrow::Cow;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use chrono::{NaiveDate, NaiveDateTime};
use smallvec::SmallVec;
use uuid::Uuid;

use crate::clock;
use crate::tokens::value::TokenId;

/// What was seen, by token.
pub type Gathered = HashMap<TokenId, Seen>;

/// What was seen of a token.
pub struct Seen {
    /// The token's account.
    pub account: Uuid,
    /// Its last use, in microseconds since 1970; [`UNUSED`] for none.
    at: i64,
    agent: Option<Arc<String>>,
    /// Where the last use came from. Unspecified where that is not known, or no address of IPv4.
    address: Ipv4Addr,
    /// Calls that were accepted on the day of the last use.
    accepted: u32,
    /// What most tokens have nothing of.
    more: Option<Box<More>>,
}

const UNUSED: i64 = i64::MIN;

/// A token's last use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use<'a> {
    /// When.
    pub at: NaiveDateTime,
    /// From where.
    pub address: Option<IpAddr>,
    /// The client's User-Agent. Clients of one kind are many: they share the text, and a thin pointer leads to it.
    pub agent: Option<&'a Arc<String>>,
}

/// Calls on one day, in UTC.
#[derive(Clone, Copy, Default)]
pub struct Day {
    /// The day.
    pub date: NaiveDate,
    /// Accepted calls.
    pub accepted: u32,
    /// Refused calls.
    pub refused: u32,
}

#[derive(Default)]
struct More {
    /// Where the last use came from, if that is no address of IPv4.
    address: Option<IpAddr>,
    /// When the account last called Muster's own API by it.
    login: Option<NaiveDateTime>,
    /// Refused calls, and accepted ones of other days: those before midnight, and those of an outage.
    days: SmallVec<[Day; 1]>,
    refusals: SmallVec<[(Cow<'static, str>, i64); 1]>,
}

impl Seen {
    /// Nothing yet of a token of this account.
    pub fn of(account: Uuid) -> Self {
        Self { account, at: UNUSED, agent: None, address: Ipv4Addr::UNSPECIFIED, accepted: 0, more: None }
    }

    fn more(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }

    /// Notes a call that was accepted. The latest counts as the last use, in whichever order they come.
    pub fn used(&mut self, at: NaiveDateTime, address: Option<IpAddr>, agent: Option<&str>, texts: &mut Texts) {
        let micros = clock::micros(at);
        if micros >= self.at {
            self.move_to(micros, address);
            if self.agent.as_ref().map(|agent| agent.as_str()) != agent {
                self.agent = agent.map(|agent| texts.shared(agent));
            }
        }
        if is_same_day(micros, self.at) {
            self.accepted = self.accepted.saturating_add(1);
        } else {
            self.more().count(at.date(), 1, 0);
        }
    }

    /// Moves the last use forward.
    fn move_to(&mut self, at: i64, address: Option<IpAddr>) {
        if self.accepted > 0 && !is_same_day(at, self.at) {
            let accepted = std::mem::take(&mut self.accepted);
            let day = date(self.at);
            self.more().count(day, accepted, 0);
        }
        self.at = at;
        let (v4, other) = match address {
            Some(IpAddr::V4(address)) => (address, None),
            other => (Ipv4Addr::UNSPECIFIED, other),
        };
        self.address = v4;
        if other.is_some() || self.more.is_some() {
            self.more().address = other;
        }
    }

    /// Its last use.
    pub fn last(&self) -> Option<Use<'_>> {
        let v4 = (!self.address.is_unspecified()).then_some(IpAddr::V4(self.address));
        let address = v4.or_else(|| self.more.as_ref()?.address);
        (self.at != UNUSED).then(|| Use { at: moment(self.at), address, agent: self.agent.as_ref() })
    }

    /// Says what its last use was, before anything else is said of it.
    pub fn begin_with(&mut self, at: NaiveDateTime, address: Option<IpAddr>, agent: Option<Arc<String>>) {
        self.move_to(clock::micros(at), address);
        self.agent = agent;
    }

    /// Adds to the calls of a day.
    pub fn count(&mut self, day: NaiveDate, mut accepted: u32, refused: u32) {
        if self.at != UNUSED && date(self.at) == day {
            self.accepted = self.accepted.saturating_add(std::mem::take(&mut accepted));
        }
        if accepted > 0 || refused > 0 {
            self.more().count(day, accepted, refused);
        }
    }

    /// The days on which there were calls. One may come twice.
    pub fn days(&self) -> impl Iterator<Item = Day> + '_ {
        let last = (self.accepted > 0).then(|| Day { date: date(self.at), accepted: self.accepted, refused: 0 });
        last.into_iter().chain(self.more.iter().flat_map(|more| more.days.iter().copied()))
    }

    /// How many calls there were.
    pub fn calls(&self) -> u64 {
        self.days().map(|day| u64::from(day.accepted) + u64::from(day.refused)).sum()
    }

    /// Notes a call of Muster's own API.
    pub fn logged_in(&mut self, at: NaiveDateTime) {
        let more = self.more();
        more.login = more.login.max(Some(at));
    }

    /// The last call of Muster's own API.
    pub fn login(&self) -> Option<NaiveDateTime> {
        self.more.as_ref()?.login
    }

    /// Notes that it was refused so many times for a reason.
    pub fn refuse(&mut self, reason: Cow<'static, str>, times: i64) {
        let refusals = &mut self.more().refusals;
        match refusals.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += times,
            None => refusals.push((reason, times)),
        }
    }

    /// How often it was refused, by reason.
    pub fn refusals(&self) -> &[(Cow<'static, str>, i64)] {
        self.more.as_ref().map_or(&[], |more| &more.refusals)
    }

    /// Adds what was seen before.
    pub fn add(&mut self, mut older: Self) {
        if older.at > self.at {
            self.move_to(older.at, older.last().and_then(|last| last.address));
            self.agent = older.agent.take();
        }
        older.days().for_each(|day| self.count(day.date, day.accepted, day.refused));
        older.refusals().iter().for_each(|(reason, count)| self.refuse(reason.clone(), *count));
        if let Some(at) = older.login() {
            self.logged_in(at);
        }
    }
}

impl More {
    fn count(&mut self, date: NaiveDate, accepted: u32, refused: u32) {
        let at = self.days.iter().position(|day| day.date == date).unwrap_or_else(|| {
            self.days.push(Day { date, ..Day::default() });
            self.days.len() - 1
        });
        let day = &mut self.days[at];
        day.accepted = day.accepted.saturating_add(accepted);
        day.refused = day.refused.saturating_add(refused);
    }
}

fn is_same_day(one: i64, other: i64) -> bool {
    const DAY: i64 = 24 * 60 * 60 * 1_000_000;
    one.div_euclid(DAY) == other.div_euclid(DAY)
}

fn moment(micros: i64) -> NaiveDateTime {
    // It was a moment before.
    clock::of_micros(micros).unwrap_or(NaiveDateTime::MIN)
}

fn date(micros: i64) -> NaiveDate {
    moment(micros).date()
}

/// The last few User-Agents that were seen.
#[derive(Default)]
pub struct Texts(Vec<Arc<String>>);

impl Texts {
    const KEPT: usize = 8;

    fn shared(&mut self, text: &str) -> Arc<String> {
        if let Some(known) = self.0.iter().find(|known| known.as_str() == text) {
            return Arc::clone(known);
        }
        if self.0.len() == Self::KEPT {
            self.0.remove(0);
        }
        let new = Arc::new(text.to_owned());
        self.0.push(Arc::clone(&new));
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_small() {
        assert_eq!((size_of::<(TokenId, Seen)>(), size_of::<More>()), (64, 112));
    }

    fn days(seen: &Seen) -> Vec<(NaiveDate, u32, u32)> {
        let mut sums = std::collections::BTreeMap::<_, (u32, u32)>::new();
        for day in seen.days() {
            let sum = sums.entry(day.date).or_default();
            (sum.0, sum.1) = (sum.0 + day.accepted, sum.1 + day.refused);
        }
        sums.into_iter().map(|(date, (accepted, refused))| (date, accepted, refused)).collect()
    }

    fn noon(day: u32) -> NaiveDateTime {
        NaiveDate::from_ymd_opt(2026, 11, day).and_then(|day| day.and_hms_opt(12, 0, 0)).unwrap()
    }

    #[test]
    fn days_are_told_apart() {
        let mut seen = Seen::of(Uuid::nil());
        for (calls, day) in [(1, 2), (2, 1), (3, 3), (4, 2), (5, 1)] {
            seen.count(noon(day).date(), calls, 1);
        }
        let expected = |day: u32, accepted, refused| (noon(day).date(), accepted, refused);
        assert_eq!(days(&seen), [expected(1, 7, 2), expected(2, 5, 2), expected(3, 3, 1)]);
        assert_eq!(seen.calls(), 20);
        // Uses, in any order, and what belongs to a day that is the last one's or not.
        let texts = &mut Texts::default();
        for day in [2, 2, 1, 3, 3, 2, 4] {
            seen.used(noon(day), None, None, texts);
            seen.count(noon(day).date(), 10, 0);
        }
        assert_eq!(days(&seen), [expected(1, 18, 2), expected(2, 38, 2), expected(3, 25, 1), expected(4, 11, 0)]);
        // Added to another, they are the same.
        for (last, sum) in [(None, 11), (Some(3), 11), (Some(4), 12), (Some(5), 11)] {
            let mut newer = Seen::of(Uuid::nil());
            last.into_iter().for_each(|day| newer.used(noon(day), None, None, texts));
            let mut older = Seen::of(Uuid::nil());
            older.used(noon(4), Some("192.0.2.7".parse().unwrap()), Some("curl"), texts);
            older.count(noon(4).date(), 10, 0);
            newer.add(older);
            assert_eq!(newer.calls(), if last.is_some() { 12 } else { 11 });
            assert!(days(&newer).contains(&(noon(4).date(), sum, 0)), "{last:?}: {:?}", days(&newer));
            let from = newer.last().unwrap().address.is_some();
            assert_eq!((newer.last().unwrap().at, from), (noon(last.unwrap_or(4).max(4)), last.is_none_or(|day| day < 4)));
        }
    }

    #[test]
    fn the_last_use_is_the_latest_from_wherever_it_came() {
        let (mut seen, mut added, texts) = (Seen::of(Uuid::nil()), Seen::of(Uuid::nil()), &mut Texts::default());
        assert_eq!(seen.last(), None);
        for (day, address) in [(1, "192.0.2.7"), (3, "2001:db8::7"), (2, "192.0.2.8"), (4, "192.0.2.9"), (5, "::1"), (6, "")] {
            let mut use_of_day = Seen::of(Uuid::nil());
            use_of_day.used(noon(day), address.parse().ok(), (day != 6).then_some(address), texts);
            added.add(use_of_day);
            seen.used(noon(day), address.parse().ok(), (day != 6).then_some(address), texts);
            assert_eq!((added.last(), days(&added)), (seen.last(), days(&seen)));
            let last = if day == 2 { (3, "2001:db8::7") } else { (day, address) };
            let found = seen.last().unwrap();
            assert_eq!((found.at, found.address), (noon(last.0), last.1.parse().ok()), "{day}");
            assert_eq!(found.agent.map(|agent| agent.as_str()), (day != 6).then_some(last.1));
        }
    }

    #[test]
    fn user_agents_are_shared() {
        let mut texts = Texts::default();
        let first = texts.shared("curl");
        assert!(Arc::ptr_eq(&first, &texts.shared("curl")));
        for number in 0..Texts::KEPT {
            texts.shared(&number.to_string());
        }
        assert_eq!(texts.0.len(), Texts::KEPT);
    }
}
