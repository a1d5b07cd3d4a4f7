//! Every form, posted by everybody who may not: nothing has changed, whatever was sent. What a form needs to succeed for an
//! administrator is all there.

use muster::auth::access::PageAccess;
use muster::auth::principal::Principal;
use muster::roles::predefined;
use muster::routes::{PAGES, Route};
use muster::tokens::value::Access as TokenAccess;

use super::world::{Case, World};
use crate::support::app::{Answer, Client};
use crate::support::snapshot::{assert_unchanged, snapshot};

/// What everybody does with their own things: these are tried with somebody else's below.
const OWN: [&str; 7] = [
    "/profile/email",
    "/profile/password",
    "/profile/sessions/end-others",
    "/profile/sessions/{id}/end",
    "/settings/api-tokens/{token}/regeneration",
    "/settings/api-tokens/{token}/revocation",
    "/settings/api-tokens/{token}/finish",
];

fn post(client: &Client, case: &Case) -> Answer {
    let fields: Vec<(&str, &str)> = case.fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    client.post(&case.path, &fields)
}

/// Those who are signed in and may not: a user, a reader, a guest, somebody without roles, the administrator of another team,
/// and who looks after the machines of another team.
fn strangers(world: &World) -> Vec<(&'static str, Client)> {
    let app = &world.app;
    let (lead, keeper) = (app.user("Lea Lead", &[]), app.add_role("Keeper", &["system_account:manage:team"]));
    let keeper = app.user("Kim Keeper", &[keeper]);
    let ids = [&lead, &keeper].map(|client| client.account.clone().unwrap());
    let team = app.add_team("Elsewhere", &[&ids[0], &ids[1]]);
    app.write(|conn| muster::teams::operations::administrators::appoint(conn, &Principal::shell(), &team, &ids[..1]));
    vec![
        ("user", app.user("Ulla User", &[predefined::USER.into()])),
        ("reader", app.user("Rae Reader", &[predefined::READ_ONLY.into()])),
        ("guest", app.user("Gil Guest", &[predefined::VIEWER.into()])),
        ("nobody", app.user("No Body", &[])),
        ("team administrator", lead),
        ("team keeper", keeper),
    ]
}

fn forms() -> impl Iterator<Item = (usize, &'static Route)> {
    let asks = |route: &&Route| route.method == "POST" && !matches!(route.access, PageAccess::Public);
    PAGES.iter().enumerate().filter(move |(_, route)| asks(route))
}

#[test]
fn nobody_changes_anything_by_a_form_that_is_not_theirs() {
    let world = World::new();
    let strangers = strangers(&world);
    let robot = world.app.add_account_with("robot", &[predefined::ADMINISTRATOR.into()]);
    let bearer = format!("Bearer {}", world.app.add_token(&robot, TokenAccess::Write));
    let mut walked = 0;
    for (at, route) in forms() {
        if OWN.contains(&route.path) || route.path == "/settings/api-tokens" {
            continue;
        }
        let case = world.case(route, &at.to_string());
        let before = snapshot(&world.app);
        for (who, client) in &strangers {
            let answer = post(client, &case);
            // Who looks after a team's machines may look for tokens: theirs are not those of the form.
            let looks = *who == "team keeper" && matches!(route.path, "/settings/tokens/find" | "/settings/tokens/selections");
            let refused = matches!(answer.status, 403 | 404) || looks;
            assert!(refused, "{who} {}: {} {}", route.path, answer.status, answer.text());
            assert_unchanged(&world.app, &before, &format!("{who} {}", route.path));
        }
        signed_out(&world, (route, &case), &bearer, &before);
        walked += 1;
    }
    assert!(walked > 50, "{walked}");
}

/// Without a session, with a token in its place, and with both in the wrong place.
fn signed_out(world: &World, (route, case): (&Route, &Case), bearer: &str, before: &[String]) {
    let fields: Vec<(&str, &str)> = case.fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let own = ("Sec-Fetch-Site", "same-origin");
    for headers in
        [&[own][..], &[own, ("Authorization", bearer)], &[("Authorization", bearer)], &[own, ("Cookie", "muster_session=1")]]
    {
        let answer = world.app.anonymous().send("POST", &case.path, headers, &fields);
        assert!(matches!(answer.status, 303 | 401 | 403), "{} {headers:?}: {}", route.path, answer.status);
        assert!(answer.status != 303 || answer.location().starts_with("/login"), "{}: {}", route.path, answer.location());
        assert_unchanged(&world.app, before, &format!("signed out {}", route.path));
    }
}

#[test]
fn nobody_handles_somebody_elses_own_things() {
    let world = World::new();
    let strangers = strangers(&world);
    let bearer = "Bearer nonsense";
    for (at, route) in forms().filter(|(_, route)| OWN.contains(&route.path)) {
        let case = world.case(route, &at.to_string());
        // Of the administrator, who has the session and the token of the case.
        let path = case.path.clone();
        let before = snapshot(&world.app);
        signed_out(&world, (route, &case), bearer, &before);
        if !route.path.contains('{') {
            continue;
        }
        for (who, client) in &strangers {
            assert_eq!(client.post(&path, &[("overlap", "0")]).status, 404, "{who} {path}");
            assert_unchanged(&world.app, &before, &format!("{who} {path}"));
        }
        assert_eq!(world.admin.post(&path, &[("overlap", "0")]).status, 303, "{path}");
    }
    // Somebody else's account in place of one's own, by every field that could say so.
    let admin = world.admin.account.clone().unwrap();
    let before = snapshot(&world.app);
    for path in ["/profile/email", "/profile/password"] {
        let fields = [("id", admin.as_str()), ("user", admin.as_str()), ("account_id", admin.as_str()), ("current", "guess")];
        let answer = strangers[0]
            .1
            .post(path, &[&fields[..], &[("email", "x@example.org"), ("password", "x".repeat(12).as_str())]].concat());
        assert_eq!(answer.status, 422, "{path}");
        assert_unchanged(&world.app, &before, path);
    }
}
