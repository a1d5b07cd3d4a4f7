//! The headers that tell the gateway who is calling.
//!
//! All nine are in every answer, since an absent one would let the client's own through. A gateway has room for a few
//! kilobytes of them (nginx for four, unless it is told otherwise) and fails each call of an account that needs more, so
//! Muster warns early, and leaves lists empty that a gateway does not ask for (`headers=`).

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use actix_web::HttpResponseBuilder;
use actix_web::http::header::{HeaderName, HeaderValue};
use chrono::{NaiveDateTime, TimeDelta};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use uuid::Uuid;

use crate::check::cache::{CachedAccount, Credential};
use crate::clock;
use crate::roles::permission::Permission;

const ACCOUNT: HeaderName = HeaderName::from_static("muster-account");
const ACCOUNT_NAME: HeaderName = HeaderName::from_static("muster-account-name");
const ACCOUNT_TYPE: HeaderName = HeaderName::from_static("muster-account-type");
const ROLES: HeaderName = HeaderName::from_static("muster-roles");
const TEAMS: HeaderName = HeaderName::from_static("muster-teams");
const PERMISSIONS: HeaderName = HeaderName::from_static("muster-permissions");
const TOKEN: HeaderName = HeaderName::from_static("muster-token");
const ACCESS: HeaderName = HeaderName::from_static("muster-access");
const EXPIRES: HeaderName = HeaderName::from_static("muster-token-expires");

/// What the headers take on the wire without the account's name and the lists: nine names, each with `: ` and a line end, a
/// UUID, the kind, the token's public id, its access and its expiry.
const FIXED: usize = 14 + 19 + 19 + 12 + 12 + 18 + 12 + 13 + 20 + 9 * 4 + 36 + 6 + 12 + 5 + 20;

/// From so many bytes on a warning is due: nginx fails at 4,096, and its own lines need some of that.
pub const LARGE: usize = 3 * 1024;

/// What is encoded in every header: all but visible ASCII, and the percent sign itself.
const IN_TEXT: &AsciiSet = &CONTROLS.add(b' ').add(b'%');
/// In a list also what separates its items.
const IN_LIST: &AsciiSet = &IN_TEXT.add(b',');
/// A scope stands between quotation marks, its items apart by spaces (RFC 6749, appendix A.4).
const IN_SCOPE: &AsciiSet = &IN_TEXT.add(b'"').add(b'\\');

/// Which of the lists are sent; the others stay empty. The six other headers are short and always sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lists {
    roles: bool,
    teams: bool,
    permissions: bool,
}

impl Lists {
    /// What a gateway gets by default.
    pub const ALL: Self = Self { roles: true, teams: true, permissions: true };
    /// None of them.
    pub const NONE: Self = Self { roles: false, teams: false, permissions: false };

    /// Adds those of a value of `headers=`, which may be empty; says whether it knows them all.
    pub fn add(&mut self, value: &str) -> bool {
        value.split(',').filter(|_| !value.is_empty()).all(|name| {
            let list = match name {
                "roles" => &mut self.roles,
                "teams" => &mut self.teams,
                "permissions" => &mut self.permissions,
                _ => return false,
            };
            *list = true;
            true
        })
    }
}

/// Tells of an accepted token. The long values are made once for each set of roles and of teams, and kept with what they
/// were made of.
pub fn tell(response: &mut HttpResponseBuilder, holder: &Credential, lists: Lists) {
    let account = &holder.account;
    let [roles, permissions] = account.grants.memo.get(|| of_grants(account));
    let teams = account.membership.memo.get(|| of_teams(account));
    let name = Cow::from(utf8_percent_encode(&account.name, IN_TEXT));
    let told = |list: HeaderValue, is_told| if is_told { list } else { HeaderValue::from_static("") };
    let (roles, permissions) = (told(roles, lists.roles), told(permissions, lists.permissions));
    let teams = told(teams, lists.teams);
    let size = FIXED + name.len() + roles.len() + permissions.len() + teams.len();
    if size > LARGE {
        warn_of(account, size);
    }
    response.insert_header((ACCOUNT, value(account.id.as_str())));
    response.insert_header((ACCOUNT_NAME, value(&name)));
    response.insert_header((ACCOUNT_TYPE, HeaderValue::from_static(account.kind.as_str())));
    response.insert_header((ROLES, roles));
    response.insert_header((PERMISSIONS, permissions));
    response.insert_header((TEAMS, teams));
    response.insert_header((TOKEN, value(holder.id())));
    response.insert_header((ACCESS, HeaderValue::from_static(holder.access.as_str())));
    let expires = holder.expires_at().map(|end| value(&clock::written(end)));
    response.insert_header((EXPIRES, expires.unwrap_or(HeaderValue::from_static(""))));
}

/// How many bytes the headers of an account take on the wire, as a gateway that asks for all lists gets them.
pub fn size<'a>(
    name: &str,
    roles: impl IntoIterator<Item = &'a str>,
    teams: impl IntoIterator<Item = &'a str>,
    permissions: impl IntoIterator<Item = &'a str>,
) -> usize {
    let lists = [list(roles), list(teams), list(permissions)];
    FIXED + utf8_percent_encode(name, IN_TEXT).map(str::len).sum::<usize>() + lists.iter().map(String::len).sum::<usize>()
}

/// Items of a `scope` as it stands in a challenge.
pub fn scope<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    joined(items, " ", IN_SCOPE)
}

fn of_grants(account: &CachedAccount) -> [HeaderValue; 2] {
    let roles = list(account.grants.roles.iter().map(|role| role.name.as_str()));
    let permissions = list(account.grants.permissions.iter().map(Permission::as_str));
    [value(&roles), value(&permissions)]
}

fn of_teams(account: &CachedAccount) -> HeaderValue {
    value(&list(account.membership.teams.iter().map(|team| team.name.as_str())))
}

fn list<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    joined(items, ",", IN_LIST)
}

fn joined<'a>(items: impl IntoIterator<Item = &'a str>, separator: &str, set: &'static AsciiSet) -> String {
    let mut text = String::new();
    for (at, item) in items.into_iter().enumerate() {
        text.push_str(if at == 0 { "" } else { separator });
        text.extend(utf8_percent_encode(item, set));
    }
    text
}

/// What is put in has been encoded to visible ASCII.
fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

/// Accounts that are remembered as warned of; with more of them, all are forgotten and warned of anew.
const WARNED: usize = 10_000;

/// Once an hour for each account.
fn warn_of(account: &CachedAccount, size: usize) {
    static LAST: LazyLock<Mutex<HashMap<Uuid, NaiveDateTime>>> = LazyLock::new(Mutex::default);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if is_due(&mut last, account.id.uuid(), clock::now()) {
        log::warn!(
            "The identity headers of the account {} ({}) take {size} bytes. nginx fails from 4,096 on: enlarge the gateway's \
             header buffer, or ask for fewer lists with headers=",
            account.name,
            account.id
        );
    }
}

fn is_due(last: &mut HashMap<Uuid, NaiveDateTime>, account: Uuid, now: NaiveDateTime) -> bool {
    if last.get(&account).is_some_and(|at| now - *at < TimeDelta::hours(1)) {
        return false;
    }
    if last.len() >= WARNED {
        last.clear();
    }
    last.insert(account, now);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fixed_part_is_what_the_nine_names_and_their_short_values_take() {
        let names = [ACCOUNT, ACCOUNT_NAME, ACCOUNT_TYPE, ROLES, TEAMS, PERMISSIONS, TOKEN, ACCESS, EXPIRES];
        let names: usize = names.iter().map(|name| name.as_str().len() + ": \r\n".len()).sum();
        let values = "0f9619ff-8b86-4011-b42d-00cf4fc964ff system 0123456789AB write 2026-11-24T12:00:00Z";
        assert_eq!(FIXED, names + values.replace(' ', "").len());
        assert_eq!(size("ä", ["a,b", "c"], ["d"], []), FIXED + "%C3%A4".len() + "a%2Cb,c".len() + 1);
    }

    #[test]
    fn lists_are_named_once_or_apart_and_nothing_else_is() {
        for (values, named) in [
            (&["roles"][..], Some((true, false, false))),
            (&["roles,permissions"], Some((true, false, true))),
            (&["roles", "teams"], Some((true, true, false))),
            (&["permissions,teams,roles"], Some((true, true, true))),
            (&[""], Some((false, false, false))),
            (&["Roles"], None),
            (&["roles,"], None),
            (&["account"], None),
            (&["roles teams"], None),
        ] {
            let mut lists = Lists::NONE;
            let is_known = values.iter().all(|value| lists.add(value));
            assert_eq!(is_known.then_some((lists.roles, lists.teams, lists.permissions)), named, "{values:?}");
        }
    }

    #[test]
    fn an_account_is_warned_of_once_an_hour() {
        let (mut last, now) = (HashMap::new(), clock::now());
        let (one, other) = (Uuid::now_v7(), Uuid::now_v7());
        assert!(is_due(&mut last, one, now) && is_due(&mut last, other, now));
        assert!(!is_due(&mut last, one, now + TimeDelta::minutes(59)));
        assert!(is_due(&mut last, one, now + TimeDelta::minutes(60)));
        assert!((0..2 * WARNED as u128).all(|number| is_due(&mut last, Uuid::from_u128(number), now)));
        assert!(last.len() <= WARNED);
    }
}
