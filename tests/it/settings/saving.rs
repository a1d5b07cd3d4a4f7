//! Saving: who may, what is refused, two windows, what is a start option, what the log says.

use muster::id::Id;
use muster::roles::predefined;
use muster::settings::general;

use super::{SETTINGS, form, post, save, unnamed};
use crate::support::app::TestApp;
use crate::support::snapshot::lines;
use crate::support::soon::eventually;

#[test]
fn what_is_saved_is_shown_on_every_instance_and_in_the_log() {
    let app = unnamed();
    let other = TestApp::on(std::sync::Arc::clone(&app.home), |config| config.organisation = None);
    let admin = app.admin();
    assert!(admin.get(SETTINGS).text().contains("Your organisation"));
    let done = save(&app, &admin, &[("organisation", "Halden <Freight>"), ("inactivity", "12h")]);
    assert_eq!(done.flash(), "Saved the organisation and inactivity limit.");
    assert!(done.body.contains("<p class=\"nav-label\">Halden &#60;Freight&#62;</p>"), "{}", done.text());
    assert!(admin.get("/settings/system-accounts").text().contains("Halden"), "its own next page");
    let there = other.user("Priya Sandoval", &[predefined::ADMINISTRATOR.into()]);
    eventually("the other instance", || there.get("/settings/system-accounts").text().contains("Halden"));
    let detail = app.read(|conn| Ok(lines(conn, "SELECT detail AS line FROM audit_events WHERE type = 'settings.changed'")));
    let detail: serde_json::Value = serde_json::from_str(&detail[0]).unwrap();
    assert_eq!(detail["before"], serde_json::json!({"organisation": "", "inactivity limit": "14d"}));
    assert_eq!(detail["after"], serde_json::json!({"organisation": "Halden <Freight>", "inactivity limit": "12h"}));
    assert_eq!(save(&app, &admin, &[]).flash(), "No change.");
}

#[test]
fn each_fault_stands_beside_its_field_and_nothing_is_saved() {
    let app = unnamed();
    let admin = app.admin();
    let long = "x".repeat(10_000);
    let tall = "line\n".repeat(60);
    for (field, value, said) in [
        ("organisation", "a\nb", "Line breaks"),
        ("organisation", long.as_str(), "At most 80 characters."),
        ("ask", long.as_str(), "At most 120 characters."),
        ("ask_link", "javascript:alert(1)", "Enter an http:// or https:// address"),
        ("ask_link", "https://example.test", "Enter who the link leads to."),
        ("ask_link", "mailto:nobody", "Enter an http:// or https:// address"),
        ("banner", long.as_str(), "At most 500 characters."),
        ("banner", tall.as_str(), "At most 5 lines."),
        ("user_role", "garbage", "Choose one from the list."),
        ("system_role", "00000000-0000-7000-8000-000000000000", "no longer exists"),
        ("user_role", &predefined::TEAM_ADMINISTRATOR.to_string(), "can't be given"),
        ("system_team", "00000000-0000-7000-8000-000000000000", "no longer exists"),
        ("session_length", "", "from 1m to 365d"),
        ("session_length", "366d", "from 1m to 365d"),
        ("session_length", "90s", "from 1m to 365d"),
        ("inactivity", "0m", "from 1m to 365d"),
        ("inactivity", "-1d", "from 1m to 365d"),
        ("inactivity", "12 h", "from 1m to 365d"),
        ("inactivity", "1e3d", "from 1m to 365d"),
    ] {
        let stored = app.read(general::read);
        let answer = post(&admin, &form(&stored, &[(field, value)]));
        assert_eq!(answer.status, 422, "{field} {value:.20}: {}", answer.text());
        assert!(answer.text().contains(said), "{field} {value:.20}: {}", answer.text());
        assert_eq!(app.read(general::read), stored, "{field}");
    }
    // What is well written in another way is taken.
    save(&app, &admin, &[("inactivity", " 12H "), ("ask", " The  platform team "), ("ask_link", "mailto:platform@example.test")]);
    let stored = app.read(general::read);
    assert_eq!((stored.inactivity.as_str(), stored.ask.as_str()), ("12h", "The platform team"));
}

#[test]
fn two_windows_keep_each_others_fields_and_the_second_is_told() {
    let app = unnamed();
    let (admin, other) = (app.admin(), app.user("Tomas Okafor", &[predefined::ADMINISTRATOR.into()]));
    let shown = app.read(general::read);
    assert_eq!(post(&admin, &form(&shown, &[("banner", "Maintenance at 9"), ("ask", "Maya")])).status, 303);
    // Another field: both are kept.
    let second = post(&other, &form(&shown, &[("organisation", "Halden")]));
    assert_eq!(second.status, 303);
    let told = other.get(second.location()).flash();
    assert_eq!(
        told,
        "Saved the organisation. Someone else changed the contact and banner in the meantime; their change was kept."
    );
    // The same field: nothing is saved, what was typed is still there, and saving again means it.
    let third = post(&other, &form(&shown, &[("banner", "No maintenance"), ("inactivity", "1d")]));
    assert_eq!(third.status, 409);
    assert!(third.text().contains("Someone else has changed the banner since you opened this page."), "{}", third.text());
    assert!(third.body.contains("No maintenance"));
    let stored = app.read(general::read);
    assert_eq!(
        (stored.banner.as_str(), stored.organisation.as_str(), stored.inactivity.as_str()),
        ("Maintenance at 9", "Halden", "14d")
    );
    assert_eq!(post(&other, &form(&stored, &[("banner", "No maintenance")])).status, 303);
    assert_eq!(app.read(general::read).banner, "No maintenance");
    assert_eq!(post(&other, &[("shown", "garbage".to_owned())]).status, 400);
}

#[test]
fn a_default_role_is_a_grant_and_a_default_team_stays() {
    let app = unnamed();
    let admin = app.admin();
    let keeper = app.add_role("Keeper", &["system_preference:manage:*"]);
    let keeper = app.user("Kim Keeper", &[keeper]);
    let stored = app.read(general::read);
    for (field, role) in [("user_role", predefined::ADMINISTRATOR), ("system_role", predefined::READ_ONLY)] {
        let answer = post(&keeper, &form(&stored, &[(field, &role.to_string())]));
        assert_eq!(answer.status, 403, "{field}: {}", answer.text());
        assert!(answer.text().contains("grants more than you have"), "{}", answer.text());
    }
    let team = app.add_team("Newcomers", &[]);
    assert_eq!(post(&keeper, &form(&stored, &[("user_team", team.as_str())])).status, 403);
    assert_eq!(app.read(general::read), stored);
    // What others have decided does not stop them from the rest; neither does taking a default away.
    save(&app, &keeper, &[("banner", "Hello"), ("user_role", "")]);
    // The form begins with it, and no more: what is unticked is not given.
    save(&app, &admin, &[("system_role", &predefined::READ_ONLY.to_string()), ("system_team", team.as_str())]);
    let new = admin.get("/settings/system-accounts/new");
    assert_eq!(crate::pages::html::ticked(&new, "role"), [predefined::READ_ONLY.to_string()]);
    assert_eq!(crate::pages::html::ticked(&new, "team"), [team.to_string()]);
    assert_eq!(admin.post("/settings/system-accounts", &[("name", "bare")]).status, 303);
    let bare: Id = app.read(|conn| muster::accounts::queries::find_named(conn, "bare"));
    let held =
        app.read(|conn| Ok(lines(conn, &format!("SELECT role_id AS line FROM account_roles WHERE account_id = '{bare}'"))));
    assert!(held.is_empty(), "{held:?}");
    // It cannot be deleted while newcomers begin in it.
    let path = format!("/settings/teams/{team}/deletion");
    assert!(admin.get(&path).text().contains("This is the default team of new accounts."));
    assert_eq!(admin.post(&path, &[]).status, 409);
    save(&app, &admin, &[("system_team", "")]);
    assert_eq!(admin.post(&path, &[]).status, 303);
}

#[test]
fn what_an_option_gives_is_shown_and_not_taken_from_a_form() {
    let app = unnamed();
    let admin = app.admin();
    save(&app, &admin, &[("organisation", "Stored")]);
    let fixed = TestApp::on(std::sync::Arc::clone(&app.home), |config| {
        config.organisation = Some("Halden Freight".into());
        config.plan_limit = Some(50);
    });
    let keeper = fixed.user("Priya Sandoval", &[predefined::ADMINISTRATOR.into()]);
    let page = keeper.get(SETTINGS);
    assert!(page.text().contains("Halden Freight --organisation or MUSTER_ORGANISATION"), "{}", page.text());
    assert!(page.text().contains("Team, up to 50 system accounts"), "{}", page.text());
    assert!(!page.body.contains("name=\"organisation\""));
    let stored = fixed.read(general::read);
    let refused = post(&keeper, &form(&stored, &[("organisation", "Taken")]));
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("Set by --organisation (MUSTER_ORGANISATION)"), "{}", refused.text());
    // Without the field the rest is saved, and what was stored comes back without the option.
    let mut fields = form(&stored, &[("banner", "Hello")]);
    fields.retain(|(name, _)| *name != "organisation");
    assert_eq!(post(&keeper, &fields).status, 303);
    let stored = fixed.read(general::read);
    assert_eq!((stored.organisation.as_str(), stored.banner.as_str()), ("Stored", "Hello"));
}
