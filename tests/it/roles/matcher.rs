//! One table of what covers what: for the function, for `require=`, and for who may put what into a role.

use muster::roles::permission::Permission;
use muster::tokens::value::Access;

use super::ROLES;
use crate::support::app::TestApp;

const TEXTS: [&str; 8] = ["a:b", "a:b:x", "a:b:*", "a:*", "a:b:own", "a:b:team", "ai:*", "aim:read"];

/// Row: held. Column: asked for, in the same order.
const COVERS: [&str; 8] = [
    "y.......", // a:b is itself alone
    ".y......", // a:b:x
    "yyy.yy..", // a:b:* is every scope of a:b, and a:b itself
    "yyyyyy..", // a:* is everything below a:
    "....y...", // a:b:own is never a:b:team
    ".....y..", //
    "......y.", // ai:* is not aim:read
    ".......y", //
];

// 4.3
#[test]
fn the_function_the_check_and_the_page_have_one_table() {
    let app = TestApp::start();
    app.admin();
    for (at, (held, row)) in TEXTS.iter().zip(COVERS).enumerate() {
        let role = app.add_role(&format!("Holds {held}"), &["role:manage:*", held]);
        let bo = app.user(&format!("Bo {at}"), std::slice::from_ref(&role));
        let robot = app.add_account_with(&format!("robot {held}"), &[role]);
        let token = format!("Bearer {}", app.add_token(&robot, Access::Write));
        for (asked, letter) in TEXTS.iter().zip(row.chars()) {
            let covers = letter == 'y';
            let one = |text: &str| Permission::parse(text).unwrap();
            assert_eq!(one(held).covers(&one(asked)), covers, "{held} covers {asked}");
            let answer = app.anonymous().get_with(&format!("/auth/verify?require={asked}"), &[("Authorization", &token)]);
            assert_eq!(answer.status, if covers { 200 } else { 403 }, "{held}: require={asked}");
            let name = format!("{held} gives {asked}");
            let answer = bo.post(ROLES, &[("name", &name), ("more", asked)]);
            assert_eq!(answer.status, if covers { 303 } else { 403 }, "{held} gives {asked}: {}", answer.text());
        }
    }
}
