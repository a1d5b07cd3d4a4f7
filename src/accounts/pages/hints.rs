//! The counts above a list that are filters: what deserves attention.

use crate::accounts::filter::{Filters, ListQuery};
use crate::accounts::model::{ActivityFilter, Kind, OwnedBy, Total, UNUSED_DAYS};
use crate::accounts::view::list::Hint;
use crate::text::grouped;

/// Those that count anything, each leading to the list of what it counts.
pub fn of(attention: [Total; 5], filters: &Filters) -> Vec<Hint> {
    let base = || Filters { disabled: filters.disabled, size: filters.size, ..ListQuery::default().on(filters.screen) };
    let hint = |total: Total, text: &str, narrowed: Filters| {
        let number = if total.more { format!("{}+", grouped(total.count)) } else { grouped(total.count) };
        (total.count > 0).then(|| Hint { text: format!("{number} {text}"), href: narrowed.here() })
    };
    let [expiring, unused, never, left, invited] = attention;
    // A person's tokens are their own matter.
    let expiring = if filters.screen.has_tokens() { expiring } else { Total { count: 0, more: false } };
    let (idle, new) = match filters.screen.kind {
        Kind::System => ("unused for 90 days", "never used"),
        Kind::User => ("not signed in for 90 days", "never signed in"),
    };
    [
        hint(invited, "invited", Filters { invited: true, ..base() }),
        hint(expiring, "with tokens expiring soon", Filters { expiring: true, ..base() }),
        hint(unused, idle, Filters { activity: Some(ActivityFilter::Unused(UNUSED_DAYS)), ..base() }),
        hint(never, new, Filters { activity: Some(ActivityFilter::Never), ..base() }),
        hint(left, "whose owner has left", Filters { owner: Some(OwnedBy::Left), ..base() }),
    ]
    .into_iter()
    .flatten()
    .collect()
}
