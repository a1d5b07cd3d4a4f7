//! The tokens on their account's page, and the forms that make and regenerate them.

use chrono::{NaiveDateTime, TimeDelta};

use crate::error::FieldError;
use crate::tokens::model::{Expiry, ListedToken, Overlap, Token, in_words};
use crate::tokens::value::Access;
use crate::web::view::{Choice, Field, Moment};

/// The tokens of somebody, with the dialogs that make, regenerate and end them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenSection {
    /// What their addresses begin with: `/settings/system-accounts/{id}/tokens`.
    pub path: String,
    /// What they end with: the filters of the list that the page was opened from.
    pub query: String,
    /// The page that the section is on.
    pub page: String,
    /// Whose they are; `None` for one's own.
    pub holder: Option<String>,
    pub rows: Vec<TokenRow>,
    /// Since when use is tracked.
    pub tracked_since: String,
    /// The form for a new one; `None` for those who may not create any.
    pub new: Option<NewTokenForm>,
    /// Why none can be made at the moment.
    pub creation_stopped: Option<String>,
    /// What is wrong with the chosen overlap.
    pub overlap_error: Option<String>,
    /// Their events in the audit log, for those who may read it.
    pub all_changes: Option<String>,
    /// The dialog that comes back in error, by its id: `new-token`, `regenerate-{token}`.
    pub open_dialog: String,
}

impl TokenSection {
    /// Whether the dialog of that kind, for that token, comes back in error.
    pub fn opens(&self, kind: &str, token: &str) -> bool {
        self.open_dialog.strip_prefix(kind).is_some_and(|rest| rest.strip_prefix('-').unwrap_or(rest) == token)
    }

    /// Opens the form for a new token with what was sent and what is wrong with it.
    pub fn refuse_new(&mut self, sent: &SentToken<'_>, wrong: Vec<FieldError>, maximum: Option<TimeDelta>, now: NaiveDateTime) {
        self.open_dialog = "new-token".into();
        let Some(new) = &mut self.new else { return };
        new.choose(sent.access, sent.expires, maximum, now);
        new.name = Field::new(sent.name);
        new.expires_on = Field::new(sent.expires_on);
        for wrong in wrong {
            match wrong.field {
                "access" => new.access_error = Some(wrong.message),
                "expires" => new.expires_error = Some(wrong.message),
                "expires_on" => new.expires_on.error = Some(wrong.message),
                _ => new.name.error = Some(wrong.message),
            }
        }
    }

    /// Opens the dialog of Regenerate: no overlap was chosen.
    pub fn refuse_overlap(&mut self, token: &str) {
        self.open_dialog = format!("regenerate-{token}");
        self.overlap_error = Some("Choose when the old value stops.".into());
    }
}

/// What a form for a new token held.
#[derive(Debug, Clone, Copy)]
pub struct SentToken<'a> {
    pub name: &'a str,
    pub access: &'a str,
    pub expires: &'a str,
    pub expires_on: &'a str,
}

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
    /// Whether the reader may have a new value of it, and whether they may end it.
    pub can_renew: bool,
    pub can_end: bool,
    /// How long its value may live on when it is regenerated.
    pub overlaps: Vec<Choice>,
    /// Its last use; `None` for never.
    pub last_used: Option<TokenUse>,
    /// The value it replaced, while that still lives.
    pub old: Option<OldValue>,
}

impl TokenRow {
    /// A token in the section whose addresses begin with `path`.
    pub fn new(listed: &ListedToken, path: &str, now: NaiveDateTime) -> Self {
        let token = &listed.token;
        Self {
            id: token.id.clone(),
            name: token.name.clone(),
            writes: token.access == Access::Write,
            begins: token.begins_with(),
            created: Moment::made(token.created_at, now),
            created_by: token.created_by_name.clone(),
            expires: token.expires_at.map(|at| Moment::expiry_fact(at, now)),
            badge: token.expires_at.and_then(|at| Moment::expiry_badge(at, now)),
            expired: token.is_expired(now),
            can_renew: false,
            can_end: false,
            overlaps: overlaps(token.expires_at, now),
            last_used: TokenUse::last(token, now),
            old: listed.predecessor.as_ref().map(|old| OldValue {
                begins: old.begins_with(),
                until: old.expires_at.map(|at| Moment::until(at, now)).unwrap_or_default(),
                last_used: TokenUse::last(old, now),
                finish: format!("{path}/{}/finish", token.id),
            }),
        }
    }
}

impl TokenUse {
    pub fn last(token: &Token, now: NaiveDateTime) -> Option<Self> {
        token.last_used_at.map(|at| Self {
            at: Moment::ago(at, now),
            from: token.last_used_from.clone().unwrap_or_default(),
            agent: token.last_used_agent.clone().unwrap_or_default(),
        })
    }
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
    /// Whether the reader may have read-only ones and no others.
    pub only_read: bool,
    /// Whether it is for the reader's own token.
    pub personal: bool,
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

    /// The form for a token of one's own, of which `only_read` may be had.
    pub fn personal(maximum: Option<TimeDelta>, now: NaiveDateTime, id: &str, only_read: bool) -> Self {
        let mut form = Self { personal: true, only_read, ..Self::new(maximum, now, id) };
        let expires = form.expires.iter().find(|choice| choice.checked).map(|choice| choice.id.clone()).unwrap_or_default();
        form.choose("read", &expires, maximum, now);
        form
    }

    /// A name as one might choose it.
    pub fn example(&self) -> &'static str {
        if self.personal { "laptop" } else { "release pipeline" }
    }

    /// Ticks what was sent.
    pub fn choose(&mut self, access: &str, expires: &str, maximum: Option<TimeDelta>, now: NaiveDateTime) {
        let read = Choice::new("read", "Read-only").about("Reads only: GET, HEAD and OPTIONS").checked(access == "read");
        let write = Choice::new("write", "Read-write").checked(access == "write" && !self.only_read);
        let about = if self.only_read { "Your roles don't include it" } else { "Any method, including POST, PUT and DELETE" };
        self.access = vec![read, Choice { disabled: self.only_read, ..write.about(about) }];
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

/// How long the old value of a token may live on: 24 hours are ticked. Of what would outlive the token's own expiry, that
/// expiry is the only one.
fn overlaps(expires: Option<NaiveDateTime>, now: NaiveDateTime) -> Vec<Choice> {
    let mut choices = Vec::new();
    for (overlap, name) in
        [(Overlap::Now, "Now"), (Overlap::Hour, "In 1 hour"), (Overlap::Day, "In 24 hours"), (Overlap::Week, "In 7 days")]
    {
        let end = now + overlap.length();
        let own = expires.filter(|own| *own < end);
        let about = match (overlap, own) {
            (Overlap::Now, _) => "If it leaked. Calls with it fail immediately.".to_owned(),
            (_, Some(own)) => Moment::until(own, now).exact(),
            (Overlap::Day, None) => Moment::until(end, now).exact(),
            _ => String::new(),
        };
        let name = if own.is_some() { "When it expires" } else { name };
        choices.push(Choice::new(overlap.as_str(), name).about(about));
        if own.is_some() {
            break;
        }
    }
    let ticked = choices.len().min(3) - 1;
    choices[ticked].checked = true;
    choices
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
