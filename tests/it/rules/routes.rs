//! The route table, walked: a route without a case here makes these tests fail.

use muster::accounts::model::{Kind, Selection};
use muster::accounts::operations;
use muster::auth::access::PageAccess;
use muster::auth::principal::Principal;
use muster::id::Id;
use muster::roles::predefined;
use muster::routes::{GATEWAY, OPEN, PAGES, Route};
use muster::tokens::value::Access;
use muster::web::assets;
use muster::web::headers::CONTENT_SECURITY_POLICY;

use super::world::{Case, World};
use crate::support::app::{Answer, Client};
use crate::support::snapshot::{assert_unchanged, snapshot};

fn fields(case: &Case) -> Vec<(&str, &str)> {
    case.fields.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

/// Sends a case as a browser on Muster's own page does.
fn ask(client: &Client, route: &Route, case: &Case) -> Answer {
    let answer = match route.method {
        "GET" => client.get_with(&case.path, &[("Accept", "text/html")]),
        _ => client.post(&case.path, &fields(case)),
    };
    has_the_headers(&answer, route.path);
    answer
}

fn has_the_headers(answer: &Answer, what: &str) {
    assert_eq!(answer.header("content-security-policy"), CONTENT_SECURITY_POLICY, "{what}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}");
    // Pages with one-time links name nobody their address.
    assert!(matches!(answer.header("referrer-policy"), "same-origin" | "no-referrer"), "{what}");
    assert_eq!(answer.header("x-frame-options"), "DENY", "{what}");
    assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{what}");
    assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{what}");
    assert!(answer.header("permissions-policy").contains("camera=()"), "{what}");
    assert!(!answer.header("cache-control").is_empty(), "{what}");
    assert!(!answer.header("x-request-id").is_empty(), "{what}");
    assert_ne!(answer.status, 500, "{what}: {}", answer.body);
}

#[test]
fn nobody_comes_in_without_a_session() {
    let world = World::new();
    for (at, route) in PAGES.iter().enumerate() {
        let case = world.case(route, &at.to_string());
        let before = snapshot(&world.app);
        if route.access == PageAccess::Public {
            continue;
        }
        let visitor = world.app.anonymous();
        let answer = ask(&visitor, route, &case);
        assert_eq!(answer.status, 303, "{} {}", route.method, route.path);
        let next = if route.method == "GET" && route.path != "/" { "/login?next=%2F" } else { "/login" };
        assert!(answer.location().starts_with(next), "{} {}: {}", route.method, route.path, answer.location());
        // A cookie that nobody was given is no session either.
        let forged = [("Cookie", "muster_session=forged"), ("Sec-Fetch-Site", "same-origin")];
        let answer = visitor.send(route.method, &case.path, &forged, &fields(&case));
        assert_eq!(answer.status, 303, "{} {}", route.method, route.path);
        assert!(answer.location().starts_with("/login"));
        assert_unchanged(&world.app, &before, route.path);
    }
}

#[test]
fn who_lacks_the_permission_is_told_its_name_and_changes_nothing() {
    let world = World::new();
    let nobody = world.app.user("Nobody Special", &[]);
    let may_look = world.actor(&world.viewer).permissions;
    for (at, route) in PAGES.iter().enumerate() {
        let permissions: Vec<String> = match route.access {
            PageAccess::AnyOf(permissions) => permissions.iter().map(|permission| (*permission).to_owned()).collect(),
            PageAccess::ForSome(permission) => vec![permission.to_owned()],
            PageAccess::ForOne(permission) => vec![format!("{permission}:*")],
            PageAccess::Public | PageAccess::SignedIn => continue,
        };
        let case = world.case(route, &at.to_string());
        let before = snapshot(&world.app);
        let answer = ask(&nobody, route, &case);
        assert_eq!(answer.status, 403, "{} {}", route.method, route.path);
        assert!(answer.body.contains(&permissions[0]), "{} {}: {}", route.method, route.path, answer.text());
        if permissions.iter().any(|permission| may_look.allows_str(permission)) {
            assert_eq!(ask(&world.viewer, route, &case).status, 200, "{} {}", route.method, route.path);
        } else {
            let answer = ask(&world.viewer, route, &case);
            assert_eq!(answer.status, 403, "{} {}", route.method, route.path);
            assert!(answer.text().contains(&permissions[0]), "{}: {}", route.path, answer.text());
        }
        assert_unchanged(&world.app, &before, route.path);
    }
    let refusals = world.app.read(|conn| {
        let sql = "SELECT target_name AS line FROM audit_events WHERE type = 'access.refused'";
        Ok(crate::support::snapshot::lines(conn, sql))
    });
    assert!(refusals.contains(&"POST /settings/system-accounts/bulk".to_owned()), "{refusals:?}");
}

#[test]
fn what_another_site_posts_is_refused() {
    let world = World::new();
    let foreign: [&[(&str, &str)]; 6] = [
        &[("Sec-Fetch-Site", "cross-site")],
        &[("Sec-Fetch-Site", "same-site")],
        &[("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example")],
        &[("Origin", "https://evil.example")],
        &[("Origin", "null")],
        &[],
    ];
    for (at, route) in PAGES.iter().enumerate().filter(|(_, route)| route.method != "GET") {
        let case = world.case(route, &at.to_string());
        let before = snapshot(&world.app);
        // Who posts to a link has its key; over http a browser says nothing more.
        let by_link = |headers: &[(&str, &str)]| route.path.ends_with("/{key}") && headers == [("Origin", "null")];
        for headers in foreign.into_iter().filter(|headers| !by_link(headers)) {
            let answer = world.admin.send(route.method, &case.path, headers, &fields(&case));
            has_the_headers(&answer, route.path);
            assert_eq!(answer.status, 403, "{} {headers:?}: {}", route.path, answer.text());
            assert_eq!(answer.header("set-cookie"), "", "{} {headers:?}", route.path);
            if !headers.is_empty() {
                let answer = world.app.anonymous().send(route.method, &case.path, headers, &fields(&case));
                assert_eq!(answer.status, 403, "{} {headers:?}", route.path);
            }
        }
        assert_unchanged(&world.app, &before, route.path);
    }
    // The session that was abused is still there.
    assert_eq!(world.admin.get("/profile").status, 200);
}

#[test]
fn an_id_of_nothing_or_of_something_else_leads_nowhere() {
    let world = World::new();
    let (user, _) = world.app.add_user("Priya Sandoval", &[]);
    let deleted = world.app.add_account("gone");
    let gone = Selection::Accounts(vec![deleted.clone()]);
    world.app.write(move |conn| operations::delete(conn, &Principal::shell(), Kind::System, &gone));
    let other = world.app.add_account("other");
    let others_token = World::token_id(&world.app.add_token(&other, Access::Read));
    let others_session = world.other_session(&world.viewer).to_string();
    let viewers_change = {
        let one = Selection::Accounts(vec![world.app.add_account("somebody's")]);
        let mut actor = world.actor(&world.viewer);
        actor.permissions = predefined::administrator_permissions();
        world.app.write(move |conn| operations::disable(conn, &actor, Kind::System, &one)).change.unwrap().to_string()
    };
    let unknown = Id::new().to_string();
    let strangers = [unknown.as_str(), "garbage", "%00", "'%20OR%20'1'='1", user.as_str(), deleted.as_str()];
    for (at, route) in PAGES.iter().enumerate() {
        for (from, others) in [
            ("{id}", &strangers[..]),
            ("{token}", &["garbage", others_token.as_str(), "abcdefghijkl"]),
            ("{change}", &["garbage", unknown.as_str(), viewers_change.as_str()]),
            ("{session}", &["garbage", others_session.as_str()]),
        ] {
            if !route.path.contains(from) {
                continue;
            }
            let case = world.case(route, &format!("{at}{from}"));
            let place = route.path.split('/').position(|part| part == from).unwrap();
            let before = snapshot(&world.app);
            let special = match route.path {
                "/profile/sessions/{id}/end" => vec![others_session.as_str()],
                "/settings/changes/{id}/undo" => vec![viewers_change.as_str()],
                _ => vec![],
            };
            for stranger in others.iter().copied().chain(special) {
                // What is a stranger among machines is none among users.
                let stranger = match stranger {
                    id if id == user.as_str() && route.path.starts_with("/settings/users") => other.as_str(),
                    stranger => stranger,
                };
                let path: Vec<&str> =
                    case.path.split('/').enumerate().map(|(at, part)| if at == place { stranger } else { part }).collect();
                let answer = ask(&world.admin, route, &Case { path: path.join("/"), fields: case.fields.clone(), status: 404 });
                assert_eq!(answer.status, 404, "{} {}: {}", route.method, path.join("/"), answer.text());
            }
            assert_unchanged(&world.app, &before, route.path);
        }
    }
    // The same ids among the ticked rows.
    let before = snapshot(&world.app);
    let good = world.app.add_account("good");
    let before: Vec<String> = {
        assert!(before.len() < snapshot(&world.app).len());
        snapshot(&world.app)
    };
    for verb in ["disable", "enable", "delete", "make_administrator", "remove_administrator"] {
        for stranger in [unknown.as_str(), user.as_str()] {
            let fields = [("id", good.as_str()), ("id", stranger), ("do", verb), ("confirm", "2")];
            let answer = world.admin.post("/settings/system-accounts/bulk", &fields);
            assert_eq!(answer.status, 404, "{verb} {stranger}: {}", answer.text());
        }
    }
    assert_unchanged(&world.app, &before, "bulk");
}

#[test]
fn an_administrator_is_answered_on_every_route() {
    let world = World::new();
    // Those that end the session come last.
    let ends = |route: &&Route| matches!(route.path, "/logout" | "/login" | "/set-password/{key}" | "/setup/{key}");
    let (last, first): (Vec<&Route>, Vec<&Route>) = PAGES.iter().partition(ends);
    for (at, route) in first.into_iter().chain(last).enumerate() {
        let case = world.case(route, &at.to_string());
        let answer = ask(&world.admin, route, &case);
        assert_eq!(answer.status, case.status, "{} {}: {}", route.method, case.path, answer.text());
        if answer.header("content-type").starts_with("text/html") {
            assert!(answer.header("cache-control").starts_with("no-store"), "{}", route.path);
        }
        // HEAD is GET without the body.
        if route.method == "GET" {
            let head = world.admin.send("HEAD", &case.path, &[], &[]);
            assert_eq!((head.status, head.body.as_str()), (answer.status, ""), "HEAD {}", case.path);
            assert_eq!(head.header("content-type"), answer.header("content-type"), "HEAD {}", case.path);
        }
        // What is not asked for by the table is refused, and does not fall through to something else.
        if route.method == "POST" && !PAGES.iter().any(|other| other.method == "GET" && other.path == route.path) {
            let answer = world.app.anonymous().get(&case.path);
            assert!(matches!(answer.status, 303 | 404 | 405), "GET {}: {}", case.path, answer.status);
        }
    }
    let answer = world.app.anonymous().get("/settings/nothing");
    assert_eq!(answer.status, 404);
    has_the_headers(&answer, "/settings/nothing");
}

#[test]
fn assets_signs_of_life_and_the_check_know_no_session() {
    let world = World::new();
    for route in OPEN {
        let path = match (route.method, route.path) {
            ("GET", "/static/muster-{hash}.css") => assets::css_url(),
            ("GET", "/static/js-{hash}/{file}") => assets::js_url(),
            ("GET", "/static/favicon-{hash}.svg") => assets::favicon_url(),
            ("GET", path @ ("/favicon.ico" | "/healthz" | "/readyz" | "/openapi.json")) => path,
            // Without a public URL there is none.
            ("GET", "/.well-known/authzen-configuration") => continue,
            (method, path) => panic!("{method} {path} has no case in the walk of the route table: write one"),
        };
        for client in [&world.admin, &world.app.anonymous()] {
            let answer = client.get(path);
            has_the_headers(&answer, path);
            assert_eq!(answer.status, 200, "{path}");
            assert_eq!(answer.header("set-cookie"), "", "{path}");
            let head = client.send("HEAD", path, &[], &[]);
            assert_eq!((head.status, head.body.as_str()), (200, ""), "HEAD {path}");
        }
        let stale = path.replace("muster-", "muster-0");
        if stale != path {
            assert_eq!(world.app.anonymous().get(&stale).status, 404, "{stale}");
        }
    }
    let robot = world.app.add_account("robot");
    let token = format!("Bearer {}", world.app.add_token(&robot, Access::Write));
    for route in GATEWAY {
        let path = match *route {
            "/auth/verify" => "/auth/verify",
            "/auth/verify/{tail:.*}" => "/auth/verify/-/some/path",
            path => panic!("{path} has no case in the walk of the route table: write one"),
        };
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            // An administrator's session is worth nothing here.
            let answer = world.admin.send(method, path, &[("Sec-Fetch-Site", "cross-site")], &[]);
            assert_eq!((answer.status, answer.header("set-cookie")), (401, ""), "{method} {path}");
            let answer = world.admin.send(method, path, &[("Authorization", &token)], &[]);
            assert_eq!((answer.status, answer.header("set-cookie")), (200, ""), "{method} {path}");
            assert_eq!(answer.header("cache-control"), "no-store", "{method} {path}");
        }
    }
}
