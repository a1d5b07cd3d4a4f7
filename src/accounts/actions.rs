//! The verbs of accounts, one file each: what a verb says, what it takes, and what it does. Menus, the bar above a list,
//! confirmations, forms and the API's `action` come from the list below; one more verb is one more file and one more line.
//!
//! A verb writes events; an [`Effect`] knows how one kind of event is carried out, which rules it keeps, and what takes it
//! back. Undo writes opposite events and carries those out, so it needs no code of its own.

use serde::{Deserialize, Serialize};

use super::model::{Kind, Right};
use super::operations::rules::Rule;
use super::queries::changes::Reversal;
use super::queries::selection::Target;
use crate::audit::Change;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;

pub mod add_role;
pub mod delete;
pub mod disable;
pub mod edit_roles;
pub mod edit_teams;
pub mod enable;
pub mod make_administrator;
pub mod remove_administrator;
pub mod remove_role;
pub mod set_owner;

/// Every verb, in the order of the bar above a list.
pub static VERBS: [&dyn Verb; 10] = [
    &add_role::AddRole,
    &remove_role::RemoveRole,
    &edit_roles::EditRoles,
    &edit_teams::EditTeams,
    &set_owner::SetOwner,
    &make_administrator::MakeAdministrator,
    &remove_administrator::RemoveAdministrator,
    &disable::Disable,
    &enable::Enable,
    &delete::Delete,
];

/// How each kind of event is carried out.
static EFFECTS: [&Effect; 8] = [
    &disable::DISABLED,
    &enable::ENABLED,
    &delete::DELETED,
    &add_role::ROLE_ADDED,
    &remove_role::ROLE_REMOVED,
    &edit_teams::TEAM_ADDED,
    &edit_teams::TEAM_REMOVED,
    &set_owner::OWNER_CHANGED,
];

/// What a verb is told besides the accounts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionParams {
    /// Roles, or teams, that are chosen.
    pub chosen: Vec<Id>,
    /// What the account had when the form was drawn, if the form says so. What others have given or taken since stays so,
    /// unless the form changes the very same thing.
    pub shown: Option<Vec<Id>>,
    /// The permissions that the actor loses, where the account is their own: they are asked first.
    #[serde(default)]
    pub losses: Vec<String>,
}

impl ActionParams {
    /// To have these and no others.
    pub fn exactly(chosen: impl Into<Vec<Id>>) -> Self {
        Self { chosen: chosen.into(), ..Self::default() }
    }
}

/// How a verb stands in a list's menus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// Among the buttons for several and in the menu of one.
    Button,
    /// Among the buttons for several, as a list of roles to choose from.
    Picker {
        field: &'static str,
        joint: &'static str,
        /// Whether they are given, and not taken.
        gives: bool,
    },
    /// On the account's own page.
    Dialog,
}

/// What is known of an account when its menu is drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AccountState {
    pub disabled: bool,
    pub administrator: bool,
    /// Whether it is the account that the reader is signed in with.
    pub own: bool,
    /// Whether it is of somebody who was invited and has not signed in yet.
    pub invited: bool,
}

/// What is asked before a verb is carried out. `{whom}` stands for the account's name, or the number of accounts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ask {
    /// The question about one account, and about several.
    pub question: (&'static str, &'static str),
    pub consequence: (&'static str, &'static str),
    pub button: &'static str,
    pub typed: Typed,
}

/// What has to be typed where a verb asks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Typed {
    #[default]
    Nothing,
    /// The name of one, the number of several.
    Confirmation,
    /// A user, by name or e-mail.
    User,
}

/// How it is said that nothing had to be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unchanged {
    /// What the one that was left alone "was", after its name.
    pub one: &'static str,
    /// The same of several, after their number.
    pub several: &'static str,
    /// Nothing was changed, of one account.
    pub only: &'static str,
    /// Nothing was changed, of several.
    pub all: &'static str,
}

/// Something to do to accounts.
pub trait Verb: Sync {
    /// Its word in forms and in the API.
    fn word(&self) -> &'static str;
    /// What its button says.
    fn label(&self) -> &'static str;
    /// The end of its address below an account.
    fn resource(&self) -> &'static str;
    fn icon(&self) -> &'static str;
    fn right(&self) -> Right {
        Right::Manage
    }
    /// Whether it cannot be taken back.
    fn is_final(&self) -> bool {
        false
    }
    /// Whether only administrators may do it.
    fn is_for_administrators(&self) -> bool {
        false
    }
    /// Whether it is one for accounts of this kind.
    fn is_for(&self, _kind: Kind) -> bool {
        true
    }
    /// Whether the bar has it behind "…", however much room there is.
    fn is_rare(&self) -> bool {
        false
    }
    /// Those of one group stand together.
    fn group(&self) -> u8 {
        2
    }
    fn offer(&self) -> Offer {
        Offer::Button
    }
    /// Whether it makes sense for an account in that state.
    fn fits(&self, _state: AccountState) -> bool {
        true
    }
    /// What is asked first, if anything.
    fn asks(&self, _kind: Kind, _params: &ActionParams) -> Option<Ask> {
        None
    }
    /// Takes in what was typed where it asked.
    fn fill_in(&self, _conn: &mut DbConnection, _params: &mut ActionParams, _typed: &str) -> Result<(), Error> {
        Ok(())
    }
    /// The roles that it gives: who may not give them is not asked whether they mean it.
    fn gives(&self, _params: &ActionParams) -> Vec<Id> {
        Vec::new()
    }
    /// What the question shows of accounts besides who they are. An answer holds for just that.
    fn shows(&self, _conn: &mut DbConnection, _kind: Kind, _target: &Target) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }
    /// What is said where others have changed that.
    fn stale(&self) -> &'static str {
        ""
    }
    /// Writes the events of what is to change, and says how many there are.
    fn events(&self, conn: &mut DbConnection, change: &Change, target: &Target, params: &ActionParams) -> Result<i64, Error>;
    /// What is said when it is done, of one account and of several, where the events' own words do not do.
    fn done(&self) -> Option<(&'static str, &'static str)> {
        None
    }
    fn unchanged(&self) -> Unchanged;
}

/// The verb of that word, for accounts of a kind.
pub fn named(word: &str, kind: Kind) -> Option<&'static dyn Verb> {
    VERBS.iter().copied().find(|verb| verb.word() == word && verb.is_for(kind))
}

/// The verb at the end of an account's address.
pub fn at(resource: &str) -> Option<&'static dyn Verb> {
    VERBS.iter().copied().find(|verb| verb.resource() == resource)
}

/// How one kind of audit event is carried out.
pub struct Effect {
    /// Its word in the audit log, and what takes it back.
    pub event: &'static str,
    pub reversal: Option<Reversal>,
    /// What is said of it, and of its being undone: `{names}` are the roles or teams.
    pub done: &'static str,
    pub undone: &'static str,
    /// Whether `manage:team` is enough in one's own teams.
    pub in_own_teams: bool,
    pub before: fn(&mut DbConnection, &Rule<'_>) -> Result<(), Error>,
    pub carry_out: fn(&mut DbConnection, &Change, Kind, i64) -> Result<(), Error>,
    pub after: fn(&mut DbConnection, &Rule<'_>) -> Result<(), Error>,
}

/// For effects that need no rule there.
fn no_rule(_: &mut DbConnection, _: &Rule<'_>) -> Result<(), Error> {
    Ok(())
}

impl Effect {
    /// The effect of an event.
    pub fn of(event: &str) -> Result<&'static Self, Error> {
        let found = EFFECTS.iter().find(|effect| effect.event == event);
        found.copied().ok_or_else(|| Error::Internal(format!("no way to carry out {event}")))
    }

    /// What takes back what, of everything that can be taken back.
    pub fn reversals() -> Vec<Reversal> {
        EFFECTS.iter().filter_map(|effect| effect.reversal).collect()
    }
}

/// A verb with what it is told, for accounts of a kind.
#[derive(Clone)]
pub struct Action {
    pub verb: &'static dyn Verb,
    pub kind: Kind,
    pub params: ActionParams,
}

impl Action {
    pub fn new(verb: &'static dyn Verb, kind: Kind) -> Self {
        Self { verb, kind, params: ActionParams::default() }
    }

    pub fn with(verb: &'static dyn Verb, kind: Kind, chosen: impl Into<Vec<Id>>) -> Self {
        Self { verb, kind, params: ActionParams::exactly(chosen) }
    }

    /// What is asked before it is carried out.
    pub fn asks(&self) -> Option<Ask> {
        let of_own = || (!self.params.losses.is_empty()).then(|| self.of_own());
        self.verb.asks(self.kind, &self.params).or_else(of_own)
    }

    fn of_own(&self) -> Ask {
        let question = "Give up permissions of your own?";
        let consequence =
            "You'll lose these permissions and can't give them back to yourself. Another administrator would have to.";
        Ask {
            question: (question, question),
            consequence: (consequence, consequence),
            // The names of edits say nothing of a loss.
            button: if self.verb.offer() == Offer::Dialog { "Give up permissions" } else { self.verb.label() },
            typed: Typed::Nothing,
        }
    }

    /// What has to be typed then.
    pub fn typed(&self) -> Typed {
        self.asks().map(|ask| ask.typed).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_has_words_of_its_own() {
        for (at, verb) in VERBS.iter().enumerate() {
            for other in &VERBS[at + 1..] {
                assert_ne!((verb.word(), verb.label()), (other.word(), other.label()));
                assert_ne!(verb.resource(), other.resource());
            }
            assert!(named(verb.word(), Kind::System).is_some() && super::at(verb.resource()).is_some());
        }
    }

    #[test]
    fn what_takes_something_back_can_itself_be_taken_back() {
        for reversal in Effect::reversals() {
            let back = Effect::of(reversal.by).unwrap().reversal.unwrap();
            assert_eq!((back.event, back.by, back.of), (reversal.by, reversal.event, reversal.of));
        }
    }
}
