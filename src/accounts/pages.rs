//! The pages of accounts, the same for each kind. What several of them need stands here; each page has a file of its own.

use chrono::NaiveDateTime;

use super::model::Kind;
use super::operations::{self, Plan};
use super::view::{self, list::RoleBadge};
use crate::auth::principal::Principal;
use crate::config::Config;
use crate::id::Id;
use crate::people::model::{Invitation, InvitationState};
use crate::roles::{self, predefined};
use crate::teams::Team;
use crate::web::view::moment::Tone;
use crate::web::view::words::count;
use crate::web::view::{Choice, Moment, Tile};

pub mod account;
pub mod bulk;
pub mod edits;
pub mod export;
mod hints;
mod left;
pub mod list;
pub mod live;
pub mod new;
mod owned;
mod paging;
pub mod question;
pub mod rename;
pub mod selections;
pub mod sessions;
pub mod terraform;
pub mod tokens;
pub mod verbs;
pub mod visits;

/// The square of a machine or the circle of a person.
fn tile(kind: Kind, id: &Id, name: &str) -> Tile {
    match kind {
        Kind::System => Tile::machine(id.as_str(), name),
        Kind::User => Tile::person(id.as_str(), name),
    }
}

/// Used and limit of a kind, for the meter.
pub fn plan(config: &Config, kind: Kind, used: i64) -> view::PlanUsage {
    let plan = Plan::from(config);
    let limit = plan.limit_of(kind).map(count);
    view::PlanUsage { kind, name: plan.name, used: count(used), limit }
}

fn moment(at: Option<NaiveDateTime>, now: NaiveDateTime) -> Option<Moment> {
    at.map(|at| Moment::ago(at, now))
}

fn is_administrator(role: &Id) -> bool {
    *role == predefined::ADMINISTRATOR.into()
}

/// Roles as badges, Administrator first.
fn badges(roles: &[roles::Badge]) -> Vec<RoleBadge> {
    let mut badges: Vec<RoleBadge> = roles
        .iter()
        .map(|role| RoleBadge { id: role.id.to_string(), name: role.name.clone(), administrator: is_administrator(&role.id) })
        .collect();
    badges.sort_by_key(|badge| !badge.administrator);
    badges
}

/// How long the link of an invitation still works: amber the day before, red once it no longer does.
pub fn invitation(invitation: &Invitation, standing: InvitationState, now: NaiveDateTime) -> Moment {
    let at = invitation.expires_at;
    let expiry = Moment::expiry(at, now);
    let (text, tone) = match standing {
        InvitationState::Open if (at.date() - now.date()).num_days() <= 1 => (format!("link {}", expiry.text), Tone::Warn),
        InvitationState::Open => (format!("link {}", expiry.text), Tone::Quiet),
        InvitationState::Expired => ("link has expired".to_owned(), Tone::Danger),
        InvitationState::Ended | InvitationState::Unbacked => ("link no longer works".to_owned(), Tone::Danger),
    };
    Moment { text, tone, ..expiry }
}

/// The roles to choose from: those that can be given at all; what this actor may not give is shown, and why.
pub fn role_choices(all: &[roles::Role], actor: &Principal, ticked: &[Id]) -> Vec<Choice> {
    let against = |role: &roles::Role| {
        let may = actor.may_grant(&role.permissions);
        (!may).then(|| "Grants more than you have".into())
    };
    choices(all, against).into_iter().map(|(id, choice)| choice.checked(ticked.contains(id))).collect()
}

/// The roles to choose from when some are taken away: also what this actor could not give.
fn removable_choices(all: &[roles::Role], actor: &Principal, kind: Kind) -> Vec<Choice> {
    let against = |role: &roles::Role| operations::may_take(actor, kind, role).err().map(|error| error.message());
    choices(all, against).into_iter().map(|(_, choice)| choice).collect()
}

/// The roles that people handle, each described, or told what is `against` it and disabled.
fn choices(all: &[roles::Role], against: impl Fn(&roles::Role) -> Option<String>) -> Vec<(&Id, Choice)> {
    let choice = |role: &roles::Role| {
        let against = against(role);
        let disabled = against.is_some();
        let about = against.unwrap_or_else(|| role.description.clone());
        Choice { disabled, ..Choice::new(role.id.to_string(), &role.name).about(about) }
    };
    all.iter().filter(|role| role.assignable).map(|role| (&role.id, choice(role))).collect()
}

pub fn team_choices(all: &[Team], ticked: &[Id]) -> Vec<Choice> {
    all.iter().map(|team| Choice::new(team.id.to_string(), &team.name).checked(ticked.contains(&team.id))).collect()
}
