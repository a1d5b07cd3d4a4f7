//! Which page of the list an address shows, and the addresses of the others.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::accounts::filter::Filters;
use crate::accounts::model::{AccountRow, NUMBERED_LIMIT, Total, Window};
use crate::accounts::queries::list::Listing;
use crate::text::grouped;
use crate::web::view::pagination::Pagination;
use crate::web::view::words::count;

/// Which page of the list is shown.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ListPageQuery {
    page: String,
    after: String,
    before: String,
    pub selection: String,
}

/// No list has more rows; a row's number in an address that is larger is nobody's.
const MOST_ROWS: i64 = 1_000_000_000_000;
/// In place of a position: the end of the list.
const END: &str = "end";

impl ListPageQuery {
    fn page(&self, size: i64) -> i64 {
        self.page.parse().unwrap_or(1).clamp(1, NUMBERED_LIMIT / size)
    }

    /// Which rows are shown, and the number of the first or last one where the address knows it.
    pub fn window(&self, size: i64) -> (Window, Option<i64>) {
        if self.before == END {
            return (Window::End, None);
        }
        if let Some((number, position)) = unpacked(&self.after) {
            return (Window::After(position), number);
        }
        if let Some((number, position)) = unpacked(&self.before) {
            return (Window::Before(position), number);
        }
        (Window::Skip((self.page(size) - 1) * size), None)
    }
}

/// A row's number and position, for an address.
fn packed(number: Option<i64>, position: &[String]) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::json!([number, position]).to_string())
}

/// Reads [`packed`] back. Anybody can write one, so nothing is left in it that could not have come from there.
fn unpacked(text: &str) -> Option<(Option<i64>, Vec<String>)> {
    let (number, position): (Option<i64>, Vec<String>) = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let plausible = position.iter().all(|text| !text.contains('\0'));
    plausible.then(|| (number.filter(|number| (1..=MOST_ROWS).contains(number)), position))
}

pub fn total_text(total: Total) -> String {
    if total.more { format!("more than {}", grouped(total.count)) } else { grouped(total.count) }
}

/// The links to the other pages of the list.
pub fn pagination(
    filters: &Filters,
    query: &ListPageQuery,
    listing: &Listing,
    (window, number): (&Window, Option<i64>),
) -> Pagination {
    let (total, size) = (listing.total, i64::try_from(filters.size).unwrap_or(i64::MAX));
    if !total.more && total.count <= NUMBERED_LIMIT && matches!(window, Window::Skip(_)) {
        return Pagination::numbered(count(query.page(size)), filters.size, count(total.count), |page| {
            filters.page("page", &if page > 1 { page.to_string() } else { String::new() })
        });
    }
    let shown = i64::try_from(listing.rows.len()).unwrap_or_default();
    let first = match window {
        Window::Skip(n) => Some(n + 1),
        Window::After(_) => number.map(|last| last + 1),
        Window::Before(_) => number.map(|first| (first - shown).max(1)),
        Window::End => (!total.more).then(|| total.count - shown + 1),
    };
    let last = first.map(|first| first + shown - 1);
    let go = |name: &'static str, row: Option<&AccountRow>, number: Option<i64>| {
        row.map(|row| filters.page(name, &packed(number, &row.position(filters.sort))))
    };
    Pagination {
        summary: match (first, last) {
            (Some(first), Some(last)) => format!("{}–{} of {}", grouped(first), grouped(last), total_text(total)),
            _ => format!("The last {} of {}", grouped(shown), total_text(total)),
        },
        pages: Vec::new(),
        first: listing.before.then(|| filters.here()),
        previous: if listing.before { go("before", listing.rows.first(), first) } else { None },
        next: if listing.after { go("after", listing.rows.last(), last) } else { None },
        last: listing.after.then(|| filters.page("before", END)),
        size: filters.size,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_survive_an_address() {
        let position = vec!["naïve, \"name\"".to_owned(), "id".to_owned()];
        assert_eq!(unpacked(&packed(Some(50), &position)), Some((Some(50), position)));
        assert_eq!(unpacked("nonsense"), None);
        assert_eq!(unpacked(""), None);
    }
}
