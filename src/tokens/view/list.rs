//! The list of all tokens, and those that somebody chose or pasted.

use askama::Template;
use chrono::{NaiveDateTime, TimeDelta};

use super::OWN;
use crate::accounts::model::Kind;
use crate::accounts::view::tokens::TokenUse;
use crate::auth::principal::Principal;
use crate::tokens::filter::TokenFilters;
use crate::tokens::model::listing::AccountToken;
use crate::tokens::value::Access;
use crate::web::view::moment::Tone;
use crate::web::view::words::{counted, grouped};
use crate::web::view::{Contact, Field, Moment, Shell, Tile};

/// A use within this time deserves a warning before a token is revoked.
const RECENT: TimeDelta = TimeDelta::days(2);

/// A token in a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenLine {
    pub id: String,
    pub name: String,
    pub begins: String,
    pub writes: bool,
    /// Its account, and where the token stands there.
    pub account: String,
    pub tile: Tile,
    pub href: String,
    /// Whether it is the reader's own.
    pub own: bool,
    pub created: Moment,
    pub created_by: String,
    pub expires: Option<Moment>,
    pub last_used: Option<TokenUse>,
    /// Whether it was used in the last days.
    pub recent: bool,
    /// What keeps it from working, or is special about it.
    pub state: Option<TokenNote>,
    /// Whether a text that was pasted held its whole value.
    pub whole: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenNote {
    pub text: String,
    pub tone: Tone,
    pub revoked: bool,
}

impl TokenNote {
    fn of(row: &AccountToken, now: NaiveDateTime) -> Option<Self> {
        let token = &row.token;
        let (text, tone) = if let Some(at) = token.revoked_at {
            return Some(Self { text: format!("Revoked {}", Moment::ago(at, now).text), tone: Tone::Quiet, revoked: true });
        } else if token.is_expired(now) {
            ("Expired".to_owned(), Tone::Danger)
        } else if row.account_disabled {
            ("Account disabled".to_owned(), Tone::Quiet)
        } else if token.replaced_by.is_some() {
            ("Old value".to_owned(), Tone::Warn)
        } else {
            return None;
        };
        Some(Self { text, tone, revoked: false })
    }

    pub fn class(&self) -> &'static str {
        match self.tone {
            Tone::Quiet => "badge",
            Tone::Warn => "badge badge-warn",
            Tone::Danger => "badge badge-danger",
        }
    }
}

impl TokenLine {
    pub fn new(row: &AccountToken, reader: &Principal, now: NaiveDateTime) -> Self {
        let token = &row.token;
        let own = reader.is(&token.account);
        let anchor = match (&token.replaced_by, token.revoked_at) {
            (_, Some(_)) => String::new(),
            (Some(successor), None) => format!("#token-{successor}"),
            (None, None) => format!("#token-{}", token.id),
        };
        let page = if own { OWN.to_owned() } else { format!("{}/{}", row.kind.screen().path, token.account) };
        Self {
            id: token.id.clone(),
            name: token.name.clone(),
            begins: token.begins_with(),
            writes: token.access == Access::Write,
            account: row.account_name.clone(),
            tile: match row.kind {
                Kind::System => Tile::machine(token.account.as_str(), &row.account_name),
                Kind::User => Tile::person(token.account.as_str(), &row.account_name),
            },
            href: format!("{page}{anchor}"),
            own,
            created: Moment::made(token.created_at, now),
            created_by: token.created_by_name.clone(),
            expires: token.expires_at.map(|at| Moment::expiry_in_column(at, now)),
            last_used: TokenUse::last(token, now),
            recent: token.last_used_at.is_some_and(|at| now - at < RECENT),
            state: TokenNote::of(row, now),
            whole: row.whole,
        }
    }

    pub fn is_revoked(&self) -> bool {
        self.state.as_ref().is_some_and(|state| state.revoked)
    }

    /// Whether it can be chosen to be revoked.
    pub fn is_open(&self) -> bool {
        self.whole && !self.is_revoked()
    }

    pub fn works(&self) -> bool {
        self.state.as_ref().is_none_or(|state| state.tone == Tone::Warn)
    }
}

/// The list of all tokens.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "tokens/list.html")]
pub struct TokensPage {
    pub shell: Shell,
    pub filters: TokenFilters,
    pub rows: Vec<TokenLine>,
    /// How many match; `1,000+` where they are not counted to the end.
    pub total: String,
    pub number: u64,
    pub newer: Option<String>,
    pub older: Option<String>,
    /// Whether the reader sees the tokens of everybody.
    pub everybody: bool,
    /// Since when use is tracked.
    pub tracked_since: String,
}

impl TokensPage {
    /// What is read out when a filter has taken effect.
    pub fn summary(&self) -> String {
        if self.total.ends_with('+') { format!("{} tokens", self.total) } else { counted(self.number, "token") }
    }

    pub fn is_partial(&self) -> bool {
        self.newer.is_some() || self.older.is_some()
    }

    /// The filters that are set, for a phone.
    pub fn set_filters(&self) -> String {
        let mut set: Vec<String> = Vec::new();
        let all = [self.filters.expiries(), self.filters.uses(), self.filters.accesses()];
        for choices in all {
            set.extend(choices.into_iter().filter(|choice| choice.checked && !choice.id.is_empty()).map(|choice| choice.name));
        }
        set.join(", ")
    }
}

/// Where a text is pasted.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "tokens/find.html")]
pub struct FindPage {
    pub shell: Shell,
    /// What is wrong with the text. It is not kept, nor shown again.
    pub text: Field,
    pub limit: &'static str,
}

/// Tokens that somebody chose or pasted, and the question whether to revoke them.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "tokens/chosen.html")]
pub struct ChosenPage {
    pub shell: Shell,
    pub id: String,
    /// Whether they were found in a text.
    pub found: bool,
    pub rows: Vec<TokenLine>,
    pub total: u64,
    /// How many of them can be revoked.
    pub open: u64,
    /// Whether their boxes are ticked: until somebody has chosen among them.
    pub ticked: bool,
    /// Whole tokens in the text, of accounts that the reader doesn't manage; and those that are nobody's.
    pub outside: u64,
    pub unknown: u64,
    pub ask: Option<Contact>,
    /// Where Cancel leads.
    pub back: String,
    pub tracked_since: String,
}

impl ChosenPage {
    pub fn heading(&self) -> String {
        match (self.found, self.total, self.open) {
            (true, 0, _) => "No tokens found".to_owned(),
            (true, total, _) => format!("Found {}", counted(total, "token")),
            (false, total, 0) => counted(total, "token"),
            (false, _, open) => format!("Revoke {}?", counted(open, "token")),
        }
    }

    /// The rows have boxes if all of them are shown.
    pub fn has_boxes(&self) -> bool {
        self.total == self.rows.len() as u64
    }

    pub fn left(&self) -> Option<String> {
        let left = self.total - self.rows.len() as u64;
        (left > 0).then(|| grouped(left))
    }

    /// How many of those that can be revoked were used lately; only known where all are shown.
    pub fn recent(&self) -> u64 {
        self.rows.iter().filter(|row| row.recent && row.is_open()).count() as u64
    }

    pub fn recent_line(&self) -> String {
        match self.recent() {
            1 => "1 token was used in the last two days. Whatever uses it will get 401 responses right away.".to_owned(),
            n => format!("{n} tokens were used in the last two days. Whatever uses them will get 401 responses right away."),
        }
    }

    pub fn outside_line(&self) -> String {
        match self.outside {
            1 => "1 token in the text belongs to an account that you can't manage.".to_owned(),
            n => format!("{} tokens in the text belong to accounts that you can't manage.", grouped(n)),
        }
    }

    pub fn unknown_line(&self) -> String {
        match self.unknown {
            1 => "1 more looks like a token, but it isn't one that Muster knows, or it is incomplete.".to_owned(),
            n => format!("{} more look like tokens, but Muster doesn't know them, or they are incomplete.", grouped(n)),
        }
    }

    pub fn button(&self) -> String {
        match (self.open, self.has_boxes()) {
            (1, _) => "Revoke token".to_owned(),
            (_, true) => "Revoke selected tokens".to_owned(),
            (open, false) => format!("Revoke {}", counted(open, "token")),
        }
    }
}
