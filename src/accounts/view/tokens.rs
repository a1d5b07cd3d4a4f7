//! The tokens on their account's page, and the forms that make and regenerate them.

use chrono::{NaiveDateTime, TimeDelta};

use crate::tokens::model::{Expiry, in_words};
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
    /// `30`, `90`, `365`, `never`, `max`, `date`, one ticked; fewer where a maximum lifetime is set.
    pub expires: Vec<Choice>,
    /// What is wrong with the expiry.
    pub expires_error: Option<String>,
    /// `YYYY-MM-DD`, asked for with `date`.
    pub expires_on: Field,
    /// The first and the last day that may be chosen, `YYYY-MM-DD`; empty for no bound.
    pub days: (String, String),
}

impl NewTokenForm {
    /// The form as it first appears, under the identity `id`: read-only, 90 days or the `maximum` where that is shorter.
    pub fn new(maximum: Option<TimeDelta>, now: NaiveDateTime, id: &str) -> Self {
        let mut form = Self { form: id.into(), ..Self::default() };
        let usual = Expiry::usual(maximum);
        let preset = PRESETS.iter().find(|(_, days, _)| usual == Expiry::In(TimeDelta::days(*days)));
        form.choose("read", preset.map_or("max", |(value, ..)| value), maximum, now);
        form
    }

    /// Ticks what was sent.
    pub fn choose(&mut self, access: &str, expires: &str, maximum: Option<TimeDelta>, now: NaiveDateTime) {
        self.access = vec![
            Choice::new("read", "Read-only").about("Reads only: GET, HEAD and OPTIONS").checked(access == "read"),
            Choice::new("write", "Read-write").about("Any method, including POST, PUT and DELETE").checked(access == "write"),
        ];
        let fitting = PRESETS.iter().filter(|(_, days, _)| maximum.is_none_or(|most| TimeDelta::days(*days) <= most));
        let mut choices: Vec<Choice> = fitting.map(|(value, _, name)| Choice::new(*value, *name)).collect();
        match maximum {
            Some(most) if PRESETS.iter().all(|(_, days, _)| TimeDelta::days(*days) != most) => {
                choices.push(Choice::new("max", format!("Maximum ({})", in_words(most))));
            }
            Some(_) => {}
            None => choices.push(Choice::new("never", "Never")),
        }
        if let Some((first, last)) = Expiry::days(now, maximum) {
            choices.push(Choice::new("date", "Custom date"));
            self.days = (first.to_string(), last.to_string());
        }
        self.expires = choices.into_iter().map(|choice| Choice { checked: choice.id == expires, ..choice }).collect();
    }
}

/// What a form sends, how many days that is, and what it is called.
const PRESETS: [(&str, i64, &str); 3] = [("30", 30, "In 30 days"), ("90", 90, "In 90 days"), ("365", 365, "In 1 year")];

/// How long the old value may live on, one ticked: 24 hours. `in_24_hours` is that moment, see [`Moment::until`].
pub fn overlaps(in_24_hours: &Moment) -> Vec<Choice> {
    vec![
        Choice::new("0", "Now").about("If it leaked. Calls with it fail immediately."),
        Choice::new("1h", "In 1 hour"),
        Choice::new("24h", "In 24 hours").about(in_24_hours.exact.clone()).checked(true),
        Choice::new("7d", "In 7 days"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(maximum: Option<TimeDelta>) -> (Vec<String>, String) {
        let now = chrono::NaiveDate::from_ymd_opt(2026, 11, 24).unwrap().and_hms_opt(23, 0, 0).unwrap();
        let form = NewTokenForm::new(maximum, now, "form");
        let ticked = form.expires.iter().find(|choice| choice.checked).unwrap().name.clone();
        // Whatever is offered without a date is accepted as it is.
        for choice in form.expires.iter().filter(|choice| choice.id != "date") {
            assert!(Expiry::parse(&choice.id, "").unwrap().moment(now, maximum).is_ok(), "{maximum:?} {}", choice.name);
        }
        (form.expires.into_iter().map(|choice| choice.name).collect(), ticked)
    }

    #[test]
    fn every_maximum_leaves_a_choice() {
        let (names, ticked) = offered(None);
        assert_eq!(names, ["In 30 days", "In 90 days", "In 1 year", "Never", "Custom date"]);
        assert_eq!(ticked, "In 90 days");
        assert_eq!(offered(Some(TimeDelta::days(365))).0, ["In 30 days", "In 90 days", "In 1 year", "Custom date"]);
        let (names, ticked) = offered(Some(TimeDelta::days(60)));
        assert_eq!((names.len(), ticked.as_str()), (3, "Maximum (60 days)"));
        assert_eq!(offered(Some(TimeDelta::days(30))).1, "In 30 days");
        for (maximum, name) in [
            (TimeDelta::hours(12), "Maximum (12 hours)"),
            (TimeDelta::minutes(30), "Maximum (30 minutes)"),
            (TimeDelta::days(1), "Maximum (1 day)"),
        ] {
            let (names, ticked) = offered(Some(maximum));
            assert_eq!((names[0].as_str(), ticked.as_str()), (name, name));
        }
        // Thirty minutes before eleven at night end on no day.
        assert_eq!(offered(Some(TimeDelta::minutes(30))).0.len(), 1);
    }
}
