//! The machines that a load asks about.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use muster::accounts::operations::{self, AccountCreation, Plan};
use muster::auth::principal::Principal;
use muster::database::DbConnection;
use muster::error::Error;
use muster::tokens;
use muster::tokens::model::Expiry;
use muster::tokens::value::Access;

/// One machine.
pub struct Machine {
    pub account: String,
    pub token: String,
    pub bearer: String,
    /// When it was first asked that its access end, and when that was answered.
    pub ended: Mutex<(Option<Instant>, Option<Instant>)>,
}

impl Machine {
    pub fn ended(&self) -> (Option<Instant>, Option<Instant>) {
        *locked(&self.ended)
    }
}

pub fn machine(conn: &mut DbConnection, number: usize) -> Result<Machine, Error> {
    let (shell, name) = (Principal::shell(), format!("machine {number}"));
    let account = operations::create_system_account(
        conn,
        &shell,
        &Plan::unlimited(),
        &AccountCreation { name, ..AccountCreation::default() },
    )?;
    let form = tokens::operations::TokenCreation { name: "load".into(), access: Some(Access::Write), expiry: Ok(Expiry::Never) };
    let (token, value) = tokens::operations::create(conn, &shell, &account, &form, None)?;
    let bearer = format!("Bearer {}", value.expose());
    Ok(Machine { account: account.to_string(), token: token.id, bearer, ended: Mutex::default() })
}

pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
