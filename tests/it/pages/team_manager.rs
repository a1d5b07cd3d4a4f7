//! Who holds `system_account:manage:team` looks after the system accounts of their own teams, and no others.

use muster::id::Id;
use muster::roles::predefined;
use muster::tokens::value::Access;

use super::html::{LIST, all, at, bulk, find_undo_url, make_token, names, row_html, token_value, undo_url};
use crate::support::app::{Client, TestApp};

/// Two accounts, one in the manager's team; the manager holds nothing else.
fn scene() -> (TestApp, Client, Id, Id) {
    let app = TestApp::start();
    let role = app.add_role("Team keeper", &["system_account:manage:team"]);
    let keeper = app.user("Kim Keeper", &[role]);
    let [mine, other] = ["mine", "other"].map(|name| app.add_account(name));
    let own = keeper.account.clone().unwrap();
    app.add_team("Platform", &[&own, &mine]);
    app.add_team("Elsewhere", &[&other]);
    (app, keeper, mine, other)
}

#[test]
fn only_the_own_teams_accounts_are_seen() {
    let (app, keeper, mine, other) = scene();
    app.add_many(3);
    let list = keeper.get(LIST);
    assert_eq!((list.status, names(&list)), (200, vec!["mine".into()]));
    assert_eq!(names(&keeper.get(&format!("{LIST}?q=o&disabled=1&sort=-used"))), [""; 0]);
    assert_eq!(names(&keeper.get(&format!("{LIST}?role={}", predefined::CI_CD))), ["mine"]);
    assert!(list.text().contains("1 never used"), "{}", list.text());
    assert!(!list.text().contains("every system account"), "{}", list.text());
    for trace in ["name=\"id\"", "New system account", "name=\"do\""] {
        assert!(!list.body.contains(trace), "{trace}");
    }
    assert_eq!(keeper.get(&at(&mine, "")).status, 200);
    assert_eq!(keeper.get(&at(&other, "")).status, 404);
    // In no team there is nothing to see, and no word about what others have.
    let loner = app.user("Lone Keeper", &[app.add_role("Loner", &["system_account:manage:team"])]);
    let empty = loner.get(LIST);
    assert!(names(&empty).is_empty());
    assert!(!empty.text().contains("All system accounts are disabled"), "{}", empty.text());
}

#[test]
fn disabling_enabling_and_tokens_are_in_reach() {
    let (app, keeper, mine, _) = scene();
    let page = keeper.get(&at(&mine, ""));
    for part in ["API tokens", "New token", "Danger zone", "/disablement"] {
        assert!(page.body.contains(part), "{part}");
    }
    for part in ["Edit Roles", "Edit Teams", "/deletion", "/promotion", "id=\"rename\""] {
        assert!(!page.body.contains(part), "{part}");
    }
    let fields = [("name", "x"), ("access", "write"), ("expires", "30")];
    let value = token_value(&make_token(&keeper, &at(&mine, "/tokens"), &fields));
    let path = at(&mine, &format!("/tokens/{}/regeneration", &value[5..17]));
    let second = token_value(&make_token(&keeper, &path, &[("overlap", "1h")]));
    assert_eq!([&value, &second].map(|value| app.verify(value).status), [200, 200]);
    let finish = at(&mine, &format!("/tokens/{}/finish", &second[5..17]));
    assert_eq!(keeper.post_and_follow(&finish, &[]).flash(), "The old value has stopped working.");
    let disabled = keeper.post_and_follow(&at(&mine, "/disablement"), &[]);
    assert_eq!(disabled.flash(), "Disabled mine.");
    assert_eq!(app.verify(&second).status, 401);
    assert_eq!(keeper.post_and_follow(&undo_url(&disabled), &[("next", &at(&mine, ""))]).flash(), "Undone: mine enabled.");
    assert_eq!(app.verify(&second).status, 200);
    let again = keeper.post_and_follow(&at(&mine, "/enablement"), &[]);
    assert_eq!((again.flash(), find_undo_url(&again)), ("No change: it was already enabled.".into(), None));
    let revoke = at(&mine, &format!("/tokens/{}/revocation", &second[5..17]));
    assert_eq!(keeper.post_and_follow(&revoke, &[]).flash(), "Revoked x.");
}

#[test]
fn everything_else_is_refused() {
    let (app, keeper, mine, other) = scene();
    let value = app.add_token(&other, Access::Read);
    // What one cannot see is as good as not there; what one can see and not change is refused for lack of permission.
    let sees = app.user("Sam Sees", &[app.add_role("Sees", &["system_account:manage:team", "system_account:read:*"])]);
    let fields = [("name", "x"), ("access", "read"), ("expires", "30"), ("overlap", "0"), ("confirm", "mine")];
    for (client, status) in [(&keeper, 404), (&sees, 403)] {
        for path in ["/disablement", "/enablement", "/tokens"] {
            let refused = client.post(&at(&other, path), &fields);
            assert_eq!(refused.status, status, "{path}");
            assert_eq!(refused.text().contains("other"), status == 403, "{path}: {}", refused.text());
        }
        for verb in ["regeneration", "revocation", "finish"] {
            let path = at(&other, &format!("/tokens/{}/{verb}", &value[5..17]));
            assert_eq!(client.post(&path, &fields).status, status, "{verb}");
        }
    }
    // Each of them is in the audit log, whatever the answer said.
    let noted: i64 = app.read(|conn| {
        use diesel::prelude::*;
        use muster::schema::audit_events;
        Ok(audit_events::table.filter(audit_events::event_type.eq("access.refused")).count().get_result(conn)?)
    });
    assert_eq!(noted, 12);
    for path in ["", "/roles", "/teams", "/promotion", "/demotion", "/deletion"] {
        let refused = keeper.post(&at(&mine, path), &fields);
        assert_eq!(refused.status, 403, "{path}");
        assert!(refused.text().contains("system_account:manage:*"), "{path}: {}", refused.text());
    }
    assert_eq!(keeper.post(LIST, &[("name", "new")]).status, 403);
    assert_eq!(keeper.get(&format!("{LIST}/new")).status, 403);
    assert_eq!(bulk(&keeper, "disable", &[&mine], &[]).status, 403);
    assert_eq!(app.totals(), (2, 0));
    assert_eq!(app.verify(&value).status, 200);
    assert_eq!(app.admin().get(&at(&mine, "")).status, 200);
}

// A token's value is its account's whole power: it is not for who has less.
#[test]
fn the_token_of_a_stronger_account_is_refused() {
    let (app, keeper, mine, _) = scene();
    app.admin().post(&at(&mine, "/promotion"), &[]);
    let fields = [("name", "x"), ("access", "read"), ("expires", "30")];
    let refused = keeper.post(&at(&mine, "/tokens"), &fields);
    assert_eq!(refused.status, 403);
    assert!(refused.text().contains("mine can do more in Muster than you can"), "{}", refused.text());
}

// Who sees all of them is not told that they can change none, and has a menu beside those of their teams.
#[test]
fn the_list_of_all_offers_what_is_in_reach() {
    let (app, keeper, mine, _) = scene();
    let sees = app.user("Sam Sees", &[app.add_role("Sees", &["system_account:manage:team", "system_account:read:*"])]);
    app.add_team("Sight", &[sees.account.as_ref().unwrap(), &mine]);
    let list = sees.get(LIST);
    assert!(list.text().contains("You can disable and enable those of your teams"), "{}", list.text());
    assert!(!list.text().contains("Only administrators can change them"), "{}", list.text());
    assert!(row_html(&list, "mine").contains("row-more") && !row_html(&list, "other").contains("row-more"));
    assert!(row_html(&keeper.get(LIST), "mine").contains("row-more"));
    let menu = all(&list.body, "id=\"row-menu\"", "</div>")[0];
    for (part, is_there) in
        [("#tokens", true), ("disablement", true), ("Edit Roles", false), ("promotion", false), ("deletion", false)]
    {
        assert_eq!(menu.contains(part), is_there, "{part}: {menu}");
    }
    assert!(!list.body.contains("name=\"id\""));
    // Who only looks has none.
    assert!(!app.viewer().get(LIST).body.contains("row-menu"));
}
