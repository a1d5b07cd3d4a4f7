//! What the routes of users are tried with.

use muster::accounts::model::{Kind, Selection};
use muster::accounts::operations;
use muster::auth::principal::Principal;
use muster::roles::predefined;

use super::world::{Case, World};
use crate::support::app::Answer;

impl World {
    /// The same routes for users.
    pub fn user_case(&self, method: &str, path: &str, unique: &str) -> Case {
        let app = &self.app;
        let list = "/settings/users";
        let name = format!("Person {unique}");
        let rest = path.strip_prefix("/settings/users").unwrap();
        let field = |name: &'static str, value: &str| (name, value.to_owned());
        if rest.is_empty() {
            return Case { path: list.into(), fields: vec![], status: 200 };
        }
        let roles = if rest.ends_with("/demotion") { vec![predefined::ADMINISTRATOR.into()] } else { vec![] };
        if rest == "/invite" {
            let fields = if method == "GET" { vec![] } else { vec![field("addresses", &format!("person{unique}@example.org"))] };
            return Case { path: path.into(), fields, status: if method == "GET" { 200 } else { 303 } };
        }
        if rest == "/links/{page}" {
            let fields = [("addresses", format!("person{unique}@example.org"))];
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let made = self.admin.post("/settings/users/invite", &fields);
            return Case { path: made.location().to_owned(), fields: vec![], status: 200 };
        }
        let (id, _) = app.add_user(&name, &roles);
        if rest.contains("/invitation") {
            let invited = id.clone();
            app.write(move |conn| {
                let mut sql = muster::database::sql::Sql::new("INSERT INTO invitations ");
                sql.push("(account_id, digest, named, invited_by_name, created_at, expires_at) SELECT id, id, TRUE, '', ");
                sql.push("created_at, created_at FROM accounts WHERE id = ").bind(&invited);
                sql.execute(conn)
            });
        }
        if rest.ends_with("/enablement") {
            let one = Selection::Accounts(vec![id.clone()]);
            app.write(move |conn| operations::disable(conn, &Principal::shell(), Kind::User, &one));
        }
        let fields = match rest {
            "/{id}/email" => vec![field("email", &format!("changed{unique}@example.org"))],
            "/bulk" => vec![field("id", id.as_str()), field("do", "disable")],
            "/{id}" if method == "POST" => vec![field("name", &format!("Renamed {unique}"))],
            "/{id}/deletion" if method == "POST" => vec![field("confirm", &name)],
            "/{id}/roles" => vec![field("role", &predefined::USER.to_string())],
            "/{id}/teams" => vec![field("team", app.add_team(&format!("Team of {unique}"), &[]).as_str())],
            _ => vec![],
        };
        let (mut session, mut token) = (String::new(), String::new());
        if rest.contains("{session}") {
            session = self.session_of(&id).to_string();
        }
        if rest.contains("{token}") {
            token = Self::token_id(&app.add_token_of_user(&id));
        }
        let status = if method == "GET" { 200 } else { 303 };
        Case {
            path: format!(
                "{list}{}",
                rest.replace("{id}", id.as_str()).replace("{session}", &session).replace("{token}", &token)
            ),
            fields,
            status,
        }
    }

    /// The routes of the administrator's own tokens.
    pub fn own_token_case(&self, method: &str, path: &str) -> Case {
        let creation = [("name", "laptop"), ("access", "write"), ("expires", "30")];
        let (list, status) = ("/settings/api-tokens", if method == "GET" { 200 } else { 303 });
        if path == list {
            let fields = creation.map(|(name, value)| (name, value.to_owned())).to_vec();
            return Case { path: list.into(), fields: if method == "GET" { vec![] } else { fields }, status };
        }
        let public = |made: &Answer| made.location().split('/').nth(3).unwrap().to_owned();
        let mut token = public(&self.admin.post(list, &creation));
        if path.ends_with("/finish") {
            token = public(&self.admin.post(&format!("{list}/{token}/regeneration"), &[("overlap", "24h")]));
        }
        Case { path: path.replace("{token}", &token), fields: vec![("overlap", "0".to_owned())], status }
    }
}
