//! Inviting: all of a list or nobody, never a second account for an address.

use std::collections::HashMap;

use chrono::{NaiveDateTime, TimeDelta};

use super::{INVITE, backed, invites, may_invite};
use crate::accounts::model::{Email, Kind, Right, Selection};
use crate::accounts::operations::{self, Plan, existing_teams, give_and_place, grantable_roles, plan_allows};
use crate::accounts::queries::changes;
use crate::accounts::queries::selection::Target;
use crate::audit::{self, verbs};
use crate::auth::links::LinkKey;
use crate::auth::principal::Principal;
use crate::clock;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::people::model::Invitee;
use crate::people::queries::{self, NewUserRow};
use crate::teams::Team;
use crate::{roles, teams};

/// How long the link of an invitation works.
pub const LIFE: TimeDelta = TimeDelta::days(7);

/// What happens to an address that a user has already.
#[derive(Debug, Clone)]
pub enum ExistingUserPolicy {
    /// It is a fault, unless it is of a disabled user among these: they are enabled again.
    Fault { enable: Vec<Id> },
    /// It stands for that user, who is enabled again if that is asked for.
    Answer { enable: bool },
}

/// A list of people as somebody typed it, with what they are given.
#[derive(Debug, Clone)]
pub struct Invitations {
    /// Each line, read or with what is wrong with it.
    pub people: Vec<Result<Invitee, String>>,
    pub roles: Vec<Id>,
    pub teams: Vec<Id>,
    pub known: ExistingUserPolicy,
    /// The identity of the form: sent twice, it invites once.
    pub form: Option<Id>,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InviteFault {
    /// Which one, from 0.
    pub line: usize,
    /// What is wrong; after the user's name, where there is one.
    pub message: String,
    /// The user who has the address, for those who may see users.
    pub user: Option<queries::ExistingUser>,
}

impl InviteFault {
    pub fn sentence(&self) -> String {
        self.user.as_ref().map_or_else(|| self.message.clone(), |user| format!("{} {}", user.name, self.message))
    }
}

/// One of those who were asked for, in the order of the list.
#[derive(Debug, Clone)]
pub struct Invited {
    pub account: Id,
    pub name: String,
    pub email: String,
    /// Whether the name was given, and is not asked for later.
    pub named: bool,
    /// The key of their link; none for a user who was there before, unless they never set a password.
    pub key: Option<LinkKey>,
}

/// What became of a list.
#[derive(Debug, Clone)]
pub enum InviteOutcome {
    /// All are invited, and their links work until then.
    Invited(Vec<Invited>, NaiveDateTime),
    /// Nothing was done.
    Faults(Vec<InviteFault>),
}

/// The form, if it has invited people: sent twice, it does so once.
pub fn sent_before(conn: &mut DbConnection, actor: &Principal, form: Option<&Id>) -> Result<Option<Id>, Error> {
    let Some(form) = form else { return Ok(None) };
    Ok(audit::queries::is_by(conn, form, actor)?.then(|| form.clone()))
}

/// Invites people, all or nobody.
///
/// # Errors
/// `Forbidden`, `Invalid` (fields `role`, `team`), `Conflict` when no seat is left.
pub fn invite(conn: &mut DbConnection, actor: &Principal, plan: &Plan, form: &Invitations) -> Result<InviteOutcome, Error> {
    may_invite(actor)?;
    let roles = grantable_roles(conn, actor, &form.roles)?;
    let teams = placeable_teams(conn, actor, &form.teams)?;
    let addresses: Vec<Email> = form.people.iter().flatten().map(|person| person.email.clone()).collect();
    let known = queries::known(conn, &addresses)?;
    let sees_users = actor.may(Kind::User.permission(Right::Read));
    let faults = faults(form, &known, sees_users);
    if !faults.is_empty() {
        return Ok(InviteOutcome::Faults(faults));
    }
    let (mut invited, mut new, mut again) = (Vec::new(), Vec::new(), Vec::new());
    for person in form.people.iter().flatten() {
        if let Some(user) = known.get(&person.email.key()) {
            again.extend(Some(user.id.clone()).filter(|_| user.disabled));
            invited.push(Invited {
                account: user.id.clone(),
                name: user.name.clone(),
                email: person.email.as_str().to_owned(),
                named: true,
                key: None,
            });
            continue;
        }
        let name = person.shown().map_err(|message| Error::field("name", message))?;
        let (id, key, named) = (Id::new(), LinkKey::new()?, person.name.is_some());
        let email = person.email.as_str().to_owned();
        new.push(NewUserRow { id: id.clone(), name: name.clone(), named, email: person.email.clone(), digest: key.digest() });
        invited.push(Invited { account: id, name: name.as_str().to_owned(), email, named, key: Some(key) });
    }
    let until = clock::now() + LIFE;
    if !new.is_empty() {
        insert(conn, actor, form.form.as_ref(), &new, (&roles, &teams), until)?;
    }
    if !again.is_empty() && !matches!(form.known, ExistingUserPolicy::Answer { enable: false }) {
        operations::enable(conn, actor, plan, Kind::User, &Selection::Accounts(again.clone()))?;
        renew_pending(conn, actor, &again, (&mut invited, until))?;
    }
    // Who was there already takes no seat, however many there are by now.
    if !new.is_empty() {
        plan_allows(conn, plan, Kind::User, new.len() as i64)?;
    }
    Ok(InviteOutcome::Invited(invited, until))
}

fn insert(
    conn: &mut DbConnection,
    actor: &Principal,
    form: Option<&Id>,
    new: &[NewUserRow],
    (roles, teams): (&[roles::Role], &[Team]),
    until: NaiveDateTime,
) -> Result<(), Error> {
    let change = audit::begin_once(conn, actor, form)?;
    queries::insert(conn, actor, new, until)?;
    let target = Target::Accounts(Kind::User, new.iter().map(|user| user.id.clone()).collect());
    let detail = serde_json::json!({
        "roles": roles.iter().map(|role| role.name.as_str()).collect::<Vec<_>>(),
        "teams": teams.iter().map(|team| team.name.as_str()).collect::<Vec<_>>(),
    });
    changes::record_each(conn, &change, verbs::INVITED, &target, &detail)?;
    let roles: Vec<Id> = roles.iter().map(|role| role.id.clone()).collect();
    let teams: Vec<Id> = teams.iter().map(|team| team.id.clone()).collect();
    give_and_place(conn, &change, &target, &roles, &teams)?;
    teams::operations::reach::stays_in_all(conn, actor, &change)
}

/// Who was disabled before they accepted an invitation has no password: they get another link, for which the actor answers.
fn renew_pending(
    conn: &mut DbConnection,
    actor: &Principal,
    again: &[Id],
    (invited, until): (&mut [Invited], NaiveDateTime),
) -> Result<(), Error> {
    let pending = queries::of_accounts(conn, again)?;
    if pending.is_empty() {
        return Ok(());
    }
    let grants: Vec<(&Id, Option<&Id>)> = pending.keys().map(|id| (id, actor.account.as_ref())).collect();
    let backed = backed(conn, &grants, invites)?;
    let mut links = Vec::new();
    for one in invited {
        let Some(invitation) = pending.get(&one.account) else { continue };
        if backed.get(&one.account) != Some(&true) {
            let sentence = format!("You can't invite {} again: they could do more than you. Ask an administrator.", one.name);
            return Err(Error::forbidden(INVITE, sentence));
        }
        let key = LinkKey::new()?;
        links.push((&invitation.account, key.digest()));
        (one.named, one.key) = (invitation.named, Some(key));
    }
    queries::renew(conn, actor, &links, until)?;
    let target = Target::Accounts(Kind::User, links.iter().map(|(id, _)| (*id).clone()).collect());
    let change = audit::begin_alone(conn, actor)?;
    changes::record_each(conn, &change, verbs::INVITATION_RENEWED, &target, &serde_json::json!({}))
}

/// The teams that a form chose, if the actor may put people into them.
fn placeable_teams(conn: &mut DbConnection, actor: &Principal, ids: &[Id]) -> Result<Vec<Team>, Error> {
    let found = existing_teams(conn, ids)?;
    let managed = |team: &&Team| actor.may(&teams::operations::manage(&team.id));
    if actor.may(Kind::User.permission(Right::Manage)) || found.iter().all(|team| managed(&team)) {
        return Ok(found);
    }
    Err(Error::forbidden(teams::operations::MANAGE, "You can't put users into a team that you don't manage."))
}

fn faults(form: &Invitations, known: &HashMap<String, queries::ExistingUser>, sees_users: bool) -> Vec<InviteFault> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut faults = Vec::new();
    for (line, person) in form.people.iter().enumerate() {
        let (message, user) = match person {
            Err(message) => (message.clone(), None),
            Ok(person) => {
                let key = person.email.key();
                let user = known.get(&key);
                let first = *seen.entry(key).or_insert(line);
                match (&form.known, user) {
                    _ if first < line => (format!("Also on line {}.", first + 1), None),
                    (ExistingUserPolicy::Answer { .. }, _) | (_, None) => continue,
                    (ExistingUserPolicy::Fault { enable }, Some(user)) if user.disabled && enable.contains(&user.id) => continue,
                    (ExistingUserPolicy::Fault { .. }, Some(user)) => {
                        (taken(user, sees_users), Some(user.clone()).filter(|_| sees_users))
                    }
                }
            }
        };
        faults.push(InviteFault { line, message, user });
    }
    faults
}

fn taken(user: &queries::ExistingUser, named: bool) -> String {
    let who = if named { "" } else { "This address " };
    let how = match user {
        user if user.disabled => "has a disabled account.",
        user if user.invited => "has already been invited.",
        _ => "already has an account.",
    };
    format!("{who}{how}")
}
