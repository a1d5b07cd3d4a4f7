//! The counts above a list that are filters: what deserves attention.

use crate::accounts::filter::{Filters, ListQuery};
use crate::accounts::model::{Activity, OwnedBy, Total, UNUSED_DAYS};
use crate::accounts::view::list::Hint;
use crate::text::grouped;

/// Those that count anything, each leading to the list of what it counts.
pub fn of(attention: [Total; 4], filters: &Filters) -> Vec<Hint> {
    let base = || Filters { disabled: filters.disabled, size: filters.size, ..ListQuery::default().on(filters.screen) };
    let hint = |total: Total, text: &str, narrowed: Filters| {
        let number = if total.more { format!("{}+", grouped(total.count)) } else { grouped(total.count) };
        (total.count > 0).then(|| Hint { text: format!("{number} {text}"), href: narrowed.here() })
    };
    let [expiring, unused, never, left] = attention;
    [
        hint(expiring, "with tokens expiring soon", Filters { expiring: true, ..base() }),
        hint(unused, "unused for 90 days", Filters { activity: Some(Activity::Unused(UNUSED_DAYS)), ..base() }),
        hint(never, "never used", Filters { activity: Some(Activity::Never), ..base() }),
        hint(left, "whose owner has left", Filters { owner: Some(OwnedBy::Left), ..base() }),
    ]
    .into_iter()
    .flatten()
    .collect()
}
