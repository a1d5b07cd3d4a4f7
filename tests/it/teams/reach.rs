//! Whoever chooses a team's members gains no power by it.

use muster::id::Id;
use muster::roles::predefined;

use super::{at, belonging, make_administrator, post};
use crate::support::app::{Client, TestApp};
use crate::support::snapshot::{assert_unchanged, snapshot};

const LIST: &str = "/settings/system-accounts";
const KEEPER: [&str; 3] = ["system_account:manage:team", "system_account:read:*", "user:read:*"];

struct World {
    app: TestApp,
    keeper: Id,
    /// Administers Blue, is a member of it, and looks after the system accounts of her teams.
    mia: Client,
    blue: Id,
}

fn world() -> World {
    let app = TestApp::start();
    app.add_user("Maya Lindqvist", &[predefined::ADMINISTRATOR.into()]);
    let keeper = app.add_role("Keeper", &KEEPER);
    let mia = app.user("Mia Brandt", std::slice::from_ref(&keeper));
    let blue = app.add_team("Blue", &[mia.account.as_ref().unwrap()]);
    make_administrator(&app, &blue, &mia);
    World { app, keeper, mia, blue }
}

fn new_token(client: &Client, account: &Id) -> u16 {
    let fields = [("name", "x"), ("access", "write"), ("expires", "30")];
    client.post(&format!("{LIST}/{account}/tokens"), &fields).status
}

#[test]
fn what_can_do_more_is_not_pulled_in() {
    let World { app, mia, blue, .. } = world();
    let refunds = app.add_role("Refunds", &["payments:refund"]);
    let administrator = app.add_account_with("deploy-prod", &[predefined::ADMINISTRATOR.into()]);
    let payments = app.add_account_with("payments", &[refunds]);
    let harmless = app.add_account_with("harmless", &[]);
    let before = snapshot(&app);
    for more in [&administrator, &payments, &app_ci_cd(&app)] {
        let before = if app.read(|_| Ok(before.len())) == snapshot(&app).len() { before.clone() } else { snapshot(&app) };
        let answer = mia.post(&at(&blue, "/members"), &[("account", more.as_str())]);
        assert_eq!(answer.status, 403, "{}", answer.text());
        assert!(answer.text().contains("it can do more than you"), "{}", answer.text());
        // One that may join does not carry the other along.
        assert_eq!(post(&mia, &blue, "/members", &[&harmless, more]), 403);
        assert_eq!(new_token(&mia, more), 403);
        assert_unchanged(&app, &before, "pulled in");
    }
    assert_eq!(post(&mia, &blue, "/members", &[&harmless]), 303);
    assert_eq!(new_token(&mia, &harmless), 303);
    // An administrator may bring them together.
    let admin = app.user("Priya Sandoval", &[predefined::ADMINISTRATOR.into()]);
    assert_eq!(post(&admin, &blue, "/members", &[&payments]), 303);
}

fn app_ci_cd(app: &TestApp) -> Id {
    app.add_account("pipeline")
}

// The other way round: the power joins the accounts.
#[test]
fn nobody_joins_their_power_to_accounts_that_can_do_more() {
    let World { app, keeper, .. } = world();
    let boss = app.add_account_with("boss", &[predefined::ADMINISTRATOR.into()]);
    let manager =
        app.add_role("Team manager", &["team:manage:*", "system_account:manage:team", "system_account:read:*", "user:read:*"]);
    let kim = app.user("Kim Keller", &[manager]);
    let own = kim.account.clone().unwrap();
    let (friend, _) = app.add_user("Bo Friend", &[keeper]);
    let red = app.add_team("Red", &[&boss]);
    let before = snapshot(&app);
    for joining in [&own, &friend] {
        assert_eq!(post(&kim, &red, "/members", &[joining]), 403);
        assert_unchanged(&app, &before, "joined");
    }
    // A team of their own is no way round.
    assert_eq!(kim.post("/settings/teams", &[("name", "Mine")]).status, 303);
    let mine = app.read(|conn| muster::teams::queries::named(conn, "mine")).unwrap();
    assert_eq!(post(&kim, &mine, "/members", &[&own, &boss]), 403);
    assert_eq!(post(&kim, &mine, "/members", &[&own]), 303);
    assert_eq!(post(&kim, &mine, "/members", &[&boss]), 403);
    assert_eq!(belonging(&app, "team_members", &mine), [own.to_string()]);
    assert_eq!(new_token(&kim, &boss), 403);
}

// Where nobody in the team has any power over its accounts, joining gives none.
#[test]
fn a_team_without_such_power_takes_any_account() {
    let app = TestApp::start();
    let lead = app.user("Lea Lead", &[predefined::USER.into()]);
    let team = app.add_team("Green", &[lead.account.as_ref().unwrap()]);
    make_administrator(&app, &team, &lead);
    let pipeline = app.add_account("pipeline");
    assert_eq!(post(&lead, &team, "/members", &[&pipeline]), 303);
    assert_eq!(new_token(&lead, &pipeline), 403);
}

#[test]
fn what_one_cannot_see_is_not_there() {
    let app = TestApp::start();
    let blind = app.user("Bea Blind", &[]);
    let team = app.add_team("Blue", &[]);
    make_administrator(&app, &team, &blind);
    let (robot, user) = (app.add_account("robot"), app.add_user("Ida Holm", &[]).0);
    let page = blind.get(&at(&team, "/members/new?q=o"));
    assert_eq!(page.status, 200);
    assert!(!page.body.contains(robot.as_str()) && !page.body.contains("Ida Holm"), "{}", page.text());
    let before = snapshot(&app);
    for hidden in [&robot, &user, &Id::new()] {
        let answer = blind.post(&at(&team, "/members"), &[("account", hidden.as_str()), ("q", "")]);
        assert_eq!(answer.status, 422);
        assert!(answer.text().contains("no longer exists"), "{}", answer.text());
        assert_unchanged(&app, &before, "unseen");
    }
}
