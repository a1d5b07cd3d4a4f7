//! What the menus and the bar above a list offer, out of the list of verbs.

use crate::accounts::actions::{AccountState, ActionParams, Offer, VERBS, Verb};
use crate::accounts::model::{Kind, Right};
use crate::web::view::Choice;

/// An entry of a menu or the bar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MenuEntry {
    /// The form's word.
    pub word: &'static str,
    pub label: &'static str,
    pub icon: &'static str,
    /// The end of the address below an account.
    pub resource: &'static str,
    /// Whether a page asks first.
    pub asks: bool,
    /// Whether it cannot be taken back.
    pub is_final: bool,
    /// Whether it opens a list of roles.
    pub picks: bool,
    /// Whether another group begins with it.
    pub divides: bool,
    /// Whether it stands behind "…", however much room there is.
    pub is_rare: bool,
}

impl MenuEntry {
    /// Whether a phone shows it beside the selection; all others are behind "…".
    pub fn is_in_reach(&self) -> bool {
        matches!(self.word, "add_role" | "disable")
    }

    /// The class of its place among all of them.
    pub fn wide_class(&self) -> &'static str {
        match self {
            _ if self.is_in_reach() => "wide-only",
            _ if self.is_rare => "narrow-only",
            _ => "",
        }
    }
}

/// What the reader may do: what nobody lets them do is not offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MenuRights {
    /// Everywhere, and not in their own teams alone.
    pub everywhere: bool,
    pub administers: bool,
}

impl MenuRights {
    fn cover(self, verb: &dyn Verb) -> bool {
        (self.everywhere || verb.right() == Right::ManageTeam) && (self.administers || !verb.is_for_administrators())
    }
}

fn entries(kind: Kind, verbs: impl Iterator<Item = &'static dyn Verb>) -> Vec<MenuEntry> {
    let mut before = None;
    let entry = |verb: &'static dyn Verb| MenuEntry {
        word: verb.word(),
        label: verb.label(),
        icon: verb.icon(),
        resource: verb.resource(),
        asks: verb.asks(kind, &ActionParams::default()).is_some(),
        is_final: verb.is_final(),
        picks: matches!(verb.offer(), Offer::Picker { .. }),
        is_rare: verb.is_rare(),
        divides: before.replace(verb.group()).is_some_and(|group| group != verb.group()),
    };
    verbs.filter(|verb| verb.is_for(kind)).map(entry).collect()
}

/// The menu of one account.
pub fn of_one(kind: Kind, state: AccountState, rights: MenuRights) -> Vec<MenuEntry> {
    entries(kind, VERBS.into_iter().filter(|verb| verb.offer() == Offer::Button && verb.fits(state) && rights.cover(*verb)))
}

/// The menu that the script opens for any account: each entry with the states that it fits, see [`code`].
pub fn of_any(kind: Kind, rights: MenuRights) -> Vec<(MenuEntry, String)> {
    let fitting =
        |verb: &'static dyn Verb| STATES.filter(|at| verb.fits(state(*at))).map(|at| at.to_string()).collect::<Vec<_>>();
    let offered = move |verb: &&dyn Verb| verb.offer() == Offer::Button && verb.is_for(kind) && rights.cover(*verb);
    let verbs = || VERBS.into_iter().filter(offered);
    entries(kind, verbs()).into_iter().zip(verbs().map(|verb| fitting(verb).join(" "))).collect()
}

/// The states in which a user can be given a link for a new password, or a new link of an invitation.
pub fn of_links(invited: bool) -> String {
    let fits = |state: AccountState| state.invited == invited && !state.disabled && !state.own;
    STATES.filter(|at| fits(state(*at))).map(|at| at.to_string()).collect::<Vec<_>>().join(" ")
}

/// The states that an account may be in, as numbers.
const STATES: std::ops::Range<u8> = 0..16;

fn state(code: u8) -> AccountState {
    AccountState { disabled: code & 1 > 0, administrator: code & 2 > 0, own: code & 4 > 0, invited: code & 8 > 0 }
}

/// The state of an account as its row says it to the menu.
pub fn code(state: AccountState) -> u8 {
    let flags = [state.disabled, state.administrator, state.own, state.invited];
    flags.iter().rev().fold(0, |code, flag| code << 1 | u8::from(*flag))
}

/// The bar for several.
pub fn of_several(kind: Kind, rights: MenuRights) -> Vec<MenuEntry> {
    entries(kind, VERBS.into_iter().filter(|verb| verb.offer() != Offer::Dialog && rights.cover(*verb)))
}

/// A verb's list of roles to choose from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picker {
    pub word: &'static str,
    pub label: &'static str,
    /// The form's field, and the word before the number of accounts.
    pub field: &'static str,
    pub joint: &'static str,
    pub roles: Vec<Choice>,
}

/// The pickers of the verbs that have one; `choices` are the roles that can be given, or taken.
pub fn pickers(choices: impl Fn(bool) -> Vec<Choice>) -> Vec<Picker> {
    let picker = |verb: &'static dyn Verb| match verb.offer() {
        Offer::Picker { field, joint, gives } => {
            Some(Picker { word: verb.word(), label: verb.label(), field, joint, roles: choices(gives) })
        }
        Offer::Button | Offer::Dialog => None,
    };
    VERBS.into_iter().filter_map(picker).collect()
}
