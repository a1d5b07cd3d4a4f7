//! The page of one account, user or system account.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use chrono::{NaiveDate, NaiveDateTime, TimeDelta};

use super::visits::AccountVisit;
use super::{edits, owned, sessions};
use super::{invitation, is_administrator, live, moment, plan as plan_view, role_choices, team_choices, tile};
use crate::accounts::actions::AccountState;
use crate::accounts::kind::Screen;
use crate::accounts::model::{Account, Kind, Right};
use crate::accounts::operations;
use crate::accounts::queries;
use crate::accounts::queries::makers::{self, Makers};
use crate::accounts::queries::owners::{self, Owner};
use crate::accounts::queries::selection::Target;
use crate::accounts::view::account::{AccountPage, InvitationCard, RoleLine, TeamCard};
use crate::accounts::view::activity::{ActivityChart, Day};
use crate::accounts::view::ask::whom_to_ask;
use crate::accounts::view::menu::MenuRights;
use crate::accounts::view::tokens::{NewTokenForm, TokenRow, TokenSection};
use crate::activity::Recorder;
use crate::audit::filter::LogQuery;
use crate::audit::view::FeedLine;
use crate::audit::{self, LogEntry, sentences};
use crate::auth;
use crate::auth::principal::Principal;
use crate::auth::queries::sessions::SessionRow as Stored;
use crate::clock;
use crate::database::DbConnection;
use crate::error::Error;
use crate::gateway::headers;
use crate::id::Id;
use crate::people::model::{Invitation, InvitationState};
use crate::people::operations::Pending;
use crate::people::queries::belongings::{Belongings, VisibleNames, belongings};
use crate::roles::permission::{Permission, PermissionSet};
use crate::roles::{self, Badge, Role};
use crate::settings;
use crate::settings::general::General;
use crate::teams::queries::offered::{TeamOffer, offered};
use crate::teams::{self, Team};
use crate::tokens;
use crate::tokens::model::ListedToken;
use crate::web::view::moment::{day, long_day, short_day};
use crate::web::view::words::count;
use crate::web::view::{Contact, Field, Moment, UnlistedNames};

/// Days that the chart shows, today included.
const CHART_DAYS: i64 = 30;
/// Lines of "Recent changes".
const FEED_LENGTH: i64 = 5;
/// What is for those who may read the audit log, or manage the account.
const HIDDEN: [&str; 3] = ["token.", "session.", "password."];

/// `GET /settings/system-accounts/{id}`
pub async fn show(visit: AccountVisit) -> Result<HttpResponse, Error> {
    visit.html(StatusCode::OK, &page(&visit).await?)
}

struct AccountData {
    account: Account,
    badges: Vec<Badge>,
    /// With what follows from administering a team.
    shown: Vec<Badge>,
    teams: Vec<Team>,
    sizes: std::collections::HashMap<Id, (i64, i64)>,
    tokens: Vec<ListedToken>,
    owner: Option<Owner>,
    days: Vec<(NaiveDate, i64, i64)>,
    feed: Vec<LogEntry>,
    all_roles: Vec<Role>,
    all_teams: TeamOffer,
    used: i64,
    ask: Option<Contact>,
    tracked_since: NaiveDateTime,
    can_operate: bool,
    creation_stopped: Option<String>,
    /// Why the reader may have none of its tokens.
    out_of_hand: Option<String>,
    permissions: PermissionSet,
    pending: Pending,
    sessions: Vec<Stored>,
    /// From where they last signed in, and since when they have their password.
    ways_in: (Option<String>, Option<NaiveDateTime>),
    /// The teams that they administer.
    administers: Vec<Id>,
    belongings: Belongings,
    makers: Makers,
}

fn find(
    conn: &mut DbConnection,
    actor: &Principal,
    (screen, settings): (&Screen, &General),
    id: &Id,
) -> Result<AccountData, Error> {
    let account = queries::find(conn, screen.kind, id)?;
    let only = std::slice::from_ref(id);
    let (badges, permissions) = roles::queries::of_account(conn, id)?;
    let teams = teams::queries::of_accounts(conn, only)?.remove(id).unwrap_or_default();
    let is_colleague = operations::is_colleague(conn, actor, id)?;
    if !actor.may(screen.permission(Right::Read)) && !is_colleague {
        return Err(operations::out_of_reach(actor, screen.kind, &account.name));
    }
    let can_operate =
        actor.may(screen.permission(Right::Manage)) || (actor.may(screen.permission(Right::ManageTeam)) && is_colleague);
    let team_ids: Vec<Id> = teams.iter().map(|team| team.id.clone()).collect();
    let administers: Vec<Id> = match screen.kind {
        Kind::User => teams::queries::administrators(conn, only)?.into_iter().map(|(_, team)| team).collect(),
        Kind::System => Vec::new(),
    };
    let first_day = (clock::now() - TimeDelta::days(CHART_DAYS - 1)).date();
    let out_of_hand = match (screen.kind, can_operate) {
        (Kind::System, true) => tokens::operations::may_hold_value(conn, actor, &account).map_or_else(beyond, |()| Ok(None))?,
        _ => None,
    };
    Ok(AccountData {
        out_of_hand,
        badges,
        shown: roles::queries::shown(conn, only)?.remove(id).unwrap_or_default(),
        permissions,
        belongings: match screen.kind {
            Kind::User => belongings(conn, &Target::Accounts(Kind::User, only.to_vec()), &VisibleNames::of(actor))?,
            Kind::System => Belongings::default(),
        },
        ways_in: if screen.kind == Kind::User { auth::queries::ways_in(conn, id)? } else { Default::default() },
        sessions: if screen.kind == Kind::User { auth::queries::sessions::of_account(conn, id)? } else { Vec::new() },
        pending: if screen.kind == Kind::User { Pending::of(conn, only)? } else { Pending::default() },
        sizes: teams::queries::sizes(conn, &team_ids)?,
        tokens: tokens::queries::of_account(conn, id)?,
        owner: if screen.has_owners() { owners::of_accounts(conn, only)?.remove(id) } else { None },
        days: queries::days(conn, id, first_day)?,
        // Who may only look learns nothing of single tokens, nor when people come and go.
        feed: match (screen.kind, can_operate) {
            // What somebody does to others is for those who read the log.
            (Kind::User, true) if actor.may(audit::operations::READ) => {
                audit::queries::log::recent_of_person(conn, id, FEED_LENGTH)?
            }
            (_, true) => audit::queries::log::recent(conn, id, &[], FEED_LENGTH)?,
            (_, false) => audit::queries::log::recent(conn, id, &HIDDEN, FEED_LENGTH)?,
        },
        all_roles: roles::queries::all(conn)?,
        all_teams: offered(conn, &[team_ids.as_slice(), &administers].concat(), None)?,
        administers,
        makers: makers::of(conn, id)?,
        used: queries::totals(conn, Kind::System)?.0,
        ask: whom_to_ask(conn, settings)?,
        tracked_since: settings::tracked_since(conn)?,
        creation_stopped: tokens::policy::stopped(conn)?.map(|stop| stop.sentence()),
        account,
        teams,
        can_operate,
    })
}

/// The page of an account, as this actor may see it.
pub async fn page(visit: &AccountVisit) -> Result<AccountPage, Error> {
    let (actor, screen, id) = (&visit.actor, visit.screen, &visit.id);
    let pending = visit.data::<Recorder>()?.pending(id);
    let (mut found, mut shell) = {
        let (actor, id, settings) = (actor.clone(), id.clone(), Arc::clone(&visit.settings));
        visit.framed(move |conn| find(conn, &actor, (screen, &settings), &id)).await?
    };
    live::add_to_account(&mut found.account, &mut found.tokens, &mut found.days, &pending);
    let now = clock::now();
    let can_do_more = screen.kind == Kind::User && found.can_operate && actor.lacks(&found.permissions).is_some();
    let (can_manage, can_operate) = (visit.may_manage() && !can_do_more, found.can_operate && !can_do_more);
    let account = &found.account;
    let held: Vec<Id> = found.badges.iter().map(|badge| badge.id.clone()).collect();
    let member_of: Vec<Id> = found.teams.iter().map(|team| team.id.clone()).collect();
    let filters = visit.filters();
    shell.here = filters.address_of(&format!("/{id}"));
    Ok(AccountPage {
        shell,
        screen,
        list: filters.here(),
        query: filters.suffix(),
        id: id.to_string(),
        name: account.name.clone(),
        description: account.email.as_ref().unwrap_or(&account.description).clone(),
        tile: tile(screen.kind, id, &account.name),
        owner: found.owner.as_ref().map(Into::into),
        state: AccountState {
            disabled: account.disabled,
            administrator: held.iter().any(is_administrator),
            own: actor.is(id),
            invited: found.pending.get(id).is_some(),
        },
        invited: found
            .pending
            .get(id)
            .map(|(one, standing)| invited((one, standing), person(actor, &found.makers.inviter, &one.by_name), now)),
        can_manage,
        can_operate,
        can_do_more,
        rights: MenuRights { everywhere: can_manage, administers: actor.is_administrator() },
        ask: if can_operate { None } else { found.ask.clone() },
        // A token's own is more exact.
        activity_at: moment(
            account.last_used_at.max(found.tokens.iter().filter_map(|token| token.token.last_used_at).max()),
            now,
        ),
        last_login: moment(account.last_login_at, now),
        last_login_from: found.ways_in.0.clone().filter(|_| can_manage && account.last_login_at.is_some()),
        password_set: found.ways_in.1.filter(|_| can_manage).map(|at| Moment::made(at, now)),
        tracked_since: day(found.tracked_since.date()),
        created: Moment::on(account.created_at),
        created_by: person(actor, &found.makers.creator, &account.created_by_name),
        tokens: match screen.kind {
            Kind::System => can_operate.then(|| token_section(visit, &found, now)),
            Kind::User => can_manage.then(|| tokens_of_user(visit, &found, now)),
        },
        sessions: (can_manage && screen.kind == Kind::User).then(|| sessions::rows(&found.sessions, actor.session(), now)),
        belongings: owned::section(visit, &found.belongings, now),
        new_email: Field::new(account.email.as_deref().unwrap_or_default()),
        // Most people have no tokens, and so no calls.
        activity: (screen.has_tokens() || !found.tokens.is_empty()).then(|| activity(&found.days, now.date())),
        changes: found.feed.iter().map(|entry| feed_line(entry, id, now)).collect(),
        all_changes: all_changes(visit),
        roles: role_lines(&found),
        teams: team_lines(actor, &found),
        plan: plan_view(&visit.config, Kind::System, found.used),
        role_choices: role_choices(&found.all_roles, actor, &held),
        roles_shown: edits::shown(&held),
        team_choices: team_choices(&found.all_teams.teams, &member_of),
        other_teams: UnlistedNames { more: found.all_teams.more, ..UnlistedNames::default() },
        teams_shown: edits::shown(&member_of),
        shown_description: account.description.clone(),
        rename_name: Field::new(&account.name),
        rename_description: Field::new(&account.description),
        large_identity: large_identity(&found),
        ..AccountPage::default()
    })
}

/// The sentence of a refusal; any other fault remains one.
fn beyond(error: Error) -> Result<Option<String>, Error> {
    if matches!(error, Error::Forbidden { .. }) { Ok(Some(error.message())) } else { Err(error) }
}

/// An invitation that has not been accepted yet, and why its link is dead where it is.
fn invited((one, standing): (&Invitation, InvitationState), by: Contact, now: NaiveDateTime) -> InvitationCard {
    let why = match standing {
        InvitationState::Open | InvitationState::Expired => String::new(),
        InvitationState::Ended => "The link stopped working when the account was disabled.".to_owned(),
        InvitationState::Unbacked => format!("{} can no longer grant everything that this invitation gives.", one.by_name),
    };
    InvitationCard { link: invitation(one, standing, now), by, why }
}

/// Somebody by name, with their page where the reader may see it.
fn person(actor: &Principal, found: &Option<(Kind, Id)>, name: &str) -> Contact {
    let seen = found.as_ref().filter(|(kind, _)| actor.may(kind.permission(Right::Read)));
    Contact { name: name.to_owned(), href: seen.map(|(kind, id)| format!("{}/{id}", kind.screen().path)) }
}

/// How many bytes a gateway is told of the account with each call, where that is more than some have room for.
fn large_identity(found: &AccountData) -> Option<String> {
    let roles = found.badges.iter().map(|badge| badge.name.as_str());
    let teams = found.teams.iter().map(|team| team.name.as_str());
    let size = headers::size(&found.account.name, roles, teams, found.permissions.iter().map(Permission::as_str));
    (size > headers::LARGE).then(|| format!("{:.1} kB", size as f64 / 1024.0))
}

fn role_lines(found: &AccountData) -> Vec<RoleLine> {
    let describe = |badge: &Badge| found.all_roles.iter().find(|role| role.id == badge.id).map(|role| role.description.clone());
    let line = |badge: &Badge| RoleLine {
        id: badge.id.to_string(),
        name: badge.name.clone(),
        description: describe(badge).unwrap_or_default(),
    };
    found.shown.iter().map(line).collect()
}

/// The teams that the account belongs to, and those that it administers without belonging to them.
fn team_lines(actor: &Principal, found: &AccountData) -> Vec<TeamCard> {
    let line = |team: &Team| {
        let (users, machines) = found.sizes.get(&team.id).copied().unwrap_or_default();
        let list = |kind: Kind, n: i64| Contact {
            name: kind.counted(n),
            href: (n > 0 && actor.may(kind.permission(Right::Read))).then(|| format!("{}?team={}", kind.screen().path, team.id)),
        };
        TeamCard {
            id: team.id.to_string(),
            name: team.name.clone(),
            is_administered: found.administers.contains(&team.id),
            members: [list(Kind::User, users), list(Kind::System, machines)],
        }
    };
    let member_of = |team: &Team| found.teams.iter().any(|own| own.id == team.id);
    let administered = found.all_teams.teams.iter().filter(|team| found.administers.contains(&team.id) && !member_of(team));
    found.teams.iter().chain(administered).map(line).collect()
}

fn all_changes(visit: &AccountVisit) -> Option<String> {
    visit.actor.may(audit::operations::READ).then(|| LogQuery::of(visit.id.as_str()).href())
}

/// The tokens of a person, which others may end and nothing else.
fn tokens_of_user(visit: &AccountVisit, found: &AccountData, now: NaiveDateTime) -> TokenSection {
    let mut section = token_section(visit, found, now);
    section.new = None;
    section.creation_stopped = None;
    for row in &mut section.rows {
        row.can_renew = false;
        row.old = None;
    }
    section
}

fn token_section(visit: &AccountVisit, found: &AccountData, now: NaiveDateTime) -> TokenSection {
    let path = format!("{}/{}/tokens", visit.screen.path, visit.id);
    let can_renew = found.out_of_hand.is_none();
    let row = |token| TokenRow { can_renew, can_end: true, ..TokenRow::new(token, &path, now) };
    TokenSection {
        rows: found.tokens.iter().map(row).collect(),
        page: visit.url(),
        query: visit.filters().suffix(),
        holder: Some(found.account.name.clone()),
        tracked_since: day(found.tracked_since.date()),
        new: can_renew.then(|| NewTokenForm::new(visit.config.max_token_lifetime, now, Id::new().as_str())),
        creation_stopped: found.out_of_hand.clone().or_else(|| found.creation_stopped.clone()),
        all_changes: all_changes(visit),
        path,
        ..TokenSection::default()
    }
}

/// The chart's days, those without calls included.
fn activity(days: &[(NaiveDate, i64, i64)], today: NaiveDate) -> ActivityChart {
    let first = today - TimeDelta::days(CHART_DAYS - 1);
    let of = |date: NaiveDate| {
        let found = days.iter().find(|(at, ..)| *at == date).map_or((0, 0), |(_, accepted, refused)| (*accepted, *refused));
        Day { name: short_day(date), calls: count(found.0), refused: count(found.1) }
    };
    ActivityChart {
        days: first.iter_days().take(CHART_DAYS.unsigned_abs() as usize).map(of).collect(),
        label: format!("Calls per day (UTC), {} to {}", long_day(first), long_day(today)),
    }
}

/// A line of "Recent changes": who did what, in words.
fn feed_line(entry: &LogEntry, of: &Id, now: NaiveDateTime) -> FeedLine {
    let is_about_it = entry.target_id.as_deref() == Some(of.as_str());
    FeedLine::new(entry, if is_about_it { sentences::feed(entry) } else { sentences::deed(entry) }, now)
}
