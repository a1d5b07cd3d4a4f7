//! A token as the API writes it: never with its secret, except in the answer that made it.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::model::Token as Stored;
use super::value::{Access, TokenValue};
use crate::clock;
use crate::web::api::operation::Example;
use crate::web::api::params::{Link, Page, PageLinks, QueryParams};

/// An API token.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Token)]
pub struct TokenJson {
    /// The public id: 12 letters and digits, which also stand in the token.
    pub uuid: String,
    /// Its name.
    pub description: String,
    /// The token itself, in the answer that made it and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub value: Option<String>,
    /// `read` or `write`.
    pub access: String,
    pub read_only: bool,
    pub created_at: String,
    /// Absent for a token that never expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub expires_at: Option<String>,
    /// Absent until it is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub last_used_at: Option<String>,
    /// The address that it was last used from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub last_used_from: Option<String>,
    /// `pb:regenerate`: where it is replaced.
    #[serde(rename = "_links")]
    pub links: BTreeMap<String, Link>,
}

impl TokenJson {
    /// `list` is the address of the tokens that it is one of.
    pub fn new(token: &Stored, list: &str) -> Self {
        let regenerate = Link { href: format!("{list}/{}/regenerate", token.id) };
        Self {
            uuid: token.id.clone(),
            description: token.name.clone(),
            value: None,
            access: token.access.as_str().into(),
            read_only: token.access == Access::Read,
            created_at: clock::written(token.created_at),
            expires_at: token.expires_at.map(clock::written),
            last_used_at: token.last_used_at.map(clock::written),
            last_used_from: token.last_used_from.clone(),
            links: BTreeMap::from([("pb:regenerate".to_owned(), regenerate)]),
        }
    }

    /// The one time that the value is shown.
    pub fn with_value(self, value: &TokenValue) -> Self {
        Self { value: Some(value.expose().to_owned()), ..self }
    }
}

/// A page of tokens, the newest first; expired ones come last, revoked ones not at all.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenList {
    #[serde(rename = "_embedded")]
    pub embedded: TokenItems,
    pub page: Page,
    #[serde(rename = "_links")]
    pub links: PageLinks,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TokenItems {
    pub items: Vec<TokenJson>,
}

impl Example for TokenJson {
    fn example() -> Self {
        let href = "https://muster.example.com/admin/system-accounts/0193a4c2-7d10-7c3e-9a52-1f0e6b8c2d41/tokens/4kHq0ZbT9xWm/regenerate";
        Self {
            uuid: "4kHq0ZbT9xWm".into(),
            description: "release pipeline".into(),
            value: None,
            access: "write".into(),
            read_only: false,
            created_at: "2026-11-24T14:00:00Z".into(),
            expires_at: Some("2027-02-22T14:00:00Z".into()),
            last_used_at: Some("2026-11-29T22:41:07Z".into()),
            last_used_from: Some("192.0.2.17".into()),
            links: BTreeMap::from([("pb:regenerate".to_owned(), Link { href: href.into() })]),
        }
    }
}

impl Example for TokenList {
    fn example() -> Self {
        let (page, links) = QueryParams::example("/admin/system-accounts/0193a4c2-7d10-7c3e-9a52-1f0e6b8c2d41/tokens", 1);
        Self { embedded: TokenItems { items: vec![TokenJson::example()] }, page, links }
    }
}
