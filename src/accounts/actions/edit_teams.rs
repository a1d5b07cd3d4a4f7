//! Edit Teams: the teams that one account belongs to.

use super::{ActionParams, Effect, Offer, Unchanged, Verb, no_rule};
use crate::accounts::operations::rules;
use crate::accounts::queries::changes::{self, Of, Reversal};
use crate::accounts::queries::selection::Target;
use crate::audit::{Change, verbs};
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::teams;

pub struct EditTeams;

impl Verb for EditTeams {
    fn word(&self) -> &'static str {
        "edit_teams"
    }

    fn label(&self) -> &'static str {
        "Edit Teams"
    }

    fn resource(&self) -> &'static str {
        "teams"
    }

    fn group(&self) -> u8 {
        0
    }

    fn icon(&self) -> &'static str {
        "team"
    }

    fn offer(&self) -> Offer {
        Offer::Dialog
    }

    fn events(&self, conn: &mut DbConnection, change: &Change, target: &Target, params: &ActionParams) -> Result<i64, Error> {
        let Some(id) = target.only() else {
            return Err(Error::BadRequest("You can only edit the teams of one account at a time.".into()));
        };
        let teams = teams::queries::of_accounts(conn, std::slice::from_ref(id))?.remove(id).unwrap_or_default();
        rules::existing_teams(conn, &params.chosen)?;
        let (added, removed) = params.differences(teams.into_iter().map(|team| team.id).collect());
        let mut record = |added, teams: &[Id]| {
            changes::record_teams(
                conn,
                change,
                (changes::MEMBERSHIP, added),
                changes::Whom::These(std::slice::from_ref(id)),
                teams,
            )
        };
        Ok(record(true, &added)? + record(false, &removed)?)
    }

    fn unchanged(&self) -> Unchanged {
        Unchanged { one: "", several: "", only: "No changes to teams.", all: "No changes to teams." }
    }
}

pub static TEAM_ADDED: Effect = Effect {
    event: verbs::TEAM_ADDED,
    reversal: Some(Reversal { event: verbs::TEAM_ADDED, by: verbs::TEAM_REMOVED, of: Of::Table("teams") }),
    done: "Added {whom} to {names}.",
    undone: "{whom} added to {names}",
    in_own_teams: false,
    before: no_rule,
    carry_out: |conn, change, _, _| changes::add_memberships(conn, change, verbs::TEAM_ADDED),
    after: |conn, rule| teams::operations::reach::stays_in_all(conn, rule.actor, rule.change),
};

pub static TEAM_REMOVED: Effect = Effect {
    event: verbs::TEAM_REMOVED,
    reversal: Some(Reversal { event: verbs::TEAM_REMOVED, by: verbs::TEAM_ADDED, of: Of::Table("teams") }),
    done: "Removed {whom} from {names}.",
    undone: "{whom} removed from {names}",
    in_own_teams: false,
    before: rules::can_do_as_much,
    carry_out: |conn, change, _, _| changes::remove_memberships(conn, change, verbs::TEAM_REMOVED),
    after: no_rule,
};
