//! A copy of a list as CSV: all that match, in the order of their names.

use std::collections::HashMap;

use actix_web::HttpResponse;
use chrono::NaiveDateTime;

use super::visits::ScreenVisit;
use crate::accounts::model::{AccountFilter, AccountRow, Kind, Selection, Sort, Window};
use crate::accounts::queries::owners::Owner;
use crate::accounts::queries::selection::Target;
use crate::accounts::queries::{self, list, owners};
use crate::audit::pages::copy;
use crate::clock;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::people::operations::Pending;
use crate::roles::{self, Badge};
use crate::teams::{self, Team};
use crate::tokens::{self, model::TokenSummary};
use crate::web::csv::{self, CsvCell};
use crate::web::download::{ExportFile, ExportSource, Format};

/// Rows read at once.
const PART: usize = 500;

const MACHINES: [&str; 12] = [
    "id",
    "name",
    "description",
    "status",
    "owner",
    "teams",
    "roles",
    "last_login",
    "last_token_use",
    "active_tokens",
    "expired_tokens",
    "next_token_expiry",
];
const PEOPLE: [&str; 8] = ["id", "name", "email", "status", "teams", "roles", "last_login", "last_token_use"];

/// `GET …/export`
pub async fn export(visit: ScreenVisit) -> Result<HttpResponse, Error> {
    let filters = visit.filters();
    let (name, columns): (&'static str, &'static [&'static str]) = match visit.screen.kind {
        Kind::System => ("system-accounts", &MACHINES),
        Kind::User => ("users", &PEOPLE),
    };
    // The order and the size of a page are not the file's.
    let narrowing = filters.query().into_iter().filter(|(name, _)| !["sort", "size"].contains(name)).collect();
    let file = ExportFile { name, of: visit.screen.title, format: Format::Csv, columns, filter: narrowing };
    copy::answer(file, &visit, Accounts(filters.filter(&visit.actor))).await
}

/// The accounts that match, of those that their reader may see.
#[derive(Clone)]
struct Accounts(AccountFilter);

impl Accounts {
    fn target(&self, conn: &mut DbConnection) -> Result<Target, Error> {
        Target::resolve(conn, self.0.kind, &Selection::Matching(self.0.clone()))
    }
}

impl ExportSource for Accounts {
    type Place = Vec<String>;

    fn count(&self, conn: &mut DbConnection) -> Result<Option<i64>, Error> {
        self.target(conn)?.count(conn).map(Some)
    }

    fn part(&self, conn: &mut DbConnection, from: Option<Self::Place>) -> Result<(String, Option<Self::Place>), Error> {
        let target = self.target(conn)?;
        let window = from.map_or(Window::Skip(0), Window::After);
        let rows = list::rows(conn, &target, Sort::default(), &window, i64::try_from(PART).unwrap_or(i64::MAX))?;
        let further = rows.last().filter(|_| rows.len() == PART).map(|row| row.position(Sort::default()));
        let found = ExportBatch::read(conn, self.0.kind, rows)?;
        let mut text = String::new();
        found.rows.iter().for_each(|row| found.line(row, &mut text));
        Ok((text, further))
    }
}

/// A part of the list. As many statements for any number of rows.
struct ExportBatch {
    kind: Kind,
    rows: Vec<AccountRow>,
    roles: HashMap<Id, Vec<Badge>>,
    teams: HashMap<Id, Vec<Team>>,
    tokens: HashMap<Id, TokenSummary>,
    owners: HashMap<Id, Owner>,
    emails: HashMap<Id, String>,
    pending: Pending,
}

impl ExportBatch {
    fn read(conn: &mut DbConnection, kind: Kind, rows: Vec<AccountRow>) -> Result<Self, Error> {
        let ids: Vec<Id> = rows.iter().map(|row| row.id.clone()).collect();
        let (machines, people) = if kind == Kind::System { (&ids[..], &[][..]) } else { (&[][..], &ids[..]) };
        Ok(Self {
            kind,
            roles: roles::queries::badges(conn, &ids)?,
            teams: teams::queries::of_accounts(conn, &ids)?,
            tokens: tokens::queries::summary(conn, machines)?,
            owners: owners::of_accounts(conn, machines)?,
            emails: queries::emails(conn, people)?,
            pending: if people.is_empty() { Pending::default() } else { Pending::of(conn, people)? },
            rows,
        })
    }

    fn line(&self, row: &AccountRow, out: &mut String) {
        let moment = |at: Option<NaiveDateTime>| at.map(clock::written).unwrap_or_default();
        let teams: Vec<&str> = self.teams.get(&row.id).into_iter().flatten().map(|team| team.name.as_str()).collect();
        let roles: Vec<&str> = self.roles.get(&row.id).into_iter().flatten().map(|role| role.name.as_str()).collect();
        let (teams, roles) = (teams.join("; "), roles.join("; "));
        let (login, used) = (moment(row.last_login_at()), moment(row.last_used_at()));
        let about = self.emails.get(&row.id).unwrap_or(&row.description);
        let status = CsvCell::Exact(match self.pending.get(&row.id) {
            _ if row.disabled => "disabled",
            Some(_) => "invited",
            None => "enabled",
        });
        let mut cells = vec![CsvCell::Exact(row.id.as_str()), CsvCell::Text(&row.name), CsvCell::Text(about), status];
        let owner = self.owners.get(&row.id).map(|owner| owner.name.as_str()).unwrap_or_default();
        let tokens = self.tokens.get(&row.id).cloned().unwrap_or_default();
        let (live, expired, next) = (tokens.live.to_string(), tokens.expired.to_string(), moment(tokens.next_expiry));
        if self.kind == Kind::System {
            cells.push(CsvCell::Text(owner));
        }
        cells.extend([CsvCell::Text(&teams), CsvCell::Text(&roles), CsvCell::Exact(&login), CsvCell::Exact(&used)]);
        if self.kind == Kind::System {
            cells.extend([CsvCell::Exact(&live), CsvCell::Exact(&expired), CsvCell::Exact(&next)]);
        }
        csv::line(out, &cells);
    }
}
