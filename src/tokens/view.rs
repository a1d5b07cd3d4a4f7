//! The page that shows a token's value once, one's own tokens, and the token policy page.

use crate::accounts::view::tokens::TokenSection;
use crate::tokens::filter::TOKENS;
use crate::web::navigation::{Item, NavigationGroup};
use crate::web::view::pagination::Pagination;
use crate::web::view::{Contact, Field, Moment, Shell};
use askama::Template;
use std::fmt;

pub mod list;

/// Shows the value of a new or regenerated token, once.
#[derive(Clone, Default, Template)]
#[template(path = "tokens/value.html")]
pub struct TokenValuePage {
    pub shell: Shell,
    /// Names and addresses of the pages above; the last has the token on it.
    pub crumbs: Vec<(String, String)>,
    /// Where the token is listed.
    pub tokens: String,
    pub account_name: String,
    pub name: String,
    /// The secret; `None` if it has been shown.
    pub value: Option<String>,
    /// Whether the token is read-write.
    pub writes: bool,
    /// See [`Moment::end`]; `None` for never.
    pub expires: Option<Moment>,
    /// Until when the old value works, see [`Moment::until`]; `None` for a new token or no overlap.
    pub old_until: Option<Moment>,
    /// Whether it was regenerated.
    pub regenerated: bool,
    /// Muster's public URL, without a slash at the end.
    pub base_url: String,
}

/// A code sample that uses the token.
#[derive(Clone, Default)]
pub struct Snippet {
    /// The ID of its element.
    pub id: &'static str,
    pub title: &'static str,
    pub text: String,
}

impl TokenValuePage {
    /// Code samples. The value is base62 and the URL is validated at startup, so neither needs more quoting.
    pub fn snippets(&self) -> Vec<Snippet> {
        let Some(value) = &self.value else { return Vec::new() };
        let url = &self.base_url;
        let snippet = |id, title, text| Snippet { id, title, text };
        vec![
            snippet("as-unix", "Unix environment", format!("export MUSTER_BASE_URL='{url}'\nexport MUSTER_TOKEN='{value}'")),
            snippet(
                "as-windows",
                "Windows environment",
                format!(
                    "set MUSTER_BASE_URL={url}\nset MUSTER_TOKEN={value}\nrem To keep them for new windows:\nsetx MUSTER_BASE_URL \"{url}\"\nsetx MUSTER_TOKEN \"{value}\""
                ),
            ),
            snippet(
                "as-powershell",
                "PowerShell environment",
                format!("$Env:MUSTER_BASE_URL = '{url}'\n$Env:MUSTER_TOKEN = '{value}'"),
            ),
            snippet("as-curl", "curl", format!("curl --include {url}/auth/verify \\\n  -H 'Authorization: Bearer {value}'")),
            snippet(
                "as-fetch",
                "fetch",
                format!(
                    "const answer = await fetch('{url}/auth/verify', {{\n  headers: {{ Authorization: 'Bearer {value}' }},\n}});\nconsole.log(answer.status, answer.headers.get('Muster-Account-Name'));"
                ),
            ),
        ]
    }
}

/// Without the value, so that it can't reach a log.
impl fmt::Debug for TokenValuePage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenValuePage").field("account", &self.account_name).field("name", &self.name).finish_non_exhaustive()
    }
}

/// The page of one's own tokens.
pub const OWN: &str = "/settings/api-tokens";

/// One's own tokens.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "tokens/own.html")]
pub struct OwnTokensPage {
    pub shell: Shell,
    /// Muster's public URL, without a slash at the end.
    pub base_url: String,
    pub section: TokenSection,
    pub may_create: bool,
    /// For those who may not create any, whom to ask.
    pub ask: Option<Contact>,
    /// Whether the reader may create system accounts.
    pub creates_accounts: bool,
}

pub const POLICY: &str = "/settings/token-policy";

pub const TOKENS_ITEM: Item = Item {
    label: "Tokens",
    href: TOKENS,
    icon: "key",
    group: NavigationGroup::Organisation,
    any_of: &["system_account:manage:*", "system_account:manage:team", "user:manage:*"],
    unless: None,
    count: None,
};

pub const NAVIGATION: Item = Item {
    label: "Token policy",
    href: POLICY,
    icon: "clock",
    group: NavigationGroup::Organisation,
    any_of: &["system_account:manage:*"],
    unless: None,
    count: None,
};

/// The token policy page.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "tokens/policy.html")]
pub struct PolicyPage {
    pub shell: Shell,
    /// The maximum lifetime in words, `365 days`.
    pub maximum: Option<String>,
    /// Set while token creation is paused.
    pub stop: Option<StopLine>,
    pub message: Field,
    /// A page of the tokens over the maximum.
    pub rows: Vec<LongLivedRow>,
    pub pagination: Pagination,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StopLine {
    /// Shown to anyone who tries; may be empty.
    pub message: String,
    pub by: String,
    pub at: Moment,
}

/// A token over the maximum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LongLivedRow {
    /// This token on the account's page.
    pub href: String,
    pub account: String,
    /// Whether the account is disabled.
    pub disabled: bool,
    pub name: String,
    pub created: Moment,
    /// `None` for never.
    pub expires: Option<Moment>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_is_not_printed_by_debug() {
        let page = TokenValuePage { value: Some("mstw_secret".into()), ..TokenValuePage::default() };
        assert!(!format!("{page:?}").contains("secret"));
        assert!(page.snippets().iter().all(|snippet| snippet.text.contains("mstw_secret")));
    }
}
