//! The tokens on their account's page, and the forms that make and regenerate them.

use crate::web::view::{Choice, Field, Moment};

/// The last accepted use of a token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenUse {
    /// When.
    pub at: Moment,
    /// The address it came from; empty if unknown.
    pub from: String,
    /// The program that made the call; empty if unknown.
    pub agent: String,
}

/// The value that a regenerated token replaced and that still lives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OldValue {
    /// How it begins: `mstw_` and the public id, see [`Token::begins_with`](crate::tokens::model::Token::begins_with).
    pub begins: String,
    /// Until when it works.
    pub until: Moment,
    /// Its last use since; `None` for none.
    pub last_used: Option<TokenUse>,
    /// Where "Finish now" posts to: `…/tokens/{token}/finish`.
    pub finish: String,
}

/// One token on its account's page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenRow {
    /// The token's id, as in its addresses; also makes the ids of its dialogs.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Read-write, otherwise read-only.
    pub writes: bool,
    /// How it begins, see [`Token::begins_with`](crate::tokens::model::Token::begins_with).
    pub begins: String,
    /// When it was made, see [`Moment::made`].
    pub created: Moment,
    /// Who made it; empty if unknown.
    pub created_by: String,
    /// When it expires or did, see [`Moment::expiry_fact`]; `None` for never.
    pub expires: Option<Moment>,
    /// `Expires in 6 days` or `Expired`, see [`Moment::expiry_badge`].
    pub badge: Option<Moment>,
    /// Whether it has expired: no Regenerate, and "Remove" in place of "Revoke".
    pub expired: bool,
    /// Its last use; `None` for never.
    pub last_used: Option<TokenUse>,
    /// The value it replaced, while that still lives.
    pub old: Option<OldValue>,
}

/// What the form for a new token shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewTokenForm {
    /// The form's own identity: sent twice, it makes one token.
    pub form: String,
    /// Its name.
    pub name: Field,
    /// `read` and `write`, one ticked; see [`NewTokenForm::new`].
    pub access: Vec<Choice>,
    /// What is wrong with the access.
    pub access_error: Option<String>,
    /// `30`, `90`, `365`, `never`, `date`, one ticked; fewer where a maximum lifetime is set.
    pub expires: Vec<Choice>,
    /// What is wrong with the expiry.
    pub expires_error: Option<String>,
    /// `YYYY-MM-DD`, asked for with `date`.
    pub expires_on: Field,
    /// The first and the last day that may be chosen, `YYYY-MM-DD`; empty for no bound.
    pub days: (String, String),
}

impl NewTokenForm {
    /// The form as it first appears, under the identity `id`: read-only, 90 days or the nearest below; `max_days` is the
    /// installation's maximum lifetime.
    pub fn new(max_days: Option<u32>, id: &str) -> Self {
        let mut form = Self { form: id.into(), ..Self::default() };
        form.choose("read", if max_days.is_some_and(|most| most < 90) { "30" } else { "90" }, max_days);
        form
    }

    /// Ticks what was sent.
    pub fn choose(&mut self, access: &str, expires: &str, max_days: Option<u32>) {
        self.access = vec![
            Choice::new("read", "Read-only").about("Downloads contracts and results").checked(access == "read"),
            Choice::new("write", "Read-write").about("Publishes contracts, results and releases").checked(access == "write"),
        ];
        let fits = |days: u32| max_days.is_none_or(|most| days <= most);
        let all = [
            ("30", "In 30 days", fits(30)),
            ("90", "In 90 days", fits(90)),
            ("365", "In a year", fits(365)),
            ("never", "Never", max_days.is_none()),
            ("date", "On a date", true),
        ];
        let open = all.into_iter().filter(|(_, _, open)| *open);
        self.expires = open.map(|(value, name, _)| Choice::new(value, name).checked(value == expires)).collect();
    }
}

/// How long the old value may live on, one ticked: 24 hours. `in_24_hours` is that moment, see [`Moment::until`].
pub fn overlaps(in_24_hours: &Moment) -> Vec<Choice> {
    vec![
        Choice::new("0", "Now").about("If it leaked. Calls with it get 401 from here on"),
        Choice::new("1h", "In 1 hour"),
        Choice::new("24h", "In 24 hours").about(in_24_hours.exact.clone()).checked(true),
        Choice::new("7d", "In 7 days"),
    ]
}
