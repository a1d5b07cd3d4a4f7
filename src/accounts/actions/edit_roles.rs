//! Edit Roles: all the roles of one account. What follows from administering a team is left as it is.

use super::{ActionParams, Ask, Offer, Unchanged, Verb, add_role};
use crate::accounts::model::Kind;
use crate::accounts::operations::rules;
use crate::accounts::queries::changes;
use crate::accounts::queries::selection::Target;
use crate::audit::Change;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::roles::{self, predefined};

pub struct EditRoles;

impl ActionParams {
    /// What an edit gives and what it takes, of an account that has `held` now.
    pub fn differences(&self, held: Vec<Id>) -> (Vec<Id>, Vec<Id>) {
        let before = self.shown.clone().unwrap_or(held);
        let added = self.chosen.iter().filter(|id| !before.contains(id)).cloned().collect();
        let removed = before.into_iter().filter(|id| !self.chosen.contains(id)).collect();
        (added, removed)
    }
}

impl Verb for EditRoles {
    fn word(&self) -> &'static str {
        "edit_roles"
    }

    fn label(&self) -> &'static str {
        "Edit Roles"
    }

    fn resource(&self) -> &'static str {
        "roles"
    }

    fn group(&self) -> u8 {
        0
    }

    fn icon(&self) -> &'static str {
        "edit"
    }

    fn offer(&self) -> Offer {
        Offer::Dialog
    }

    /// Without a note of what was shown, Administrator may be new to the account.
    fn asks(&self, kind: Kind, params: &ActionParams) -> Option<Ask> {
        let (added, _) = params.differences(Vec::new());
        predefined::is_administrator(&added).then(|| add_role::administrator(kind, "Save roles"))
    }

    fn gives(&self, params: &ActionParams) -> Vec<Id> {
        params.differences(Vec::new()).0
    }

    fn events(&self, conn: &mut DbConnection, change: &Change, target: &Target, params: &ActionParams) -> Result<i64, Error> {
        let Some(id) = target.only() else {
            return Err(Error::BadRequest("You can only edit the roles of one account at a time.".into()));
        };
        let badges = roles::queries::badges(conn, std::slice::from_ref(id))?.remove(id).unwrap_or_default();
        rules::existing_roles(conn, &params.chosen)?;
        let derived: Id = predefined::TEAM_ADMINISTRATOR.into();
        let (added, mut removed) = params.differences(badges.into_iter().map(|badge| badge.id).collect());
        removed.retain(|role| *role != derived);
        Ok(changes::record_roles_added(conn, change, target, &added)?
            + changes::record_roles_removed(conn, change, target, &removed)?)
    }

    fn unchanged(&self) -> Unchanged {
        Unchanged { one: "", several: "", only: "No changes to roles.", all: "No changes to roles." }
    }
}
