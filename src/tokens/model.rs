//! The types of tokens. No SQL, no HTTP.

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use super::value::Access;
use crate::error::FieldError;
use crate::id::Id;
use crate::text::{grouped, tidy};

/// The longest name, in characters.
pub const NAME_LIMIT: usize = 80;

/// The farthest an expiry may lie ahead, in days: a hundred years.
const FARTHEST_DAYS: i64 = 36_500;

/// A checked name: 1 to 80 characters, trimmed, without control characters. Several tokens may share one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenName(String);

impl TokenName {
    /// Checks a name from outside.
    ///
    /// # Errors
    /// A sentence for the person who typed it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let name = tidy(text, NAME_LIMIT)?;
        if name.is_empty() { Err("Enter a name.".into()) } else { Ok(Self(name)) }
    }

    /// As it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What Muster keeps of a token, its secret never among it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The public id: 12 base62 characters.
    pub id: String,
    /// Whose it is.
    pub account: Id,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub access: Access,
    /// When it was made.
    pub created_at: NaiveDateTime,
    /// Who made it, by their name at that moment.
    pub created_by_name: String,
    /// From when it is refused; `None` for never.
    pub expires_at: Option<NaiveDateTime>,
    /// Since when it is revoked.
    pub revoked_at: Option<NaiveDateTime>,
    /// The public id of the successor that regenerating it made.
    pub replaced_by: Option<String>,
    /// When it was last accepted.
    pub last_used_at: Option<NaiveDateTime>,
    /// The address it was last used from.
    pub last_used_from: Option<String>,
    /// The User-Agent it was last used by.
    pub last_used_agent: Option<String>,
}

impl Token {
    /// How its text begins, as far as that is no secret.
    pub fn begins_with(&self) -> String {
        let letter = match self.access {
            Access::Read => 'r',
            Access::Write => 'w',
        };
        format!("mst{letter}_{}", self.id)
    }

    /// Whether its time is over at `now`.
    pub fn is_expired(&self, now: NaiveDateTime) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// Whether it would be accepted at `now` from an enabled account.
    pub fn is_living(&self, now: NaiveDateTime) -> bool {
        self.revoked_at.is_none() && !self.is_expired(now)
    }

    /// How long it lives from its creation to its expiry; `None` for ever.
    pub fn lifetime(&self) -> Option<TimeDelta> {
        self.expires_at.map(|end| end - self.created_at)
    }
}

/// A token on its account's page, with what it replaced for as long as that still works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedToken {
    /// The token.
    pub token: Token,
    /// The old value that regenerating left alive for a while.
    pub predecessor: Option<Token>,
}

/// An account's tokens in short, for a row of the list. Revoked tokens and old values of regenerated ones do not count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenSummary {
    /// Tokens that work.
    pub live: i64,
    /// Tokens that have expired and have not been removed.
    pub expired: i64,
    /// When the next of `live` expires.
    pub next_expiry: Option<NaiveDateTime>,
    /// When the latest of `expired` did.
    pub last_expired: Option<NaiveDateTime>,
    /// When one of them was last used.
    pub last_used: Option<NaiveDateTime>,
}

/// When a new token is to expire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// This long after its creation.
    In(TimeDelta),
    /// With the end of this day, in UTC.
    EndOf(NaiveDate),
    /// When the installation's maximum lifetime is over.
    Longest,
    /// Never.
    Never,
}

/// How long a token lives where nobody says anything else, in a browser or on the command line.
const USUAL: TimeDelta = TimeDelta::days(90);

/// [`USUAL`], or the maximum where that is shorter.
pub fn usual_lifetime(maximum: Option<TimeDelta>) -> TimeDelta {
    maximum.map_or(USUAL, |most| most.min(USUAL))
}

/// The farthest that a clock on Earth is behind UTC: until then it is still today somewhere.
const LAST_ZONE: TimeDelta = TimeDelta::hours(12);

impl Expiry {
    /// What is chosen where nobody says anything else: 90 days, or the maximum where that is shorter.
    pub fn usual(maximum: Option<TimeDelta>) -> Self {
        Self::In(usual_lifetime(maximum))
    }

    /// The first and the last day that [`Expiry::EndOf`] may name; `None` where a maximum leaves no day.
    pub fn days(now: NaiveDateTime, maximum: Option<TimeDelta>) -> Option<(NaiveDate, NaiveDate)> {
        let first = (now - LAST_ZONE + TimeDelta::seconds(1)).date();
        let farthest = TimeDelta::days(FARTHEST_DAYS);
        let most = maximum.map_or(farthest, |most| most.min(farthest));
        let last = (now + most).date();
        let fits = |day: &NaiveDate| end_of(*day, now) - now <= most;
        [Some(last), last.checked_sub_days(Days::new(1))]
            .into_iter()
            .flatten()
            .find(fits)
            .filter(|last| *last >= first)
            .map(|last| (first, last))
    }

    /// Reads a form: `30`, `90` or `365` days, `max`, `never`, or `date` with a day as `YYYY-MM-DD` in the second field.
    ///
    /// # Errors
    /// A sentence for the field `expires` or `expires_on`. Whether the day lies ahead is looked at by [`Expiry::moment`].
    pub fn parse(expires: &str, expires_on: &str) -> Result<Self, FieldError> {
        match expires {
            "30" => Ok(Self::In(TimeDelta::days(30))),
            "90" => Ok(Self::In(TimeDelta::days(90))),
            "365" => Ok(Self::In(TimeDelta::days(365))),
            "max" => Ok(Self::Longest),
            "never" => Ok(Self::Never),
            "date" => parse_day(expires_on.trim())
                .map(Self::EndOf)
                .ok_or_else(|| refused("expires_on", "Enter the date as YYYY-MM-DD, such as 2027-01-31.")),
            _ => Err(refused("expires", "Choose when the token expires.")),
        }
    }

    /// The moment for a token that is made at `now`, where no token may live longer than `maximum`; `None` for never.
    ///
    /// # Errors
    /// A sentence for the field that gave this expiry: it does not lie ahead, or it lies too far ahead.
    pub fn moment(self, now: NaiveDateTime, maximum: Option<TimeDelta>) -> Result<Option<NaiveDateTime>, FieldError> {
        let field = self.field();
        let end = match self {
            Self::Never => None,
            Self::In(length) => Some(now.checked_add_signed(length).ok_or_else(too_far(field))?),
            Self::Longest => Some(now + maximum.ok_or_else(|| refused(field, "Choose when the token expires."))?),
            Self::EndOf(day) => Some(end_of(day, now)),
        };
        if end.is_some_and(|end| end <= now) {
            return Err(refused(field, "That date has passed. Choose today or later."));
        }
        if end.is_some_and(|end| end > now + TimeDelta::days(FARTHEST_DAYS)) {
            return Err(too_far(field)());
        }
        match (end, maximum) {
            (_, None) => Ok(end),
            (Some(end), Some(maximum)) if end - now <= maximum => Ok(Some(end)),
            (_, Some(maximum)) => Err(refused(field, too_long(self, now, maximum))),
        }
    }

    /// The field of the form that gave it.
    fn field(self) -> &'static str {
        match self {
            Self::EndOf(_) => "expires_on",
            Self::In(_) | Self::Longest | Self::Never => "expires",
        }
    }
}

fn refused(field: &'static str, message: impl Into<String>) -> FieldError {
    FieldError { field, message: message.into() }
}

fn too_far(field: &'static str) -> impl Fn() -> FieldError {
    move || refused(field, "Too far ahead. Tokens can last at most a hundred years.")
}

fn too_long(expiry: Expiry, now: NaiveDateTime, maximum: TimeDelta) -> String {
    let length = in_words(maximum);
    match (expiry, Expiry::days(now, Some(maximum))) {
        (Expiry::Never, _) => format!("Every token expires here. The maximum is {length}."),
        (Expiry::EndOf(_), Some((_, last))) => {
            format!("Tokens can last at most {length}. Choose {} or earlier.", last.format("%-d %b %Y"))
        }
        _ => format!("Tokens can last at most {length}."),
    }
}

/// Only the spelling of a form: chrono alone would also take signs and years of five digits.
fn parse_day(text: &str) -> Option<NaiveDate> {
    let spelled = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    spelled.then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).flatten()
}

/// The end of a day in UTC; of a day that is over there, but still today further west, its end in the last zone on Earth.
fn end_of(day: NaiveDate, now: NaiveDateTime) -> NaiveDateTime {
    let end = day.and_time(NaiveTime::from_hms_opt(23, 59, 59).unwrap_or_default());
    if end <= now { end + LAST_ZONE } else { end }
}

/// A length of time in whole days, hours or minutes, whichever says it exactly: "365 days", "36 hours".
pub fn in_words(length: TimeDelta) -> String {
    let minutes = length.num_minutes();
    let (number, unit) = match minutes {
        _ if minutes % (24 * 60) == 0 => (minutes / (24 * 60), "day"),
        _ if minutes % 60 == 0 => (minutes / 60, "hour"),
        _ => (minutes, "minute"),
    };
    format!("{} {unit}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// For how long the old value goes on working when a token is regenerated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlap {
    /// Not at all: it stops with the change.
    Now,
    /// One hour.
    Hour,
    /// 24 hours.
    Day,
    /// Seven days.
    Week,
}

impl Overlap {
    /// All of them, the shortest first, as a form offers them.
    pub const ALL: [Self; 4] = [Self::Now, Self::Hour, Self::Day, Self::Week];

    /// Reads `0`, `1h`, `24h` or `7d`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|overlap| overlap.as_str() == text)
    }

    /// The spelling that [`Overlap::parse`] reads, which is also the one in the audit log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Now => "0",
            Self::Hour => "1h",
            Self::Day => "24h",
            Self::Week => "7d",
        }
    }

    /// How long that is.
    pub fn length(self) -> TimeDelta {
        match self {
            Self::Now => TimeDelta::zero(),
            Self::Hour => TimeDelta::hours(1),
            Self::Day => TimeDelta::hours(24),
            Self::Week => TimeDelta::days(7),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap()
    }

    fn read(expires: &str, on: &str, maximum: Option<i64>) -> Result<Option<String>, (&'static str, String)> {
        let now = moment("2026-11-24 14:00:00");
        Expiry::parse(expires, on)
            .and_then(|expiry| expiry.moment(now, maximum.map(TimeDelta::days)))
            .map(|end| end.map(|end| end.to_string()))
            .map_err(|error| (error.field, error.message))
    }

    #[test]
    fn names_are_checked() {
        assert_eq!(TokenName::parse("  release pipeline ").unwrap().as_str(), "release pipeline");
        assert!(TokenName::parse(&"ä".repeat(80)).is_ok());
        for wrong in ["", "  ", "a\u{7}b", "a\nb", &"x".repeat(81)] {
            assert!(TokenName::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn presets_and_days_are_read() {
        assert_eq!(read("30", "", None), Ok(Some("2026-12-24 14:00:00".into())));
        assert_eq!(read("365", "garbage is not looked at", None), Ok(Some("2027-11-24 14:00:00".into())));
        assert_eq!(read("never", "", None), Ok(None));
        assert_eq!(read("date", "2026-11-24", None), Ok(Some("2026-11-24 23:59:59".into())));
        assert_eq!(read("date", " 2027-02-28 ", None), Ok(Some("2027-02-28 23:59:59".into())));
    }

    #[test]
    fn what_is_no_expiry_is_refused_beside_its_field() {
        for on in
            ["", "2026-11-23", "2027-02-29", "24.11.2027", "+2027-1-01", "9999-12-31", "2126-12-01", "2027-1-1", "٢٠٢٧-٠١-٠١"]
        {
            assert_eq!(read("date", on, None).unwrap_err().0, "expires_on", "{on}");
        }
        for expires in ["", "0", "31", "Never", "-30"] {
            assert_eq!(read(expires, "2027-01-01", None).unwrap_err().0, "expires", "{expires}");
        }
        let endless = Expiry::In(TimeDelta::MAX).moment(moment("2026-11-24 14:00:00"), None);
        assert_eq!(endless.unwrap_err().field, "expires");
    }

    #[test]
    fn the_installations_maximum_is_kept() {
        assert_eq!(read("90", "", Some(90)), Ok(Some("2027-02-22 14:00:00".into())));
        assert_eq!(read("365", "", Some(90)), Err(("expires", "Tokens can last at most 90 days.".into())));
        assert!(read("never", "", Some(90)).unwrap_err().1.contains("The maximum is 90 days"));
        assert_eq!(read("max", "", Some(90)), Ok(Some("2027-02-22 14:00:00".into())));
        assert_eq!(read("max", "", None).unwrap_err().0, "expires");
        assert_eq!(read("date", "2027-02-21", Some(90)), Ok(Some("2027-02-21 23:59:59".into())));
        let (field, sentence) = read("date", "2027-02-22", Some(90)).unwrap_err();
        assert_eq!((field, sentence.ends_with("Choose 21 Feb 2027 or earlier.")), ("expires_on", true), "{sentence}");
    }

    #[test]
    fn today_is_today_anywhere_on_earth() {
        let end = |now: &str, day: &str, maximum| {
            let day = NaiveDate::parse_from_str(day, "%Y-%m-%d").unwrap();
            Expiry::EndOf(day).moment(moment(now), maximum).map(|end| end.unwrap().to_string()).map_err(|error| error.field)
        };
        // Three in the afternoon of the 24th in Honolulu; half past seven in the morning of the 25th in Auckland.
        assert_eq!(end("2026-11-25 01:00:00", "2026-11-24", None), Ok("2026-11-25 11:59:59".into()));
        assert_eq!(end("2026-11-24 18:30:00", "2026-11-25", None), Ok("2026-11-25 23:59:59".into()));
        assert_eq!(end("2026-11-24 18:30:00", "2026-11-24", None), Ok("2026-11-24 23:59:59".into()));
        // No place on Earth has that day any more.
        assert_eq!(end("2026-11-25 12:00:00", "2026-11-24", None), Err("expires_on"));
        assert_eq!(end("2026-11-25 11:59:58", "2026-11-24", None), Ok("2026-11-25 11:59:59".into()));
    }

    #[test]
    fn the_days_on_offer_are_those_that_are_accepted() {
        for now in
            ["2026-11-25 00:00:00", "2026-11-25 01:00:00", "2026-11-25 11:59:59", "2026-11-25 12:00:00", "2026-11-25 23:59:59"]
        {
            let now = moment(now);
            for maximum in [
                None,
                Some(TimeDelta::days(90)),
                Some(TimeDelta::days(1)),
                Some(TimeDelta::hours(12)),
                Some(TimeDelta::minutes(30)),
            ] {
                let accepted = |day: NaiveDate| Expiry::EndOf(day).moment(now, maximum).is_ok();
                match Expiry::days(now, maximum) {
                    Some((first, last)) => {
                        assert!(accepted(first) && accepted(last), "{now} {maximum:?} {first} {last}");
                        assert!(!accepted(first - Days::new(1)) && !accepted(last + Days::new(1)), "{now} {maximum:?}");
                    }
                    None => assert!((0..4).all(|day| !accepted(now.date() - Days::new(1) + Days::new(day))), "{now} {maximum:?}"),
                }
            }
        }
    }

    #[test]
    fn lengths_are_said_exactly() {
        let said = [TimeDelta::days(365), TimeDelta::hours(36), TimeDelta::minutes(90), TimeDelta::hours(1)].map(in_words);
        assert_eq!(said, ["365 days", "36 hours", "90 minutes", "1 hour"]);
    }

    #[test]
    fn overlaps_have_one_spelling() {
        for overlap in Overlap::ALL {
            assert_eq!(Overlap::parse(overlap.as_str()), Some(overlap));
        }
        assert_eq!(Overlap::parse("1d"), None);
        assert_eq!(Overlap::Week.length(), TimeDelta::days(7));
    }
}
