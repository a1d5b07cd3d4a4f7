//! Somebody who can sign in and administer Muster remains: who is invited, disabled or has never set a password does not count.

use muster::accounts::model::{Kind, Selection};
use muster::accounts::operations::{self, ActionParams};
use muster::auth::principal::Principal;
use muster::database::DbConnection;
use muster::error::Error;
use muster::id::Id;
use muster::roles::predefined;

use super::{USERS, id_of, invite};
use crate::api::Caller;
use crate::support::app::{Client, TestApp};
use crate::support::snapshot::{assert_unchanged, snapshot};

const LAST: &str = "last administrator who can sign in";

/// One administrator who can sign in, one who is invited, one who is disabled, and one without a password.
fn world() -> (TestApp, Client, Vec<Id>) {
    let app = TestApp::start();
    let admin = app.admin();
    let role = predefined::ADMINISTRATOR.to_string();
    assert_eq!(invite(&admin, "Bo <bo@example.org>", &[("role", &role), ("administrator", "1")]).status, 200);
    let (asleep, _) = app.add_user("Asleep Admin", &[predefined::ADMINISTRATOR.into()]);
    super::seats::disable(&app, &asleep);
    let (silent, _) = app.add_user("Silent Admin", &[predefined::ADMINISTRATOR.into()]);
    app.write(|conn| {
        let mut sql = muster::database::sql::Sql::new("UPDATE accounts SET password_hash = NULL WHERE id = ");
        sql.bind(&silent);
        sql.execute(conn)
    });
    let own = admin.account.clone().unwrap();
    let all = vec![own, id_of(&app, "bo@example.org"), silent];
    (app, admin, all)
}

#[test]
fn the_shell_cannot_take_the_last_one_either() {
    let (app, _admin, all) = world();
    let shell = Principal::shell();
    let (one, several) = (Selection::Accounts(all[..1].to_vec()), Selection::Accounts(all.clone()));
    let role: Id = predefined::ADMINISTRATOR.into();
    let before = snapshot(&app);
    type Door<'a> = &'a dyn Fn(&mut DbConnection, &Selection) -> Result<operations::Done, Error>;
    let doors: [(&str, Door<'_>); 5] = [
        ("disable", &|conn, whom| operations::disable(conn, &shell, Kind::User, whom)),
        ("delete", &|conn, whom| operations::delete(conn, &shell, Kind::User, whom)),
        ("demote", &|conn, whom| operations::remove_administrator(conn, &shell, Kind::User, whom)),
        ("remove role", &|conn, whom| operations::remove_roles(conn, &shell, Kind::User, whom, std::slice::from_ref(&role))),
        ("edit roles", &|conn, _| operations::set_roles(conn, &shell, Kind::User, &all[0], &ActionParams::exactly([]))),
    ];
    for (name, door) in doors {
        for whom in [&one, &several] {
            let refused = app.database.write_now(|conn| door(conn, whom).map(drop));
            assert!(refused.as_ref().is_err_and(|error| error.message().contains(LAST)), "{name}: {refused:?}");
            assert_unchanged(&app, &before, name);
        }
    }
    // Once another can sign in, it goes.
    app.add_user("Priya Sandoval", &[role]);
    app.database.write_now(|conn| operations::disable(conn, &shell, Kind::User, &one).map(drop)).unwrap();
}

#[test]
fn no_page_and_no_call_takes_the_last_one() {
    let (app, admin, all) = world();
    let ids: Vec<(&str, &str)> = all.iter().map(|id| ("id", id.as_str())).collect();
    let caller = Caller::administrator(&app);
    let before = snapshot(&app);
    let demoted = admin.post_and_follow(&format!("{USERS}/{}/demotion", all[0]), &[]);
    assert!(demoted.flash().contains(LAST), "{}", demoted.flash());
    let edited = admin.post(&format!("{USERS}/{}/roles", all[0]), &[]);
    assert!(matches!(edited.status, 409 | 422) && edited.text().contains(LAST), "{}", edited.text());
    // Oneself among others: refused as a whole, with a sentence, and by the filter as well.
    for verb in ["disable", "remove_administrator"] {
        let refused = admin.post_and_follow(&format!("{USERS}/bulk"), &[&ids[..], &[("do", verb)]].concat());
        assert!(refused.flash().contains("Maya Lindqvist"), "{verb}: {}", refused.flash());
        assert_unchanged(&app, &before, verb);
    }
    let selected = admin.post_and_follow(&format!("{USERS}/bulk"), &[("do", "select_matching")]);
    let id = crate::pages::html::value(&selected, "selection");
    let all_that_match =
        admin.post_and_follow(&format!("{USERS}/bulk"), &[("selection", &id), ("shown", "0"), ("do", "disable")]);
    assert!(all_that_match.flash().contains("it's the account you're signed in with"), "{}", all_that_match.flash());
    assert_unchanged(&app, &before, "all that match");
    // A token of a system account that may do everything counts for nobody who signs in.
    for (path, body) in [
        (format!("/admin/users/{}", all[0]), serde_json::json!({"active": false})),
        (format!("/admin/users/{}/roles", all[0]), serde_json::json!({"roles": []})),
    ] {
        assert_eq!(caller.put(&path, &body).status, 409, "{path}");
    }
    assert_eq!(caller.delete(&format!("/admin/users/{}", all[0])).status, 409);
    // Neither does such a token end its own account among all that match.
    let everything = serde_json::json!({"action": "disable", "filter": {}});
    let refused = caller.post("/admin/system-accounts/bulk", &everything);
    assert_eq!(refused.status, 409, "{}", refused.body);
    assert_unchanged(&app, &before, "by the API");
}
