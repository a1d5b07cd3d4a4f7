//! Whose tokens one sees and ends: rows, totals, searches and what a text holds are all of the same accounts.

use actix_web::http::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue};
use muster::auth::bearer::is_from_client;
use muster::id::Id;
use muster::roles::predefined;
use muster::routes::{API, PAGES};
use muster::tokens::value::Access;

use super::list::{TOKENS, choose, public, revoke};
use crate::pages::html::{make_token, token_value, values};
use crate::support::app::{Client, TestApp};

struct World {
    app: TestApp,
    /// Manages machines, people, and those of their team.
    machines: Client,
    people: Client,
    team: Client,
    /// Tokens of a machine in the team, of one outside it, and of a person.
    inside: String,
    outside: String,
    persons: String,
}

fn world() -> World {
    let app = TestApp::start();
    let role = |name: &str, permissions: &[&str]| vec![app.add_role(name, permissions)];
    let machines = app.user("Mats Machines", &role("Machines", &["system_account:manage:*"]));
    let people = app.user("Pia People", &role("People", &["user:manage:*"]));
    let team = app.user("Tea Team", &role("Team", &["system_account:manage:team"]));
    let (robot, stranger) = (app.add_account_with("robot", &[]), app.add_account_with("stranger", &[]));
    app.add_team("Blue", &[&robot, team.account.as_ref().unwrap()]);
    let (inside, outside) = (app.add_token(&robot, Access::Write), app.add_token(&stranger, Access::Write));
    let reader = app.user("Rae Reader", &[predefined::READ_ONLY.into()]);
    let own = [("name", "laptop"), ("access", "read"), ("expires", "30")];
    let persons = token_value(&make_token(&reader, "/settings/api-tokens", &own));
    World { app, machines, people, team, inside, outside, persons }
}

#[test]
fn each_sees_the_tokens_in_their_reach_and_no_trace_of_others() {
    let World { app, machines, people, team, inside, outside, persons } = world();
    let admin = app.admin();
    let all = [&inside, &outside, &persons];
    for (client, seen) in [
        (&admin, vec![&inside, &outside, &persons]),
        (&machines, vec![&inside, &outside]),
        (&people, vec![&persons]),
        (&team, vec![&inside]),
    ] {
        let page = client.get(TOKENS);
        let mut ids = values(&page, "id");
        ids.sort();
        let mut expected: Vec<&str> = seen.iter().map(|value| public(value)).collect();
        expected.sort_unstable();
        assert_eq!(ids, expected);
        let total = if seen.len() == 1 { "1 token".to_owned() } else { format!("{} tokens", seen.len()) };
        assert!(page.body.contains(&format!("data-summary=\"{total}\"")), "{}", page.text());
        for value in all {
            // By its exact id, a foreign one reads as one that nobody has.
            let found = client.get(&format!("{TOKENS}?q={}", public(value)));
            let random = client.get(&format!("{TOKENS}?q=AbCdEfGhIjKl"));
            if seen.contains(&value) {
                assert_eq!(values(&found, "id"), [public(value)]);
            } else {
                assert_eq!(found.text().replace(public(value), ""), random.text().replace("AbCdEfGhIjKl", ""));
                // Nor can it be chosen.
                let chosen = client.post_and_follow(&format!("{TOKENS}/selections"), &[("id", public(value))]);
                assert_eq!(chosen.flash(), "Select at least one token.");
            }
        }
    }
    for nobody in [app.viewer(), app.user("Nobody Special", &[])] {
        for path in [TOKENS.to_owned(), format!("{TOKENS}?q={}", public(&inside)), format!("{TOKENS}/find")] {
            let page = nobody.get(&path);
            assert!(page.status == 403 && page.text().contains("system_account:manage:*"), "{path}: {}", page.text());
        }
        assert!(!nobody.get("/profile").body.contains(&format!("href=\"{TOKENS}\"")));
    }
    assert!(team.get("/profile").body.contains(&format!("href=\"{TOKENS}\"")));
}

#[test]
fn ones_own_are_in_the_list_too() {
    let World { app, machines, .. } = world();
    let account = machines.account.clone().unwrap();
    let more = app.add_role("Own", &["token:manage:own", "system_account:manage:*"]);
    app.write(|conn| muster::roles::queries::give(conn, &account, &more));
    let own = [("name", "laptop"), ("access", "write"), ("expires", "30")];
    let value = token_value(&make_token(&machines, "/settings/api-tokens", &own));
    let page = machines.get(TOKENS);
    assert!(values(&page, "id").contains(&public(&value).to_owned()) && page.text().contains("(you)"), "{}", page.text());
    assert_eq!(revoke(&machines, &choose(&machines, &[&value])).flash(), "Revoked laptop of Mats Machines.");
    assert_eq!(app.verify(&value).status, 401);
}

#[test]
fn a_question_is_for_who_asked_and_answered_as_one_may_now() {
    let World { app, machines, team, inside, outside, .. } = world();
    let question = choose(&machines, &[&inside, &outside]);
    let address =
        crate::pages::html::all(&question.body, "class=\"form form-wide\" method=\"post\" action=\"", "\"")[0].to_owned();
    let page = address.strip_suffix("/revocation").unwrap();
    let other = app.admin();
    for stranger in [&other, &team] {
        assert_eq!((stranger.get(page).status, stranger.post(&address, &[("all", "1")]).status), (404, 404));
    }
    assert_eq!(machines.get(&format!("{TOKENS}/selections/{}", Id::new())).status, 404);
    // Accounts' own questions are not among them.
    assert_eq!(machines.get(&page.replace("/tokens/selections/", "/selections/")).status, 404);
    // The right is gone: all or nothing.
    let account = machines.account.clone().unwrap();
    let less = app.add_role("Less", &["system_account:manage:team"]);
    let exactly = muster::accounts::operations::ActionParams::exactly([less]);
    app.write(|conn| {
        let (actor, kind) = (muster::auth::principal::Principal::shell(), muster::accounts::model::Kind::User);
        muster::accounts::operations::set_roles(conn, &actor, kind, &account, &exactly)
    });
    let refused = machines.post(&address, &[("all", "1")]);
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert_eq!([&inside, &outside].map(|value| app.verify(value).status), [200, 200]);
    // Within a team it works, and no further.
    assert_eq!(revoke(&team, &choose(&team, &[&inside])).flash(), "Revoked test token of robot.");
    assert_eq!([&inside, &outside].map(|value| app.verify(value).status), [401, 200]);
}

#[test]
fn nobody_ends_the_tokens_of_a_person_who_can_do_more() {
    let World { app, people, persons, .. } = world();
    let admin = app.admin();
    let own = [("name", "laptop"), ("access", "read"), ("expires", "30")];
    let boss = token_value(&make_token(&admin, "/settings/api-tokens", &own));
    let question = choose(&people, &[&persons, &boss]);
    let address =
        crate::pages::html::all(&question.body, "class=\"form form-wide\" method=\"post\" action=\"", "\"")[0].to_owned();
    for fields in [vec![("all", "1")], vec![("id", public(&boss))]] {
        let refused = people.post(&address, &fields);
        assert_eq!(refused.status, 403);
        assert!(refused.text().contains("can do more than you"), "{}", refused.text());
    }
    assert_eq!([&persons, &boss].map(|value| app.verify(value).status), [200, 200]);
    assert_eq!(revoke(&admin, &choose(&admin, &[&persons])).flash(), "Revoked laptop of Rae Reader.");
}

const BROWSERS: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

#[test]
fn a_shared_address_is_the_apis_for_tokens_and_the_pages_for_browsers() {
    let app = TestApp::start();
    let admin = app.admin();
    let value = app.add_token(&app.add_account("robot"), Access::Read);
    let given = |value: &str| {
        let mut headers = HeaderMap::new();
        headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        headers.append(ACCEPT, HeaderValue::from_static(BROWSERS));
        is_from_client(&headers)
    };
    for presented in [format!("Bearer {value}"), "Bearer garbage".into(), "bearer".into(), basic(&format!("ci:{value}"))] {
        assert!(given(&presented), "{presented}");
    }
    // What a browser sends for the sake of a proxy.
    for other in [basic("maya:secret"), "Negotiate YII=".into(), "Digest x".into(), String::new()] {
        assert!(!given(&other), "{other}");
        let page = admin.get_with(TOKENS, &[("Authorization", &other)]);
        assert!(page.status == 200 && page.body.contains("<h1>Tokens</h1>"), "{other}: {}", page.text());
    }
    let shared = API.iter().filter(|route| PAGES.iter().any(|page| page.path == route.path));
    for route in shared.filter(|route| route.method == "GET") {
        for bearer in [format!("Bearer {value}"), "Bearer garbage".into()] {
            // A session is worth nothing there.
            let answer = admin.get_with(route.path, &[("Authorization", &bearer)]);
            assert!(answer.header("content-type").contains("json"), "{} {bearer}: {}", route.path, answer.text());
            assert_eq!(answer.status == 401, bearer.ends_with("garbage"), "{}", answer.text());
        }
        let without = |headers: &[(&str, &str)]| app.anonymous().get_with(route.path, headers);
        assert!(without(&[("Accept", BROWSERS)]).location().starts_with("/login"));
        assert!(without(&[("Accept", "*/*"), ("Cookie", "muster_session=old")]).location().starts_with("/login"));
        for client in ["*/*", "application/hal+json, application/json"] {
            let answer = without(&[("Accept", client)]);
            assert_eq!((answer.status, answer.header("content-type")), (401, "application/problem+json"), "{client}");
        }
    }
}

fn basic(pair: &str) -> String {
    use base64::Engine as _;
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}
