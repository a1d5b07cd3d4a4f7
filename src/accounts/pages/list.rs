//! The list of a kind of account.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use chrono::NaiveDateTime;

use super::hints;
use super::paging::{ListPageQuery, pagination, total_text};
use super::visits::ScreenVisit;
use super::{badges, invitation, live, moment, plan as plan_view, removable_choices, role_choices, team_choices, tile};
use crate::accounts::actions::AccountState;
use crate::accounts::filter::Filters;
use crate::accounts::model::{AccountFilter, AccountRow, Kind, OwnedBy, Right, Sort, Total, Window};
use crate::accounts::queries::list::Listing;
use crate::accounts::queries::owners::{self, Owner};
use crate::accounts::queries::{self, selection};
use crate::accounts::view;
use crate::accounts::view::ask::whom_to_ask;
use crate::accounts::view::list::{AccountsPage, ShownAccount, TeamBadge};
use crate::accounts::view::menu::MenuRights;
use crate::activity::Recorder;
use crate::auth::principal::Principal;
use crate::clock;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::people::operations::{Pending, may_invite};
use crate::roles::{self, Badge, Role};
use crate::settings;
use crate::settings::general::General;
use crate::teams::queries::offered::{TeamOffer, offered};
use crate::teams::{self, Team};
use crate::text::grouped;
use crate::text::secrets::without_secrets;
use crate::tokens::{self, model::TokenSummary};
use crate::web::form::Query;
use crate::web::page::see_other;
use crate::web::view::moment::day;
use crate::web::view::words::{count, counted};
use crate::web::view::{Choice, Contact, Moment};

/// `GET` of the list
pub async fn show(visit: ScreenVisit) -> Result<HttpResponse, Error> {
    let filters = visit.filters();
    let query = visit.request.query_string();
    if without_secrets(query) != query {
        // Somebody searched for a whole token: its secret does not stay in the address.
        return Ok(see_other(&filters.here()));
    }
    let page = page(&visit, &filters).await?;
    visit.html(StatusCode::OK, &page)
}

/// Everything that the page needs from the database, read on one connection.
struct ListData {
    listing: Listing,
    selected: ListSelection,
    /// Of users.
    emails: HashMap<Id, String>,
    pending: Pending,
    roles_of: HashMap<Id, Vec<Badge>>,
    teams_of: HashMap<Id, Vec<Team>>,
    tokens_of: HashMap<Id, TokenSummary>,
    owners: HashMap<Id, Owner>,
    /// The name of the user whose accounts are shown.
    owner_name: String,
    roles: Vec<Role>,
    teams: TeamOffer,
    /// With tokens that expire soon, unused, never used, whose owner has left.
    attention: [Total; 5],
    ask: Option<Contact>,
    tracked_since: NaiveDateTime,
    /// Those of the reader, where it matters which accounts are in them.
    own_teams: Vec<Team>,
}

/// What is selected on the page.
#[derive(Default)]
struct ListSelection {
    /// These rows.
    ticked: Vec<Id>,
    /// All that match: the selection, and how many those were.
    matching: Option<(Id, i64)>,
}

impl ListSelection {
    /// Another's selection, and one that is over, select nothing; nor does one of all that match where others match by now.
    fn read(conn: &mut DbConnection, actor: &Principal, selection: Option<&Id>, listing: &Listing) -> Result<Self, Error> {
        let (Some(id), Some(own)) = (selection, &actor.account) else { return Ok(Self::default()) };
        let Some(row) = queries::selections::find(conn, own, id)? else { return Ok(Self::default()) };
        if row.filter.is_none() {
            let page: Vec<Id> = listing.rows.iter().map(|row| row.id.clone()).collect();
            return Ok(Self { ticked: queries::selections::ticked_among(conn, id, &page)?, matching: None });
        }
        let same = listing.total.more || listing.total.count == row.size;
        Ok(Self { ticked: Vec::new(), matching: same.then(|| (id.clone(), row.size)) })
    }

    fn holds(&self, id: &Id) -> bool {
        self.matching.is_some() || self.ticked.contains(id)
    }
}

/// What is asked of the database.
struct ListRequest {
    filter: AccountFilter,
    sort: Sort,
    window: Window,
    size: i64,
    /// Where whom to ask has to be told.
    asks: Option<Arc<General>>,
    selection: Option<Id>,
    /// Whose teams are asked for.
    teams_of: Option<Id>,
}

fn find(conn: &mut DbConnection, actor: &Principal, wanted: &ListRequest) -> Result<ListData, Error> {
    let ListRequest { filter, sort, window, size, asks, selection, teams_of } = wanted;
    let listing = queries::list::list(conn, filter, *sort, window, *size)?;
    let ids: Vec<Id> = listing.rows.iter().map(|row| row.id.clone()).collect();
    let roles = roles::queries::all(conn)?;
    let owners = if filter.kind == Kind::System { owners::of_accounts(conn, &ids)? } else { HashMap::new() };
    Ok(ListData {
        roles_of: roles::queries::shown(conn, &ids)?,
        teams_of: teams::queries::of_accounts(conn, &ids)?,
        tokens_of: tokens::queries::summary(conn, &ids)?,
        owner_name: match &filter.owner {
            // Who may not see users reads their names where they own something.
            Some(OwnedBy::User(_)) if owners.is_empty() && !actor.may(Kind::User.permission(Right::Read)) => "a user".to_owned(),
            Some(OwnedBy::User(id)) => owners::name(conn, id)?,
            _ => String::new(),
        },
        owners,
        attention: selection::attention(conn, filter)?,
        teams: offered(conn, filter.team.as_slice(), None)?,
        selected: ListSelection::read(conn, actor, selection.as_ref(), &listing)?,
        emails: if filter.kind == Kind::User { queries::emails(conn, &ids)? } else { HashMap::new() },
        pending: if filter.kind == Kind::User { Pending::of(conn, &ids)? } else { Pending::default() },
        ask: asks.as_ref().map_or(Ok(None), |settings| whom_to_ask(conn, settings))?,
        tracked_since: settings::tracked_since(conn)?,
        own_teams: match teams_of {
            Some(own) => teams::queries::of_accounts(conn, std::slice::from_ref(own))?.remove(own).unwrap_or_default(),
            None => Vec::new(),
        },
        listing,
        roles,
    })
}

/// The page for an address, with what is ticked on it.
pub async fn page(visit: &ScreenVisit, filters: &Filters) -> Result<AccountsPage, Error> {
    let actor: &Principal = &visit.actor;
    let screen = visit.screen;
    let size = i64::try_from(filters.size).unwrap_or(i64::MAX);
    // Only a key that repeats cannot be read; a form's answer begins at the first page.
    let query: ListPageQuery = Query::of(&visit.request).map_or_else(|_| ListPageQuery::default(), |query| query.0);
    let (window, number) = query.window(size);
    let can_manage = visit.may_manage();
    let manages_own_teams = screen.kind == Kind::System && !can_manage && actor.may(screen.permission(Right::ManageTeam));
    let wanted = ListRequest {
        filter: filters.filter(actor),
        sort: filters.sort,
        window: window.clone(),
        size,
        asks: (!can_manage).then(|| Arc::clone(&visit.settings)),
        selection: Id::parse(&query.selection),
        teams_of: actor.account.clone().filter(|_| manages_own_teams),
    };
    let (found, shell) = {
        let actor = visit.actor.clone();
        visit.framed(move |conn| find(conn, &actor, &wanted)).await?
    };
    let recorder = visit.data::<Recorder>()?;
    let now = clock::now();
    let total = found.listing.total;
    let (enabled, disabled) = found.listing.totals;
    let rows = found.listing.rows.iter().map(|row| row_view(row, &found, (visit, &recorder), now)).collect();
    let matching = found.selected.matching.as_ref();
    Ok(AccountsPage {
        shell,
        screen,
        plan: plan_view(&visit.config, screen.kind, enabled),
        hints: hints::of(found.attention, filters),
        can_manage,
        rights: MenuRights { everywhere: can_manage, administers: actor.is_administrator() },
        has_menus: can_manage || manages_own_teams,
        can_invite: screen.kind == Kind::User && may_invite(actor).is_ok(),
        own_teams: !actor.may(screen.permission(Right::Read)),
        policy_link: visit.config.policy_link.clone(),
        rows,
        total_text: total_text(total),
        total: matching.map_or(count(total.count) + u64::from(total.more), |(_, size)| count(*size)),
        matching: matching.map(|(id, size)| (id.to_string(), grouped(*size))),
        form: Id::new().to_string(),
        pickers: view::menu::pickers(|gives| match gives {
            true => role_choices(&found.roles, actor, &[]),
            false => removable_choices(&found.roles, actor, screen.kind),
        }),
        pagination: pagination(filters, &query, &found.listing, (&window, number)),
        tracked_since: day(found.tracked_since.date()),
        is_first_run: enabled + disabled == 0,
        ask: found.ask,
        filter_roles: with_deleted(
            found.roles.iter().map(|role| role_choice(role, filters)).collect(),
            filters.role.as_ref(),
            "Deleted role",
        ),
        filter_owners: filters.owners(&found.owner_name, actor.account.as_ref()),
        filter_teams: with_deleted(
            team_choices(&found.teams.teams, filters.team.as_slice()),
            filters.team.as_ref(),
            "Deleted team",
        ),
        more_teams: found.teams.more,
        filters: filters.clone(),
    })
}

/// The choices with the one that the address names, also where it is gone.
fn with_deleted(mut choices: Vec<Choice>, chosen: Option<&Id>, name: &str) -> Vec<Choice> {
    if let Some(id) = chosen.filter(|id| choices.iter().all(|choice| choice.id != id.as_str())) {
        choices.push(Choice::new(id.to_string(), name).checked(true));
    }
    choices
}

fn role_choice(role: &Role, filters: &Filters) -> Choice {
    Choice::new(role.id.to_string(), &role.name).checked(filters.role.as_ref() == Some(&role.id))
}

fn row_view(
    row: &AccountRow,
    found: &ListData,
    (visit, recorder): (&ScreenVisit, &Recorder),
    now: NaiveDateTime,
) -> ShownAccount {
    let roles = badges(found.roles_of.get(&row.id).map_or(&[], Vec::as_slice));
    let tokens = found.tokens_of.get(&row.id).cloned().unwrap_or_default();
    let number = tokens.live + tokens.expired;
    let last = live::of_row(row, &tokens, recorder);
    ShownAccount {
        id: row.id.to_string(),
        name: row.name.clone(),
        description: found.emails.get(&row.id).unwrap_or(&row.description).clone(),
        tile: tile(visit.screen.kind, &row.id, &row.name),
        teams: found
            .teams_of
            .get(&row.id)
            .into_iter()
            .flatten()
            .map(|team| TeamBadge { id: team.id.to_string(), name: team.name.clone() })
            .collect(),
        state: AccountState {
            disabled: row.disabled,
            administrator: roles.iter().any(|role| role.administrator),
            own: visit.actor.is(&row.id),
            invited: found.pending.get(&row.id).is_some(),
        },
        invited: found.pending.get(&row.id).map(|(one, standing)| invitation(one, standing, now)),
        roles,
        last_login: moment(last.login, now),
        activity: moment(last.used, now),
        tokens: (number > 0).then(|| counted(count(number), "token")),
        expiry: token_expiry(&tokens, now),
        owner: found.owners.get(&row.id).map(Into::into),
        checked: found.selected.holds(&row.id),
        in_reach: is_in_reach(row, found, visit),
    }
}

/// Whether the reader may do anything to an account: nobody handles people who can do more, and who manages the accounts of
/// their own teams leaves the others alone.
fn is_in_reach(row: &AccountRow, found: &ListData, visit: &ScreenVisit) -> bool {
    let actor = &visit.actor;
    if !visit.may_manage() {
        let teams = found.teams_of.get(&row.id).into_iter().flatten();
        return teams.into_iter().any(|team| found.own_teams.iter().any(|own| own.id == team.id));
    }
    let held = |role: &&Role| found.roles_of.get(&row.id).into_iter().flatten().any(|badge| badge.id == role.id);
    visit.screen.kind == Kind::System || found.roles.iter().filter(held).all(|role| actor.may_grant(&role.permissions))
}

/// The line below the number of tokens: what ends first among those that work, or what has ended when none does.
fn token_expiry(tokens: &TokenSummary, now: NaiveDateTime) -> Option<Moment> {
    let several = tokens.live + tokens.expired > 1;
    match (tokens.next_expiry, tokens.last_expired) {
        (Some(next), _) if several => Some(Moment::expiry_of_one(next, now)),
        (Some(next), _) => Some(Moment::expiry(next, now)),
        (None, Some(past)) if several => Some(Moment::expiry_of_one(past, now)),
        (None, Some(past)) => Some(Moment::expiry(past, now)),
        (None, None) => None,
    }
}
