//! The log's address: read and written here and nowhere else.

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime};
use serde::Deserialize;

use super::model::{AuditFilter, LogPosition};
use super::queries::log::LogDirection;
use super::words;
use crate::error::FieldError;
use crate::id::Id;
use crate::text::tidy;
use crate::tokens::value::{TokenValue, is_id};
use crate::web::view::address::address;

/// The address of the log.
pub const LOG: &str = "/settings/audit-log";
/// The longest text that a field takes, in characters.
const LENGTH: usize = 200;

/// What an address of the log says, as it was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct LogQuery {
    pub target: String,
    pub concerned: String,
    pub actor: String,
    /// A group of verbs, or one verb.
    pub kind: String,
    pub address: String,
    pub change: String,
    /// `7`, `30`, `dates` or nothing.
    pub period: String,
    pub from: String,
    pub to: String,
    /// The place that the page ends before, towards older events.
    pub before: String,
    /// The place that the page begins after, towards newer ones.
    pub after: String,
    /// Of an export.
    pub format: String,
}

impl LogQuery {
    /// The events of something that has this id or name.
    pub fn of(target: &str) -> Self {
        Self { target: target.to_owned(), ..Self::default() }
    }

    /// What somebody of this id or name did.
    pub fn by(actor: &str) -> Self {
        Self { actor: actor.to_owned(), ..Self::default() }
    }

    /// What came from an address.
    pub fn from_address(address: &str) -> Self {
        Self { address: address.to_owned(), ..Self::default() }
    }

    /// All events of one change.
    pub fn of_change(change: &str) -> Self {
        Self { change: change.to_owned(), ..Self::default() }
    }

    /// The filter's part of an address, in one order. Days count only where they were asked for.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let dates = self.is_between_dates();
        let day = |text: &str| if dates { text.trim().to_owned() } else { String::new() };
        vec![
            ("target", self.target.trim().to_owned()),
            ("actor", self.actor.trim().to_owned()),
            ("concerned", self.concerned.trim().to_owned()),
            ("kind", self.kind.clone()),
            ("address", self.address.trim().to_owned()),
            ("change", self.change.trim().to_owned()),
            ("period", if dates { "dates".to_owned() } else { self.period.clone() }),
            ("from", day(&self.from)),
            ("to", day(&self.to)),
        ]
    }

    /// The filter with the place of the page: what an event's page keeps of the list.
    pub fn place(&self) -> Vec<(&'static str, String)> {
        let mut fields = self.fields();
        fields.extend([("before", self.before.clone()), ("after", self.after.clone())]);
        fields
    }

    /// Whether the two days count: also in an address that names them without saying so.
    pub fn is_between_dates(&self) -> bool {
        self.period == "dates" || (self.period.is_empty() && !(self.from.trim().is_empty() && self.to.trim().is_empty()))
    }

    /// The address of the first page.
    pub fn href(&self) -> String {
        address(LOG, &self.fields())
    }

    /// The address of the page before or after a place.
    pub fn href_at(&self, side: &'static str, place: LogPosition) -> String {
        let mut fields = self.fields();
        fields.push((side, place.to_string()));
        address(LOG, &fields)
    }

    /// Whether it narrows the log at all.
    pub fn is_narrow(&self) -> bool {
        self.fields().iter().any(|(_, value)| !value.is_empty())
    }

    /// The same without what must not be shown again.
    pub fn without_secrets(mut self) -> Self {
        for text in [&mut self.target, &mut self.concerned, &mut self.actor, &mut self.address, &mut self.change] {
            if is_token(text) {
                text.clear();
            }
        }
        self
    }

    /// Where the page begins. A cursor that cannot be read is none: the log begins at its newest event.
    pub fn way(&self) -> LogDirection {
        match (LogPosition::parse(&self.after), LogPosition::parse(&self.before)) {
            (Some(after), _) => LogDirection::Newer(after),
            (None, before) => LogDirection::Older(before),
        }
    }

    /// The filter, with days in UTC.
    pub fn filter(&self, today: NaiveDate) -> Result<AuditFilter, Vec<FieldError>> {
        let mut faults = Vec::new();
        let mut filter = AuditFilter {
            target: text("target", &self.target, &mut faults),
            concerned: text("concerned", &self.concerned, &mut faults),
            actor: text("actor", &self.actor, &mut faults),
            verbs: words::verbs_of(&self.kind),
            ..AuditFilter::default()
        };
        let mut fault = |field: &'static str, message: &str| faults.push(FieldError { field, message: message.to_owned() });
        if !self.kind.is_empty() && filter.verbs.is_empty() {
            fault("kind", "Choose a kind of event from the list.");
        }
        let typed = self.address.trim();
        match typed.parse::<std::net::IpAddr>() {
            Ok(address) => filter.address = Some(address.to_string()),
            Err(_) if typed.is_empty() => {}
            Err(_) => fault("address", "Enter an IP address, such as 198.51.100.14."),
        }
        filter.change = Id::parse(self.change.trim());
        if filter.change.is_none() && !self.change.trim().is_empty() {
            fault("change", "That isn't the ID of a change.");
        }
        if self.is_between_dates() {
            let mut day = |field: &'static str, typed: &str| match typed.trim() {
                "" => None,
                typed => {
                    let day = NaiveDate::parse_from_str(typed, "%Y-%m-%d").ok().filter(|day| start(*day).is_some());
                    if day.is_none() {
                        fault(field, "Enter a date, such as 2026-11-24.");
                    }
                    day
                }
            };
            let (from, to) = (day("from", &self.from), day("to", &self.to));
            if from.zip(to).is_some_and(|(from, to)| to < from) {
                fault("to", "This is before the first day. Choose the same day or a later one.");
            }
            filter.from = from.and_then(start);
            filter.until = to.and_then(|day| day.checked_add_days(Days::new(1))).and_then(start);
        } else if let Ok(days @ 1..) = self.period.parse::<u64>() {
            // Today is one of them.
            filter.from = today.checked_sub_days(Days::new(days - 1)).and_then(start);
        }
        if faults.is_empty() { Ok(filter) } else { Err(faults) }
    }
}

/// The first moment of a day that both databases can hold.
fn start(day: NaiveDate) -> Option<NaiveDateTime> {
    let start = day.and_time(NaiveTime::MIN);
    LogPosition::may_be_at(start).then_some(start)
}

fn is_token(text: &str) -> bool {
    TokenValue::parse(text.trim()).is_some()
}

fn text(field: &'static str, typed: &str, faults: &mut Vec<FieldError>) -> Option<String> {
    let told = if is_token(typed) {
        // It is not shown again, and not looked for.
        Err("This is a whole token. Search for its 12-character ID instead, and keep tokens out of addresses.".to_owned())
    } else {
        tidy(typed, LENGTH)
    };
    match told {
        Ok(text) => (!text.is_empty()).then(|| without_prefix(text)),
        Err(message) => {
            faults.push(FieldError { field, message });
            None
        }
    }
}

/// A token's ID: the log has it without what pages show before it.
fn without_prefix(text: String) -> String {
    let id = ["mstr_", "mstw_"].into_iter().find_map(|prefix| text.strip_prefix(prefix)).filter(|id| is_id(id));
    id.map(str::to_owned).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    fn today() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 24).unwrap()
    }

    fn read(query: &str) -> LogQuery {
        serde_html_form::from_str(query).unwrap()
    }

    fn days(query: &str) -> (String, String) {
        let filter = read(query).filter(today()).unwrap();
        let told = |moment: Option<NaiveDateTime>| moment.map(|at| at.to_string()).unwrap_or_default();
        (told(filter.from), told(filter.until))
    }

    #[test]
    fn days_are_whole_and_half_open() {
        let day = ("2026-03-29 00:00:00".to_owned(), "2026-03-30 00:00:00".to_owned());
        assert_eq!(days("from=2026-03-29&to=2026-03-29"), day);
        assert_eq!(days("period=dates&from=2026-03-29&to=2026-03-29"), day);
        assert_eq!(days("period=7"), ("2026-11-18 00:00:00".into(), String::new()));
        // Fields that are hidden do not count.
        assert_eq!(days("period=30&from=2020-01-01&to=x"), ("2026-10-26 00:00:00".into(), String::new()));
        assert_eq!(days("to=2026-12-31"), (String::new(), "2027-01-01 00:00:00".into()));
        assert_eq!(days("period=0"), (String::new(), String::new()));
        assert_eq!(days("period=99999999999999999999"), (String::new(), String::new()));
    }

    #[test]
    fn faults_stand_at_their_fields() {
        for (query, field) in [
            ("from=2026-03-05&to=2026-03-04", "to"),
            ("from=yesterday", "from"),
            ("to=2026-02-30", "to"),
            ("from=-2026-01-01", "from"),
            ("to=10000-01-01", "to"),
            ("address=198.51.100", "address"),
            ("kind=nonsense", "kind"),
            ("actor=a%00b", "actor"),
            ("target=a%0Ab", "target"),
            ("concerned=%E2%80%8B%07", "concerned"),
            ("change=12", "change"),
        ] {
            let faults = read(query).filter(today()).unwrap_err();
            assert_eq!(faults.iter().map(|fault| fault.field).collect::<Vec<_>>(), [field], "{query}");
        }
        assert_eq!(read("address=2001:DB8::0:1").filter(today()).unwrap().address.as_deref(), Some("2001:db8::1"));
    }

    #[test]
    fn a_token_is_found_by_what_pages_show_of_it() {
        let target = |query: &str| read(query).filter(today()).unwrap().target.unwrap();
        for query in ["target=mstw_W1CdV5HAeQwq", "target=mstr_W1CdV5HAeQwq", "target=+W1CdV5HAeQwq"] {
            assert_eq!(target(query), "W1CdV5HAeQwq", "{query}");
        }
        assert_eq!(target("target=mstw_deploy"), "mstw_deploy", "a name that looks alike");
    }

    #[test]
    fn an_address_that_is_read_is_written_alike() {
        let query = "target=a%26b&actor=%C3%85sa&concerned=CI%2FCD&kind=tokens&address=192.0.2.1&period=dates&from=2026-01-01&to=2026-02-01";
        assert_eq!(read(query).href(), format!("{LOG}?{query}"));
        assert_eq!(read("").href(), LOG);
        assert!(!read("before=1-1").is_narrow());
    }

    #[test]
    fn a_cursor_carries_values() {
        let place = LogPosition { at: clock::of_micros(1_795_529_512_118_042).unwrap(), seq: 42 };
        let href = LogQuery::of("x").href_at("before", place);
        assert_eq!(href, format!("{LOG}?target=x&before=1795529512118042-42"));
        assert_eq!(read(href.split_once('?').unwrap().1).way(), LogDirection::Older(Some(place)));
        for unreadable in ["", "x", "1", "-", "1-x", "9223372036854775807-1", "1-99999999999999999999", "-99999999999999999-1"] {
            assert_eq!(
                LogQuery { before: unreadable.into(), ..LogQuery::default() }.way(),
                LogDirection::Older(None),
                "{unreadable}"
            );
        }
    }

    #[test]
    fn a_whole_token_is_neither_looked_for_nor_shown_again() {
        let value = TokenValue::generate(crate::tokens::value::Access::Read).unwrap();
        let query = LogQuery::of(value.expose());
        assert_eq!(query.filter(today()).unwrap_err()[0].field, "target");
        assert!(!query.without_secrets().href().contains(value.expose()));
    }
}
