//! The list of all tokens.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use crate::accounts::model::Total;
use crate::accounts::pages::live;
use crate::activity::Recorder;
use crate::clock;
use crate::error::Error;
use crate::settings;
use crate::text::grouped;
use crate::text::secrets::without_secrets;
use crate::tokens::filter::{TOKENS, TokenQuery};
use crate::tokens::model::listing::{AccountToken, TokenScope, TokenWindow};
use crate::tokens::queries::list;
use crate::tokens::view::list::{TokenLine, TokensPage};
use crate::web::form::Query;
use crate::web::page::see_other;
use crate::web::view::moment::day;
use crate::web::view::words::count;
use crate::web::visit::Visit;

/// Rows of a page.
const SIZE: usize = 50;

/// `GET /settings/tokens`
pub async fn show(visit: Visit) -> Result<HttpResponse, Error> {
    let query: TokenQuery = Query::of(&visit.request).map_or_else(|_| TokenQuery::default(), |query| query.0);
    let sent = visit.request.query_string();
    if without_secrets(sent) != sent {
        // Somebody searched for a whole token: its secret does not stay in the address.
        return Ok(see_other(&query.filters().here()));
    }
    visit.html(StatusCode::OK, &page(&visit, &query).await?)
}

async fn page(visit: &Visit, query: &TokenQuery) -> Result<TokensPage, Error> {
    let (filters, window, now) = (query.filters(), query.window(), clock::now());
    let (scope, filter) = (TokenScope::of(&visit.actor), filters.filter());
    let everybody = scope.is_everybody();
    let asked = (filter.clone(), window.clone());
    let ((mut rows, total, tracked_since), shell) = visit
        .framed(TOKENS, move |conn| {
            let (filter, window) = asked;
            let most = i64::try_from(SIZE).unwrap_or(i64::MAX) + 1;
            let rows = list::page(conn, (&scope, &filter), &window, most, now)?;
            let all = Total { count: i64::try_from(rows.len()).unwrap_or(i64::MAX), more: false };
            let is_whole = window == TokenWindow::First && rows.len() <= SIZE;
            let total = if is_whole { all } else { list::total(conn, &scope, &filter, now)? };
            Ok((rows, total, settings::tracked_since(conn)?))
        })
        .await?;
    let further = rows.len() > SIZE;
    let (has_newer, has_older) = match window {
        TokenWindow::First => (false, further),
        TokenWindow::After(_) => (true, further),
        TokenWindow::Before(_) => (further, true),
    };
    if further {
        let last = rows.len() - 1;
        rows.remove(if matches!(window, TokenWindow::Before(_)) { 0 } else { last });
    }
    add_unwritten(&mut rows, visit)?;
    let step = |name, row: Option<&AccountToken>| row.map(|row| filters.page(name, &row.position(&filter)));
    Ok(TokensPage {
        shell,
        newer: if rows.is_empty() && has_newer {
            Some(filters.here())
        } else {
            step("before", rows.first().filter(|_| has_newer))
        },
        older: step("after", rows.last().filter(|_| has_older)),
        rows: rows.iter().map(|row| TokenLine::new(row, &visit.actor, now)).collect(),
        total: if total.more { format!("{}+", grouped(total.count)) } else { grouped(total.count) },
        number: count(total.count),
        everybody,
        tracked_since: day(tracked_since.date()),
        filters,
    })
}

/// Adds what this instance has seen of them and not written yet.
pub fn add_unwritten(rows: &mut [AccountToken], visit: &Visit) -> Result<(), Error> {
    let recorder = visit.data::<Recorder>()?;
    for row in rows {
        let pending = recorder.pending(&row.token.account);
        live::add_to_token(&mut row.token, &pending);
    }
    Ok(())
}
