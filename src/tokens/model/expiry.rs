//! When a token expires: what people choose, and what the maximum lifetime allows.

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use crate::error::FieldError;
use crate::text::grouped;

/// A hundred years.
const FARTHEST_DAYS: i64 = 36_500;

/// When a new token expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    In(TimeDelta),
    /// At the end of this day, in UTC.
    EndOf(NaiveDate),
    /// At this moment, in UTC.
    At(NaiveDateTime),
    /// After the maximum lifetime.
    Longest,
    Never,
}

/// The default lifetime, on the pages and on the command line.
const USUAL: TimeDelta = TimeDelta::days(90);

/// The default lifetime, or the maximum if that is shorter.
pub fn usual_lifetime(maximum: Option<TimeDelta>) -> TimeDelta {
    maximum.map_or(USUAL, |most| most.min(USUAL))
}

/// The last time zone is this far behind UTC: until then it is still today somewhere.
const LAST_ZONE: TimeDelta = TimeDelta::hours(12);

impl Expiry {
    /// The default: 90 days, or the maximum if that is shorter.
    pub fn usual(maximum: Option<TimeDelta>) -> Self {
        Self::In(usual_lifetime(maximum))
    }

    /// The first and last day to offer for [`Expiry::EndOf`]; `None` if the maximum is shorter than a day: somewhere today
    /// would not be among them, and tomorrow nowhere.
    pub fn days(now: NaiveDateTime, maximum: Option<TimeDelta>) -> Option<(NaiveDate, NaiveDate)> {
        if maximum.is_some_and(|most| most < TimeDelta::days(1)) {
            return None;
        }
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

    /// Parses the fields of a form: `30`, `90` or `365` days, `max`, `never`, or `date` with a day (`YYYY-MM-DD`) in the
    /// second field. [`Expiry::moment`] checks that the day is not in the past.
    pub fn parse(expires: &str, expires_on: &str) -> Result<Self, FieldError> {
        match expires {
            "30" => Ok(Self::In(TimeDelta::days(30))),
            "90" => Ok(Self::In(TimeDelta::days(90))),
            "365" => Ok(Self::In(TimeDelta::days(365))),
            "max" => Ok(Self::Longest),
            "never" => Ok(Self::Never),
            "date" if expires_on.trim().is_empty() => Err(refused("expires_on", "Choose a date.")),
            "date" => parse_day(expires_on.trim())
                .map(Self::EndOf)
                .ok_or_else(|| refused("expires_on", "Enter the date as YYYY-MM-DD, such as 2027-01-31.")),
            _ => Err(refused("expires", "Choose when the token expires.")),
        }
    }

    /// The expiry of a token created at `now`; `None` for never. Fails on the field that was used if the moment has passed
    /// or is beyond `maximum`.
    pub fn moment(self, now: NaiveDateTime, maximum: Option<TimeDelta>) -> Result<Option<NaiveDateTime>, FieldError> {
        let field = self.field();
        let end = match self {
            Self::Never => None,
            Self::In(length) => Some(now.checked_add_signed(length).ok_or_else(too_far(field))?),
            Self::Longest => Some(now + maximum.ok_or_else(|| refused(field, "Choose when the token expires."))?),
            Self::EndOf(day) => Some(end_of(day, now)),
            Self::At(moment) => Some(moment),
        };
        if let (Self::EndOf(_), Some(maximum), None) = (self, maximum, Self::days(now, maximum)) {
            return Err(refused(field, too_long(self, now, maximum)));
        }
        if end.is_some_and(|end| end <= now) {
            return Err(refused(field, "That date has passed. Choose today or later."));
        }
        let farthest = TimeDelta::days(FARTHEST_DAYS);
        if maximum.is_none_or(|maximum| maximum > farthest) && end.is_some_and(|end| end > now + farthest) {
            return Err(too_far(field)());
        }
        match (end, maximum) {
            (_, None) => Ok(end),
            (Some(end), Some(maximum)) if end - now <= maximum => Ok(Some(end)),
            (_, Some(maximum)) => Err(refused(field, too_long(self, now, maximum))),
        }
    }

    /// The form's field that it came from.
    fn field(self) -> &'static str {
        match self {
            Self::EndOf(_) => "expires_on",
            Self::In(_) | Self::At(_) | Self::Longest | Self::Never => "expires",
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

/// Only the form's own format: chrono also accepts signs and five-digit years.
fn parse_day(text: &str) -> Option<NaiveDate> {
    let spelled = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    spelled.then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).flatten()
}

/// The end of a day in UTC. If that has passed while it is still the same day further west, the end of the day in the last
/// time zone.
fn end_of(day: NaiveDate, now: NaiveDateTime) -> NaiveDateTime {
    let end = day.and_time(NaiveTime::from_hms_opt(23, 59, 59).unwrap_or_default());
    if end <= now { end + LAST_ZONE } else { end }
}

/// A duration in the largest unit that fits exactly: "365 days", "36 hours".
pub fn in_words(length: TimeDelta) -> String {
    let minutes = length.num_minutes();
    let (number, unit) = match minutes {
        _ if minutes % (24 * 60) == 0 => (minutes / (24 * 60), "day"),
        _ if minutes % 60 == 0 => (minutes / 60, "hour"),
        _ => (minutes, "minute"),
    };
    format!("{} {unit}{}", grouped(number), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests;
