//! What people have and machines don't: invitations, links, addresses, and the rule that guards who handles whom.

mod email;
mod handling;
mod invite;
mod last;
mod leaving;
mod left_behind;
mod links;
mod more_addresses;
mod more_invitations;
mod more_links;
mod more_people;
mod power;
mod seats;
mod sessions;
mod shown;
mod windows;

use muster::id::Id;

use crate::pages::html::{all, plain};
use crate::support::app::{Answer, Client, PASSWORD, TestApp};
use crate::support::snapshot::lines;

const USERS: &str = "/settings/users";
const INVITE: &str = "/settings/users/invite";
/// Below it new links are shown.
const LINKS: &str = "/settings/users/links/";

/// Posts a list to invite, with more fields.
fn invite(client: &Client, addresses: &str, more: &[(&str, &str)]) -> Answer {
    follow(client, client.post(INVITE, &[&[("addresses", addresses)], more].concat()))
}

/// The page with the new links, where an answer leads to one.
fn follow(client: &Client, answer: Answer) -> Answer {
    if answer.status == 303 && answer.location().starts_with(LINKS) { client.get(answer.location()) } else { answer }
}

/// Asks for a new link of somebody, and gives it.
fn new_link(client: &Client, path: &str) -> String {
    link_of(&follow(client, client.post(path, &[])))
}

/// The links that a page shows.
fn links(answer: &Answer) -> Vec<String> {
    let fields = all(&answer.body, "<input class=\"input\" type=\"text\" id=\"link-", ">");
    fields.into_iter().map(|field| plain(all(field, "value=\"", "\"")[0])).collect()
}

fn link_of(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text());
    links(answer).pop().unwrap()
}

/// Sets a password by a link.
fn accept(client: &Client, link: &str, name: &str) -> Answer {
    accept_with(client, link, name, PASSWORD)
}

fn accept_with(client: &Client, link: &str, name: &str, password: &str) -> Answer {
    client.post(link, &[("name", name), ("password", password), ("password_again", password)])
}

fn id_of(app: &TestApp, email: &str) -> Id {
    let sql = format!("SELECT id AS line FROM accounts WHERE email = '{email}'");
    Id::parse(&app.read(|conn| Ok(lines(conn, &sql)))[0]).unwrap()
}
