//! The list of all tokens: what is found, in which order, page by page; and revoking several.

use chrono::TimeDelta;
use diesel::prelude::*;
use muster::clock;
use muster::database::sql::Sql;
use muster::id::Id;
use muster::schema::tokens;
use muster::tokens::value::Access;

use crate::pages::html::{LIST, all, at, find_href, make_token, token_value, values};
use crate::support::app::{Answer, Client, TestApp};
use crate::support::snapshot::lines;

pub const TOKENS: &str = "/settings/tokens";

/// The public id of a value.
pub fn public(value: &str) -> &str {
    &value[5..17]
}

/// The public ids on a page of the list, in its order.
fn ids(page: &Answer) -> Vec<String> {
    assert_eq!(page.status, 200, "{}", page.text());
    values(page, "id")
}

/// A token of that name.
pub fn named(app: &TestApp, account: &Id, name: &str, access: Access) -> String {
    let value = app.add_token(account, access);
    let id = public(&value).to_owned();
    app.write(|conn| {
        let named = (tokens::name.eq(name), tokens::name_key.eq(muster::text::fold(name)));
        Ok(diesel::update(tokens::table.find(id)).set(named).execute(conn)?)
    });
    value
}

/// Chooses tokens on the list and opens the question.
pub fn choose(client: &Client, values: &[&str]) -> Answer {
    let fields: Vec<(&str, &str)> = values.iter().map(|value| ("id", public(value))).collect();
    let answer = client.post(&format!("{TOKENS}/selections"), &fields);
    assert_eq!(answer.status, 303, "{}", answer.text());
    client.get(answer.location())
}

/// Answers the question on a page of chosen tokens, with all boxes ticked.
pub fn revoke(client: &Client, question: &Answer) -> Answer {
    let action = all(&question.body, "class=\"form form-wide\" method=\"post\" action=\"", "\"")[0].to_owned();
    let (ticked, whole) = (values(question, "id"), values(question, "all"));
    let mut fields: Vec<(&str, &str)> = ticked.iter().map(|id| ("id", id.as_str())).collect();
    fields.extend(whole.iter().map(|all| ("all", all.as_str())));
    client.post_and_follow(&action, &fields)
}

#[test]
fn tokens_are_found_by_what_one_knows_of_them() {
    let app = TestApp::start();
    let admin = app.admin();
    let (one, other) = (app.add_account("payments deploy"), app.add_account("Straße"));
    let deploy = named(&app, &one, "Ärger nightly", Access::Write);
    let twin = named(&app, &other, "Ärger nightly", Access::Read);
    let own =
        token_value(&make_token(&admin, "/settings/api-tokens", &[("name", "laptop"), ("access", "read"), ("expires", "30")]));
    let found = |query: &str| {
        let mut found = ids(&admin.get(&format!("{TOKENS}?q={query}")));
        found.sort();
        found
    };
    let of = |values: &[&String]| {
        let mut ids: Vec<String> = values.iter().map(|value| public(value).to_owned()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&admin.get(TOKENS)), [&own, &twin, &deploy].map(|value| public(value).to_owned()), "newest first");
    // Several of one name, in any case and order, on both engines alike; each account's own.
    for query in ["nightly", "%C3%84RGER", "nightly+%C3%A4rger", "++nightly%09"] {
        assert_eq!(found(query), of(&[&deploy, &twin]), "{query}");
    }
    assert_eq!(found("nightly+payments"), of(&[&deploy]));
    assert_eq!(found("STRASSE"), Vec::<String>::new(), "as the accounts' own search");
    assert_eq!(found("stra%C3%9Fe"), of(&[&twin]));
    assert_eq!(found("maya"), of(&[&own]));
    assert_eq!(found("maya.lindqvist%40example.test"), of(&[&own]));
    // A UUID, a public id, a prefix, and a whole value, whose secret does not stay in the address.
    assert_eq!(found(one.as_str()), of(&[&deploy]));
    assert_eq!(found(public(&twin)), of(&[&twin]));
    assert_eq!(found(&twin[..10]), of(&[&twin]));
    assert_eq!(found(&format!("{}%E2%80%A6", &deploy[..17])), of(&[&deploy]));
    let sent = admin.get(&format!("{TOKENS}?q={deploy}&access=write"));
    assert_eq!((sent.status, sent.location()), (303, format!("{TOKENS}?q={}&access=write", &deploy[..17]).as_str()));
    for nothing in ["nothing", "a%00b", "%27", "%25", "_____"] {
        assert_eq!(found(nothing), Vec::<String>::new(), "{nothing}");
    }
    // A row leads to where the token is handled.
    let page = admin.get(TOKENS);
    assert_eq!(find_href(&page, "laptop").unwrap(), format!("/settings/api-tokens#token-{}", public(&own)));
    assert!(page.body.contains(&format!("href=\"{LIST}/{one}#token-{}\"", public(&deploy))));
    assert!(!page.body.contains(&deploy[18..]) && page.text().contains("3 tokens"), "{}", page.text());
}

#[test]
fn filters_narrow_the_list() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("robot");
    let [soon, later, expired, endless] =
        ["soon", "later", "expired", "endless"].map(|name| named(&app, &id, name, Access::Read));
    let writes = named(&app, &id, "writes", Access::Write);
    let now = clock::now();
    let set = |value: &str, expires: Option<TimeDelta>, used: Option<TimeDelta>| {
        let change = (
            tokens::expires_at.eq(expires.map(|after| now + after)),
            tokens::last_used_at.eq(used.map(|before| now - before)),
            tokens::created_at.eq(now - TimeDelta::days(200)),
        );
        app.write(|conn| Ok(diesel::update(tokens::table.find(public(value))).set(change).execute(conn)?));
    };
    set(&later, Some(TimeDelta::days(13)), Some(TimeDelta::days(100)));
    set(&soon, Some(TimeDelta::days(2)), Some(TimeDelta::days(3)));
    set(&expired, Some(TimeDelta::days(-2)), Some(TimeDelta::days(29)));
    set(&endless, None, None);
    let found = |query: &str| ids(&admin.get(&format!("{TOKENS}?{query}")));
    let is = |query: &str, values: &[&String]| {
        let ids: Vec<String> = values.iter().map(|value| public(value).to_owned()).collect();
        assert_eq!(found(query), ids, "{query}");
    };
    is("expires=soon", &[&soon, &later]);
    is("expires=expired", &[&expired]);
    is("access=write", &[&writes]);
    is("used=unused-90", &[&later]);
    is("used=never&access=read", &[&endless]);
    is("used=30&expires=soon", &[&soon]);
    is("expires=never&used=never&q=endless", &[&endless]);
    assert_eq!(found("expires=nonsense&used=x&access=y").len(), 5);
    // Old values are in it while they work, and are no expiring tokens.
    let new =
        token_value(&make_token(&admin, &at(&id, &format!("/tokens/{}/regeneration", public(&writes))), &[("overlap", "24h")]));
    let page = admin.get(&format!("{TOKENS}?access=write"));
    assert_eq!(ids(&page), [&new, &writes].map(|value| public(value).to_owned()));
    assert!(page.text().contains("Old value"), "{}", page.text());
    is("expires=soon", &[&soon, &later]);
    // What is revoked or disabled.
    admin.post(&at(&id, "/disablement"), &[]);
    admin.post(&at(&id, &format!("/tokens/{}/revocation", public(&new))), &[]);
    let page = admin.get(TOKENS);
    assert_eq!(ids(&page).len(), 4);
    assert!(page.text().contains("Account disabled") && page.text().contains("Expired"), "{}", page.text());
}

#[test]
fn pages_show_each_token_once_forwards_and_back() {
    let app = TestApp::start();
    let admin = app.admin();
    app.add_many(260);
    // All of one moment: only the id tells them apart.
    app.write(|conn| Sql::new("UPDATE tokens SET created_at = '2026-01-01 00:00:00', name_key = 'seeded'").execute(conn));
    let walk = |label: &str, from: &str| {
        let (mut seen, mut pages, mut path) = (Vec::new(), 0, from.to_owned());
        loop {
            let page = admin.get(&path);
            let mut rows = ids(&page);
            if label == "Previous" {
                rows.reverse();
            }
            seen.extend(rows);
            (pages, path) = match find_href(&page, label) {
                Some(next) => (pages + 1, next),
                None => return (seen, pages + 1, path),
            };
            assert!(pages < 10);
        }
    };
    for filters in ["", "?q=seeded", "?access=read&q=bulk"] {
        let (forwards, pages, last) = walk("Next", &format!("{TOKENS}{filters}"));
        let mut sorted = forwards.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!((forwards.len(), sorted.len(), pages), (130, 130, 3), "{filters}");
        let (mut back, ..) = walk("Previous", &last);
        back.reverse();
        assert_eq!(back, forwards, "{filters}");
    }
    // Beyond the end there is a way back.
    let beyond = admin.get(&format!("{TOKENS}?after=1.a"));
    assert!(beyond.text().contains("No more tokens"), "{}", beyond.text());
    assert_eq!(find_href(&beyond, "Previous").unwrap(), TOKENS);
}

#[test]
fn several_are_revoked_at_once_with_their_old_values() {
    let app = TestApp::start();
    let admin = app.admin();
    let (one, other) = (app.add_account("one"), app.add_account("other"));
    let [first, second, third] = [&one, &other, &other].map(|id| app.add_token(id, Access::Write));
    let newest =
        token_value(&make_token(&admin, &at(&one, &format!("/tokens/{}/regeneration", public(&first))), &[("overlap", "24h")]));
    let question = choose(&admin, &[&newest, &second]);
    assert!(question.text().contains("Revoke 2 tokens?"), "{}", question.text());
    assert!(question.text().contains("Calls with a revoked token fail immediately. This can't be undone."));
    assert_eq!(find_href(&question, "Cancel").unwrap(), TOKENS);
    // Looking changes nothing, however often.
    let alive = |values: &[&String]| values.iter().map(|value| app.verify(value).status).collect::<Vec<_>>();
    assert_eq!(alive(&[&first, &newest, &second, &third]), [200; 4]);
    let list = revoke(&admin, &question);
    assert_eq!(list.flash(), "Revoked 2 tokens, and stopped an old value.");
    assert_eq!(alive(&[&first, &newest, &second, &third]), [401, 401, 401, 200]);
    assert_eq!(ids(&list), [public(&third)]);
    // One change, an event for each, told as on the account's page.
    let sql = "SELECT e.type || ' ' || e.target_name || ' ' || e.object_id || ' ' || e.detail AS line FROM audit_events e \
               WHERE e.type = 'token.revoked' ORDER BY e.seq";
    let events = app.read(|conn| Ok(lines(conn, sql)));
    let event = |account: &str, value: &str, replaced: bool| {
        let end = if replaced { "\"" } else { "null" };
        (
            format!("token.revoked {account} {} {{\"access\":\"write\",\"expires_at\":{end}", public(value)),
            format!("\"replaced\":{replaced}}}"),
        )
    };
    let mut expected = vec![event("one", &first, true), event("one", &newest, false), event("other", &second, false)];
    assert_eq!(events.len(), 3, "{events:?}");
    expected.retain(|(start, end)| !events.iter().any(|line| line.starts_with(start) && line.ends_with(end)));
    assert!(expected.is_empty(), "{expected:?} not in {events:?}");
    let changes =
        app.read(|conn| Ok(lines(conn, "SELECT DISTINCT change_id AS line FROM audit_events WHERE type = 'token.revoked'")));
    assert_eq!(changes.len(), 1);
    let page = admin.get(&at(&one, "")).text();
    assert!(page.contains("stopped the old value of test token") && page.contains("revoked token test token"), "{page}");
    // The same form again, and some that were revoked before.
    assert_eq!(revoke(&admin, &question).flash(), "No change: they were already revoked.");
    let mixed = choose(&admin, &[&second, &third]);
    assert_eq!(values(&mixed, "id"), [public(&third)], "what is revoked has no box");
    let action = all(&mixed.body, "class=\"form form-wide\" method=\"post\" action=\"", "\"")[0].to_owned();
    let both = [("id", public(&second)), ("id", public(&third))];
    assert_eq!(admin.post_and_follow(&action, &both).flash(), "Revoked test token of other. 1 was already revoked.");
    assert_eq!(app.verify(&third).status, 401);
}

#[test]
fn some_of_the_chosen_can_be_left_out_and_what_is_gone_stays_gone() {
    let app = TestApp::start();
    let admin = app.admin();
    let (one, other) = (app.add_account("one"), app.add_account("other"));
    let (kept, gone, revoked) =
        (app.add_token(&one, Access::Read), app.add_token(&other, Access::Read), app.add_token(&one, Access::Read));
    let question = choose(&admin, &[&kept, &gone, &revoked]);
    admin.post(&at(&other, "/deletion"), &[("confirm", "other")]);
    let action = all(&question.body, "class=\"form form-wide\" method=\"post\" action=\"", "\"")[0].to_owned();
    let fields = [("id", public(&gone)), ("id", public(&revoked)), ("id", "garbage"), ("id", "")];
    assert_eq!(admin.post_and_follow(&action, &fields).flash(), "Revoked test token of one.");
    assert_eq!([&kept, &revoked].map(|value| app.verify(value).status), [200, 401]);
    // Nothing ticked, here and on the list.
    assert_eq!(admin.post_and_follow(&action, &[]).flash(), "Select at least one token.");
    assert_eq!(admin.post_and_follow(&format!("{TOKENS}/selections"), &[]).flash(), "Select at least one token.");
    assert_eq!(admin.post_and_follow(&format!("{TOKENS}/selections"), &[("id", "%00")]).flash(), "Select at least one token.");
    assert_eq!(app.verify(&kept).status, 200);
}

#[test]
fn all_that_match_are_revoked_in_a_fixed_number_of_statements() {
    let app = TestApp::start();
    let admin = app.admin();
    app.add_many(800);
    let spared = app.add_token(&app.add_account("spared"), Access::Write);
    let mut costs = Vec::new();
    for (query, count) in [("bulk-00000", "4"), ("bulk-00", "396")] {
        let asked = admin.post(&format!("{TOKENS}/selections"), &[("do", "all"), ("q", query)]);
        let question = admin.get(asked.location());
        assert!(question.text().contains(&format!("Revoke {count} tokens?")), "{}", question.text());
        let action = format!("{}/revocation", asked.location());
        let before = app.database.statements();
        let done = admin.post(&action, &[("all", "1")]);
        assert_eq!((done.status, done.location()), (303, format!("{TOKENS}?q={query}").as_str()));
        costs.push(app.database.statements() - before);
        assert!(admin.get(done.location()).flash().starts_with(&format!("Revoked {count} tokens.")));
    }
    // The check's memory asks for news now and then.
    assert!(costs[1] <= costs[0] + 4, "{costs:?}");
    assert_eq!(app.verify(&spared).status, 200);
    assert_eq!(ids(&admin.get(TOKENS)), [public(&spared)]);
}

/// The fewest statements of several tries: the check's memory asks for news now and then.
fn cost(app: &TestApp, client: &Client, path: &str) -> u64 {
    let once = || {
        let before = app.database.statements();
        assert_eq!(client.get(path).status, 200, "{path}");
        app.database.statements() - before
    };
    (0..8).map(|_| once()).min().unwrap()
}

#[test]
fn a_page_costs_the_same_whatever_the_number_of_tokens() {
    let [small, large] = [120, 12_000].map(|accounts| {
        let app = TestApp::start();
        let admin = app.admin();
        app.add_many(accounts);
        app.write(|conn| Sql::new("UPDATE tokens SET name_key = 'seeded'").execute(conn));
        (app, admin)
    });
    for query in ["", "?q=seeded", "?q=nothing", "?expires=never&used=never&access=read", "?q=seed00000002"] {
        let path = format!("{TOKENS}{query}");
        let [few, many] = [&small, &large].map(|(app, admin)| cost(app, admin, &path));
        assert_eq!(few, many, "{query}");
        assert!(few <= 9, "{query}: {few} statements");
    }
    let own = [&small, &large].map(|(app, admin)| cost(app, admin, "/settings/api-tokens"));
    assert_eq!(own[0], own[1]);
}
