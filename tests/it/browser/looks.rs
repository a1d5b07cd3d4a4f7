//! How pages stand: nothing runs out of its box, stands on something else, or moves away from under the hand.

use muster::accounts::model::AccountName;
use muster::accounts::queries::rename;
use muster::database::sql::Sql;
use muster::demo::Demo;
use muster::roles::predefined;
use muster::tokens::value::Access;

use super::driver::{Browser, Options, button, field, link};
use super::stage::{LIST, add_machines, admin, flash, page_of, signed_in, viewer, visit};
use crate::support::app::{PASSWORD, TestApp, test_config};
use crate::support::engine::TestDatabase;

const USERS: &str = "/settings/users";

fn wide(width: u32) -> Options {
    Options { width, ..Options::default() }
}

/// Whether all of an element is within the width of the window.
fn is_within(browser: &Browser, css: &str) -> bool {
    let script = "return [...document.querySelectorAll(arguments[0])].map(e => e.getBoundingClientRect()).every(box => \
                  box.left >= 0 && box.right <= document.documentElement.clientWidth)";
    browser.read(script, &[css.into()]) == true
}

#[test]
fn a_long_name_without_spaces_pushes_nothing_off_the_page() {
    let app = TestApp::start();
    let name = "W".repeat(80);
    let id = app.add_account(&name);
    app.add_token(&id, Access::Write);
    let (user, _) = app.add_user("Wanda Long", &[predefined::USER.into()]);
    app.write(|conn| rename(conn, &user, &AccountName::parse(&name).unwrap(), ""));
    let team = app.add_team(&name, &[&id, &user]);
    let (_, email) = app.add_user("Maya Lindqvist", &[predefined::ADMINISTRATOR.into()]);
    for options in [Options::phone(), Options::default()] {
        let browser = signed_in(&app, &email, PASSWORD, options);
        let team = format!("/settings/teams/{team}");
        for path in [
            LIST.to_owned(),
            page_of(&id),
            format!("{}/deletion", page_of(&id)),
            format!("{}/promotion", page_of(&id)),
            format!("{USERS}/{user}"),
            format!("{USERS}/{user}/deletion"),
            "/settings/teams".to_owned(),
            team.clone(),
            format!("{team}/members/new"),
            format!("{team}/deletion"),
            "/settings/tokens".to_owned(),
            "/settings/audit-log".to_owned(),
        ] {
            visit(&browser, &app, &path);
            assert_eq!(browser.overflow(), 0, "{path} at {}", options.width);
            assert!(is_within(&browser, ".crumbs > *, .form-end > *, .flash > *, .input"), "{path} at {}", options.width);
        }
        visit(&browser, &app, &format!("{}/deletion", page_of(&id)));
        assert!(browser.shows(button("Disable instead")) && browser.shows(link("Cancel")));
        browser.follow(button("Disable instead"));
        assert_eq!(flash(&browser), format!("Disabled {name}."));
        assert_eq!(browser.overflow(), 0, "the flash at {}", options.width);
        assert!(is_within(&browser, ".flash, .flash > *"));
        browser.follow(button("Undo"));
    }
}

#[test]
fn the_cards_of_users_stand_in_order_for_those_who_may_only_look() {
    let app = TestApp::start();
    let (ida, _) = app.add_user("Ida Holm", &[predefined::USER.into(), predefined::CI_CD.into(), predefined::READ_ONLY.into()]);
    app.add_team("Platform", &[&ida]);
    let browser = viewer(&app, Options::phone());
    visit(&browser, &app, USERS);
    assert_eq!((browser.overflow(), browser.count("tbody .check")), (0, 0));
    // Pairs of cells of a card that lie on each other, and cells beside the name.
    let script = "const box = cell => cell.getBoundingClientRect();
        const seen = row => [...row.cells].filter(cell => cell.checkVisibility());
        const text = cell => { const range = document.createRange(); range.selectNodeContents(cell); return range.getBoundingClientRect(); };
        const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
        return [...document.querySelectorAll('tbody tr')].flatMap(row => seen(row).flatMap((a, at) => seen(row).slice(at + 1)
            .filter(b => meet(text(a), text(b)) || (a.tagName === 'TH' && box(b).top < box(a).bottom))
            .map(b => `${a.innerText} / ${b.innerText}`)))";
    assert_eq!(browser.read(script, &[]), serde_json::json!([]));
    assert!(browser.texts("tbody td[data-label=\"Last login\"]").len() > 1, "it is on the card");
}

#[test]
fn nothing_moves_when_a_row_is_selected() {
    let app = TestApp::start();
    add_machines(&app);
    let (_, email) = app.add_user("Maya Lindqvist", &[predefined::ADMINISTRATOR.into()]);
    let top = |browser: &Browser| browser.read("return document.querySelector('tbody tr').getBoundingClientRect().top", &[]);
    for width in [960, 1024, 1280, 1920] {
        for javascript in [true, false] {
            let browser = signed_in(&app, &email, PASSWORD, Options { javascript, ..wide(width) });
            for list in [LIST, USERS] {
                visit(&browser, &app, list);
                let before = top(&browser);
                browser.tick("tbody .check input");
                browser.wait_for("#bulk");
                assert_eq!(top(&browser), before, "{list} at {width}, script: {javascript}");
                assert!(!browser.shows("#filters"), "one bar in place of the other");
            }
        }
    }
    // At the usual width the bar is one line.
    let browser = signed_in(&app, &email, PASSWORD, wide(1280));
    visit(&browser, &app, LIST);
    browser.tick("tbody .check input");
    let tops = "return new Set([...document.querySelectorAll('.bulkbar-actions button')].filter(e => e.checkVisibility())
        .map(e => e.getBoundingClientRect().top)).size";
    assert_eq!(browser.read(tops, &[]), 1);
}

#[test]
fn addresses_and_names_of_the_audit_log_stay_in_one_piece() {
    let app = TestApp::start();
    let browser = admin(&app, Options::default());
    app.add_account(&"w".repeat(80));
    app.write(|conn| {
        Sql::new("UPDATE audit_changes SET address = '198.51.100.186', actor_name = 'Maya Lindqvist'").execute(conn)
    });
    visit(&browser, &app, "/settings/audit-log");
    let lines = "return Math.max(...[...document.querySelectorAll(arguments[0])].map(cell => {
        const range = document.createRange(); range.selectNodeContents(cell);
        return new Set([...range.getClientRects()].map(box => Math.round(box.top))).size; }))";
    for cell in ["tbody code", "tbody th .who > span:last-child"] {
        assert_eq!(browser.read(lines, &[cell.into()]), 1, "{cell}");
    }
    assert_eq!(browser.overflow(), 0);
    // The button that filters stands beside the filters, whatever they ask for.
    let apart = || {
        let script = "const top = css => document.querySelector(css).getBoundingClientRect().top;
            return Math.abs(top('#filters > .button') - top('#filters select[name=period]'))";
        browser.read(script, &[]).as_f64().unwrap()
    };
    assert!(apart() < 12.0, "{}", apart());
    browser.select(field("Period"), "Between dates");
    browser.wait_for(field("From"));
    assert!(apart() < 12.0, "{}", apart());
}

#[test]
fn the_question_about_administrators_has_the_focus() {
    let app = TestApp::start();
    let browser = admin(&app, Options::default());
    visit(&browser, &app, &format!("{USERS}/invite"));
    browser.fill(field("E-mail addresses"), "bo@example.test");
    browser.tick(format!("[name=role][value=\"{}\"]", predefined::ADMINISTRATOR));
    browser.follow(button("Invite users"));
    browser.wait_for_focus("[name=administrator]");
    let seen = "const box = document.activeElement.getBoundingClientRect(); return box.top >= 0 && box.bottom <= innerHeight";
    assert_eq!(browser.read(seen, &[]), true);
}

#[test]
fn who_loses_what_stands_above_the_permissions() {
    let app = TestApp::start();
    let (ida, _) = app.add_user("Ida Holm", &[predefined::USER.into()]);
    let team = app.add_team("Mobile", &[&ida]);
    let browser = admin(&app, Options::default());
    visit(&browser, &app, &format!("/settings/teams/{team}/deletion"));
    let script = "const box = css => document.querySelector(css).getBoundingClientRect();
        return [box('.token .sub').height < 24, box('.token .perms').top >= box('.token .sub').bottom]";
    assert_eq!(browser.read(script, &[]), serde_json::json!([true, true]));
}

#[test]
fn a_roles_uuid_is_copied_by_a_button_beside_it() {
    let app = TestApp::start();
    let browser = admin(&app, Options::default());
    for width in [390, 1280] {
        browser.resize(width, 800);
        visit(&browser, &app, "/settings/roles");
        let script = "return [...document.querySelectorAll('.role')].every(role =>
            role.querySelector('[data-copy]').getBoundingClientRect().top < role.querySelector('code[id]').getBoundingClientRect().bottom)";
        assert_eq!((browser.read(script, &[]), browser.overflow()), (serde_json::json!(true), 0), "{width}");
    }
}

#[test]
fn a_search_for_members_keeps_what_is_ticked() {
    let app = TestApp::start();
    add_machines(&app);
    let team = app.add_team("Platform", &[]);
    let (_, email) = app.add_user("Maya Lindqvist", &[predefined::ADMINISTRATOR.into()]);
    for (javascript, names) in [(true, ["catalog-sync", "drone/edge"]), (false, ["buildkite/ios", "jenkins-nightly"])] {
        let browser = signed_in(&app, &email, PASSWORD, Options { javascript, ..Options::default() });
        visit(&browser, &app, &format!("/settings/teams/{team}/members/new"));
        browser.tick(field(names[0]));
        browser.fill(field("Find a user or system account"), names[1]);
        browser.follow(button("Find"));
        browser.tick(field(names[1]));
        assert!(browser.is_ticked(field(names[0])));
        browser.follow(button("Add to team"));
        assert_eq!(flash(&browser), "Added 2 system accounts to Platform.");
    }
}

#[test]
fn nobody_in_the_demo_has_a_role_twice() {
    let demo = Demo::prepare(test_config("sqlite:unused.db".parse().unwrap())).unwrap();
    let app = TestApp::serve(TestDatabase::empty(), demo.config());
    let browser = signed_in(&app, "maya.lindqvist@halden.example", "halden-freight-demo", Options::default());
    visit(&browser, &app, &format!("{USERS}?size=100"));
    let script = "return [...document.querySelectorAll('tbody td[data-label=\"Roles\"]')].map(cell => {
        const names = [...cell.querySelectorAll('.badge > bdi')].map(name => name.textContent);
        return names.length - new Set(names).size; }).reduce((sum, n) => sum + n, 0)";
    assert_eq!(browser.read(script, &[]), 0);
    assert!(browser.read("return document.body.textContent.includes('Team Administrator')", &[]) == true);
}
