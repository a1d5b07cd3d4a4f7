//! What was seen of an account and its tokens and has not been written yet.

use std::net::IpAddr;

use chrono::{NaiveDate, NaiveDateTime};
use uuid::Uuid;

use crate::tokens::value::TokenId;

/// The usage of some accounts, by their identities.
pub type Chunk = Vec<(Uuid, AccountUsage)>;

/// Use of one account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountUsage {
    /// The last call of Muster's own API.
    pub last_login: Option<NaiveDateTime>,
    /// In no order, each day once.
    pub days: Vec<DayCount>,
    /// By their ids: an account may have thousands.
    pub tokens: Vec<TokenUsage>,
}

/// Use of one token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenUsage {
    /// Its public id.
    pub id: TokenId,
    /// `None` where it was only refused.
    pub last: Option<LastUse>,
    /// Refused calls by reason, for the audit log.
    pub refusals: Vec<(&'static str, i64)>,
}

/// The last accepted call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastUse {
    pub at: NaiveDateTime,
    pub address: Option<IpAddr>,
    /// The client's User-Agent.
    pub agent: Option<Box<str>>,
}

/// Calls on one day, in UTC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DayCount {
    pub date: NaiveDate,
    pub accepted: u32,
    pub refused: u32,
}

/// When an account was last used and last logged in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LastUses {
    pub used: Option<NaiveDateTime>,
    pub login: Option<NaiveDateTime>,
}

impl AccountUsage {
    /// The place of a token, or where it would stand.
    pub fn find(&self, token: &TokenId) -> Result<usize, usize> {
        self.tokens.binary_search_by(|known| known.id.cmp(token))
    }

    /// The last use of a token.
    pub fn last_use(&self, token: &str) -> Option<&LastUse> {
        let id = TokenId::try_from(token.as_bytes()).ok()?;
        self.tokens[self.find(&id).ok()?].last.as_ref()
    }

    pub fn last_uses(&self) -> LastUses {
        let used = self.tokens.iter().filter_map(|token| Some(token.last.as_ref()?.at)).max();
        LastUses { used, login: self.last_login }
    }

    pub fn count(&mut self, date: NaiveDate, accepted: u32, refused: u32) {
        let at = self.days.iter().position(|day| day.date == date).unwrap_or_else(|| {
            self.days.reserve_exact(1);
            self.days.push(DayCount { date, ..DayCount::default() });
            self.days.len() - 1
        });
        let day = &mut self.days[at];
        day.accepted = day.accepted.saturating_add(accepted);
        day.refused = day.refused.saturating_add(refused);
    }

    /// Adds what was seen at another time, before or after.
    pub fn merge(&mut self, other: Self) {
        self.last_login = self.last_login.max(other.last_login);
        other.days.iter().for_each(|day| self.count(day.date, day.accepted, day.refused));
        for token in other.tokens {
            match self.find(&token.id) {
                Ok(at) => self.tokens[at].merge(token),
                Err(at) => self.tokens.insert(at, token),
            }
        }
    }
}

impl TokenUsage {
    pub fn new(id: TokenId) -> Self {
        Self { id, last: None, refusals: Vec::new() }
    }

    /// The latest call counts as the last use, in whichever order they come.
    pub fn accept(&mut self, last: LastUse) {
        if self.last.as_ref().is_none_or(|known| last.at >= known.at) {
            self.last = Some(last);
        }
    }

    pub fn refuse(&mut self, reason: &'static str, times: i64) {
        match self.refusals.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += times,
            None => self.refusals.push((reason, times)),
        }
    }

    fn merge(&mut self, other: Self) {
        other.last.into_iter().for_each(|last| self.accept(last));
        other.refusals.into_iter().for_each(|(reason, times)| self.refuse(reason, times));
    }
}

impl LastUses {
    /// The later of each.
    pub fn max(self, other: Self) -> Self {
        Self { used: self.used.max(other.used), login: self.login.max(other.login) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon(day: u32) -> NaiveDateTime {
        NaiveDate::from_ymd_opt(2026, 11, day).and_then(|day| day.and_hms_opt(12, 0, 0)).unwrap()
    }

    fn used(token: u8, day: u32, agent: &str) -> AccountUsage {
        let mut usage = AccountUsage { tokens: vec![TokenUsage::new([token; 12])], ..AccountUsage::default() };
        usage.tokens[0].accept(LastUse { at: noon(day), address: "192.0.2.7".parse().ok(), agent: Some(agent.into()) });
        usage.tokens[0].refuse("revoked", 2);
        usage.count(noon(day).date(), 1, 0);
        usage
    }

    #[test]
    fn usage_adds_up_in_any_order() {
        let parts = [used(7, 1, "a"), used(7, 3, "b"), used(5, 2, "c"), used(7, 2, "d"), used(9, 3, "e")];
        for turn in 0..parts.len() {
            let mut sum = AccountUsage::default();
            for at in 0..parts.len() {
                let mut part = parts[(at + turn) % parts.len()].clone();
                part.last_login = Some(noon(u32::try_from(at).unwrap() + 1));
                sum.merge(part);
            }
            sum.days.sort_by_key(|day| day.date);
            let days = sum.days.iter().map(|day| day.accepted).collect::<Vec<_>>();
            assert_eq!((days, sum.last_login), (vec![1, 2, 2], Some(noon(5))), "{turn}");
            let tokens =
                sum.tokens.iter().map(|token| (token.last.as_ref().unwrap().agent.as_deref().unwrap(), token.refusals[0].1));
            assert_eq!(tokens.collect::<Vec<_>>(), [("c", 2), ("b", 6), ("e", 2)], "{turn}");
            assert_eq!(sum.last_uses().used, Some(noon(3)));
        }
    }

    #[test]
    fn a_token_that_was_only_refused_has_no_last_use() {
        let refused = || AccountUsage { tokens: vec![TokenUsage::new([7; 12])], ..AccountUsage::default() };
        let mut usage = refused();
        assert_eq!(usage.last_uses(), LastUses::default());
        usage.merge(used(7, 1, "a"));
        usage.merge(refused());
        assert_eq!(usage.last_uses().used, Some(noon(1)));
    }
}
