//! What pages have in common: plain data for templates, and the pure functions that put times, numbers and names into words.
//!
//! Nothing here knows the database or HTTP. A handler fills these values; a template only prints them.

use askama::Template;
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// What every page's `<head>` needs, also outside the shell.
#[derive(Clone, Debug, Default)]
pub struct Head {
    /// URL of the joined style sheet, with its content hash.
    pub css: String,
    /// URL of the joined script, with its content hash.
    pub js: String,
    /// The theme that the visitor chose.
    pub theme: Theme,
}

/// Light, dark, or whatever the visitor's system says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Follow the operating system.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// The theme of that name; anything unknown is [`Theme::System`].
    pub fn parse(text: &str) -> Self {
        match text {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }

    /// The name used in the cookie, the form and `data-theme`.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Whether this is the theme of that name.
    pub fn is(&self, name: &str) -> bool {
        self.name() == name
    }

    /// Whether the page has to say so, because it differs from the system's own.
    pub fn is_forced(&self) -> bool {
        *self != Self::System
    }
}

/// The page that the side bar marks as current.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// The list of system accounts, and everything that opens from it.
    #[default]
    SystemAccounts,
    /// The roles.
    Roles,
    /// The token policy.
    TokenPolicy,
    /// The signed-in user's own page.
    Profile,
}

/// The frame around every page of a signed-in user.
#[derive(Clone, Debug, Default)]
pub struct Shell {
    /// Style sheet, script and theme.
    pub head: Head,
    /// The organisation's name, a setting.
    pub organisation: String,
    /// The page that the side bar marks.
    pub place: Place,
    /// Whether the user may see system accounts; without it the link is left out.
    pub sees_accounts: bool,
    /// How many system accounts there are, grouped; `None` shows no number.
    pub accounts_count: Option<String>,
    /// Whether the user may see roles.
    pub sees_roles: bool,
    /// How many roles there are, grouped; `None` shows no number.
    pub roles_count: Option<String>,
    /// Whether the user may see the token policy.
    pub sees_policy: bool,
    /// The signed-in user's name.
    pub name: String,
    /// The line below the name: the user's roles, such as `Administrator`.
    pub role_line: String,
    /// The signed-in user's tile.
    pub tile: Tile,
    /// The result of the last action, shown once.
    pub flash: Option<Flash>,
    /// Path and query of this page, where theme and Undo return to.
    pub here: String,
}

impl Shell {
    /// Whether the side bar marks the link of that name: `accounts`, `roles`, `policy` or `profile`.
    pub fn is_at(&self, link: &str) -> bool {
        match self.place {
            Place::SystemAccounts => link == "accounts",
            Place::Roles => link == "roles",
            Place::TokenPolicy => link == "policy",
            Place::Profile => link == "profile",
        }
    }
}

/// How a piece of text stands out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Weight {
    /// Ordinary text.
    #[default]
    Plain,
    /// A name or a number that matters.
    Strong,
    /// A machine's word: a permission, a token's beginning.
    Code,
}

/// A piece of a sentence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// The words; escaped by the template.
    pub text: String,
    /// How they stand out.
    pub weight: Weight,
}

impl Text {
    /// Ordinary words.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), weight: Weight::Plain }
    }

    /// A name or number that matters.
    pub fn strong(text: impl Into<String>) -> Self {
        Self { text: text.into(), weight: Weight::Strong }
    }

    /// A machine's word.
    pub fn code(text: impl Into<String>) -> Self {
        Self { text: text.into(), weight: Weight::Code }
    }

    /// Whether it is set in bold.
    pub fn is_strong(&self) -> bool {
        self.weight == Weight::Strong
    }

    /// Whether it is set as code.
    pub fn is_code(&self) -> bool {
        self.weight == Weight::Code
    }
}

/// The result of the last action: one per page, kept in the session until it was shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flash {
    /// `true`: the action was refused. `false`: it was done.
    pub refused: bool,
    /// The sentence, in pieces.
    pub text: Vec<Text>,
    /// URL that takes the action back (`/settings/changes/{id}/undo`), where it can be.
    pub undo: Option<String>,
    /// Where Undo returns to; the page that shows the flash if `None`.
    pub next: Option<String>,
}

impl Flash {
    /// Something was done: `Flash::done("Added role ").strong("Viewer").plain(".")`.
    pub fn done(text: impl Into<String>) -> Self {
        Self { text: vec![Text::plain(text)], ..Self::default() }
    }

    /// Something was refused, and why.
    pub fn refused(text: impl Into<String>) -> Self {
        Self { refused: true, ..Self::done(text) }
    }

    /// Adds ordinary words.
    pub fn plain(mut self, text: impl Into<String>) -> Self {
        self.text.push(Text::plain(text));
        self
    }

    /// Adds a name or a number that matters.
    pub fn strong(mut self, text: impl Into<String>) -> Self {
        self.text.push(Text::strong(text));
        self
    }

    /// Offers to take it back at that URL.
    pub fn undo(mut self, url: impl Into<String>) -> Self {
        self.undo = Some(url.into());
        self
    }
}

/// A field of a form: what was typed, and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Field {
    /// What the field shows. Never set for a password.
    pub value: String,
    /// What is wrong, shown beside the field.
    pub error: Option<String>,
}

impl Field {
    /// A field that shows a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self { value: value.into(), error: None }
    }

    /// A field that shows a value and what is wrong with it.
    pub fn wrong(value: impl Into<String>, error: impl Into<String>) -> Self {
        Self { value: value.into(), error: Some(error.into()) }
    }
}

/// One of several to tick or to pick.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// The form's value, an id or a word.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// What it means; empty for none.
    pub description: String,
    /// Whether it is ticked.
    pub checked: bool,
    /// Whether it cannot be chosen by this user; say why in `description`.
    pub disabled: bool,
    /// Whether it carries the badge "Default".
    pub is_default: bool,
}

impl Choice {
    /// An unticked choice without description.
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self { id: id.into(), name: name.into(), ..Self::default() }
    }

    /// The same choice with a description.
    pub fn about(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// The same choice, ticked or not.
    pub fn checked(mut self, checked: bool) -> Self {
        self.checked = checked;
        self
    }
}

/// A hidden field that a form carries on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hidden {
    /// The field's name.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl Hidden {
    /// A hidden field.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

/// The coloured square of a machine, or the circle of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tile {
    /// One or two letters.
    pub initials: String,
    /// One of the style sheet's colours, 1 to 8; the same for the same id, always.
    pub hue: u8,
    /// `true` for a person.
    pub person: bool,
}

impl Tile {
    /// The tile of a system account.
    pub fn machine(id: &str, name: &str) -> Self {
        Self { initials: initials(name), hue: hue(id), person: false }
    }

    /// The tile of a user.
    pub fn person(id: &str, name: &str) -> Self {
        Self { person: true, ..Self::machine(id, name) }
    }
}

/// First letters of the first two words, in capitals: `payments-api deploy` → `PA`, `buildkite/ios` → `BI`, `Muster` → `M`.
pub fn initials(name: &str) -> String {
    name.split(|c: char| !c.is_alphanumeric())
        .filter_map(|word| word.chars().next())
        .take(2)
        .flat_map(char::to_uppercase)
        .collect()
}

/// A colour of 1 to 8 from an id: FNV-1a, so that it stays the same over releases and machines.
pub fn hue(id: &str) -> u8 {
    let hash =
        id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    // The low bits of FNV depend on few of the input's bits: fold the high half in
    ((hash ^ (hash >> 32)) % 8) as u8 + 1
}

/// A number in groups of three: 11,978.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A counted thing: `counted(1, "token")` is `1 token`, `counted(2, "token")` is `2 tokens`, `counted(0, "token")` is `0 tokens`.
pub fn counted(number: u64, one: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {one}{ending}", grouped(number))
}

/// Names as a sentence has them: `A`, `A or B`, `A, B or C`, with the given last joint (`and`, `or`).
pub fn joined(names: &[String], joint: &str) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {joint} {last}", first.join(", ")),
    }
}

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
    /// For machines: `2026-11-24T12:32:07Z`.
    pub iso: String,
    /// For the title: `24 Nov 2026, 12:32:07 UTC`.
    pub exact: String,
    /// What stands on the page, such as `2 hours ago`.
    pub text: String,
    /// How pressing it is.
    pub tone: Tone,
}

/// How pressing something is.
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
        Self {
            iso: at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            exact: format!("{}, {} UTC", day(at.date()), at.format("%H:%M:%S")),
            text,
            tone: Tone::Quiet,
        }
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

    /// When something was made: `today at 14:10`, otherwise the day.
    pub fn made(at: impl InUtc, now: impl InUtc) -> Self {
        let (at, now) = (at.in_utc(), now.in_utc());
        let text = if at.date() == now.date() { format!("today at {}", at.format("%H:%M")) } else { day(at.date()) };
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

    /// An expiry as a token's facts have it, quiet: `in 90 days` while it is far, otherwise the day.
    pub fn expiry_fact(at: impl InUtc, now: impl InUtc) -> Self {
        let (at, now) = (at.in_utc(), now.in_utc());
        let days = (at.date() - now.date()).num_days();
        let text = if days > SOON_DAYS && days <= 366 { ahead(at, now) } else { day(at.date()) };
        Self::new(at, text)
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

/// A page's address with its query, parameters in the given order, empty ones left out.
pub fn address(path: &str, query: &[(&str, String)]) -> String {
    let mut url = path.to_owned();
    for (name, value) in query.iter().filter(|(_, value)| !value.is_empty()) {
        url.push(if url.len() == path.len() { '?' } else { '&' });
        let value = percent_encoding::utf8_percent_encode(value, QUERY);
        // Writing to a string cannot fail
        let _ = write!(url, "{name}={value}");
    }
    url
}

const QUERY: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One page's link among the numbered ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageLink {
    /// The page's number, from 1; 0 stands for a gap.
    pub number: u64,
    /// Where it is.
    pub href: String,
    /// Whether it is the page shown.
    pub current: bool,
}

/// The line below a list, in one of two ways: numbered pages, or (for lists too long to count) first, previous, next and last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pagination {
    /// What is shown: `1–25 of 37`, `1–50 of more than 10,000`.
    pub summary: String,
    /// The numbered pages; empty in the other way.
    pub pages: Vec<PageLink>,
    /// The first page, unless it is shown. Only without numbers.
    pub first: Option<String>,
    /// The page before.
    pub previous: Option<String>,
    /// The page after.
    pub next: Option<String>,
    /// The last page, unless it is shown. Only without numbers.
    pub last: Option<String>,
    /// Rows per page.
    pub size: u64,
}

impl Pagination {
    /// The rows per page that a reader may choose.
    pub const SIZES: [u64; 3] = [25, 50, 100];

    /// Numbered pages of a counted list; `page` from 1, `href` makes the address of a page.
    pub fn numbered(page: u64, size: u64, total: u64, href: impl Fn(u64) -> String) -> Self {
        let size = size.max(1);
        let last = total.div_ceil(size).max(1);
        let page = page.clamp(1, last);
        let from = if total == 0 { 0 } else { (page - 1) * size + 1 };
        let to = (page * size).min(total);
        let near = |number: &u64| *number == 1 || *number == last || number.abs_diff(page) <= 1 || (last <= 7);
        let mut pages: Vec<PageLink> = Vec::new();
        let mut before = 0;
        // Only numbers near the page, the first and the last: at most nine, however long the list
        let mut numbers: Vec<u64> = if last <= 7 {
            (1..=last).collect()
        } else {
            vec![1, page.saturating_sub(1).max(1), page, (page + 1).min(last), last]
        };
        numbers.sort_unstable();
        numbers.dedup();
        for number in numbers.into_iter().filter(near) {
            if number == before + 2 {
                pages.push(PageLink { number: number - 1, href: href(number - 1), current: false });
            } else if number > before + 1 {
                pages.push(PageLink::default());
            }
            pages.push(PageLink { number, href: href(number), current: number == page });
            before = number;
        }
        Self {
            summary: format!("{}–{} of {}", grouped(from), grouped(to), grouped(total)),
            pages,
            first: None,
            previous: (page > 1).then(|| href(page - 1)),
            next: (page < last).then(|| href(page + 1)),
            last: None,
            size,
        }
    }

    /// Whether the other way is used: first, previous, next and last.
    pub fn is_unnumbered(&self) -> bool {
        self.pages.is_empty()
    }

    /// The sizes to choose from, the present one ticked. The first needs no mention in the address.
    pub fn sizes(&self) -> Vec<Choice> {
        let value = |size: &u64| if *size == Self::SIZES[0] { String::new() } else { size.to_string() };
        Self::SIZES.iter().map(|size| Choice::new(value(size), size.to_string()).checked(*size == self.size)).collect()
    }
}

/// The page that says why something was not done, and where to go next.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "errors/error.html")]
pub struct ErrorPage {
    /// Style sheet, script and theme.
    pub head: Head,
    /// The answer's status, such as 403.
    pub status: u16,
    /// What happened, in two or three words.
    pub title: String,
    /// What it means for the reader; never more than they may know.
    pub text: String,
    /// The permission that is missing (403).
    pub permission: Option<String>,
    /// Whom to ask: names in a sentence, `Maya Lindqvist or Tomas Okafor` (403).
    pub ask: Option<String>,
    /// Where the first button leads.
    pub back_href: String,
    /// What the first button says.
    pub back_label: String,
    /// The request's id, as in the log; empty shows none.
    pub request_id: String,
}

impl ErrorPage {
    /// The page of a status with its usual words; change `text`, `permission`, `ask` and the button as needed.
    pub fn new(head: Head, status: u16, request_id: impl Into<String>) -> Self {
        let (title, text) = match status {
            400 => ("Not understood", "The request was not one that Muster understands. Nothing was changed."),
            401 => ("Sign in first", "This page is for people who are signed in."),
            403 => ("Not permitted", "Your roles do not allow this. Nothing was changed."),
            404 => ("Nothing here", "This page does not exist, or what it showed has been deleted."),
            405 => ("Not done this way", "This address does not take that kind of request."),
            409 => ("Something is in the way", "This cannot be done as things stand. Nothing was changed."),
            413 => ("Too much at once", "The form was larger than Muster takes. Nothing was changed."),
            422 => ("Something is missing", "The form was not complete. Go back and try again."),
            429 => ("Too many tries", "Wait a moment, then try again."),
            503 => {
                ("Out of reach", "Muster cannot reach its database at the moment. Nothing was changed. Try again in a minute.")
            }
            _ => (
                "Our fault",
                "Something broke on our side. Nothing was changed. Try again; if it persists, send us the request ID.",
            ),
        };
        Self {
            head,
            status,
            title: title.to_owned(),
            text: text.to_owned(),
            permission: None,
            ask: None,
            back_href: "/settings/system-accounts".to_owned(),
            back_label: "Back to System Accounts".to_owned(),
            request_id: request_id.into(),
        }
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
        assert_eq!(Moment::expiry_badge(at("2026-11-30T08:44:10Z"), now()).map(|m| m.text).as_deref(), Some("Expires in 6 days"));
        assert_eq!(Moment::expiry_badge(at("2027-11-30T08:44:10Z"), now()), None);
    }

    #[test]
    fn other_times() {
        assert_eq!(Moment::until(at("2026-11-25T14:10:20Z"), now()).text, "tomorrow at 14:10 UTC");
        assert_eq!(Moment::made(at("2026-11-24T14:10:20Z"), now()).text, "today at 14:10");
        assert_eq!(Moment::made(at("2026-03-03T08:41:55Z"), now()).text, "3 Mar 2026");
        assert_eq!(Moment::in_feed(at("2026-11-20T09:12:44Z"), now()).text, "4 days ago");
        assert_eq!(Moment::in_feed(at("2026-11-12T16:31:09Z"), now()).text, "12 Nov");
        assert_eq!(Moment::in_feed(at("2025-09-02T16:31:09Z"), now()).text, "2 Sep 2025");
        let moment = Moment::ago(at("2026-11-24T12:32:07.123456"), now());
        assert_eq!((moment.iso.as_str(), moment.exact.as_str()), ("2026-11-24T12:32:07Z", "24 Nov 2026, 12:32:07 UTC"));
    }

    #[test]
    fn names_and_numbers() {
        assert_eq!(initials("payments-api deploy"), "PA");
        assert_eq!(initials("buildkite/ios"), "BI");
        assert_eq!(initials("Muster"), "M");
        assert_eq!(initials("—"), "");
        assert_eq!(initials("straße öl"), "SÖ");
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(11_978), "11,978");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(counted(1, "token"), "1 token");
        assert_eq!(counted(0, "token"), "0 tokens");
        assert_eq!(joined(&["A".into(), "B".into(), "C".into()], "or"), "A, B or C");
    }

    #[test]
    fn a_hue_is_stable_and_all_are_used() {
        assert_eq!(hue("c1878b8e-d09e-11ea-8fde-af02c4677eb7"), hue("c1878b8e-d09e-11ea-8fde-af02c4677eb7"));
        let mut seen = [0; 9];
        for number in 0..800 {
            seen[hue(&format!("0193{number:04}-d09e-7000-8fde-af02c4677eb7")) as usize] += 1;
        }
        assert_eq!(seen[0], 0);
        assert!(seen[1..].iter().all(|count| *count > 50), "{seen:?}");
    }

    #[test]
    fn pages_are_numbered_with_gaps() {
        let numbers = |page, total| -> Vec<u64> {
            Pagination::numbered(page, 25, total, |n| n.to_string()).pages.iter().map(|link| link.number).collect()
        };
        assert_eq!(numbers(1, 37), [1, 2]);
        assert_eq!(numbers(1, 0), [1]);
        assert_eq!(numbers(1, 2500), [1, 2, 0, 100]);
        assert_eq!(numbers(50, 2500), [1, 0, 49, 50, 51, 0, 100]);
        assert_eq!(numbers(3, 2500), [1, 2, 3, 4, 0, 100]);
        assert_eq!(numbers(4, 2500), [1, 2, 3, 4, 5, 0, 100]);
        let pagination = Pagination::numbered(2, 25, 37, |n| format!("?page={n}"));
        assert_eq!(pagination.summary, "26–37 of 37");
        assert_eq!((pagination.previous.as_deref(), pagination.next), (Some("?page=1"), None));
    }

    #[test]
    fn an_address_leaves_out_what_is_empty_and_escapes_the_rest() {
        assert_eq!(address("/a", &[]), "/a");
        assert_eq!(
            address("/a", &[("q", String::new()), ("role", "x&y=ü".into()), ("page", "2".into())]),
            "/a?role=x%26y%3D%C3%BC&page=2"
        );
    }
}
