//! What the filters of a list offer to choose from.

use super::{Filters, INVITED, NONE};
use crate::accounts::model::{ActivityFilter, Kind, OwnedBy, Sort, TokenState, UNUSED_DAYS};
use crate::id::Id;
use crate::web::view::Choice;

/// The choices of "unused for … days".
const UNUSED: [i64; 4] = [30, UNUSED_DAYS, 180, 365];

impl Filters {
    /// The choices of the activity filter.
    pub fn activities(&self) -> Vec<Choice> {
        let mut unused = UNUSED.to_vec();
        if let Some(ActivityFilter::Unused(days)) = self.activity {
            unused.push(days);
            unused.sort_unstable();
            unused.dedup();
        }
        let (recent, idle, never) = match self.screen.kind {
            Kind::System => ("Used in the last 30 days", "Unused for", "Never used"),
            Kind::User => ("Active in the last 30 days", "Not signed in for", "Never signed in"),
        };
        let mut all = vec![(String::new(), "Any activity".to_owned()), (ActivityFilter::Recent.word(), recent.into())];
        all.extend(unused.into_iter().map(|days| (ActivityFilter::Unused(days).word(), format!("{idle} {days} days"))));
        all.push((ActivityFilter::Never.word(), never.into()));
        if self.screen.kind == Kind::User {
            all.push((INVITED.to_owned(), "Invited".into()));
        }
        options(&self.activity_word(), all)
    }

    /// The choices of the token filter.
    pub fn token_states(&self) -> Vec<Choice> {
        let all =
            [("", "Any tokens"), (TokenState::None.as_str(), "No token"), (TokenState::Expired.as_str(), "Expired tokens only")];
        options(self.tokens.map_or("", TokenState::as_str), all)
    }

    /// The choices of the owner filter, with the chosen owner's name and the reader's own identity.
    pub fn owners(&self, named: &str, own: Option<&Id>) -> Vec<Choice> {
        let mut all = vec![(String::new(), "Any owner".to_owned())];
        all.extend(own.map(|own| (own.to_string(), "Owned by you".into())));
        all.extend([(OwnedBy::Nobody.word(), "No owner".into()), (OwnedBy::Left.word(), "Owner has left".into())]);
        let chosen = self.owner.as_ref().map_or_else(String::new, OwnedBy::word);
        if !all.iter().any(|(word, _)| *word == chosen) {
            all.push((chosen.clone(), format!("Owned by {named}")));
        }
        options(&chosen, all)
    }

    /// "No team", before all teams.
    pub fn teamless(&self) -> Choice {
        Choice::new(NONE, "No team").checked(self.no_team)
    }

    /// The choices of the Sort select, which stands in for the headers on phones.
    pub fn sorts_to_choose(&self) -> Vec<Choice> {
        let present = if self.sort == Sort::default() { "" } else { self.sort.as_str() };
        let mut all = vec![("", "Sort by name")];
        match self.screen.kind {
            Kind::System => all.extend([
                ("-used", "Newest activity first"),
                ("used", "Oldest activity first"),
                ("expiry", "Tokens expiring first"),
            ]),
            Kind::User => {
                all.extend([("-login", "Newest login first"), ("login", "Oldest login first"), ("status", "Sort by status")])
            }
        }
        // One that only a header can choose must survive the form.
        let others = [
            ("-name", "Sort by name, backwards"),
            ("login", "Oldest login first"),
            ("-login", "Newest login first"),
            ("-expiry", "Tokens expiring last"),
            ("status", "Sort by status"),
            ("-status", "Sort by status, backwards"),
            ("-used", "Newest token activity first"),
            ("used", "Oldest token activity first"),
        ];
        let missing: Vec<_> =
            others.into_iter().filter(|(value, _)| *value == present && all.iter().all(|(known, _)| known != value)).collect();
        all.extend(missing);
        options(present, all)
    }
}

fn options<T: Into<String> + AsRef<str>>(present: &str, all: impl IntoIterator<Item = (T, T)>) -> Vec<Choice> {
    let choice = |(value, name): (T, T)| {
        let is_present = value.as_ref() == present;
        Choice::new(value, name).checked(is_present)
    };
    all.into_iter().map(choice).collect()
}
