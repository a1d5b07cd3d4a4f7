//! Which tokens are good, and what is said of those that are not.

use actix_web::body::to_bytes;
use actix_web::http::StatusCode;

use super::home::{HALF_YEAR, Home, bearer, forged, header, person};
use crate::accounts::model::{Kind, Selection};
use crate::accounts::operations as accounts;
use crate::activity::Recorder;
use crate::auth::principal::Principal;
use crate::check::Reason;
use crate::clock;
use crate::tokens::model::{Expiry, Token};
use crate::tokens::operations;
use crate::tokens::queries;
use crate::tokens::value::{Access, TokenValue};

#[actix_web::test]
async fn only_the_whole_token_is_accepted() {
    let home = Home::new();
    let account = home.account("ci");
    let (token, value) = home.token(&account, Access::Write, Expiry::Never);
    let text = value.expose();
    assert_eq!(home.judge(text).await, None);
    for at in [0, 3, 5, 16, 18, 40, 60, 66] {
        let other = if text.as_bytes()[at] == b'x' { "y" } else { "x" };
        let wrong = format!("{}{other}{}", &text[..at], &text[at + 1..]);
        assert!(home.judge(&wrong).await.is_some(), "character {at}");
    }
    for wrong in [&text[..66], &text[1..], &format!("{text}0"), &text.to_uppercase(), &text.to_lowercase(), ""] {
        assert_eq!(home.judge(wrong).await, Some(Reason::Malformed), "{wrong}");
    }
    assert_eq!(home.judge(TokenValue::generate(Access::Write).unwrap().expose()).await, Some(Reason::Unknown));
    assert_eq!(home.judge(forged(&value).expose()).await, Some(Reason::Mismatch));
    let stored = home.number(&format!("SELECT count(*) AS n FROM tokens WHERE id = '{}' AND length(digest) = 32", token.id));
    assert_eq!(stored, 1);
}

#[actix_web::test]
async fn what_is_over_is_refused_and_looks_the_same() {
    let home = Home::new();
    let account = home.account("ci");
    let one = Selection::Accounts(vec![account.clone()]);
    let shell = Principal::shell();
    let (revoked, revoked_value) = home.token(&account, Access::Write, HALF_YEAR);
    home.write(|conn| operations::revoke(conn, &shell, &account, &revoked.id));
    let (expired, expired_value) = home.token(&account, Access::Write, HALF_YEAR);
    home.write(|conn| queries::expire(conn, &expired.id, clock::now()));
    let (_, value) = home.token(&account, Access::Write, Expiry::Never);
    assert_eq!(home.judge(revoked_value.expose()).await, Some(Reason::Revoked));
    assert_eq!(home.judge(expired_value.expose()).await, Some(Reason::Expired));

    home.write(|conn| accounts::disable(conn, &shell, Kind::System, &one));
    assert_eq!(home.judge(value.expose()).await, Some(Reason::Disabled));
    let (_, early) = home.token(&account, Access::Read, Expiry::Never);
    assert_eq!(home.judge(early.expose()).await, Some(Reason::Disabled));
    let mut faces = Vec::new();
    for value in [&revoked_value, &expired_value, &value, &forged(&value), &TokenValue::generate(Access::Read).unwrap()] {
        let response = home.ask(&Recorder::default(), bearer("/auth/verify", value)).await;
        let headers: Vec<String> = response.headers().iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
        let status = response.status();
        faces.push((status, headers, to_bytes(response.into_body()).await.ok()));
    }
    assert!(faces.iter().all(|face| *face == faces[0] && face.0 == StatusCode::UNAUTHORIZED), "{faces:?}");

    home.write(|conn| accounts::enable(conn, &shell, &accounts::Plan::unlimited(), Kind::System, &one));
    assert_eq!((home.judge(value.expose()).await, home.judge(early.expose()).await), (None, None));
    home.write(|conn| accounts::delete(conn, &shell, Kind::System, &one));
    assert_eq!(home.judge(value.expose()).await, Some(Reason::Unknown));
    let again = home.account("ci");
    assert_eq!(home.judge(value.expose()).await, Some(Reason::Unknown));
    let listed = home.database.read_now(|conn| queries::of_account(conn, &again)).unwrap();
    assert_eq!(listed, []);
}

#[actix_web::test]
async fn a_users_token_is_judged_like_any_other() {
    let home = Home::new();
    let user = person(&home, "ada@x.example", &[]).account.unwrap();
    let value = TokenValue::generate(Access::Write).unwrap();
    let now = clock::now();
    home.write(|conn| {
        let token = Token {
            id: value.id().into(),
            account: user.clone(),
            name: "laptop".into(),
            access: Access::Write,
            created_at: now,
            created_by_name: "Ada".into(),
            expires_at: None,
            revoked_at: None,
            replaced_by: None,
            last_used_at: None,
            last_used_from: None,
            last_used_agent: None,
        };
        queries::insert(conn, &token, &value.digest())
    });
    let response = home.ask(&Recorder::default(), bearer("/auth/verify", &value)).await;
    assert_eq!((response.status().as_u16(), header(&response, "muster-account-type").as_deref()), (200, Some("user")));
    home.batch(&format!("UPDATE accounts SET disabled = TRUE WHERE id = '{user}'"));
    assert_eq!(home.judge(value.expose()).await, Some(Reason::Disabled));
    home.batch(&format!("UPDATE accounts SET disabled = FALSE WHERE id = '{user}'"));
    home.write(|conn| operations::revoke_by_id(conn, &Principal::shell(), value.id()));
    assert_eq!(home.judge(value.expose()).await, Some(Reason::Revoked));
}

#[actix_web::test]
async fn without_a_database_nothing_is_accepted() {
    let home = Home::new();
    let account = home.account("ci");
    let (_, value) = home.token(&account, Access::Write, Expiry::Never);
    home.batch("ALTER TABLE tokens RENAME TO hidden");
    let response = home.ask(&Recorder::default(), bearer("/auth/verify", &value)).await;
    assert_eq!(response.status(), 503);
    assert!(header(&response, "retry-after").is_some() && header(&response, "muster-account").is_none());
    home.batch("ALTER TABLE hidden RENAME TO tokens");
    assert_eq!(home.status("/auth/verify", &value).await.0, 200);
}
