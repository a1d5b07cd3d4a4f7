//! What somebody leaves behind is named before they go, and can be handed over.

use muster::accounts::model::Kind;
use muster::accounts::operations::{self, Plan};
use muster::auth::principal::Principal;
use muster::id::Id;
use muster::roles::predefined;

use super::{USERS, accept, id_of, invite, link_of, new_link};
use crate::pages::html::{error, find_href, href};
use crate::support::app::{PASSWORD, TestApp};
use crate::support::snapshot::{assert_unchanged, lines, snapshot};

fn own(app: &TestApp, user: &Id, account: &Id) {
    use muster::accounts::actions::{Action, set_owner::SetOwner};
    use muster::accounts::model::Selection;
    let action = Action::with(&SetOwner, Kind::System, std::slice::from_ref(user));
    let one = Selection::Accounts(vec![account.clone()]);
    app.write(|conn| operations::run(conn, &Principal::shell(), &Plan::unlimited(), &action, &one));
}

fn owner(app: &TestApp, account: &Id) -> String {
    let sql = format!("SELECT coalesce(owner_id, '') AS line FROM accounts WHERE id = '{account}'");
    app.read(|conn| Ok(lines(conn, &sql))).remove(0)
}

#[test]
fn a_person_leaves_and_what_they_owned_is_dealt_with() {
    let app = TestApp::start();
    let admin = app.admin();
    let tomas = app.user("Tomas Okafor", &[predefined::ADMINISTRATOR.into()]);
    let id = tomas.account.clone().unwrap();
    let (ida, _) = app.add_user("Ida Holm", &[]);
    let robots: Vec<Id> = ["ledger deploy", "fraud rules", "tracking"].iter().map(|name| app.add_account(name)).collect();
    robots.iter().for_each(|robot| own(&app, &id, robot));
    let elses = app.add_account("elsewhere");
    own(&app, &ida, &elses);
    let (payments, shared) = (app.add_team("Payments", &[]), app.add_team("Shared", &[]));
    app.write(|conn| {
        use muster::teams::operations::administrators::appoint;
        appoint(conn, &Principal::shell(), &payments, std::slice::from_ref(&id))?;
        appoint(conn, &Principal::shell(), &shared, &[id.clone(), ida.clone()])
    });
    let link = link_of(&invite(&tomas, "Kaja <kaja@example.org>", &[]));
    assert_eq!(invite(&tomas, "Teo <teo@example.org>", &[]).status, 200);
    let of = format!("{USERS}/{id}");
    // His page names all of it, too.
    let page = admin.get(&of);
    for part in ["System accounts owned", "fraud rules", "Depends on Tomas Okafor", "Payments", "Kaja, Teo"] {
        assert!(page.text().contains(part), "{part}: {}", page.text());
    }
    assert!(!page.text().contains("elsewhere"));
    assert!(admin.get(&href(&page, "Show all")).text().contains("tracking"));
    let asked = admin.get(&format!("{of}/deletion"));
    for part in [
        "System accounts owned: fraud rules, ledger deploy and tracking.",
        "Teams without another administrator: Payments.",
        "Pending invitations they made: Kaja and Teo. The links stop working.",
        "New owner of the system accounts",
    ] {
        assert!(asked.text().contains(part), "{part}: {}", asked.text());
    }
    assert!(!asked.text().contains("Shared"));
    let before = snapshot(&app);
    for (called, why) in [("nobody such", "No enabled user is called"), ("Tomas Okafor", "Choose somebody who stays.")] {
        let refused = admin.post(&format!("{of}/deletion"), &[("confirm", "Tomas Okafor"), ("owner", called)]);
        assert_eq!(refused.status, 422, "{}", refused.text());
        assert!(error(&refused, "owner").contains(why), "{}", error(&refused, "owner"));
        assert_unchanged(&app, &before, called);
    }
    let gone =
        admin.post_and_follow(&format!("{of}/deletion"), &[("confirm", "Tomas Okafor"), ("owner", "ida.holm@example.test")]);
    assert_eq!(gone.flash(), "Deleted Tomas Okafor.");
    assert!(robots.iter().all(|robot| owner(&app, robot) == ida.as_str()));
    assert_eq!(accept(&app.anonymous(), &link, "").status, 404);
    assert!(admin.get(USERS).text().contains("link no longer works"));
    let kaja = id_of(&app, "kaja@example.org");
    assert_eq!(accept(&app.anonymous(), &new_link(&admin, &format!("{USERS}/{kaja}/invitation")), "").status, 303);
    // Without a new owner the accounts stay, marked; nothing is deleted with a person.
    let gone = admin.post_and_follow(&format!("{USERS}/{ida}/deletion"), &[("confirm", "Ida Holm")]);
    assert_eq!(gone.flash(), "Deleted Ida Holm.");
    assert!(admin.get("/settings/system-accounts?owner=left").text().contains("ledger deploy"));
}

#[test]
fn who_may_not_hand_over_is_not_asked() {
    let app = TestApp::start();
    app.admin();
    let helpdesk = app.add_role("Helpdesk", &["user:manage:*"]);
    let helper = app.user("Hanna Desk", &[helpdesk]);
    let (ida, _) = app.add_user("Ida Holm", &[]);
    let robot = app.add_account("ledger deploy");
    own(&app, &ida, &robot);
    let asked = helper.get(&format!("{USERS}/{ida}/deletion"));
    assert!(asked.text().contains("ledger deploy") && !asked.body.contains("name=\"owner\""), "{}", asked.text());
    let fields = [("confirm", "Ida Holm"), ("owner", "Maya Lindqvist")];
    assert_eq!(helper.post(&format!("{USERS}/{ida}/deletion"), &fields).status, 403);
    assert_eq!(owner(&app, &robot), ida.as_str());
    assert_eq!(helper.post(&format!("{USERS}/{ida}/deletion"), &fields[..1]).status, 303);
}

#[test]
fn the_list_speaks_of_people() {
    let app = TestApp::start();
    let admin = app.admin();
    app.add_user("Never Here", &[]);
    let (late, _) = app.add_user("Long Ago", &[]);
    app.write(|conn| {
        let mut sql = muster::database::sql::Sql::new("UPDATE accounts SET last_login_at = ");
        sql.bind(muster::clock::now() - chrono::TimeDelta::days(100)).push(" WHERE id = ").bind(&late);
        sql.execute(conn)
    });
    assert_eq!(invite(&admin, "Kaja <kaja@example.org>\nteo@example.org", &[]).status, 200);
    let list = admin.get(USERS);
    for (hint, found) in [
        ("2 invited", &["Kaja", "teo@example.org"][..]),
        ("1 not signed in for 90 days", &["Long Ago"]),
        ("3 never signed in", &["Kaja", "Never Here", "teo@example.org"]),
    ] {
        let narrowed = admin.get(&href(&list, hint));
        assert_eq!(crate::pages::html::names(&narrowed), found, "{hint}");
    }
    assert_eq!(crate::pages::html::names(&admin.get(&format!("{USERS}?activity=30"))), ["Maya Lindqvist"]);
    assert!(!list.text().contains("tokens expiring") && !list.text().contains("Never used Unused"));
    assert!(list.text().contains("Signed in in the last 30 days"), "{}", list.text());
    assert!(find_href(&admin.get("/settings/system-accounts?activity=invited"), "2 invited").is_none());
    // All that match a filter, in bulk.
    let selected = admin.post_and_follow(&format!("{USERS}/bulk"), &[("do", "select_matching"), ("activity", "invited")]);
    assert!(selected.text().contains("2"), "{}", selected.text());
}

#[test]
fn a_page_tells_what_a_person_did_and_whom_to_ask_without_roles() {
    let app = TestApp::start();
    let admin = app.admin();
    let robot = app.add_account("robot");
    assert_eq!(admin.post(&format!("/settings/system-accounts/{robot}/disablement"), &[]).status, 303);
    let own = admin.account.clone().unwrap();
    let page = admin.get(&format!("{USERS}/{own}"));
    assert!(page.text().contains("Recent activity"), "{}", page.text());
    for told in ["Maya Lindqvist disabled robot", "Maya Lindqvist signed in", "Command line added role Administrator"] {
        assert!(page.text().contains(told), "{told}: {}", page.text());
    }
    // Who may only look sees what was done to somebody, and not what they do.
    let viewer = app.viewer();
    assert!(!viewer.get(&format!("{USERS}/{own}")).text().contains("disabled robot"));
    let (_, email) = app.add_user("Nobody Special", &[]);
    let nobody = app.anonymous();
    assert_eq!(nobody.post("/login", &[("email", &email), ("password", PASSWORD)]).location(), "/");
    assert_eq!(nobody.get("/").location(), "/profile");
    let profile = nobody.get("/profile");
    assert!(
        profile.text().contains("You can't do anything here yet:") && profile.text().contains("Ask Maya Lindqvist."),
        "{}",
        profile.text()
    );
}
