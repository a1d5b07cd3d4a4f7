//! What Terraform does over the life of its resources, with the provider's bodies as plain HTTP.

use muster::roles::predefined;
use serde_json::{Value, json};

use super::{Caller, names};
use crate::support::app::TestApp;

/// What the provider keeps of an account that it has read.
fn state(user: &Value) -> Value {
    json!({"name": user["name"], "active": user["active"], "email": user.get("email"), "type": user["type"]})
}

struct Provider {
    caller: Caller,
}

impl Provider {
    /// Create: POST, then PUT roles always. The UUID comes from the last segment of Location and from nowhere else.
    fn create(&self, name: &str, email: Option<&str>, active: bool, roles: &[String]) -> String {
        let mut body = json!({"name": name, "active": active, "type": 1, "_embedded": {}});
        if let Some(email) = email {
            body["email"] = json!(email);
        }
        let reply = self.caller.post("/admin/system-accounts", &body);
        assert_eq!(reply.status, 201, "{}", reply.body);
        let uuid = reply.answer.location().rsplit('/').next().unwrap().to_owned();
        assert_eq!(self.caller.put(&format!("/admin/users/{uuid}/roles"), &json!({"roles": roles})).status, 204);
        uuid
    }

    fn read(&self, uuid: &str) -> Value {
        let reply = self.caller.get(&format!("/admin/users/{uuid}"));
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.body
    }

    /// Update: PUT with the full state; PUT roles only if they changed.
    fn update(&self, uuid: &str, name: &str, active: bool, roles: Option<&[String]>) {
        let body = json!({"uuid": uuid, "name": name, "active": active, "type": 1, "_embedded": {}});
        let reply = self.caller.put(&format!("/admin/users/{uuid}"), &body);
        assert_eq!((reply.status, state(&reply.body)), (200, state(&self.read(uuid))));
        if let Some(roles) = roles {
            assert_eq!(self.caller.put(&format!("/admin/users/{uuid}/roles"), &json!({"roles": roles})).status, 204);
        }
    }

    /// Destroy: the whole user goes back, without roles and teams, and disabled.
    fn destroy(&self, uuid: &str) {
        let mut user = self.read(uuid);
        assert_eq!(self.caller.put(&format!("/admin/users/{uuid}/roles"), &json!({"roles": []})).status, 204);
        for team in user["_embedded"]["teams"].as_array().unwrap() {
            let path = format!("/admin/teams/{}/users/{uuid}", team["uuid"].as_str().unwrap());
            assert_eq!(self.caller.delete(&path).status, 204);
        }
        user["active"] = json!(false);
        let reply = self.caller.put(&format!("/admin/users/{uuid}"), &user);
        assert_eq!((reply.status, &reply.body["active"]), (200, &json!(false)), "{}", reply.body);
        let left = self.read(uuid);
        assert_eq!((&left["active"], &left["_embedded"]), (&json!(false), &json!({"roles": [], "teams": []})));
    }
}

#[test]
fn the_life_of_system_accounts() {
    let app = TestApp::start();
    let provider = Provider { caller: Caller::administrator(&app) };
    let (ci, viewer) = (predefined::CI_CD.to_string(), predefined::READ_ONLY.to_string());
    let both = [ci.clone(), viewer.clone()];
    for round in ["first", "second"] {
        let plain = provider.create("plain", None, true, &[]);
        let off = provider.create("off", None, false, &[]);
        let addressed = provider.create("addressed", Some("ops@example.org"), true, &[]);
        let roled = provider.create("roled", None, true, &both);
        let wanted = |name, email: Option<&str>, active| json!({"name": name, "email": email, "active": active, "type": 1});
        for (uuid, state_wanted, roles) in [
            (&plain, wanted("plain", None, true), vec![]),
            (&off, wanted("off", None, false), vec![]),
            (&addressed, wanted("addressed", Some("ops@example.org"), true), vec![]),
            (&roled, wanted("roled", None, true), vec!["CI/CD", "Read-Only"]),
        ] {
            // Read back and imported: twice the same.
            for _ in 0..2 {
                let user = provider.read(uuid);
                assert_eq!(
                    (state(&user), names(&user["_embedded"]["roles"])),
                    (state_wanted.clone(), roles.iter().map(|role| (*role).to_owned()).collect()),
                    "{round}"
                );
            }
        }
        provider.update(&plain, "plain, renamed", false, None);
        provider.update(&off, "on", true, Some(std::slice::from_ref(&ci)));
        provider.update(&addressed, "addressed", false, Some(&both));
        provider.update(&roled, "roled", true, Some(&[]));
        assert_eq!(provider.read(&addressed)["email"], "ops@example.org", "an absent address is kept");
        assert_eq!(names(&provider.read(&off)["_embedded"]["roles"]), ["CI/CD"]);
        assert_eq!(provider.read(&roled)["_embedded"]["roles"], json!([]));
        assert_eq!((&provider.read(&plain)["name"], &provider.read(&plain)["active"]), (&json!("plain, renamed"), &json!(false)));
        // pact_role_v1 on one of them.
        let body = json!({"uuid": roled, "active": false, "_embedded": {}});
        for method in ["PUT", "DELETE"] {
            assert_eq!(provider.caller.send(method, &format!("/admin/users/{roled}/role/admin"), &body).status, 200);
        }
        for uuid in [&plain, &off, &addressed, &roled] {
            provider.destroy(uuid);
        }
    }
    assert_eq!(app.totals(), (1, 8), "disabled twins block no name");
}
