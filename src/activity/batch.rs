//! What one transaction writes.

use super::queries::{self, RefusalReport};
use super::recorder::Chunk;
use super::refusals::Refusals;
use crate::audit;
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;

/// Writes the usage of some accounts.
pub fn write(conn: &mut DbConnection, chunk: &Chunk) -> Result<(), Error> {
    let (mut tokens, mut uses, mut logins, mut days) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (account, usage) in chunk {
        let (account, last) = (Id::from(*account), usage.last_uses());
        tokens.extend(usage.tokens.iter().filter_map(|token| Some((token.id, token.last.as_ref()?))));
        days.extend(usage.days.iter().map(|day| (account.clone(), *day)));
        logins.extend(last.login.map(|at| (account.clone(), at)));
        uses.extend(last.used.map(|at| (account, at)));
    }
    queries::move_token_use(conn, &tokens)?;
    queries::move_account(conn, "last_used_at", &uses)?;
    queries::move_account(conn, "last_login_at", &logins)?;
    queries::add_to_days(conn, &days)
}

/// The refusals in it.
pub fn refusals(chunk: &Chunk) -> Refusals {
    let tokens = chunk.iter().flat_map(|(_, usage)| &usage.tokens);
    tokens.flat_map(|token| token.refusals.iter().map(|(reason, count)| ((token.id, *reason), *count))).collect()
}

/// Writes audit events of refusals, as one change.
pub fn report(conn: &mut DbConnection, reports: &[RefusalReport]) -> Result<(), Error> {
    if reports.is_empty() {
        return Ok(());
    }
    let change = audit::begin_note(conn, &Principal::muster())?;
    if queries::report_refusals(conn, &change, reports)? == 0 {
        change.discard(conn)?;
    }
    Ok(())
}
