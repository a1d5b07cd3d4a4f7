//! The character U+0000, which Postgres takes in no text: sent in every field of every form and query string, it is refused or
//! finds nothing, on both engines.

use muster::auth::access::PageAccess;
use muster::routes::PAGES;

use super::world::World;
use crate::support::app::Answer;

const NUL: &str = "a\0b";

/// Fields of forms, besides those that a case has.
const FIELDS: [&str; 44] = [
    "account",
    "add_role",
    "addresses",
    "administrator",
    "access",
    "all",
    "back",
    "confirm",
    "current",
    "description",
    "do",
    "email",
    "enable",
    "expires",
    "expires_on",
    "form",
    "id",
    "keep",
    "line",
    "link",
    "message",
    "more",
    "name",
    "next",
    "number",
    "overlap",
    "owner",
    "password",
    "password_again",
    "permission",
    "print",
    "q",
    "reason",
    "remove_role",
    "role",
    "selection",
    "shown",
    "sort",
    "team",
    "text",
    "theme",
    "token",
    "until",
    "used",
];

/// Parameters of queries.
const PARAMETERS: [&str; 32] = [
    "access",
    "account",
    "activity",
    "actor",
    "address",
    "after",
    "before",
    "change",
    "chosen",
    "disabled",
    "duplicate",
    "expires",
    "expiring",
    "format",
    "from",
    "id",
    "kind",
    "members",
    "next",
    "notice",
    "owner",
    "page",
    "print",
    "q",
    "role",
    "selection",
    "size",
    "sort",
    "target",
    "team",
    "to",
    "tokens",
];

fn is_answered(answer: &Answer, what: &str) {
    assert!(answer.status < 500, "{what}: {} {}", answer.status, answer.text());
}

#[test]
fn no_field_fails_on_it() {
    let world = World::new();
    for (at, route) in PAGES.iter().enumerate().filter(|(_, route)| route.path != "/logout") {
        let case = world.case(route, &at.to_string());
        let client = if route.access == PageAccess::Public { world.app.anonymous() } else { world.admin.clone() };
        let joint = if case.path.contains('?') { '&' } else { '?' };
        if route.method == "GET" {
            for name in PARAMETERS {
                let path = format!("{}{joint}{name}=a%00b", case.path);
                is_answered(&client.get(&path), &path);
            }
            continue;
        }
        let good: Vec<(&str, &str)> = case.fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        for wrong in 0..good.len() {
            let fields: Vec<_> =
                good.iter().enumerate().map(|(at, (name, value))| (*name, if at == wrong { NUL } else { *value })).collect();
            is_answered(&client.post(&case.path, &fields), &format!("{} {fields:?}", route.path));
        }
        let others: Vec<(&str, &str)> =
            FIELDS.iter().filter(|name| good.iter().all(|(known, _)| known != *name)).map(|name| (*name, NUL)).collect();
        let all = client.post(&case.path, &[good.as_slice(), &others].concat());
        is_answered(&all, route.path);
        // What is not read at all hides the others.
        for other in others.iter().filter(|_| all.status == 400) {
            let fields = [good.as_slice(), &[*other]].concat();
            is_answered(&client.post(&case.path, &fields), &format!("{} {fields:?}", route.path));
        }
    }
}
