//! Many questions at once: defaults, order, where the answer ends.

use serde_json::{Value, json};

use super::{MANY, Stage, decision, question, record, user};

#[test]
fn defaults_stand_on_top_and_items_replace_them() {
    let stage = Stage::new();
    let (alice, bob) = (user(&stage.alice), user(&stage.bob));
    let read = json!({ "name": "read" });
    let records = [json!({ "resource": record("record-1") }), json!({ "resource": record("record-2") })];
    assert_eq!(stage.many(&json!({ "subject": alice, "action": read, "evaluations": records })), [true, true]);
    let actions = [json!({ "action": { "name": "read" } }), json!({ "action": { "name": "write" } })];
    assert_eq!(stage.many(&json!({ "subject": bob, "resource": record("record-1"), "evaluations": actions })), [true, false]);
    let whole = [question(&alice, "write", &record("record-1")), question(&bob, "write", &record("record-1"))];
    assert_eq!(stage.many(&json!({ "evaluations": whole })), [true, false]);
    let mut with_context = whole.clone();
    with_context[1]["context"] = json!({ "source": "second" });
    assert_eq!(stage.many(&json!({ "context": { "source": "top" }, "evaluations": with_context })), [true, false]);
    // Order and length are kept.
    let many: Vec<Value> = (0..100).map(|n| json!({ "action": { "name": if n % 3 == 0 { "read" } else { "write" } } })).collect();
    let expected: Vec<bool> = (0..100).map(|n| n % 3 == 0).collect();
    assert_eq!(stage.many(&json!({ "subject": bob, "resource": record("record-1"), "evaluations": many })), expected);
}

// 8.2
#[test]
fn without_a_list_it_is_a_single_question() {
    let stage = Stage::new();
    let whole = question(&user(&stage.alice), "read", &record("record-1"));
    let mut empty = whole.clone();
    empty["evaluations"] = json!([]);
    let mut with_options = empty.clone();
    with_options["options"] = json!({ "evaluations_semantic": "deny_on_first_deny" });
    for asked in [&whole, &empty, &with_options] {
        assert!(decision(&stage.send(MANY, &asked.to_string()), asked));
    }
    let denied =
        json!({ "subject": user(&stage.bob), "action": { "name": "write" }, "resource": record("record-1"), "evaluations": [] });
    assert!(!decision(&stage.send(MANY, &denied.to_string()), &denied));
    for (asked, field) in [
        (json!({}), "subject"),
        (json!({ "evaluations": [] }), "subject"),
        (json!({ "subject": user(&stage.alice), "action": { "name": "read" }, "evaluations": [] }), "resource"),
        (json!({ "subject": user(&stage.alice), "action": {}, "resource": record("record-1") }), "action.name"),
    ] {
        stage.unread(MANY, &asked.to_string(), field);
    }
}

// 8.3
#[test]
fn an_object_is_replaced_whole_and_what_is_incomplete_is_refused_by_itself() {
    let stage = Stage::new();
    let alice = user(&stage.alice);
    let read = json!({ "name": "read" });
    let asked =
        |resource: Value, items: Value| json!({ "subject": alice, "action": read, "resource": resource, "evaluations": items });
    let item = |resource: Value| json!({ "resource": resource });
    assert_eq!(stage.many(&asked(json!({ "type": "record" }), json!([item(json!({ "id": "record-1" })), {}]))), [false, false]);
    assert_eq!(stage.many(&asked(record("record-1"), json!([item(json!({ "id": "record-2" })), {}]))), [false, true]);
    assert_eq!(stage.many(&asked(record("record-1"), json!([item(json!({})), item(json!(null)), {}]))), [false, false, true]);
    // The default subject's id is not joined to another type.
    let items = json!([{ "subject": { "type": "system_account" } }, { "action": {} }, {}]);
    assert_eq!(stage.many(&asked(record("record-1"), items)), [false, false, true]);
    let whole = question(&alice, "read", &record("record-1"));
    assert_eq!(stage.many(&json!({ "evaluations": [whole, {}] })), [true, false]);
}

// 8.4
#[test]
fn what_stands_on_top_is_not_looked_at_by_itself() {
    let stage = Stage::new();
    let whole = question(&user(&stage.alice), "read", &record("record-1"));
    for (part, top) in [
        ("resource", json!({})),
        ("resource", json!("nonsense")),
        ("subject", json!({})),
        ("subject", json!({ "type": 7 })),
        ("action", json!(null)),
        ("action", json!([])),
    ] {
        let mut asked = json!({ "context": {}, "evaluations": [whole, whole] });
        asked[part] = top;
        assert_eq!(stage.many(&asked), [true, true], "{asked}");
        // An item that uses it: incomplete is refused by itself, a wrong type is the request's.
        let mut item = whole.clone();
        item.as_object_mut().unwrap().remove(part);
        asked["evaluations"][1] = item;
        if asked[part].is_null() || asked[part] == json!({}) {
            assert_eq!(stage.many(&asked), [true, false], "{asked}");
        } else {
            let field = if asked[part]["type"].is_number() { format!("{part}.type") } else { part.to_owned() };
            let told = stage.unread(MANY, &asked.to_string(), &field);
            assert!(told.starts_with("evaluations[1]: "), "{told}");
        }
    }
}

#[test]
fn the_answer_ends_where_it_is_asked_to() {
    let stage = Stage::new();
    let ask = |semantic: Value, actions: &[&str]| {
        let items: Vec<Value> = actions.iter().map(|action| json!({ "action": { "name": action } })).collect();
        json!({ "subject": user(&stage.bob), "resource": record("record-1"), "evaluations": items, "options": semantic })
    };
    let semantic = |word: &str| json!({ "evaluations_semantic": word, "unknown": [1] });
    let mixed = ["read", "write", "read"];
    for all in [json!(null), json!({}), semantic("execute_all")] {
        assert_eq!(stage.many(&ask(all, &mixed)), [true, false, true]);
    }
    assert_eq!(stage.many(&ask(semantic("deny_on_first_deny"), &mixed)), [true, false]);
    assert_eq!(stage.many(&ask(semantic("deny_on_first_deny"), &["read", "read"])), [true, true]);
    assert_eq!(stage.many(&ask(semantic("permit_on_first_permit"), &["write", "read", "write"])), [false, true]);
    assert_eq!(stage.many(&ask(semantic("permit_on_first_permit"), &["write", "write"])), [false, false]);
    // An incomplete item is a refusal, and ends it as one.
    let asked = json!({ "evaluations": [{}, question(&user(&stage.bob), "read", &record("record-1"))],
                        "options": semantic("deny_on_first_deny") });
    assert_eq!(stage.many(&asked), [false]);
    for (options, field) in [
        (semantic("first"), "options.evaluations_semantic"),
        (semantic("EXECUTE_ALL"), "options.evaluations_semantic"),
        (json!({ "evaluations_semantic": null }), "options.evaluations_semantic"),
        (json!({ "evaluations_semantic": 1 }), "options.evaluations_semantic"),
        (json!("execute_all"), "options"),
        (json!([]), "options"),
    ] {
        stage.unread(MANY, &ask(options, &mixed).to_string(), field);
    }
}

#[test]
fn a_list_holds_up_to_a_thousand_objects() {
    let stage = Stage::new();
    let of = |items: Value| json!({ "subject": user(&stage.alice), "action": { "name": "read" }, "evaluations": items });
    for wrong in [json!("x"), json!({}), json!(7), json!(null)] {
        stage.unread(MANY, &of(wrong).to_string(), "evaluations");
    }
    for wrong in [json!([1]), json!([{}, null]), json!([[]])] {
        let told = stage.unread(MANY, &of(wrong).to_string(), "evaluations");
        assert!(told.contains("must be an object"), "{told}");
    }
    let items = |n: usize| -> Value { (0..n).map(|n| json!({ "resource": record(&format!("record-{n}")) })).collect() };
    assert_eq!(stage.many(&of(items(1_000))), vec![true; 1_000]);
    let told = stage.unread(MANY, &of(items(1_001)).to_string(), "evaluations");
    assert!(told.contains("1,000"), "{told}");
}
