//! What is asked for each account of a change must not read all of the change again: that takes the square of its size.

use diesel::QueryableByName;
use diesel::sql_types::{Integer, Text};
use muster::accounts::model::Kind;
use muster::accounts::queries::changes;
use muster::accounts::queries::conditions::Condition;
use muster::accounts::queries::selection::Target;
use muster::audit::{self, verbs};
use muster::auth::principal::Principal;
use muster::database::DbConnection;
use muster::database::sql::Sql;
use muster::id::Id;
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::statements::parts;

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Integer)]
    id: i32,
    #[diesel(sql_type = Integer)]
    parent: i32,
    #[diesel(sql_type = Text)]
    detail: String,
}

/// The steps of SQLite's plan that read all events of a change once for each row of what is around them.
pub fn readings_of_a_change(conn: &mut DbConnection, statement: &str) -> Vec<String> {
    let steps: Vec<Step> = Sql::new(&format!("EXPLAIN QUERY PLAN {}", parts(statement).0)).load(conn).unwrap();
    let is_repeated = |step: &Step| {
        let mut around = steps.iter().find(|other| other.id == step.parent);
        while let Some(outer) = around {
            // What is gathered once and looked up afterwards is a step of its own.
            if outer.detail.starts_with("LIST SUBQUERY") || outer.detail.starts_with("MATERIALIZE") {
                return false;
            }
            if outer.detail.starts_with("CORRELATED") {
                return true;
            }
            around = steps.iter().find(|other| other.id == outer.parent);
        }
        false
    };
    let of_a_change = |step: &&Step| step.detail.contains("(change_id=?)") || step.detail.ends_with("(change_id=? AND type=?)");
    steps.iter().filter(of_a_change).filter(|step| is_repeated(step)).map(|step| step.detail.clone()).collect()
}

/// Of several, by the names of the verbs of a change: one that has none of its events.
#[test]
fn who_was_left_out_is_named_whatever_a_change_did() {
    let app = TestApp::start();
    let [changed, given, left] = ["a", "b", "c"].map(|name| app.add_account(name));
    let of = |ids: &[&Id]| Target::Accounts(Kind::System, ids.iter().map(|id| (*id).clone()).collect());
    let name = app.write(|conn| {
        let change = audit::begin(conn, &Principal::shell())?;
        changes::record_each(conn, &change, verbs::ACCOUNT_DISABLED, &of(&[&changed]), &json!({}))?;
        changes::record_each(conn, &change, verbs::ROLE_ADDED, &of(&[&given]), &json!({}))?;
        let tallies = changes::tally(conn, &change.id)?;
        assert_eq!(tallies.len(), 2);
        of(&[&changed, &given, &left]).first_with(conn, Condition::UntouchedBy(&change, &tallies))
    });
    assert_eq!(name.as_deref(), Some("c"));
}
