//! What the check reads: tokens with their accounts, and what changed since it last looked.

use std::collections::HashSet;

use chrono::NaiveDateTime;
use diesel::dsl::max;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable, Text};

use crate::accounts::model::Kind;
use crate::audit::verbs;
use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;
use crate::id::Id;
use crate::schema::{accounts, audit_events, revisions, tokens};

/// A token, as the check reads it.
#[derive(Debug, Clone)]
pub struct StoredToken {
    /// The token's public ID.
    pub id: String,
    /// SHA-256 of the token's value.
    pub digest: Vec<u8>,
    /// `read` or `write`.
    pub access: String,
    pub expires_at: Option<NaiveDateTime>,
    pub revoked: bool,
}

type CredentialColumns = (String, Vec<u8>, String, Option<NaiveDateTime>, Option<NaiveDateTime>);

const TOKEN: (tokens::id, tokens::digest, tokens::access, tokens::expires_at, tokens::revoked_at) =
    (tokens::id, tokens::digest, tokens::access, tokens::expires_at, tokens::revoked_at);

impl From<CredentialColumns> for StoredToken {
    fn from((id, digest, access, expires_at, revoked_at): CredentialColumns) -> Self {
        Self { id, digest, access, expires_at, revoked: revoked_at.is_some() }
    }
}

/// A token with its account, as the check reads it.
#[derive(Debug, Clone)]
pub struct StoredCredential {
    pub token: StoredToken,
    pub account: Id,
    /// The account's kind: `user` or `system`.
    pub kind: String,
    /// The account's name.
    pub name: String,
    /// Whether the account is disabled.
    pub disabled: bool,
}

/// The tokens of these accounts.
pub fn credentials(conn: &mut DbConnection, of: &[Id]) -> Result<Vec<StoredCredential>, Error> {
    type CredentialOwner = (CredentialColumns, Id, String, String, bool);
    let rows: Vec<CredentialOwner> = tokens::table
        .inner_join(accounts::table)
        .filter(tokens::account_id.eq_any(of.iter().map(Id::as_str)))
        .select((TOKEN, accounts::id, accounts::kind, accounts::name, accounts::disabled))
        .load(conn)?;
    let stored = |(token, account, kind, name, disabled): CredentialOwner| StoredCredential {
        token: token.into(),
        account,
        kind,
        name,
        disabled,
    };
    Ok(rows.into_iter().map(stored).collect())
}

/// A token, and whose it is.
#[derive(Debug, Clone)]
pub struct OwnedToken {
    pub token: StoredToken,
    pub account: Id,
}

/// The tokens of these public ids.
pub fn tokens(conn: &mut DbConnection, ids: &[&str]) -> Result<Vec<OwnedToken>, Error> {
    let rows: Vec<(CredentialColumns, Id)> =
        tokens::table.filter(tokens::id.eq_any(ids)).select((TOKEN, tokens::account_id)).load(conn)?;
    Ok(rows.into_iter().map(|(token, account)| OwnedToken { token: token.into(), account }).collect())
}

/// An account that a question names.
#[derive(Debug, Clone, QueryableByName)]
pub struct NamedAccount {
    #[diesel(sql_type = Text)]
    pub id: Id,
    #[diesel(sql_type = Text)]
    pub kind: String,
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Also for who is invited and has not accepted: what they are to be granted is judged again then.
    #[diesel(sql_type = Bool)]
    pub disabled: bool,
    /// Of a user.
    #[diesel(sql_type = Nullable<Text>)]
    pub email_key: Option<String>,
}

/// The accounts of these ids, and the users of these e-mail addresses, as addresses are compared.
pub fn named_accounts(conn: &mut DbConnection, ids: &[Id], emails: &[&str]) -> Result<Vec<NamedAccount>, Error> {
    const COLUMNS: &str = "SELECT id, kind, name, \
         CASE WHEN disabled = TRUE OR EXISTS (SELECT 1 FROM invitations i WHERE i.account_id = accounts.id) THEN TRUE ELSE FALSE END \
         AS disabled, CASE WHEN kind = 'user' THEN email_key END AS email_key FROM accounts WHERE ";
    let mut sql = Sql::new(COLUMNS);
    sql.push("id IN ").bind_list(ids).push(" UNION ").push(COLUMNS).push("kind = 'user' AND email_key IN ");
    sql.bind_list(emails.iter().copied());
    sql.load(conn)
}

/// The next `limit` accounts with a token after `after`, ordered by ID.
pub fn holders(conn: &mut DbConnection, after: Option<&Id>, limit: usize) -> Result<Vec<Id>, Error> {
    Ok(tokens::table
        .filter(tokens::account_id.gt(after.map_or("", Id::as_str).to_owned()))
        .select(tokens::account_id)
        .distinct()
        .order(tokens::account_id)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(conn)?)
}

/// The account of a token, of either kind; `None` if there is no such token.
pub fn account_of(conn: &mut DbConnection, id: &str) -> Result<Option<Id>, Error> {
    Ok(tokens::table.filter(tokens::id.eq(id)).select(tokens::account_id).first(conn).optional()?)
}

/// The number of the last change; zero if there is none.
pub fn last_revision(conn: &mut DbConnection) -> Result<i64, Error> {
    Ok(revisions::table.select(max(revisions::revision)).first::<Option<i64>>(conn)?.unwrap_or_default())
}

/// What changed after a revision.
#[derive(Debug, Clone)]
pub struct RevisionChanges {
    /// The last change.
    pub revision: i64,
    /// Whether anything but accounts changed.
    pub everything: bool,
    /// Accounts that were disabled (true) or enabled, in order.
    pub states: Vec<(Id, bool)>,
    /// Roles that accounts got or lost, in order.
    pub roles: Vec<RoleChange>,
    /// Accounts that changed in any other way. They are not listed above.
    pub accounts: Vec<Id>,
}

/// An account got a role or lost it.
#[derive(Debug, Clone)]
pub struct RoleChange {
    pub account: Id,
    pub role: Id,
    /// Whether the account has the role now.
    pub held: bool,
}

/// What changed after revision `since`; `None` if nothing did.
pub fn changed_since(conn: &mut DbConnection, since: i64) -> Result<Option<RevisionChanges>, Error> {
    let revision = last_revision(conn)?;
    if revision <= since {
        return Ok(None);
    }
    let events: Vec<(String, String, Option<Id>, Option<String>)> = revisions::table
        .inner_join(audit_events::table.on(audit_events::change_id.eq(revisions::change_id)))
        .filter(revisions::revision.gt(since))
        .filter(revisions::revision.le(revision))
        .order((revisions::revision, audit_events::seq))
        .select((audit_events::event_type, audit_events::target_kind, audit_events::target_id, audit_events::object_id))
        .load(conn)?;
    // Retention has deleted some of them: nobody knows any more what they touched.
    let whole: i64 = revisions::table.filter(revisions::revision.eq(since + 1)).count().get_result(conn)?;
    let mut changed =
        RevisionChanges { revision, everything: whole == 0, states: Vec::new(), roles: Vec::new(), accounts: Vec::new() };
    let mut others: HashSet<Id> = HashSet::new();
    for (verb, kind, id, object) in events {
        let Some(account) = Kind::parse(&kind).and(id) else {
            changed.everything = true;
            continue;
        };
        let role = object.as_deref().and_then(Id::parse);
        match (verb.as_str(), role) {
            (verbs::ACCOUNT_DISABLED, _) => changed.states.push((account, true)),
            (verbs::ACCOUNT_ENABLED, _) => changed.states.push((account, false)),
            (verbs::ROLE_ADDED, Some(role)) => changed.roles.push(RoleChange { account, role, held: true }),
            (verbs::ROLE_REMOVED, Some(role)) => changed.roles.push(RoleChange { account, role, held: false }),
            _ => drop(others.insert(account)),
        }
    }
    changed.states.retain(|(account, _)| !others.contains(account));
    changed.roles.retain(|change| !others.contains(&change.account));
    changed.accounts.extend(others);
    Ok(Some(changed))
}
