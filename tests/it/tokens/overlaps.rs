//! How long the old value of a regenerated token works: never beyond its own expiry, and the page and the audit log say so.

use chrono::TimeDelta;
use diesel::prelude::*;
use muster::clock;
use muster::schema::tokens;
use muster::tokens::value::Access;

use crate::pages::html::{all, at, make_token, text_of, token_value};
use crate::support::app::TestApp;

/// A token that expires in two hours, and its public ID.
fn short(app: &TestApp, account: &muster::id::Id) -> (String, String) {
    let value = app.add_token(account, Access::Read);
    let id = value[5..17].to_owned();
    let public = id.clone();
    let soon = clock::now() + TimeDelta::hours(2);
    app.write(move |conn| {
        diesel::update(tokens::table.find(public)).set(tokens::expires_at.eq(soon)).execute(conn)?;
        Ok(())
    });
    (value, id)
}

#[test]
fn an_overlap_beyond_the_expiry_is_neither_offered_nor_told() {
    let app = TestApp::start();
    let admin = app.admin();
    let robot = app.add_account("robot");
    let (old, id) = short(&app, &robot);
    let page = admin.get(&at(&robot, ""));
    let dialog = text_of(all(&page.body, &format!("id=\"regenerate-{id}\""), "</dialog>")[0]);
    for (said, is_there) in [("In 1 hour", true), ("When it expires", true), ("In 24 hours", false), ("In 7 days", false)] {
        assert_eq!(dialog.contains(said), is_there, "{said}: {dialog}");
    }
    assert!(dialog.contains("UTC"), "{dialog}");
    // A form of another window still says 24 hours.
    token_value(&make_token(&admin, &at(&robot, &format!("/tokens/{id}/regeneration")), &[("overlap", "24h")]));
    assert_eq!(app.verify(&old).status, 200);
    let page = admin.get(&at(&robot, ""));
    assert!(page.text().contains("old value works until it expires"), "{}", page.text());
    let log = admin.get(&format!("/settings/audit-log?target={robot}"));
    for page in [&page, &log] {
        assert!(!page.text().contains("24 hours"), "{}", page.text());
    }
}

#[test]
fn any_overlap_is_told_in_words() {
    let app = TestApp::start();
    let admin = app.admin();
    for (seconds, said) in [(90, "90 seconds"), (1800, "30 minutes"), (7200, "2 hours"), (86_400, "24 hours")] {
        let robot = app.add_account(&format!("robot {seconds}"));
        let value = app.add_token(&robot, Access::Read);
        app.write(|conn| {
            let overlap = TimeDelta::seconds(seconds);
            let shell = muster::auth::principal::Principal::shell();
            muster::tokens::operations::regenerate(conn, &shell, &robot, &value[5..17], overlap, None)
        });
        let page = admin.get(&at(&robot, ""));
        assert!(page.text().contains(&format!("old value works for {said}")), "{seconds}: {}", page.text());
    }
}
