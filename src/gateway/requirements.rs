//! What a gateway's configuration asks of a token, beyond being usable.
//!
//! It stands in the query of `/auth/verify`. Envoy appends the client's own path and query to the address that it asks, so
//! for Envoy it stands in the path, before a segment `-`: `/auth/verify/require=payments:refund/-`. What follows the first
//! `-`, and the query behind it, is the client's and is not looked at.
//!
//! A mistake in the configuration must not open the door: an unknown parameter, a permission that cannot be one, or an
//! address below `/auth/verify/` without the segment `-` is met by no token. The one exception is a query that is the
//! client's own, passed on by the gateway (Caddy does so): there unknown parameters mean nothing.

use std::borrow::Cow;
use std::sync::atomic::{AtomicI64, Ordering};

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::HeaderMap;
use percent_encoding::percent_decode_str;

use super::headers::{self, Lists};
use super::wanted::ROLE;
use crate::check::cache::Credential;
use crate::clock;
use crate::id::Id;
use crate::roles::permission::Permission;
use crate::text::fold;
use crate::tokens::value::Access;

/// The endpoint without anything appended.
const PATH: &str = "/auth/verify";
/// The path segment that ends the requirements.
const END: &str = "-";

/// What is asked of a token, and which lists are to be told of its account.
#[derive(Debug, Default)]
pub struct Requirements {
    /// All of these permissions are required.
    permissions: Vec<Permission>,
    /// Names or UUIDs of roles; any one suffices.
    roles: Vec<String>,
    /// All of them, where the configuration names none.
    lists: Option<Lists>,
    /// The parts of the configuration that are invalid.
    mistakes: Vec<String>,
}

/// What a usable token lacks for a call.
#[derive(Debug, PartialEq, Eq)]
pub enum Lack {
    /// The call may change something, and the token is read-only.
    Write,
    /// These permissions and roles, as a `scope`.
    Scope(String),
    /// The gateway's configuration cannot be understood; what of it, as a `scope`.
    Configuration(String),
}

impl Requirements {
    /// Reads what the gateway asks for. Costs nothing where it asks for no more than a usable token.
    pub fn of(request: &HttpRequest) -> Self {
        let mut requirements = Self::default();
        match request.path().strip_prefix(PATH) {
            Some("") => requirements.read_query(request),
            Some(below) => requirements.read_path(below),
            None => requirements.mistakes.push(String::new()),
        }
        requirements
    }

    /// Which lists the answer tells.
    pub fn lists(&self) -> Lists {
        self.lists.unwrap_or(Lists::ALL)
    }

    /// What a usable token lacks for this call.
    pub fn lacking(&self, request: &HttpRequest, holder: &Credential) -> Option<Lack> {
        if !self.mistakes.is_empty() {
            warn_of_configuration();
            return Some(Lack::Configuration(headers::scope(self.mistakes.iter().map(String::as_str))));
        }
        if holder.access == Access::Read && !only_reads(request) {
            return Some(Lack::Write);
        }
        let grants = &holder.account.grants;
        let lacking: Vec<&str> =
            self.permissions.iter().filter(|wanted| !grants.permissions.allows(wanted)).map(Permission::as_str).collect();
        let role_is_lacking = !self.roles.is_empty() && !self.roles.iter().any(|wanted| has_role(wanted, holder));
        if lacking.is_empty() && !role_is_lacking {
            return None;
        }
        let roles: Vec<String> = self.roles.iter().filter(|_| role_is_lacking).map(|role| format!("{ROLE}{role}")).collect();
        Some(Lack::Scope(headers::scope(lacking.into_iter().chain(roles.iter().map(String::as_str)))))
    }

    fn read_path(&mut self, below: &str) {
        for segment in below.split('/').skip(1) {
            if segment == END {
                return;
            }
            let (name, value) = segment.split_once('=').unwrap_or((segment, ""));
            match percent_decode_str(value).decode_utf8() {
                Ok(value) => self.add(name, value),
                Err(_) => self.mistakes.push(name.to_owned()),
            }
        }
        // All of it may be the client's own path.
        *self = Self { mistakes: vec![String::new()], ..Self::default() };
    }

    fn read_query(&mut self, request: &HttpRequest) {
        let query = request.query_string();
        if query.is_empty() {
            return;
        }
        let Ok(pairs) = serde_html_form::from_str::<Vec<(String, String)>>(query) else {
            self.mistakes.push(query.to_owned());
            return;
        };
        let is_clients = is_clients_own(request.headers(), query.as_bytes());
        for (name, value) in pairs {
            if !is_clients || matches!(name.as_str(), "require" | "role") {
                self.add(&name, value.into());
            }
        }
    }

    fn add(&mut self, name: &str, value: Cow<'_, str>) {
        match name {
            "require" => match Permission::parse(&value) {
                Ok(permission) => self.permissions.push(permission),
                Err(_) => self.mistakes.push(value.into_owned()),
            },
            "role" => self.roles.push(value.into_owned()),
            "headers" if self.lists.get_or_insert(Lists::NONE).add(&value) => {}
            "headers" => self.mistakes.push(value.into_owned()),
            _ => self.mistakes.push(name.to_owned()),
        }
    }
}

/// Whether a query is the one that the client sent with its own call, by every header that tells the original address: a
/// client can claim what it likes in the one that its gateway does not set.
fn is_clients_own(headers: &HeaderMap, query: &[u8]) -> bool {
    let mut told = ["x-original-uri", "x-forwarded-uri"].into_iter().flat_map(|name| headers.get_all(name)).peekable();
    let query_of = |uri: &[u8]| uri.iter().position(|byte| *byte == b'?').map(|at| uri[at + 1..].to_vec());
    told.peek().is_some() && told.all(|uri| query_of(uri.as_bytes()).as_deref() == Some(query))
}

/// Whether the original call only reads, by every header that tells its method and by this request's own: a gateway that
/// asks with the original method itself may pass on what a client claims in those headers.
fn only_reads(request: &HttpRequest) -> bool {
    let headers = request.headers();
    let mut told = ["x-original-method", "x-forwarded-method"].into_iter().flat_map(|name| headers.get_all(name));
    [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method())
        && told.all(|method| matches!(method.as_bytes(), b"GET" | b"HEAD" | b"OPTIONS"))
}

fn has_role(wanted: &str, holder: &Credential) -> bool {
    let folded = fold(wanted.trim());
    let id = Id::parse(wanted);
    holder.account.grants.roles.iter().any(|role| fold(&role.name) == folded || Some(&role.id) == id.as_ref())
}

/// Once a minute at most, and without what was asked: it may be part of a client's URL. The answer's `scope` repeats it.
fn warn_of_configuration() {
    static LAST: AtomicI64 = AtomicI64::new(0);
    let now = clock::now().and_utc().timestamp();
    let last = LAST.load(Ordering::Relaxed);
    if now - last >= 60 && LAST.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
        log::warn!(
            "A gateway asks {PATH} in a way that no token can satisfy, so every call gets 403. Check the names and values of \
             require=, role= and headers=, and for Envoy that the path ends in /-"
        );
    }
}
