//! Locked and predefined roles, two windows, and the last administrator: rules of the operation, on every way to it.

use muster::auth::principal::Principal;
use muster::error::Error;
use muster::id::Id;
use muster::roles::operations::{self, RoleDraft, RoleEdit};
use muster::roles::predefined::{self, PREDEFINED};

use super::{ROLES, granted, memory, named, page, remembered, save};
use crate::support::app::TestApp;
use crate::support::snapshot::{assert_unchanged, snapshot};

// 4.4
#[test]
fn locked_roles_stay_as_they_are_and_predefined_ones_remain() {
    let app = TestApp::start();
    let admin = app.admin();
    let before = snapshot(&app);
    for role in PREDEFINED {
        let id: Id = role.uuid.into();
        let reset = admin.post(&format!("{}/reset", page(&id)), &[]);
        if role.locked {
            for name in [role.name, "Another name"] {
                let answer = save(&admin, &id, name, &["payments:refund"]);
                assert_eq!(answer.status, 409, "{}: {}", role.name, answer.text());
                assert!(answer.text().contains("is locked and can't be changed"), "{}", answer.text());
            }
            assert_eq!((reset.status, admin.get(&format!("{}/reset", page(&id))).status), (409, 409), "{}", role.name);
            let form = admin.get(&page(&id));
            assert!(form.status == 200 && !form.body.contains("Save role") && !form.body.contains("name=\"more\""));
        } else {
            assert_eq!(reset.status, 303, "{}", role.name);
            let answer = save(&admin, &id, "Another name", role.permissions);
            assert_eq!(answer.status, 422, "{}", role.name);
            assert!(answer.text().contains("A role that comes with Muster keeps its name."));
        }
        assert_eq!(admin.get(&format!("{}/deletion", page(&id))).status, 409, "{}", role.name);
        assert_eq!(admin.post(&format!("{}/deletion", page(&id)), &[]).status, 409, "{}", role.name);
        let taken = admin.post(ROLES, &[("name", &role.name.to_uppercase())]);
        assert_eq!(taken.status, 422);
        assert!(taken.text().contains("A role already has this name."));
        // Neither does the shell.
        let edit = RoleEdit { shown: None, wanted: RoleDraft { name: "X".into(), ..RoleDraft::default() } };
        let shell = Principal::shell();
        assert!(app.database.write_now(|conn| operations::update(conn, &shell, &id, &edit)).is_err());
        assert!(app.database.write_now(|conn| operations::delete(conn, &shell, &id, None)).is_err());
    }
    assert_unchanged(&app, &before, "locked and predefined roles");
}

#[test]
fn a_predefined_role_is_edited_and_reset_and_custom_ones_are_left_alone() {
    let app = TestApp::start();
    let admin = app.admin();
    let custom = app.add_role("Clerk", &["payments:refund"]);
    app.add_account("robot");
    let ci_cd: Id = predefined::CI_CD.into();
    let default = granted(&app, &ci_cd);
    assert_eq!(save(&admin, &ci_cd, "CI/CD", &["webhook:manage:team", "contract_data:read:*"]).status, 303);
    assert!(admin.get(ROLES).body.contains(">Changed</span>"));
    assert!(admin.get(&page(&ci_cd)).text().contains("Its permissions differ from the default."));
    let question = admin.get(&format!("{}/reset", page(&ci_cd)));
    assert!(question.text().contains("Removed webhook:manage:team Manage the team's webhooks. 1 system account loses it."));
    let done = admin.post_and_follow(&format!("{}/reset", page(&ci_cd)), &[]);
    assert_eq!(done.flash(), "Reset the permissions of CI/CD.");
    assert_eq!((granted(&app, &ci_cd), granted(&app, &custom)), (default, vec!["payments:refund".to_owned()]));
    let again = admin.post_and_follow(&format!("{}/reset", page(&ci_cd)), &[]);
    assert_eq!(again.flash(), "CI/CD already has its default permissions.");
    assert_eq!(admin.post(&format!("{}/reset", page(&custom)), &[]).status, 409);
}

// 4.4: the second window is told what changed, and neither change is lost.
#[test]
fn two_windows_on_one_role() {
    let app = TestApp::start();
    let admin = app.admin();
    let role = app.add_role("Clerk", &["payments:read", "payments:refund"]);
    let (first, second) = (memory(&admin.get(&page(&role))), memory(&admin.get(&page(&role))));
    let fields = [("name", "Clerks"), ("more", "payments:read\npayments:void")];
    assert_eq!(admin.post(&page(&role), &remembered(&first, &fields)).status, 303);

    let fields = [("name", "Clerk"), ("description", "Mine"), ("more", "payments:read\npayments:refund\nledger:read")];
    let told = admin.post(&page(&role), &remembered(&second, &fields));
    assert_eq!(told.status, 409, "{}", told.text());
    let sentence = "renamed from Clerk to Clerks; added payments:void; removed payments:refund";
    assert!(told.text().contains(sentence), "{}", told.text());
    assert_eq!(granted(&app, &role), ["payments:read", "payments:void"]);
    // The form now has both, and saving it does both.
    assert!(told.body.contains("payments:read\nledger:read\npayments:void</textarea>"), "{}", told.body);
    let third = memory(&told);
    let fields = [("name", "Clerks"), ("description", "Mine"), ("more", "payments:read\nledger:read\npayments:void")];
    assert_eq!(admin.post(&page(&role), &remembered(&third, &fields)).status, 303);
    assert_eq!(granted(&app, &role), ["ledger:read", "payments:read", "payments:void"]);
    // A preview tells the same, and a role that is gone is gone.
    let preview = admin.post(&page(&role), &remembered(&first, &[("name", "Clerk"), ("do", "preview")]));
    assert!(preview.status == 200 && preview.text().contains("Someone else changed this role in the meantime"));
    assert_eq!(admin.post(&format!("{}/deletion", page(&role)), &[]).status, 303);
    assert_eq!(admin.post(&page(&role), &remembered(&third, &[("name", "Clerk")])).status, 404);
    assert!(named(&app, "Clerks").is_none());
}

#[test]
fn a_deletion_holds_for_those_who_were_shown() {
    let app = TestApp::start();
    let admin = app.admin();
    let role = app.add_role("Clerk", &["payments:refund"]);
    app.add_account_with("first", std::slice::from_ref(&role));
    let shown = [("system_accounts", "1"), ("users", "0"), ("only", "1")];
    app.add_account_with("second", std::slice::from_ref(&role));
    let told = admin.post(&format!("{}/deletion", page(&role)), &shown);
    assert_eq!(told.status, 409);
    assert!(told.text().contains("The list changed while you were reviewing it. Nothing was deleted."), "{}", told.text());
    assert!(told.body.contains("2 system accounts") && told.body.contains("<bdi>second</bdi></a>"));
    assert!(named(&app, "Clerk").is_some());
}

// Also where administration comes from a custom role: editing it, deleting it, and resetting a predefined one.
#[test]
fn an_administrator_who_can_sign_in_remains() {
    let app = TestApp::start();
    let all: Vec<&str> = PREDEFINED[0].permissions.to_vec();
    let custom = app.add_role("Chiefs", &all);
    let chief = app.user("Ada Chief", std::slice::from_ref(&custom));
    // Those who cannot sign in do not count: disabled, without a password, a machine.
    let (disabled, _) = app.add_user("Maya Lindqvist", &[predefined::ADMINISTRATOR.into()]);
    let one = muster::accounts::model::Selection::Accounts(vec![disabled]);
    let kind = muster::accounts::model::Kind::User;
    app.write(move |conn| muster::accounts::operations::disable(conn, &Principal::shell(), kind, &one));
    app.add_account_with("robot", &[predefined::ADMINISTRATOR.into()]);
    let invited = muster::accounts::operations::UserCreation {
        name: "In Vited".into(),
        email: "in@example.test".into(),
        roles: vec![predefined::ADMINISTRATOR.into()],
        ..Default::default()
    };
    app.write(move |conn| muster::accounts::operations::create_user(conn, &Principal::shell(), &invited));
    let before = snapshot(&app);
    for left in [&[][..], &["user:manage:*", "role:manage:*"]] {
        let answer = save(&chief, &custom, "Chiefs", left);
        assert_eq!(answer.status, 409, "{}", answer.text());
        assert!(answer.text().contains("nobody who can sign in and administer Muster"), "{}", answer.text());
    }
    assert_eq!(chief.post(&format!("{}/deletion", page(&custom)), &[]).status, 409);
    assert_unchanged(&app, &before, "the last administrator");
    // What does not matter to it may go, and with a second administrator everything.
    let kept: Vec<&str> = all.iter().copied().filter(|permission| !permission.starts_with("audit")).collect();
    assert_eq!(save(&chief, &custom, "Chiefs", &kept).status, 303);
    app.add_user("Second Chief", &[predefined::ADMINISTRATOR.into()]);
    let edit = RoleEdit { shown: None, wanted: RoleDraft { name: "Chiefs".into(), ..RoleDraft::default() } };
    let done = app.database.write_now(|conn| operations::update(conn, &Principal::shell(), &custom, &edit));
    assert!(matches!(done, Ok(true)), "{done:?}");
    assert!(!matches!(done, Err(Error::Conflict(_))));
}

// Nobody is given Team Administrator: its page counts those who administer a team, as the list does, and offers no copy of nothing.
#[test]
fn the_page_of_team_administrator_counts_who_has_it() {
    let app = TestApp::start();
    let admin = app.admin();
    let role: muster::id::Id = predefined::TEAM_ADMINISTRATOR.into();
    let page = admin.get(&format!("/settings/roles/{role}"));
    assert!(page.text().contains("Nobody has this role."), "{}", page.text());
    let [ida, bo] = ["Ida Holm", "Bo Berg"].map(|name| app.add_user(name, &[]).0);
    for name in ["Blue", "Red"] {
        let team = app.add_team(name, &[]);
        let fields = [("account", ida.as_str()), ("account", bo.as_str())];
        assert_eq!(admin.post(&format!("/settings/teams/{team}/administrators"), &fields).status, 303);
    }
    let page = admin.get(&format!("/settings/roles/{role}"));
    assert!(page.text().contains("Held by 2 users "), "{}", page.text());
    assert!(!page.body.contains(&format!("from={role}")) && !page.text().contains("Duplicate"), "{}", page.text());
    assert!(!admin.get("/settings/roles").body.contains(&format!("from={role}")));
}
