//! The words of the audit log.

use std::fmt;

use chrono::{Datelike, NaiveDateTime};

use crate::clock;
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
    pub const OWNER_CHANGED: &str = "account.owner_changed";
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
    pub const EMAIL_CHANGED: &str = "account.email_changed";
    pub const SESSIONS_ENDED: &str = "session.revoked";
    pub const INVITED: &str = "invitation.created";
    pub const INVITATION_RENEWED: &str = "invitation.renewed";
    pub const INVITATION_CANCELLED: &str = "invitation.cancelled";
    pub const INVITATION_ACCEPTED: &str = "invitation.accepted";
    pub const ROLE_CREATED: &str = "role.created";
    pub const ROLE_UPDATED: &str = "role.updated";
    pub const ROLE_RESET: &str = "role.reset";
    pub const ROLE_DELETED: &str = "role.deleted";
    pub const TEAM_CREATED: &str = "team.created";
    pub const TEAM_RENAMED: &str = "team.renamed";
    pub const TEAM_APPLICATIONS: &str = "team.applications_changed";
    pub const TEAM_DELETED: &str = "team.deleted";
    pub const TEAM_ADMINISTRATOR_ADDED: &str = "account.team_administrator_added";
    pub const TEAM_ADMINISTRATOR_REMOVED: &str = "account.team_administrator_removed";
    pub const PASSWORD_CHANGED: &str = "password.changed";
    pub const ACCESS_REFUSED: &str = "access.refused";
    pub const LOG_EXPORTED: &str = "audit.exported";
    pub const LIST_EXPORTED: &str = "list.exported";
    pub const SETTINGS_CHANGED: &str = "settings.changed";
    pub const RETENTION_CHANGED: &str = "audit.retention_changed";
    pub const EVENTS_DELETED: &str = "audit.events_deleted";
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

/// A place in the log's order: moment and number, which together are unique. It outlives the event that stood there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogPosition {
    pub at: NaiveDateTime,
    pub seq: i64,
}

impl LogPosition {
    /// Before every event.
    pub const FIRST: Self = Self { at: clock::NEVER, seq: 0 };

    /// Reads a place as it is written in an address.
    pub fn parse(cursor: &str) -> Option<Self> {
        let (at, seq) = cursor.rsplit_once('-')?;
        let at = clock::of_micros(at.parse().ok()?)?;
        Self::may_be_at(at).then_some(Self { at, seq: seq.parse().ok()? })
    }

    /// Whether both databases can hold this moment.
    pub fn may_be_at(moment: NaiveDateTime) -> bool {
        (1..9999).contains(&moment.year())
    }
}

impl fmt::Display for LogPosition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", clock::micros(self.at), self.seq)
    }
}

/// An event as it was written, with what its change says of it.
#[derive(Debug, Clone)]
pub struct LogEntry {
    pub position: LogPosition,
    pub id: String,
    pub change: String,
    /// One of [`verbs`], or one that another version wrote.
    pub verb: String,
    /// `user`, `system`, `shell` or `muster`.
    pub actor_kind: String,
    pub actor_id: Option<String>,
    /// The actor's name at that moment, as all names here.
    pub actor_name: String,
    pub session: Option<String>,
    /// The public id of the token that the actor used.
    pub token: Option<String>,
    pub address: Option<String>,
    pub user_agent: Option<String>,
    pub request: Option<String>,
    pub target_kind: String,
    pub target_id: Option<String>,
    pub target_name: String,
    /// What was given, taken or made.
    pub object_id: Option<String>,
    pub object_name: Option<String>,
    /// Before and after.
    pub detail: serde_json::Value,
}

impl LogEntry {
    /// A text of the details; empty where there is none.
    pub fn text(&self, name: &str) -> &str {
        self.detail.get(name).and_then(serde_json::Value::as_str).unwrap_or_default()
    }

    /// A number of the details.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.detail.get(name).and_then(serde_json::Value::as_u64)
    }
}

/// Which events are asked for. Everything that is set must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// What it happened to: a UUID, a token's public id, or a name of now or then.
    pub target: Option<String>,
    /// The role or team that it was about.
    pub concerned: Option<String>,
    /// Who did it: a UUID or a name.
    pub actor: Option<String>,
    /// Any of these verbs; empty for all.
    pub verbs: Vec<&'static str>,
    pub address: Option<String>,
    pub change: Option<Id>,
    /// Half open: `from` is in it, `until` is not.
    pub from: Option<NaiveDateTime>,
    pub until: Option<NaiveDateTime>,
}
