//! The list of system accounts.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::NaiveDateTime;
use serde::Deserialize;

use super::{badges, count, may_manage, moment, plan as plan_view, removable_choices, role_choices};
use crate::accounts::model::{AccountRow, Activity, Filter, Kind, NUMBERED_LIMIT, Right, Sort, Total, Window};
use crate::accounts::queries::{self, list::Listing, matching::Matching};
use crate::accounts::view;
use crate::accounts::view::filters::Filters;
use crate::accounts::view::list::{AccountsPage, Hint};
use crate::auth::principal::Principal;
use crate::clock;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::roles::{self, Badge, Role};
use crate::settings;
use crate::teams::{self, Team};
use crate::text::{fold, grouped};
use crate::tokens::{self, model::TokenSummary};
use crate::web::form::Query;
use crate::web::page::whom_to_ask;
use crate::web::view::moment::day;
use crate::web::view::pagination::Pagination;
use crate::web::view::words::counted;
use crate::web::view::{Choice, Flash, Moment, Tile};
use crate::web::visit::Visit;

/// The list's address, taken apart. A value that makes no sense is as good as none: a link that somebody kept must not fail.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ListQuery {
    q: String,
    role: String,
    team: String,
    activity: String,
    expiring: String,
    disabled: String,
    sort: String,
    size: String,
    page: String,
    after: String,
    before: String,
}

/// The longest search, in characters.
const SEARCH_LIMIT: usize = 100;
/// Rows per page where the address does not say.
const DEFAULT_SIZE: i64 = 25;
/// No list has more rows; a row's number in an address that is larger is nobody's.
const MOST_ROWS: i64 = 1_000_000_000_000;
/// In place of a position: the end of the list.
const END: &str = "end";

impl ListQuery {
    /// The accounts that are meant, as far as this actor may see them.
    pub fn filter(&self, actor: &Principal) -> Filter {
        let search: String = self.q.trim().chars().filter(|letter| !letter.is_control()).take(SEARCH_LIMIT).collect();
        let sees_all = actor.may(Kind::System.permission(Right::Read));
        Filter {
            kind: Kind::System,
            search: fold(&search),
            role: Id::parse(&self.role),
            team: Id::parse(&self.team),
            activity: match self.activity.as_str() {
                "30" => Some(Activity::Recent),
                "unused-90" => Some(Activity::Unused),
                "never" => Some(Activity::Never),
                _ => None,
            },
            expiring: self.expiring == "14",
            disabled: self.disabled == "1",
            colleagues_of: if sees_all { None } else { actor.account.clone() },
        }
    }

    fn sort(&self) -> Sort {
        Sort::parse(&self.sort)
    }

    fn size(&self) -> i64 {
        self.size.parse().ok().filter(|size| [25, 50, 100].contains(size)).unwrap_or(DEFAULT_SIZE)
    }

    fn page(&self) -> i64 {
        let last = NUMBERED_LIMIT / self.size();
        self.page.parse().unwrap_or(1).clamp(1, last)
    }

    /// Which rows are shown, and the number of the first or last one where the address knows it.
    fn window(&self) -> (Window, Option<i64>) {
        if self.before == END {
            return (Window::End, None);
        }
        if let Some((number, position)) = unpacked(&self.after) {
            return (Window::After(position), number);
        }
        if let Some((number, position)) = unpacked(&self.before) {
            return (Window::Before(position), number);
        }
        (Window::Skip((self.page() - 1) * self.size()), None)
    }

    /// The filters as the page shows them.
    pub fn filters(&self, roles: &[Role], teams: &[Team]) -> Filters {
        let chosen = |id: &str, value: &str| if Id::parse(value).is_some() { id == value } else { false };
        let kept = |value: &str, allowed: &[&str]| if allowed.contains(&value) { value.to_owned() } else { String::new() };
        let sort = self.sort().as_str();
        Filters {
            q: self.q.trim().chars().take(SEARCH_LIMIT).collect(),
            role: Id::parse(&self.role).map(|id| id.to_string()).unwrap_or_default(),
            team: Id::parse(&self.team).map(|id| id.to_string()).unwrap_or_default(),
            activity: kept(&self.activity, &["30", "unused-90", "never"]),
            expiring: kept(&self.expiring, &["14"]),
            disabled: self.disabled == "1",
            sort: if sort == "name" { String::new() } else { sort.into() },
            size: kept(&self.size, &["50", "100"]),
            roles: roles
                .iter()
                .map(|role| Choice::new(role.id.to_string(), &role.name).checked(chosen(role.id.as_str(), &self.role)))
                .collect(),
            teams: teams
                .iter()
                .map(|team| Choice::new(team.id.to_string(), &team.name).checked(chosen(team.id.as_str(), &self.team)))
                .collect(),
        }
    }

    /// The address of the list with these filters, on its first page.
    pub fn address(&self) -> String {
        self.filters(&[], &[]).here()
    }
}

/// A row's number and position, for an address.
fn packed(number: Option<i64>, position: &[String]) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::json!([number, position]).to_string())
}

/// Reads [`packed`] back. Anybody can write one, so nothing is left in it that could not have come from there.
fn unpacked(text: &str) -> Option<(Option<i64>, Vec<String>)> {
    let (number, position): (Option<i64>, Vec<String>) = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let plausible = position.iter().all(|text| !text.contains('\0'));
    plausible.then(|| (number.filter(|number| (1..=MOST_ROWS).contains(number)), position))
}

/// `GET /settings/system-accounts`
///
/// # Errors
/// `Unavailable`.
pub async fn show(visit: Visit, query: Option<Query<ListQuery>>) -> Result<HttpResponse, Error> {
    // Only a key that repeats cannot be read.
    let query = query.map_or_else(ListQuery::default, |query| query.0);
    let page = page(&visit, query, &Ticked::default()).await?;
    visit.html(StatusCode::OK, &page)
}

/// What is ticked on a list that comes back from a form.
#[derive(Debug, Clone, Default)]
pub struct Ticked {
    /// These rows.
    pub rows: Vec<Id>,
    /// All that match, on this page and on others.
    pub matching: bool,
}

/// The list again, after an action on it was refused: with what was ticked, and why.
pub async fn refused(visit: &Visit, query: ListQuery, ticked: Ticked, error: &Error) -> Result<HttpResponse, Error> {
    let status = match error {
        Error::Conflict(_) => StatusCode::CONFLICT,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let mut page = page(visit, query, &ticked).await?;
    page.shell.flash = Some(Flash::refused(error.message()));
    visit.html(status, &page)
}

/// Everything that the page needs from the database, read on one connection.
struct Found {
    listing: Listing,
    roles_of: std::collections::HashMap<Id, Vec<Badge>>,
    teams_of: std::collections::HashMap<Id, Vec<Team>>,
    tokens_of: std::collections::HashMap<Id, TokenSummary>,
    roles: Vec<Role>,
    teams: Vec<Team>,
    /// With tokens that expire soon, unused, never used.
    attention: [Total; 3],
    ask: Option<String>,
    tracked_since: NaiveDateTime,
}

fn find(conn: &mut DbConnection, filter: &Filter, sort: Sort, window: &Window, size: i64, asks: bool) -> Result<Found, Error> {
    let listing = queries::list::list(conn, filter, sort, window, size)?;
    let ids: Vec<Id> = listing.rows.iter().map(|row| row.id.clone()).collect();
    let roles = roles::queries::all(conn)?;
    Ok(Found {
        roles_of: roles::queries::badges(conn, &ids)?,
        teams_of: teams::queries::of_accounts(conn, &ids)?,
        tokens_of: tokens::queries::summary(conn, &ids)?,
        attention: Matching::attention(conn, filter)?,
        teams: teams::queries::all(conn)?,
        ask: if asks { whom_to_ask(conn)? } else { None },
        tracked_since: settings::tracked_since(conn)?,
        listing,
        roles,
    })
}

/// The page for an address, with what is ticked on it.
pub async fn page(visit: &Visit, query: ListQuery, ticked: &Ticked) -> Result<AccountsPage, Error> {
    let actor: &Principal = &visit.actor;
    let (filter, sort, size) = (query.filter(actor), query.sort(), query.size());
    let (window, number) = query.window();
    let can_manage = may_manage(actor);
    let (found, mut shell) = {
        let window = window.clone();
        visit.framed(view::LIST, move |conn| find(conn, &filter, sort, &window, size, !can_manage)).await?
    };
    let now = clock::now();
    let filters = query.filters(&found.roles, &found.teams);
    let total = found.listing.total;
    let (enabled, disabled) = found.listing.totals;
    if !visit.request.method().is_safe() {
        shell.here = filters.here();
    }
    let rows = found
        .listing
        .rows
        .iter()
        .map(|row| {
            let checked = ticked.matching || ticked.rows.contains(&row.id);
            row_view(row, &found, now, checked)
        })
        .collect();
    Ok(AccountsPage {
        shell,
        plan: plan_view(&visit.config, enabled),
        hints: hints(&found, &query),
        can_manage,
        own_teams: !actor.may(Kind::System.permission(Right::Read)),
        policy_link: visit.config.policy_link.clone(),
        rows,
        total_text: total_text(total),
        total: count(total.count) + u64::from(total.more),
        matching: ticked.matching,
        addable_roles: role_choices(&found.roles, actor, &[]),
        removable_roles: removable_choices(&found.roles, actor),
        pagination: pagination(&query, &filters, &found.listing, &window, number),
        tracked_since: day(found.tracked_since.date()),
        is_first_run: enabled + disabled == 0,
        ask: found.ask,
        filters,
    })
}

fn total_text(total: Total) -> String {
    if total.more { format!("more than {}", grouped(total.count)) } else { grouped(total.count) }
}

fn hints(found: &Found, query: &ListQuery) -> Vec<Hint> {
    let base = ListQuery { disabled: query.disabled.clone(), size: query.size.clone(), ..ListQuery::default() };
    let hint = |total: Total, text: &str, narrowed: ListQuery| {
        let number = if total.more { format!("{}+", grouped(total.count)) } else { grouped(total.count) };
        (total.count > 0).then(|| Hint { text: format!("{number} {text}"), href: narrowed.address() })
    };
    let [expiring, unused, never] = found.attention;
    [
        hint(expiring, "with tokens expiring soon", ListQuery { expiring: "14".into(), ..base.clone() }),
        hint(unused, "unused for 90 days", ListQuery { activity: "unused-90".into(), ..base.clone() }),
        hint(never, "never used", ListQuery { activity: "never".into(), ..base.clone() }),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn row_view(row: &AccountRow, found: &Found, now: NaiveDateTime, checked: bool) -> view::list::AccountRow {
    let roles = badges(found.roles_of.get(&row.id).map_or(&[], Vec::as_slice));
    let tokens = found.tokens_of.get(&row.id).cloned().unwrap_or_default();
    let number = tokens.live + tokens.expired;
    view::list::AccountRow {
        id: row.id.to_string(),
        name: row.name.clone(),
        description: row.description.clone(),
        tile: Tile::machine(row.id.as_str(), &row.name),
        teams: found.teams_of.get(&row.id).into_iter().flatten().map(|team| team.name.clone()).collect(),
        administrator: roles.iter().any(|role| role.administrator),
        roles,
        last_login: moment(row.last_login_at, now),
        activity: moment(row.last_used_at, now),
        tokens: (number > 0).then(|| counted(count(number), "token")),
        expiry: token_expiry(&tokens, now),
        disabled: row.disabled,
        checked,
    }
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

fn pagination(query: &ListQuery, filters: &Filters, listing: &Listing, window: &Window, number: Option<i64>) -> Pagination {
    let (total, size) = (listing.total, query.size());
    if !total.more && total.count <= NUMBERED_LIMIT && matches!(window, Window::Skip(_)) {
        return Pagination::numbered(count(query.page()), count(size), count(total.count), |page| filters.page(page));
    }
    let shown = i64::try_from(listing.rows.len()).unwrap_or_default();
    let first = match window {
        Window::Skip(n) => Some(n + 1),
        Window::After(_) => number.map(|last| last + 1),
        Window::Before(_) => number.map(|first| (first - shown).max(1)),
        Window::End => (!total.more).then(|| total.count - shown + 1),
    };
    let last = first.map(|first| first + shown - 1);
    let go = |name: &str, row: Option<&AccountRow>, number: Option<i64>| {
        row.map(|row| {
            let here = filters.here();
            let joint = if here.contains('?') { '&' } else { '?' };
            format!("{here}{joint}{name}={}", packed(number, &row.position))
        })
    };
    let here = filters.here();
    let end = format!("{here}{}before={END}", if here.contains('?') { '&' } else { '?' });
    Pagination {
        summary: match (first, last) {
            (Some(first), Some(last)) => format!("{}–{} of {}", grouped(first), grouped(last), total_text(total)),
            _ => format!("The last {} of {}", grouped(shown), total_text(total)),
        },
        pages: Vec::new(),
        first: listing.before.then_some(here),
        previous: if listing.before { go("before", listing.rows.first(), first) } else { None },
        next: if listing.after { go("after", listing.rows.last(), last) } else { None },
        last: listing.after.then_some(end),
        size: count(size),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_survive_an_address() {
        let position = vec!["naïve, \"name\"".to_owned(), "id".to_owned()];
        assert_eq!(unpacked(&packed(Some(50), &position)), Some((Some(50), position)));
        assert_eq!(unpacked("nonsense"), None);
        assert_eq!(unpacked(""), None);
    }

    #[test]
    fn nonsense_in_an_address_is_left_out() {
        let query =
            ListQuery { sort: "shoe".into(), size: "7".into(), role: "x'; --".into(), page: "-3".into(), ..ListQuery::default() };
        assert_eq!(query.address(), view::LIST);
        assert_eq!((query.size(), query.page()), (DEFAULT_SIZE, 1));
    }
}
