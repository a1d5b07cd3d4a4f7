//! The words of the audit log.

use chrono::NaiveDateTime;

use crate::id::Id;

/// What can happen, as `subject.verb` in the past tense.
pub mod verbs {
    pub const ACCOUNT_CREATED: &str = "account.created";
    pub const ACCOUNT_RENAMED: &str = "account.renamed";
    pub const ACCOUNT_DISABLED: &str = "account.disabled";
    pub const ACCOUNT_ENABLED: &str = "account.enabled";
    pub const ACCOUNT_DELETED: &str = "account.deleted";
    pub const ROLE_ADDED: &str = "account.role_added";
    pub const ROLE_REMOVED: &str = "account.role_removed";
    pub const TEAM_ADDED: &str = "account.team_added";
    pub const TEAM_REMOVED: &str = "account.team_removed";
    pub const TOKEN_CREATED: &str = "token.created";
    pub const TOKEN_REGENERATED: &str = "token.regenerated";
    pub const TOKEN_REVOKED: &str = "token.revoked";
    pub const TOKEN_REFUSED: &str = "token.refused";
    pub const TOKEN_CREATION_STOPPED: &str = "token_creation.stopped";
    pub const TOKEN_CREATION_RESUMED: &str = "token_creation.resumed";
    pub const SIGNED_IN: &str = "session.started";
    pub const SIGN_IN_FAILED: &str = "session.refused";
    pub const SIGNED_OUT: &str = "session.ended";
    pub const PASSWORD_LINK_CREATED: &str = "password.link_created";
    pub const ROLE_CREATED: &str = "role.created";
    pub const ROLE_UPDATED: &str = "role.updated";
    pub const ROLE_RESET: &str = "role.reset";
    pub const ROLE_DELETED: &str = "role.deleted";
    pub const TEAM_CREATED: &str = "team.created";
    pub const PASSWORD_CHANGED: &str = "password.changed";
    pub const ACCESS_REFUSED: &str = "access.refused";
}

/// One thing that happened, about to be written.
#[derive(Debug, Clone)]
pub struct Event<'a> {
    /// One of [`verbs`].
    pub verb: &'static str,
    /// `user`, `system`, `route`, `policy`.
    pub target_kind: &'a str,
    /// The account, where there is one.
    pub target_id: Option<&'a Id>,
    /// The target's name at that moment: it outlives the target.
    pub target_name: &'a str,
    /// What was given, taken or made: a role, a team, a token (by its public id), with its name.
    pub object: Option<(&'a str, &'a str)>,
    /// Before and after, where they matter. Never a secret.
    pub detail: serde_json::Value,
}

/// An event as "Recent changes" shows it.
#[derive(Debug, Clone)]
pub struct FeedItem {
    /// When.
    pub at: NaiveDateTime,
    /// `user`, `system`, `shell` or `muster`.
    pub actor_kind: String,
    /// The actor's account.
    pub actor_id: Option<Id>,
    /// The actor's name at that moment.
    pub actor_name: String,
    /// One of [`verbs`].
    pub verb: String,
    /// The name of what was given, taken or made.
    pub object_name: Option<String>,
    /// Before and after.
    pub detail: serde_json::Value,
}
