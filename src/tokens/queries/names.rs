//! Names are searched in the form in which they are compared, which SQL cannot compute.

use diesel::prelude::*;

use crate::database::DbConnection;
use crate::error::Error;
use crate::schema::tokens;
use crate::text::fold;

/// Rows of one read.
const PART: i64 = 1_000;

/// Folds the names that have not been: those of tokens that an earlier version wrote. Belongs in the transaction of the start.
pub fn fold_missing(conn: &mut DbConnection) -> Result<(), Error> {
    let mut after = String::new();
    loop {
        let left = tokens::table.filter(tokens::name_key.eq("")).filter(tokens::id.gt(&after));
        let part: Vec<(String, String)> = left.order(tokens::id).limit(PART).select((tokens::id, tokens::name)).load(conn)?;
        for (id, name) in &part {
            diesel::update(tokens::table.find(id)).set(tokens::name_key.eq(fold(name))).execute(conn)?;
        }
        match part.into_iter().next_back() {
            Some((last, _)) => after = last,
            None => return Ok(()),
        }
    }
}
