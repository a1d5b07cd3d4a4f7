//! A change to a role reaches the check on every instance, its history keeps the names of then, and its cost does not grow.

use muster::accounts::model::{Kind, Selection};
use muster::auth::principal::Principal;
use muster::id::Id;
use muster::roles::operations::{self, RoleDraft, RoleEdit};
use muster::roles::{predefined, queries};
use muster::tokens::value::Access;

use super::{ROLES, named, page, save};
use crate::support::app::TestApp;
use crate::support::snapshot::lines;
use crate::support::soon::eventually;
use crate::support::statements::Recorded;

fn asks(app: &TestApp, token: &str, permission: &str) -> u16 {
    let path = format!("/auth/verify?require={permission}");
    app.anonymous().get_with(&path, &[("Authorization", &format!("Bearer {token}"))]).status
}

/// Asks until the answer is this one.
fn becomes(app: &TestApp, token: &str, permission: &str, status: u16) {
    eventually(&format!("{status} for {permission}"), || asks(app, token, permission) == status);
}

// 4.7: edit, reset and deletion, here at once, on the other instance within its promise.
#[test]
fn what_changes_reaches_the_check_on_every_instance() {
    let app = TestApp::start();
    let other = app.beside();
    let admin = app.admin();
    let role = app.add_role("Clerk", &["payments:read"]);
    let robot = app.add_account_with("robot", &[role.clone(), predefined::CI_CD.into()]);
    let token = app.add_token(&robot, Access::Write);
    assert_eq!((asks(&app, &token, "payments:refund"), asks(&other, &token, "payments:refund")), (403, 403));
    assert_eq!(save(&admin, &role, "Clerk", &["payments:read", "payments:refund"]).status, 303);
    assert_eq!(asks(&app, &token, "payments:refund"), 200);
    becomes(&other, &token, "payments:refund", 200);

    let ci_cd = predefined::CI_CD;
    assert_eq!(save(&admin, ci_cd, "CI/CD", &["payments:void"]).status, 303);
    assert_eq!((asks(&app, &token, "payments:void"), asks(&app, &token, "contract_data:read:*")), (200, 403));
    assert_eq!(admin.post(&format!("{}/reset", page(ci_cd)), &[]).status, 303);
    assert_eq!((asks(&app, &token, "payments:void"), asks(&app, &token, "contract_data:read:*")), (403, 200));
    becomes(&other, &token, "payments:void", 403);

    assert_eq!(admin.post(&format!("{}/deletion", page(&role)), &[]).status, 303);
    assert_eq!(asks(&app, &token, "payments:read"), 403);
    becomes(&other, &token, "payments:read", 403);
}

// 4.5
#[test]
fn those_who_are_left_without_a_role_are_named_before_and_told_after() {
    let app = TestApp::start();
    let admin = app.admin();
    let role = app.add_role("Clerk", &["payments:refund", "system_account:read:*"]);
    let lone = app.user("Lone Clerk", std::slice::from_ref(&role));
    app.add_user("Second Hat", &[role.clone(), predefined::USER.into()]);
    let robot = app.add_account_with("lone robot", std::slice::from_ref(&role));
    let token = app.add_token(&robot, Access::Write);
    let question = admin.get(&format!("{}/deletion", page(&role)));
    let text = question.text();
    assert!(text.contains("2 accounts would be left without a role"), "{text}");
    assert!(question.body.contains("<bdi>lone robot</bdi></a>") && question.body.contains("<bdi>Lone Clerk</bdi></a>"));
    assert!(!question.body.contains("Second Hat"));
    assert!(question.body.contains(&format!("/settings/system-accounts?role={role}&#38;disabled=1")), "{}", question.body);
    assert!(question.body.contains("1 system account<") && question.body.contains("2 users"));
    let done = admin.post_and_follow(&format!("{}/deletion", page(&role)), &[]);
    assert_eq!(done.flash(), "Deleted Clerk.");
    assert_eq!(asks(&app, &token, "payments:refund"), 403);
    assert_eq!(app.verify(&token).status, 200);
    let home = lone.get("/");
    assert_eq!((home.status, home.location()), (303, "/profile"));
    assert_eq!(lone.get("/profile").status, 200);
    let refused = lone.get("/settings/system-accounts");
    assert!(refused.status == 403 && refused.text().contains("Maya Lindqvist"), "{}", refused.text());
}

// 4.8: what is gone holds nothing back, and history keeps its names.
#[test]
fn a_role_of_deleted_accounts_is_free_and_its_events_keep_their_names() {
    let app = TestApp::start();
    let admin = app.admin();
    let role = app.add_role("Clerk", &["payments:refund"]);
    let (user, _) = app.add_user("Gone Person", std::slice::from_ref(&role));
    let robot = app.add_account_with("robot", std::slice::from_ref(&role));
    for (kind, id) in [(Kind::User, user), (Kind::System, app.add_account_with("gone", std::slice::from_ref(&role)))] {
        let one = Selection::Accounts(vec![id]);
        app.write(move |conn| muster::accounts::operations::delete(conn, &Principal::shell(), kind, &one));
    }
    let question = admin.get(&format!("{}/deletion", page(&role)));
    assert!(question.text().contains("Held by 1 system account "), "{}", question.text());
    assert_eq!(save(&admin, &role, "Teller", &["payments:refund"]).status, 303);
    assert_eq!(admin.post(&format!("{}/deletion", page(&role)), &[]).status, 303);
    assert!(named(&app, "Teller").is_none());
    let sql = "SELECT type || ' ' || target_name || ' ' || coalesce(object_name, '-') AS line FROM audit_events \
               WHERE type LIKE 'role.%' OR type = 'account.role_removed' ORDER BY seq";
    let events = app.read(|conn| Ok(lines(conn, sql)));
    assert_eq!(events, ["role.updated Teller -", "account.role_removed robot Teller", "role.deleted Teller -"]);
    let sql = "SELECT detail AS line FROM audit_events WHERE type IN ('role.updated', 'role.deleted') ORDER BY seq";
    let details = app.read(|conn| Ok(lines(conn, sql)));
    assert!(details[0].contains("\"before\":{\"description\":\"\",\"name\":\"Clerk\"") && details[0].contains("\"after\""));
    assert!(details[1].contains("\"holders\":{\"system_accounts\":1,\"users\":0}"), "{details:?}");
    let _ = robot;
}

// Pages and changes cost the same for one holder as for a thousand.
#[test]
fn the_number_of_holders_costs_no_statements() {
    let costs = |holders: usize| {
        let app = TestApp::start();
        app.add_user("Maya Lindqvist", &[predefined::ADMINISTRATOR.into()]);
        app.add_many(holders);
        let role = app.add_role("Clerk", &["payments:refund"]);
        let given = role.clone();
        let sql = format!(
            "INSERT INTO account_roles (account_id, role_id, kind, disabled, name_key) \
             SELECT id, '{given}', kind, disabled, name_key FROM accounts WHERE kind = 'system'"
        );
        app.write(move |conn| muster::database::sql::Sql::new(&sql).execute(conn));
        let mut recorded = Recorded::open(&app.database_url);
        let wanted = RoleDraft { name: "Clerk".into(), description: String::new(), permissions: vec!["payments:void".into()] };
        let edit = RoleEdit { shown: None, wanted: wanted.clone() };
        let shell = Principal::shell();
        let (impact, asked) = recorded.during(|conn| {
            let all = queries::all(conn).unwrap();
            let role = queries::get(conn, &role).unwrap();
            queries::differences(conn, &all, Some(&role), &wanted.permission_set()).unwrap()
        });
        let counted = i64::try_from(holders).unwrap();
        assert!(impact.iter().all(|one| (one.system_accounts, one.users, one.others) == (counted, 0, 0)), "{impact:?}");
        let (edited, editing) = recorded.during(|conn| operations::update(conn, &shell, &role, &edit));
        assert!(matches!(edited, Ok(true)), "{edited:?}");
        let (deleted, deleting) = recorded.during(|conn| operations::delete(conn, &shell, &role, None));
        assert!(deleted.is_ok(), "{deleted:?}");
        [asked.len(), editing.len(), deleting.len()]
    };
    assert_eq!(costs(1), costs(1_000));
}

#[test]
fn a_form_names_every_permission_that_is_none_and_comes_back_filled() {
    let app = TestApp::start();
    let admin = app.admin();
    let sent = "payments:refund\nPayments:Refund\na b\n<script>:x";
    let fields = [("name", "Clerk"), ("description", "Refunds"), ("permission", "team:read:*"), ("more", sent)];
    let answer = admin.post(ROLES, &fields);
    assert_eq!(answer.status, 422);
    for wrong in ["“Payments:Refund”", "“a b”", "“&#60;script&#62;:x”"] {
        assert!(answer.body.contains(wrong), "{wrong}: {}", answer.text());
    }
    assert!(answer.body.contains(">payments:refund\nPayments:Refund\na b\n&#60;script&#62;:x</textarea>"), "{}", answer.body);
    assert!(answer.body.contains("value=\"Clerk\"") && answer.body.contains("value=\"Refunds\""));
    assert!(answer.body.contains("value=\"team:read:*\" title=\"team:read:*\" checked"));
    assert!(named(&app, "Clerk").is_none());
    // Every text of the documentation is taken as it is, in any order, and kept as it was sent.
    let texts = [
        "ai:generation:request-response",
        "ai:generation:*",
        "ai:*",
        "ai:generation:openapi",
        "ai:generation:code",
        "ai:generation:test-template",
        "system_account:read:team",
        "secret:read:team",
        "deployment_and_release:record:team",
        "user:manage_scim_attributes:*",
        "user:invite:*",
        "payments:refund",
        "team:manage:{0198c0de-0000-7000-8000-000000000001}",
    ];
    let answer = admin.post(ROLES, &[("name", "Everything"), ("more", &texts.join("\r\n"))]);
    assert_eq!(answer.status, 303, "{}", answer.text());
    let role: Id = named(&app, "Everything").unwrap();
    let kept = super::granted(&app, &role);
    assert!(kept.len() == texts.len() && texts.iter().all(|text| kept.iter().any(|held| held == text)), "{kept:?}");
    assert!(admin.get(ROLES).body.contains("title=\"Refund payments\""), "a label from the words");
}
