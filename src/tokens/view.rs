//! The page that shows a token's value, once; and the page of the token policy.

use crate::web::navigation::{Group, Item};
use crate::web::view::pagination::Pagination;
use crate::web::view::{Field, Moment, Shell};
use askama::Template;
use std::fmt;

/// The value of a new or regenerated token. Answered to the POST that made it, with `Cache-Control: no-store`; never again.
#[derive(Clone, Default, Template)]
#[template(path = "tokens/created.html")]
pub struct TokenCreatedPage {
    /// The frame.
    pub shell: Shell,
    /// The list of the account's kind: what it is called, and its address.
    pub list: (&'static str, &'static str),
    /// The address of the token's account.
    pub account: String,
    /// The account's name.
    pub account_name: String,
    /// The token's name.
    pub name: String,
    /// The secret value.
    pub value: String,
    /// Read-write, otherwise read-only.
    pub writes: bool,
    /// When it expires, see [`Moment::on`]; `None` for never.
    pub expires: Option<Moment>,
    /// After a regeneration, until when the old value works, see [`Moment::until`]; `None` for a new token or no overlap.
    pub old_until: Option<Moment>,
    /// Whether it is the successor of another value.
    pub regenerated: bool,
    /// Muster's public URL without a slash at the end.
    pub base_url: String,
}

/// One way to put the token to use.
#[derive(Clone, Default)]
pub struct Snippet {
    /// The id of its element.
    pub id: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// What is copied.
    pub text: String,
}

impl TokenCreatedPage {
    /// The account's page, at its tokens.
    pub fn tokens_url(&self) -> String {
        format!("{}#tokens", self.account)
    }

    /// The ways to use it. The value is base62 and the URL was checked at the start, so neither needs quoting beyond this.
    pub fn snippets(&self) -> Vec<Snippet> {
        let (url, value) = (&self.base_url, &self.value);
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

/// Prints no value, so that none can reach a log.
impl fmt::Debug for TokenCreatedPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCreatedPage").field("account", &self.account).field("name", &self.name).finish_non_exhaustive()
    }
}

/// The address of the token policy.
pub const POLICY: &str = "/settings/token-policy";

pub const NAVIGATION: Item = Item {
    label: "Token policy",
    href: POLICY,
    icon: "key",
    group: Group::Organisation,
    any_of: &["system_account:manage:*"],
    count: None,
};

/// The token policy: the maximum, whether tokens are made, and the tokens that live longer than they could today.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "tokens/policy.html")]
pub struct PolicyPage {
    /// The frame.
    pub shell: Shell,
    /// The longest life of a new token in words, `365 days`; `None` where there is no maximum.
    pub maximum: Option<String>,
    /// Whether, why and by whom the creation of tokens is stopped.
    pub stop: Option<StopLine>,
    /// The message of the form.
    pub message: Field,
    /// The tokens beyond the maximum, a page of them.
    pub rows: Vec<LongLivedRow>,
    /// Below the list.
    pub pagination: Pagination,
}

/// That the creation of tokens is stopped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StopLine {
    /// What others read; may be empty.
    pub message: String,
    /// Who stopped it.
    pub by: String,
    /// When.
    pub at: Moment,
}

/// A token that lives longer than the maximum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LongLivedRow {
    /// The account's page, at this token.
    pub href: String,
    /// The account's name.
    pub account: String,
    /// Whether the account is disabled.
    pub disabled: bool,
    /// The token's name.
    pub name: String,
    /// When it was made.
    pub created: Moment,
    /// When it expires; `None` for never.
    pub expires: Option<Moment>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_is_not_printed_by_debug() {
        let page = TokenCreatedPage { value: "mstw_secret".into(), ..TokenCreatedPage::default() };
        assert!(!format!("{page:?}").contains("secret"));
        assert!(page.snippets().iter().all(|snippet| snippet.text.contains("mstw_secret")));
    }
}
