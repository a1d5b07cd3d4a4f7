//! Names that look like others, and names that turn round what stands beside them.

use diesel::prelude::*;
use muster::roles::predefined;
use muster::schema::{accounts, tokens};

use super::html::{LIST, at, names};
use crate::support::app::TestApp;

/// `prod` with something in it that nobody sees.
const TWINS: [&str; 6] = ["pr\u{200b}od", "\u{202e}prod\u{202c}", "prod\u{2060}", "p\u{ad}rod", "prod\u{e0041}", "\u{3164}prod"];

#[test]
fn what_cannot_be_seen_makes_no_other_name() {
    let app = TestApp::start();
    let admin = app.admin();
    app.add_account("prod");
    let other = app.add_account("other");
    for twin in TWINS {
        let refused = admin.post(LIST, &[("name", twin)]);
        assert_eq!(refused.status, 422, "{twin:?}: {}", refused.text());
        let renamed = admin.post(&at(&other, ""), &[("name", twin)]);
        assert_eq!(renamed.status, 422, "{twin:?}: {}", renamed.text());
    }
    for nothing in ["\u{200b}", "\u{202e}\u{202c}", "\u{3164} \u{2800}"] {
        assert_eq!(admin.post(LIST, &[("name", nothing)]).status, 422, "{nothing:?}");
    }
    assert_eq!(names(&admin.get(LIST)), ["other", "prod"]);
}

#[test]
fn names_descriptions_and_token_names_are_stored_as_they_are_seen() {
    let app = TestApp::start();
    let admin = app.admin();
    let made = admin.post(LIST, &[("name", " a\u{200b}\u{a0} b "), ("description", "\u{202e}abc\u{2066} d")]);
    assert_eq!(made.status, 303, "{}", made.text());
    let stored: (String, String) = app.read(|conn| {
        Ok(accounts::table.filter(accounts::kind.eq("system")).select((accounts::name, accounts::description)).first(conn)?)
    });
    assert_eq!(stored, ("a b".into(), "abc d".into()));
    let tokens_of = format!("{}/tokens", made.location());
    let token = admin.post(&tokens_of, &[("name", "re\u{200d}lease\u{202e}"), ("access", "read"), ("expires", "30")]);
    assert_eq!(token.status, 303, "{}", token.text());
    assert_eq!(app.read(|conn| Ok(tokens::table.select(tokens::name).first::<String>(conn)?)), "release");
}

#[test]
fn a_name_that_looks_like_another_is_told() {
    let app = TestApp::start();
    let admin = app.admin();
    app.add_account("payments");
    // Cyrillic letters.
    let made = admin.post_and_follow(LIST, &[("name", "рауments")]);
    assert!(made.flash().contains("It looks the same as payments"), "{}", made.flash());
    let plain = admin.post(LIST, &[("name", "invoices")]);
    assert_eq!(admin.get(plain.location()).flash(), "Created invoices.");
    // A rename, and one made together with its first token.
    let renamed = admin.post_and_follow(plain.location(), &[("name", "payrnents")]);
    assert!(renamed.flash().contains("It looks the same as "), "{}", renamed.flash());
    let with_token = admin.post_and_follow(LIST, &[("name", "раyments"), ("token", "rw-90")]);
    assert_eq!(with_token.status, 200, "{}", with_token.text());
    assert!(with_token.flash().contains("It looks the same as "), "{}", with_token.flash());
}

#[test]
fn teams_roles_and_tokens_are_told_apart_likewise() {
    let twin = |said: String, verb: &str| {
        assert!(said.starts_with(&format!("{verb} рауments. It looks the same as payments")), "{said}");
    };
    let app = TestApp::start();
    let admin = app.admin();
    app.add_team("payments", &[]);
    let made = admin.post("/settings/teams", &[("name", "рауments")]);
    twin(admin.get(made.location()).flash(), "Created");
    let other = admin.post("/settings/teams", &[("name", "invoices")]);
    assert_eq!(admin.get(other.location()).flash(), "Created invoices.");
    let renamed = admin.post_and_follow(other.location(), &[("name", "payrnents"), ("shown", "invoices")]);
    assert!(renamed.flash().starts_with("Renamed to payrnents. It looks the same as "), "{}", renamed.flash());

    let role = app.add_role("payments", &["payments:refund"]);
    let fields = |name| [("name", name), ("more", "payments:refund")];
    let made = admin.post("/settings/roles", &fields("рауments"));
    twin(admin.get(made.location()).flash(), "Created");
    let saved = admin.post(&format!("/settings/roles/{role}"), &fields("payrnents"));
    assert!(admin.get(saved.location()).flash().starts_with("Saved payrnents. It looks the same as "));

    let id = app.add_account("robot");
    let token = |name| [("name", name), ("access", "read"), ("expires", "30")];
    let first = admin.post(&at(&id, "/tokens"), &token("payments"));
    assert_eq!(admin.get(first.location()).flash(), "");
    twin(admin.post_and_follow(&at(&id, "/tokens"), &token("рауments")).flash(), "Created");
    // Another account's tokens are not what one could mix up.
    let other = app.add_account("another");
    assert_eq!(admin.post_and_follow(&at(&other, "/tokens"), &token("рауments")).flash(), "");
}

/// Names of before are shown as they are, and cannot reach beyond themselves.
#[test]
fn every_name_is_set_apart_from_the_words_around_it() {
    const TURNED: &str = "\u{202e}drow";
    let app = TestApp::start();
    let admin = app.admin();
    let role = app.add_role(TURNED, &["contract_data:read:*"]);
    let id = app.add_account_with("robot", &[role, predefined::CI_CD.into()]);
    app.add_team(TURNED, &[&id]);
    app.add_token(&id, muster::tokens::value::Access::Read);
    let of = id.clone();
    app.write(move |conn| {
        diesel::update(accounts::table.find(&of))
            .set((accounts::name.eq(TURNED), accounts::description.eq(TURNED)))
            .execute(conn)?;
        diesel::update(tokens::table).set((tokens::name.eq(TURNED), tokens::created_by_name.eq(TURNED))).execute(conn)?;
        Ok(())
    });
    let pages = [
        LIST.to_owned(),
        at(&id, ""),
        at(&id, "/deletion"),
        at(&id, "/promotion"),
        "/settings/roles".into(),
        format!("{LIST}/new"),
    ];
    for path in pages {
        let page = admin.get(&path);
        assert_eq!(page.status, 200, "{path}");
        let mut shown = 0;
        for (found, _) in page.body.match_indices(TURNED) {
            let before = &page.body[..found];
            let in_tag = before.rfind('<') > before.rfind('>');
            let alone =
                ["<bdi>", "dir=\"auto\">", "<title>", "<title>Delete ", "<title>Make "].iter().any(|lead| before.ends_with(lead));
            let is_option = before.rfind("<option").is_some_and(|start| !before[start..].contains("</option>"));
            let is_description = before.ends_with("<span class=\"sub\">") || before.ends_with(", ");
            assert!(in_tag || alone || is_option || is_description, "{path}: …{}", &page.body[found.saturating_sub(80)..found]);
            shown += usize::from(!in_tag);
        }
        assert!(shown > 0, "{path} shows it");
    }
}
