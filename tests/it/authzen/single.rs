//! One question: who may do what, and what cannot be read.

use serde_json::{Value, json};

use super::{ONE, Stage, question, record, user};

fn basic_core(stage: &Stage, change: impl Fn(&mut Value)) {
    for (subject, action, expected) in
        [(&stage.alice, "read", true), (&stage.alice, "write", true), (&stage.bob, "read", true), (&stage.bob, "write", false)]
    {
        let mut asked = question(&user(subject), action, &record("record-1"));
        change(&mut asked);
        assert_eq!(stage.one(&asked), expected, "{asked}");
    }
}

// 8.1
#[test]
fn the_three_are_enough_and_nothing_else_counts() {
    let stage = Stage::new();
    basic_core(&stage, |_| {});
    let contexts = [json!({}), json!({ "time": "2026-11-30T08:00:00Z", "admin": true, "roles": ["Administrator"] }), json!(null)];
    for context in contexts {
        basic_core(&stage, |asked| asked["context"] = context.clone());
    }
    let properties =
        json!({ "department": "Sales", "ip_address": "172.217.22.14", "permissions": ["record:write:*"], "decision": true });
    for properties in [properties, json!({}), json!(null)] {
        basic_core(&stage, |asked| {
            for part in ["subject", "action", "resource"] {
                asked[part]["properties"] = properties.clone();
                asked[part]["unknown"] = json!([1, { "id": "x" }]);
            }
        });
    }
    basic_core(&stage, |asked| {
        asked["decision"] = json!(true);
        asked["evaluations"] = json!([{}]);
        asked["options"] = json!("nonsense");
        asked["x"] = json!([[[]]]);
    });
    for _ in 0..10 {
        basic_core(&stage, |_| {});
    }
}

#[test]
fn what_is_left_out_is_named() {
    let stage = Stage::new();
    let whole = question(&user(&stage.alice), "read", &record("record-1"));
    for field in ["subject", "action", "resource", "subject.type", "subject.id", "action.name", "resource.type", "resource.id"] {
        let parts: Vec<&str> = field.split('.').collect();
        let holder = |asked: &mut Value| match parts[..] {
            [_] => asked.as_object_mut().unwrap().clone(),
            _ => asked[parts[0]].as_object().unwrap().clone(),
        };
        let put = |asked: &mut Value, object: serde_json::Map<String, Value>| {
            if parts.len() == 1 { *asked = object.into() } else { asked[parts[0]] = object.into() }
        };
        let last = parts[parts.len() - 1];
        let mut absent = whole.clone();
        let mut object = holder(&mut absent);
        object.remove(last);
        put(&mut absent, object);
        assert_eq!(stage.unread(ONE, &absent.to_string(), field), format!("{field} is missing."));
        let mut null = whole.clone();
        let mut object = holder(&mut null);
        object.insert(last.into(), Value::Null);
        put(&mut null, object);
        assert_eq!(stage.unread(ONE, &null.to_string(), field), format!("{field} is missing."));
    }
}

// 8.5
#[test]
fn a_wrong_type_is_named() {
    let stage = Stage::new();
    let whole = question(&user(&stage.alice), "read", &record("record-1"));
    for (pointer, field, kind) in [
        ("/subject", "subject", "an object"),
        ("/action", "action", "an object"),
        ("/resource", "resource", "an object"),
        ("/subject/type", "subject.type", "a string"),
        ("/subject/id", "subject.id", "a string"),
        ("/action/name", "action.name", "a string"),
        ("/resource/type", "resource.type", "a string"),
        ("/resource/id", "resource.id", "a string"),
    ] {
        for wrong in [json!(123), json!(true), json!(["a"]), if kind == "a string" { json!({}) } else { json!("ida") }] {
            let mut asked = whole.clone();
            *asked.pointer_mut(pointer).unwrap() = wrong;
            assert_eq!(stage.unread(ONE, &asked.to_string(), field), format!("{field} must be {kind}."), "{asked}");
        }
    }
    for field in ["subject.properties", "action.properties", "resource.properties", "context"] {
        for wrong in [json!("x"), json!(7), json!([])] {
            let mut asked = whole.clone();
            match field.split_once('.') {
                Some((part, name)) => asked[part][name] = wrong,
                None => asked[field] = wrong,
            }
            assert_eq!(stage.unread(ONE, &asked.to_string(), field), format!("{field} must be an object."), "{asked}");
        }
    }
}

#[test]
fn empty_texts_and_long_ones_are_refused_not_misread() {
    let stage = Stage::new();
    let alice = user(&stage.alice);
    let long = "a".repeat(100_000);
    for asked in [
        question(&json!({ "type": "", "id": "" }), "read", &record("record-1")),
        question(&json!({ "type": "user", "id": long }), "read", &record("record-1")),
        question(&json!({ "type": "user", "id": format!("{long}@example.test") }), "read", &record("record-1")),
        question(&json!({ "type": "user", "id": "a\u{0}b@example.test" }), "read", &record("record-1")),
        question(&alice, "", &record("record-1")),
        question(&alice, "re\u{0}ad", &record("record-1")),
        question(&alice, &long, &record("record-1")),
        question(&alice, "read", &json!({ "type": "", "id": "record-1" })),
        question(&alice, "write", &record("")),
        question(&alice, "write", &record("record-1\u{0}")),
    ] {
        assert!(!stage.one(&asked), "{asked:.200}");
    }
    // A name that no scope has is covered by *.
    for name in ["", "\u{0}", long.as_str(), "東京", "record 1", "4711"] {
        assert!(stage.one(&question(&alice, "read", &record(name))), "{name:.200}");
    }
}
