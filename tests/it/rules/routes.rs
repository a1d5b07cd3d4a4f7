//! The route table, walked: a route without a case here makes these tests fail.

use muster::accounts::model::{Kind, Selection};
use muster::accounts::operations;
use muster::auth::access::Access;
use muster::auth::principal::Principal;
use muster::id::Id;
use muster::roles::predefined;
use muster::routes::{GATEWAY, OPEN, PAGES, Route};
use muster::tokens::value::Access as TokenAccess;
use muster::web::assets;
use muster::web::headers::CONTENT_SECURITY_POLICY;

use crate::support::app::{Answer, Client, PASSWORD, TestApp};
use crate::support::snapshot::{assert_unchanged, snapshot};

/// A key as one-time links have them, which was never given to anybody.
const NO_KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// What a route is tried with: everything that its path and its form need to succeed for an administrator.
struct Case {
    path: String,
    fields: Vec<(&'static str, String)>,
    /// The answer that an administrator gets.
    status: u16,
}

struct World {
    app: TestApp,
    admin: Client,
    viewer: Client,
}

impl World {
    fn new() -> Self {
        let app = TestApp::start();
        let (admin, viewer) = (app.admin(), app.viewer());
        Self { app, admin, viewer }
    }

    fn actor(&self, client: &Client) -> Principal {
        let id = client.account.clone().unwrap();
        self.app
            .read(|conn| muster::auth::queries::principal(conn, &id, Id::new(), muster::auth::principal::Origin::default()))
            .unwrap()
    }

    /// A token's public id, of a value.
    fn token_id(value: &str) -> String {
        value.split('_').nth(1).unwrap().to_owned()
    }

    /// Another session of the administrator: its public identity.
    fn other_session(&self, client: &Client) -> Id {
        let id = client.account.clone().unwrap();
        let session = Id::new();
        let made = session.clone();
        self.app.write(move |conn| {
            let digest = made.as_str().as_bytes().to_vec();
            muster::auth::queries::sessions::insert(conn, &made, &digest, Some(&id), "{}", &Default::default())
        });
        session
    }

    /// Something that the administrator is asked about.
    fn selection(&self, fields: &[(&str, String)]) -> String {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let asked = self.admin.post("/settings/system-accounts/bulk", &fields);
        assert_eq!(asked.status, 303, "{}", asked.text());
        asked.location().to_owned()
    }

    /// The same routes for users.
    fn user_case(&self, method: &str, path: &str, unique: &str) -> Case {
        let app = &self.app;
        let list = "/settings/users";
        let name = format!("Person {unique}");
        let rest = path.strip_prefix("/settings/users").unwrap();
        let field = |name: &'static str, value: &str| (name, value.to_owned());
        if rest.is_empty() {
            return Case { path: list.into(), fields: vec![], status: 200 };
        }
        let roles = if rest.ends_with("/demotion") { vec![predefined::ADMINISTRATOR.into()] } else { vec![] };
        let (id, _) = app.add_user(&name, &roles);
        if rest.ends_with("/enablement") {
            let one = Selection::Accounts(vec![id.clone()]);
            app.write(move |conn| operations::disable(conn, &Principal::shell(), Kind::User, &one));
        }
        let fields = match rest {
            "/bulk" => vec![field("id", id.as_str()), field("do", "disable")],
            "/{id}" if method == "POST" => vec![field("name", &format!("Renamed {unique}"))],
            "/{id}/deletion" if method == "POST" => vec![field("confirm", &name)],
            "/{id}/roles" => vec![field("role", &predefined::USER.to_string())],
            "/{id}/teams" => vec![field("team", app.add_team(&format!("Team of {unique}"), &[]).as_str())],
            _ => vec![],
        };
        let status = if method == "GET" { 200 } else { 303 };
        Case { path: format!("{list}{}", rest.replace("{id}", id.as_str())), fields, status }
    }

    /// The routes of teams, each on a team of its own with a member and an administrator.
    fn team_case(&self, method: &str, path: &str, unique: &str) -> Case {
        let app = &self.app;
        let field = |name: &'static str, value: &str| (name, value.to_owned());
        let (member, _) = app.add_user(&format!("Member {unique}"), &[]);
        let team = app.add_team(&format!("Team {unique}"), &[&member]);
        let one = vec![field("account", member.as_str())];
        let rest = path.strip_prefix("/settings/teams").unwrap();
        let fields = match (method, rest) {
            ("GET", _) => vec![],
            (_, "") => vec![field("name", &format!("New team {unique}"))],
            (_, "/{id}") => vec![field("name", &format!("Renamed {unique}"))],
            (_, "/{id}/members") => vec![field("account", app.add_account(&format!("robot {unique}")).as_str())],
            (_, "/{id}/administrators/removal") => {
                let (id, users) = (team.clone(), [member.clone()]);
                app.write(|conn| muster::teams::operations::administrators::appoint(conn, &Principal::shell(), &id, &users));
                one
            }
            (_, "/{id}/members/removal" | "/{id}/administrators") => one,
            _ => vec![],
        };
        let status = if method == "GET" { 200 } else { 303 };
        Case { path: path.replace("{id}", team.as_str()), fields, status }
    }

    /// A case for a route, on an account of its own.
    fn case(&self, route: &Route, unique: &str) -> Case {
        let app = &self.app;
        let robot = || app.add_account(&format!("robot {unique}"));
        let list = "/settings/system-accounts".to_owned();
        let of = |id: &Id, rest: &str| format!("{list}/{id}{rest}");
        let field = |name: &'static str, value: &str| (name, value.to_owned());
        let case = |path: String, fields: Vec<(&'static str, String)>, status: u16| Case { path, fields, status };
        match (route.method, route.path) {
            ("GET", "/") => case("/".into(), vec![], 303),
            ("GET", "/login") => case("/login".into(), vec![], 303),
            ("POST", "/login") => {
                let (_, email) = app.add_user(&format!("Visitor {unique}"), &[]);
                case("/login".into(), vec![field("email", &email), field("password", PASSWORD)], 303)
            }
            ("POST", "/logout") => case("/logout".into(), vec![], 303),
            ("GET", "/setup/{key}") => case(format!("/setup/{NO_KEY}"), vec![], 404),
            ("POST", "/setup/{key}") => case(
                format!("/setup/{NO_KEY}"),
                vec![
                    field("name", "Eve"),
                    field("email", "eve@example.test"),
                    field("password", PASSWORD),
                    field("password_again", PASSWORD),
                ],
                404,
            ),
            ("GET", "/set-password/{key}") => case(format!("/set-password/{NO_KEY}"), vec![], 404),
            ("POST", "/set-password/{key}") => {
                let (id, _) = app.add_user(&format!("New {unique}"), &[]);
                let key =
                    app.write(move |conn| muster::auth::links::create(conn, muster::auth::links::Purpose::Password, Some(&id)));
                let fields = vec![field("password", PASSWORD), field("password_again", PASSWORD)];
                case(format!("/set-password/{key}"), fields, 303)
            }
            ("POST", "/preferences/theme") => case("/preferences/theme".into(), vec![field("theme", "dark")], 303),
            ("GET", "/profile") => case("/profile".into(), vec![], 200),
            ("POST", "/profile/password") => {
                let fields = vec![field("current", PASSWORD), field("password", PASSWORD), field("password_again", PASSWORD)];
                case("/profile/password".into(), fields, 303)
            }
            ("POST", "/profile/sessions/end-others") => {
                self.other_session(&self.admin);
                case("/profile/sessions/end-others".into(), vec![], 303)
            }
            ("POST", "/profile/sessions/{id}/end") => {
                case(format!("/profile/sessions/{}/end", self.other_session(&self.admin)), vec![], 303)
            }
            ("GET", "/settings/system-accounts") => case(list, vec![], 200),
            ("POST", "/settings/system-accounts") => case(list, vec![field("name", &format!("created {unique}"))], 303),
            ("GET", "/settings/system-accounts/new") => case(format!("{list}/new"), vec![], 200),
            ("POST", "/settings/system-accounts/bulk") => {
                let fields = vec![field("id", robot().as_str()), field("do", "disable")];
                case(format!("{list}/bulk"), fields, 303)
            }
            ("GET", "/settings/system-accounts/{id}") => case(of(&robot(), ""), vec![], 200),
            ("POST", "/settings/system-accounts/{id}") => {
                case(of(&robot(), ""), vec![field("name", &format!("renamed {unique}"))], 303)
            }
            ("POST", "/settings/system-accounts/{id}/disablement") => case(of(&robot(), "/disablement"), vec![], 303),
            ("POST", "/settings/system-accounts/{id}/enablement") => {
                let id = robot();
                let one = Selection::Accounts(vec![id.clone()]);
                app.write(move |conn| operations::disable(conn, &Principal::shell(), Kind::System, &one));
                case(of(&id, "/enablement"), vec![], 303)
            }
            ("GET", "/settings/system-accounts/{id}/promotion") => case(of(&robot(), "/promotion"), vec![], 200),
            ("POST", "/settings/system-accounts/{id}/promotion") => case(of(&robot(), "/promotion"), vec![], 303),
            ("POST", "/settings/system-accounts/{id}/demotion") => {
                let id = app.add_account_with(&format!("robot {unique}"), &[predefined::ADMINISTRATOR.into()]);
                case(of(&id, "/demotion"), vec![], 303)
            }
            ("GET", "/settings/system-accounts/{id}/deletion") => case(of(&robot(), "/deletion"), vec![], 200),
            ("POST", "/settings/system-accounts/{id}/deletion") => {
                case(of(&robot(), "/deletion"), vec![field("confirm", &format!("robot {unique}"))], 303)
            }
            ("POST", "/settings/system-accounts/{id}/roles") => {
                case(of(&robot(), "/roles"), vec![field("role", &predefined::READ_ONLY.to_string())], 303)
            }
            ("POST", "/settings/system-accounts/{id}/teams") => {
                let team = app.add_team(&format!("Team {unique}"), &[]);
                case(of(&robot(), "/teams"), vec![field("team", team.as_str())], 303)
            }
            ("POST", "/settings/system-accounts/{id}/tokens") => {
                let fields = vec![field("name", "deploy"), field("access", "write"), field("expires", "30")];
                case(of(&robot(), "/tokens"), fields, 200)
            }
            ("POST", "/settings/system-accounts/{id}/tokens/{token}/regeneration") => {
                let id = robot();
                let token = Self::token_id(&app.add_token(&id, TokenAccess::Read));
                case(of(&id, &format!("/tokens/{token}/regeneration")), vec![field("overlap", "0")], 200)
            }
            ("POST", "/settings/system-accounts/{id}/tokens/{token}/revocation") => {
                let id = robot();
                let token = Self::token_id(&app.add_token(&id, TokenAccess::Read));
                case(of(&id, &format!("/tokens/{token}/revocation")), vec![], 303)
            }
            ("POST", "/settings/system-accounts/{id}/tokens/{token}/finish") => {
                let id = robot();
                let old = Self::token_id(&app.add_token(&id, TokenAccess::Read));
                let overlap = muster::tokens::model::Overlap::parse("24h").unwrap();
                let account = id.clone();
                let new = app
                    .write(move |conn| {
                        muster::tokens::operations::regenerate(conn, &Principal::shell(), &account, &old, overlap, None)
                    })
                    .new;
                case(of(&id, &format!("/tokens/{}/finish", new.id)), vec![], 303)
            }
            (method, path) if path.starts_with("/settings/users") => self.user_case(method, path, unique),
            (method, path) if path.starts_with("/settings/teams") => self.team_case(method, path, unique),
            ("GET", "/settings/selections/{id}") => {
                let fields = [("id", robot().to_string()), ("do", "delete".to_owned())];
                case(self.selection(&fields), vec![], 200)
            }
            ("POST", "/settings/selections/{id}") => {
                let fields = [("id", robot().to_string()), ("do", "make_administrator".to_owned())];
                let path = self.selection(&fields);
                let page = self.admin.get(&path);
                let (_, rest) = page.body.split_once("name=\"print\" value=\"").unwrap();
                let print = rest.split('"').next().unwrap();
                case(path, vec![field("do", "make_administrator"), field("print", print)], 303)
            }
            ("POST", "/settings/changes/{id}/undo") => {
                let (one, actor) = (Selection::Accounts(vec![robot()]), self.actor(&self.admin));
                let done = app.write(move |conn| operations::disable(conn, &actor, Kind::System, &one));
                case(format!("/settings/changes/{}/undo", done.change.unwrap()), vec![], 303)
            }
            ("GET", "/settings/token-policy") => case("/settings/token-policy".into(), vec![], 200),
            ("POST", "/settings/token-policy/stop") => {
                // Not the first time, or nothing else here could be tried with a token after it.
                case("/settings/token-policy/stop".into(), vec![field("message", &"x".repeat(201))], 422)
            }
            ("POST", "/settings/token-policy/resumption") => case("/settings/token-policy/resumption".into(), vec![], 303),
            ("GET", "/help/gateways") => case("/help/gateways".into(), vec![], 303),
            ("GET", "/help/gateways/{gateway}") => case("/help/gateways/nginx".into(), vec![], 200),
            ("GET", path @ ("/help/operations" | "/help/authzen")) => case(path.into(), vec![], 200),
            ("GET", path @ ("/settings/roles" | "/settings/roles/new")) => case(path.into(), vec![], 200),
            ("POST", "/settings/roles") => {
                let fields = vec![field("name", &format!("Role {unique}")), field("more", "payments:refund")];
                case("/settings/roles".into(), fields, 303)
            }
            ("GET", path @ ("/settings/roles/{id}" | "/settings/roles/{id}/deletion")) => {
                let role = app.add_role(&format!("Role {unique}"), &["payments:refund"]);
                case(path.replace("{id}", role.as_str()), vec![], 200)
            }
            ("POST", path @ ("/settings/roles/{id}" | "/settings/roles/{id}/deletion")) => {
                let role = app.add_role(&format!("Role {unique}"), &["payments:refund"]);
                case(path.replace("{id}", role.as_str()), vec![field("name", &format!("Renamed {unique}"))], 303)
            }
            ("GET", "/settings/roles/{id}/reset") => case(format!("/settings/roles/{}/reset", predefined::CI_CD), vec![], 200),
            ("POST", "/settings/roles/{id}/reset") => case(format!("/settings/roles/{}/reset", predefined::CI_CD), vec![], 303),
            ("GET", path @ ("/settings/audit-log" | "/settings/audit-log/retention")) => case(path.into(), vec![], 200),
            ("GET", "/settings/audit-log/export") => case("/settings/audit-log/export?format=jsonl".into(), vec![], 200),
            ("GET", "/settings/audit-log/{id}") => {
                let newest = app.read(|conn| {
                    let mut newest = muster::database::sql::Sql::new("SELECT id FROM audit_events ORDER BY seq DESC");
                    newest.limit(1);
                    newest.ids(conn)
                });
                case(format!("/settings/audit-log/{}", newest[0]), vec![], 200)
            }
            ("POST", "/settings/audit-log/retention") => {
                let fields = vec![field("keep", "forever"), field("shown", "For ever")];
                case("/settings/audit-log/retention".into(), fields, 303)
            }
            (method, path) => panic!("{method} {path} has no case in the walk of the route table: write one"),
        }
    }
}

fn fields(case: &Case) -> Vec<(&str, &str)> {
    case.fields.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

/// Sends a case as a browser on Muster's own page does.
fn ask(client: &Client, route: &Route, case: &Case) -> Answer {
    let answer = match route.method {
        "GET" => client.get(&case.path),
        _ => client.post(&case.path, &fields(case)),
    };
    has_the_headers(&answer, route.path);
    answer
}

fn has_the_headers(answer: &Answer, what: &str) {
    assert_eq!(answer.header("content-security-policy"), CONTENT_SECURITY_POLICY, "{what}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(answer.header("referrer-policy"), "same-origin", "{what}");
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
        if route.access == Access::Public {
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
            Access::AnyOf(permissions) => permissions.iter().map(|permission| (*permission).to_owned()).collect(),
            Access::ForOne(permission) => vec![format!("{permission}:*")],
            Access::Public | Access::SignedIn => continue,
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
        for headers in foreign {
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
    let others_token = World::token_id(&world.app.add_token(&other, TokenAccess::Read));
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
        for (from, others) in [("{id}", &strangers[..]), ("{token}", &["garbage", others_token.as_str(), "abcdefghijkl"])] {
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
            ("GET", path @ ("/favicon.ico" | "/healthz" | "/readyz")) => path,
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
    let token = format!("Bearer {}", world.app.add_token(&robot, TokenAccess::Write));
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
