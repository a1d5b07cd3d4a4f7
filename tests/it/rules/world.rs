//! What every route is tried with. A route without a case here makes the tests that walk the table fail.

use muster::accounts::model::{Kind, Selection};
use muster::accounts::operations;
use muster::auth::principal::Principal;
use muster::id::Id;
use muster::roles::predefined;
use muster::routes::Route;
use muster::tokens::value::Access;

use crate::support::app::{Client, PASSWORD, TestApp};

/// A key as one-time links have them, which was never given to anybody.
pub const NO_KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

const OTHER_PASSWORD: &str = "another horse battery";

/// What a route is tried with: everything that its path and its form need to succeed for an administrator.
pub struct Case {
    pub path: String,
    pub fields: Vec<(&'static str, String)>,
    /// The answer that an administrator gets.
    pub status: u16,
}

pub struct World {
    pub app: TestApp,
    pub admin: Client,
    pub viewer: Client,
}

impl World {
    pub fn new() -> Self {
        let app = TestApp::start();
        let (admin, viewer) = (app.admin(), app.viewer());
        Self { app, admin, viewer }
    }

    pub fn actor(&self, client: &Client) -> Principal {
        let id = client.account.clone().unwrap();
        self.app
            .read(|conn| muster::auth::queries::principal(conn, &id, Id::new(), muster::auth::principal::Origin::default()))
            .unwrap()
    }

    /// A token's public id, of a value.
    pub fn token_id(value: &str) -> String {
        value.split('_').nth(1).unwrap().to_owned()
    }

    /// Another session of the administrator: its public identity.
    pub fn other_session(&self, client: &Client) -> Id {
        self.session_of(client.account.as_ref().unwrap())
    }

    pub fn session_of(&self, id: &Id) -> Id {
        let id = id.clone();
        let session = Id::new();
        let made = session.clone();
        self.app.write(move |conn| {
            let digest = made.as_str().as_bytes().to_vec();
            muster::auth::queries::sessions::insert(conn, &made, &digest, Some(&id), "{}", &Default::default())
        });
        session
    }

    /// Something that the administrator is asked about.
    fn selection(&self, fields: &[(&str, String)]) -> String {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let asked = self.admin.post("/settings/system-accounts/bulk", &fields);
        assert_eq!(asked.status, 303, "{}", asked.text());
        asked.location().to_owned()
    }

    /// The routes of teams, each on a team of its own with a member and an administrator.
    fn team_case(&self, method: &str, path: &str, unique: &str) -> Case {
        let app = &self.app;
        let field = |name: &'static str, value: &str| (name, value.to_owned());
        let (member, _) = app.add_user(&format!("Member {unique}"), &[]);
        let team = app.add_team(&format!("Team {unique}"), &[&member]);
        let one = vec![field("account", member.as_str())];
        let rest = path.strip_prefix("/settings/teams").unwrap();
        let fields = match (method, rest) {
            ("GET", _) => vec![],
            (_, "") => vec![field("name", &format!("New team {unique}"))],
            (_, "/{id}") => vec![field("name", &format!("Renamed {unique}"))],
            (_, "/{id}/members") => vec![field("account", app.add_account(&format!("robot {unique}")).as_str())],
            (_, "/{id}/administrators/removal") => {
                let (id, users) = (team.clone(), [member.clone()]);
                app.write(|conn| muster::teams::operations::administrators::appoint(conn, &Principal::shell(), &id, &users));
                one
            }
            (_, "/{id}/changes/{change}/undo") => {
                let (id, users, actor) = (team.clone(), [member.clone()], self.actor(&self.admin));
                let done = app.write(|conn| muster::teams::operations::members::remove(conn, &actor, &id, &users));
                let path = path.replace("{id}", team.as_str()).replace("{change}", done.change.unwrap().as_str());
                return Case { path, fields: vec![], status: 303 };
            }
            (_, "/{id}/applications") => vec![field("applications", "ledger-api\r\npayouts")],
            (_, "/{id}/members/removal" | "/{id}/administrators") => one,
            _ => vec![],
        };
        let status = if method == "GET" { 200 } else { 303 };
        Case { path: path.replace("{id}", team.as_str()), fields, status }
    }

    /// A case for a route, on an account of its own.
    pub fn case(&self, route: &Route, unique: &str) -> Case {
        let app = &self.app;
        let robot = || app.add_account(&format!("robot {unique}"));
        let list = "/settings/system-accounts".to_owned();
        let of = |id: &Id, rest: &str| format!("{list}/{id}{rest}");
        let field = |name: &'static str, value: &str| (name, value.to_owned());
        let case = |path: String, fields: Vec<(&'static str, String)>, status: u16| Case { path, fields, status };
        match (route.method, route.path) {
            ("GET", "/" | "/settings" | "/help") => case(route.path.into(), vec![], 303),
            ("GET", "/login") => case("/login".into(), vec![], 303),
            ("POST", "/login") => {
                let (_, email) = app.add_user(&format!("Visitor {unique}"), &[]);
                case("/login".into(), vec![field("email", &email), field("password", PASSWORD)], 303)
            }
            ("POST", "/logout") => case("/logout".into(), vec![], 303),
            ("GET", "/setup/{key}") => case(format!("/setup/{NO_KEY}"), vec![], 404),
            ("POST", "/setup/{key}") => case(
                format!("/setup/{NO_KEY}"),
                vec![
                    field("name", "Eve"),
                    field("email", "eve@example.test"),
                    field("password", PASSWORD),
                    field("password_again", PASSWORD),
                ],
                404,
            ),
            ("GET", "/set-password/{key}") => case(format!("/set-password/{NO_KEY}"), vec![], 404),
            ("POST", "/set-password/{key}") => {
                let (id, _) = app.add_user(&format!("New {unique}"), &[]);
                let key =
                    app.write(move |conn| muster::auth::links::create(conn, muster::auth::links::Purpose::Password, Some(&id)));
                let fields = vec![field("password", PASSWORD), field("password_again", PASSWORD)];
                case(format!("/set-password/{key}"), fields, 303)
            }
            ("POST", "/preferences/theme") => case("/preferences/theme".into(), vec![field("theme", "dark")], 303),
            ("GET", "/profile") => case("/profile".into(), vec![], 200),
            ("POST", "/profile/email") => {
                // Other cases know the administrator by the address that they have.
                let fields = vec![field("email", "maya.lindqvist@example.test"), field("current", PASSWORD)];
                case("/profile/email".into(), fields, 303)
            }
            ("POST", "/profile/password") => {
                let fields =
                    vec![field("current", PASSWORD), field("password", OTHER_PASSWORD), field("password_again", OTHER_PASSWORD)];
                case("/profile/password".into(), fields, 303)
            }
            ("POST", "/profile/sessions/end-others") => {
                self.other_session(&self.admin);
                case("/profile/sessions/end-others".into(), vec![], 303)
            }
            ("POST", "/profile/sessions/{id}/end") => {
                case(format!("/profile/sessions/{}/end", self.other_session(&self.admin)), vec![], 303)
            }
            ("GET", "/settings/system-accounts") => case(list, vec![], 200),
            ("POST", "/settings/system-accounts") => case(list, vec![field("name", &format!("created {unique}"))], 303),
            ("GET", "/settings/system-accounts/new") => case(format!("{list}/new"), vec![], 200),
            ("POST", "/settings/system-accounts/bulk") => {
                let fields = vec![field("id", robot().as_str()), field("do", "disable")];
                case(format!("{list}/bulk"), fields, 303)
            }
            ("GET", path @ ("/settings/system-accounts/export" | "/settings/system-accounts/terraform")) => {
                case(path.into(), vec![], 200)
            }
            ("GET", "/settings/system-accounts/{id}") => case(of(&robot(), ""), vec![], 200),
            ("POST", "/settings/system-accounts/{id}") => {
                case(of(&robot(), ""), vec![field("name", &format!("renamed {unique}"))], 303)
            }
            ("POST", "/settings/system-accounts/{id}/disablement") => case(of(&robot(), "/disablement"), vec![], 303),
            ("POST", "/settings/system-accounts/{id}/enablement") => {
                let id = robot();
                let one = Selection::Accounts(vec![id.clone()]);
                app.write(move |conn| operations::disable(conn, &Principal::shell(), Kind::System, &one));
                case(of(&id, "/enablement"), vec![], 303)
            }
            ("GET", "/settings/system-accounts/{id}/promotion") => case(of(&robot(), "/promotion"), vec![], 200),
            ("POST", "/settings/system-accounts/{id}/promotion") => case(of(&robot(), "/promotion"), vec![], 303),
            ("POST", "/settings/system-accounts/{id}/demotion") => {
                let id = app.add_account_with(&format!("robot {unique}"), &[predefined::ADMINISTRATOR.into()]);
                case(of(&id, "/demotion"), vec![], 303)
            }
            ("GET", "/settings/system-accounts/{id}/deletion") => case(of(&robot(), "/deletion"), vec![], 200),
            ("POST", "/settings/system-accounts/{id}/deletion") => {
                case(of(&robot(), "/deletion"), vec![field("confirm", &format!("robot {unique}"))], 303)
            }
            ("GET", "/settings/system-accounts/{id}/owner") => case(of(&robot(), "/owner"), vec![], 200),
            ("POST", "/settings/system-accounts/{id}/owner") => {
                case(of(&robot(), "/owner"), vec![field("owner", "maya.lindqvist@example.test")], 303)
            }
            ("POST", "/settings/system-accounts/{id}/roles") => {
                case(of(&robot(), "/roles"), vec![field("role", &predefined::READ_ONLY.to_string())], 303)
            }
            ("POST", "/settings/system-accounts/{id}/teams") => {
                let team = app.add_team(&format!("Team {unique}"), &[]);
                case(of(&robot(), "/teams"), vec![field("team", team.as_str())], 303)
            }
            ("GET", "/settings/system-accounts/{id}/terraform") => case(of(&robot(), "/terraform"), vec![], 200),
            ("POST", "/settings/system-accounts/{id}/tokens") => {
                let fields = vec![field("name", "deploy"), field("access", "write"), field("expires", "30")];
                case(of(&robot(), "/tokens"), fields, 303)
            }
            ("GET", "/settings/system-accounts/{id}/tokens/{token}/value") => {
                let fields = [("name", "deploy"), ("access", "write"), ("expires", "30")];
                let made = self.admin.post(&of(&robot(), "/tokens"), &fields);
                case(made.location().to_owned(), vec![], 200)
            }
            (method, path) if path.starts_with("/settings/tokens") => {
                let token = app.add_token(&robot(), Access::Read);
                let chosen = || {
                    let id = Self::token_id(&token);
                    self.admin.post("/settings/tokens/selections", &[("id", &id)]).location().to_owned()
                };
                let status = if method == "GET" { 200 } else { 303 };
                match path {
                    "/settings/tokens/find" => case(path.into(), vec![field("text", &token)], status),
                    "/settings/tokens/selections" => case(path.into(), vec![field("id", &Self::token_id(&token))], status),
                    "/settings/tokens/selections/{id}" => case(chosen(), vec![], status),
                    "/settings/tokens/selections/{id}/revocation" => {
                        case(format!("{}/revocation", chosen()), vec![field("id", &Self::token_id(&token))], status)
                    }
                    path => case(path.into(), vec![], status),
                }
            }
            (method, path) if path.starts_with("/settings/api-tokens") => self.own_token_case(method, path),
            ("POST", "/settings/system-accounts/{id}/tokens/{token}/regeneration") => {
                let id = robot();
                let token = Self::token_id(&app.add_token(&id, Access::Read));
                case(of(&id, &format!("/tokens/{token}/regeneration")), vec![field("overlap", "0")], 303)
            }
            ("POST", "/settings/system-accounts/{id}/tokens/{token}/revocation") => {
                let id = robot();
                let token = Self::token_id(&app.add_token(&id, Access::Read));
                case(of(&id, &format!("/tokens/{token}/revocation")), vec![], 303)
            }
            ("POST", "/settings/system-accounts/{id}/tokens/{token}/finish") => {
                let id = robot();
                let old = Self::token_id(&app.add_token(&id, Access::Read));
                let overlap = muster::tokens::model::Overlap::parse("24h").unwrap();
                let account = id.clone();
                let new = app
                    .write(move |conn| {
                        muster::tokens::operations::regenerate(conn, &Principal::shell(), &account, &old, overlap, None)
                    })
                    .new;
                case(of(&id, &format!("/tokens/{}/finish", new.id)), vec![], 303)
            }
            ("GET", path @ "/settings/invitations") => case(path.into(), vec![], 200),
            (method, path) if path.starts_with("/settings/users") => self.user_case(method, path, unique),
            (method, path) if path.starts_with("/settings/teams") => self.team_case(method, path, unique),
            ("GET", "/settings/selections/{id}") => {
                let fields = [("id", robot().to_string()), ("do", "delete".to_owned())];
                case(self.selection(&fields), vec![], 200)
            }
            ("POST", "/settings/selections/{id}") => {
                let fields = [("id", robot().to_string()), ("do", "make_administrator".to_owned())];
                let path = self.selection(&fields);
                let page = self.admin.get(&path);
                let (_, rest) = page.body.split_once("name=\"print\" value=\"").unwrap();
                let print = rest.split('"').next().unwrap();
                case(path, vec![field("do", "make_administrator"), field("print", print)], 303)
            }
            ("POST", "/settings/changes/{id}/undo") => {
                let (one, actor) = (Selection::Accounts(vec![robot()]), self.actor(&self.admin));
                let done = app.write(move |conn| operations::disable(conn, &actor, Kind::System, &one));
                case(format!("/settings/changes/{}/undo", done.change.unwrap()), vec![], 303)
            }
            ("GET", "/settings/token-policy") => case("/settings/token-policy".into(), vec![], 200),
            ("POST", "/settings/token-policy/stop") => {
                // Not the first time, or nothing else here could be tried with a token after it.
                case("/settings/token-policy/stop".into(), vec![field("message", &"x".repeat(201))], 422)
            }
            ("POST", "/settings/token-policy/resumption") => case("/settings/token-policy/resumption".into(), vec![], 303),
            ("GET", "/help/gateways") => case("/help/gateways".into(), vec![], 303),
            ("GET", "/help/gateways/{gateway}") => case("/help/gateways/nginx".into(), vec![], 200),
            ("GET", path @ ("/help/operations" | "/help/authzen" | "/help/terraform" | "/help/api")) => {
                case(path.into(), vec![], 200)
            }
            ("GET", path @ ("/settings/roles" | "/settings/roles/new")) => case(path.into(), vec![], 200),
            ("POST", "/settings/roles") => {
                let fields = vec![field("name", &format!("Role {unique}")), field("more", "payments:refund")];
                case("/settings/roles".into(), fields, 303)
            }
            ("GET", path @ ("/settings/roles/{id}" | "/settings/roles/{id}/deletion")) => {
                let role = app.add_role(&format!("Role {unique}"), &["payments:refund"]);
                case(path.replace("{id}", role.as_str()), vec![], 200)
            }
            ("POST", path @ ("/settings/roles/{id}" | "/settings/roles/{id}/deletion")) => {
                let role = app.add_role(&format!("Role {unique}"), &["payments:refund"]);
                case(path.replace("{id}", role.as_str()), vec![field("name", &format!("Renamed {unique}"))], 303)
            }
            ("GET", "/settings/roles/{id}/reset") => case(format!("/settings/roles/{}/reset", predefined::CI_CD), vec![], 200),
            ("POST", "/settings/roles/{id}/reset") => case(format!("/settings/roles/{}/reset", predefined::CI_CD), vec![], 303),
            ("GET", path @ ("/settings/audit-log" | "/settings/audit-log/retention")) => case(path.into(), vec![], 200),
            ("GET", "/settings/general") => case("/settings/general".into(), vec![], 200),
            ("POST", "/settings/general") => {
                let shown = serde_json::to_string(&muster::settings::general::General::default()).unwrap();
                let fields = vec![
                    field("user_role", &predefined::USER.to_string()),
                    field("system_role", &predefined::CI_CD.to_string()),
                    field("banner", &format!("Maintenance {unique}")),
                    field("session_length", "90d"),
                    field("inactivity", "14d"),
                    field("shown", &shown),
                ];
                case("/settings/general".into(), fields, 303)
            }
            ("GET", "/settings/audit-log/export") => case("/settings/audit-log/export?format=jsonl".into(), vec![], 200),
            ("GET", "/settings/audit-log/{id}") => {
                let newest = app.read(|conn| {
                    let mut newest = muster::database::sql::Sql::new("SELECT id FROM audit_events ORDER BY seq DESC");
                    newest.limit(1);
                    newest.ids(conn)
                });
                case(format!("/settings/audit-log/{}", newest[0]), vec![], 200)
            }
            ("POST", "/settings/audit-log/retention") => {
                let fields = vec![field("keep", "forever"), field("shown", "Forever")];
                case("/settings/audit-log/retention".into(), fields, 303)
            }
            (method, path) => panic!("{method} {path} has no case in the walk of the route table: write one"),
        }
    }
}
