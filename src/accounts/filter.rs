//! The address of a list: parsed and printed here, and nowhere else. Which page of the list is shown is not part of it.

use serde::Deserialize;

use super::kind::{SYSTEM_ACCOUNTS, Screen};
use super::model::{Activity, Filter, Right, SOON_DAYS, Sort};
use super::search::Search;
use crate::auth::principal::Principal;
use crate::id::Id;
use crate::tokens::value::id_prefix;
use crate::tokens::value::redaction::without_secrets;
use crate::web::view::address::address;
use crate::web::view::pagination::Pagination;
use crate::web::view::{Choice, Hidden};

/// The longest search, in characters.
const SEARCH_LIMIT: usize = 100;

/// The words of an address or a form; nothing of them has been looked at.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ListQuery {
    q: String,
    role: String,
    team: String,
    activity: String,
    expiring: String,
    disabled: String,
    sort: String,
    size: String,
}

impl ListQuery {
    /// Reads what [`Filters::words`] printed.
    pub fn parse(words: &str) -> Self {
        serde_html_form::from_str(words).unwrap_or_default()
    }

    /// Takes them apart. A value that makes no sense is as good as none: a link that somebody kept must not fail.
    pub fn on(&self, screen: &'static Screen) -> Filters {
        let sort = Sort::parse(&self.sort);
        let sorts = screen.columns.iter().any(|column| column.sort == sort.as_str().trim_start_matches('-'));
        Filters {
            screen,
            q: searched(&self.q),
            role: Id::parse(&self.role),
            team: Id::parse(&self.team),
            activity: Activity::parse(&self.activity),
            expiring: self.expiring == SOON_DAYS.to_string() && screen.has_tokens(),
            disabled: self.disabled == "1",
            sort: if sorts { sort } else { Sort::default() },
            size: self.size.parse().ok().filter(|size| Pagination::SIZES.contains(size)).unwrap_or(Pagination::SIZES[0]),
        }
    }
}

/// The words of a search, whatever sets them apart. Who pastes a whole token must not find its secret in the next link.
fn searched(text: &str) -> String {
    let text: String = without_secrets(text).chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(SEARCH_LIMIT).collect()
}

/// What a list is narrowed to and sorted by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filters {
    pub screen: &'static Screen,
    /// Words of name or description, a UUID, or how a token begins.
    pub q: String,
    pub role: Option<Id>,
    pub team: Option<Id>,
    pub activity: Option<Activity>,
    /// Only those with a token that expires soon.
    pub expiring: bool,
    /// Disabled ones too.
    pub disabled: bool,
    pub sort: Sort,
    /// Rows per page.
    pub size: u64,
}

impl Default for Filters {
    fn default() -> Self {
        ListQuery::default().on(&SYSTEM_ACCOUNTS)
    }
}

impl Filters {
    /// Whose tokens the actor may not see they do not find by them either.
    fn search(&self, actor: &Principal) -> Search {
        let may = |right| actor.may(self.screen.permission(right));
        let sees_tokens = may(Right::Manage) || (may(Right::ManageTeam) && !may(Right::Read));
        Search::parse(&self.q, id_prefix(&self.q).filter(|_| sees_tokens))
    }

    /// The accounts that are meant, as far as this actor may see them.
    pub fn filter(&self, actor: &Principal) -> Filter {
        let kind = self.screen.kind;
        Filter {
            search: self.search(actor),
            role: self.role.clone(),
            team: self.team.clone(),
            activity: self.activity,
            expiring: self.expiring,
            disabled: self.disabled,
            colleagues_of: if actor.may(self.screen.permission(Right::Read)) { None } else { actor.account.clone() },
            ..Filter::all(kind)
        }
    }

    /// The words of the address, in their order. What is as without any is empty.
    pub fn query(&self) -> Vec<(&'static str, String)> {
        let id = |id: &Option<Id>| id.as_ref().map(Id::to_string).unwrap_or_default();
        let when = |on: bool, word: String| if on { word } else { String::new() };
        vec![
            ("q", self.q.clone()),
            ("role", id(&self.role)),
            ("team", id(&self.team)),
            ("activity", self.activity.map_or_else(String::new, |activity| activity.as_str().into())),
            ("expiring", when(self.expiring, self.soon_days())),
            ("disabled", when(self.disabled, "1".into())),
            ("sort", when(self.sort != Sort::default(), self.sort.as_str().into())),
            ("size", when(self.has_size(), self.size.to_string())),
        ]
    }

    /// The list's address, first page.
    pub fn here(&self) -> String {
        self.address_of("")
    }

    /// What stands behind the question mark.
    pub fn words(&self) -> String {
        let here = self.here();
        here.split_once('?').map_or_else(String::new, |(_, words)| words.to_owned())
    }

    /// An address below the list that keeps its filters: an account's page leads back to the list that it was opened from.
    pub fn address_of(&self, rest: &str) -> String {
        address(&format!("{}{rest}", self.screen.path), &self.query())
    }

    /// What an account's address keeps of the list that it is opened from: `?role=…`, or nothing.
    pub fn kept(&self) -> String {
        self.here().split_off(self.screen.path.len())
    }

    /// Whether the list shows a status: that of system accounts differs only where disabled ones are displayed.
    pub fn shows_status(&self) -> bool {
        self.disabled || !self.screen.has_tokens()
    }

    /// The list's address with one word changed; an empty value takes it out. The page starts anew.
    pub fn with(&self, name: &str, value: &str) -> String {
        let mut query = self.query();
        for (known, held) in &mut query {
            if *known == name {
                value.clone_into(held);
            }
        }
        address(self.screen.path, &query)
    }

    /// The list's address with something about the page behind it.
    pub fn page(&self, name: &'static str, value: &str) -> String {
        let mut query = self.query();
        query.push((name, value.to_owned()));
        address(self.screen.path, &query)
    }

    /// The address without what narrows the list; sorting, size and the disabled ones stay.
    pub fn cleared(&self) -> String {
        Self { disabled: self.disabled, sort: self.sort, size: self.size, ..ListQuery::default().on(self.screen) }.here()
    }

    /// The same as hidden fields: "all that match" is the filter and not the ids.
    pub fn hidden(&self) -> Vec<Hidden> {
        self.query().into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| Hidden::new(name, value)).collect()
    }

    /// Whether anything but sorting and size is set.
    pub fn is_narrowed(&self) -> bool {
        !self.q.is_empty() || self.role.is_some() || self.team.is_some() || self.activity.is_some() || self.expiring
    }

    /// Whether the address says how many rows a page has.
    pub fn has_size(&self) -> bool {
        self.size != Pagination::SIZES[0]
    }

    /// The days within which a token expires "soon".
    pub fn soon_days(&self) -> String {
        SOON_DAYS.to_string()
    }

    /// What a column's header leads to: the other direction when it sorts by that column already.
    pub fn sort_link(&self, column: &str) -> String {
        match (self.sorts(column), column) {
            ("ascending", _) => self.with("sort", &format!("-{column}")),
            (_, "name") => self.with("sort", ""),
            _ => self.with("sort", column),
        }
    }

    /// `ascending`, `descending`, or empty when the list is sorted by something else.
    pub fn sorts(&self, column: &str) -> &'static str {
        match self.sort.as_str().strip_prefix('-') {
            Some(by) if by == column => "descending",
            None if self.sort.as_str() == column => "ascending",
            _ => "",
        }
    }

    /// The table's caption: `sorted by name`.
    pub fn sorted_by(&self) -> String {
        let sorted = |title: &str| format!("sorted by {}", title.to_lowercase());
        let by = self.sort.as_str().trim_start_matches('-');
        match by {
            "expiry" => sorted("token expiry"),
            _ => self
                .screen
                .columns
                .iter()
                .find(|column| column.sort == by)
                .map_or_else(String::new, |column| sorted(column.title)),
        }
    }

    /// The choices of the activity filter.
    pub fn activities(&self) -> Vec<Choice> {
        let present = self.activity.map_or("", Activity::as_str);
        options(
            present,
            &[
                ("", "Any activity"),
                (Activity::Recent.as_str(), "Used in the last 30 days"),
                (Activity::Unused.as_str(), "Unused for 90 days"),
                (Activity::Never.as_str(), "Never used"),
            ],
        )
    }

    /// The choices of the Sort select, which stands in for the headers on phones.
    pub fn sorts_to_choose(&self) -> Vec<Choice> {
        let present = if self.sort == Sort::default() { "" } else { self.sort.as_str() };
        let mut all = vec![("", "Sort by name"), ("-used", "Newest activity first"), ("used", "Oldest activity first")];
        if self.screen.has_tokens() {
            all.push(("expiry", "Tokens expiring first"));
        }
        // One that only a header can choose must survive the form.
        let others = [
            ("-name", "Sort by name, backwards"),
            ("login", "Oldest login first"),
            ("-login", "Newest login first"),
            ("-expiry", "Tokens expiring last"),
            ("status", "Sort by status"),
            ("-status", "Sort by status, backwards"),
        ];
        all.extend(others.into_iter().filter(|(value, _)| *value == present));
        options(present, &all)
    }
}

/// A list's address with a selection ticked on it.
pub fn selecting(list: &str, selection: &Id) -> String {
    let (path, words) = list.split_once('?').unwrap_or((list, ""));
    let kept = words.split('&').filter(|word| !word.is_empty() && !word.starts_with("selection="));
    let words: Vec<String> = kept.map(str::to_owned).chain([format!("selection={selection}")]).collect();
    format!("{path}?{}", words.join("&"))
}

fn options(present: &str, all: &[(&str, &str)]) -> Vec<Choice> {
    all.iter().map(|(value, name)| Choice::new(*value, *name).checked(*value == present)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::kind::USERS;
    use super::*;

    fn parsed(query: &str) -> Filters {
        serde_html_form::from_str::<ListQuery>(query).unwrap_or_default().on(&SYSTEM_ACCOUNTS)
    }

    #[test]
    fn links_keep_all_other_state() {
        let filters = parsed("q=a+b&sort=-used&size=50&disabled=1&page=7");
        assert_eq!(filters.sort_link("used"), "/settings/system-accounts?q=a%20b&disabled=1&sort=used&size=50");
        assert_eq!(filters.sort_link("name"), "/settings/system-accounts?q=a%20b&disabled=1&size=50");
        assert_eq!(filters.page("page", "2"), "/settings/system-accounts?q=a%20b&disabled=1&sort=-used&size=50&page=2");
        assert_eq!(filters.page("page", ""), "/settings/system-accounts?q=a%20b&disabled=1&sort=-used&size=50");
        assert_eq!(filters.cleared(), "/settings/system-accounts?disabled=1&sort=-used&size=50");
        assert_eq!(filters.address_of("/x"), "/settings/system-accounts/x?q=a%20b&disabled=1&sort=-used&size=50");
        assert_eq!((filters.sorts("used"), filters.sorts("name")), ("descending", ""));
        assert_eq!(Filters::default().sort_link("name"), "/settings/system-accounts?sort=-name");
        assert!(filters.sorts_to_choose().iter().any(|choice| choice.checked));
    }

    #[test]
    fn what_is_printed_is_parsed_again_and_nonsense_is_left_out() {
        for query in ["", "q=x&activity=never", "activity=unused-90&expiring=14&sort=-status&size=100", "sort=-name&disabled=1"] {
            let filters = parsed(query);
            let printed = filters.here();
            assert_eq!(parsed(printed.split_once('?').map_or("", |(_, query)| query)), filters, "{query}");
        }
        let nonsense = parsed("sort=shoe&size=7&role=x'; --&activity=sometimes&expiring=15&disabled=yes");
        assert_eq!((nonsense.here(), nonsense.size), (SYSTEM_ACCOUNTS.path.to_owned(), 25));
        // Users' tokens are not handled here.
        let query: ListQuery = serde_html_form::from_str("expiring=14&sort=expiry").unwrap_or_default();
        assert_eq!(query.on(&USERS).here(), USERS.path);
    }
}
