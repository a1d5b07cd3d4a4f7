//! What somebody leaves behind is named before they go, and can be handed over.

use muster::accounts::model::Kind;
use muster::accounts::operations::{self, Plan};
use muster::auth::principal::Principal;
use muster::id::Id;
use muster::roles::predefined;

use super::{USERS, accept, id_of, invite, link_of, new_link};
use crate::pages::html::{all, error, find_href, href, plain, value};
use crate::support::app::{Client, PASSWORD, TestApp};
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
    for part in ["System accounts owned", "fraud rules", "Depends on Tomas Okafor", "Payments", "Kaja and Teo"] {
        assert!(page.text().contains(part), "{part}: {}", page.text());
    }
    assert!(!page.text().contains("elsewhere"));
    assert!(admin.get(&href(&page, "Show all")).text().contains("tracking"));
    let asked = admin.get(&format!("{of}/deletion"));
    for part in [
        "System accounts owned: fraud rules, ledger deploy and tracking.",
        "Teams without another administrator: Payments.",
        "Pending invitations they made: Kaja and Teo. Their links stop working.",
        "New owner of the system accounts",
    ] {
        assert!(asked.text().contains(part), "{part}: {}", asked.text());
    }
    assert!(!asked.text().contains("Shared"));
    let before = snapshot(&app);
    for (called, why) in
        [("nobody such", "No enabled user is called"), ("Tomas Okafor", "Choose someone who isn't being removed.")]
    {
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

/// Two who own things: three and eleven system accounts, a team together, a team alone, and two invitations each.
#[test]
fn many_leave_at_once_and_what_they_owned_is_dealt_with() {
    let app = TestApp::start();
    let admin = app.admin();
    let leavers = ["Tomas Okafor", "Priya Sandoval"].map(|name| app.user(name, &[predefined::ADMINISTRATOR.into()]));
    let ids: Vec<Id> = leavers.iter().map(|leaver| leaver.account.clone().unwrap()).collect();
    let (ida, _) = app.add_user("Ida Holm", &[]);
    let robots: Vec<Id> = (10..24).map(|n| app.add_account(&format!("robot {n}"))).collect();
    robots.iter().enumerate().for_each(|(at, robot)| own(&app, &ids[usize::from(at > 2)], robot));
    let teams = ["Both", "Payments", "Shared"].map(|name| app.add_team(name, &[]));
    app.write(|conn| {
        use muster::teams::operations::administrators::appoint;
        appoint(conn, &Principal::shell(), &teams[0], &ids)?;
        appoint(conn, &Principal::shell(), &teams[1], &ids[..1])?;
        appoint(conn, &Principal::shell(), &teams[2], &[ids[1].clone(), ida.clone()])
    });
    let invited: Vec<String> = leavers
        .iter()
        .zip(["a@example.org\nb@example.org", "c@example.org\nd@example.org"])
        .flat_map(|(leaver, list)| super::links(&invite(leaver, list, &[])))
        .collect();
    let selections = [
        bulk(&admin, "delete", &ids.iter().collect::<Vec<_>>()),
        // All that match, by a filter.
        {
            let role = predefined::ADMINISTRATOR.to_string();
            let fields = [("do", "select_matching"), ("role", role.as_str()), ("q", "o")];
            let selected = admin.post_and_follow(&format!("{USERS}/bulk"), &fields);
            let id = value(&selected, "selection");
            admin.post_and_follow(&format!("{USERS}/bulk"), &[("selection", &id), ("shown", "0"), ("do", "delete")])
        },
    ];
    let part = "robot 18, robot 19 and 4 more.";
    for part in [
        part,
        "Teams without another administrator: Both and Payments.",
        "Pending invitations they made: a@example.org, b@example.org, c@example.org and d@example.org.",
        "New owner of the system accounts",
    ] {
        assert!(selections[0].text().contains(part), "{part}: {}", selections[0].text());
        assert!(selections[1].text().contains(part), "{part}: {}", selections[1].text());
    }
    let question = &selections[0];
    let post = |question: &crate::support::app::Answer, owner: &str| {
        let action = href_of_form(question);
        let print = value(question, "print");
        admin.post(&action, &[("do", "delete"), ("confirm", "2"), ("owner", owner), ("print", &print)])
    };
    let before = snapshot(&app);
    for (called, why) in
        [("nobody such", "No enabled user is called"), ("Priya Sandoval", "Choose someone who isn't being removed.")]
    {
        let refused = post(question, called);
        assert_eq!(refused.status, 422, "{}", refused.text());
        assert!(error(&refused, "owner").contains(why), "{}", error(&refused, "owner"));
        assert!(refused.body.contains("name=\"confirm\" value=\"2\""), "what was typed stays");
        assert_unchanged(&app, &before, called);
    }
    // One more is theirs by now: told, and shown.
    let late = app.add_account("a late one");
    own(&app, &ids[0], &late);
    let before = snapshot(&app);
    let again = admin.get(post(question, "ida.holm@example.test").location());
    assert!(again.flash().contains("What they own changed while you were reviewing this."), "{}", again.text());
    assert!(again.text().contains("a late one") && again.text().contains("and 5 more."), "{}", again.text());
    assert_unchanged(&app, &before, "stale");
    let done = admin.get(post(&again, "ida.holm@example.test").location());
    assert_eq!(done.flash(), "Deleted 2 users.");
    assert!(robots.iter().chain([&late]).all(|robot| owner(&app, robot) == ida.as_str()));
    assert!(invited.iter().all(|link| app.anonymous().get(link).status == 404));
    let left = "SELECT count(*) || '' AS line FROM team_administrators";
    assert_eq!(app.read(|conn| Ok(lines(conn, left))), ["1"]);
    let told =
        "SELECT count(*) || '' AS line FROM audit_events WHERE type = 'account.owner_changed' AND actor_name = 'Maya Lindqvist'";
    assert_eq!(app.read(|conn| Ok(lines(conn, told))), ["15"]);
}

/// Where the form of a page that asks posts to.
fn href_of_form(page: &crate::support::app::Answer) -> String {
    let form = all(&page.body, "class=\"form guard\"", ">")[0];
    plain(all(form, "action=\"", "\"")[0])
}

fn bulk(client: &Client, verb: &str, ids: &[&Id]) -> crate::support::app::Answer {
    let fields: Vec<(&str, &str)> = ids.iter().map(|id| ("id", id.as_str())).chain([("do", verb)]).collect();
    client.post_and_follow(&format!("{USERS}/bulk"), &fields)
}

#[test]
fn one_who_leaves_by_the_api_leaves_their_accounts_marked() {
    let app = TestApp::start();
    let admin = app.admin();
    let tomas = app.user("Tomas Okafor", &[predefined::ADMINISTRATOR.into()]);
    let id = tomas.account.clone().unwrap();
    let robot = app.add_account("ledger deploy");
    own(&app, &id, &robot);
    let payments = app.add_team("Payments", &[]);
    app.write(|conn| {
        let alone = std::slice::from_ref(&id);
        muster::teams::operations::administrators::appoint(conn, &Principal::shell(), &payments, alone)
    });
    let link = link_of(&invite(&tomas, "Kaja <kaja@example.org>", &[]));
    let caller = crate::api::Caller::administrator(&app);
    assert_eq!(caller.delete(&format!("/admin/users/{id}")).status, 204);
    assert!(admin.get("/settings/system-accounts?owner=left").text().contains("ledger deploy"));
    assert_eq!(app.anonymous().get(&link).status, 404);
    assert!(admin.get("/settings/teams?administrators=none").text().contains("Payments"));
    assert!(admin.get(USERS).text().contains("link no longer works"));
}

#[test]
fn a_page_says_from_where_somebody_came_and_since_when_they_have_their_password() {
    let app = TestApp::start();
    let admin = app.admin();
    let (bo, email) = app.add_user("Bo", &[]);
    let of = format!("{USERS}/{bo}");
    assert!(!admin.get(&of).text().contains("from 127.0.0.1"));
    assert_eq!(app.anonymous().post("/login", &[("email", &email), ("password", PASSWORD)]).status, 303);
    app.write(|conn| {
        let mut sql = muster::database::sql::Sql::new("UPDATE accounts SET password_set_at = ");
        sql.bind(muster::clock::now() - chrono::TimeDelta::days(400)).push(" WHERE id = ").bind(&bo);
        sql.execute(conn)
    });
    let page = admin.get(&of);
    assert!(page.text().contains("Last login just now from 127.0.0.1"), "{}", page.text());
    let set = regex::Regex::new(r"Password Set \d+ \w+ 20\d\d New password link").unwrap();
    assert!(set.is_match(&page.text()), "{}", page.text());
    // Whichever way a password is set, the page knows of it.
    let link = new_link(&admin, &format!("{of}/password-link"));
    assert_eq!(accept(&app.anonymous(), &link, "").status, 303);
    assert!(admin.get(&of).text().contains("Password Set today"), "{}", admin.get(&of).text());
    // Who may only look is not told.
    let viewer = app.viewer();
    let seen = viewer.get(&of);
    assert!(seen.status == 200 && !seen.text().contains("127.0.0.1") && !seen.text().contains("Password"), "{}", seen.text());
    // What they administer stands beside their teams.
    let team = app.add_team("Payments", &[]);
    app.write(|conn| {
        muster::teams::operations::administrators::appoint(conn, &Principal::shell(), &team, std::slice::from_ref(&bo))
    });
    let page = admin.get(&of);
    assert!(page.text().contains("Payments Administrator of this team"), "{}", page.text());
    assert_eq!(crate::pages::html::href(&page, "Payments"), format!("/settings/teams/{team}"));
    own(&app, &bo, &app.add_account("ledger deploy"));
    let page = admin.get(&of);
    for told in ["The system account they own keeps working", "You can choose a new owner for the system account on"] {
        assert!(page.text().contains(told), "{told}: {}", page.text());
    }
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
    assert!(asked.text().contains("System accounts owned: 1.") && !asked.body.contains("name=\"owner\""), "{}", asked.text());
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
    assert!(list.text().contains("Active in the last 30 days"), "{}", list.text());
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
        profile.text().contains("You don't have access to anything yet.") && profile.text().contains("Ask Maya Lindqvist."),
        "{}",
        profile.text()
    );
}
