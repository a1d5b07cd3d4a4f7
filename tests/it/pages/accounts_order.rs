//! The list: order, and the way from page to page.

use std::collections::BTreeSet;

use diesel::prelude::*;
use muster::id::Id;
use muster::roles::predefined;

use super::accounts_list::{add_expiring, get, set_login, set_used};
use super::html::{bulk_flash, find_href, href, names};
use crate::support::app::TestApp;

#[test]
fn each_order_is_stable_and_its_opposite_is_its_reverse() {
    let app = TestApp::start();
    let admin = app.admin();
    let names_made = ["beta", "Alpha", "delta", "Charlie", "echo", "Foxtrot"];
    let ids: Vec<Id> = names_made.iter().map(|name| app.add_account(name)).collect();
    // Ties in every column.
    for (at, days) in [(0, 3), (1, 3), (2, 9)] {
        set_used(&app, &ids[at], days);
        set_login(&app, &ids[at], days);
        add_expiring(&app, &ids[at], days);
    }
    app.write(|conn| {
        for column in ["last_used_at", "last_login_at", "first_expiry_at"] {
            let text = format!("UPDATE accounts SET {column} = (SELECT min(o.{column}) FROM accounts o WHERE o.name = 'beta') WHERE name = 'Alpha'");
            diesel::sql_query(text).execute(conn)?;
        }
        Ok(())
    });
    bulk_flash(&admin, "disable", &[&ids[3], &ids[1]], &[]);
    for (sort, expected) in [
        ("name", ["Alpha", "beta", "Charlie", "delta", "echo", "Foxtrot"]),
        ("used", ["Charlie", "echo", "Foxtrot", "delta", "Alpha", "beta"]),
        ("login", ["Charlie", "echo", "Foxtrot", "delta", "Alpha", "beta"]),
        ("expiry", ["Alpha", "beta", "delta", "Charlie", "echo", "Foxtrot"]),
        ("status", ["beta", "delta", "echo", "Foxtrot", "Alpha", "Charlie"]),
    ] {
        let list = get(&admin, &format!("?disabled=1&sort={sort}"));
        assert_eq!(names(&list), expected, "{sort}");
        assert!(list.body.contains("aria-sort=\"ascending\""), "{sort}");
        let mut reversed = expected;
        reversed.reverse();
        assert_eq!(names(&get(&admin, &format!("?disabled=1&sort=-{sort}"))), reversed, "-{sort}");
    }
}

#[test]
fn pages_have_numbers_and_three_sizes() {
    let app = TestApp::start();
    let viewer = app.viewer();
    app.add_many(120);
    for (size, pages) in [("25", 5), ("50", 3), ("100", 2)] {
        let mut seen = BTreeSet::new();
        for page in 1..=pages {
            let list = get(&viewer, &format!("?size={size}&page={page}"));
            let found = names(&list);
            let from = (page - 1) * size.parse::<usize>().unwrap() + 1;
            let to = from + found.len() - 1;
            assert!(list.text().contains(&format!("{from}–{to} of 120")), "{}", list.text());
            assert!(list.body.contains(&format!("aria-current=\"page\" aria-label=\"Page {page}\"")), "{size} {page}");
            assert_eq!(find_href(&list, "Next page").is_some(), page < pages);
            assert_eq!(find_href(&list, "Previous page").is_some(), page > 1);
            seen.extend(found);
        }
        assert_eq!(seen.len(), 120, "{size}");
    }
    // A page that no longer exists shows the last one that does.
    let list = get(&viewer, "?page=99");
    assert!(list.text().contains("101–120 of 120"), "{}", list.text());
    assert_eq!(names(&list)[0], "bulk-000101");
    assert!(list.body.contains("aria-current=\"page\" aria-label=\"Page 5\""));
    assert_eq!(names(&get(&viewer, "?q=000007&page=4")), ["bulk-000007"]);
}

#[test]
fn beyond_what_is_counted_one_walks_from_page_to_page() {
    // What no filter narrows is counted, and numbered no further than ten thousand.
    let [large, small] = [10_500, 1_300].map(|n| {
        let app = TestApp::start();
        app.add_many(n);
        let viewer = app.viewer();
        (app, viewer)
    });
    // Two moments only, so that nearly every row is a tie.
    let role = format!("?size=100&role={}", predefined::CI_CD);
    let both = format!("{role}&q=bulk");
    for start in ["?size=100&sort=-used", "?size=100&q=BULK", &role, &both] {
        let filtered = start.contains("q=") || start.contains("role=");
        let ((_, viewer), count, total) =
            if filtered { (&small, 1_300, "1–100 of more than 1,000") } else { (&large, 10_500, "1–100 of 10,500") };
        let mut list = get(viewer, start);
        assert!(list.text().contains(total), "{}", list.text());
        assert!(list.text().contains("200+ never used"), "{}", list.text());
        assert_eq!((find_href(&list, "First page"), find_href(&list, "Previous page")), (None, None));
        assert!(!list.body.contains("aria-label=\"Page 1\""));
        let mut seen = Vec::new();
        let mut pages = vec![names(&list)];
        loop {
            seen.extend(names(&list));
            let Some(next) = find_href(&list, "Next page") else { break };
            assert!(next.contains("size=100"), "{next}");
            list = viewer.get(&next);
            pages.push(names(&list));
        }
        assert_eq!(seen.len(), count, "{start}");
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), count, "{start}");
        assert!(list.text().contains(if filtered { "1,201–1,300 of" } else { "10,401–10,500 of" }), "{}", list.text());
        // And back again.
        let mut back = list.clone();
        for page in pages.iter().rev().skip(1).take(3) {
            back = viewer.get(&href(&back, "Previous page"));
            assert_eq!(&names(&back), page);
        }
        assert!(back.text().contains(if filtered { "901–1,000 of" } else { "10,101–10,200 of" }), "{}", back.text());
        let last = viewer.get(&href(&get(viewer, start), "Last page"));
        assert_eq!(Some(&names(&last)), pages.last());
        assert_eq!((find_href(&last, "Next page"), find_href(&last, "Last page")), (None, None));
        assert_eq!(names(&viewer.get(&href(&last, "Previous page"))), pages[pages.len() - 2]);
        assert_eq!(names(&viewer.get(&href(&last, "First page"))), pages[0]);
        let second = viewer.get(&href(&get(viewer, start), "Next page"));
        let first = viewer.get(&href(&second, "Previous page"));
        assert_eq!(names(&first), pages[0]);
        assert!(first.text().contains(total), "{}", first.text());
        assert_eq!(find_href(&first, "Previous page"), None);
    }
}
