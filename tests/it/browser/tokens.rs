//! A leaked token, from the paste to its end; and how the pages of tokens look.

use muster::tokens::value::Access;

use super::accessibility::judge;
use super::driver::{Options, button, field, link};
use super::stage::{admin, flash, visit};
use crate::support::app::TestApp;

#[test]
fn a_leaked_token_is_found_by_pasting_it_and_revoked() {
    for options in [Options::default(), Options::default().without_javascript()] {
        let app = TestApp::start();
        let id = app.add_account("payments-api deploy");
        let [leaked, other] = [(); 2].map(|()| app.add_token(&id, Access::Write));
        let browser = admin(&app, options);
        visit(&browser, &app, "/settings/tokens");
        browser.follow(link("Find pasted tokens"));
        browser.fill(field("Text to search"), &format!("curl -H 'Authorization: Bearer {leaked}' https://api.example"));
        browser.follow(button("Find tokens"));
        assert!(browser.path().starts_with("/settings/tokens/selections/"), "{}", browser.path());
        browser.wait_for_text("Found 1 token");
        assert_eq!(browser.texts("tbody code")[0], leaked[..17]);
        // Reload and Back are harmless.
        browser.reload();
        browser.wait_for_text("Found 1 token");
        browser.back();
        browser.wait_for(field("Text to search"));
        assert_eq!(browser.value(field("Text to search")), "");
        browser.fill(field("Text to search"), &leaked);
        browser.follow(button("Find tokens"));
        browser.follow(button("Revoke token"));
        assert_eq!(flash(&browser), "Revoked test token of payments-api deploy.");
        browser.wait_for_text("Revoked just now");
        assert_eq!([&leaked, &other].map(|value| app.verify(value).status), [401, 200]);
        // The other one from the list.
        visit(&browser, &app, "/settings/tokens");
        browser.tick("tbody .check input");
        browser.follow(button("Revoke…"));
        browser.follow(button("Revoke token"));
        assert_eq!(flash(&browser), "Revoked test token of payments-api deploy.");
        assert_eq!(app.verify(&other).status, 401);
    }
}

#[test]
fn the_pages_of_tokens() {
    let app = TestApp::start();
    let id = app.add_account("payments-api deploy");
    let values: Vec<String> = (0..3).map(|_| app.add_token(&id, Access::Write)).collect();
    app.verify(&values[0]);
    let browser = admin(&app, Options::default());
    visit(&browser, &app, "/settings/tokens");
    judge(&browser, "all tokens");
    browser.tick("tbody .check input");
    judge(&browser, "all tokens, one selected");
    browser.follow(button("Revoke…"));
    judge(&browser, "a token to be revoked");
    visit(&browser, &app, "/settings/tokens?q=nothing");
    judge(&browser, "no tokens match");
    visit(&browser, &app, "/settings/tokens/find");
    judge(&browser, "paste a text");
    browser.fill(field("Text to search"), "nothing");
    browser.follow(button("Find tokens"));
    judge(&browser, "a text without tokens");
    browser.fill(field("Text to search"), &format!("{} {} mstw_AbCdEfGhIjKl_", values[0], &values[1][..20]));
    browser.follow(button("Find tokens"));
    judge(&browser, "pasted tokens");
    visit(&browser, &app, "/settings/api-tokens");
    judge(&browser, "no token of one's own");
    browser.click(link("New token"));
    judge(&browser, "a new token of one's own");
    browser.fill(field("Name"), "laptop");
    browser.follow(button("Create token"));
    judge(&browser, "one's own new token");
    browser.reload();
    judge(&browser, "a value that was shown");
    browser.follow(link("Back to the tokens"));
    judge(&browser, "one's own tokens");
}
