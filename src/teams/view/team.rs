//! The pages of one team.

use askama::Template;

use crate::audit::view::FeedLine;
use crate::web::view::pagination::Pagination;
use crate::web::view::{Field, Moment, Shell, Tile};

/// One team.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "teams/team.html")]
pub struct TeamPage {
    pub shell: Shell,
    pub id: String,
    /// Its address.
    pub url: String,
    /// What keeps the list's filters, behind an address below it.
    pub kept: String,
    /// The list that it was opened from.
    pub list: String,
    pub name: String,
    /// How many members it has, by kind: "11 users and 4 system accounts".
    pub sizes: String,
    pub created: Moment,
    /// What was last done to it, and the log's page of it, for those who may read the log.
    pub changes: Vec<FeedLine>,
    pub all_changes: Option<String>,
    /// The members that the reader may see, by kind.
    pub sections: Vec<MemberSection>,
    pub administrators: Vec<PersonLine>,
    /// How many administrators the reader may not see.
    pub unseen: String,
    /// Whether the reader may rename it and choose its members.
    pub may_manage: bool,
    /// Whether they may also choose its administrators, and delete it.
    pub may_manage_all: bool,
    /// Whether the reader manages it as one of its administrators only.
    pub delegated: bool,
    pub rename: Field,
    pub applications: Vec<String>,
    /// The applications as the dialog has them, one per line.
    pub edited: Field,
    /// What that form was drawn with.
    pub applications_shown: String,
}

/// The members of one kind.
#[derive(Clone, Debug, Default)]
pub struct MemberSection {
    /// `users`, `accounts`: its anchor, and the word of its page in the address.
    pub word: &'static str,
    pub title: &'static str,
    /// The list of this kind with the team as its filter, where the reader may see that list.
    pub list: Option<String>,
    /// Where the ticked ones are selected in that list, for who may give and take their roles.
    pub select: Option<String>,
    pub rows: Vec<PersonLine>,
    pub pagination: Pagination,
}

/// An account of a team.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonLine {
    pub id: String,
    pub name: String,
    /// Its page, where the reader may see it.
    pub href: Option<String>,
    pub tile: Tile,
    /// E-mail address or description.
    pub about: String,
    pub disabled: bool,
    pub administrator: bool,
    /// Whether the reader may take the administration from them.
    pub removable: bool,
}

/// Finding accounts to add.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "teams/add.html")]
pub struct AddPage {
    pub shell: Shell,
    pub url: String,
    pub kept: String,
    pub list: String,
    pub name: String,
    pub search: String,
    /// What was ticked before, and what was found.
    pub groups: Vec<CandidateList>,
    pub has_found: bool,
    /// Whether the reader may see users or system accounts at all.
    pub sees_some: bool,
    pub may_manage_all: bool,
    pub error: Option<String>,
}

/// What was found of one kind.
#[derive(Clone, Debug, Default)]
pub struct CandidateList {
    pub title: &'static str,
    pub rows: Vec<MemberCandidate>,
    /// Whether there are more than are shown.
    pub more: bool,
}

/// An account that can be added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberCandidate {
    pub person: PersonLine,
    pub member: bool,
    pub checked: bool,
}

/// The question before a team is deleted.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "teams/delete.html")]
pub struct DeletePage {
    pub shell: Shell,
    pub url: String,
    pub kept: String,
    pub list: String,
    pub name: String,
    /// `3 users and 2 system accounts`; empty for none.
    pub members: String,
    pub losses: Vec<Loss>,
    /// Members that are in no other team, and lose what their roles allow for a team.
    pub is_anybody_alone: bool,
    pub alone: Vec<String>,
    /// Whether there are more of them than are named.
    pub more: bool,
    /// Who administers it, in words.
    pub administrators: String,
    /// Why it cannot be deleted.
    pub refused: Option<String>,
}

/// What the holders of a role lose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loss {
    pub role: String,
    pub members: String,
    /// How many of them are in no other team; `None` for nobody.
    pub alone: Option<String>,
    pub permissions: Vec<String>,
}
