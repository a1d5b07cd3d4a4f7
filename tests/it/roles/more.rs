//! Roles again, by other ways: reset, the API, giving a role, other spellings, invitations.

use muster::auth::principal::Principal;
use muster::id::Id;
use muster::roles::predefined;
use muster::tokens::value::Access;
use serde_json::json;

use super::{ROLES, granted, named, page, save};
use crate::api::Caller;
use crate::pages::html::{make_token, token_value};
use crate::support::app::TestApp;
use crate::support::snapshot::{assert_unchanged, lines, snapshot};

// 4.1: resetting gives and takes as editing does; other spellings of what one lacks; a preview changes nothing.
#[test]
fn what_is_reset_is_given_and_taken_too() {
    let app = TestApp::start();
    let admin = app.admin();
    let own = app.add_role("Role keeper", &["role:manage:*", "payments:*"]);
    let bo = app.user("Bo Keeper", std::slice::from_ref(&own));
    let caller = Caller::with_roles(&app, "keeper", std::slice::from_ref(&own), Access::Write);
    let ci_cd = predefined::CI_CD;
    // What was taken from the role would come back.
    assert_eq!(save(&admin, ci_cd, "CI/CD", &["payments:refund"]).status, 303);
    let before = snapshot(&app);
    assert_eq!(bo.post(&format!("{}/reset", page(ci_cd)), &[]).status, 403);
    let refused = caller.post("/admin/roles/reset", &json!({}));
    assert_eq!(refused.status, 403, "{}", refused.body);
    assert_unchanged(&app, &before, "reset");
    // What was added would go: who has it is the less protected.
    assert_eq!(admin.post(&format!("{}/reset", page(ci_cd)), &[]).status, 303);
    let more: Vec<String> = granted(&app, &ci_cd.into()).into_iter().chain(["user:invite".to_owned()]).collect();
    assert_eq!(save(&admin, ci_cd, "CI/CD", &more.iter().map(String::as_str).collect::<Vec<_>>()).status, 303);
    assert_eq!(bo.post(&format!("{}/reset", page(ci_cd)), &[]).status, 403);
    // Other spellings, other scopes, and among what may be given.
    let team = app.add_team("Blue", &[]);
    let before = snapshot(&app);
    for wanted in [
        "user:*",
        "user:*:*",
        "user:manage:own",
        "user:manage:team",
        &format!("team:manage:{{{team}}}"),
        &format!("team:manage:{team}"),
        "role:*",
        "token:introspect",
        "payments:refund\nuser:invite",
    ] {
        let answer = bo.post(ROLES, &[("name", "Mine"), ("more", wanted)]);
        assert_eq!(answer.status, 403, "{wanted}: {}", answer.text());
        let scopes: Vec<_> = wanted.lines().map(|scope| json!({ "scope": scope })).collect();
        let refused = caller.post("/admin/roles", &json!({ "name": "Mine", "permissions": scopes }));
        assert_eq!(refused.status, 403, "{wanted}: {}", refused.body);
        let refused = caller.put(&format!("/admin/roles/{own}"), &json!({ "name": "Role keeper", "permissions": scopes }));
        assert_eq!(refused.status, 403, "{wanted}: {}", refused.body);
    }
    for wrong in ["USER:manage:*", "user :manage:*", "user:manage:*,role:manage:*", "user:manage:**"] {
        assert_eq!(bo.post(ROLES, &[("name", "Mine"), ("more", wrong)]).status, 422, "{wrong}");
    }
    let preview = bo.post(&page(&own), &[("name", "Role keeper"), ("more", "user:manage:*"), ("do", "preview")]);
    assert!(matches!(preview.status, 200 | 403), "{}", preview.text());
    assert_unchanged(&app, &before, "other spellings");
    assert!(named(&app, "Mine").is_none());
}

// 4.2: the same matcher where a role is given, to one and to many, by the page and by the API.
#[test]
fn a_role_is_given_by_the_matcher_of_the_check() {
    let app = TestApp::start();
    app.admin();
    let (part, deep, whole) = (
        app.add_role("Part", &["payments:refund"]),
        app.add_role("Deep", &["payments:refund:team", "payments:void:*"]),
        app.add_role("Whole", &["payments:*"]),
    );
    let robots: Vec<Id> = (0..2).map(|n| app.add_account_with(&format!("robot {n}"), &[])).collect();
    let list = "/settings/system-accounts";
    for (held, may) in [
        ("payments:*", [true, true, true]),
        ("payments:refund", [true, false, false]),
        ("payments:refund:*", [true, false, false]),
    ] {
        let role = app.add_role(&format!("Holds {held}"), &["system_account:manage:*", held]);
        let (client, caller) = (
            app.user(&format!("Ada {held}"), std::slice::from_ref(&role)),
            Caller::with_roles(&app, held, &[role], Access::Write),
        );
        for (role, may) in [&part, &deep, &whole].into_iter().zip(may) {
            let fields =
                [("id", robots[0].as_str()), ("id", robots[1].as_str()), ("do", "add_role"), ("add_role", role.as_str())];
            assert_eq!(client.post(&format!("{list}/bulk"), &fields).status, if may { 303 } else { 403 }, "{held}");
            let taken = caller.put(&format!("/admin/users/{}/roles", robots[0]), &json!({ "roles": [] }));
            assert_eq!(taken.status, 204, "{}", taken.body);
            let given = caller.put(&format!("/admin/users/{}/roles/{role}", robots[0]), &json!({}));
            assert_eq!(given.status, if may { 204 } else { 403 }, "{held}: {}", given.body);
            let given = client.post(&format!("{list}/{}/roles", robots[1]), &[("role", role.as_str())]);
            assert_eq!(given.status, if may { 303 } else { 403 }, "{held}: {}", given.text());
            app.write(|conn| {
                muster::database::sql::Sql::new("DELETE FROM account_roles WHERE kind = 'system' AND name_key LIKE 'robot %'")
                    .execute(conn)
            });
        }
    }
}

// 4.3: what looks like a permission and is none, asked of the check.
#[test]
fn words_are_compared_whole_and_what_is_malformed_is_covered_by_nothing() {
    let app = TestApp::start();
    let token = |name: &str, held: &[&str]| {
        let robot = app.add_account_with(name, &[app.add_role(name, held)]);
        app.add_token(&robot, Access::Write)
    };
    let (narrow, wide) = (token("narrow", &["ledger:read:team", "ai-x:read"]), token("wide", &["ledger:*", "ai:*"]));
    let asks = |token: &str, permission: &str| {
        let path = format!("/auth/verify?require={permission}");
        app.anonymous().get_with(&path, &[("Authorization", &format!("Bearer {token}"))]).status
    };
    for (permission, of_narrow, of_wide) in [
        ("ledger:read:team", 200, 200),
        ("ledger:read", 403, 200),
        ("ledger:read:own", 403, 200),
        ("ledger:read:teams", 403, 200),
        ("ledger:readteam", 403, 200),
        ("ledgers:read:team", 403, 403),
        ("ledge:read:team", 403, 403),
        ("ai-x:read", 200, 403),
        ("ai:x", 403, 200),
    ] {
        assert_eq!((asks(&narrow, permission), asks(&wide, permission)), (of_narrow, of_wide), "{permission}");
    }
    for malformed in
        ["ledger", "ledger:", ":read", "ledger::team", "ledger:read:team:x", "LEDGER:read:team", "ledger:read:team%0A"]
    {
        assert!(matches!(asks(&narrow, malformed), 400 | 403 | 500) && asks(&wide, malformed) != 200, "{malformed}");
    }
}

// 4.4: the API and the shell on the locked and predefined ones, a name that only looks different, and two windows of which one deletes.
#[test]
fn locks_hold_on_every_way_to_a_role() {
    let app = TestApp::start();
    let admin = app.admin();
    let caller = Caller::administrator(&app);
    let before = snapshot(&app);
    for role in predefined::PREDEFINED {
        let path = format!("/admin/roles/{}", role.uuid);
        let scopes = json!([{ "scope": "payments:refund" }]);
        let renamed = caller.put(&path, &json!({ "name": "X", "permissions": scopes, "uuid": Id::new() }));
        assert!(matches!(renamed.status, 400 | 409), "{}: {}", role.name, renamed.body);
        assert_eq!(caller.delete(&path).status, 409, "{}", role.name);
        for name in [role.name.to_lowercase(), format!("  {} ", role.name)] {
            let taken = caller.post("/admin/roles", &json!({ "name": name, "permissions": scopes }));
            assert_eq!(taken.status, 409, "{name}: {}", taken.body);
            assert_eq!(admin.post(ROLES, &[("name", &name), ("more", "payments:refund")]).status, 422, "{name}");
        }
    }
    assert_unchanged(&app, &before, "locked and predefined");
    // One window deletes the role that the other one saves; one renames it to what the other has just made.
    let role = app.add_role("Clerk", &["payments:refund"]);
    let drawn = admin.get(&page(&role));
    assert_eq!(admin.post(&format!("{}/deletion", page(&role)), &[]).status, 303);
    let fields = [("name", "Clerk"), ("more", "payments:void")];
    let memory = super::memory(&drawn);
    assert_eq!(admin.post(&page(&role), &super::remembered(&memory, &fields)).status, 404);
    assert_eq!(admin.post(&format!("{}/deletion", page(&role)), &[]).status, 404);
    assert_eq!(admin.get(&format!("{ROLES}/new?from={role}")).status, 404);
    let (one, other) = (app.add_role("One", &[]), app.add_role("Other", &[]));
    assert_eq!(save(&admin, &one, "New", &[]).status, 303);
    assert_eq!(save(&admin, &other, "NEW", &[]).status, 422);
}

// 4.5: deleted by the API, and taken from the only one who held it.
#[test]
fn whoever_is_left_without_a_role_is_told_and_answered() {
    let app = TestApp::start();
    app.admin();
    let caller = Caller::administrator(&app);
    let role = app.add_role("Clerk", &["payments:refund", "user:read:*", "token:manage:own"]);
    let lone = app.user("Lone Clerk", std::slice::from_ref(&role));
    let robot = app.add_account_with("robot", std::slice::from_ref(&role));
    let own = [("name", "laptop"), ("access", "write"), ("expires", "30")];
    let tokens = [app.add_token(&robot, Access::Write), token_value(&make_token(&lone, "/settings/api-tokens", &own))];
    assert_eq!(lone.get("/settings/users").status, 200);
    assert_eq!(caller.delete(&format!("/admin/roles/{role}")).status, 204);
    for token in &tokens {
        let bearer = format!("Bearer {token}");
        let asked = app.anonymous().get_with("/auth/verify?require=payments:refund", &[("Authorization", &bearer)]);
        assert_eq!(asked.status, 403);
        for path in ["/admin/users", "/admin/roles", "/audit"] {
            assert_eq!(app.anonymous().get_with(path, &[("Authorization", &bearer)]).status, 403, "{path}");
        }
        assert_eq!(app.anonymous().get_with("/user", &[("Authorization", &bearer)]).status, 200);
    }
    assert_eq!(lone.get("/").location(), "/profile");
    assert!(lone.get("/profile").text().contains("You don't have access to anything yet."));
    assert_eq!(lone.get("/settings/users").status, 403);
}

// 4.8: of invitations that were cancelled or have expired, and of teams that are gone.
#[test]
fn what_is_over_holds_no_role_and_no_team_back() {
    let app = TestApp::start();
    let admin = app.admin();
    let role = app.add_role("Clerk", &["payments:refund"]);
    let team = app.add_team("Blue", &[]);
    let fields = [("addresses", "bo@example.org\ncleo@example.org"), ("role", role.as_str()), ("team", team.as_str())];
    assert_eq!(admin.post("/settings/users/invite", &fields).status, 303);
    let of = |email: &str| {
        let sql = format!("SELECT id AS line FROM accounts WHERE email = '{email}'");
        app.read(|conn| Ok(lines(conn, &sql))).remove(0)
    };
    assert_eq!(admin.post(&format!("/settings/users/{}/invitation/cancellation", of("bo@example.org")), &[]).status, 303);
    let question = admin.get(&format!("{}/deletion", page(&role)));
    assert!(question.text().contains("1 user"), "who is invited holds it: {}", question.text());
    let cleo = of("cleo@example.org");
    assert_eq!(admin.post(&format!("/settings/users/{cleo}/invitation/cancellation"), &[]).status, 303);
    let question = admin.get(&format!("{}/deletion", page(&role)));
    assert!(question.text().contains("Nobody has this role."), "{}", question.text());
    assert_eq!(admin.post(&format!("{}/deletion", page(&role)), &[]).status, 303);
    assert_eq!(admin.post(&format!("/settings/teams/{team}/deletion"), &[]).status, 303);
    // Their events have the names of then, by the UUID and by the name.
    for query in [format!("concerned={role}"), "concerned=Clerk".into(), format!("concerned={team}"), "concerned=blue".into()] {
        let log = admin.get(&format!("/settings/audit-log?{query}"));
        assert!(log.text().contains("Clerk") || log.text().contains("Blue"), "{query}: {}", log.text());
    }
    // A default that is gone would be given to nobody: it cannot go while it is one.
    let kept = app.add_role("Default", &["payments:refund"]);
    app.write(|conn| {
        let general = muster::settings::general::General { user_role: Some(kept.clone()), ..Default::default() };
        muster::settings::general::write(conn, &general)
    });
    assert_eq!(admin.post(&format!("{}/deletion", page(&kept)), &[]).status, 409);
    let deleted =
        app.database.write_now(|conn| muster::roles::operations::delete(conn, &Principal::shell(), &kept, None).map(drop));
    assert!(deleted.is_err(), "by no other way either");
}
