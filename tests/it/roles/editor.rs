//! The form: what it shows, what it says before it is saved, and where one goes from there.

use muster::roles::predefined;

use super::{ROLES, granted, memory, named, page, remembered, save};
use crate::support::app::TestApp;

#[test]
fn a_role_is_made_shown_and_copied() {
    let app = TestApp::start();
    let admin = app.admin();
    let form = admin.get(&format!("{ROLES}/new"));
    assert!(form.body.contains("name=\"more\"") && form.body.contains("value=\"contract_data:manage:team\""));
    let fields = [("name", " Clerk "), ("description", "Refunds"), ("permission", "team:read:*"), ("more", "payments:refund")];
    let made = admin.post_and_follow(ROLES, &fields);
    assert_eq!(made.flash(), "Created Clerk.");
    let role = named(&app, "Clerk").unwrap();
    assert!(made.body.contains(&format!("id=\"uuid-{role}\">{role}</code>")) && made.body.contains("data-copy=\"uuid-"));
    let shown = admin.get(&page(&role));
    assert!(shown.body.contains("value=\"team:read:*\" title=\"team:read:*\" checked"), "{}", shown.body);
    assert!(shown.body.contains(">payments:refund</textarea>"));
    assert!(shown.text().contains("Nobody has this role."), "{}", shown.text());
    let copy = admin.get(&format!("{ROLES}/new?from={role}"));
    assert!(copy.body.contains("value=\"Copy of Clerk\"") && copy.body.contains(">payments:refund</textarea>"));
    // The same form once more makes no second role.
    assert_eq!(admin.post(ROLES, &fields).status, 422);
    let known = memory(&shown);
    let fields = remembered(&known, &fields.map(|(name, value)| (name, value.trim())));
    assert_eq!(admin.post_and_follow(&page(&role), &fields).flash(), "No changes to Clerk.");
}

#[test]
fn what_changes_is_said_before_it_is_saved() {
    let app = TestApp::start();
    let admin = app.admin();
    let role = app.add_role("Clerk", &["webhook:manage:team", "team:manage:*", "ledger:read"]);
    app.add_account_with("one", &[role.clone(), predefined::CI_CD.into()]);
    app.add_account_with("two", std::slice::from_ref(&role));
    app.add_user("Ida Holm", &[role.clone(), predefined::USER.into()]);
    let wanted =
        [("name", "Clerk"), ("more", "team:manage:*\npayments:refund\nteam:read:*\ncontract_data:read:*"), ("do", "preview")];
    let answer = admin.post(&page(&role), &wanted);
    assert_eq!(answer.status, 200);
    let text = answer.text();
    for said in [
        "payments:refund Refund payments. 2 system accounts and 1 user gain it.",
        "team:read:* Read teams. Changes nothing: another permission of this role already allows it.",
        "contract_data:read:* Read contract data. 1 system account gains it. 2 accounts have it through other roles.",
        "webhook:manage:team Manage the team's webhooks. 2 system accounts lose it. 1 account keeps it through other roles.",
        "ledger:read Read ledger. 2 system accounts and 1 user lose it.",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert_eq!(granted(&app, &role).len(), 3, "nothing was saved");
    let none = admin.post(ROLES, &[("name", "New"), ("more", "payments:refund"), ("do", "preview")]);
    assert!(none.text().contains("payments:refund Refund payments. No account has this role."), "{}", none.text());
    assert!(named(&app, "New").is_none());
    let wrong = admin.post(ROLES, &[("name", "New"), ("more", "Not one"), ("do", "preview")]);
    assert!(wrong.status == 422 && wrong.text().contains("“Not one”"));
}

// Whoever takes the right from themselves lands where they may be.
#[test]
fn whoever_edits_the_role_away_from_themselves_is_shown_a_page_that_they_may_see() {
    let app = TestApp::start();
    app.admin();
    let role = app.add_role("Keeper", &["role:manage:*", "role:read:*"]);
    let bo = app.user("Bo Keeper", std::slice::from_ref(&role));
    let answer = save(&bo, &role, "Keeper", &["role:read:*"]);
    assert_eq!((answer.status, answer.location()), (303, format!("{ROLES}#role-{role}").as_str()));
    assert_eq!(bo.post(&page(&role), &[("name", "Keeper")]).status, 403);
    let role = app.add_role("Second", &["role:manage:*"]);
    let eve = app.user("Eve Keeper", std::slice::from_ref(&role));
    let answer = save(&eve, &role, "Second", &[]);
    assert_eq!((answer.status, answer.location()), (303, "/"));
    let home = eve.get("/");
    assert_eq!(eve.get(home.location()).status, 200);
}

#[test]
fn names_are_one_role_s_own() {
    let app = TestApp::start();
    let admin = app.admin();
    let (first, second) = (app.add_role("Clerk", &[]), app.add_role("Teller", &[]));
    for name in ["clerk", "CLERK", " ＣＬＥＲＫ "] {
        let answer = save(&admin, &second, name, &[]);
        assert_eq!(answer.status, 422, "{name}");
        assert!(answer.text().contains("A role already has this name."));
    }
    for (name, said) in [("", "Enter a name."), ("a\u{7}b", "control characters"), (&"x".repeat(81), "At most 80 characters.")] {
        let answer = save(&admin, &second, name, &[]);
        assert!(answer.status == 422 && answer.text().contains(said), "{name}: {}", answer.text());
    }
    // Its own name in another case is no other role's.
    assert_eq!(save(&admin, &first, "CLERK", &[]).status, 303);
}

// Saved at once, without a look at what changes first: who lost what is said then.
#[test]
fn a_saved_loss_says_how_many_it_takes_from() {
    let app = TestApp::start();
    let admin = app.admin();
    let role = app.add_role("Clerk", &["payments:refund", "ledger:read", "ledger:write"]);
    app.add_account_with("one", std::slice::from_ref(&role));
    app.add_account_with("two", std::slice::from_ref(&role));
    app.add_user("Ida Holm", std::slice::from_ref(&role));
    let saved = |more: &str| admin.post_and_follow(&page(&role), &[("name", "Clerk"), ("more", more)]).flash();
    assert_eq!(saved("ledger:read\nledger:write\nnew:one"), "Saved Clerk. 2 system accounts and 1 user lost payments:refund.");
    assert_eq!(saved("new:one"), "Saved Clerk. Up to 2 system accounts and 1 user lost 2 permissions.");
    assert_eq!(saved("new:one\nnew:two"), "Saved Clerk.");
}
