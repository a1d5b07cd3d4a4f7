//! The list: search and filters, and what stands in its address.

use muster::id::Id;
use muster::roles::predefined;

use super::accounts_list::{add_expiring, get, set_used};
use super::html::{LIST, bulk_flash, href, links, names, row, row_html};
use crate::support::app::{Answer, TestApp};

#[test]
fn the_search_takes_every_letter_as_it_is_in_any_case() {
    let app = TestApp::start();
    let admin = app.admin();
    for name in [
        "payments-api deploy",
        "100% coverage",
        "a_b_c",
        "say \"hi\"",
        "back\\slash",
        "it's",
        "Zürich Straße",
        "Ελλάς",
        "日本語 runner",
        "plain",
    ] {
        app.add_account(name);
    }
    let described = app.add_account("nightly");
    admin.post(&format!("{LIST}/{described}"), &[("name", "nightly"), ("description", "Runs the Zebra suite")]);
    let found = |q: &str| -> Vec<String> {
        let query = serde_html_form::to_string([("q", q)]).unwrap();
        names(&get(&admin, &format!("?{query}")))
    };
    for (q, expected) in [
        ("PAYMENTS", "payments-api deploy"),
        ("Api Dep", "payments-api deploy"),
        ("  plain  ", "plain"),
        ("in", "plain"),
        ("%", "100% coverage"),
        ("0% c", "100% coverage"),
        ("_", "a_b_c"),
        ("A_B", "a_b_c"),
        ("\"", "say \"hi\""),
        ("\"HI\"", "say \"hi\""),
        ("\\", "back\\slash"),
        ("k\\s", "back\\slash"),
        ("'", "it's"),
        ("t's", "it's"),
        ("ZÜR", "Zürich Straße"),
        ("ü", "Zürich Straße"),
        ("stra\u{1e9e}e", "Zürich Straße"),
        ("Zu\u{308}rich", "Zürich Straße"),
        ("ΕΛΛΆΣ", "Ελλάς"),
        ("λά", "Ελλάς"),
        ("日本", "日本語 runner"),
        ("日本語", "日本語 runner"),
        ("zebra SUITE", "nightly"),
    ] {
        assert_eq!(found(q), [expected], "{q}");
    }
    assert_eq!(found("pay*"), [""; 0]);
    assert_eq!(found("payments OR plain"), [""; 0]);
    assert_eq!(found("").len(), 11);
    // A search survives in the field.
    let kept = get(&admin, "?q=%22hi%22%20%3Cb%3E");
    assert!(kept.body.contains("value=\"&#34;hi&#34; &#60;b&#62;\""), "{}", kept.text());
}

#[test]
fn what_matches_nothing_offers_to_clear_the_filters() {
    let app = TestApp::start();
    app.add_account("robot");
    let list = get(&app.viewer(), "?q=zzz&disabled=1&sort=-used&size=50");
    assert!(list.text().contains("No matches No system accounts match these filters."), "{}", list.text());
    assert_eq!(href(&list, "Clear filters"), format!("{LIST}?disabled=1&sort=-used&size=50"));
    assert!(get(&app.admin(), "?q=zzz").text().contains("Disabled accounts are hidden."));
}

#[test]
fn filters_narrow_the_list_alone_and_together() {
    let app = TestApp::start();
    let viewer = app.viewer();
    let [recent, old, never] = ["recent", "old", "never"].map(|name| app.add_account(name));
    set_used(&app, &recent, 29);
    set_used(&app, &old, 91);
    let reader = app.add_account_with("reader", &[predefined::READ_ONLY.into()]);
    set_used(&app, &reader, 31);
    add_expiring(&app, &never, 14 - 1);
    add_expiring(&app, &old, 15);
    add_expiring(&app, &recent, -1);
    let team = app.add_team("Platform", &[&recent, &reader]);
    let found = |query: &str| names(&get(&viewer, query));
    assert_eq!(found(&format!("?role={}", predefined::READ_ONLY)), ["reader"]);
    assert_eq!(found(&format!("?role={}", predefined::CI_CD)), ["never", "old", "recent"]);
    assert_eq!(found(&format!("?role={}", predefined::VIEWER)), [""; 0]);
    assert_eq!(found(&format!("?team={team}")), ["reader", "recent"]);
    assert_eq!(found("?activity=30"), ["recent"]);
    assert_eq!(found("?activity=unused-90"), ["old"]);
    assert_eq!(found("?activity=never"), ["never"]);
    assert_eq!(found("?expiring=14"), ["never"]);
    assert_eq!(found(&format!("?team={team}&role={}&q=REC&activity=30", predefined::CI_CD)), ["recent"]);
    assert_eq!(found(&format!("?team={team}&activity=never")), [""; 0]);
    // The choice is shown, and the expiry filter can be taken out.
    let page = get(&viewer, &format!("?team={team}&expiring=14"));
    assert!(page.body.contains(&format!("<option value=\"{team}\" selected>Platform</option>")), "{}", page.body);
    assert_eq!(href(&page, "Remove filter: Tokens expiring within 14 days"), format!("{LIST}?team={team}"));
}

#[test]
fn hints_count_what_they_lead_to() {
    let app = TestApp::start();
    let admin = app.admin();
    let ids: Vec<Id> = (0..7).map(|n| app.add_account(&format!("robot {n}"))).collect();
    for id in &ids[..3] {
        set_used(&app, id, 100);
    }
    for id in &ids[3..5] {
        set_used(&app, id, 1);
    }
    add_expiring(&app, &ids[0], 3);
    add_expiring(&app, &ids[0], 4);
    add_expiring(&app, &ids[1], 20);
    bulk_flash(&admin, "disable", &[&ids[2], &ids[6]], &[]);
    let list = get(&admin, "?sort=-used&size=50");
    for (label, count) in [("1 with tokens expiring soon", 1), ("2 unused for 90 days", 2), ("1 never used", 1)] {
        let link = href(&list, label);
        assert!(link.contains("size=50"), "{link}");
        assert_eq!(names(&admin.get(&link)).len(), count, "{label}: {link}");
    }
    // Where disabled ones are displayed, the counts are of those too.
    let list = get(&admin, "?disabled=1");
    for (label, count) in [("1 with tokens expiring soon", 1), ("3 unused for 90 days", 3), ("2 never used", 2)] {
        assert_eq!(names(&admin.get(&href(&list, label))).len(), count, "{label}");
    }
    // Nothing to point at: no hint.
    let quiet = TestApp::start();
    let id = quiet.add_account("robot");
    set_used(&quiet, &id, 1);
    assert!(!get(&quiet.viewer(), "").body.contains("class=\"hints\""));
}

// S12: hidden unless asked for; the choice is in the address, and every link of the page keeps it.
#[test]
fn disabled_accounts_are_displayed_on_request_and_can_be_enabled_there() {
    let app = TestApp::start();
    let admin = app.admin();
    app.add_many(60);
    let off = app.add_account("aaa off");
    bulk_flash(&admin, "disable", &[&off], &[]);
    assert!(!names(&get(&admin, "")).contains(&"aaa off".to_owned()));
    let list = get(&admin, "?disabled=1");
    assert!(list.text().contains("Display disabled system accounts"));
    assert!(row(&list, "aaa off").contains("Disabled"), "{}", row(&list, "aaa off"));
    assert!(row_html(&list, "aaa off").contains("data-state=\"disabled\""), "what the row's menu goes by");
    let own: Vec<(String, String)> = links(&list).into_iter().filter(|(_, href)| href.starts_with(&format!("{LIST}?"))).collect();
    assert!(own.len() >= 8, "{own:?}");
    for (label, link) in own {
        assert!(link.contains("disabled=1"), "{label}: {link}");
    }
    assert!(list.body.contains("name=\"disabled\" value=\"1\" checked"));
    // Enabled from its row, one is back on the same list.
    let next = format!("{LIST}?disabled=1");
    let back = admin.post_and_follow(&format!("{LIST}/{off}/enablement"), &[("next", &next)]);
    assert_eq!(back.flash(), "Enabled aaa off.");
    assert!(row(&back, "aaa off").contains("Active"));
    assert!(names(&get(&admin, "")).contains(&"aaa off".to_owned()));
}

#[test]
fn every_link_keeps_the_other_filters() {
    let app = TestApp::start();
    let admin = app.admin();
    app.add_many(60);
    let state = [
        ("q", "bulk"),
        ("role", &predefined::CI_CD.to_string()),
        ("activity", "unused-90"),
        ("disabled", "1"),
        ("sort", "-status"),
        ("size", "25"),
    ]
    .map(|(name, value)| format!("{name}={value}"));
    let list = get(&admin, &format!("?{}", state.join("&")));
    // Not those of the side bar.
    let main = Answer { body: list.body.split("<main").nth(1).unwrap().to_owned(), ..list.clone() };
    for column in ["Name", "Last login", "Token activity", "Tokens", "Status", "Next page"] {
        let link = href(&main, column);
        for part in &state[..4] {
            assert!(link.contains(part), "{column}: {link} lacks {part}");
        }
    }
    assert!(href(&list, "Next page").ends_with("sort=-status&page=2"), "{}", href(&list, "Next page"));
    assert!(href(&list, "Status").ends_with("sort=status"), "{}", href(&list, "Status"));
    assert!(list.body.contains("aria-sort=\"descending\""));
    assert_eq!(list.body.matches("aria-sort").count(), 1);
}

#[test]
fn garbage_in_an_address_is_as_good_as_nothing() {
    use base64::Engine as _;
    let app = TestApp::start();
    let viewer = app.viewer();
    app.add_many(30);
    let packed = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    let positions = [
        "[1,[\"a\",\"b\"]]",
        "[9223372036854775807,[\"a\",\"b\"]]",
        "[-9223372036854775808,[\"a\",\"b\"]]",
        "[null,[]]",
        "[2,[\"bulk\\u0000\",\"x\"]]",
        "[2,[\"2026-01-01T00:00:00.000000\",\"a\\u0000\",\"b\"]]",
        "[2,[\"+262142-01-01T00:00:00.000000\",\"a\",\"b\"]]",
        "[2,[\"-262142-01-01T00:00:00.000000\",\"a\",\"b\"]]",
        "[2,[\"-5000-01-01T00:00:00.000000\",\"a\",\"b\"]]",
        "[2,[\"1\",\"2\",\"3\",\"4\"]]",
        "{}",
    ]
    .map(packed);
    let garbage = ["", "x", "-1", "0", "99999999999999999999", "'; DROP TABLE accounts; --", "%", "a\0b", "<b>", "[]", "ä日"];
    let known = ["q", "role", "team", "activity", "expiring", "disabled", "sort", "size", "page", "after", "before", "other"];
    for name in known {
        for value in garbage.iter().map(|text| (*text).to_owned()).chain(positions.iter().cloned()) {
            get(&viewer, &format!("?{}", serde_html_form::to_string([(name, value)]).unwrap()));
        }
        get(&viewer, &format!("?{name}=%FF%FE"));
        get(&viewer, &format!("?{name}=%"));
    }
    for sort in ["name", "-login", "used", "expiry", "-status"] {
        for value in &positions {
            get(&viewer, &format!("?sort={sort}&after={value}"));
            get(&viewer, &format!("?sort={sort}&before={value}"));
        }
    }
    for query in ["?", "?&&&", "?q", "?=x", "?page=1&page=2", "?q=a&q=b&role=&role=x", &format!("?q={}", "%C3%A4".repeat(3000))] {
        get(&viewer, query);
    }
    assert_eq!(names(&get(&viewer, "?page=-3&size=7&sort=shoe&role=x&activity=now")).len(), 25);
}
