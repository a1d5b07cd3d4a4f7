//! What the list is narrowed to and sorted by, and the addresses that lead from one such list to the next.

use super::LIST;
use crate::web::view::address::address;
use crate::web::view::{Choice, Hidden};

/// What the list is narrowed to and sorted by, as in the address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    /// The search: a part of name or description.
    pub q: String,
    /// A role's id; empty for any.
    pub role: String,
    /// A team's id; empty for any.
    pub team: String,
    /// `30`, `unused-90`, `never`; empty for any.
    pub activity: String,
    /// Only those with a token that expires within so many days; empty for all, otherwise `14`.
    pub expiring: String,
    /// Whether disabled ones are displayed.
    pub disabled: bool,
    /// `name`, `-name`, `login`, `-login`, `used`, `-used`, `expiry`, `-expiry`, `status`, `-status`; empty is `name`.
    pub sort: String,
    /// Rows per page as chosen in the address; empty is the default of 25.
    pub size: String,
    /// All roles to choose from, the present one ticked.
    pub roles: Vec<Choice>,
    /// All teams to choose from, the present one ticked.
    pub teams: Vec<Choice>,
}

impl Filters {
    /// Everything but the page, in the order of the address, including what is empty.
    pub fn query(&self) -> Vec<(&'static str, String)> {
        vec![
            ("q", self.q.clone()),
            ("role", self.role.clone()),
            ("team", self.team.clone()),
            ("activity", self.activity.clone()),
            ("expiring", self.expiring.clone()),
            ("disabled", if self.disabled { "1".to_owned() } else { String::new() }),
            ("sort", if self.sort == "name" { String::new() } else { self.sort.clone() }),
            ("size", self.size.clone()),
        ]
    }

    /// The list's address with these filters and one parameter changed; an empty value takes it out. The page starts anew.
    pub fn with(&self, name: &str, value: &str) -> String {
        let mut query = self.query();
        match query.iter_mut().find(|(known, _)| *known == name) {
            Some((_, held)) => *held = value.to_owned(),
            None => {
                return address(
                    LIST,
                    &[query, vec![("page", if name == "page" { value.to_owned() } else { String::new() })]].concat(),
                );
            }
        }
        address(LIST, &query)
    }

    /// The list's address with these filters, first page.
    pub fn here(&self) -> String {
        address(LIST, &self.query())
    }

    /// The address of a numbered page; the first has no number.
    pub fn page(&self, number: u64) -> String {
        self.with("page", &if number > 1 { number.to_string() } else { String::new() })
    }

    /// The address without what narrows the list; sorting, size and the disabled ones stay.
    pub fn cleared(&self) -> String {
        let kept = Self { disabled: self.disabled, sort: self.sort.clone(), size: self.size.clone(), ..Self::default() };
        kept.here()
    }

    /// The filters as hidden fields: the bulk form sends them, so that "all that match" is the filter and not the ids.
    pub fn hidden(&self) -> Vec<Hidden> {
        self.query().into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| Hidden::new(name, value)).collect()
    }

    /// Whether anything but sorting and size is set.
    pub fn is_narrowed(&self) -> bool {
        !(self.q.is_empty()
            && self.role.is_empty()
            && self.team.is_empty()
            && self.activity.is_empty()
            && self.expiring.is_empty())
    }

    /// What a column's header leads to: the other direction when it sorts by that column already.
    pub fn sort_link(&self, column: &str) -> String {
        let next = if self.sorts("name") == "ascending" && column == "name" || self.sort == column {
            format!("-{column}")
        } else if column == "name" {
            String::new()
        } else {
            column.to_owned()
        };
        self.with("sort", &next)
    }

    /// `ascending`, `descending`, or empty when the list is sorted by something else.
    pub fn sorts(&self, column: &str) -> &'static str {
        let sort = if self.sort.is_empty() { "name" } else { self.sort.as_str() };
        match sort.strip_prefix('-') {
            Some(by) if by == column => "descending",
            None if sort == column => "ascending",
            _ => "",
        }
    }

    /// The table's caption: `sorted by name`.
    pub fn sorted_by(&self) -> &'static str {
        match self.sort.trim_start_matches('-') {
            "login" => "sorted by last login",
            "used" => "sorted by token activity",
            "expiry" => "sorted by token expiry",
            "status" => "sorted by status",
            _ => "sorted by name",
        }
    }

    /// The choices of the activity filter.
    pub fn activities(&self) -> Vec<Choice> {
        self.options(
            &self.activity,
            &[
                ("", "Any activity"),
                ("30", "Used in the last 30 days"),
                ("unused-90", "Unused for 90 days"),
                ("never", "Never used"),
            ],
        )
    }

    /// The choices of the Sort select, which stands in for the headers on phones.
    pub fn sorts_to_choose(&self) -> Vec<Choice> {
        let present = if self.sort == "name" { "" } else { self.sort.as_str() };
        let mut all = vec![
            ("", "Sort by name"),
            ("-used", "Newest activity first"),
            ("used", "Oldest activity first"),
            ("expiry", "Tokens expiring first"),
        ];
        // One that only a header can choose must survive the form
        let others = [
            ("-name", "Sort by name, backwards"),
            ("login", "Oldest login first"),
            ("-login", "Newest login first"),
            ("-expiry", "Tokens expiring last"),
            ("status", "Sort by status"),
            ("-status", "Sort by status, backwards"),
        ];
        all.extend(others.into_iter().filter(|(value, _)| *value == present));
        self.options(present, &all)
    }

    fn options(&self, present: &str, all: &[(&str, &str)]) -> Vec<Choice> {
        all.iter().map(|(value, name)| Choice::new(*value, *name).checked(*value == present)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_keep_all_other_state() {
        let filters = Filters { q: "a b".into(), sort: "-used".into(), size: "50".into(), disabled: true, ..Filters::default() };
        assert_eq!(filters.sort_link("used"), "/settings/system-accounts?q=a%20b&disabled=1&sort=used&size=50");
        assert_eq!(filters.sort_link("name"), "/settings/system-accounts?q=a%20b&disabled=1&size=50");
        assert_eq!(filters.page(2), "/settings/system-accounts?q=a%20b&disabled=1&sort=-used&size=50&page=2");
        assert_eq!(filters.page(1), "/settings/system-accounts?q=a%20b&disabled=1&sort=-used&size=50");
        assert_eq!(filters.cleared(), "/settings/system-accounts?disabled=1&sort=-used&size=50");
        assert_eq!((filters.sorts("used"), filters.sorts("name")), ("descending", ""));
        assert_eq!(Filters::default().sort_link("name"), "/settings/system-accounts?sort=-name");
        assert!(filters.sorts_to_choose().iter().any(|choice| choice.checked));
    }
}
