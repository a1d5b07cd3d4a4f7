//! What was seen of one token since the last write. There is one of these for each token that is in play, so it is small.

use std::borrow::Cow;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use chrono::{NaiveDate, NaiveDateTime};
use uuid::Uuid;

use crate::tokens::value::TokenId;

/// What was seen, by token.
pub type Gathered = HashMap<TokenId, Seen>;

/// What was seen of a token.
pub struct Seen {
    /// The token's account.
    pub account: Uuid,
    /// Its last use.
    pub last: Option<Use>,
    day: Day,
    /// What most tokens have nothing of.
    more: Option<Box<More>>,
}

/// A token's last use.
pub struct Use {
    /// When.
    pub at: NaiveDateTime,
    /// From where.
    pub address: Option<IpAddr>,
    /// The client's User-Agent. Clients of one kind are many: they share the text, and a thin pointer leads to it.
    pub agent: Option<Arc<String>>,
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

impl Day {
    fn is_empty(self) -> bool {
        self.accepted == 0 && self.refused == 0
    }
}

#[derive(Default)]
struct More {
    /// When the account last called Muster's own API by it.
    login: Option<NaiveDateTime>,
    /// The days beyond the first one: those before midnight, and those of an outage.
    days: Vec<Day>,
    refusals: Vec<(Cow<'static, str>, i64)>,
}

impl Seen {
    /// Nothing yet of a token of this account.
    pub fn of(account: Uuid) -> Self {
        Self { account, last: None, day: Day::default(), more: None }
    }

    fn more(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }

    /// Adds to the calls of a day.
    pub fn count(&mut self, date: NaiveDate, accepted: u32, refused: u32) {
        if self.day.is_empty() {
            self.day.date = date;
        }
        let day = if self.day.date == date { &mut self.day } else { self.more().day(date) };
        day.accepted = day.accepted.saturating_add(accepted);
        day.refused = day.refused.saturating_add(refused);
    }

    /// The days on which there were calls.
    pub fn days(&self) -> impl Iterator<Item = Day> + '_ {
        let others = self.more.iter().flat_map(|more| more.days.iter().copied());
        std::iter::once(self.day).filter(|day| !day.is_empty()).chain(others)
    }

    /// How many calls there were.
    pub fn calls(&self) -> u64 {
        self.days().map(|day| u64::from(day.accepted) + u64::from(day.refused)).sum()
    }

    /// Notes a use. The latest counts, in whichever order they come.
    pub fn used(&mut self, at: NaiveDateTime, address: Option<IpAddr>, agent: Option<&str>, texts: &mut Texts) {
        match &mut self.last {
            Some(last) if last.at > at => {}
            Some(last) => {
                (last.at, last.address) = (at, address);
                if last.agent.as_ref().map(|agent| agent.as_str()) != agent {
                    last.agent = agent.map(|agent| texts.shared(agent));
                }
            }
            None => self.last = Some(Use { at, address, agent: agent.map(|agent| texts.shared(agent)) }),
        }
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
    pub fn add(&mut self, older: Self) {
        older.days().for_each(|day| self.count(day.date, day.accepted, day.refused));
        older.refusals().iter().for_each(|(reason, count)| self.refuse(reason.clone(), *count));
        if let Some(at) = older.login() {
            self.logged_in(at);
        }
        let own = self.last.as_ref().map(|last| last.at);
        if older.last.as_ref().map(|last| last.at) > own {
            self.last = older.last;
        }
    }
}

impl More {
    fn day(&mut self, date: NaiveDate) -> &mut Day {
        let at = self.days.iter().position(|day| day.date == date).unwrap_or_else(|| {
            self.days.push(Day { date, ..Day::default() });
            self.days.len() - 1
        });
        &mut self.days[at]
    }
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
        assert!(size_of::<(TokenId, Seen)>() <= 96, "{}", size_of::<(TokenId, Seen)>());
    }

    #[test]
    fn days_are_told_apart() {
        let mut seen = Seen::of(Uuid::nil());
        let days: Vec<NaiveDate> = (1..4).filter_map(|day| NaiveDate::from_ymd_opt(2026, 11, day)).collect();
        for (calls, day) in [(1, days[1]), (2, days[0]), (3, days[2]), (4, days[1]), (5, days[0])] {
            seen.count(day, calls, 1);
        }
        let found: Vec<_> = seen.days().map(|day| (day.date, day.accepted, day.refused)).collect();
        assert_eq!(found, [(days[1], 5, 2), (days[0], 7, 2), (days[2], 3, 1)]);
        assert_eq!(seen.calls(), 20);
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
