//! The help pages, for whoever is signed in.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::view::api::{ApiPage, groups};
use super::view::{
    API, AUTHZEN, AuthzenText, Document, GATEWAYS, GatewayForm, GatewayPage, GatewayText, HelpPage, OPERATIONS, OperationsText,
    TERRAFORM, TerraformText,
};
use crate::config::BaseUrl;
use crate::error::Error;
use crate::gateway::recipes::{Gateway, Values};
use crate::metrics;
use crate::web::api::document::Description;
use crate::web::form::Query;
use crate::web::page::see_other;
use crate::web::view::Field;
use crate::web::visit::Visit;

/// `GET /help`
pub async fn home(_: Visit) -> HttpResponse {
    see_other(GATEWAYS)
}

/// `GET /help/gateways`
pub async fn gateways(_: Visit) -> HttpResponse {
    see_other(&format!("{GATEWAYS}/{}", Gateway::Nginx.slug()))
}

/// `GET /help/gateways/{gateway}`
pub async fn gateway(visit: Visit, slug: web::Path<String>) -> Result<HttpResponse, Error> {
    let gateway = Gateway::from_slug(&slug).ok_or(Error::NotFound("page"))?;
    let mut values = Values::example(visit.config.listen);
    let form = filled(&mut values, visit.request.query_string());
    let is_good = [&form.muster, &form.api, &form.path, &form.require].iter().all(|field| field.error.is_none());
    let document = Document::parse(&drawn(&GatewayText::new(gateway, &values))?);
    let ((), shell) = visit.framed(GATEWAYS, |_| Ok(())).await?;
    let status = if is_good { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    visit.html(status, &GatewayPage { shell, gateway, form, document })
}

/// `GET /help/operations`
pub async fn operations(visit: Visit) -> Result<HttpResponse, Error> {
    page(&visit, OPERATIONS, &operations_text()).await
}

/// `GET /help/authzen`
pub async fn authzen(visit: Visit) -> Result<HttpResponse, Error> {
    let url = visit.data::<BaseUrl>()?.0.clone();
    page(&visit, AUTHZEN, &AuthzenText { url }).await
}

/// `GET /help/terraform`
pub async fn terraform(visit: Visit) -> Result<HttpResponse, Error> {
    let url = visit.data::<BaseUrl>()?.0.clone();
    page(&visit, TERRAFORM, &TerraformText::new(url)).await
}

/// The page's form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ApiSearch {
    q: String,
}

/// `GET /help/api`: what the API answers, found by path, method or permission.
pub async fn api(visit: Visit) -> Result<HttpResponse, Error> {
    let q = Query::<ApiSearch>::of(&visit.request).map_or_else(|_| String::new(), |query| query.0.q);
    let (url, description) = (visit.data::<BaseUrl>()?.0.clone(), visit.data::<Description>()?);
    let ((), shell) = visit.framed(API, |_| Ok(())).await?;
    visit.html(StatusCode::OK, &ApiPage { shell, groups: groups(&description, &url, &q), url, q })
}

async fn page(visit: &Visit, place: &str, text: &impl Template) -> Result<HttpResponse, Error> {
    let document = Document::parse(&drawn(text)?);
    let ((), shell) = visit.framed(place, |_| Ok(())).await?;
    visit.html(StatusCode::OK, &HelpPage { shell, document })
}

/// The page about running Muster.
pub fn operations_text() -> OperationsText {
    OperationsText { metrics: metrics::families() }
}

fn drawn(text: &impl Template) -> Result<String, Error> {
    text.render().map_err(|error| Error::Internal(format!("drawing a help page: {error}")))
}

/// Fills in what was sent and is right. What is wrong comes back with its message, and the example stays in the recipe.
fn filled(values: &mut Values, query: &str) -> GatewayForm {
    let sent: Vec<(String, String)> = serde_html_form::from_str(query).unwrap_or_default();
    let mut field = |name: &str, set: fn(&mut Values, &str) -> Result<(), String>, shown: fn(&Values) -> String| {
        let value = sent.iter().find(|(other, value)| other == name && !value.trim().is_empty()).map(|(_, value)| value.trim());
        let error = value.and_then(|value| set(values, value).err());
        let value = if error.is_some() { value.unwrap_or_default().to_owned() } else { shown(values) };
        Field { value, error }
    };
    let form = GatewayForm {
        muster: field("muster", Values::set_muster, Values::muster),
        api: field("api", Values::set_api, Values::api),
        path: field("path", Values::set_path, |values| values.path().to_owned()),
        require: field("require", Values::set_permission, |values| values.permission().to_owned()),
        query: String::new(),
    };
    let pairs = [
        ("muster", values.muster()),
        ("api", values.api()),
        ("path", values.path().into()),
        ("require", values.permission().into()),
    ];
    let query = if sent.is_empty() { String::new() } else { serde_html_form::to_string(pairs).unwrap_or_default() };
    GatewayForm { query, ..form }
}
