//! What happened at Halden Freight, told from the first day to a minute ago.

use chrono::{NaiveDateTime, NaiveTime, TimeDelta};

use super::cast::{self, ADMINISTRATORS, DemoToken, MACHINES, Machine, SHOWPIECE};
use super::stage::Stage;
use super::traffic;
use crate::accounts::model::Kind;
use crate::accounts::operations;
use crate::audit::{self, Event, verbs};
use crate::clock;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::roles::{self, permission::Permission};
use crate::settings;
use crate::tokens;
use crate::tokens::value::Access;

const MAYA: &str = ADMINISTRATORS[0];
const TOMAS: &str = ADMINISTRATORS[1];
const PRIYA: &str = ADMINISTRATORS[2];
/// Days since the first start.
const FIRST_DAY: i64 = 410;

type StoryStep = Box<dyn FnOnce(&mut Stage<'_>, NaiveDateTime) -> Result<(), Error>>;

/// The steps, each with its moment.
#[derive(Default)]
struct Story(Vec<(NaiveDateTime, StoryStep)>);

impl Story {
    fn at(&mut self, moment: NaiveDateTime, step: impl FnOnce(&mut Stage<'_>, NaiveDateTime) -> Result<(), Error> + 'static) {
        self.0.push((moment, Box::new(step)));
    }

    /// The audit log counts events in the order in which they are written, so the steps run in the order of their times.
    fn play(mut self, stage: &mut Stage<'_>) -> Result<(), Error> {
        self.0.sort_by_key(|(moment, _)| *moment);
        for (moment, step) in self.0 {
            step(stage, moment)?;
            stage.move_back(moment)?;
        }
        Ok(())
    }
}

/// Fills an empty database and returns the value of a token that works. `hash` is everybody's password, and `now` the
/// moment in which the story ends.
pub fn tell(conn: &mut DbConnection, hash: &str, now: NaiveDateTime) -> Result<String, Error> {
    let mut stage = Stage::new(conn, hash, now);
    let mut story = Story::default();
    let first_day = stage.now - TimeDelta::days(FIRST_DAY);
    // What the first start would have written down.
    settings::set(stage.conn, "tracked_since", &first_day.format("%Y-%m-%dT%H:%M:%S").to_string())?;
    people(&mut stage, &mut story, first_day);
    for (index, machine) in MACHINES.iter().enumerate() {
        life_of(&mut stage, &mut story, machine, ADMINISTRATORS[index % ADMINISTRATORS.len()]);
    }
    newcomers_and_leavers(&stage, &mut story);
    lately(&stage, &mut story);
    story.play(&mut stage)?;
    traffic::seen(&mut stage)?;
    stage.token.take().ok_or_else(|| Error::Internal("the demo's story has no token".into()))
}

fn people(stage: &mut Stage<'_>, story: &mut Story, first_day: NaiveDateTime) {
    story.at(first_day, |stage, _| stage.add_person(None, MAYA, &["Administrator"]));
    for (name, minutes) in [(TOMAS, 20), (PRIYA, 22)] {
        let at = first_day + TimeDelta::minutes(minutes);
        story.at(at, move |stage, _| stage.add_person(Some(MAYA), name, &["Administrator"]));
    }
    story.at(first_day + TimeDelta::minutes(40), |stage, at| {
        cast::ROLES.into_iter().try_for_each(|role| stage.add_role(role, at))?;
        cast::TEAMS.into_iter().try_for_each(|team| stage.add_team(team, at))
    });
    let mut leads = cast::TEAMS.into_iter();
    for (role, names) in cast::PEOPLE {
        for name in names.iter().copied() {
            let by = *stage.dice.pick(&ADMINISTRATORS).unwrap_or(&MAYA);
            let age = 30 + stage.dice.below(370);
            let joined = stage.workday(age);
            story.at(joined, move |stage, _| {
                let extra = cast::EXTRA_ROLES.iter().filter(|(who, _)| *who == name).map(|(_, role)| *role);
                let roles: Vec<&str> = std::iter::once(role).chain(extra).collect();
                stage.add_person(Some(by), name, &roles)
            });
            let mut teams = vec![*stage.dice.pick(&cast::TEAMS).unwrap_or(&"Platform")];
            let lead = if role == "User" { leads.next() } else { None };
            teams.extend(lead);
            story.at(joined + TimeDelta::minutes(3), move |stage, _| {
                stage.join_teams(by, Kind::User, name, &teams)?;
                lead.map_or(Ok(()), |team| stage.lead_team(name, team))
            });
            if role != "Viewer" {
                let days = 1 + stage.dice.below(20);
                let seen = stage.workday(days);
                story.at(seen, move |stage, at| sign_in(stage, name, at));
            }
        }
    }
    for (name, hours) in [(MAYA, 7), (TOMAS, 5), (PRIYA, 23)] {
        story.at(stage.now - TimeDelta::hours(hours), move |stage, at| sign_in(stage, name, at));
    }
}

fn sign_in(stage: &mut Stage<'_>, name: &'static str, at: NaiveDateTime) -> Result<(), Error> {
    let actor = stage.actor(name)?;
    let id = stage.account(name)?;
    let event = Event {
        verb: verbs::SIGNED_IN,
        target_kind: "user",
        target_id: Some(&id),
        target_name: name,
        object: None,
        detail: serde_json::json!({}),
    };
    audit::record_alone(stage.conn, &actor, &event)?;
    stage.log_in(name, at)
}

/// A system account's creation, and its tokens'.
fn life_of(stage: &mut Stage<'_>, story: &mut Story, machine: &'static Machine, by: &'static str) {
    let mut oldest = stage.now;
    for credential in machine.tokens {
        let (created, expires) = times(stage, machine, credential);
        oldest = oldest.min(created);
        let used = credential.used.map(|minutes| stage.now - TimeDelta::minutes(minutes));
        let from = traffic::source(stage, machine.name);
        story.at(created, move |stage, at| {
            let token = stage.add_token(by, machine.name, (credential.name, credential.access), at, expires)?;
            used.map_or(Ok(()), |used| stage.use_token(&token, used, &from.0, from.1))
        });
    }
    let created = stage.workday(machine.age).min(oldest - TimeDelta::minutes(4));
    story.at(created, move |stage, _| stage.add_machine(by, machine));
}

/// When a token was made and when it expires, so that it has lived for a usual time and was made before it was used.
fn times(stage: &mut Stage<'_>, machine: &Machine, credential: &DemoToken) -> (NaiveDateTime, Option<NaiveDateTime>) {
    let Some(expires) = credential.expires else { return (stage.workday(machine.age - 1), None) };
    let nine = NaiveTime::from_hms_opt(9, 0, 0).unwrap_or_default();
    let end = (stage.now + TimeDelta::days(expires)).date().and_time(nine);
    let before = stage.now - TimeDelta::minutes(credential.used.unwrap_or_default()) - TimeDelta::days(1);
    let usual: &[i64] = if expires < 0 { &[30, 90, 180, 365] } else { &[90, 365] };
    let life = usual.iter().find(|days| end - TimeDelta::days(**days) < before).copied().unwrap_or(730);
    (end - TimeDelta::days(life), Some(end))
}

/// Who came late, who has left, and who answers for what.
fn newcomers_and_leavers(stage: &Stage<'_>, story: &mut Story) {
    let ago = |days: i64, hours: i64| stage.now - TimeDelta::days(days) - TimeDelta::hours(hours);
    story.at(ago(395, 2), |stage, _| stage.add_person(Some(PRIYA), cast::GONE, &["User"]));
    // All of them are there by then.
    for (at, (owner, machines)) in cast::OWNERS.into_iter().enumerate() {
        let days = if owner == cast::GONE { 150 } else { 7 };
        let minutes = i64::try_from(at).unwrap_or_default() * 3;
        story.at(ago(days, 3) + TimeDelta::minutes(minutes), move |stage, _| stage.set_owner(TOMAS, owner, machines));
    }
    story.at(ago(61, 4), |stage, _| {
        let (actor, selection) = (stage.actor(MAYA)?, stage.selection(&[cast::GONE])?);
        operations::disable(stage.conn, &actor, Kind::User, &selection).map(drop)
    });
    story.at(ago(6, 2), |stage, at| stage.invite(PRIYA, cast::INVITED, at));
    for (who, age, credential) in &cast::PERSONAL {
        let end = credential.expires.map(|days| stage.now + TimeDelta::days(days));
        let used = credential.used.map(|minutes| stage.now - TimeDelta::minutes(minutes));
        story.at(ago(*age, 1), move |stage, at| {
            let token = stage.add_token(who, who, (credential.name, credential.access), at, end)?;
            used.map_or(Ok(()), |used| stage.use_token(&token, used, "198.51.100.22", "curl/8.5.0"))
        });
    }
}

/// What the audit log and "Recent changes" show first.
fn lately(stage: &Stage<'_>, story: &mut Story) {
    let ago = |days: i64, hours: i64, minutes: i64| {
        stage.now - TimeDelta::days(days) - TimeDelta::hours(hours) - TimeDelta::minutes(minutes)
    };
    story.at(ago(233, 2, 0), |stage, _| {
        let (actor, selection) = (stage.actor(PRIYA)?, stage.selection(&["bamboo/legacy"])?);
        operations::disable(stage.conn, &actor, Kind::System, &selection).map(drop)
    });
    story.at(ago(300, 4, 0), |stage, at| {
        let end = at + TimeDelta::days(365);
        let token = stage.add_token(PRIYA, "bamboo/legacy", ("plans", Access::Write), at, Some(end))?;
        let used = at + TimeDelta::days(66);
        stage.use_token(&token, used, "203.0.113.77", "Bamboo/9.2")
    });
    story.at(ago(233, 1, 30), |stage, at| {
        let account = stage.account("bamboo/legacy")?;
        for listed in tokens::queries::of_account(stage.conn, &account)? {
            let token = listed.token;
            tokens::queries::revoke(stage.conn, &token.id, at)?;
            let detail = serde_json::json!({
                "access": token.access.as_str(), "expires_at": token.expires_at.map(clock::written), "replaced": false,
            });
            stage.record(Some(PRIYA), verbs::TOKEN_REVOKED, "bamboo/legacy", Some((&token.id, &token.name)), detail)?;
        }
        tokens::queries::expiry::keep_first_expiry(stage.conn, &account)
    });
    story.at(ago(121, 3, 0), |stage, _| {
        let (actor, selection) = (stage.actor(MAYA)?, stage.selection(&[SHOWPIECE, "contract-janitor"])?);
        operations::make_administrator(stage.conn, &actor, Kind::System, &selection).map(drop)
    });
    story.at(ago(83, 3, 27), |stage, _| {
        let (actor, selection) = (stage.actor(PRIYA)?, stage.selection(&[SHOWPIECE])?);
        operations::remove_administrator(stage.conn, &actor, Kind::System, &selection).map(drop)
    });
    story.at(ago(4, 6, 29), |stage, _| {
        let (actor, selection) = (stage.actor(MAYA)?, stage.selection(&["bitrise/watch", "travis/legacy"])?);
        operations::delete(stage.conn, &actor, Kind::System, &selection).map(drop)
    });
    story.at(ago(4, 5, 20), |stage, _| stage.join_teams(TOMAS, Kind::System, SHOWPIECE, &["Payments", "Platform"]));
    story.at(ago(0, 20, 34), |stage, _| {
        let (actor, id) = (stage.actor(PRIYA)?, stage.account("terraform/environments")?);
        let administrator = stage.role("Administrator")?;
        operations::set_roles(stage.conn, &actor, Kind::System, &id, &operations::ActionParams::exactly([administrator]))
            .map(drop)
    });
    story.at(ago(0, 6, 1), |stage, _| refused_page(stage, cast::USER));
    story.at(ago(0, 5, 17), |stage, _| refused_calls(stage, "jenkins-release", "train", "expired", 12));
    story.at(ago(12, 0, 0), |stage, at| {
        refused_calls(stage, SHOWPIECE, "release pipeline", "insufficient scope", 64)?;
        let wanted = Permission::parse("tariff:override").map_err(|error| Error::Internal(error.to_string()))?;
        roles::queries::wanted::record(stage.conn, &wanted, at)
    });
    story.at(ago(0, 3, 44), |stage, _| {
        let (actor, selection) = (stage.actor(TOMAS)?, stage.selection(&["drone/edge", "tariff-engine shadow"])?);
        let role = stage.role("Release Manager")?;
        operations::remove_roles(stage.conn, &actor, Kind::System, &selection, &[role]).map(drop)
    });
    story.at(ago(0, 3, 30), |stage, _| {
        let (actor, selection) = (stage.actor(TOMAS)?, stage.selection(&["tracking-api deploy"])?);
        operations::disable(stage.conn, &actor, Kind::System, &selection).map(drop)
    });
    // 76 days old, so that with its 90 days it would live on for a while.
    story.at(ago(76, 2, 10), |stage, at| {
        let end = at + TimeDelta::days(90);
        let token = stage.add_token(MAYA, SHOWPIECE, ("release pipeline", Access::Write), at, Some(end))?;
        let used = stage.now - TimeDelta::minutes(23);
        stage.use_token(&token, used, "203.0.113.24", "actions-runner/2.319")
    });
    story.at(ago(0, 0, 22), renew_token);
    story.at(ago(0, 0, 1), |stage, _| {
        let (actor, selection) = (stage.actor(MAYA)?, stage.selection(&[SHOWPIECE])?);
        let role = stage.role("Release Manager")?;
        operations::add_roles(stage.conn, &actor, Kind::System, &selection, &[role]).map(drop)
    });
}

/// The release pipeline's token gets a successor, and the old one works on for a day.
fn renew_token(stage: &mut Stage<'_>, at: NaiveDateTime) -> Result<(), Error> {
    let old = token_named(stage, SHOWPIECE, "release pipeline")?;
    let end = at + TimeDelta::days(90);
    let (token, value) = stage.new_token(MAYA, SHOWPIECE, (&old.name, old.access), at, Some(end))?;
    tokens::queries::replace(stage.conn, &old.id, &token.id)?;
    tokens::queries::expire(stage.conn, &old.id, at + TimeDelta::hours(24))?;
    tokens::queries::expiry::keep_first_expiry(stage.conn, &token.account)?;
    let detail = serde_json::json!({
        "access": old.access.as_str(), "expires_at": clock::written(end), "overlap": "24h", "successor": token.id,
    });
    stage.record(Some(MAYA), verbs::TOKEN_REGENERATED, SHOWPIECE, Some((&old.id, &old.name)), detail)?;
    let used = stage.now - TimeDelta::minutes(4);
    stage.use_token(&token, used, "203.0.113.24", "actions-runner/2.319")?;
    stage.token = Some(value.expose().to_owned());
    Ok(())
}

fn refused_page(stage: &mut Stage<'_>, name: &'static str) -> Result<(), Error> {
    let actor = stage.actor(name)?;
    let event = Event {
        verb: verbs::ACCESS_REFUSED,
        target_kind: "route",
        target_id: None,
        target_name: "POST /settings/system-accounts",
        object: None,
        detail: serde_json::json!({ "permission": "system_account:manage:*" }),
    };
    audit::record_alone(stage.conn, &actor, &event)
}

fn refused_calls(stage: &mut Stage<'_>, machine: &str, token: &str, reason: &str, count: i64) -> Result<(), Error> {
    let token = token_named(stage, machine, token)?;
    let detail = serde_json::json!({ "reason": reason, "count": count });
    stage.record(None, verbs::TOKEN_REFUSED, machine, Some((&token.id, &token.name)), detail)
}

fn token_named(stage: &mut Stage<'_>, machine: &str, name: &str) -> Result<tokens::model::Token, Error> {
    let account: Id = stage.account(machine)?;
    let listed = tokens::queries::of_account(stage.conn, &account)?;
    let found = listed.into_iter().map(|listed| listed.token).find(|token| token.name == name);
    found.ok_or_else(|| Error::Internal(format!("the demo's story knows no token {name} yet")))
}
