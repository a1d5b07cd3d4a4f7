//! The roles, to read.

use muster::roles::predefined::{self, PREDEFINED};

use super::html::all;
use crate::support::app::TestApp;

// S15: every badge leads to an anchor of this page, and this page lists what the role may do.
#[test]
fn every_role_is_listed_with_what_it_may_do() {
    let app = TestApp::start();
    let admin = app.admin();
    let custom = app.add_role("Payments <clerk>", &["payments:refund", "contract_data:read:*"]);
    app.add_account("robot");
    let page = admin.get("/settings/roles");
    assert_eq!(page.status, 200);
    for role in PREDEFINED {
        let card = all(&page.body, &format!("id=\"role-{}\"", role.uuid), "</footer>");
        assert_eq!(card.len(), 1, "{}", role.name);
        assert!(card[0].contains(role.name) && card[0].contains("Predefined"), "{}", role.name);
        assert_eq!(card[0].contains("cannot be edited"), role.locked, "{}", role.name);
        for permission in role.permissions {
            assert!(card[0].contains(&format!(">{permission}</code>")), "{}: {permission}", role.name);
        }
    }
    let ci_cd = all(&page.body, &format!("id=\"role-{}\"", predefined::CI_CD), "</footer>")[0];
    assert!(ci_cd.contains("1 system account<") && ci_cd.contains("Default"), "{ci_cd}");
    let own = all(&page.body, &format!("id=\"role-{custom}\""), "</footer>")[0];
    assert!(own.contains("Payments &#60;clerk&#62;") && own.contains("payments:refund") && !own.contains("Predefined"), "{own}");
}

#[test]
fn who_sees_accounts_or_roles_sees_the_page() {
    let app = TestApp::start();
    for (name, permission, status) in [
        ("A", "role:read:*", 200),
        ("B", "system_account:read:*", 200),
        ("C", "system_account:manage:team", 200),
        ("D", "contract_data:read:*", 403),
    ] {
        let role = app.add_role(name, &[permission]);
        let client = app.user(&format!("User {name}"), &[role]);
        assert_eq!(client.get("/settings/roles").status, status, "{permission}");
    }
    assert_eq!(app.anonymous().get("/settings/roles").status, 303);
    // The side bar leads nowhere that would be refused.
    let role = app.add_role("Reader of roles", &["role:read:*"]);
    let client = app.user("Rita Reader", &[role]);
    let page = client.get("/settings/roles");
    assert!(!all(&page.body, "<ul class=\"nav\"", "</ul>")[0].contains("system-accounts"), "{}", page.text());
}
