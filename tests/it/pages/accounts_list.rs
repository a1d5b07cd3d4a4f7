//! The list: what it shows to whom, search, filters, order, pages.

use std::collections::BTreeSet;

use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;
use muster::accounts::model::{Filter, Kind, Sort, Window};
use muster::accounts::operations::{self, Creation, Plan};
use muster::accounts::queries::list::list;
use muster::auth::principal::Principal;
use muster::clock;
use muster::config::DatabaseUrl;
use muster::database::{Database, DbConnection, migrations};
use muster::id::Id;
use muster::roles::predefined;
use muster::schema::{accounts, tokens};
use muster::tokens::model::Expiry;
use muster::tokens::value::Access;
use muster::tokens::{expiry, operations as tokens_operations};

use super::html::{LIST, bulk_flash, find_href, href, links, names, row, row_html};
use crate::support::app::{Answer, Client, TestApp, seed};
use crate::support::engine::TestDatabase;

fn get(client: &Client, query: &str) -> Answer {
    let answer = client.get(&format!("{LIST}{query}"));
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    answer
}

/// The menu that the script opens for each row.
fn text_of_menu(answer: &Answer) -> String {
    let menu = answer.body.split_once("id=\"row-menu\"").unwrap().1.split_once("</div>").unwrap().0;
    Answer { body: format!("<{menu}"), ..answer.clone() }.text()
}

fn set_used(app: &TestApp, id: &Id, days_ago: i64) {
    let (id, at) = (id.clone(), clock::now() - TimeDelta::days(days_ago) + TimeDelta::minutes(5));
    app.write(move |conn| {
        diesel::update(accounts::table.find(&id)).set(accounts::last_used_at.eq(at)).execute(conn)?;
        Ok(())
    });
}

fn set_login(app: &TestApp, id: &Id, days_ago: i64) {
    let (id, at) = (id.clone(), clock::now() - TimeDelta::days(days_ago));
    app.write(move |conn| {
        diesel::update(accounts::table.find(&id)).set(accounts::last_login_at.eq(at)).execute(conn)?;
        Ok(())
    });
}

/// A token that ends in so many days, and the account's first expiry with it.
fn add_expiring(app: &TestApp, id: &Id, days: i64) {
    let value = app.add_token(id, Access::Read);
    let public = value[5..17].to_owned();
    let id = id.clone();
    app.write(move |conn| {
        let at = clock::now() + TimeDelta::days(days) + TimeDelta::minutes(5);
        diesel::update(tokens::table.find(&public)).set(tokens::expires_at.eq(at)).execute(conn)?;
        muster::tokens::queries::expiry::keep_first_expiry(conn, &id)
    });
}

// S4, S15: name, teams, roles with a link to what each may do, last login, token activity; for those with read:* only.
#[test]
fn every_reader_sees_the_columns() {
    let app = TestApp::start();
    let viewer = app.viewer();
    let id = app.add_account_with("payments-api deploy", &[predefined::CI_CD.into(), predefined::READ_ONLY.into()]);
    app.add_team("Platform", &[&id]);
    app.add_team("SRE", &[&id]);
    set_used(&app, &id, 2);
    set_login(&app, &id, 40);
    add_expiring(&app, &id, 6);
    app.add_account_with("quiet", &[]);
    let list = get(&viewer, "");
    let text = row(&list, "payments-api deploy");
    for part in ["Platform , SRE", "CI/CD", "Read-Only", "1 month ago", "2 days ago", "1 token", "expires in 6 days"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let html = row_html(&list, "payments-api deploy");
    assert!(html.contains(&format!("/settings/roles#role-{}", predefined::CI_CD)), "{html}");
    let quiet = row(&list, "quiet");
    assert!(quiet.ends_with("None None Never Never used No tokens"), "{quiet}");
    for heading in ["Name", "Teams", "Roles", "Last login", "Token activity", "Tokens"] {
        assert!(list.text().contains(heading), "{heading}");
    }
    assert_eq!(list.body.matches("title=\"Recorded since ").count(), 2, "last login and token activity");
    // A column of its own where it can differ.
    assert!(!list.body.contains("data-label=\"Status\""));
    let with_disabled = get(&viewer, "?disabled=1");
    assert!(row(&with_disabled, "quiet").ends_with("No tokens Active"), "{}", row(&with_disabled, "quiet"));
    let nobody = app.user("Nobody Much", &[predefined::VIEWER.into()]);
    let refused = nobody.get(LIST);
    assert_eq!(refused.status, 403);
    assert!(refused.text().contains("system_account:read:*"), "{}", refused.text());
}

#[test]
fn more_than_two_teams_or_roles_are_counted_and_named_in_a_title() {
    let app = TestApp::start();
    let roles = [predefined::CI_CD, predefined::READ_ONLY, predefined::USER].map(Id::from);
    let id = app.add_account_with("busy", &roles);
    for team in ["Alpha", "Beta", "Gamma"] {
        app.add_team(team, &[&id]);
    }
    let list = get(&app.viewer(), "");
    let text = row(&list, "busy");
    // What a wide page spells out is there, too; the browser shows one of both.
    assert!(text.contains("Alpha , Beta , Gamma +2 more: Beta, Gamma"), "{text}");
    assert!(text.contains("CI/CD Read-Only User +2 more: Read-Only, User"), "{text}");
}

// S5, S11: those who may only look find nothing to act with, and are told whom to ask.
#[test]
fn a_viewer_sees_no_boxes_no_menus_no_buttons_and_whom_to_ask() {
    let app = TestApp::start();
    let admin = app.admin();
    app.add_account("robot");
    let viewer = app.viewer();
    let list = get(&viewer, "");
    for trace in ["name=\"id\"", "id=\"bulk\"", "class=\"row-more\"", "id=\"row-menu\"", "/new\"", "name=\"do\"", "id=\"row\""] {
        assert!(!list.body.contains(trace), "{trace}");
        assert!(get(&admin, "").body.contains(trace), "{trace}");
    }
    assert!(list.text().contains("Only administrators can change them. Ask Maya Lindqvist."), "{}", list.text());
    let seen = get(&admin, "");
    assert!(!seen.text().contains("Only administrators can change them"));
    // S11: a box and a menu for every row, and the same actions in both.
    for trace in ["name=\"id\"", "id=\"bulk\"", "class=\"row-more\""] {
        assert!(seen.body.contains(trace), "{trace}");
    }
    for action in ["Edit Roles", "Make Administrator", "Tokens", "Disable", "Delete"] {
        assert!(text_of_menu(&seen).contains(action), "{action}");
    }
    for action in ["add_role", "remove_role", "make_administrator", "remove_administrator", "disable", "enable", "delete"] {
        assert!(seen.body.contains(&format!("name=\"do\" value=\"{action}\"")), "{action}");
    }
}

// S3
#[test]
fn the_screen_says_that_system_accounts_do_not_stand_in_for_people() {
    let app = TestApp::start();
    app.add_account("robot");
    let list = get(&app.viewer(), "");
    assert!(list.text().contains("Don't use them in place of people"), "{}", list.text());
    assert_eq!(href(&list, "their own user account"), "https://example.test/policy");
    let bare = TestApp::start_with(|config| config.policy_link = None);
    let list = get(&bare.admin(), "");
    assert!(list.text().contains("everyone needs their own user account"));
    assert_eq!(find_href(&list, "their own user account"), None);
}

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
fn without_any_account_the_first_steps_are_shown() {
    let app = TestApp::start();
    let admin = app.admin();
    let empty = get(&admin, "");
    assert!(empty.text().contains("No system accounts yet"), "{}", empty.text());
    assert_eq!(href(&empty, "New system account"), format!("{LIST}/new"));
    let viewer = get(&app.viewer(), "");
    assert!(viewer.text().contains("No system accounts yet") && !viewer.body.contains("New system account"));
    // All disabled is something else.
    let id = app.add_account("robot");
    bulk_flash(&admin, "disable", &[&id], &[]);
    let hidden = get(&admin, "");
    assert_eq!(href(&hidden, "Display disabled system accounts"), format!("{LIST}?disabled=1"));
    assert_eq!(names(&get(&admin, "?disabled=1")), ["robot"]);
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
    for column in ["Name", "Last login", "Token activity", "Tokens", "Status", "Next page"] {
        let link = href(&list, column);
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
    let app = TestApp::start();
    let viewer = app.viewer();
    app.add_many(10_500);
    // Two moments only, so that nearly every row is a tie.
    let role = format!("?size=100&role={}", predefined::CI_CD);
    let both = format!("{role}&q=bulk");
    for start in ["?size=100&sort=-used", "?size=100&q=BULK", &role, &both] {
        let mut list = get(&viewer, start);
        let filtered = start.contains("q=") || start.contains("role=");
        let total = if filtered { "1–100 of more than 1,000" } else { "1–100 of 10,500" };
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
        assert_eq!(seen.len(), 10_500, "{start}");
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 10_500, "{start}");
        assert!(list.text().contains("10,401–10,500 of"), "{}", list.text());
        // And back again.
        let mut back = list.clone();
        for page in pages.iter().rev().skip(1).take(3) {
            back = viewer.get(&href(&back, "Previous page"));
            assert_eq!(&names(&back), page);
        }
        assert!(back.text().contains("10,101–10,200 of"), "{}", back.text());
        let last = viewer.get(&href(&get(&viewer, start), "Last page"));
        assert_eq!(Some(&names(&last)), pages.last());
        assert_eq!((find_href(&last, "Next page"), find_href(&last, "Last page")), (None, None));
        assert_eq!(names(&viewer.get(&href(&last, "Previous page"))), pages[pages.len() - 2]);
        assert_eq!(names(&viewer.get(&href(&last, "First page"))), pages[0]);
        let second = viewer.get(&href(&get(&viewer, start), "Next page"));
        let first = viewer.get(&href(&second, "Previous page"));
        assert_eq!(names(&first), pages[0]);
        assert!(first.text().contains(total), "{}", first.text());
        assert_eq!(find_href(&first, "Previous page"), None);
    }
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

// S2: the meter and the plan's name; full, the button says why it does nothing.
#[test]
fn the_plan_is_shown_and_a_full_one_says_so() {
    let app = TestApp::with_plan(2);
    let admin = app.admin();
    assert!(get(&admin, "").text().contains("0 of 2 on the Team plan"));
    let first = app.add_account("one");
    let list = get(&admin, "");
    assert!(list.text().contains("1 of 2 on the Team plan"), "{}", list.text());
    assert!(list.body.contains("<meter") && list.body.contains("max=\"2\""));
    assert_eq!(href(&list, "New system account"), format!("{LIST}/new"));
    app.add_account("two");
    let full = get(&admin, "");
    assert!(full.text().contains("2 of 2 on the Team plan"));
    assert!(full.text().contains("The Team plan is full. Disable or delete a system account first."), "{}", full.text());
    assert_eq!(find_href(&full, "New system account"), None);
    assert!(full.body.contains("aria-disabled=\"true\" aria-describedby=\"plan-full\""));
    let form = admin.get(&format!("{LIST}/new"));
    assert!(form.text().contains("The Team plan is full."), "{}", form.text());
    assert!(form.body.contains("<button class=\"button button-primary\" disabled>"));
    // Disabled ones do not count.
    bulk_flash(&admin, "disable", &[&first], &[]);
    assert!(get(&admin, "").text().contains("1 of 2 on the Team plan"));
    // Without a limit there is a plain count.
    let free = TestApp::start();
    free.add_account("one");
    let list = get(&free.admin(), "");
    assert!(!list.body.contains("<meter") && !list.text().contains("on the plan"), "{}", list.text());
    assert!(list.body.contains("class=\"plan\""), "{}", list.text());
}

#[test]
fn html_in_a_name_is_text() {
    let app = TestApp::start();
    let admin = app.admin();
    let name = "<script>alert(1)</script>\"'&";
    let id = app.add_account(name);
    app.add_team("<i>Team</i>", &[&id]);
    admin.post(&format!("{LIST}/{id}"), &[("name", name), ("description", "<img src=x onerror=alert(2)>")]);
    for path in [LIST.into(), format!("{LIST}/{id}"), format!("{LIST}/{id}/deletion"), format!("{LIST}/{id}/promotion")] {
        let page = admin.get(&path);
        assert_eq!(page.status, 200, "{path}");
        for trace in ["<script>alert", "<img src=x", "<i>Team"] {
            assert!(!page.body.contains(trace), "{path}: {trace}");
        }
    }
    assert_eq!(names(&get(&admin, "")), [name]);
    let flash = bulk_flash(&admin, "disable", &[&id], &[]);
    assert!(!flash.body.contains("<script>alert"));
    let single = admin.post_and_follow(&format!("{LIST}/{id}/enablement"), &[]);
    assert!(single.flash().contains("&#60;script&#62;"), "{}", single.flash());
}

// The expiry that a row is sorted by is the one that its cell names, also when time has passed and nobody has touched a token.
// Without a server, whose own look at the real time would come in between.
#[test]
fn an_expired_token_gives_its_place_to_the_next() {
    let (_home, database) = without_a_server();
    let shell = Principal::shell();
    let account = |name: &str, days: &[i64]| {
        let form = Creation { name: name.into(), roles: vec![predefined::CI_CD.into()], ..Creation::default() };
        let made = database.write_now(|conn| {
            let id = operations::create_system_account(conn, &shell, &Plan::unlimited(), &form)?;
            for day in days {
                let end = Ok(Expiry::In(TimeDelta::days(*day) + TimeDelta::hours(1)));
                let form = tokens_operations::Creation { name: "deploy".into(), access: Some(Access::Read), expiry: end };
                tokens_operations::create(conn, &shell, &id, &form, None)?;
            }
            Ok(())
        });
        made.unwrap();
    };
    account("both", &[6, 12]);
    account("one", &[9]);
    account("none", &[]);
    let shown = |sort: &str, expiring: bool| {
        let filter = Filter { expiring, ..Filter::all(Kind::System) };
        let page = |conn: &mut DbConnection| list(conn, &filter, Sort::parse(sort), &Window::Skip(0), 25);
        database.read_now(page).unwrap().rows.into_iter().map(|row| row.name).collect::<Vec<_>>()
    };
    let after = |days: i64| seen_to(&database, clock::now() + TimeDelta::days(days) + TimeDelta::hours(2));
    assert_eq!(shown("expiry", false), ["both", "one", "none"]);
    assert_eq!(shown("name", true), ["both", "one"]);
    assert_eq!(after(3), 0);
    assert_eq!(shown("expiry", false), ["both", "one", "none"]);
    assert_eq!(after(6), 1, "the first of two has expired");
    assert_eq!(shown("expiry", false), ["one", "both", "none"]);
    assert_eq!(after(6), 0, "it is done once");
    assert_eq!(after(9), 0, "the only one has expired: nothing is to come, and the row names what has passed");
    let statements = database.statements();
    assert_eq!(after(9), 0);
    assert_eq!(database.statements() - statements, 2, "what is there to write?");
    assert_eq!(shown("expiry", false), ["one", "both", "none"]);
    assert_eq!(after(5), 1, "a clock that was ahead has been set right");
    assert_eq!(shown("expiry", false), ["both", "one", "none"]);
    assert_eq!(after(13), 1, "and after a long stop");
    assert_eq!(shown("-expiry", false), ["none", "both", "one"]);
}

/// More accounts than are moved on in one transaction.
#[test]
fn a_long_stop_is_made_up_for_in_parts() {
    let (_home, database) = without_a_server();
    seed(&database, 1_900);
    let (past, soon) = (clock::now() - TimeDelta::hours(3), clock::now() + TimeDelta::days(3));
    let made = database.write_now(|conn| {
        diesel::update(tokens::table).set(tokens::expires_at.eq(past)).execute(conn)?;
        let mut second = muster::database::sql::Sql::new(
            "INSERT INTO tokens (id, account_id, name, access, digest, created_at, created_by_name, expires_at) \
             SELECT 'x' || id, account_id, name, access, digest, created_at, created_by_name, ",
        );
        second.bind(soon).push(" FROM tokens");
        second.execute(conn)?;
        // As a version that went by the first of all left it.
        Ok(diesel::update(accounts::table).set(accounts::first_expiry_at.eq(past)).execute(conn)?)
    });
    assert_eq!(made, Ok(1_900));
    let expiring = || {
        let filter = Filter { expiring: true, ..Filter::all(Kind::System) };
        database.read_now(|conn| list(conn, &filter, Sort::parse("name"), &Window::Skip(0), 25)).unwrap().total.count
    };
    assert_eq!(expiring(), 0);
    assert_eq!(seen_to(&database, clock::now()), 950);
    assert_eq!(expiring(), 950);
    assert_eq!(seen_to(&database, clock::now()), 0);
}

fn without_a_server() -> (TestDatabase, Database) {
    let home = TestDatabase::empty();
    let url: DatabaseUrl = home.url().parse().unwrap();
    migrations::migrate(&url).unwrap();
    let database = Database::connect(url, 1).unwrap();
    (home, database)
}

/// The number of accounts that move on when expired tokens are seen to, at a time.
fn seen_to(database: &Database, now: NaiveDateTime) -> usize {
    let database = database.clone();
    actix_web::rt::System::new().block_on(async move { expiry::move_on(&database, now).await.unwrap() })
}
