//! Tokens that somebody chose in the list or pasted: whose they are, and the question whether to revoke them.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Deserialize;

use super::list::add_unwritten;
use crate::accounts::view::ask::whom_to_ask;
use crate::clock;
use crate::error::Error;
use crate::id::Id;
use crate::settings;
use crate::tokens::filter::{TOKENS, TokenQuery};
use crate::tokens::model::listing::TokenScope;
use crate::tokens::operations::chosen::{self, Revoked, Which};
use crate::tokens::queries::selection;
use crate::tokens::value::is_id;
use crate::tokens::view::list::{ChosenPage, TokenLine};
use crate::web::form::{Form, Query};
use crate::web::page::see_other;
use crate::web::view::moment::day;
use crate::web::view::words::{count, counted};
use crate::web::view::{Flash, Text};
use crate::web::visit::Visit;

/// Rows that the page spells out; of more it gives the number.
const NAMED: i64 = 100;

/// A choice's address.
pub fn address(id: &Id) -> String {
    format!("{TOKENS}/selections/{id}")
}

/// The form around the list.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ChoiceForm {
    id: Vec<String>,
    /// `all` means all that match.
    #[serde(rename = "do")]
    which: String,
    #[serde(flatten)]
    query: TokenQuery,
}

/// What has the form of a token's ID: everything else names none.
fn ids(mut sent: Vec<String>) -> Vec<String> {
    sent.retain(|id| is_id(id));
    sent
}

/// `POST /settings/tokens/selections`: keeps what is ticked, or all that match, and asks about it.
pub async fn choose(visit: Visit, form: Form<ChoiceForm>) -> Result<HttpResponse, Error> {
    let form = form.0;
    let filters = form.query.filters();
    let list = filters.here();
    let which = if form.which == "all" { Which::All(Box::new(filters.filter())) } else { Which::Ticked(ids(form.id)) };
    let back = list.clone();
    match visit.write(move |conn, actor| chosen::choose(conn, actor, &which, &back)).await {
        Ok(id) => Ok(see_other(&address(&id))),
        Err(error @ Error::Invalid(_)) => {
            visit.flash(&Flash::refused(error.message()))?;
            Ok(see_other(&list))
        }
        Err(error) => Err(error),
    }
}

fn id_of(path: &str) -> Result<Id, Error> {
    Id::parse(path).ok_or(Error::NotFound("selection"))
}

/// What stands behind a choice's address once some of it was revoked: what was left out then is not ticked again.
const CHOSEN: &str = "chosen";

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ChosenQuery {
    state: String,
}

/// `GET /settings/tokens/selections/{id}`
pub async fn show(visit: Visit, path: web::Path<String>, query: Query<ChosenQuery>) -> Result<HttpResponse, Error> {
    let (id, actor, now) = (id_of(&path)?, visit.actor.clone(), clock::now());
    let general = Arc::clone(&visit.settings);
    let found = visit.framed(TOKENS, move |conn| {
        let (opened, scope) = (chosen::open(conn, &actor, &id)?, TokenScope::of(&actor));
        let ask = if opened.others.outside > 0 { whom_to_ask(conn, &general)? } else { None };
        let (rows, counts) = (selection::rows(conn, &id, &scope, NAMED)?, selection::counts(conn, &id, &scope)?);
        Ok((opened, rows, counts, ask, settings::tracked_since(conn)?))
    });
    let ((opened, mut rows, (total, open), ask, tracked_since), shell) = found.await?;
    add_unwritten(&mut rows, &visit)?;
    let page = ChosenPage {
        shell,
        id: opened.id.to_string(),
        found: opened.found,
        rows: rows.iter().map(|row| TokenLine::new(row, &visit.actor, now)).collect(),
        total: count(total),
        open: count(open),
        ticked: query.0.state != CHOSEN,
        outside: opened.others.outside as u64,
        unknown: opened.others.unknown as u64,
        ask,
        back: if opened.back.is_empty() { TOKENS.to_owned() } else { opened.back },
        tracked_since: day(tracked_since.date()),
    };
    visit.html(StatusCode::OK, &page)
}

/// The form around the chosen tokens.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RevocationForm {
    id: Vec<String>,
    /// All of them: there were too many for boxes.
    all: String,
}

/// `POST /settings/tokens/selections/{id}/revocation`
pub async fn revoke(visit: Visit, path: web::Path<String>, form: Form<RevocationForm>) -> Result<HttpResponse, Error> {
    let (id, RevocationForm { id: ticked, all }) = (id_of(&path)?, form.0);
    let (here, ticked) = (format!("{}?state={CHOSEN}", address(&id)), ids(ticked));
    if all.is_empty() && ticked.is_empty() {
        visit.flash(&Flash::refused("Select at least one token."))?;
        return Ok(see_other(&here));
    }
    let done = visit.write(move |conn, actor| {
        let only = all.is_empty().then_some(ticked.as_slice());
        let revoked = chosen::revoke(conn, actor, &id, only)?;
        Ok((revoked, chosen::open(conn, actor, &id)?))
    });
    let (revoked, opened) = done.await?;
    visit.flash(&told(&revoked))?;
    // What was found stays in sight, with what has become of it.
    Ok(see_other(if opened.back.is_empty() { &here } else { &opened.back }))
}

fn told(revoked: &Revoked) -> Flash {
    let (stopped, before) = (&revoked.stopped, revoked.before);
    let were = |n: i64| if n == 1 { "1 was already revoked.".to_owned() } else { format!("{} were already revoked.", count(n)) };
    match (stopped.tokens, stopped.old_values) {
        (0, 0) if before <= 1 => Flash::neutral(vec![Text::plain("No change: it was already revoked.")]),
        (0, 0) => Flash::neutral(vec![Text::plain("No change: they were already revoked.")]),
        (tokens, old) => {
            let flash = match (tokens, old) {
                (1, _) => Flash::done("Revoked ").strong(stopped.name.clone()).plain(" of ").strong(stopped.account.clone()),
                (0, old) => Flash::done(format!("Stopped {}", counted(count(old), "old value"))),
                (tokens, _) => Flash::done(format!("Revoked {}", counted(count(tokens), "token"))),
            };
            let flash = match (tokens, old) {
                (0, _) | (_, 0) => flash.plain("."),
                (_, 1) => flash.plain(", and stopped an old value."),
                (_, old) => flash.plain(format!(", and stopped {} old values.", count(old))),
            };
            if before > 0 { flash.plain(format!(" {}", were(before))) } else { flash }
        }
    }
}
