//! The audit log: row 35 of the contract.

use muster::accounts::model::{Kind, Selection};
use muster::accounts::operations;
use muster::auth::principal::Principal;
use muster::tokens::value::Access;
use serde_json::{Value, json};

use super::Caller;
use crate::support::app::TestApp;
use crate::support::snapshot::lines;

fn events(body: &Value) -> Vec<(String, String)> {
    let event = |event: &Value| (event["timestamp"].as_str().unwrap().to_owned(), event["uuid"].as_str().unwrap().to_owned());
    body["events"].as_array().unwrap().iter().map(event).collect()
}

/// Follows `next` to the end.
fn all(caller: &Caller, path: &str) -> (Vec<(String, String)>, usize) {
    let (mut found, mut pages) = (Vec::new(), 0);
    let mut next = Some(path.to_owned());
    while let Some(path) = next {
        let reply = caller.get(&path);
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        found.extend(events(&reply.body));
        next = reply.body["_links"]["next"]["href"].as_str().map(str::to_owned);
        pages += 1;
    }
    (found, pages)
}

fn ids(app: &TestApp, condition: &str) -> Vec<String> {
    app.read(|conn| Ok(lines(conn, &format!("SELECT id AS line FROM audit_events WHERE {condition} ORDER BY at, seq"))))
}

fn disable(app: &TestApp, accounts: Vec<muster::id::Id>) {
    app.write(move |conn| operations::disable(conn, &Principal::shell(), Kind::System, &Selection::Accounts(accounts)));
}

// 5.1
#[test]
fn all_events_are_read_once_from_either_end() {
    let app = TestApp::start();
    let caller = Caller::administrator(&app);
    let accounts: Vec<_> = (0..120).map(|n| app.add_account(&format!("robot {n}"))).collect();
    // Of one moment.
    disable(&app, accounts);
    let expected = ids(&app, "1 = 1");
    for size in [1_000, 50, 7] {
        let (found, pages) = all(&caller, &format!("/audit?pageSize={size}"));
        assert_eq!(found.iter().map(|(_, id)| id.clone()).collect::<Vec<_>>(), expected, "{size}");
        assert!(found.is_sorted_by_key(|(at, _)| at));
        assert_eq!(pages, expected.len().div_ceil(size));
        let (mut found, _) = all(&caller, &format!("/audit?sort=-timestamp&pageSize={size}"));
        found.reverse();
        assert_eq!(found.iter().map(|(_, id)| id.clone()).collect::<Vec<_>>(), expected, "{size}");
    }
    // The usual size, and pages by number.
    assert_eq!(events(&caller.get("/audit").body).len(), 50);
    let by_number: Vec<_> = (1..=expected.len().div_ceil(50) + 1)
        .flat_map(|number| events(&caller.get(&format!("/audit?pageNumber={number}&pageSize=50")).body))
        .map(|(_, id)| id)
        .collect();
    assert_eq!(by_number, expected);
    // From a page with a number, next leads on.
    let second = caller.get("/audit?pageNumber=2&pageSize=50").body;
    let (rest, _) = all(&caller, second["_links"]["next"]["href"].as_str().unwrap());
    assert_eq!(rest.first().map(|(_, id)| id), expected.get(100));
}

#[test]
fn an_event_says_who_did_what_and_by_which_token() {
    let app = TestApp::start();
    let caller = Caller::administrator(&app);
    let made = caller.post("/admin/roles", &json!({ "name": "Releaser", "permissions": [{ "scope": "a:b" }] })).body;
    let reply = caller.get("/audit?type=role.created");
    assert_eq!(reply.body["events"].as_array().unwrap().len(), 1);
    let event = &reply.body["events"][0];
    let token = &caller.token[5..17];
    let actor = json!({ "uuid": caller.account, "name": "terraform", "type": "system_account", "tokenId": token });
    assert_eq!(event["actor"], actor);
    assert_eq!(event["target"], json!({ "uuid": made["uuid"], "name": "Releaser", "type": "role" }));
    assert_eq!(event["payload"], json!({ "description": "", "permissions": ["a:b"] }));
    assert_eq!((event["type"].as_str(), event["address"].as_str()), (Some("role.created"), Some("127.0.0.1")));
    assert!(event["uuid"].is_string() && event["timestamp"].as_str().unwrap().ends_with('Z') && event.get("object").is_none());
    assert!(!reply.body.to_string().contains(&caller.token[18..]), "no secret");
}

#[test]
fn filters_narrow_it_and_are_kept_in_links() {
    let app = TestApp::start();
    let caller = Caller::administrator(&app);
    let other = Caller::holding(&app, "other", &["role:manage:*", "a:*"]);
    for n in 0..6 {
        let by = if n % 2 == 0 { &caller } else { &other };
        assert_eq!(by.post("/admin/roles", &json!({ "name": format!("R{n}"), "permissions": [{ "scope": "a:b" }] })).status, 201);
    }
    disable(&app, vec![app.add_account("robot")]);
    let found = |query: &str| all(&caller, &format!("/audit?{query}")).0.into_iter().map(|(_, id)| id).collect::<Vec<_>>();
    assert_eq!(found("type=role.created&pageSize=2"), ids(&app, "type = 'role.created'"));
    assert_eq!(found("type=accounts"), ids(&app, "type LIKE 'account.%abled' OR type = 'account.created'"));
    let by_other = ids(&app, &format!("actor_id = '{}'", other.account));
    assert_eq!((found(&format!("userUuid={}&pageSize=1", other.account)), by_other.len()), (by_other, 3));
    assert_eq!(found(&format!("userUuid={}", muster::id::Id::new())), Vec::<String>::new());
    let all_events = caller.get("/audit?pageSize=1000").body;
    let middle = &all_events["events"][all_events["events"].as_array().unwrap().len() - 4];
    let since = middle["timestamp"].as_str().unwrap();
    let expected = ids(&app, "1 = 1");
    let from = expected.iter().position(|id| *id == middle["uuid"].as_str().unwrap()).unwrap();
    let of_that_moment =
        all_events["events"].as_array().unwrap().iter().position(|event| event["timestamp"] == middle["timestamp"]);
    assert!(of_that_moment.unwrap() <= from);
    assert_eq!(found(&format!("since={since}")), expected[of_that_moment.unwrap()..]);
    // The same moment with another offset, the plus sign as it is and encoded.
    let moment =
        chrono::DateTime::parse_from_rfc3339(since).unwrap().with_timezone(&chrono::FixedOffset::east_opt(7_200).unwrap());
    for plus in ["+", "%2B"] {
        let text = moment.to_rfc3339().replace('+', plus);
        assert_eq!(found(&format!("since={text}")), expected[of_that_moment.unwrap()..], "{text}");
    }
    let next = caller.get("/audit?type=role.created&pageSize=2&sort=-timestamp").body["_links"]["next"]["href"].clone();
    let next = next.as_str().unwrap();
    assert!(next.starts_with(&format!("{}/audit?type=role.created&pageSize=2&sort=-timestamp&from=", app.url)), "{next}");
}

// 5.11
#[test]
fn a_place_outlives_the_event_that_stood_there() {
    let app = TestApp::start();
    let caller = Caller::administrator(&app);
    disable(&app, (0..10).map(|n| app.add_account(&format!("robot {n}"))).collect());
    let first = caller.get("/audit?pageSize=5").body;
    let last = first["events"][4]["uuid"].as_str().unwrap().to_owned();
    let expected: Vec<String> = ids(&app, "1 = 1").into_iter().skip(5).collect();
    app.write(|conn| muster::database::sql::Sql::new(&format!("DELETE FROM audit_events WHERE id = '{last}'")).execute(conn));
    let (rest, _) = all(&caller, first["_links"]["next"]["href"].as_str().unwrap());
    assert_eq!(rest.into_iter().map(|(_, id)| id).collect::<Vec<_>>(), expected);
}

// 7.5, 7.6
#[test]
fn what_a_query_may_say() {
    let app = TestApp::start();
    let caller = Caller::administrator(&app);
    for (query, field) in [
        ("since=yesterday", "since"),
        ("since=2026-11-24", "since"),
        ("since=2026-11-24T14:00:00", "since"),
        ("since=2026-02-30T00:00:00Z", "since"),
        ("since=0000-01-01T00:00:00Z", "since"),
        ("since=%00", "since"),
        ("userUuid=x", "userUuid"),
        ("userUuid=terraform", "userUuid"),
        ("type=nonsense", "type"),
        ("type=ROLE.created", "type"),
        ("sort=timestamp,asc", "sort"),
        ("sort=-Timestamp", "sort"),
        ("from=x", "from"),
        ("from=1-x", "from"),
        ("from=9223372036854775807-1", "from"),
        ("from=1-99999999999999999999", "from"),
        ("pageSize=0", "pageSize"),
        ("pageSize=1001", "pageSize"),
        ("pageNumber=0", "pageNumber"),
        ("pageNumber=-1", "pageNumber"),
        ("pageNumber=99999999999999999999", "pageNumber"),
        ("pageNumber=201", "pageNumber"),
        ("pageNumber=11&pageSize=1000", "pageNumber"),
        ("type=roles&type=teams", "type"),
    ] {
        let reply = caller.get(&format!("/audit?{query}"));
        assert_eq!(
            (reply.status, reply.body["errors"].as_object().map(|fields| fields.contains_key(field))),
            (400, Some(true)),
            "{query}: {}",
            reply.body
        );
    }
    for query in
        ["", "since=&userUuid=&type=&sort=&from=", "unknown=x", "sort=timestamp", "pageNumber=200", "pageSize=1000&pageNumber=10"]
    {
        assert_eq!(caller.get(&format!("/audit?{query}")).status, 200, "{query}");
    }
}

#[test]
fn only_who_reads_the_log_reads_it() {
    let app = TestApp::start();
    let reader = Caller::holding(&app, "reader", &["audit:read:*"]);
    let other = Caller::holding(&app, "other", &["user:manage:*", "system_account:manage:*", "role:manage:*"]);
    let read_only = Caller::with_roles(&app, "read-only", &[app.add_role("Reads", &["audit:read:*"])], Access::Read);
    assert_eq!((reader.get("/audit").status, read_only.get("/audit").status), (200, 200));
    let reply = other.get("/audit");
    assert_eq!((reply.status, &reply.body["permission"]), (403, &json!("audit:read:*")));
    assert_eq!(app.anonymous().get("/audit").status, 401);
    assert_eq!(reader.post("/audit", &json!({})).status, 405);
}
