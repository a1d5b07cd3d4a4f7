//! The page of one account, with its dialogs.

use super::PlanUsage;
use super::activity::ActivityChart;
use super::list::OwnerMark;
use super::menu::{self, MenuEntry, MenuRights};
use super::sessions::SessionLine;
use super::tokens::TokenSection;
use crate::accounts::actions::AccountState;
use crate::accounts::kind::Screen;
use crate::audit::view::FeedLine;
use crate::web::view::words::joined;
use crate::web::view::{Choice, Contact, Field, Moment, Shell, Tile, UnlistedNames};
use askama::Template;

/// A role at the side of an account's page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleLine {
    /// The role's UUID.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it allows, in a line.
    pub description: String,
}

/// A team at the side of an account's page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TeamCard {
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether the account is one of its administrators.
    pub is_administered: bool,
    /// `11 users` and `3 system accounts`, each with its list where the reader may see that.
    pub members: [Contact; 2],
}

/// An invitation that has not been accepted yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InvitationCard {
    /// How long its link works.
    pub link: Moment,
    /// Who answers for it.
    pub by: Contact,
    /// Why its link is dead before its time; empty where it is not.
    pub why: String,
}

/// A system account that a user owns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnedLine {
    pub href: String,
    pub name: String,
    pub description: String,
    pub tile: Tile,
    pub disabled: bool,
    pub used: Option<Moment>,
}

/// What a user owns, and would leave behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnershipCard {
    /// The first of them.
    pub accounts: Vec<OwnedLine>,
    /// How many there are, after "the": `3 system accounts`, `system account`; `None` where there are none.
    pub owned: Option<String>,
    /// Whether the reader may give them to somebody else.
    pub hands_over: bool,
    /// The list of all.
    pub all: Option<String>,
    /// Teams that nobody else administers.
    pub teams: String,
    /// Whom they have invited, and who has not accepted yet.
    pub invited: String,
}

/// The page of one account, with its dialogs.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "accounts/account.html")]
pub struct AccountPage {
    /// The frame.
    pub shell: Shell,
    pub screen: &'static Screen,
    /// The list that it was opened from, with its filters.
    pub list: String,
    /// Those filters, to be put behind an address: the way back keeps them.
    pub query: String,
    /// UUID.
    pub id: String,
    /// Name.
    pub name: String,
    /// Description; may be empty.
    pub description: String,
    /// Tile.
    pub tile: Tile,
    /// Who answers for it.
    pub owner: Option<OwnerMark>,
    /// What decides which actions make sense.
    pub state: AccountState,
    /// A pending invitation.
    pub invited: Option<InvitationCard>,
    /// Whether everything may be changed (`system_account:manage:*`).
    pub can_manage: bool,
    /// Whether tokens, disabling and enabling are in reach (also `system_account:manage:team`).
    pub can_operate: bool,
    /// What its menu offers.
    pub rights: MenuRights,
    /// Whether a person can do more than the reader, who would handle them otherwise.
    pub can_do_more: bool,
    /// For those who may only look, whom to ask.
    pub ask: Option<Contact>,
    /// Last use of any token; `None` for never.
    pub activity_at: Option<Moment>,
    /// Last call of Muster's own API; `None` for never.
    pub last_login: Option<Moment>,
    /// From which address, for those who manage users.
    pub last_login_from: Option<String>,
    /// Since when a user has the password that they have, for the same.
    pub password_set: Option<Moment>,
    /// Since when use is tracked.
    pub tracked_since: String,
    /// When it was created.
    pub created: Moment,
    /// By whom; empty if unknown.
    pub created_by: Contact,
    /// Its tokens; `None` for those who may not see them.
    pub tokens: Option<TokenSection>,
    /// Calls per day; `None` leaves the section out.
    pub activity: Option<ActivityChart>,
    /// The sessions of a user; `None` for those who may not end them.
    pub sessions: Option<Vec<SessionLine>>,
    /// What a user owns, and would leave behind; `None` for those who may not see it.
    pub belongings: Option<OwnershipCard>,
    /// The address in the form that changes it.
    pub new_email: Field,
    /// What happened to it; empty leaves the section out.
    pub changes: Vec<FeedLine>,
    /// All of them in the audit log, for those who may read it.
    pub all_changes: Option<String>,
    /// Its roles.
    pub roles: Vec<RoleLine>,
    /// Its teams.
    pub teams: Vec<TeamCard>,
    /// Used and limit.
    pub plan: PlanUsage,
    /// All roles, its own ticked, for Edit Roles.
    pub role_choices: Vec<Choice>,
    /// The ids of the roles that it had when the form was first drawn, separated by commas.
    pub roles_shown: String,
    /// What is wrong with the chosen roles.
    pub roles_error: Option<String>,
    /// The first teams and its own, which are ticked, for Edit Teams.
    pub team_choices: Vec<Choice>,
    pub other_teams: UnlistedNames,
    /// The ids of the teams that it belonged to when the form was first drawn, separated by commas.
    pub teams_shown: String,
    /// What is wrong with the chosen teams.
    pub teams_error: Option<String>,
    /// The description that is stored, which the form of Edit name and description was drawn with.
    pub shown_description: String,
    /// Edit name and description: the name.
    pub rename_name: Field,
    /// Edit name and description: the description.
    pub rename_description: Field,
    /// How much a gateway is told of the account with each call, where that is more than some have room for.
    pub large_identity: Option<String>,
    /// The dialog that comes back in error, by its id: `edit-roles`, `edit-teams`, `rename`.
    pub open_dialog: Option<String>,
}

impl AccountPage {
    /// The page's address.
    pub fn url(&self) -> String {
        format!("{}/{}", self.screen.path, self.id)
    }

    /// The system accounts that a person owns, after "the": `3 system accounts`, `system account`.
    pub fn owned(&self) -> Option<&str> {
        self.belongings.as_ref()?.owned.as_deref()
    }

    pub fn owns_one(&self) -> bool {
        self.belongings.as_ref().is_some_and(|own| own.accounts.len() == 1)
    }

    /// The same, where the reader may give them to somebody else.
    pub fn to_hand_over(&self) -> Option<&str> {
        self.owned().filter(|_| self.belongings.as_ref().is_some_and(|own| own.hands_over))
    }

    /// Whether the reader may make a link by which a password is set.
    pub fn takes_link(&self) -> bool {
        self.can_manage && !self.screen.has_tokens() && !self.state.disabled && !self.state.own
    }

    /// Whether there is a session besides the reader's own.
    pub fn has_other_sessions(&self) -> bool {
        self.sessions.iter().flatten().any(|session| !session.current)
    }

    /// What comes back with a user who is enabled: `1 unexpired token works again: laptop`; empty for nothing.
    pub fn living_tokens(&self) -> String {
        let living: Vec<String> = self
            .tokens
            .iter()
            .flat_map(|tokens| &tokens.rows)
            .filter(|token| !token.expired)
            .map(|token| token.name.clone())
            .collect();
        match living.len() {
            0 => String::new(),
            1 => format!("1 unexpired token works again: {}", living[0]),
            n => format!("{n} unexpired tokens work again: {}", joined(&living, "and")),
        }
    }

    /// What its menu offers.
    pub fn menu(&self) -> Vec<MenuEntry> {
        menu::of_one(self.screen.kind, self.state, self.rights)
    }

    /// Whether the dialog of that id comes back in error.
    pub fn opens(&self, dialog: &str) -> bool {
        self.open_dialog.as_deref() == Some(dialog)
    }
}
