//! Everything that a machine asks for with its token: no session is looked at, and errors are problem documents. Each
//! endpoint's description stands beside its handler.

use actix_web::middleware::from_fn;
use actix_web::{Resource, Route as Handler, guard, web};

use super::{GATEWAY, PAGES, reads, resources};
use crate::accounts::api::{grants, list, machines, users};
use crate::auth::bearer;
use crate::auth::bearer::ApiAccess::{self, AnyOf, AnyToken, Asks, ForOne, ForSome};
use crate::tokens::api::{accounts as of_accounts, own};
use crate::web::api::document::{Description, Endpoint};
use crate::web::api::operation::Operation;
use crate::web::{api, headers, trace};
use crate::{audit, authzen, gateway, people, roles, teams, tokens};

/// A method and a path, what it asks of those who come, and who answers.
pub struct ApiRoute {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`; `GET` answers `HEAD` as well.
    pub method: &'static str,
    /// The path, with its parameters in braces.
    pub path: &'static str,
    pub access: ApiAccess,
    handler: fn() -> Handler,
    /// What `/openapi.json` says of it.
    pub operation: &'static Operation,
}

const fn route(
    method: &'static str,
    path: &'static str,
    access: ApiAccess,
    handler: fn() -> Handler,
    operation: &'static Operation,
) -> ApiRoute {
    ApiRoute { method, path, access, handler, operation }
}

const SEE: ApiAccess = AnyOf(&["user:read:*", "system_account:read:*", "system_account:manage:team"]);
const CHANGE: ApiAccess = AnyOf(&["user:manage:*", "system_account:manage:*", "system_account:manage:team"]);
const MANAGE: ApiAccess = AnyOf(&["user:manage:*", "system_account:manage:*"]);
const INVITE: ApiAccess = AnyOf(&[people::operations::INVITE, "user:manage:*"]);
const MANAGE_MACHINES: ApiAccess = AnyOf(&["system_account:manage:*"]);
const OPERATE_MACHINES: ApiAccess = AnyOf(&["system_account:manage:*", "system_account:manage:team"]);
const INTROSPECT: ApiAccess = Asks(&["token:introspect"]);
const MANAGE_TEAMS: ApiAccess = AnyOf(&["team:manage:*"]);
const SEE_TEAM: ApiAccess = ForOne("team:read:*");
const MANAGE_TEAM: ApiAccess = ForOne("team:manage:*");
const MEMBERS: &str = "/admin/teams/{uuid}/users";
const MEMBER: &str = "/admin/teams/{uuid}/users/{user}";
const SEE_ROLES: ApiAccess = AnyOf(super::READ_ROLES);
const MANAGE_ROLES: ApiAccess = AnyOf(&["role:manage:*"]);

const TOKENS: &str = "/admin/system-accounts/{uuid}/tokens";
const TOKEN: &str = "/admin/system-accounts/{uuid}/tokens/{token}";
const SUCCESSOR: &str = "/admin/system-accounts/{uuid}/tokens/{token}/regenerate";

pub const API: &[ApiRoute] = &[
    // Asking about others
    route(
        "POST",
        "/oauth/introspect",
        INTROSPECT,
        || web::post().to(gateway::introspect::introspect),
        &gateway::introspect::INTROSPECT,
    ),
    route("POST", authzen::api::EVALUATION, INTROSPECT, || web::post().to(authzen::api::evaluation), &authzen::api::ONE),
    route("POST", authzen::api::EVALUATIONS, INTROSPECT, || web::post().to(authzen::api::evaluations), &authzen::api::SEVERAL),
    // What a token does with itself
    route("DELETE", "/tokens/current", AnyToken, || web::delete().to(tokens::api::revoke_current), &tokens::api::REVOKE_CURRENT),
    route(
        "POST",
        "/tokens/current/regenerate",
        AnyToken,
        || web::post().to(tokens::api::regenerate_current),
        &tokens::api::REGENERATE_CURRENT,
    ),
    route("GET", "/settings/tokens", AnyToken, || reads().to(own::list), &own::LIST),
    route("POST", "/settings/tokens/{token}/regenerate", AnyToken, || web::post().to(own::regenerate), &own::REGENERATE),
    // Accounts of both kinds
    route("GET", "/user", AnyToken, || reads().to(users::myself), &users::MYSELF),
    route("GET", "/admin/users", SEE, || reads().to(list::list), &list::LIST),
    route("GET", "/admin/users/{uuid}", SEE, || reads().to(users::show), &users::SHOW),
    route("PUT", "/admin/users/{uuid}", CHANGE, || web::put().to(users::update), &users::UPDATE),
    route("DELETE", "/admin/users/{uuid}", MANAGE, || web::delete().to(users::delete), &users::DELETE),
    route("PUT", "/admin/users/{uuid}/roles", MANAGE, || web::put().to(grants::replace), &grants::REPLACE),
    route("PUT", "/admin/users/{uuid}/roles/{role}", MANAGE, || web::put().to(grants::add), &grants::ADD),
    route("DELETE", "/admin/users/{uuid}/roles/{role}", MANAGE, || web::delete().to(grants::remove), &grants::REMOVE),
    route("PUT", "/admin/users/{uuid}/role/admin", MANAGE, || web::put().to(grants::promote), &grants::PROMOTE),
    route("DELETE", "/admin/users/{uuid}/role/admin", MANAGE, || web::delete().to(grants::demote), &grants::DEMOTE),
    route("POST", "/admin/users", INVITE, || web::post().to(people::api::create), &people::api::CREATE),
    route("POST", "/admin/users/invite-user", INVITE, || web::post().to(people::api::invite), &people::api::INVITE),
    route(
        "POST",
        "/admin/users/invite-users",
        INVITE,
        || web::post().to(people::api::invite_several),
        &people::api::INVITE_SEVERAL,
    ),
    // System accounts and their tokens
    route("POST", "/admin/system-accounts", MANAGE_MACHINES, || web::post().to(machines::create), &machines::CREATE),
    route("POST", "/admin/system-accounts/bulk", MANAGE_MACHINES, || web::post().to(machines::bulk), &machines::BULK),
    route("GET", TOKENS, OPERATE_MACHINES, || reads().to(of_accounts::list), &of_accounts::LIST),
    route("POST", TOKENS, OPERATE_MACHINES, || web::post().to(of_accounts::create), &of_accounts::CREATE),
    route("DELETE", TOKEN, OPERATE_MACHINES, || web::delete().to(of_accounts::revoke), &of_accounts::REVOKE),
    route("POST", SUCCESSOR, OPERATE_MACHINES, || web::post().to(of_accounts::regenerate), &of_accounts::REGENERATE),
    // Roles
    route("GET", "/admin/roles", SEE_ROLES, || reads().to(roles::api::list), &roles::api::LIST),
    route("POST", "/admin/roles", MANAGE_ROLES, || web::post().to(roles::api::create), &roles::api::CREATE),
    route("POST", "/admin/roles/reset", MANAGE_ROLES, || web::post().to(roles::api::reset), &roles::api::RESET),
    route("GET", "/admin/roles/{uuid}", SEE_ROLES, || reads().to(roles::api::show), &roles::api::SHOW),
    route("PUT", "/admin/roles/{uuid}", MANAGE_ROLES, || web::put().to(roles::api::update), &roles::api::UPDATE),
    route("DELETE", "/admin/roles/{uuid}", MANAGE_ROLES, || web::delete().to(roles::api::delete), &roles::api::DELETE),
    route("GET", "/admin/permissions", SEE_ROLES, || reads().to(roles::api::permissions), &roles::api::PERMISSIONS),
    // Teams
    route("GET", "/admin/teams", ForSome("team:read:*"), || reads().to(teams::api::teams::list), &teams::api::teams::LIST),
    route("POST", "/admin/teams", MANAGE_TEAMS, || web::post().to(teams::api::teams::create), &teams::api::teams::CREATE),
    route("GET", "/admin/teams/{uuid}", SEE_TEAM, || reads().to(teams::api::teams::show), &teams::api::teams::SHOW),
    route("PUT", "/admin/teams/{uuid}", MANAGE_TEAM, || web::put().to(teams::api::teams::replace), &teams::api::teams::REPLACE),
    route(
        "DELETE",
        "/admin/teams/{uuid}",
        MANAGE_TEAMS,
        || web::delete().to(teams::api::teams::delete),
        &teams::api::teams::DELETE,
    ),
    // Their members
    route("GET", MEMBERS, SEE_TEAM, || reads().to(teams::api::users::list), &teams::api::users::LIST),
    route("PUT", MEMBERS, MANAGE_TEAM, || web::put().to(teams::api::users::replace), &teams::api::users::REPLACE),
    route("POST", MEMBERS, MANAGE_TEAM, || web::post().to(teams::api::users::add), &teams::api::users::ADD),
    route("PATCH", MEMBERS, MANAGE_TEAM, || web::patch().to(teams::api::users::patch), &teams::api::users::PATCH),
    route("DELETE", MEMBERS, MANAGE_TEAM, || web::delete().to(teams::api::users::remove), &teams::api::users::REMOVE),
    route("GET", MEMBER, SEE_TEAM, || reads().to(teams::api::users::show), &teams::api::users::SHOW),
    route("DELETE", MEMBER, MANAGE_TEAM, || web::delete().to(teams::api::users::remove_one), &teams::api::users::REMOVE_ONE),
    // The audit log
    route("GET", "/audit", AnyOf(&["audit:read:*"]), || reads().to(audit::api::list), &audit::api::LIST),
];

/// Addresses of the API that nothing answers: clients cannot read a page.
const ELSEWHERE: &[&str] = &[
    "/admin",
    "/admin/{tail:.*}",
    "/access",
    "/access/{tail:.*}",
    "/audit/{tail:.*}",
    "/preferences/system",
    "/preferences/current-user",
    "/user/{tail:.*}",
    "/tokens/{tail:.*}",
    "/oauth/{tail:.*}",
];

/// Where a page has the same address (`/settings/tokens`), the page is for browsers, and the API for all others.
fn beside_page(path: &str, resource: Resource) -> Resource {
    if PAGES.iter().all(|page| page.path != path) {
        return resource;
    }
    resource.guard(guard::fn_guard(|context| bearer::is_from_client(&context.head().headers)))
}

/// All of it, described.
pub fn description(base: &str) -> Description {
    let endpoint = |route: &'static ApiRoute| Endpoint {
        method: route.method,
        path: route.path,
        permissions: match &route.access {
            ApiAccess::AnyToken => &[],
            ApiAccess::Asks(permissions) | ApiAccess::AnyOf(permissions) => permissions,
            ApiAccess::ForOne(permission) | ApiAccess::ForSome(permission) => std::slice::from_ref(permission),
        },
        operation: route.operation,
    };
    let verify = &gateway::verify::VERIFY;
    let gateway = GATEWAY.iter().take(1).map(|path| Endpoint { method: "GET", path, permissions: &[], operation: verify });
    let endpoints: Vec<Endpoint> = API.iter().map(endpoint).chain(gateway).collect();
    Description::new(&endpoints, base)
}

pub fn configure(config: &mut web::ServiceConfig) {
    let guarded = |route: &ApiRoute| {
        let access = route.access;
        let handler = (route.handler)().wrap(from_fn(move |request, next| bearer::enforce(access, request, next)));
        (route.path, route.method, handler)
    };
    let answering = resources(API.iter().map(guarded)).into_iter().map(|(path, resource)| beside_page(path, resource));
    for resource in answering.chain(ELSEWHERE.iter().map(|path| web::resource(*path).to(api::nowhere))) {
        let resource =
            resource.wrap(from_fn(audit::api::deleted::tell)).wrap(from_fn(api::errors)).wrap(from_fn(headers::security_headers));
        config.service(resource.wrap(from_fn(trace::requests)).wrap(from_fn(trace::echo)));
    }
}
