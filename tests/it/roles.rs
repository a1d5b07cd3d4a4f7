//! Roles: who may change them, what a change says before it is saved, and what it does to the check.

mod check;
mod editor;
mod everywhere;
mod grants;
mod locks;
mod matcher;
mod more;

use muster::id::Id;
use muster::roles::queries;

use crate::support::app::{Answer, Client, TestApp};

const ROLES: &str = "/settings/roles";

fn page(role: impl std::fmt::Display) -> String {
    format!("{ROLES}/{role}")
}

/// What a role grants now.
fn granted(app: &TestApp, role: &Id) -> Vec<String> {
    let role = role.clone();
    app.read(move |conn| queries::get(conn, &role)).permissions.iter().map(ToString::to_string).collect()
}

/// The role of this name.
fn named(app: &TestApp, name: &str) -> Option<Id> {
    let name = name.to_owned();
    app.read(move |conn| queries::find_named(conn, &name)).map(|role| role.id)
}

/// Saves a role as a form without memory does: this name, these permissions.
fn save(client: &Client, role: impl std::fmt::Display, name: &str, permissions: &[&str]) -> Answer {
    client.post(&page(role), &[("name", name), ("more", &permissions.join("\n"))])
}

/// The hidden fields of a form that say what the role was.
fn memory(form: &Answer) -> Vec<(&'static str, String)> {
    ["was_name", "was_description", "was"]
        .map(|name| {
            let lead = format!("name=\"{name}\" value=\"");
            let rest = &form.body[form.body.find(&lead).unwrap() + lead.len()..];
            (name, rest[..rest.find('"').unwrap()].to_owned())
        })
        .to_vec()
}

/// A form with the memory of an earlier page.
fn remembered<'a>(memory: &'a [(&'static str, String)], fields: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    memory.iter().map(|(name, value)| (*name, value.as_str())).chain(fields.iter().copied()).collect()
}
