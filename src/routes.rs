//! The map: every URL and what answers it, once. A page's route says what it asks of those who come; there is no way to
//! write one down without.

use actix_web::http::header;
use actix_web::middleware::from_fn;
use actix_web::{HttpResponse, Resource, Route as Handler, Scope, guard, web};

use crate::auth::access;
use crate::auth::access::PageAccess::{self, AnyOf, ForOne, ForSome, Public, SignedIn};
use crate::error::Error;
use crate::web::api::document;
use crate::web::navigation::Navigation;
use crate::web::{assets, headers, health, trace};
use crate::{accounts, audit, auth, authzen, gateway, help, people, roles, settings, teams, tokens};

pub mod api;

pub use api::{API, ApiRoute};

/// A method and a path, what it asks for, and who answers.
pub struct Route {
    /// `GET` or `POST`; `GET` answers `HEAD` as well.
    pub method: &'static str,
    /// The path, with its parameters in braces.
    pub path: &'static str,
    /// What it asks of those who come.
    pub access: PageAccess,
    handler: fn() -> Handler,
}

const fn get(path: &'static str, access: PageAccess, handler: fn() -> Handler) -> Route {
    Route { method: "GET", path, access, handler }
}

const fn post(path: &'static str, access: PageAccess, handler: fn() -> Handler) -> Route {
    Route { method: "POST", path, access, handler }
}

const SEE: PageAccess = AnyOf(&["system_account:read:*", "system_account:manage:team"]);
const OPERATE: PageAccess = AnyOf(&["system_account:manage:*", "system_account:manage:team"]);
const MANAGE: PageAccess = AnyOf(&["system_account:manage:*"]);
const SEE_USERS: PageAccess = AnyOf(&["user:read:*"]);
const MANAGE_USERS: PageAccess = AnyOf(&["user:manage:*"]);
const INVITE: PageAccess = AnyOf(&["user:manage:*", people::operations::INVITE]);
const MANAGE_ANY: PageAccess = AnyOf(&["system_account:manage:*", "user:manage:*"]);
const OPERATE_ANY: PageAccess = AnyOf(&["system_account:manage:*", "system_account:manage:team", "user:manage:*"]);
const MANAGE_ROLES: PageAccess = AnyOf(&["role:manage:*"]);
const SEE_TEAMS: PageAccess = ForSome("team:read:*");
const MANAGE_TEAMS: PageAccess = AnyOf(&["team:manage:*"]);
const SEE_TEAM: PageAccess = ForOne("team:read");
const MANAGE_TEAM: PageAccess = ForOne("team:manage");
/// What opens roles: who may see an account may see what its roles are.
const READ_ROLES: &[&str] = &["role:read:*", "system_account:read:*", "system_account:manage:team"];
const SEE_ROLES: PageAccess = AnyOf(READ_ROLES);
const READ_LOG: PageAccess = AnyOf(&[audit::operations::READ]);
const DECIDE: PageAccess = AnyOf(&[settings::operations::DECIDE]);
const RETAIN: PageAccess = AnyOf(&[audit::retention::DECIDE]);

/// The side bar, as the features give it.
pub const NAVIGATION: Navigation = Navigation(&[
    accounts::view::SYSTEM_ACCOUNTS_ITEM,
    accounts::view::USERS_ITEM,
    people::view::INVITATIONS_ITEM,
    teams::view::NAVIGATION,
    roles::view::NAVIGATION,
    tokens::view::TOKENS_ITEM,
    tokens::view::NAVIGATION,
    settings::view::NAVIGATION,
    audit::view::NAVIGATION,
    help::view::GATEWAYS_ITEM,
    help::view::API_ITEM,
    help::view::TERRAFORM_ITEM,
    help::view::AUTHZEN_ITEM,
    help::view::OPERATIONS_ITEM,
]);

/// Everything that a browser asks for, with a session and a page's errors.
pub const PAGES: &[Route] = &[
    get("/", SignedIn, || reads().to(auth::pages::home)),
    get("/login", Public, || reads().to(auth::pages::login)),
    get("/settings", SignedIn, || reads().to(auth::pages::home)),
    get("/help", SignedIn, || reads().to(help::pages::home)),
    post("/login", Public, || web::post().to(auth::pages::sign_in)),
    post("/logout", Public, || web::post().to(auth::pages::sign_out)),
    get("/setup/{key}", Public, || reads().to(auth::pages::setup::show)),
    post("/setup/{key}", Public, || web::post().to(auth::pages::setup::create)),
    get("/set-password/{key}", Public, || reads().to(people::pages::set_password::show)),
    post("/set-password/{key}", Public, || web::post().to(people::pages::set_password::set)),
    post("/preferences/theme", Public, || web::post().to(auth::pages::set_theme)),
    // One's own page
    get("/profile", SignedIn, || reads().to(auth::profile::show)),
    post("/profile/email", SignedIn, || web::post().to(people::pages::email::change_own)),
    post("/profile/password", SignedIn, || web::post().to(auth::profile::change_password)),
    post("/profile/sessions/end-others", SignedIn, || web::post().to(auth::profile::end_others)),
    post("/profile/sessions/{id}/end", SignedIn, || web::post().to(auth::profile::end_session)),
    // System accounts: the list, and many at once
    get("/settings/system-accounts", SEE, || reads().to(accounts::pages::list::show)),
    post("/settings/system-accounts", MANAGE, || web::post().to(accounts::pages::new::create)),
    get("/settings/system-accounts/new", MANAGE, || reads().to(accounts::pages::new::show)),
    post("/settings/system-accounts/bulk", MANAGE, || web::post().to(accounts::pages::bulk::act)),
    get("/settings/system-accounts/export", SEE, || reads().to(accounts::pages::export::export)),
    get("/settings/system-accounts/terraform", SEE, || reads().to(accounts::pages::terraform::of_several)),
    // One system account
    get("/settings/system-accounts/{id}", SEE, || reads().to(accounts::pages::account::show)),
    post("/settings/system-accounts/{id}", MANAGE, || web::post().to(accounts::pages::rename::save)),
    post("/settings/system-accounts/{id}/disablement", OPERATE, || web::post().to(accounts::pages::verbs::act)),
    post("/settings/system-accounts/{id}/enablement", OPERATE, || web::post().to(accounts::pages::verbs::act)),
    get("/settings/system-accounts/{id}/promotion", MANAGE, || reads().to(accounts::pages::verbs::ask)),
    post("/settings/system-accounts/{id}/promotion", MANAGE, || web::post().to(accounts::pages::verbs::act)),
    post("/settings/system-accounts/{id}/demotion", MANAGE, || web::post().to(accounts::pages::verbs::act)),
    get("/settings/system-accounts/{id}/deletion", MANAGE, || reads().to(accounts::pages::verbs::ask)),
    post("/settings/system-accounts/{id}/deletion", MANAGE, || web::post().to(accounts::pages::verbs::act)),
    get("/settings/system-accounts/{id}/owner", MANAGE, || reads().to(accounts::pages::verbs::ask)),
    post("/settings/system-accounts/{id}/owner", MANAGE, || web::post().to(accounts::pages::verbs::act)),
    post("/settings/system-accounts/{id}/roles", MANAGE, || web::post().to(accounts::pages::edits::roles)),
    post("/settings/system-accounts/{id}/teams", MANAGE, || web::post().to(accounts::pages::edits::teams)),
    get("/settings/system-accounts/{id}/terraform", SEE, || reads().to(accounts::pages::terraform::of_one)),
    // Its tokens
    post("/settings/system-accounts/{id}/tokens", OPERATE, || web::post().to(accounts::pages::tokens::create)),
    get("/settings/system-accounts/{id}/tokens/{token}/value", OPERATE, || reads().to(accounts::pages::tokens::value)),
    post("/settings/system-accounts/{id}/tokens/{token}/regeneration", OPERATE, || {
        web::post().to(accounts::pages::tokens::regenerate)
    }),
    post("/settings/system-accounts/{id}/tokens/{token}/revocation", OPERATE, || web::post().to(accounts::pages::tokens::revoke)),
    post("/settings/system-accounts/{id}/tokens/{token}/finish", OPERATE, || web::post().to(accounts::pages::tokens::finish)),
    // Users, on the same pages
    get("/settings/users", SEE_USERS, || reads().to(accounts::pages::list::show)),
    post("/settings/users/bulk", MANAGE_USERS, || web::post().to(accounts::pages::bulk::act)),
    get("/settings/users/invite", INVITE, || reads().to(people::pages::invite::show)),
    post("/settings/users/invite", INVITE, || web::post().to(people::pages::invite::send)),
    get("/settings/users/links/{page}", INVITE, || reads().to(people::pages::links::show)),
    get("/settings/invitations", INVITE, || reads().to(people::pages::invitations::show)),
    post("/settings/users/{id}/invitation", INVITE, || web::post().to(people::pages::links::renew)),
    post("/settings/users/{id}/invitation/cancellation", INVITE, || web::post().to(people::pages::links::cancel)),
    post("/settings/users/{id}/tokens/{token}/revocation", MANAGE_USERS, || web::post().to(accounts::pages::tokens::revoke)),
    post("/settings/users/{id}/email", MANAGE_USERS, || web::post().to(people::pages::email::change)),
    post("/settings/users/{id}/sessions/end", MANAGE_USERS, || web::post().to(people::pages::sessions::end_all)),
    post("/settings/users/{id}/sessions/{session}/end", MANAGE_USERS, || web::post().to(people::pages::sessions::end)),
    post("/settings/users/{id}/password-link", MANAGE_USERS, || web::post().to(people::pages::links::offer_password)),
    get("/settings/users/export", SEE_USERS, || reads().to(accounts::pages::export::export)),
    get("/settings/users/{id}", SEE_USERS, || reads().to(accounts::pages::account::show)),
    post("/settings/users/{id}", MANAGE_USERS, || web::post().to(accounts::pages::rename::save)),
    post("/settings/users/{id}/disablement", MANAGE_USERS, || web::post().to(accounts::pages::verbs::act)),
    post("/settings/users/{id}/enablement", MANAGE_USERS, || web::post().to(accounts::pages::verbs::act)),
    get("/settings/users/{id}/promotion", MANAGE_USERS, || reads().to(accounts::pages::verbs::ask)),
    post("/settings/users/{id}/promotion", MANAGE_USERS, || web::post().to(accounts::pages::verbs::act)),
    post("/settings/users/{id}/demotion", MANAGE_USERS, || web::post().to(accounts::pages::verbs::act)),
    get("/settings/users/{id}/deletion", MANAGE_USERS, || reads().to(accounts::pages::verbs::ask)),
    post("/settings/users/{id}/deletion", MANAGE_USERS, || web::post().to(accounts::pages::verbs::act)),
    post("/settings/users/{id}/roles", MANAGE_USERS, || web::post().to(accounts::pages::edits::roles)),
    post("/settings/users/{id}/teams", MANAGE_USERS, || web::post().to(accounts::pages::edits::teams)),
    // What is selected and asked about, and what was changed
    get("/settings/selections/{id}", MANAGE_ANY, || reads().to(accounts::pages::selections::show)),
    post("/settings/selections/{id}", MANAGE_ANY, || web::post().to(accounts::pages::selections::answer)),
    post("/settings/changes/{id}/undo", OPERATE_ANY, || web::post().to(accounts::pages::verbs::undo)),
    // Teams
    get("/settings/teams", SEE_TEAMS, || reads().to(teams::pages::list::show)),
    post("/settings/teams", MANAGE_TEAMS, || web::post().to(teams::pages::list::create)),
    get("/settings/teams/new", MANAGE_TEAMS, || reads().to(teams::pages::list::new)),
    get("/settings/teams/{id}", SEE_TEAM, || reads().to(teams::pages::team::show)),
    post("/settings/teams/{id}", MANAGE_TEAM, || web::post().to(teams::pages::team::rename)),
    get("/settings/teams/{id}/deletion", MANAGE_TEAMS, || reads().to(teams::pages::deletion::ask)),
    post("/settings/teams/{id}/deletion", MANAGE_TEAMS, || web::post().to(teams::pages::deletion::delete)),
    get("/settings/teams/{id}/members/new", MANAGE_TEAM, || reads().to(teams::pages::members::find)),
    post("/settings/teams/{id}/applications", MANAGE_TEAMS, || web::post().to(teams::pages::team::set_applications)),
    post("/settings/teams/{id}/members", MANAGE_TEAM, || web::post().to(teams::pages::members::add)),
    post("/settings/teams/{id}/members/removal", MANAGE_TEAM, || web::post().to(teams::pages::members::remove)),
    post("/settings/teams/{id}/changes/{change}/undo", MANAGE_TEAM, || web::post().to(teams::pages::members::undo)),
    post("/settings/teams/{id}/administrators", MANAGE_TEAMS, || web::post().to(teams::pages::members::appoint)),
    post("/settings/teams/{id}/administrators/removal", MANAGE_TEAM, || web::post().to(teams::pages::members::dismiss)),
    // All tokens. The API has the same address: see `routes::api`
    get("/settings/tokens", OPERATE_ANY, || reads().to(tokens::pages::list::show)),
    get("/settings/tokens/export", OPERATE_ANY, || reads().to(tokens::pages::export::export)),
    get("/settings/tokens/find", OPERATE_ANY, || reads().to(tokens::pages::find::show)),
    post("/settings/tokens/find", OPERATE_ANY, || web::post().to(tokens::pages::find::find)),
    post("/settings/tokens/selections", OPERATE_ANY, || web::post().to(tokens::pages::chosen::choose)),
    get("/settings/tokens/selections/{id}", OPERATE_ANY, || reads().to(tokens::pages::chosen::show)),
    post("/settings/tokens/selections/{id}/revocation", OPERATE_ANY, || web::post().to(tokens::pages::chosen::revoke)),
    // One's own tokens
    get("/settings/api-tokens", SignedIn, || reads().to(tokens::pages::own::show)),
    post("/settings/api-tokens", SignedIn, || web::post().to(tokens::pages::own::create)),
    get("/settings/api-tokens/{token}/value", SignedIn, || reads().to(tokens::pages::own::value)),
    post("/settings/api-tokens/{token}/regeneration", SignedIn, || web::post().to(tokens::pages::own::regenerate)),
    post("/settings/api-tokens/{token}/revocation", SignedIn, || web::post().to(tokens::pages::own::revoke)),
    post("/settings/api-tokens/{token}/finish", SignedIn, || web::post().to(tokens::pages::own::finish)),
    // What holds for all tokens
    get("/settings/token-policy", MANAGE, || reads().to(tokens::pages::policy::show)),
    post("/settings/token-policy/stop", MANAGE, || web::post().to(tokens::pages::policy::stop)),
    post("/settings/token-policy/resumption", MANAGE, || web::post().to(tokens::pages::policy::resume)),
    // Help
    get("/help/gateways", SignedIn, || reads().to(help::pages::gateways)),
    get("/help/gateways/{gateway}", SignedIn, || reads().to(help::pages::gateway)),
    get("/help/api", SignedIn, || reads().to(help::pages::api)),
    get("/help/operations", SignedIn, || reads().to(help::pages::operations)),
    get("/help/authzen", SignedIn, || reads().to(help::pages::authzen)),
    get("/help/terraform", SignedIn, || reads().to(help::pages::terraform)),
    // Roles
    get("/settings/roles", SEE_ROLES, || reads().to(roles::pages::list)),
    post("/settings/roles", MANAGE_ROLES, || web::post().to(roles::pages::editor::create)),
    get("/settings/roles/new", MANAGE_ROLES, || reads().to(roles::pages::editor::new)),
    get("/settings/roles/{id}", MANAGE_ROLES, || reads().to(roles::pages::editor::show)),
    post("/settings/roles/{id}", MANAGE_ROLES, || web::post().to(roles::pages::editor::save)),
    get("/settings/roles/{id}/deletion", MANAGE_ROLES, || reads().to(roles::pages::confirm::ask_deletion)),
    post("/settings/roles/{id}/deletion", MANAGE_ROLES, || web::post().to(roles::pages::confirm::delete)),
    get("/settings/roles/{id}/reset", MANAGE_ROLES, || reads().to(roles::pages::confirm::ask_reset)),
    post("/settings/roles/{id}/reset", MANAGE_ROLES, || web::post().to(roles::pages::confirm::reset)),
    // Settings
    get("/settings/general", DECIDE, || reads().to(settings::pages::show)),
    post("/settings/general", DECIDE, || web::post().to(settings::pages::save)),
    // The audit log
    get("/settings/audit-log", READ_LOG, || reads().to(audit::pages::list)),
    get("/settings/audit-log/export", READ_LOG, || reads().to(audit::pages::export::export)),
    get("/settings/audit-log/retention", RETAIN, || reads().to(audit::pages::retain::show)),
    post("/settings/audit-log/retention", RETAIN, || web::post().to(audit::pages::retain::save)),
    get("/settings/audit-log/{id}", READ_LOG, || reads().to(audit::pages::event::show)),
];

/// Everything that needs no session and sets no cookie: assets and the signs of life.
pub const OPEN: &[Route] = &[
    get("/static/muster-{hash}.css", Public, || reads().to(assets::css)),
    get("/static/js-{hash}/{file}", Public, || reads().to(assets::js)),
    get("/static/favicon-{hash}.svg", Public, || reads().to(assets::favicon)),
    get("/favicon.ico", Public, || reads().to(assets::favicon_ico)),
    get("/healthz", Public, || reads().to(health::alive)),
    get("/readyz", Public, || reads().to(health::ready)),
    get(document::PATH, Public, || reads().to(document::serve)),
    get(authzen::api::CONFIGURATION, Public, || reads().to(authzen::api::configuration)),
];

/// The check that gateways ask, under any method: they pass on the method of the call that they ask about. Its caller
/// proves itself by the token in the request, and by nothing else.
pub const GATEWAY: &[&str] = &["/auth/verify", "/auth/verify/{tail:.*}"];

/// The pages, in a scope that answers everything that nothing else does.
pub fn pages() -> Scope {
    resources(PAGES.iter().map(guarded))
        .into_iter()
        .fold(web::scope(""), |scope, (_, resource)| scope.service(resource))
        .default_service(web::to(|| async { Err::<HttpResponse, _>(Error::NotFound("page")) }))
}

/// The routes without a session.
pub fn open(config: &mut web::ServiceConfig) {
    for (_, resource) in resources(OPEN.iter().map(guarded)) {
        config.service(resource.wrap(from_fn(headers::security_headers)).wrap(from_fn(trace::requests)));
    }
}

/// The gateway's check. An organisation's every call comes by here: it has no middleware, and a log line for each only where
/// the log is asked for that much.
pub fn gateway(config: &mut web::ServiceConfig) {
    for path in GATEWAY {
        let resource = web::resource(*path).to(gateway::verify::verify);
        if log::log_enabled!(target: "muster::gateway", log::Level::Debug) {
            // The check itself counts them.
            config.service(resource.wrap(from_fn(trace::logged)));
        } else {
            config.service(resource);
        }
    }
}

/// `HEAD` asks for what `GET` would answer, without its body (RFC 9110, section 9.3.2).
fn reads() -> Handler {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

fn guarded(route: &'static Route) -> (&'static str, &'static str, Handler) {
    let access = route.access;
    let handler = (route.handler)().wrap(from_fn(move |request, next| access::enforce(access, request, next)));
    (route.path, route.method, handler)
}

/// One resource for each path, with its methods: what is asked for by another one gets 405 with those that are answered.
fn resources(routes: impl Iterator<Item = (&'static str, &'static str, Handler)>) -> Vec<(&'static str, Resource)> {
    let mut resources: Vec<(&str, Vec<&str>, Resource)> = Vec::new();
    for (route, method, handler) in routes {
        let methods: &[&str] = if method == "GET" { &["GET", "HEAD"] } else { &[method] };
        match resources.iter().position(|(path, ..)| *path == route) {
            Some(at) => {
                let (path, mut allowed, resource) = resources.swap_remove(at);
                allowed.extend(methods);
                resources.push((path, allowed, resource.route(handler)));
            }
            None => resources.push((route, methods.to_vec(), web::resource(route).route(handler))),
        }
    }
    // A fixed path goes before one with a parameter in the same place.
    resources.sort_by_key(|(path, ..)| path.contains('{'));
    let others = |(path, allowed, resource): (&'static str, Vec<&str>, Resource)| {
        let allowed = allowed.join(", ");
        let resource = resource.default_service(web::to(move || {
            std::future::ready(HttpResponse::MethodNotAllowed().insert_header((header::ALLOW, allowed.clone())).finish())
        }));
        (path, resource)
    };
    resources.into_iter().map(others).collect()
}
