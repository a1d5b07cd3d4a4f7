//! The form of a role, and the questions before it is deleted or reset.

use askama::Template;

use super::changes::{ChangeLine, Changes};
use super::matrix::{MatrixCell, MatrixGroup};
use super::{HolderLinks, ROLES};
use crate::web::view::{Field, Hidden, Shell};

/// The form of a role: a new one, a copy, or one that is there.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "roles/role.html")]
pub struct RolePage {
    pub shell: Shell,
    /// The role's name, or what is being made.
    pub title: String,
    /// Where the form goes.
    pub action: String,
    /// The role's UUID and who has it, where it is there already.
    pub existing: Option<(String, HolderLinks)>,
    pub name: Field,
    /// Whether it comes with Muster, and so keeps its name.
    pub predefined: bool,
    /// Whether it cannot be changed at all.
    pub locked: bool,
    /// Whether it can be given by hand, and so be the pattern of another.
    pub copies: bool,
    pub description: Field,
    /// What the role was when the form was drawn.
    pub hidden: Vec<Hidden>,
    pub groups: Vec<MatrixGroup>,
    /// Permissions that gateways asked for of late and a token lacked, each with the day.
    pub wanted: Vec<(MatrixCell, String)>,
    /// Permissions without a box, one in a line.
    pub more: Field,
    pub notices: Vec<String>,
    /// Why it was not saved.
    pub error: Option<String>,
    pub changes: Changes,
    /// Whether somebody asked what changes.
    pub previewed: bool,
}

impl RolePage {
    /// Whether one begins at the name: in a new role, where nothing else asks for attention.
    fn begins(&self) -> bool {
        self.existing.is_none() && !self.previewed && self.more.error.is_none()
    }

    fn list(&self) -> &'static str {
        ROLES
    }
}

/// "Delete this role?", "Reset this role?"
#[derive(Clone, Debug, Default, Template)]
#[template(path = "roles/confirm.html")]
pub struct RoleConfirmPage {
    pub shell: Shell,
    pub role: String,
    /// Whether it is about to be deleted; else its permissions are reset.
    pub deletes: bool,
    pub action: String,
    pub held: HolderLinks,
    /// Those who would be left without a role, the first of them with their addresses.
    pub bereft: Vec<(String, String)>,
    pub bereft_text: String,
    pub bereft_left: String,
    pub is_anybody_bereft: bool,
    pub changes: Changes,
    pub hidden: Vec<Hidden>,
    pub error: Option<String>,
}

impl RoleConfirmPage {
    fn list(&self) -> &'static str {
        ROLES
    }

    fn verb(&self) -> &'static str {
        if self.deletes { "Delete" } else { "Reset" }
    }

    fn lines(&self) -> impl Iterator<Item = (&'static str, &[ChangeLine])> {
        let lists = [("Added", self.changes.added.as_slice()), ("Removed", self.changes.removed.as_slice())];
        lists.into_iter().filter(|(_, lines)| !lines.is_empty())
    }
}
