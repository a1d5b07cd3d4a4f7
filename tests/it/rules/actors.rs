//! Every screen as each kind of actor sees it: an administrator, a user, somebody who may only read, a guest, a team's
//! administrator, a token, and somebody who is signed out. What is not in the list below is refused to all but administrators.

use muster::roles::predefined;
use muster::routes::PAGES;
use muster::tokens::value::Access;

use super::world::World;
use crate::support::app::Client;

/// What is seen by whom: `u`ser, `r`ead-only, `g`uest, `t`eam administrator.
const SEEN: [(&str, &str); 28] = [
    ("/", "urgt"),
    ("/login", "urgt"),
    ("/profile", "urgt"),
    ("/settings/system-accounts", "ur"),
    ("/settings/system-accounts/export", "ur"),
    ("/settings/system-accounts/{id}", "ur"),
    ("/settings/system-accounts/terraform", "ur"),
    ("/settings/system-accounts/{id}/terraform", "ur"),
    ("/settings/users", "urg"),
    ("/settings/users/export", "urg"),
    ("/settings/users/{id}", "urg"),
    ("/settings/teams", "urgt"),
    ("/settings/teams/{id}", "urg"),
    ("/settings/roles", "ur"),
    ("/settings/api-tokens", "urgt"),
    ("/settings", "urgt"),
    ("/help", "urgt"),
    ("/help/gateways", "urgt"),
    ("/help/gateways/{gateway}", "urgt"),
    ("/help/api", "urgt"),
    ("/help/operations", "urgt"),
    ("/help/authzen", "urgt"),
    ("/help/terraform", "urgt"),
    // Links that nobody was given lead nowhere, whoever asks.
    ("/setup/{key}", "urgt"),
    ("/set-password/{key}", "urgt"),
    // Of one's own team.
    ("/settings/teams/{id} own", "urgt"),
    ("/settings/teams/{id}/members/new own", "t"),
    ("/settings/teams/{id}/deletion own", ""),
];

#[test]
fn every_screen_by_every_kind_of_actor() {
    let world = World::new();
    let app = &world.app;
    let lead = app.user("Lea Lead", &[]);
    let actors: [(char, Client); 4] = [
        ('u', app.user("Ulla User", &[predefined::USER.into()])),
        ('r', world.viewer.clone()),
        ('g', app.user("Gil Guest", &[predefined::VIEWER.into()])),
        ('t', lead.clone()),
    ];
    let team = app.add_team("Blue", &[]);
    app.write(|conn| {
        let shell = muster::auth::principal::Principal::shell();
        let own = lead.account.clone().unwrap();
        muster::teams::operations::administrators::appoint(conn, &shell, &team, &[own])
    });
    let robot = app.add_account_with("robot", &[predefined::ADMINISTRATOR.into()]);
    let bearer = format!("Bearer {}", app.add_token(&robot, Access::Write));
    let seen_by = |path: &str| SEEN.iter().find(|(known, _)| *known == path).map_or("", |(_, who)| *who);
    let mut wrong = Vec::new();
    let mut check = |who: &str, path: &str, found: u16, wanted: u16| {
        if found != wanted {
            wrong.push(format!("{who} {path}: {found} and not {wanted}"));
        }
    };
    let mut paths: Vec<&str> = SEEN.iter().map(|(path, _)| *path).filter(|path| !path.ends_with(" own")).collect();
    for (at, route) in PAGES.iter().enumerate().filter(|(_, route)| route.method == "GET") {
        paths.retain(|path| *path != route.path);
        let case = world.case(route, &at.to_string());
        for (letter, client) in &actors {
            // The value of somebody else's token is not there.
            let wanted = match route.path {
                "/settings/api-tokens/{token}/value" => 404,
                path if seen_by(path).contains(*letter) => case.status,
                _ => 403,
            };
            check(&letter.to_string(), route.path, client.get(&case.path).status, wanted);
        }
        check("administrator", route.path, world.admin.get(&case.path).status, case.status);
        // A token is no session: where the API has the same address it answers, and nowhere else.
        let is_api = matches!(route.path, "/settings/tokens");
        let public = matches!(route.path, "/login" | "/setup/{key}" | "/set-password/{key}");
        let without = match route.path {
            "/login" => 200,
            _ if public => case.status,
            _ => 303,
        };
        let answer = app.anonymous().get_with(&case.path, &[("Authorization", &bearer)]);
        check("token", route.path, answer.status, if is_api { 200 } else { without });
        assert_eq!(answer.header("content-type").contains("json"), is_api, "{}", route.path);
        let answer = app.anonymous().get(&case.path);
        // A client of the API is told so, in place of the sign-in page.
        check("signed out", route.path, answer.status, if is_api { 401 } else { without });
        if !public {
            assert!(is_api || answer.location().starts_with("/login"), "{}: {}", route.path, answer.location());
        }
    }
    for (path, who) in SEEN.iter().filter_map(|(path, who)| Some((path.strip_suffix(" own")?, who))) {
        let own = path.replace("{id}", team.as_str());
        for (letter, client) in &actors {
            check(&letter.to_string(), &own, client.get(&own).status, if who.contains(*letter) { 200 } else { 403 });
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(paths.is_empty(), "no such screens: {paths:?}");
}
