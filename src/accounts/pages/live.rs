//! Adds to what is stored what this instance has seen and not written yet.

use chrono::NaiveDate;

use crate::accounts::model::{Account, AccountRow};
use crate::activity::{AccountUsage, LastUses, Recorder};
use crate::tokens::model::{ListedToken, Token, TokenSummary};

/// An account's row may lag some minutes behind its tokens, see the queries of activity.
pub fn of_row(row: &AccountRow, tokens: &TokenSummary, recorder: &Recorder) -> LastUses {
    let of_tokens = LastUses { used: tokens.last_used, login: None };
    let stored = LastUses { used: row.last_used_at(), login: row.last_login_at() };
    stored.max(of_tokens).max(recorder.pending_uses(&row.id))
}

pub fn add_to_account(
    account: &mut Account,
    tokens: &mut [ListedToken],
    days: &mut Vec<(NaiveDate, i64, i64)>,
    pending: &AccountUsage,
) {
    let stored = LastUses { used: account.last_used_at, login: account.last_login_at };
    let last = stored.max(pending.last_uses());
    (account.last_used_at, account.last_login_at) = (last.used, last.login);
    add_to_tokens(tokens, pending);
    for day in &pending.days {
        let (accepted, refused) = (i64::from(day.accepted), i64::from(day.refused));
        match days.iter_mut().find(|(date, ..)| *date == day.date) {
            Some(known) => (known.1, known.2) = (known.1 + accepted, known.2 + refused),
            None => days.push((day.date, accepted, refused)),
        }
    }
}

pub fn add_to_tokens(tokens: &mut [ListedToken], pending: &AccountUsage) {
    for token in tokens.iter_mut().flat_map(|listed| std::iter::once(&mut listed.token).chain(&mut listed.predecessor)) {
        add_to_token(token, pending);
    }
}

pub fn add_to_token(token: &mut Token, pending: &AccountUsage) {
    if let Some(last) = pending.last_use(&token.id).filter(|last| Some(last.at) >= token.last_used_at) {
        token.last_used_at = Some(last.at);
        token.last_used_from = last.address.map(|address| address.to_string());
        token.last_used_agent = last.agent.as_deref().map(Into::into);
    }
}
