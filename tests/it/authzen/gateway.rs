//! How API gateways ask: a subject with an opaque id, the method in capitals, the route's pattern. 25 questions of five people.

use muster::id::Id;
use serde_json::{Value, json};

use super::{Stage, question};

const ROUTES: [(&str, &str); 5] = [
    ("GET", "/users/{userId}"),
    ("GET", "/todos"),
    ("POST", "/todos"),
    ("PUT", "/todos/{todoId}"),
    ("DELETE", "/todos/{todoId}"),
];

// 8.11
#[test]
fn each_of_25_questions_is_answered_with_status_200() {
    let stage = Stage::new();
    let app = &stage.app;
    let reads = app.add_role("Routes: read", &["route:get:*"]);
    let writes = app.add_role("Routes: write", &["route:post:*", "route:put:*", "route:delete:*"]);
    let people: Vec<(Id, bool)> = [("Rick", true), ("Morty", true), ("Summer", true), ("Beth", false), ("Jerry", false)]
        .map(|(name, all)| {
            let roles = if all { vec![reads.clone(), writes.clone()] } else { vec![reads.clone()] };
            (app.add_user(name, &roles).0, all)
        })
        .to_vec();
    let mut asked: Vec<(Value, bool)> = Vec::new();
    for (person, all) in &people {
        for (method, route) in ROUTES {
            let subject = json!({ "type": "identity", "id": person.as_str() });
            let resource =
                json!({ "type": "route", "id": route, "properties": { "uri": format!("https://todo.example{route}") } });
            asked.push((question(&subject, method, &resource), *all || method == "GET"));
        }
    }
    assert_eq!(asked.len(), 25);
    for (question, expected) in &asked {
        assert_eq!(stage.one(question), *expected, "{question}");
    }
    let items: Vec<&Value> = asked.iter().map(|(question, _)| question).collect();
    let expected: Vec<bool> = asked.iter().map(|(_, expected)| *expected).collect();
    assert_eq!(stage.many(&json!({ "evaluations": items })), expected);
    // By an address that the gateway has from its sign-in.
    let by_email = |subject: &str| {
        question(&json!({ "type": subject, "id": "Jerry@EXAMPLE.test" }), "GET", &json!({ "type": "route", "id": "/todos" }))
    };
    assert!(stage.one(&by_email("identity")) && stage.one(&by_email("user")) && !stage.one(&by_email("system_account")));
}
