//! The words of each kind of event, once: its label, the group that it is filtered by, how it stands out.

use super::model::verbs;

/// What the log can be narrowed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Accounts,
    Roles,
    Teams,
    Tokens,
    SignIns,
    Settings,
    Refusals,
}

impl Kind {
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
pub enum Tone {
    Plain,
    Warn,
    Danger,
}

/// What is said of all events of one verb.
#[derive(Debug)]
pub struct Words {
    pub verb: &'static str,
    pub label: &'static str,
    pub kinds: &'static [Kind],
    pub tone: Tone,
}

const fn words(verb: &'static str, label: &'static str, kinds: &'static [Kind], tone: Tone) -> Words {
    Words { verb, label, kinds, tone }
}

/// Every verb that Muster writes.
pub const WORDS: &[Words] = &[
    words(verbs::ACCOUNT_CREATED, "Created", &[Kind::Accounts], Tone::Plain),
    words(verbs::ACCOUNT_RENAMED, "Edited", &[Kind::Accounts], Tone::Plain),
    words(verbs::ACCOUNT_DISABLED, "Disabled", &[Kind::Accounts], Tone::Plain),
    words(verbs::ACCOUNT_ENABLED, "Enabled", &[Kind::Accounts], Tone::Plain),
    words(verbs::ACCOUNT_DELETED, "Deleted", &[Kind::Accounts], Tone::Danger),
    words(verbs::ROLE_ADDED, "Added role", &[Kind::Roles], Tone::Plain),
    words(verbs::ROLE_REMOVED, "Removed role", &[Kind::Roles], Tone::Plain),
    words(verbs::ROLE_CREATED, "Created role", &[Kind::Roles], Tone::Plain),
    words(verbs::ROLE_UPDATED, "Edited role", &[Kind::Roles], Tone::Plain),
    words(verbs::ROLE_RESET, "Reset role", &[Kind::Roles], Tone::Plain),
    words(verbs::ROLE_DELETED, "Deleted role", &[Kind::Roles], Tone::Danger),
    words(verbs::TEAM_CREATED, "Created team", &[Kind::Teams], Tone::Plain),
    words(verbs::TEAM_APPLICATIONS, "Changed applications", &[Kind::Teams], Tone::Plain),
    words(verbs::TEAM_RENAMED, "Renamed team", &[Kind::Teams], Tone::Plain),
    words(verbs::TEAM_DELETED, "Deleted team", &[Kind::Teams], Tone::Danger),
    words(verbs::TEAM_ADMINISTRATOR_ADDED, "Added team administration", &[Kind::Teams], Tone::Plain),
    words(verbs::TEAM_ADMINISTRATOR_REMOVED, "Removed team administration", &[Kind::Teams], Tone::Plain),
    words(verbs::TEAM_ADDED, "Added team", &[Kind::Teams], Tone::Plain),
    words(verbs::TEAM_REMOVED, "Removed team", &[Kind::Teams], Tone::Plain),
    words(verbs::OWNER_CHANGED, "Set owner", &[Kind::Accounts], Tone::Plain),
    words(verbs::TOKEN_CREATED, "Created token", &[Kind::Tokens], Tone::Plain),
    words(verbs::TOKEN_REGENERATED, "Regenerated token", &[Kind::Tokens], Tone::Plain),
    words(verbs::TOKEN_REVOKED, "Revoked token", &[Kind::Tokens], Tone::Plain),
    words(verbs::TOKEN_REFUSED, "Refused", &[Kind::Tokens, Kind::Refusals], Tone::Warn),
    words(verbs::TOKEN_CREATION_STOPPED, "Paused token creation", &[Kind::Settings], Tone::Plain),
    words(verbs::TOKEN_CREATION_RESUMED, "Resumed token creation", &[Kind::Settings], Tone::Plain),
    words(verbs::SIGNED_IN, "Signed in", &[Kind::SignIns], Tone::Plain),
    words(verbs::SIGN_IN_FAILED, "Sign-in refused", &[Kind::SignIns, Kind::Refusals], Tone::Warn),
    words(verbs::SIGNED_OUT, "Signed out", &[Kind::SignIns], Tone::Plain),
    words(verbs::PASSWORD_CHANGED, "Set password", &[Kind::SignIns], Tone::Plain),
    words(verbs::PASSWORD_LINK_CREATED, "Created password link", &[Kind::SignIns], Tone::Plain),
    words(verbs::EMAIL_CHANGED, "Changed e-mail address", &[Kind::Accounts], Tone::Plain),
    words(verbs::SESSIONS_ENDED, "Ended sessions", &[Kind::SignIns], Tone::Plain),
    words(verbs::INVITED, "Invited", &[Kind::Accounts], Tone::Plain),
    words(verbs::INVITATION_RENEWED, "Created invitation link", &[Kind::Accounts], Tone::Plain),
    words(verbs::INVITATION_CANCELLED, "Cancelled invitation", &[Kind::Accounts], Tone::Danger),
    words(verbs::INVITATION_ACCEPTED, "Accepted invitation", &[Kind::Accounts, Kind::SignIns], Tone::Plain),
    words(verbs::ACCESS_REFUSED, "Refused", &[Kind::Refusals], Tone::Warn),
    words(verbs::LOG_EXPORTED, "Exported audit log", &[Kind::Settings], Tone::Plain),
    words(verbs::LIST_EXPORTED, "Exported list", &[Kind::Settings], Tone::Plain),
    words(verbs::SETTINGS_CHANGED, "Changed settings", &[Kind::Settings], Tone::Plain),
    words(verbs::RETENTION_CHANGED, "Changed retention", &[Kind::Settings], Tone::Plain),
    words(verbs::EVENTS_DELETED, "Deleted old events", &[Kind::Settings], Tone::Danger),
];

/// The words of a verb; `None` for one that another version wrote.
pub fn of(verb: &str) -> Option<&'static Words> {
    WORDS.iter().find(|words| words.verb == verb)
}

/// The verbs that `kind` in an address stands for: a group's name, or a verb.
pub fn verbs_of(kind: &str) -> Vec<&'static str> {
    let fits = |words: &&Words| words.verb == kind || words.kinds.iter().any(|group| group.as_str() == kind);
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
        for kind in Kind::ALL {
            assert!(!verbs_of(kind.as_str()).is_empty(), "{}", kind.label());
        }
    }
}
