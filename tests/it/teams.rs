//! Teams: who may do what with them, and what their pages show.

mod administrators;
mod applications;
mod badge;
mod more;
mod pages;
mod races;
mod reach;
mod undo;

use muster::auth::principal::Principal;
use muster::id::Id;
use muster::teams::operations::administrators::appoint;

use crate::support::app::{Client, TestApp};

fn at(team: &Id, rest: &str) -> String {
    format!("/settings/teams/{team}{rest}")
}

/// Posts accounts to one of a team's addresses.
fn post(client: &Client, team: &Id, rest: &str, accounts: &[&Id]) -> u16 {
    let fields: Vec<(&str, &str)> = accounts.iter().map(|id| ("account", id.as_str())).collect();
    client.post(&at(team, rest), &fields).status
}

/// Makes a signed-in user administrator of a team.
fn make_administrator(app: &TestApp, team: &Id, client: &Client) -> Id {
    let own = client.account.clone().unwrap();
    app.write(|conn| appoint(conn, &Principal::shell(), team, std::slice::from_ref(&own)));
    own
}

/// The ids of a team's members or administrators, in order.
fn belonging(app: &TestApp, table: &str, team: &Id) -> Vec<String> {
    let sql = format!("SELECT account_id AS line FROM {table} WHERE team_id = '{team}' ORDER BY account_id");
    app.read(|conn| Ok(crate::support::snapshot::lines(conn, &sql)))
}
