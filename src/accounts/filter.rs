//! The address of a list: parsed and printed here, and nowhere else. Which page of the list is shown is not part of it.

use serde::Deserialize;

use super::kind::{SYSTEM_ACCOUNTS, Screen};
use super::model::{AccountFilter, ActivityFilter, Kind, OwnedBy, Right, SOON_DAYS, Sort, TokenState};
use super::search::Search;
use crate::auth::principal::Principal;
use crate::id::Id;
use crate::text::secrets::without_secrets;
use crate::tokens::value::id_prefix;
use crate::web::view::Hidden;
use crate::web::view::address::address;
use crate::web::view::pagination::Pagination;

mod choices;

mod strict;

/// The word of the activity filter for users who are invited.
const INVITED: &str = "invited";

/// The longest search, in characters.
const SEARCH_LIMIT: usize = 100;

/// In place of a team: accounts in none.
const NONE: &str = "none";

/// The words of an address or a form; nothing of them has been looked at.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ListQuery {
    q: String,
    role: String,
    team: String,
    activity: String,
    expiring: String,
    tokens: String,
    owner: String,
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
            no_team: self.team == NONE,
            activity: ActivityFilter::parse(&self.activity),
            invited: self.activity == INVITED && screen.kind == Kind::User,
            expiring: self.expiring == SOON_DAYS.to_string() && screen.has_tokens(),
            tokens: TokenState::parse(&self.tokens).filter(|_| screen.has_tokens()),
            owner: OwnedBy::parse(&self.owner).filter(|_| screen.has_owners()),
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
    /// Words of name or description, a UUID, or the prefix of a token.
    pub q: String,
    pub role: Option<Id>,
    pub team: Option<Id>,
    pub activity: Option<ActivityFilter>,
    pub invited: bool,
    /// Only those with a token that expires soon.
    pub expiring: bool,
    /// Only those in no team.
    pub no_team: bool,
    pub tokens: Option<TokenState>,
    pub owner: Option<OwnedBy>,
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
    pub fn filter(&self, actor: &Principal) -> AccountFilter {
        let kind = self.screen.kind;
        AccountFilter {
            search: self.search(actor),
            role: self.role.clone(),
            team: self.team.clone(),
            activity: self.activity,
            invited: self.invited,
            expiring: self.expiring,
            no_team: self.no_team,
            tokens: self.tokens,
            owner: self.owner.clone(),
            disabled: self.disabled,
            colleagues_of: if actor.may(self.screen.permission(Right::Read)) { None } else { actor.account.clone() },
            ..AccountFilter::all(kind)
        }
    }

    /// The words of the address, in their order. What is as without any is empty.
    pub fn query(&self) -> Vec<(&'static str, String)> {
        let id = |id: &Option<Id>| id.as_ref().map(Id::to_string).unwrap_or_default();
        let when = |on: bool, word: String| if on { word } else { String::new() };
        vec![
            ("q", self.q.clone()),
            ("role", id(&self.role)),
            ("team", if self.no_team { NONE.into() } else { id(&self.team) }),
            ("activity", self.activity_word()),
            ("expiring", when(self.expiring, self.soon_days())),
            ("tokens", self.tokens.map_or("", TokenState::as_str).into()),
            ("owner", self.owner.as_ref().map_or_else(String::new, OwnedBy::word)),
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

    /// The same with the question mark, to be put behind an address below the list.
    pub fn suffix(&self) -> String {
        let words = self.words();
        if words.is_empty() { words } else { format!("?{words}") }
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
        self.here() != self.cleared()
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

    fn activity_word(&self) -> String {
        if self.invited { INVITED.to_owned() } else { self.activity.map_or_else(String::new, ActivityFilter::word) }
    }
}

impl Screen {
    /// The list, with its filters, behind an address of this screen: the list itself, or a page that was opened from it.
    pub fn list_behind(&'static self, address: &str) -> String {
        if self.is_list(address) {
            return address.to_owned();
        }
        let query = address.split_once('?').map_or("", |(_, query)| query.split('#').next().unwrap_or_default());
        ListQuery::parse(query).on(self).here()
    }
}

/// A list's address with a selection ticked on it.
pub fn selecting(list: &str, selection: &Id) -> String {
    let (path, words) = list.split_once('?').unwrap_or((list, ""));
    let kept = words.split('&').filter(|word| !word.is_empty() && !word.starts_with("selection="));
    let words: Vec<String> = kept.map(str::to_owned).chain([format!("selection={selection}")]).collect();
    format!("{path}?{}", words.join("&"))
}

#[cfg(test)]
mod tests;
