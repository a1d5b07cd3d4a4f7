//! The line below a list that leads to its other pages.

use super::form::Choice;
use super::words::grouped;

/// One page's link among the numbered ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageLink {
    /// The page's number, from 1; 0 stands for a gap.
    pub number: u64,
    pub href: String,
    /// Whether it is the page shown.
    pub current: bool,
}

/// The line below a list, in one of two ways: numbered pages, or (for lists too long to count) first, previous, next and last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pagination {
    /// What is shown: `1–25 of 37`, `1–50 of more than 1,000`.
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
