//! Tokens in a pasted text: found whole, by whoever may see them; and nothing that was pasted is kept or shown.

use muster::tokens::value::{Access, TokenValue};

use super::list::{TOKENS, public, revoke};
use crate::pages::html::{at, error, find_href, ticked, values};
use crate::support::app::{Answer, Client, TestApp};
use crate::support::snapshot::{lines, snapshot};

/// Pastes a text as the form does, and opens what it leads to.
fn paste(client: &Client, text: &str) -> Answer {
    let answer = send(client, "text/plain", &format!("text={text}\r\n"));
    if answer.status == 303 { client.get(answer.location()) } else { answer }
}

fn send(client: &Client, kind: &str, body: &str) -> Answer {
    let headers = [("Sec-Fetch-Site", "same-origin"), ("Content-Type", kind)];
    client.send_body("POST", &format!("{TOKENS}/find"), &headers, body)
}

/// A well-formed token with the id of another, and another secret.
pub fn with_other_secret(value: &str) -> String {
    let bytes = &TokenValue::generate(Access::Write).unwrap().expose().to_owned();
    let head = format!("{}{}", &value[..17], &bytes[17..61]);
    let digits = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut rest = crc32fast::hash(head.as_bytes());
    let mut check = [0; 6];
    for digit in check.iter_mut().rev() {
        (*digit, rest) = (digits[(rest % 62) as usize], rest / 62);
    }
    let made = format!("{head}{}", std::str::from_utf8(&check).unwrap());
    assert!(TokenValue::parse(&made).is_some());
    made
}

#[test]
fn a_pasted_token_is_found_and_revoked() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("payments");
    let [leaked, dead, other] = [(); 3].map(|()| app.add_token(&id, Access::Write));
    admin.post(&at(&id, &format!("/tokens/{}/revocation", public(&dead))), &[]);
    assert_eq!(app.verify(&leaked).status, 200);
    let form = admin.get(&format!("{TOKENS}/find"));
    assert!(form.body.contains("enctype=\"text/plain\" autocomplete=\"off\""), "{}", form.body);
    let log = format!("2026-11-30 ERROR curl -H 'Authorization: Bearer {leaked}'\n{dead}\n{leaked}");
    let found = paste(&admin, &log);
    assert!(found.text().contains("Found 2 tokens"), "{}", found.text());
    assert!(found.text().contains("payments") && found.text().contains("Works") && found.text().contains("Revoked just now"));
    assert!(found.text().contains("1 token was used in the last two days."), "{}", found.text());
    assert_eq!(values(&found, "id"), [public(&leaked)], "what is revoked has no box");
    // Reload and Back are harmless, and the state is revoked here as well.
    let here = all_action(&found);
    let done = revoke(&admin, &found);
    assert_eq!(done.flash(), "Revoked test token of payments.");
    assert!(done.text().contains("Found 2 tokens") && !done.body.contains("/revocation\"><button"), "{}", done.text());
    assert_eq!([&leaked, &dead, &other].map(|value| app.verify(value).status), [401, 401, 200]);
    assert_eq!(admin.post_and_follow(&here, &[("id", public(&leaked))]).flash(), "No change: it was already revoked.");
    assert_eq!(find_href(&done, "Search another text").unwrap(), format!("{TOKENS}/find"));
}

fn all_action(page: &Answer) -> String {
    crate::pages::html::all(&page.body, "class=\"form form-wide\" method=\"post\" action=\"", "\"")[0].to_owned()
}

#[test]
fn a_megabyte_is_looked_through_whole() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("robot");
    let [first, border, last] = [(); 3].map(|()| app.add_token(&id, Access::Read));
    // Fifteen thousand that nobody has, one a thousand times, one across a border of blocks, and one at the very end.
    let strange: Vec<String> = (0..11_000).map(|_| TokenValue::generate(Access::Read).unwrap().expose().to_owned()).collect();
    let mut text = "x".repeat(65_530);
    text.push_str(&border);
    text.push_str(&format!("\n{first}").repeat(1_000));
    for value in &strange {
        text.push('\n');
        text.push_str(value);
    }
    text.push_str(&"\n".repeat(1024 * 1024 - text.len() - last.len()));
    text.push_str(&last);
    assert_eq!(text.len(), 1024 * 1024);
    let before = app.database.statements();
    let sent = send(&admin, "text/plain", &format!("text={text}\r\n"));
    let cost = app.database.statements() - before;
    assert_eq!(sent.status, 303, "{}", sent.text());
    let found = admin.get(sent.location());
    assert!(found.text().contains("Found 3 tokens") && found.text().contains("11,000 more look like tokens"), "{}", found.text());
    let before = app.database.statements();
    send(&admin, "text/plain", &format!("text={first}"));
    assert!(cost <= app.database.statements() - before + 6, "{cost} statements");
    // One byte more is too long; the answer repeats nothing of it.
    for more in ["x".to_owned(), "x".repeat(1_500_000)] {
        let refused = send(&admin, "text/plain", &format!("text={text}{more}\r\n"));
        assert_eq!(
            (refused.status, error(&refused, "text")),
            (413, "The text is too long. Paste at most 1 MB at a time.".into())
        );
        assert!(!refused.body.contains(&last[..17]) && refused.body.contains("></textarea>"));
    }
}

#[test]
fn what_was_pasted_is_neither_shown_nor_kept() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("robot");
    let value = app.add_token(&id, Access::Write);
    let made_up = with_other_secret(&value);
    let note = "the-rest-of-the-text";
    let text = format!("{note} {value} {made_up}");
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/octet-stream"]
    {
        let sent = send(&admin, kind, &format!("text={text}"));
        assert_eq!(sent.status, 303, "{kind}: {}", sent.text());
        let page = admin.get(sent.location());
        assert!(page.text().contains("Found 1 token "), "{kind}: {}", page.text());
        revoke(&admin, &page);
        for answer in [&sent, &page, &admin.get(sent.location())] {
            let all = format!("{:?} {}", answer.headers, answer.body);
            for secret in [&value[18..], &made_up[18..], note] {
                assert!(!all.contains(secret), "{kind}: {secret}");
            }
        }
    }
    // What holds none comes back empty; an address with a text is not read.
    let none = paste(&admin, note);
    assert_eq!((none.status, error(&none, "text")), (422, "No tokens in this text. A token begins with mstr_ or mstw_.".into()));
    assert!(!none.body.contains(note));
    let asked = admin.get(&format!("{TOKENS}/find?text={value}"));
    assert!(asked.status == 200 && !asked.body.contains(&value[..17]), "{}", asked.body);
    // Signed out in between: the sign-in page knows nothing of it.
    let gone = send(&app.anonymous(), "text/plain", &format!("text={text}"));
    assert!(gone.status == 303 && gone.location().starts_with("/login"), "{}", gone.location());
    assert!(!format!("{:?}", gone.headers).contains(&value[18..]));
    // No table holds a secret, nor the text.
    let rows = snapshot(&app).join("\n");
    let kept = ["SELECT state AS line FROM sessions", "SELECT params || coalesce(outcome, '') || back AS line FROM selections"];
    let kept: Vec<String> = kept.into_iter().flat_map(|sql| app.read(|conn| Ok(lines(conn, sql)))).collect();
    let events =
        app.read(|conn| Ok(lines(conn, "SELECT detail || target_name || coalesce(object_name, '') AS line FROM audit_events")));
    for text in [rows, kept.join("\n"), events.join("\n")] {
        for secret in [&value[18..], &made_up[18..], note] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

#[test]
fn an_id_with_another_secret_finds_and_revokes_nothing() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("robot");
    let value = app.add_token(&id, Access::Write);
    let made_up = with_other_secret(&value);
    for text in [made_up.as_str(), &value[..17], &value[..66], &format!("{}x", &value[..60])] {
        // Who sees that token anyway is told that it is its id, and can't revoke it from here.
        let page = paste(&admin, text);
        assert!(page.text().contains("Found 1 token") && page.text().contains("ID only"), "{}", page.text());
        assert_eq!(values(&page, "id"), Vec::<String>::new());
        let path = format!(
            "{}/revocation",
            page.body
                .split("action=\"")
                .find_map(|rest| {
                    let action = rest.split('"').next()?;
                    action.strip_suffix("/revocation").filter(|path| path.contains("/selections/"))
                })
                .unwrap()
        );
        for fields in [vec![("all", "1")], vec![("id", public(&value))]] {
            assert!(admin.post_and_follow(&path, &fields).flash().starts_with("No change"), "{text}");
        }
        assert_eq!(app.verify(&value).status, 200, "{text}");
    }
    // To everybody else it reads as one that nobody has.
    let helpdesk = app.add_role("Helpdesk", &["user:manage:*"]);
    let helper = app.user("Hal Helper", &[helpdesk]);
    let strange = TokenValue::generate(Access::Write).unwrap().expose().to_owned();
    let [known, unknown] = [&made_up, &strange].map(|text| paste(&helper, text));
    assert!(known.text().contains("No tokens found") && known.text().contains("1 more looks like a token"), "{}", known.text());
    assert_eq!(known.text(), unknown.text());
    let [known, unknown] = [&value[..17], &strange[..17]].map(|text| paste(&helper, text).text());
    assert_eq!(known, unknown);
    // Who holds the whole value may know that it is one, and not whose.
    let whole = paste(&helper, &value);
    assert!(
        whole.text().contains("1 token in the text belongs to an account that you can't manage. Ask Maya"),
        "{}",
        whole.text()
    );
    assert!(!whole.body.contains("robot") && !whole.body.contains(&value[..17]));
    assert_eq!(app.verify(&value).status, 200);
}

// SQLite binds 32,766 values in a statement and Postgres 65,535: what a text holds is looked up in parts.
#[test]
fn a_text_may_hold_more_ids_than_a_statement_binds() {
    let app = TestApp::start();
    let admin = app.admin();
    let value = app.add_token(&app.add_account("payments"), Access::Write);
    let ids: String = (0..80_000).map(|n| format!("{n:08}mstw_")).collect();
    let page = paste(&admin, &format!("{value} mstw_{ids}"));
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(page.text().contains("Found 1 token") && page.body.contains(public(&value)), "{}", page.text());
}

#[test]
fn what_was_left_out_of_a_revocation_is_not_ticked_again() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("payments");
    let [leaked, spared] = [(); 2].map(|()| app.add_token(&id, Access::Write));
    let found = paste(&admin, &format!("{leaked} {spared}"));
    assert_eq!(ticked(&found, "id").len(), 2);
    let here = all_action(&found);
    let done = admin.post_and_follow(&here, &[("id", public(&leaked))]);
    assert_eq!(done.flash(), "Revoked test token of payments.");
    assert_eq!((values(&done, "id"), ticked(&done, "id")), (vec![public(&spared).to_owned()], vec![]));
    // The button alone does nothing, however often.
    for _ in 0..2 {
        let again = admin.post_and_follow(&here, &[]);
        assert_eq!((again.flash().as_str(), ticked(&again, "id").len()), ("Select at least one token.", 0));
    }
    assert_eq!([&leaked, &spared].map(|value| app.verify(value).status), [401, 200]);
    // Chosen then, it goes.
    admin.post(&here, &[("id", public(&spared))]);
    assert_eq!(app.verify(&spared).status, 401);
}
