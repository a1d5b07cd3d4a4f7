//! What Terraform does over the life of its resources, with the provider's bodies as plain HTTP.

use std::collections::BTreeSet;

use muster::roles::predefined;
use serde_json::{Map, Value, json};

use super::Caller;
use crate::support::app::TestApp;

/// The fields of a user that the provider knows; on destroying one it sends back those that it has read.
const KNOWN: [&str; 10] =
    ["uuid", "name", "email", "active", "createdAt", "updatedAt", "lastLogin", "identityProviderId", "type", "typeDescription"];

fn set(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn found(list: &Value, field: &str) -> BTreeSet<String> {
    list.as_array().into_iter().flatten().map(|one| one[field].as_str().unwrap().to_owned()).collect()
}

/// A resource of the configuration, and what the provider keeps of one that it has read.
#[derive(Debug, Clone, PartialEq)]
enum Resource {
    User { system: bool, name: String, email: Option<String>, active: bool, roles: BTreeSet<String> },
    Role { name: String, scopes: BTreeSet<String> },
    Team { name: String, users: BTreeSet<String>, administrators: BTreeSet<String>, applications: BTreeSet<String> },
}

use Resource::{Role, Team, User};

fn machine(name: &str, email: Option<&str>, active: bool, roles: &[&str]) -> Resource {
    User { system: true, name: name.into(), email: email.map(str::to_owned), active, roles: set(roles) }
}

fn person(name: &str, email: &str, active: bool, roles: &[&str]) -> Resource {
    User { system: false, name: name.into(), email: Some(email.into()), active, roles: set(roles) }
}

fn team(name: &str, users: &[&str], administrators: &[&str], applications: &[&str]) -> Resource {
    Team { name: name.into(), users: set(users), administrators: set(administrators), applications: set(applications) }
}

fn role(name: &str, scopes: &[&str]) -> Resource {
    Role { name: name.into(), scopes: set(scopes) }
}

impl Resource {
    fn path(&self, uuid: &str) -> String {
        match self {
            User { .. } => format!("/admin/users/{uuid}"),
            Role { .. } => format!("/admin/roles/{uuid}"),
            Team { .. } => format!("/admin/teams/{uuid}"),
        }
    }

    /// What is sent to create or change it. Go leaves out what is empty, `active` and a user's `_embedded` excepted.
    fn body(&self, uuid: Option<&str>) -> Value {
        let mut body = Map::new();
        match self {
            User { system, name, email, active, .. } => {
                body.insert("name".into(), json!(name));
                body.extend(email.as_ref().map(|email| ("email".into(), json!(email))));
                body.insert("active".into(), json!(active));
                body.extend(system.then(|| ("type".into(), json!(1))));
                body.insert("_embedded".into(), json!({}));
            }
            Role { name, scopes } => {
                let scopes: Vec<Value> = scopes.iter().rev().map(|scope| json!({"scope": scope})).collect();
                body.extend([("name".into(), json!(name)), ("permissions".into(), json!(scopes))]);
            }
            Team { name, administrators, applications, .. } => {
                body.insert("name".into(), json!(name));
                for (field, list) in [("administratorUuids", administrators), ("pacticipantNames", applications)] {
                    body.extend((!list.is_empty()).then(|| (field.into(), json!(list))));
                }
            }
        }
        if !matches!(self, Team { .. }) {
            body.extend(uuid.map(|uuid| ("uuid".into(), json!(uuid))));
        }
        body.into()
    }
}

struct Provider {
    caller: Caller,
}

impl Provider {
    fn sent(&self, method: &str, path: &str, body: &Value, status: u16) -> super::Reply {
        let reply = self.caller.send(method, path, body);
        assert_eq!(reply.status, status, "{method} {path} {body}: {}", reply.body);
        reply
    }

    /// The UUID of a system account comes from the last segment of Location and from nowhere else.
    fn create(&self, resource: &Resource) -> String {
        let body = resource.body(None);
        let uuid = |body: &Value| body["uuid"].as_str().unwrap().to_owned();
        match resource {
            User { system, roles, .. } => {
                let uuid = if *system {
                    let reply = self.sent("POST", "/admin/system-accounts", &body, 201);
                    reply.answer.location().rsplit('/').next().unwrap().to_owned()
                } else {
                    uuid(&self.sent("POST", "/admin/users/invite-user", &body, 200).body)
                };
                self.sent("PUT", &format!("/admin/users/{uuid}/roles"), &json!({"roles": roles}), 204);
                uuid
            }
            Role { .. } => uuid(&self.sent("POST", "/admin/roles", &body, 201).body),
            Team { users, .. } => {
                let uuid = uuid(&self.sent("POST", "/admin/teams", &body, 201).body);
                if !users.is_empty() {
                    let set = self.sent("PUT", &format!("/admin/teams/{uuid}/users"), &json!({"users": users}), 200);
                    assert_eq!(found(&set.body["_embedded"]["users"], "uuid"), *users);
                }
                uuid
            }
        }
    }

    /// Reading is importing: a GET by the UUID.
    fn read(&self, uuid: &str, like: &Resource) -> Resource {
        let reply = self.caller.get(&like.path(uuid));
        assert_eq!(reply.status, 200, "{}", reply.body);
        Self::state(&reply.body, like)
    }

    fn state(read: &Value, like: &Resource) -> Resource {
        let (text, embedded) = (|name: &str| read[name].as_str().map(str::to_owned), &read["_embedded"]);
        let name = text("name").unwrap();
        match like {
            User { .. } => {
                let mut roles = found(&embedded["roles"], "uuid");
                // It can't be assigned, so the provider passes it over.
                roles.remove(&predefined::TEAM_ADMINISTRATOR.to_string());
                User { system: read["type"] == 1, name, email: text("email"), active: read["active"] == true, roles }
            }
            Role { .. } => Role { name, scopes: found(&read["permissions"], "scope") },
            Team { .. } => Team {
                name,
                users: found(&embedded["members"], "uuid"),
                administrators: found(&embedded["administrators"], "uuid"),
                applications: found(&embedded["pacticipants"], "name"),
            },
        }
    }

    /// PUT with the full state; roles and members by a PUT of their own, and only if they changed.
    fn update(&self, uuid: &str, from: &Resource, to: &Resource) {
        let path = to.path(uuid);
        let put = self.sent("PUT", &path, &to.body(Some(uuid)), 200).body;
        match (from, to) {
            (User { roles: before, .. }, User { roles, .. }) if before != roles => {
                self.sent("PUT", &format!("{path}/roles"), &json!({"roles": roles}), 204);
            }
            (Team { users: before, .. }, Team { users, .. }) if before != users => {
                self.sent("PUT", &format!("{path}/users"), &json!({"users": users}), 200);
            }
            // What the answer says is the state until the next read.
            (User { .. } | Role { .. }, _) => assert_eq!(Self::state(&put, to), *to),
            _ => {}
        }
    }

    fn destroy(&self, uuid: &str, resource: &Resource) {
        let path = resource.path(uuid);
        if !matches!(resource, User { .. }) {
            assert_eq!(self.caller.delete(&path).status, 204);
            assert_eq!(self.caller.get(&path).status, 404);
            return;
        }
        // A user stays, disabled, without roles and teams.
        let user = self.caller.get(&path).body;
        self.sent("PUT", &format!("{path}/roles"), &json!({"roles": []}), 204);
        for team in found(&user["_embedded"]["teams"], "uuid") {
            assert_eq!(self.caller.delete(&format!("/admin/teams/{team}/users/{uuid}")).status, 204);
        }
        let known = KNOWN.iter().filter(|field| !user[**field].is_null() && user[**field] != 0);
        let mut body: Map<String, Value> = known.map(|field| ((*field).to_owned(), user[*field].clone())).collect();
        body.extend([("active".into(), json!(false)), ("_embedded".into(), json!({}))]);
        self.sent("PUT", &path, &body.into(), 200);
        let left = self.caller.get(&path).body;
        assert_eq!((&left["active"], &left["_embedded"]), (&json!(false), &json!({"roles": [], "teams": []})), "{left}");
    }

    /// Nothing differs, however often it is read.
    fn finds(&self, when: &str, resources: &[(String, Resource)]) {
        for (uuid, wanted) in resources {
            for _ in 0..2 {
                assert_eq!(self.read(uuid, wanted), *wanted, "{when}");
            }
        }
    }
}

// Nobody has signed in yet, as where automation sets Muster up: there is no last administrator who could be lost.
#[test]
fn the_life_of_everything_that_terraform_manages() {
    let app = TestApp::start();
    let provider = Provider { caller: Caller::administrator(&app) };
    let (ci, reads) = (predefined::CI_CD.to_string(), predefined::READ_ONLY.to_string());
    let by_hand = provider.create(&team("By hand", &[], &[], &[]));
    let mut people = BTreeSet::new();
    for round in ["first", "second"] {
        // In the order of what refers to what.
        let clerk = role("Clerk", &["webhook:manage:*", "payments:refund", "ai:*", "a:b:own", "contract_data:read:*"]);
        let r = provider.create(&clerk);
        let accounts = [
            machine("plain", None, true, &[]),
            machine("off", None, false, &[]),
            machine("addressed", Some("ops@example.org"), true, &[&ci]),
            machine("roled", None, true, &[&ci, &reads, &r]),
            person("Ida Holm", "ida@example.org", true, &[&reads, &r]),
        ];
        let ids: Vec<String> = accounts.iter().map(|account| provider.create(account)).collect();
        // Who has the address is the answer, by the name that they have: the next plan changes that in place.
        provider.update(&ids[4], &accounts[4], &accounts[4]);
        let [plain, off, addressed, roled, ida] = ids.as_slice() else { panic!("{ids:?}") };
        let blue = team("Blue", &[plain, roled, ida], &[ida], &["b-api", "a-api"]);
        let red = team("Red", &[off], &[], &[]);
        let teams = [provider.create(&blue), provider.create(&red)];
        let all = |role: Resource, accounts: &[Resource], both: [Resource; 2]| {
            let accounts = ids.iter().cloned().zip(accounts.iter().cloned());
            let both = teams.iter().cloned().zip(both);
            [(r.clone(), role)].into_iter().chain(accounts).chain(both).collect::<Vec<_>>()
        };
        let before = all(clerk, &accounts, [blue, red]);
        provider.finds(&format!("{round}: created"), &before);
        let shown = provider.caller.get(&format!("/admin/users/{ida}")).body;
        assert!(found(&shown["_embedded"]["roles"], "name").contains("Team Administrator"), "{shown}");

        let changed = [
            machine("plain, renamed", None, false, &[]),
            machine("on", None, true, &[&ci]),
            machine("addressed", Some("ops@example.org"), false, &[&ci, &reads]),
            machine("roled", None, true, &[]),
            person("Ida Ek", "ida@example.org", true, &[&r]),
        ];
        let after = all(
            role("Clerks", &["payments:refund", "payments:read"]),
            &changed,
            [team("Azure", &[addressed], &[], &["a-api"]), team("Red", &[off], &[roled, ida], &["c-api"])],
        );
        for ((uuid, from), (_, to)) in before.iter().zip(&after) {
            provider.update(uuid, from, to);
        }
        provider.finds(&format!("{round}: changed"), &after);
        // Applied once more, nothing changes.
        for (uuid, to) in &after {
            provider.update(uuid, to, to);
        }
        provider.finds(&format!("{round}: applied again"), &after);
        // pact_role_v1 on one of them.
        let body = json!({"uuid": roled, "active": false, "_embedded": {}});
        for (method, administrators) in [("PUT", 2), ("DELETE", 1)] {
            let user = provider.sent(method, &format!("/admin/users/{roled}/role/admin"), &body, 200).body;
            assert_eq!(found(&user["_embedded"]["roles"], "uuid").len(), administrators, "{user}");
        }
        // They are in a team that Terraform does not manage as well.
        let users = json!({"users": [roled, ida]});
        assert_eq!(provider.caller.post(&format!("/admin/teams/{by_hand}/users"), &users).status, 200);
        // What refers to others goes first.
        for (uuid, resource) in after.iter().rev() {
            provider.destroy(uuid, resource);
        }
        let left = provider.read(&by_hand, &team("", &[], &[], &[]));
        assert_eq!(left, team("By hand", &[], &[], &[]), "{round}");
        people.insert(ida.clone());
    }
    assert_eq!(app.totals(), (1, 8), "disabled twins block no name");
    assert_eq!(people.len(), 1, "an address is one user, made again and again");
}

// Accounts that are destroyed while the teams that name them stay: their memberships go with them.
#[test]
fn accounts_go_before_the_teams_that_name_them() {
    let app = TestApp::start();
    let provider = Provider { caller: Caller::administrator(&app) };
    let ids = ["one", "two"].map(|name| provider.create(&machine(name, None, true, &[])));
    let blue = provider.create(&team("Blue", &[&ids[0], &ids[1]], &[&ids[1]], &[]));
    provider.destroy(&ids[0], &machine("one", None, true, &[]));
    provider.finds("one destroyed", &[(blue.clone(), team("Blue", &[&ids[1]], &[&ids[1]], &[]))]);
    // Who administers a team is asked about no more, once the team drops them.
    provider.update(&blue, &team("Blue", &[&ids[1]], &[&ids[1]], &[]), &team("Blue", &[], &[], &[]));
    provider.destroy(&ids[1], &machine("two", None, true, &[]));
    // A member may be disabled.
    provider.update(&blue, &team("Blue", &[], &[], &[]), &team("Blue", &[&ids[0]], &[], &[]));
    provider.finds("a disabled member", &[(blue.clone(), team("Blue", &[&ids[0]], &[], &[]))]);
    provider.destroy(&blue, &team("Blue", &[&ids[0]], &[], &[]));
}
