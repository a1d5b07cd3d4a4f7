//! Ten clients at once, as Terraform has them by default.

use muster::roles::predefined;
use serde_json::json;

use super::Caller;
use crate::support::app::TestApp;

const CLIENTS: usize = 10;
const EACH: usize = 100;

#[test]
fn ten_clients_create_change_and_delete_a_thousand_accounts() {
    let app = TestApp::start();
    let caller = Caller::administrator(&app);
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let caller = Caller { client: app.anonymous(), ..caller.clone() };
            scope.spawn(move || one_client(&caller, client));
        }
    });
    // Of each ten: four are enabled with two roles, three disabled without any, three deleted.
    let total = |query: &str| caller.get(&format!("/admin/users?userType=1&{query}")).body["page"]["totalElements"].as_i64();
    assert_eq!((total("active=true"), total("active=false")), (Some(401), Some(300)));
    assert_eq!(
        (total(&format!("role={}", predefined::CI_CD)), total(&format!("role={}", predefined::READ_ONLY))),
        (Some(400), Some(400))
    );
    assert_eq!(app.totals(), (401, 300));
}

fn one_client(caller: &Caller, client: usize) {
    let both = json!({"roles": [predefined::CI_CD.to_string(), predefined::READ_ONLY.to_string()]});
    for number in 0..EACH {
        let name = format!("account {client}-{number}");
        let made = caller.post("/admin/system-accounts", &json!({"name": name, "active": true, "type": 1}));
        assert_eq!(made.status, 201, "{}", made.body);
        let path = format!("/admin/users/{}", made.body["uuid"].as_str().unwrap());
        let roles = if number % 10 < 4 { both.clone() } else { json!({"roles": []}) };
        let reply = caller.put(&format!("{path}/roles"), &roles);
        assert_eq!(reply.status, 204, "{}", reply.body);
        match number % 10 {
            0..4 => {}
            4..7 => assert_eq!(caller.put(&path, &json!({"active": false})).status, 200),
            _ => assert_eq!(caller.delete(&path).status, 204),
        }
    }
}
