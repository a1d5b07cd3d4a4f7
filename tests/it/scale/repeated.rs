//! What is asked for each account of a change must not read all of the change again: that takes the square of its size.

use diesel::QueryableByName;
use diesel::sql_types::{Integer, Text};
use muster::database::DbConnection;
use muster::database::sql::Sql;

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
