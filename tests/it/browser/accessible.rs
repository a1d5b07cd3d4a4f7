//! The rarer states of pages, judged as `accessibility` judges the others: every kind of token, disabled accounts, what an
//! address or a refusal opens.

use chrono::TimeDelta;
use muster::auth::principal::Principal;
use muster::id::Id;
use muster::roles::predefined;
use muster::tokens::model::Expiry;
use muster::tokens::operations::{self, TokenCreation};
use muster::tokens::value::Access;

use super::accessibility::judge;
use super::driver::{Options, button, field, link};
use super::stage::{LIST, add_machines, admin, page_of, viewer, visit};
use crate::support::app::TestApp;

fn add_token(app: &TestApp, account: &Id, name: &str, access: Access, expiry: Expiry) {
    let (account, form) = (account.clone(), TokenCreation { name: name.into(), access: Some(access), expiry: Ok(expiry) });
    app.write(move |conn| operations::create(conn, &Principal::shell(), &account, &form, None));
}

/// Accounts with tokens that never expire, expire late, soon and at once, have been followed by another, or are not there;
/// among them one that is Administrator, one without a role and one that is disabled. Its answer is the first, which has
/// all kinds of tokens.
fn all_kinds(app: &TestApp) -> Vec<Id> {
    let mut ids = add_machines(app);
    ids.push(app.add_account_with("over-powered", &[predefined::ADMINISTRATOR.into()]));
    ids.push(app.add_account_with("without a role", &[]));
    let day = TimeDelta::days(1);
    let kinds = [
        ("never", Expiry::Never),
        ("late", Expiry::In(day * 300)),
        ("soon", Expiry::In(day * 5)),
        ("over", Expiry::In(TimeDelta::milliseconds(10))),
    ];
    for (at, (name, expiry)) in kinds.into_iter().enumerate() {
        let access = if at % 2 == 0 { Access::Read } else { Access::Write };
        add_token(app, &ids[0], name, access, expiry);
        add_token(app, &ids[at + 1], name, access, expiry);
    }
    app.add_team("Platform", &[&ids[0], &ids[1]]);
    ids
}

#[test]
fn every_kind_of_token_and_of_account() {
    let app = TestApp::start();
    let ids = all_kinds(&app);
    let browser = admin(&app, Options::default());
    visit(&browser, &app, &page_of(&ids[0]));
    browser.click(link("Regenerate late"));
    browser.tick(field("In 7 days"));
    browser.follow(button("Regenerate"));
    browser.follow(link("Done, I've saved it"));
    browser.wait_for(".token-old");
    judge(&browser, "tokens of every kind and an old value");
    browser.follow(button("Disable").within(".danger-zone"));
    judge(&browser, "an account, disabled just now");
    visit(&browser, &app, &page_of(&ids[0]));
    browser.click(button("More actions"));
    judge(&browser, "a disabled account with its menu");
    visit(&browser, &app, &page_of(&ids[6]));
    judge(&browser, "an account that is Administrator");
    visit(&browser, &app, &page_of(&ids[7]));
    judge(&browser, "an account without a role");
    visit(&browser, &app, &format!("{LIST}?disabled=1"));
    judge(&browser, "a list of every kind");
    let looker = viewer(&app, Options::default());
    visit(&looker, &app, &format!("{LIST}?disabled=1"));
    judge(&looker, "a viewer's list of every kind");
    visit(&looker, &app, &page_of(&ids[0]));
    judge(&looker, "a viewer's disabled account");
}

#[test]
fn what_is_asked_refused_and_opened_by_an_address() {
    let app = TestApp::start();
    let ids = all_kinds(&app);
    let browser = admin(&app, Options::default());
    visit(&browser, &app, LIST);
    browser.tick("#select-page");
    browser.click(button("Remove Role"));
    browser.wait_for_focus(field("Find a role"));
    judge(&browser, "the picker of Remove Role");
    browser.type_text("no such role");
    browser.wait_for_text("No matching roles");
    judge(&browser, "the picker without a match");
    browser.press("Escape");
    browser.follow(button("Make Administrator").within("#bulk"));
    judge(&browser, "make many Administrator");
    browser.follow(link("Cancel"));

    // Nothing chosen: the button waits
    browser.tick("#select-page");
    browser.click(button("Add Role"));
    browser.wait_for_focus(field("Find a role"));
    judge(&browser, "the picker of Add Role, nothing chosen");

    visit(&browser, &app, &format!("{LIST}/{}/deletion", ids[0]));
    // The browser itself would refuse it
    browser.read("document.querySelector('.guard').noValidate = true", &[]);
    browser.fill(field("Type buildkite/ios to confirm"), "another");
    browser.leads_on(|browser| browser.read("document.querySelector('.guard').submit()", &[]));
    judge(&browser, "a number that is not the one to type");
    visit(&browser, &app, &format!("{}#edit-roles", page_of(&ids[0])));
    browser.wait_for("#edit-roles:modal");
    judge(&browser, "a dialog that the address opened");
}

#[test]
fn owners_filters_and_settings() {
    let app = TestApp::start_with(|config| config.organisation = None);
    let ids = all_kinds(&app);
    let browser = admin(&app, Options::default());
    visit(&browser, &app, &format!("{LIST}/{}/owner", ids[0]));
    judge(&browser, "the owner is asked for");
    browser.fill(field("New owner"), "nobody at all");
    browser.follow(button("Set owner"));
    judge(&browser, "an owner who is nobody");
    browser.fill(field("New owner"), "maya.lindqvist@example.test");
    browser.follow(button("Set owner"));
    browser.wait_for_text("is now the owner of");
    judge(&browser, "an account with its owner");
    visit(&browser, &app, &format!("{LIST}?owner=none&tokens=none&team=none"));
    judge(&browser, "a list narrowed by what is missing");
    visit(&browser, &app, LIST);
    judge(&browser, "a list with its owners");
    browser.click(button("More filters"));
    judge(&browser, "more filters");
    visit(&browser, &app, LIST);
    browser.tick("#select-page");
    browser.click(button("More actions for the selected"));
    browser.follow(button("Set owner"));
    judge(&browser, "the owner of many is asked for");

    visit(&browser, &app, "/settings/general");
    judge(&browser, "settings");
    browser.fill(field("Text"), "Maintenance on Sunday\nfrom 9 to 10 UTC");
    browser.tick(field("On every page"));
    browser.fill(field("Person or team"), "the platform team");
    browser.fill(field("Sign people out when inactive for"), "soon");
    browser.follow(button("Save settings"));
    judge(&browser, "settings with a fault");
    browser.fill(field("Sign people out when inactive for"), "7d");
    browser.follow(button("Save settings"));
    browser.wait_for_text("Saved settings.");
    judge(&browser, "settings that were saved, with a banner");
    let visitor = super::driver::Browser::open(Options::default());
    visit(&visitor, &app, "/login");
    judge(&visitor, "the sign-in page with a banner");
}
