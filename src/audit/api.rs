//! The audit log, as the admin API gives it: oldest first, page by page from a place in the log.

use actix_web::HttpResponse;
use chrono::{DateTime, NaiveDateTime};
use serde::Serialize;
use utoipa::ToSchema;

use super::json::{self, ActorJson, EventJson, TargetJson};
use super::model::{AuditFilter, LogPosition};
use super::queries::log::{self, LogDirection};
use super::words;
use crate::error::Error;
use crate::id::Id;
use crate::web::api::call::{Call, ok};
use crate::web::api::operation::{Example, Operation, Parameter, ParameterKind, answers};
use crate::web::api::params::{Link, QueryParams};

pub mod deleted;

/// So many events are read for a page with a number, at most.
const MOST_READ: i64 = 10_000;

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Events {
    pub events: Vec<EventJson>,
    #[serde(rename = "_links")]
    pub links: EventLinks,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EventLinks {
    #[serde(rename = "self")]
    pub this: Link,
    /// The events that follow; absent at the end of the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next: Option<Link>,
}

impl Example for Events {
    fn example() -> Self {
        let link = |query: &str| Link { href: format!("https://muster.example.com/audit{query}") };
        let event = EventJson {
            uuid: "0193a4c2-7d10-7c3e-9a52-1f0e6b8c2d41".into(),
            timestamp: "2026-11-24T14:00:00.118042Z".into(),
            r#type: "account.created".into(),
            actor: ActorJson {
                uuid: Some("0193a4c2-0b6f-7f21-8d4e-5c7a9e3b1f02".into()),
                name: "terraform".into(),
                r#type: "system_account".into(),
                token_id: Some("7Qm2VxKp9aBc".into()),
            },
            target: TargetJson {
                uuid: Some("0193a4c2-7d10-7c3e-9a52-1f0e6b8c2d42".into()),
                name: "buildkite/ios".into(),
                r#type: "system_account".into(),
            },
            object: None,
            payload: serde_json::json!({ "description": "Publishes pacts of the iOS app" }),
            change: "0193a4c2-7d10-7c3e-9a52-1f0e6b8c2d40".into(),
            session: None,
            address: Some("198.51.100.14".into()),
            user_agent: Some("terraform-pact/v0.10.1".into()),
            request: Some("73928e05c234".into()),
        };
        Self { events: vec![event], links: EventLinks { this: link(""), next: Some(link("?from=1795529512118042-42")) } }
    }
}

pub static LIST: Operation = Operation::new(
    "Audit log",
    "List what happened",
    "Oldest first, or newest first with `sort=-timestamp`. Follow `_links.next` to read on: it keeps the filters, and is absent at \
     the end of the log.",
    &[answers::<Events>(200, "A page of events.")],
)
.with_query(&[
    Parameter { name: "since", kind: ParameterKind::Moment, text: "Events from this moment on, as RFC 3339 writes it: 2026-11-24T14:00:00Z." },
    Parameter { name: "userUuid", kind: ParameterKind::Uuid, text: "Events that this account has caused." },
    Parameter {
        name: "type",
        kind: ParameterKind::Text,
        text: "A type such as account.created, or a group: accounts, roles, teams, tokens, sign-ins, settings, refusals.",
    },
    Parameter { name: "sort", kind: ParameterKind::Word(&["timestamp", "-timestamp"]), text: "Oldest first, or newest first." },
    Parameter { name: "from", kind: ParameterKind::Text, text: "The place after which the page begins, as _links.next has it." },
    Parameter { name: "pageSize", kind: ParameterKind::Number(1, 1_000), text: "Events per page; 50 unless given." },
    Parameter {
        name: "pageNumber",
        kind: ParameterKind::Number(1, MOST_READ),
        text: "The page after that place, from 1, within the first 10,000 events. Following _links.next has no such limit.",
    },
]);

/// `GET /audit`
pub async fn list(call: Call) -> Result<HttpResponse, Error> {
    let params = call.params();
    let filter = filter(&params)?;
    let is_descending = match params.text("sort")? {
        None | Some("timestamp") => false,
        Some("-timestamp") => true,
        Some(_) => return Err(Error::at("sort", "Use timestamp or -timestamp.")),
    };
    let from = params
        .text("from")?
        .map(|text| LogPosition::parse(text).ok_or_else(|| Error::at("from", "Use the value that _links.next has.")));
    let from = from.transpose()?;
    let paging = params.paging_by("pageNumber", "pageSize")?;
    if paging.offset() + paging.size > MOST_READ {
        return Err(Error::at("pageNumber", "This is too far from the beginning. Follow _links.next instead."));
    }
    let way = if is_descending { LogDirection::Older(from) } else { LogDirection::Newer(from.unwrap_or(LogPosition::FIRST)) };
    // One more says whether there is a next page.
    let most = paging.offset() + paging.size + 1;
    let mut entries = call
        .read(move |conn| {
            let criteria = log::criteria(conn, &filter)?;
            log::page(conn, &criteria, way, most)
        })
        .await?;
    if !is_descending {
        entries.reverse();
    }
    let count = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
    let has_more = entries.len() == count(most);
    let page: Vec<_> = entries.iter().skip(count(paging.offset())).take(count(paging.size)).collect();
    let next = page.last().filter(|_| has_more);
    let next = next.map(|last| params.link(&[("pageNumber", String::new()), ("from", last.position.to_string())]));
    let events = page.into_iter().map(json::event).collect();
    ok(&Events { events, links: EventLinks { this: params.link(&[]), next } })
}

fn filter(params: &QueryParams) -> Result<AuditFilter, Error> {
    let actor = match params.text("userUuid")? {
        None => None,
        Some(text) => Some(Id::parse(text).ok_or_else(|| Error::at("userUuid", "This must be a UUID."))?.to_string()),
    };
    let verbs = match params.text("type")? {
        None => Vec::new(),
        Some(text) => Some(words::verbs_of(text)).filter(|verbs| !verbs.is_empty()).ok_or_else(|| {
            Error::at("type", "There is no such type of event. Use one such as account.created, or a group such as accounts.")
        })?,
    };
    let from = params.text("since")?.map(|text| {
        moment(text).ok_or_else(|| Error::at("since", "This must be a moment with its offset, such as 2026-11-24T14:00:00Z."))
    });
    Ok(AuditFilter { actor, verbs, from: from.transpose()?, ..AuditFilter::default() })
}

/// A plus sign that was not encoded arrives as a space.
fn moment(text: &str) -> Option<NaiveDateTime> {
    let moment = DateTime::parse_from_rfc3339(&text.replace(' ', "+")).ok()?.naive_utc();
    LogPosition::may_be_at(moment).then_some(moment)
}
