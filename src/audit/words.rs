//! The words of each kind of event, once: its label, the group that it is filtered by, how it stands out.

use super::model::verbs;

/// What the log can be narrowed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogTopic {
    Accounts,
    Roles,
    Teams,
    Tokens,
    SignIns,
    Settings,
    Refusals,
}

impl LogTopic {
    pub const ALL: [Self; 7] =
        [Self::Accounts, Self::Roles, Self::Teams, Self::Tokens, Self::SignIns, Self::Settings, Self::Refusals];

    /// Its value in an address.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Roles => "roles",
            Self::Teams => "teams",
            Self::Tokens => "tokens",
            Self::SignIns => "sign-ins",
            Self::Settings => "settings",
            Self::Refusals => "refusals",
        }
    }

    /// Its name in the list of kinds.
    pub fn label(self) -> &'static str {
        match self {
            Self::Accounts => "Accounts",
            Self::Roles => "Roles",
            Self::Teams => "Teams",
            Self::Tokens => "Tokens",
            Self::SignIns => "Sign-ins",
            Self::Settings => "Settings",
            Self::Refusals => "Refusals",
        }
    }
}

/// How an event stands out in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventTone {
    Plain,
    Warn,
    Danger,
}

/// What is said of all events of one verb.
#[derive(Debug)]
pub struct VerbWords {
    pub verb: &'static str,
    pub label: &'static str,
    pub kinds: &'static [LogTopic],
    pub tone: EventTone,
}

const fn words(verb: &'static str, label: &'static str, kinds: &'static [LogTopic], tone: EventTone) -> VerbWords {
    VerbWords { verb, label, kinds, tone }
}

/// Every verb that Muster writes.
pub const WORDS: &[VerbWords] = &[
    words(verbs::ACCOUNT_CREATED, "Created", &[LogTopic::Accounts], EventTone::Plain),
    words(verbs::ACCOUNT_RENAMED, "Edited", &[LogTopic::Accounts], EventTone::Plain),
    words(verbs::ACCOUNT_DISABLED, "Disabled", &[LogTopic::Accounts], EventTone::Plain),
    words(verbs::ACCOUNT_ENABLED, "Enabled", &[LogTopic::Accounts], EventTone::Plain),
    words(verbs::ACCOUNT_DELETED, "Deleted", &[LogTopic::Accounts], EventTone::Danger),
    words(verbs::ROLE_ADDED, "Added role", &[LogTopic::Roles], EventTone::Plain),
    words(verbs::ROLE_REMOVED, "Removed role", &[LogTopic::Roles], EventTone::Plain),
    words(verbs::ROLE_CREATED, "Created role", &[LogTopic::Roles], EventTone::Plain),
    words(verbs::ROLE_UPDATED, "Edited role", &[LogTopic::Roles], EventTone::Plain),
    words(verbs::ROLE_RESET, "Reset role", &[LogTopic::Roles], EventTone::Plain),
    words(verbs::ROLE_DELETED, "Deleted role", &[LogTopic::Roles], EventTone::Danger),
    words(verbs::TEAM_CREATED, "Created team", &[LogTopic::Teams], EventTone::Plain),
    words(verbs::TEAM_APPLICATIONS, "Changed applications", &[LogTopic::Teams], EventTone::Plain),
    words(verbs::TEAM_RENAMED, "Renamed team", &[LogTopic::Teams], EventTone::Plain),
    words(verbs::TEAM_DELETED, "Deleted team", &[LogTopic::Teams], EventTone::Danger),
    words(verbs::TEAM_ADMINISTRATOR_ADDED, "Made team administrator", &[LogTopic::Teams], EventTone::Plain),
    words(verbs::TEAM_ADMINISTRATOR_REMOVED, "Removed team administrator", &[LogTopic::Teams], EventTone::Plain),
    words(verbs::TEAM_ADDED, "Added to team", &[LogTopic::Teams], EventTone::Plain),
    words(verbs::TEAM_REMOVED, "Removed from team", &[LogTopic::Teams], EventTone::Plain),
    words(verbs::OWNER_CHANGED, "Set owner", &[LogTopic::Accounts], EventTone::Plain),
    words(verbs::TOKEN_CREATED, "Created token", &[LogTopic::Tokens], EventTone::Plain),
    words(verbs::TOKEN_REGENERATED, "Regenerated token", &[LogTopic::Tokens], EventTone::Plain),
    words(verbs::TOKEN_REVOKED, "Revoked token", &[LogTopic::Tokens], EventTone::Plain),
    words(verbs::TOKEN_REFUSED, "Refused", &[LogTopic::Tokens, LogTopic::Refusals], EventTone::Warn),
    words(verbs::TOKEN_CREATION_STOPPED, "Paused token creation", &[LogTopic::Settings], EventTone::Plain),
    words(verbs::TOKEN_CREATION_RESUMED, "Resumed token creation", &[LogTopic::Settings], EventTone::Plain),
    words(verbs::SIGNED_IN, "Signed in", &[LogTopic::SignIns], EventTone::Plain),
    words(verbs::SIGN_IN_FAILED, "Sign-in refused", &[LogTopic::SignIns, LogTopic::Refusals], EventTone::Warn),
    words(verbs::SIGNED_OUT, "Signed out", &[LogTopic::SignIns], EventTone::Plain),
    words(verbs::PASSWORD_CHANGED, "Set password", &[LogTopic::SignIns], EventTone::Plain),
    words(verbs::PASSWORD_LINK_CREATED, "Created password link", &[LogTopic::SignIns], EventTone::Plain),
    words(verbs::EMAIL_CHANGED, "Changed e-mail address", &[LogTopic::Accounts], EventTone::Plain),
    words(verbs::SESSIONS_ENDED, "Ended sessions", &[LogTopic::SignIns], EventTone::Plain),
    words(verbs::INVITED, "Invited", &[LogTopic::Accounts], EventTone::Plain),
    words(verbs::INVITATION_RENEWED, "Created invitation link", &[LogTopic::Accounts], EventTone::Plain),
    words(verbs::INVITATION_CANCELLED, "Cancelled invitation", &[LogTopic::Accounts], EventTone::Danger),
    words(verbs::INVITATION_ACCEPTED, "Accepted invitation", &[LogTopic::Accounts, LogTopic::SignIns], EventTone::Plain),
    words(verbs::ACCESS_REFUSED, "Refused", &[LogTopic::Refusals], EventTone::Warn),
    words(verbs::LOG_EXPORTED, "Exported audit log", &[LogTopic::Settings], EventTone::Plain),
    words(verbs::LIST_EXPORTED, "Exported list", &[LogTopic::Settings], EventTone::Plain),
    words(verbs::SETTINGS_CHANGED, "Changed settings", &[LogTopic::Settings], EventTone::Plain),
    words(verbs::RETENTION_CHANGED, "Changed retention", &[LogTopic::Settings], EventTone::Plain),
    words(verbs::EVENTS_DELETED, "Deleted old events", &[LogTopic::Settings], EventTone::Danger),
];

/// The words of a verb; `None` for one that another version wrote.
pub fn of(verb: &str) -> Option<&'static VerbWords> {
    WORDS.iter().find(|words| words.verb == verb)
}

/// The verbs that `kind` in an address stands for: a group's name, or a verb.
pub fn verbs_of(kind: &str) -> Vec<&'static str> {
    let fits = |words: &&VerbWords| words.verb == kind || words.kinds.iter().any(|group| group.as_str() == kind);
    WORDS.iter().filter(fits).map(|words| words.verb).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The constants are read from their own source: a verb without words would be missing from every filter.
    #[test]
    fn every_verb_has_words_and_a_kind() {
        let source = include_str!("model.rs");
        let written: Vec<&str> = source
            .lines()
            .filter(|line| line.trim_start().starts_with("pub const "))
            .filter_map(|line| line.split('"').nth(1))
            .collect();
        assert!(written.len() >= 23, "{written:?}");
        for verb in written {
            let words = of(verb).unwrap_or_else(|| panic!("{verb} has no words"));
            assert!(!words.kinds.is_empty() && !words.label.is_empty(), "{verb}");
        }
        let mut verbs: Vec<&str> = WORDS.iter().map(|words| words.verb).collect();
        verbs.sort_unstable();
        verbs.dedup();
        assert_eq!(verbs.len(), WORDS.len());
    }

    #[test]
    fn a_kind_is_a_group_or_a_verb() {
        assert!(verbs_of("refusals").contains(&verbs::SIGN_IN_FAILED));
        assert!(verbs_of("sign-ins").contains(&verbs::SIGN_IN_FAILED));
        assert_eq!(verbs_of(verbs::ACCOUNT_DELETED), [verbs::ACCOUNT_DELETED]);
        assert!(verbs_of("nonsense").is_empty());
        for kind in LogTopic::ALL {
            assert!(!verbs_of(kind.as_str()).is_empty(), "{}", kind.label());
        }
    }
}
