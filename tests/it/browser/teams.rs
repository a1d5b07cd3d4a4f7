//! A team, from its creation to its administrator.

use super::accessibility::judge;
use super::driver::{Options, button, field, link};
use super::stage::{add_machines, admin, flash, visit};
use crate::support::app::TestApp;

const TEAMS: &str = "/settings/teams";

#[test]
fn a_team_is_made_gets_five_members_and_an_administrator() {
    for options in [Options::default(), Options::default().without_javascript()] {
        let app = TestApp::start();
        add_machines(&app);
        let (_, email) = app.add_user("Ida Holm", &[]);
        let browser = admin(&app, options);
        visit(&browser, &app, TEAMS);
        browser.follow(link("New team"));
        browser.fill(field("Name"), "Platform");
        browser.follow(button("Create team"));
        assert_eq!(flash(&browser), "Created Platform.");
        browser.follow(link("Add members"));
        browser.fill(field("Find a user or system account"), &email);
        browser.follow(button("Find"));
        browser.tick("input[name=account]");
        browser.follow(button("Add to team"));
        assert_eq!(flash(&browser), "Added Ida Holm to Platform.");
        browser.follow(link("Add members"));
        for name in ["buildkite/ios", "catalog-sync", "drone/edge", "jenkins-nightly"] {
            browser.tick(field(name));
        }
        browser.follow(button("Add to team"));
        assert_eq!(flash(&browser), "Added 4 system accounts to Platform.");
        browser.tick(field("Select Ida Holm"));
        browser.follow(button("Make team administrator"));
        assert_eq!(flash(&browser), "Made Ida Holm administrator of Platform.");
        assert!(browser.text("#administrators").contains("Ida Holm"));
    }
}

#[test]
fn the_pages_of_teams_are_accessible() {
    let app = TestApp::start();
    let machines = add_machines(&app);
    let (ida, _) = app.add_user("Ida Holm", &[muster::roles::predefined::USER.into()]);
    let team = app.add_team("Platform", &[&ida, &machines[0], &machines[1]]);
    let browser = admin(&app, Options::default());
    for (path, state) in [
        (TEAMS.to_owned(), "teams"),
        (format!("{TEAMS}?q=nothing"), "teams, none found"),
        (format!("{TEAMS}/new"), "a new team"),
        (format!("{TEAMS}/{team}"), "a team"),
        (format!("{TEAMS}/{team}/members/new"), "add members"),
        (format!("{TEAMS}/{team}/deletion"), "delete a team"),
    ] {
        visit(&browser, &app, &path);
        judge(&browser, state);
    }
    visit(&browser, &app, &format!("{TEAMS}/{team}"));
    browser.tick(field("Select Ida Holm"));
    browser.follow(button("Make team administrator"));
    judge(&browser, "a team with an administrator");
    browser.click("a[href=\"#rename\"]");
    browser.wait_for("#rename:modal");
    judge(&browser, "rename a team");
    browser.fill(field("Name"), "  ");
    browser.follow(button("Rename"));
    judge(&browser, "rename a team, refused");
}
