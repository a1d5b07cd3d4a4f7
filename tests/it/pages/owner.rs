//! Owners: who answers for a system account, set on one and on many, and the filters of a review.

use muster::accounts::model::{Kind, Selection};
use muster::accounts::operations;
use muster::auth::principal::Principal;
use muster::id::Id;
use muster::roles::predefined;
use muster::tokens::value::Access;

use super::html::{LIST, all, answer_question, at, bulk, bulk_flash, error, href, matching, names, row, undo_url};
use crate::support::app::{Answer, Client, TestApp};
use crate::support::snapshot::lines;

struct World {
    app: TestApp,
    admin: Client,
    tomas: Id,
    robots: Vec<Id>,
}

/// Three robots: the first two are Maya's, the third was made by the command line and has no owner.
fn world() -> World {
    let app = TestApp::start();
    let admin = app.admin();
    let (tomas, _) = app.add_user("Tomas Okafor", &[predefined::USER.into()]);
    let made = |name: &str| {
        assert_eq!(admin.post(LIST, &[("name", name)]).status, 303);
        app.read(|conn| muster::accounts::queries::find_named(conn, name))
    };
    let robots = vec![made("robot 1"), made("robot 2"), app.add_account("robot 3")];
    World { app, admin, tomas, robots }
}

impl World {
    fn owner(&self, id: &Id) -> String {
        let sql = format!(
            "SELECT coalesce(o.name, a.owner_id, '-') AS line FROM accounts a LEFT JOIN accounts o ON o.id = a.owner_id \
             WHERE a.id = '{id}'"
        );
        self.app.read(|conn| Ok(lines(conn, &sql))).remove(0)
    }

    fn owners(&self) -> Vec<String> {
        self.robots.iter().map(|id| self.owner(id)).collect()
    }

    fn set(&self, id: &Id, owner: &str) -> Answer {
        self.admin.post(&at(id, "/owner"), &[("owner", owner)])
    }

    fn on_user(&self, id: &Id, work: fn(&mut muster::database::DbConnection, &Selection)) {
        let one = Selection::Accounts(vec![id.clone()]);
        self.app.write(|conn| {
            work(conn, &one);
            Ok(())
        });
    }

    fn listed(&self, query: &str) -> Vec<String> {
        names(&self.admin.get(&format!("{LIST}?{query}")))
    }
}

#[test]
fn whoever_creates_it_owns_it_and_another_can_be_set() {
    let world = world();
    assert_eq!(world.owners(), ["Maya Lindqvist", "Maya Lindqvist", "-"]);
    assert!(row(&world.admin.get(LIST), "robot 1").contains("Maya Lindqvist"));
    let robot = &world.robots[0];
    let page = world.admin.get(&at(robot, "/owner"));
    assert_eq!(page.status, 200);
    assert!(page.text().contains("Set owner of robot 1") && page.text().contains("Owner: Maya Lindqvist"), "{}", page.text());
    assert!(page.body.contains("<option value=\"tomas.okafor@example.test\">Tomas Okafor</option>"), "{}", page.body);
    // Who cannot be found, who is several, and nobody.
    world.app.write(|conn| {
        let twin = operations::UserCreation {
            name: "tomas okafor".into(),
            email: "other@example.test".into(),
            ..operations::UserCreation::default()
        };
        operations::create_user(conn, &Principal::shell(), &twin)
    });
    for (typed, said) in [
        ("", "Choose the new owner."),
        ("Nobody", "No enabled user is called Nobody. Enter a name or an e-mail address."),
        ("robot 2", "No enabled user is called robot 2. Enter a name or an e-mail address."),
        ("Tomas Okafor", "Several users are called Tomas Okafor. Enter the e-mail address."),
    ] {
        let refused = world.set(robot, typed);
        assert_eq!((refused.status, error(&refused, "owner")), (422, said.to_owned()), "{typed}");
    }
    // By address, whatever its case; the page says so, the log has both, and it can be taken back.
    let done = world.admin.post_and_follow(&at(robot, "/owner"), &[("owner", " TOMAS.okafor@example.test ")]);
    assert_eq!(done.flash(), "Tomas Okafor is now the owner of robot 1.");
    assert!(done.text().contains("changed the owner from Maya Lindqvist to Tomas Okafor just now"), "{}", done.text());
    assert_eq!(world.owner(robot), "Tomas Okafor");
    let log = world.admin.get("/settings/audit-log?kind=account.owner_changed");
    let event = world.admin.get(&href(&log, "just now"));
    assert!(event.text().contains("Owner") && event.text().contains("Maya Lindqvist"), "{}", event.text());
    assert!(!event.text().contains("Before id"), "{}", event.text());
    let again = world.admin.post_and_follow(&at(robot, "/owner"), &[("owner", world.tomas.as_str())]);
    assert_eq!(again.flash(), "No change: it already had this owner.");
    let back = world.admin.post_and_follow(&undo_url(&done), &[("next", &at(robot, ""))]);
    assert_eq!(back.flash(), "Undone: owner of robot 1 changed back.");
    assert_eq!(world.owner(robot), "Maya Lindqvist");
}

#[test]
fn many_get_an_owner_at_once_and_each_their_old_one_back() {
    let world = world();
    let ids: Vec<&Id> = world.robots.iter().collect();
    world.set(ids[1], world.tomas.as_str());
    let question = bulk(&world.admin, "set_owner", &ids, &[]);
    assert!(question.text().contains("Set owner of 3 system accounts"), "{}", question.text());
    assert!(question.text().contains("Owner: Tomas Okafor") && question.text().contains("No owner"), "{}", question.text());
    // Refused beside the field, with the same set.
    let refused = answer_question(&world.admin, &question, "nobody@example.test");
    assert_eq!(refused.status, 422);
    let done = world.admin.get(answer_question(&world.admin, &refused, "tomas.okafor@example.test").location());
    assert_eq!(done.flash(), "Tomas Okafor is now the owner of 2 system accounts. robot 2 already had this owner.");
    assert_eq!(world.owners(), ["Tomas Okafor"; 3]);
    // What happens to them besides is no newer word about their owner.
    bulk_flash(&world.admin, "disable", &[ids[0]], &[]);
    let back = world.admin.post_and_follow(&undo_url(&done), &[("next", LIST)]);
    assert_eq!(back.flash(), "Undone: owner of 2 system accounts changed back.");
    assert_eq!(world.owners(), ["Maya Lindqvist", "Tomas Okafor", "-"]);
    // One that has got another owner since is left alone.
    let question = bulk(&world.admin, "set_owner", &ids[1..], &[]);
    let done = world.admin.get(answer_question(&world.admin, &question, "maya.lindqvist@example.test").location());
    world.set(ids[1], world.tomas.as_str());
    let back = world.admin.post_and_follow(&undo_url(&done), &[("next", LIST)]);
    assert!(back.flash().contains("1 change was left alone"), "{}", back.flash());
    assert_eq!(world.owners(), ["Maya Lindqvist", "Tomas Okafor", "-"]);
    // All that match.
    let mut fields = matching(&world.admin, &[("owner", "none")]);
    fields.push(("do", "set_owner".to_owned()));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let question = world.admin.get(world.admin.post(&format!("{LIST}/bulk"), &fields).location());
    assert!(question.text().contains("Set owner of robot 3"), "{}", question.text());
    answer_question(&world.admin, &question, "Tomas Okafor");
    assert_eq!(world.owner(ids[2]), "Tomas Okafor");
}

#[test]
fn an_owner_who_has_left_is_marked_and_found() {
    let world = world();
    world.set(&world.robots[1], world.tomas.as_str());
    assert!(world.listed("owner=left").is_empty());
    world.on_user(&world.tomas, |conn, one| drop(operations::disable(conn, &Principal::shell(), Kind::User, one).unwrap()));
    let list = world.admin.get(LIST);
    assert!(row(&list, "robot 2").contains("Tomas Okafor , has left"), "{}", row(&list, "robot 2"));
    assert_eq!(names(&world.admin.get(&href(&list, "1 whose owner has left"))), ["robot 2"]);
    assert!(world.admin.get(&at(&world.robots[1], "/owner")).text().contains("Owner has left: Tomas Okafor"));
    // Nobody who has left becomes an owner.
    let refused = world.set(&world.robots[0], world.tomas.as_str());
    assert_eq!(refused.status, 422);
    world.on_user(&world.tomas, |conn, one| drop(operations::delete(conn, &Principal::shell(), Kind::User, one).unwrap()));
    let page = world.admin.get(&at(&world.robots[1], ""));
    assert!(page.text().contains("Tomas Okafor") && page.text().contains("Has left"), "{}", page.text());
    assert!(!page.body.contains(&format!("/settings/users/{}", world.tomas)), "a link to nobody");
    assert_eq!(world.listed("owner=left"), ["robot 2"]);
    let owned = world.admin.get(&format!("{LIST}?owner={}", world.tomas));
    assert_eq!(names(&owned), ["robot 2"]);
    assert!(owned.text().contains("Remove filter: Owned by Tomas Okafor"), "{}", owned.text());
    assert_eq!(world.listed("owner=none"), ["robot 3"]);
    assert_eq!(world.listed(&format!("owner={}", world.admin.account.clone().unwrap())), ["robot 1"]);
}

#[test]
fn only_those_who_manage_set_owners_and_only_of_system_accounts() {
    let world = world();
    let viewer = world.app.viewer();
    assert_eq!(viewer.post(&at(&world.robots[0], "/owner"), &[("owner", world.tomas.as_str())]).status, 403);
    // Who manages accounts and may not see users is offered none.
    let manage = world.app.add_role("Account managers", &["system_account:manage:*", "system_account:read:*"]);
    let manager = world.app.user("Priya Sandoval", &[manage]);
    let page = manager.get(&at(&world.robots[0], "/owner"));
    assert_eq!((page.status, all(&page.body, "<option value=\"tomas", ">").len()), (200, 0));
    let users = [("id", world.tomas.as_str()), ("do", "set_owner"), ("owner", "Maya Lindqvist")];
    assert_eq!(world.admin.post("/settings/users/bulk", &users).status, 400);
    assert!(!world.admin.get("/settings/users").body.contains("set_owner"));
    // The database says so, too.
    let refused = world.app.database.write_now(|conn| {
        let mut sql = muster::database::sql::Sql::new("UPDATE accounts SET owner_id = id WHERE id = ");
        sql.bind(&world.tomas);
        sql.execute(conn)
    });
    assert!(refused.is_err());
    assert_eq!(world.owners(), ["Maya Lindqvist", "Maya Lindqvist", "-"]);
}

#[test]
fn an_auditors_questions_are_filters_that_combine() {
    let world = world();
    let [one, two, three] = [&world.robots[0], &world.robots[1], &world.robots[2]];
    world.app.add_team("Ops", &[one]);
    world.app.add_token(one, Access::Read);
    let expired = world.app.add_token(two, Access::Read);
    world.app.add_token(three, Access::Write);
    let expired = expired.split('_').nth(1).unwrap().to_owned();
    world.app.write(|conn| {
        let mut sql = muster::database::sql::Sql::new("UPDATE tokens SET expires_at = '2026-01-01 00:00:00' WHERE id = ");
        sql.bind(expired.as_str());
        sql.execute(conn)?;
        muster::tokens::queries::expiry::keep_first_expiry(conn, two)
    });
    let none = world.app.add_account("robot 4");
    for (id, days) in [(one, 40), (two, 100), (three, 400)] {
        let at = muster::clock::now() - chrono::TimeDelta::days(days);
        world.app.write(|conn| {
            let mut sql = muster::database::sql::Sql::new("UPDATE accounts SET last_used_at = ");
            sql.bind(at).push(" WHERE id = ").bind(id);
            sql.execute(conn)
        });
    }
    for (query, found) in [
        ("tokens=none", vec!["robot 4"]),
        ("tokens=expired", vec!["robot 2"]),
        ("team=none", vec!["robot 2", "robot 3", "robot 4"]),
        ("activity=unused-30", vec!["robot 1", "robot 2", "robot 3"]),
        ("activity=unused-180", vec!["robot 3"]),
        ("activity=unused-41", vec!["robot 2", "robot 3"]),
        ("team=none&owner=none&activity=unused-30", vec!["robot 3"]),
        ("team=none&tokens=expired&activity=unused-90&q=robot&sort=-used", vec!["robot 2"]),
        ("team=none&tokens=none&sort=-name", vec!["robot 4"]),
        ("tokens=expired&owner=none", vec![]),
        // Nonsense is as good as nothing.
        ("tokens=many&owner=me&activity=unused-x", vec!["robot 1", "robot 2", "robot 3", "robot 4"]),
    ] {
        assert_eq!(world.listed(query), found, "{query}");
    }
    // The chosen number of days stays chosen.
    let page = world.admin.get(&format!("{LIST}?activity=unused-41"));
    assert!(page.body.contains("<option value=\"unused-41\" selected>Unused for 41 days</option>"), "{}", page.body);
    // A selection of all that match means these.
    let mut fields = matching(&world.admin, &[("tokens", "none")]);
    fields.push(("do", "disable".to_owned()));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let done = world.admin.post_and_follow(&format!("{LIST}/bulk"), &fields);
    assert_eq!(done.flash(), "Disabled robot 4.");
    assert_eq!(world.app.totals(), (3, 1));
    let _ = none;
}

#[test]
fn who_may_not_see_users_learns_of_none() {
    let app = TestApp::start();
    app.admin();
    let managers = app.add_role("Account managers", &["system_account:manage:*"]);
    let manager = app.user("Tomas Okafor", &[managers]);
    let (ada, email) = app.add_user("Ada Admin", &[]);
    let robot = app.add_account("robot");
    let own = manager.account.clone().unwrap().to_string();
    let ask = |typed: &str| manager.post(&at(&robot, "/owner"), &[("owner", typed)]);
    let nobody = ask("nobody@example.test");
    assert_eq!(nobody.status, 422);
    for typed in [email.as_str(), "Ada Admin", ada.as_str()] {
        let answer = ask(typed);
        assert_eq!((answer.status, answer.text().contains("you can only become the owner yourself")), (422, true), "{typed}");
        assert_eq!(answer.text(), nobody.text());
    }
    // Nor by the filter, unless they own what one sees.
    let filtered = |owner: &str| manager.get(&format!("{LIST}?owner={owner}")).text();
    assert!(!filtered(ada.as_str()).contains("Ada Admin"), "{}", filtered(ada.as_str()));
    assert_eq!(filtered(ada.as_str()).contains("a user"), filtered(Id::new().as_str()).contains("a user"));
    assert_eq!(ask("tomas.okafor@example.test").status, 303);
    assert!(filtered(&own).contains("robot"));
}
