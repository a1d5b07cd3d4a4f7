//! The words of a list for who does not see what they were taken for: a program that misspells a filter must not get everything.

use super::{Filters, ListQuery, SEARCH_LIMIT};
use crate::accounts::kind::Screen;
use crate::accounts::model::Sort;
use crate::error::{Error, FieldError};

impl ListQuery {
    /// The names of what narrows a list or sorts it.
    pub fn names() -> impl Iterator<Item = &'static str> {
        let names = Filters::default().query().into_iter().map(|(name, _)| name);
        names.filter(|name| !["disabled", "size"].contains(name))
    }

    /// Takes words apart for who does not see what they were taken for: all of them must mean something.
    pub fn strictly(words: &[(String, String)], screen: &'static Screen) -> Result<Filters, Error> {
        let filters = Self::parse(&serde_html_form::to_string(words).unwrap_or_default()).on(screen);
        let understood = filters.query();
        let given = |name: &str| words.iter().find(|(known, value)| known == name && !value.is_empty()).map(|(_, value)| value);
        let fault = |name: &'static str| {
            let value = given(name)?;
            let kept = understood.iter().any(|(known, kept)| *known == name && !kept.is_empty());
            let message = match name {
                "q" if value.chars().count() > SEARCH_LIMIT => format!("At most {SEARCH_LIMIT} characters."),
                "sort" if value == Sort::default().as_str() => return None,
                _ if kept => return None,
                _ => "Nothing has this value.".into(),
            };
            Some(FieldError { field: name, message })
        };
        let faults: Vec<FieldError> = Self::names().filter_map(fault).collect();
        if faults.is_empty() { Ok(filters) } else { Err(Error::Invalid(faults)) }
    }
}
