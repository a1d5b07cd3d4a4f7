//! The list of accounts, and changes to many at once.

use std::collections::BTreeSet;

use muster::accounts::model::{Kind, Selection};
use muster::accounts::operations;
use muster::auth::principal::Principal;
use muster::id::Id;
use muster::roles::predefined;
use muster::tokens::value::Access;
use serde_json::{Value, json};

use super::{Caller, Reply, names, problem};
use crate::support::app::TestApp;
use crate::support::snapshot::{assert_unchanged, snapshot};

const LIST: &str = "/admin/users";
const BULK: &str = "/admin/system-accounts/bulk";

fn disable(app: &TestApp, id: &Id) {
    let one = Selection::Accounts(vec![id.clone()]);
    app.write(move |conn| operations::disable(conn, &Principal::shell(), Kind::System, &one));
}

/// Follows `next` to the end: the names, in their order.
fn all(caller: &Caller, path: &str) -> Vec<String> {
    let (mut found, mut next) = (Vec::new(), Some(path.to_owned()));
    while let Some(path) = next {
        let reply = caller.get(&path);
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        found.extend(names(&reply.body["users"]));
        next = reply.body["_links"]["next"]["href"].as_str().map(str::to_owned);
    }
    found
}

#[test]
fn the_list_is_narrowed_as_on_the_pages() {
    let app = TestApp::start();
    let caller = Caller::administrator(&app);
    app.add_user("Ida Holm", &[predefined::USER.into()]);
    let bo = app.add_user("Bo Ek", &[]).0;
    let (one, two) = (app.add_account("a&b ü"), app.add_account_with("builds", &[predefined::READ_ONLY.into()]));
    disable(&app, &two);
    let team = app.add_team("Mobile", &[&bo, &one]);
    app.add_token(&one, Access::Read);
    let ci = predefined::CI_CD;
    let everybody = ["Bo Ek", "Ida Holm", "a&b ü", "builds", "terraform"];
    for (query, found) in [
        (String::new(), &everybody[..]),
        ("unknown=1&q=&active=&role=".into(), &everybody),
        ("userType=0".into(), &["Bo Ek", "Ida Holm"]),
        ("userType=1".into(), &["a&b ü", "builds", "terraform"]),
        ("active=true".into(), &["Bo Ek", "Ida Holm", "a&b ü", "terraform"]),
        ("active=false".into(), &["builds"]),
        ("q=a%26b%20%C3%BC".into(), &["a&b ü"]),
        ("q=ida.holm@example.test".into(), &["Ida Holm"]),
        (format!("q={one}"), &["a&b ü"]),
        (format!("role={ci}"), &["a&b ü"]),
        (format!("role={}", ci.to_string().to_uppercase()), &["a&b ü"]),
        (format!("role={}&active=false", predefined::READ_ONLY), &["builds"]),
        (format!("team={team}"), &["Bo Ek", "a&b ü"]),
        ("activity=never&userType=1".into(), &["a&b ü", "builds", "terraform"]),
        ("sort=-name&userType=1".into(), &["terraform", "builds", "a&b ü"]),
        ("sort=name".into(), &everybody),
        ("expiring=14".into(), &[]),
        (format!("role={}", Id::new()), &[]),
    ] {
        for size in ["", "size=1", "size=2", "size=1000"] {
            assert_eq!(all(&caller, &format!("{LIST}?{query}&{size}")), found, "{query} {size}");
        }
        let reply = caller.get(&format!("{LIST}?{query}"));
        assert_eq!(reply.body["page"]["totalElements"], json!(found.len()), "{query}");
    }
    for (query, field) in [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=9223372036854775807", "page"),
        ("page=1.5", "page"),
        ("size=0", "size"),
        ("size=1001", "size"),
        ("active=yes", "active"),
        ("userType=2", "userType"),
        ("role=x", "role"),
        ("role=00000000-0000-0000-0000-00000000000g", "role"),
        ("activity=sometimes", "activity"),
        ("sort=shoe", "sort"),
        ("q=%00", "q"),
        ("q=a&q=b", "q"),
        ("q=%01", "q"),
        ("expiring=15", "expiring"),
        ("expiring=14&userType=0", "expiring"),
    ] {
        assert_eq!(problem(&caller.get(&format!("{LIST}?{query}"))), (400, vec![field]), "{query}");
    }
    assert_eq!(problem(&caller.get(&format!("{LIST}?q={}", "x".repeat(101)))), (400, vec!["q"]));
    let beyond = caller.get(&format!("{LIST}?page=7&size=2"));
    assert_eq!((beyond.status, &beyond.body["users"], beyond.body["_links"].get("next")), (200, &json!([]), None));
    assert!(beyond.body["_links"]["prev"]["href"].as_str().unwrap().ends_with("page=3&size=2"));
    for link in ["self", "first", "last"] {
        assert!(beyond.body["_links"][link]["href"].as_str().unwrap().starts_with(&app.url), "{link}");
    }

    let of_users = Caller::holding(&app, "of users", &["user:read:*"]);
    assert_eq!(all(&of_users, LIST), ["Bo Ek", "Ida Holm"]);
    assert_eq!(of_users.get(&format!("{LIST}?userType=1")).body["permission"], "system_account:read:*");
    let of_team = Caller::holding(&app, "of a team", &["system_account:manage:team"]);
    let (team, account) = (team, of_team.account.clone());
    app.write(move |conn| crate::support::app::join_team(conn, &team, &account));
    assert_eq!(all(&of_team, LIST), ["a&b ü", "of a team"]);
    assert_eq!(Caller::holding(&app, "nobody", &["role:read:*"]).get(LIST).status, 403);
}

#[test]
fn each_account_comes_once_and_pages_cost_the_same() {
    let app = TestApp::start();
    let caller = Caller::administrator(&app);
    app.add_many(230);
    let mut seen = BTreeSet::new();
    for page in 1..=4 {
        let reply = caller.get(&format!("{LIST}?size=60&page={page}&userType=1"));
        for user in reply.body["users"].as_array().unwrap() {
            assert!(seen.insert(user["uuid"].as_str().unwrap().to_owned()), "{user} comes twice");
        }
        // Whoever is seen meanwhile does not move.
        app.verify(&caller.token);
    }
    assert_eq!(seen.len(), 231);
    let mut counts = BTreeSet::new();
    for size in [1, 10, 200] {
        let before = app.database.statements();
        assert_eq!(caller.get(&format!("{LIST}?size={size}")).body["users"].as_array().unwrap().len(), size);
        counts.insert(app.database.statements() - before);
    }
    assert_eq!(counts.len(), 1, "a page takes the same statements whatever its size: {counts:?}");
}

// 7.4
#[test]
fn in_every_order_each_account_comes_once() {
    let app = TestApp::start();
    let caller = Caller::administrator(&app);
    app.add_many(120);
    for order in ["name", "-name", "login", "-login", "used", "-used", "expiry", "-expiry", "status", "-status"] {
        let found = all(&caller, &format!("{LIST}?userType=1&size=25&sort={order}"));
        let distinct: BTreeSet<&String> = found.iter().collect();
        assert_eq!((found.len(), distinct.len()), (121, 121), "{order}");
    }
}

// 7.10
#[test]
fn links_are_of_the_public_url_and_keep_the_filters() {
    const URL: &str = "https://muster.example.org";
    let url = muster::config::url::origin(URL).unwrap();
    let app = TestApp::start_with(|config| config.public_url = Some(url));
    let caller = Caller::administrator(&app);
    for n in 0..6 {
        let id = app.add_account(&format!("a&b ü {n}"));
        if n < 5 {
            disable(&app, &id);
        }
    }
    let proxied = [("Host", "evil.example"), ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Proto", "http")];
    let (mut found, mut next) = (Vec::new(), Some(format!("{LIST}?q=a%26b%20ü&active=false&size=2")));
    while let Some(path) = next {
        let reply = caller.bare("GET", &path.replace('ü', "%C3%BC"), &proxied);
        found.extend(names(&reply.body["users"]));
        let links = reply.body["_links"].as_object().unwrap();
        for (name, link) in links {
            let href = link["href"].as_str().unwrap();
            assert!(href.starts_with(&format!("{URL}{LIST}?q=a%26b%20%C3%BC&active=false&page=")), "{name}: {href}");
        }
        assert_eq!((links.contains_key("prev"), links.contains_key("next")), (found.len() > 2, found.len() < 5));
        for user in reply.body["users"].as_array().unwrap() {
            assert!(user["_links"]["self"]["href"].as_str().unwrap().starts_with(&format!("{URL}/admin/users/")));
        }
        next = links.get("next").map(|link| link["href"].as_str().unwrap().replace(URL, ""));
    }
    assert_eq!(found.len(), 5, "{found:?}");
}

#[test]
fn many_are_changed_at_once_by_the_verbs_of_the_list() {
    let app = TestApp::start();
    let caller = Caller::administrator(&app);
    let ids: Vec<Id> = ["one", "two", "three"].map(|name| app.add_account(name)).into();
    let viewer = predefined::READ_ONLY.to_string();
    let done = |body: Value| {
        let reply = caller.post(BULK, &body);
        assert_eq!(reply.status, 200, "{body}: {}", reply.body);
        (reply.body["changed"].as_i64().unwrap(), reply.body["unchanged"].as_i64().unwrap())
    };
    assert_eq!(done(json!({"action": "disable", "uuids": [ids[0], ids[1], ids[0]]})), (2, 0));
    assert_eq!(done(json!({"action": "disable", "uuids": ids})), (1, 2));
    assert_eq!(done(json!({"action": "enable", "uuids": ids, "filter": null})), (3, 0));
    assert_eq!(done(json!({"action": "addRole", "uuids": ids, "role": viewer})), (3, 0));
    assert_eq!(done(json!({"action": "removeRole", "filter": {"role": viewer, "q": "t"}, "role": viewer})), (2, 0));
    assert_eq!(done(json!({"action": "makeAdministrator", "uuids": [ids[0]]})), (1, 0));
    assert_eq!(done(json!({"action": "removeAdministrator", "uuids": ids})), (1, 2));
    assert_eq!(done(json!({"action": "disable", "uuids": []})), (0, 0));
    assert_eq!(done(json!({"action": "disable", "filter": {"q": "one", "active": true}})), (1, 0));
    assert_eq!(done(json!({"action": "delete", "filter": {"active": false}})), (1, 0));
    assert_eq!(done(json!({"action": "delete", "uuids": [ids[1], ids[0]]})), (1, 0), "one of them is gone already");

    let user = app.add_user("Ida Holm", &[]).0;
    let before = snapshot(&app);
    for (body, field) in [
        (json!({}), "action"),
        (json!({"action": "explode", "uuids": ids}), "action"),
        (json!({"action": "edit_roles", "uuids": ids}), "action"),
        (json!({"action": "add_role", "uuids": ids, "role": viewer}), "action"),
        (json!({"action": ["disable"], "uuids": ids}), "action"),
        (json!({"action": "disable"}), "uuids"),
        (json!({"action": "disable", "uuids": ids, "filter": {}}), "uuids"),
        (json!({"action": "disable", "uuids": "x"}), "uuids"),
        (json!({"action": "disable", "uuids": [ids[2], "x"]}), "uuids[1]"),
        (json!({"action": "disable", "uuids": [ids[2], Id::new()]}), "uuids"),
        (json!({"action": "disable", "uuids": [ids[2], user]}), "uuids"),
        (json!({"action": "disable", "uuids": vec![&ids[2]; 5001]}), "uuids"),
        (json!({"action": "disable", "filter": []}), "filter"),
        (json!({"action": "disable", "filter": {"actve": true}}), "filter.actve"),
        (json!({"action": "disable", "filter": {"active": "true"}}), "filter.active"),
        (json!({"action": "disable", "filter": {"role": "nonsense"}}), "filter.role"),
        (json!({"action": "disable", "filter": {"team": 7}}), "filter.team"),
        (json!({"action": "disable", "filter": {"q": {"a": 1}}}), "filter.q"),
        (json!({"action": "disable", "filter": {"q": "a\u{0}"}}), "filter.q"),
        // What narrows nothing would mean all of them.
        (json!({"action": "delete", "filter": {"rloe": null}}), "filter.rloe"),
        (json!({"action": "delete", "filter": {"role": null}}), "filter.role"),
        (json!({"action": "delete", "filter": {"active": null}}), "filter.active"),
        (json!({"action": "delete", "filter": {"q": ""}}), "filter.q"),
        (json!({"action": "delete", "filter": {"team": " \t"}}), "filter.team"),
        (json!({"action": "addRole", "uuids": ids}), "role"),
        (json!({"action": "addRole", "uuids": [ids[2]], "role": "x"}), "role"),
        (json!({"action": "addRole", "uuids": [ids[2]], "role": Id::new()}), "role"),
    ] {
        assert_eq!(problem(&caller.post(BULK, &body)), (400, vec![field]), "{body}");
    }
    let twice = r#"{"action":"disable","filter":{"q":"a","\u0071":""}}"#;
    assert_eq!(problem(&caller.text("POST", BULK, twice)).0, 400);
    // Its own account is among all of them.
    assert_eq!(problem(&caller.post(BULK, &json!({"action": "disable", "filter": {}}))), (409, vec![]));
    assert_eq!(problem(&caller.post(BULK, &json!({"action": "delete", "uuids": [ids[2], caller.account]}))), (409, vec![]));
    assert_unchanged(&app, &before, "bulk");
    let reader = Caller::of(&app, caller.account.clone(), Access::Read);
    assert_eq!(reader.post(BULK, &json!({"action": "enable", "uuids": []})).status, 403);
    let of_team = Caller::holding(&app, "of a team", &["system_account:manage:team"]);
    assert_eq!(of_team.post(BULK, &json!({"action": "disable", "uuids": [ids[2]]})).status, 403);
}

/// Also where only its own roles would change: the others have the role, or lack it, already.
#[test]
fn nobody_changes_their_own_roles_among_others() {
    let app = TestApp::start();
    let caller = Caller::administrator(&app);
    let viewer = predefined::VIEWER.to_string();
    let other = app.add_account_with("other", &[predefined::VIEWER.into()]);
    let bare = app.add_account("bare");
    let ids = json!([caller.account, other]);
    let before = snapshot(&app);
    for body in [
        json!({"action": "addRole", "uuids": ids, "role": viewer}),
        json!({"action": "addRole", "filter": {}, "role": viewer}),
        json!({"action": "removeRole", "uuids": [caller.account, bare], "role": predefined::ADMINISTRATOR.to_string()}),
        json!({"action": "removeAdministrator", "filter": {}}),
    ] {
        let reply = caller.post(BULK, &body);
        assert_eq!(problem(&reply).0, 409, "{body}");
        assert!(reply.body["detail"].as_str().unwrap().contains("terraform is you"), "{body}: {}", reply.body);
    }
    assert_unchanged(&app, &before, "own roles");
    // Alone it is meant.
    assert_eq!(caller.post(BULK, &json!({"action": "addRole", "uuids": [caller.account], "role": viewer})).status, 200);
}

#[test]
fn who_may_not_see_users_makes_nobody_an_owner() {
    let app = TestApp::start();
    let keeper = Caller::holding(&app, "keeper", &["system_account:manage:*", "system_account:read:*"]);
    let robot = app.add_account("robot");
    let ida = app.add_user("Ida Holm", &[]).0;
    let before = snapshot(&app);
    let answers: Vec<Reply> = [&ida, &Id::new()]
        .map(|owner| keeper.post(BULK, &json!({"action": "setOwner", "uuids": [robot], "owner": owner})))
        .into();
    // There is such a user, or there is not: the same answer.
    for answer in &answers {
        assert_eq!((problem(answer), &answer.body["errors"]), ((400, vec!["owner"]), &answers[0].body["errors"]));
    }
    assert_unchanged(&app, &before, "owner");
}
