//! Team Administrator, which follows from administering a team, stands among an account's roles wherever they are shown.

use muster::auth::principal::Principal;
use muster::id::Id;
use muster::roles::predefined;
use muster::teams::operations::administrators::{appoint, dismiss};
use serde_json::{Value, json};

use crate::pages::html::names;
use crate::support::app::TestApp;

#[test]
fn it_is_shown_while_one_administers() {
    let app = TestApp::start();
    let admin = app.admin();
    let (ida, _) = app.add_user("Ida Holm", &[predefined::USER.into()]);
    let robot = app.add_account("robot");
    let (blue, red) = (app.add_team("Blue", &[]), app.add_team("Red", &[]));
    let asker = app.add_account_with("asker", &[predefined::ADMINISTRATOR.into()]);
    let bearer = format!("Bearer {}", app.add_token(&asker, muster::tokens::value::Access::Read));
    let own = format!("Bearer {}", app.add_token(&robot, muster::tokens::value::Access::Read));
    let badge = format!("/settings/roles#role-{}", predefined::TEAM_ADMINISTRATOR);
    let seen = |id: &Id, list: &str, name: &str| {
        let page = admin.get(&format!("{list}/{id}"));
        let row = admin.get(&format!("{list}?q={name}"));
        assert_eq!((page.status, row.status), (200, 200));
        let on_page = page.text().contains("Team Administrator");
        assert_eq!(row.body.contains(&badge), on_page, "list and page agree");
        // It is nothing to tick.
        assert!(!page.body.contains(&format!("value=\"{}\"", predefined::TEAM_ADMINISTRATOR)), "{}", page.text());
        on_page
    };
    let by_api = || {
        let user = app.anonymous().get_with("/user", &[("Authorization", &own)]);
        let user: Value = serde_json::from_str(&user.body).unwrap();
        let names: Vec<Value> = user["_embedded"]["roles"].as_array().unwrap().iter().map(|role| role["name"].clone()).collect();
        names
    };
    assert_eq!(app.anonymous().get_with("/user", &[("Authorization", &bearer)]).status, 200);
    let both = [ida.clone(), robot.clone()];
    assert!(!seen(&ida, "/settings/users", "Ida") && !seen(&robot, "/settings/system-accounts", "robot"));
    assert_eq!(by_api(), [json!("CI/CD")]);
    for team in [&blue, &red] {
        app.write(|conn| appoint(conn, &Principal::shell(), team, &both).map(drop));
        assert!(seen(&ida, "/settings/users", "Ida") && seen(&robot, "/settings/system-accounts", "robot"));
        assert_eq!(by_api(), [json!("CI/CD"), json!("Team Administrator")]);
    }
    app.write(|conn| dismiss(conn, &Principal::shell(), &blue, &both).map(drop));
    assert!(seen(&ida, "/settings/users", "Ida"));
    app.write(|conn| dismiss(conn, &Principal::shell(), &red, &both).map(drop));
    assert!(!seen(&ida, "/settings/users", "Ida") && !seen(&robot, "/settings/system-accounts", "robot"));
    assert_eq!(by_api(), [json!("CI/CD")]);
}

#[test]
fn who_has_it_is_counted_and_found() {
    let app = TestApp::start();
    let admin = app.admin();
    let (ida, _) = app.add_user("Ida Holm", &[predefined::USER.into()]);
    app.add_user("Bo Berg", &[predefined::USER.into()]);
    let (blue, red) = (app.add_team("Blue", &[]), app.add_team("Red", &[]));
    for team in [&blue, &red] {
        app.write(|conn| appoint(conn, &Principal::shell(), team, std::slice::from_ref(&ida)).map(drop));
    }
    let roles = admin.get("/settings/roles");
    let list = format!("/settings/users?role={}&disabled=1", predefined::TEAM_ADMINISTRATOR);
    assert!(roles.body.contains(&format!("href=\"{}\">1 user<", list.replace('&', "&#38;"))), "{}", roles.body);
    for more in ["", "&q=ida", "&sort=-name", "&activity=never", &format!("&team={blue}")] {
        let found = names(&admin.get(&format!("{list}{more}")));
        assert_eq!(found, if more.contains("team") { vec![] } else { vec!["Ida Holm"] }, "{more}");
    }
    app.write(|conn| dismiss(conn, &Principal::shell(), &blue, std::slice::from_ref(&ida)).map(drop));
    app.write(|conn| dismiss(conn, &Principal::shell(), &red, std::slice::from_ref(&ida)).map(drop));
    assert!(names(&admin.get(&list)).is_empty());
}
