//! The address of the list of all tokens: parsed and printed here.

use chrono::Datelike;
use serde::Deserialize;

use super::model::listing::{Expires, TokenFilter, TokenPosition, TokenWindow};
use super::value::{Access, id_prefix};
use crate::accounts::model::{ActivityFilter, UNUSED_DAYS};
use crate::accounts::search::Search;
use crate::clock;
use crate::text::secrets::without_secrets;
use crate::web::view::address::address;
use crate::web::view::words::counted;
use crate::web::view::{Choice, Hidden};

/// The list's address; what is done with tokens lies below it.
pub const TOKENS: &str = "/settings/tokens";

/// The longest search, in characters.
const SEARCH_LIMIT: usize = 100;

/// The words of an address or a form.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct TokenQuery {
    q: String,
    expires: String,
    used: String,
    access: String,
    after: String,
    before: String,
}

/// What the list is narrowed to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenFilters {
    pub q: String,
    pub expires: Option<Expires>,
    pub used: Option<ActivityFilter>,
    pub access: Option<Access>,
}

impl TokenQuery {
    /// A value that makes no sense is as good as none.
    pub fn filters(&self) -> TokenFilters {
        // Who pastes a whole token here must not find its secret in the next link.
        let q: String = without_secrets(&self.q).chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        TokenFilters {
            q: q.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(SEARCH_LIMIT).collect(),
            expires: Expires::parse(&self.expires),
            used: ActivityFilter::parse(&self.used),
            access: Access::parse(&self.access),
        }
    }

    pub fn window(&self) -> TokenWindow {
        match (unpacked(&self.after), unpacked(&self.before)) {
            (Some(position), _) => TokenWindow::After(position),
            (None, Some(position)) => TokenWindow::Before(position),
            (None, None) => TokenWindow::First,
        }
    }
}

fn packed(position: &TokenPosition) -> String {
    format!("{}.{}", clock::micros(position.at), position.id)
}

/// Anybody can write one. Postgres knows no moment as far off as chrono does.
fn unpacked(text: &str) -> Option<TokenPosition> {
    let (at, id) = text.split_once('.')?;
    let at = at.parse().ok().and_then(clock::of_micros).filter(|at| (1..=9999).contains(&at.year()))?;
    let plausible = id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    plausible.then(|| TokenPosition { at, id: id.to_owned() })
}

impl TokenFilters {
    pub fn filter(&self) -> TokenFilter {
        TokenFilter {
            search: Search::parse(&self.q, id_prefix(&self.q)),
            expires: self.expires,
            used: self.used,
            access: self.access,
        }
    }

    /// The words of the address, in their order. What is not set is empty.
    pub fn words(&self) -> Vec<(&'static str, String)> {
        let word = |word: Option<&'static str>| word.unwrap_or_default().to_owned();
        vec![
            ("q", self.q.clone()),
            ("expires", word(self.expires.map(Expires::as_str))),
            ("used", self.used.map(ActivityFilter::word).unwrap_or_default()),
            ("access", word(self.access.map(Access::as_str))),
        ]
    }

    /// The list's address, first page.
    pub fn here(&self) -> String {
        address(TOKENS, &self.words())
    }

    /// An address below the list that keeps its filters.
    pub fn below(&self, rest: &str) -> String {
        address(&format!("{TOKENS}{rest}"), &self.words())
    }

    /// The page that begins (`after`) or ends (`before`) at a position.
    pub fn page(&self, name: &'static str, position: &TokenPosition) -> String {
        let mut words = self.words();
        words.push((name, packed(position)));
        address(TOKENS, &words)
    }

    /// The filters that are set, as a form's hidden fields.
    pub fn hidden(&self) -> Vec<Hidden> {
        let set = self.words().into_iter().filter(|(_, value)| !value.is_empty());
        set.map(|(name, value)| Hidden::new(name, value)).collect()
    }

    pub fn is_narrowed(&self) -> bool {
        *self != Self::default()
    }

    pub fn expiries(&self) -> Vec<Choice> {
        let any = Choice::new("", "Any expiry").checked(self.expires.is_none());
        let one = |expires: Expires| Choice::new(expires.as_str(), expires.label()).checked(self.expires == Some(expires));
        std::iter::once(any).chain(Expires::ALL.map(one)).collect()
    }

    pub fn uses(&self) -> Vec<Choice> {
        let mut all = vec![ActivityFilter::Recent, ActivityFilter::Unused(UNUSED_DAYS), ActivityFilter::Never];
        // A number of days that only an address can choose must survive the form.
        all.extend(self.used.filter(|used| !all.contains(used)));
        let name = |used: &ActivityFilter| match used {
            ActivityFilter::Recent => "Used in the last 30 days".to_owned(),
            ActivityFilter::Unused(days) => format!("Unused for {}", counted(days.unsigned_abs(), "day")),
            ActivityFilter::Never => "Never used".to_owned(),
        };
        let any = Choice::new("", "Any use").checked(self.used.is_none());
        let one = |used: ActivityFilter| Choice::new(used.word(), name(&used)).checked(self.used == Some(used));
        std::iter::once(any).chain(all.into_iter().map(one)).collect()
    }

    pub fn accesses(&self) -> Vec<Choice> {
        let all =
            [(None, "Any access"), (Some(Access::Read), Access::Read.label()), (Some(Access::Write), Access::Write.label())];
        all.map(|(access, name)| Choice::new(access.map_or("", Access::as_str), name).checked(self.access == access)).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(query: &str) -> TokenQuery {
        serde_html_form::from_str(query).unwrap_or_default()
    }

    #[test]
    fn what_is_printed_is_parsed_again_and_nonsense_is_left_out() {
        for query in
            ["", "q=a+b&expires=soon&used=never&access=write", "expires=never", "used=unused-90&access=read", "used=unused-45"]
        {
            let filters = parsed(query).filters();
            let printed = filters.here();
            assert_eq!(parsed(printed.split_once('?').map_or("", |(_, words)| words)).filters(), filters, "{query}");
        }
        assert_eq!(parsed("expires=x&used=y&access=z&q=%00+%09").filters().here(), TOKENS);
    }

    #[test]
    fn positions_survive_an_address_and_made_up_ones_are_left_out() {
        let position = TokenPosition { at: clock::now(), id: "AbCdEfGhIjKl".into() };
        assert_eq!(unpacked(&packed(&position)), Some(position.clone()));
        assert_eq!(parsed(&format!("before={}", packed(&position))).window(), TokenWindow::Before(position));
        for wrong in
            ["", ".", "x.y", "9223372036854775807.a", "-9223372036854775808.a", "0.a%00", "1.ä", "99999999999999999999.a"]
        {
            assert_eq!(parsed(&format!("after={wrong}")).window(), TokenWindow::First, "{wrong}");
        }
    }

    #[test]
    fn a_secret_does_not_stay_in_the_search() {
        let value = "mstw_0123456789AB_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg36dyQD";
        let filters = parsed(&format!("q={value}")).filters();
        assert_eq!(filters.q, "mstw_0123456789AB");
        assert_eq!(filters.filter().search.token(), Some("0123456789AB"));
    }
}
