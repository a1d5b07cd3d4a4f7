//! What a role's form sends, and how the form is drawn again.

use chrono::NaiveDateTime;
use serde::Deserialize;

use crate::auth::principal::Principal;
use crate::error::{Error, FieldError};
use crate::roles::model::Role;
use crate::roles::operations::{RoleDraft, RoleEdit};
use crate::roles::permission::Permission;
use crate::roles::view::editor::RolePage;
use crate::roles::view::matrix;
use crate::web::view::{Field, Hidden, moment};

/// The fields of the form.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RoleForm {
    name: String,
    description: String,
    /// The boxes that are ticked.
    permission: Vec<String>,
    /// Other permissions, one in a line.
    more: String,
    was_name: String,
    was_description: String,
    was: String,
    #[serde(rename = "do")]
    act: String,
}

fn lines(text: &str) -> impl Iterator<Item = String> + '_ {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned)
}

impl RoleForm {
    /// Whether it only asks what would change.
    pub fn asks(&self) -> bool {
        self.act == "preview"
    }

    pub fn edit(&self) -> RoleEdit {
        let mut permissions = self.permission.clone();
        for line in lines(&self.more) {
            if !permissions.contains(&line) {
                permissions.push(line);
            }
        }
        let shown = RoleDraft {
            name: self.was_name.clone(),
            description: self.was_description.clone(),
            permissions: lines(&self.was).collect(),
        };
        RoleEdit {
            // No role is without a name.
            shown: (!shown.name.is_empty()).then_some(shown),
            wanted: RoleDraft { name: self.name.clone(), description: self.description.clone(), permissions },
        }
    }
}

/// The role as the form has it, for the next time that it is sent.
fn shown(role: &Role) -> Vec<Hidden> {
    let RoleDraft { name, description, permissions } = role.into();
    vec![Hidden::new("was_name", name), Hidden::new("was_description", description), Hidden::new("was", permissions.join("\n"))]
}

/// The form, filled in.
pub fn filled(draft: &RoleDraft, role: Option<&Role>, actor: &Principal) -> RolePage {
    let locked = role.is_some_and(|role| role.locked);
    let others: Vec<&str> =
        draft.permissions.iter().map(String::as_str).filter(|permission| !matrix::has_box(permission)).collect();
    RolePage {
        name: Field::new(&draft.name),
        description: Field::new(&draft.description),
        predefined: role.is_some_and(|role| role.predefined),
        locked,
        hidden: role.map(shown).unwrap_or_default(),
        groups: matrix::groups(&draft.permissions, actor, locked),
        more: Field::new(others.join("\n")),
        ..RolePage::default()
    }
}

/// Offers what gateways asked for in vain. What is offered has a box, and does not stand among the others.
pub fn offer(page: &mut RolePage, wanted: Vec<(Permission, NaiveDateTime)>, draft: &RoleDraft, actor: &Principal) {
    let has_none = |(permission, _): &(Permission, NaiveDateTime)| !matrix::has_box(permission.as_str());
    let offered = wanted.into_iter().filter(has_none);
    let locked = page.locked;
    page.wanted = offered
        .map(|(permission, at)| (matrix::cell(&permission, &draft.permissions, actor, locked), moment::day(at.date())))
        .collect();
    let has_box = |line: &&str| page.wanted.iter().any(|(cell, _)| cell.permission == *line);
    page.more.value = page.more.value.lines().filter(|line| !has_box(line)).collect::<Vec<_>>().join("\n");
}

/// Puts what a rule said beside the field that it is about.
pub fn mark(page: &mut RolePage, error: &Error) {
    let Error::Invalid(faults) = error else {
        page.error = Some(error.message());
        return;
    };
    let of = |name: &str| {
        let said: Vec<&str> =
            faults.iter().filter(|fault: &&FieldError| fault.field == name).map(|fault| fault.message.as_str()).collect();
        (!said.is_empty()).then(|| said.join(" "))
    };
    page.name.error = of("name");
    page.description.error = of("description");
    page.more.error = of("permission");
}
