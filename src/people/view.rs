//! The pages of people, as plain data for their templates.

use std::fmt;

use askama::Template;

use crate::accounts::kind::USERS;
use crate::accounts::model::{Kind, Right};
use crate::accounts::view::PlanUsage;
use crate::auth::principal::Principal;
use crate::people::operations::INVITE;
use crate::web::navigation::{Item, NavigationGroup};
use crate::web::view::pagination::Pagination;
use crate::web::view::{Choice, Field, Head, Moment, Shell, Tile, UnlistedNames};

/// The invitations that one has sent oneself.
pub const INVITATIONS: &str = "/settings/invitations";

/// For those who may invite, but may not see the list of users.
pub const INVITATIONS_ITEM: Item = Item {
    label: "Invitations",
    href: INVITATIONS,
    icon: "user",
    group: NavigationGroup::Organisation,
    any_of: &[INVITE],
    unless: Some("user:read:*"),
    count: None,
};

/// The list on which somebody finds those whom they invite: its label and address.
pub fn list_of(actor: &Principal) -> (&'static str, &'static str) {
    let sees_users = actor.may(Kind::User.permission(Right::Read));
    if sees_users { (USERS.title, USERS.path) } else { (INVITATIONS_ITEM.label, INVITATIONS) }
}

/// A pending invitation of the reader's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InvitationRow {
    pub id: String,
    pub name: String,
    pub email: String,
    pub tile: Tile,
    /// How long its link still works.
    pub link: Moment,
    /// Whether a new link can be made, and the invitation cancelled.
    pub handled: bool,
}

/// The pending invitations that the reader has sent.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "people/invitations.html")]
pub struct InvitationsPage {
    pub shell: Shell,
    pub rows: Vec<InvitationRow>,
    pub seats: PlanUsage,
    pub pagination: Pagination,
}

/// A line that has to be changed before anybody is invited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WrongLine {
    pub number: usize,
    pub text: String,
    /// What is wrong; after the user's name, where there is one.
    pub message: String,
    /// The user who has the address: name and page.
    pub user: Option<(String, String)>,
    /// The disabled user who can be enabled again instead.
    pub enable: Option<String>,
}

/// The form that invites people.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "people/invite.html")]
pub struct InvitePage {
    pub shell: Shell,
    /// The form's own identity: sent twice, it invites once.
    pub form: String,
    /// The lines that are fine, or have not been looked at.
    pub addresses: String,
    /// What is wrong with all of them: none, too many.
    pub addresses_error: Option<String>,
    pub wrong: Vec<WrongLine>,
    /// How many lines there are altogether.
    pub lines: usize,
    /// Disabled users who are to be enabled again: their lines are fine.
    pub enable: Vec<String>,
    pub roles: Vec<Choice>,
    pub roles_error: Option<String>,
    pub teams: Vec<Choice>,
    pub other_teams: UnlistedNames,
    pub teams_error: Option<String>,
    /// Whether it has to be said a second time that they are to be administrators, and what that means.
    pub asks_administrator: bool,
    pub consequence: &'static str,
    pub seats: PlanUsage,
    /// The list that it belongs to: label and address.
    pub list: (&'static str, &'static str),
    /// Why the whole was refused, such as that no seat is left.
    pub error: Option<String>,
}

/// A link that is shown once, and for whom it is.
#[derive(Clone, Default)]
pub struct LinkRow {
    pub name: String,
    /// The second line: the address, or that the name is asked for.
    pub about: String,
    pub email: String,
    pub tile: Tile,
    /// The secret.
    pub link: String,
}

/// Shows new links, once.
#[derive(Clone, Default, Template)]
#[template(path = "people/links.html")]
pub struct LinksPage {
    pub shell: Shell,
    /// Whether they are of invitations; else the one link is for a new password.
    pub invites: bool,
    /// None if they have been shown.
    pub rows: Vec<LinkRow>,
    pub until: Moment,
    /// What the invited are given: `Role User, team Mobile`.
    pub given: String,
    /// The names of users who were enabled again, who need no link.
    pub enabled: Vec<String>,
    /// The URL that the links begin with, where no public URL is set.
    pub without_public_url: Option<String>,
    /// Where "Done" leads.
    pub next: String,
    /// The list that it belongs to: label and address.
    pub list: (&'static str, &'static str),
}

impl LinksPage {
    pub fn title(&self) -> String {
        match self.rows.len() {
            0 => "Links are shown once".to_owned(),
            1 => "Send this link".to_owned(),
            n => format!("Send these {n} links"),
        }
    }

    /// All of them, a line each, for a mail merge or a note.
    pub fn as_text(&self) -> String {
        self.rows.iter().map(|row| format!("{}  {}", row.email, row.link)).collect::<Vec<_>>().join("\n")
    }
}

/// Without the links, so that they can't reach a log.
impl fmt::Debug for LinksPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinksPage").field("rows", &self.rows.len()).finish_non_exhaustive()
    }
}

/// Sets a password by a link.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "people/set_password.html")]
pub struct SetPasswordPage {
    pub head: Head,
    /// The form's address.
    pub action: String,
    /// An error about the whole form.
    pub error: Option<String>,
    /// Whether the link is of an invitation.
    pub invites: bool,
    /// The name, where it is known; else it is asked for.
    pub known_name: Option<String>,
    pub name: Field,
    pub email: String,
    pub password: Field,
    pub password_again: Field,
    pub min_length: u32,
}
