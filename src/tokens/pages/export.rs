//! A copy of the list of tokens as CSV: all that match, in the list's order.

use actix_web::HttpResponse;
use chrono::NaiveDateTime;

use crate::audit::pages::copy;
use crate::clock;
use crate::database::DbConnection;
use crate::error::Error;
use crate::tokens::filter::TokenQuery;
use crate::tokens::model::listing::{AccountToken, TokenFilter, TokenPosition, TokenScope, TokenWindow};
use crate::tokens::queries::list;
use crate::web::csv::{self, CsvCell};
use crate::web::download::{ExportFile, ExportSource, Format};
use crate::web::form::Query;
use crate::web::visit::Visit;

/// Rows read at once.
const PART: usize = 500;

/// Public IDs may look like numbers: they stand in the prefix.
const COLUMNS: [&str; 13] = [
    "prefix",
    "name",
    "access",
    "account",
    "account_id",
    "account_type",
    "account_status",
    "old_value",
    "created",
    "created_by",
    "expires",
    "last_used",
    "last_used_from",
];

/// `GET /settings/tokens/export`
pub async fn export(visit: Visit) -> Result<HttpResponse, Error> {
    let query: TokenQuery = Query::of(&visit.request).map_or_else(|_| TokenQuery::default(), |query| query.0);
    let filters = query.filters();
    let tokens = TokenExport { scope: TokenScope::of(&visit.actor), filter: filters.filter(), now: clock::now() };
    let file = ExportFile { name: "tokens", of: "Tokens", format: Format::Csv, columns: &COLUMNS, filter: filters.words() };
    copy::answer(file, &visit, tokens).await
}

/// The tokens that match, of those that their reader may see.
#[derive(Clone)]
struct TokenExport {
    scope: TokenScope,
    filter: TokenFilter,
    now: NaiveDateTime,
}

impl ExportSource for TokenExport {
    type Place = TokenPosition;

    fn count(&self, conn: &mut DbConnection) -> Result<Option<i64>, Error> {
        list::count(conn, &self.scope, &self.filter, self.now).map(Some)
    }

    fn part(&self, conn: &mut DbConnection, from: Option<Self::Place>) -> Result<(String, Option<Self::Place>), Error> {
        let window = from.map_or(TokenWindow::First, TokenWindow::After);
        let size = i64::try_from(PART).unwrap_or(i64::MAX);
        let rows = list::page(conn, (&self.scope, &self.filter), &window, size, self.now)?;
        let mut text = String::new();
        rows.iter().for_each(|row| line(row, &mut text));
        Ok((text, rows.last().filter(|_| rows.len() == PART).map(|row| row.position(&self.filter))))
    }
}

fn line(row: &AccountToken, out: &mut String) {
    let token = &row.token;
    let moment = |at: Option<NaiveDateTime>| at.map(clock::written).unwrap_or_default();
    let (created, expires, used) = (clock::written(token.created_at), moment(token.expires_at), moment(token.last_used_at));
    csv::line(
        out,
        &[
            CsvCell::Exact(&token.begins_with()),
            CsvCell::Text(&token.name),
            CsvCell::Exact(token.access.as_str()),
            CsvCell::Text(&row.account_name),
            CsvCell::Exact(token.account.as_str()),
            CsvCell::Exact(row.kind.as_str()),
            CsvCell::Exact(if row.account_disabled { "disabled" } else { "enabled" }),
            CsvCell::Exact(if token.replaced_by.is_some() { "yes" } else { "no" }),
            CsvCell::Exact(&created),
            CsvCell::Text(&token.created_by_name),
            CsvCell::Exact(&expires),
            CsvCell::Exact(&used),
            CsvCell::Text(token.last_used_from.as_deref().unwrap_or_default()),
        ],
    );
}
