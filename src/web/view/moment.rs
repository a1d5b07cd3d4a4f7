//! Times, put into words.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta, Timelike, Utc};

use super::words::{counted, grouped};
use crate::clock;

/// A point in time that can be told in UTC: what the database keeps, and what the clock says.
pub trait InUtc {
    /// The same point without its zone, in UTC.
    fn in_utc(self) -> NaiveDateTime;
}

impl InUtc for NaiveDateTime {
    fn in_utc(self) -> NaiveDateTime {
        self
    }
}

impl InUtc for DateTime<Utc> {
    fn in_utc(self) -> NaiveDateTime {
        self.naive_utc()
    }
}

/// A time as a page shows it: `<time datetime="iso" title="exact">text</time>`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    pub at: NaiveDateTime,
    /// What stands on the page, such as `2 hours ago`.
    pub text: String,
    /// How urgent it is.
    pub tone: Tone,
}

/// How urgent something is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing to do.
    #[default]
    Quiet,
    /// Soon: amber.
    Warn,
    /// Past or broken: red.
    Danger,
}

/// Days before an expiry from which on it is "soon".
pub const SOON_DAYS: i64 = 14;

impl Moment {
    fn new(at: NaiveDateTime, text: String) -> Self {
        Self { at, text, tone: Tone::Quiet }
    }

    /// For machines: `2026-11-24T12:32:07Z`.
    pub fn iso(&self) -> String {
        clock::written(self.at)
    }

    /// For the title: `24 Nov 2026, 12:32:07 UTC`.
    pub fn exact(&self) -> String {
        let at = self.at;
        format!("{}, {:02}:{:02}:{:02} UTC", day(at.date()), at.hour(), at.minute(), at.second())
    }

    /// The class of its tone; empty for a quiet one.
    pub fn class(&self) -> &'static str {
        match self.tone {
            Tone::Quiet => "",
            Tone::Warn => "is-warn",
            Tone::Danger => "is-danger",
        }
    }

    /// How long ago: `just now`, `4 min ago`, `2 hours ago`, `yesterday`, `27 days ago`, `1 month ago`, `1 year ago`.
    pub fn ago(at: impl InUtc, now: impl InUtc) -> Self {
        let (at, now) = (at.in_utc(), now.in_utc());
        Self::new(at, ago(at, now))
    }

    /// The day alone: `3 Mar 2026`.
    pub fn on(at: impl InUtc) -> Self {
        let at = at.in_utc();
        Self::new(at, day(at.date()))
    }

    /// When something was made: `today at 14:10 UTC`, otherwise the day.
    pub fn made(at: impl InUtc, now: impl InUtc) -> Self {
        let (at, now) = (at.in_utc(), now.in_utc());
        let text = if at.date() == now.date() { format!("today at {} UTC", at.format("%H:%M")) } else { day(at.date()) };
        Self::new(at, text)
    }

    /// For a feed: relative within a week, then the day, with the year only where it is another one: `4 days ago`, `12 Nov`, `2 Sep 2025`.
    pub fn in_feed(at: impl InUtc, now: impl InUtc) -> Self {
        let (at, now) = (at.in_utc(), now.in_utc());
        let text = if now - at < TimeDelta::days(7) {
            ago(at, now)
        } else if at.year() == now.year() {
            short_day(at.date())
        } else {
            day(at.date())
        };
        Self::new(at, text)
    }

    /// An end: the day, with its hour while that is near.
    pub fn end(at: impl InUtc, now: impl InUtc) -> Self {
        let (at, now) = (at.in_utc(), now.in_utc());
        if at - now < TimeDelta::days(2) { Self::until(at, now) } else { Self::on(at) }
    }

    /// A moment to come, with its hour: `today at 18:00 UTC`, `tomorrow at 14:10 UTC`, `3 Mar 2027, 14:10 UTC`.
    pub fn until(at: impl InUtc, now: impl InUtc) -> Self {
        let (at, now) = (at.in_utc(), now.in_utc());
        let hour = at.format("%H:%M");
        let text = match (at.date() - now.date()).num_days() {
            0 => format!("today at {hour} UTC"),
            1 => format!("tomorrow at {hour} UTC"),
            _ => format!("{}, {hour} UTC", day(at.date())),
        };
        Self::new(at, text)
    }

    /// An expiry as the list has it, with its tone: `expires in 88 days`, `expires tomorrow`, `expired 51 days ago`.
    pub fn expiry(at: impl InUtc, now: impl InUtc) -> Self {
        let (at, now) = (at.in_utc(), now.in_utc());
        let text = if at <= now { format!("expired {}", expired(at, now)) } else { format!("expires {}", ahead(at, now)) };
        Self { tone: expiry_tone(at, now), ..Self::new(at, text) }
    }

    /// The expiry of one of several tokens, as the list has it: `1 expires in 25 days`.
    pub fn expiry_of_one(at: impl InUtc, now: impl InUtc) -> Self {
        let moment = Self::expiry(at, now);
        Self { text: format!("1 {}", moment.text), ..moment }
    }

    /// An expiry as a token's facts have it, quiet: `in 90 days` while it is far, otherwise the day, with the
    /// hour if that is today or tomorrow.
    pub fn expiry_fact(at: impl InUtc, now: impl InUtc) -> Self {
        let (at, now) = (at.in_utc(), now.in_utc());
        let days = (at.date() - now.date()).num_days();
        match days {
            0 | 1 if at > now => Self::until(at, now),
            _ if days > SOON_DAYS && days <= 366 => Self::new(at, ahead(at, now)),
            _ => Self::on(at),
        }
    }

    /// An expiry in a column of its own, with its tone: `in 3 days`, `5 days ago`, the day where it is far.
    pub fn expiry_in_column(at: impl InUtc, now: impl InUtc) -> Self {
        let (at, now) = (at.in_utc(), now.in_utc());
        let days = (at.date() - now.date()).num_days();
        let moment = match days {
            _ if at <= now => Self::new(at, expired(at, now)),
            ..=366 => Self::new(at, ahead(at, now)),
            _ => Self::on(at),
        };
        Self { tone: expiry_tone(at, now), ..moment }
    }

    /// An expiry as a token's badge has it: `Expires in 6 days`, `Expired`; `None` while it is far.
    pub fn expiry_badge(at: impl InUtc, now: impl InUtc) -> Option<Self> {
        let (at, now) = (at.in_utc(), now.in_utc());
        let text = match expiry_tone(at, now) {
            Tone::Quiet => return None,
            Tone::Warn => format!("Expires {}", ahead(at, now)),
            Tone::Danger => "Expired".to_owned(),
        };
        Some(Self { tone: expiry_tone(at, now), ..Self::new(at, text) })
    }
}

/// Red once past, amber within [`SOON_DAYS`], quiet before.
pub fn expiry_tone(at: impl InUtc, now: impl InUtc) -> Tone {
    let (at, now) = (at.in_utc(), now.in_utc());
    if at <= now {
        Tone::Danger
    } else if at - now <= TimeDelta::days(SOON_DAYS) {
        Tone::Warn
    } else {
        Tone::Quiet
    }
}

/// A day: `3 Mar 2026`.
pub fn day(date: NaiveDate) -> String {
    date.format("%-d %b %Y").to_string()
}

/// A day of a year that is known: `26 Oct`.
pub fn short_day(date: NaiveDate) -> String {
    date.format("%-d %b").to_string()
}

/// A day in a sentence: `26 October`.
pub fn long_day(date: NaiveDate) -> String {
    date.format("%-d %B").to_string()
}

fn ago(at: NaiveDateTime, now: NaiveDateTime) -> String {
    let past = now - at;
    if past < TimeDelta::minutes(1) {
        "just now".to_owned() // also for a clock that runs a little ahead
    } else if past < TimeDelta::hours(1) {
        format!("{} min ago", past.num_minutes())
    } else if past < TimeDelta::hours(24) {
        format!("{} ago", counted(past.num_hours() as u64, "hour"))
    } else {
        ago_in_days(at, now)
    }
}

fn ago_in_days(at: NaiveDateTime, now: NaiveDateTime) -> String {
    match (now.date() - at.date()).num_days() {
        ..=0 => "today".to_owned(),
        1 => "yesterday".to_owned(),
        days @ 2..30 => format!("{days} days ago"),
        _ => match whole_months(at.date(), now.date()) {
            months @ ..12 => format!("{} ago", counted(months.max(1) as u64, "month")),
            months => format!("{} ago", counted((months / 12) as u64, "year")),
        },
    }
}

fn whole_months(from: NaiveDate, to: NaiveDate) -> i32 {
    let begun = (to.year() - from.year()) * 12 + to.month() as i32 - from.month() as i32;
    if to.day() < from.day() { begun - 1 } else { begun }
}

/// An expiry is counted in days, before it as after it, until the number says nothing any more.
fn expired(at: NaiveDateTime, now: NaiveDateTime) -> String {
    match (now.date() - at.date()).num_days() {
        days @ 30..365 => format!("{days} days ago"),
        _ => ago_in_days(at, now),
    }
}

fn ahead(at: NaiveDateTime, now: NaiveDateTime) -> String {
    let left = at - now;
    if left < TimeDelta::hours(1) {
        return format!("in {} min", left.num_minutes().max(1));
    }
    match (at.date() - now.date()).num_days() {
        0 => format!("today at {} UTC", at.format("%H:%M")),
        1 => "tomorrow".to_owned(),
        days => format!("in {} days", grouped(days as u64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> NaiveDateTime {
        text.trim_end_matches('Z').parse().unwrap_or_default()
    }

    fn now() -> NaiveDateTime {
        at("2026-11-24T14:32:07Z")
    }

    #[test]
    fn the_past_is_told_as_in_the_design() {
        for (time, told) in [
            ("2026-11-24T14:31:52Z", "just now"),
            ("2026-11-24T14:32:30Z", "just now"),
            ("2026-11-24T14:28:07Z", "4 min ago"),
            ("2026-11-24T13:29:07Z", "1 hour ago"),
            ("2026-11-24T12:32:07Z", "2 hours ago"),
            ("2026-11-23T18:32:07Z", "20 hours ago"),
            ("2026-11-23T08:32:07Z", "yesterday"),
            ("2026-11-22T14:32:07Z", "2 days ago"),
            ("2026-10-28T14:32:07Z", "27 days ago"),
            ("2026-10-21T14:32:07Z", "1 month ago"),
            ("2026-08-19T14:32:07Z", "3 months ago"),
            ("2026-07-26T14:32:07Z", "3 months ago"),
            ("2026-07-04T14:32:07Z", "4 months ago"),
            ("2026-04-05T14:32:07Z", "7 months ago"),
            ("2025-10-18T14:32:07Z", "1 year ago"),
            ("2023-10-18T14:32:07Z", "3 years ago"),
        ] {
            assert_eq!(Moment::ago(at(time), now()).text, told, "{time}");
        }
    }

    #[test]
    fn expiries_are_told_as_in_the_design() {
        for (time, told, tone) in [
            ("2027-02-20T09:00:00Z", "expires in 88 days", Tone::Quiet),
            ("2026-11-30T08:44:10Z", "expires in 6 days", Tone::Warn),
            ("2026-11-25T09:00:00Z", "expires tomorrow", Tone::Warn),
            ("2026-11-24T18:00:00Z", "expires today at 18:00 UTC", Tone::Warn),
            ("2026-11-24T14:50:07Z", "expires in 18 min", Tone::Warn),
            ("2026-11-24T14:32:07Z", "expired today", Tone::Danger),
            ("2026-11-22T09:00:00Z", "expired 2 days ago", Tone::Danger),
            ("2026-10-04T09:00:00Z", "expired 51 days ago", Tone::Danger),
            ("2024-10-04T09:00:00Z", "expired 2 years ago", Tone::Danger),
        ] {
            let moment = Moment::expiry(at(time), now());
            assert_eq!((moment.text.as_str(), moment.tone), (told, tone), "{time}");
        }
        assert_eq!(Moment::expiry_of_one(at("2026-12-19T09:00:00Z"), now()).text, "1 expires in 25 days");
        assert_eq!(Moment::expiry_fact(at("2027-02-22T14:10:20Z"), now()).text, "in 90 days");
        assert_eq!(Moment::expiry_fact(at("2026-11-30T08:44:10Z"), now()).text, "30 Nov 2026");
        assert_eq!(Moment::end(at("2026-11-30T08:44:10Z"), now()).text, "30 Nov 2026");
        let soon = now() + TimeDelta::hours(12);
        assert_eq!(Moment::end(soon, now()), Moment::until(soon, now()));
        assert_eq!(Moment::expiry_fact(soon, now()), Moment::until(soon, now()));
        assert_eq!(Moment::expiry_badge(at("2026-11-30T08:44:10Z"), now()).map(|m| m.text).as_deref(), Some("Expires in 6 days"));
        assert_eq!(Moment::expiry_badge(at("2027-11-30T08:44:10Z"), now()), None);
    }

    #[test]
    fn other_times() {
        assert_eq!(Moment::until(at("2026-11-25T14:10:20Z"), now()).text, "tomorrow at 14:10 UTC");
        assert_eq!(Moment::made(at("2026-11-24T14:10:20Z"), now()).text, "today at 14:10 UTC");
        assert_eq!(Moment::made(at("2026-03-03T08:41:55Z"), now()).text, "3 Mar 2026");
        assert_eq!(Moment::in_feed(at("2026-11-20T09:12:44Z"), now()).text, "4 days ago");
        assert_eq!(Moment::in_feed(at("2026-11-12T16:31:09Z"), now()).text, "12 Nov");
        assert_eq!(Moment::in_feed(at("2025-09-02T16:31:09Z"), now()).text, "2 Sep 2025");
        let moment = Moment::ago(at("2026-11-24T12:32:07.123456"), now());
        assert_eq!((moment.iso().as_str(), moment.exact().as_str()), ("2026-11-24T12:32:07Z", "24 Nov 2026, 12:32:07 UTC"));
    }
}
