//! System accounts, their custom roles and their teams, as configuration for PactFlow's Terraform provider.

use std::collections::HashMap;

use askama::Template;

use crate::accounts::kind::Screen;
use crate::accounts::model::AccountRow;
use crate::id::Id;
use crate::roles::{Badge, Role};
use crate::teams::Team;
use crate::teams::queries::members::TeamMembership;
use crate::web::hcl::{Resource, label, quoted};
use crate::web::view::Shell;

/// Blocks to copy.
pub struct TerraformBlock {
    pub id: &'static str,
    pub title: &'static str,
    pub about: &'static str,
    pub text: String,
}

#[derive(Template)]
#[template(path = "accounts/terraform.html")]
pub struct TerraformPage {
    pub shell: Shell,
    pub screen: &'static Screen,
    /// The list, with its filters.
    pub list: String,
    /// The page and the name of the account, where it is about one.
    pub account: Option<(String, String)>,
    /// "3 system accounts".
    pub whom: String,
    /// What is not in it, and why.
    pub notes: Vec<String>,
    pub snippets: Vec<TerraformBlock>,
}

/// Everything that becomes a block.
#[derive(Default)]
pub struct Blocks {
    pub accounts: Vec<AccountRow>,
    pub emails: HashMap<Id, String>,
    /// The roles of each account, without what follows from administering a team: that can't be assigned.
    pub badges: HashMap<Id, Vec<Badge>>,
    /// Custom ones.
    pub roles: Vec<Role>,
    pub teams: Vec<Team>,
    pub belongings: Vec<TeamMembership>,
    pub applications: HashMap<Id, Vec<String>>,
}

impl Blocks {
    pub fn snippets(&self) -> Vec<TerraformBlock> {
        let about_roles = "The custom roles that they have. Predefined roles need no block.";
        let about_teams = "Their teams, each with all its members and administrators: Terraform removes whoever is not listed. \
                           Leave this out if you manage teams in Muster.";
        let all = [
            TerraformBlock { id: "accounts", title: "System accounts", about: "", text: self.users() },
            TerraformBlock { id: "roles", title: "Roles", about: about_roles, text: self.custom_roles() },
            TerraformBlock { id: "teams", title: "Teams", about: about_teams, text: self.whole_teams() },
        ];
        all.into_iter().filter(|snippet| !snippet.text.is_empty()).collect()
    }

    fn users(&self) -> String {
        let mut out = String::new();
        for account in &self.accounts {
            let mut values = vec![("name", quoted(&account.name))];
            // It forces a replacement where it differs, so there is none where there is none.
            values.extend(self.emails.get(&account.id).map(|email| ("email", quoted(email))));
            values.extend([("type", quoted("system")), ("active", (!account.disabled).to_string())]);
            let badges = self.badges.get(&account.id).into_iter().flatten();
            let roles = badges.map(|badge| (badge.id.to_string(), badge.name.clone())).collect();
            let label = label("account", &account.name, &account.id);
            Resource { kind: "pact_user", label, id: &account.id, values, lists: vec![("roles", roles)] }.write(&mut out);
        }
        out
    }

    fn custom_roles(&self) -> String {
        let mut out = String::new();
        for role in &self.roles {
            let scopes = role.permissions.iter().map(|one| (one.as_str().to_owned(), String::new())).collect();
            let values = vec![("name", quoted(&role.name))];
            let label = label("role", &role.name, &role.id);
            Resource { kind: "pact_role", label, id: &role.id, values, lists: vec![("scopes", scopes)] }.write(&mut out);
        }
        out
    }

    fn whole_teams(&self) -> String {
        let mut out = String::new();
        for team in &self.teams {
            let people = |administers: bool| {
                let own = self.belongings.iter().filter(|one| one.team == team.id && one.administers == administers);
                own.map(|one| (one.id.to_string(), one.name.clone())).collect::<Vec<_>>()
            };
            let applications = self.applications.get(&team.id).into_iter().flatten();
            let applications = applications.map(|name| (name.clone(), String::new())).collect();
            let lists = vec![("pacticipants", applications), ("users", people(false)), ("administrators", people(true))];
            let values = vec![("name", quoted(&team.name))];
            let label = label("team", &team.name, &team.id);
            Resource { kind: "pact_team", label, id: &team.id, values, lists }.write(&mut out);
        }
        out
    }
}
