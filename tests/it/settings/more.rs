//! Settings again, by other ways: other signs in a banner, teams that are typed, start options, what keeps a session alive.

use muster::roles::predefined;
use muster::settings::general;
use serde_json::json;

use super::{SETTINGS, form, post, save, unnamed};
use crate::api::Caller;
use crate::pages::html::{error, ticked};
use crate::support::app::TestApp;
use crate::support::snapshot::{assert_unchanged, lines, snapshot};

// 10.1: other signs that turn text round or hide it, other links, and every page that shows it before somebody has signed in.
#[test]
fn a_banner_says_what_is_read_and_nothing_else() {
    let app = unnamed();
    let admin = app.admin();
    let hidden = [
        '\u{202a}',
        '\u{202b}',
        '\u{202d}',
        '\u{2066}',
        '\u{2067}',
        '\u{2069}',
        '\u{200f}',
        '\u{61c}',
        '\u{200b}',
        '\u{feff}',
        '\u{e0041}',
    ];
    let typed: String = hidden.iter().map(|sign| format!("a{sign}b ")).collect();
    save(
        &app,
        &admin,
        &[(
            "banner",
            &format!("{typed}\n<form action=//evil><input name=password>\ndata:text/html,x vbscript:x\n</aside><h1>Sign in"),
        )],
    );
    let own = admin.account.clone().unwrap();
    let key = app.write(|conn| muster::auth::links::create(conn, muster::auth::links::Purpose::Password, Some(&own)));
    let link = format!("/set-password/{key}");
    for path in ["/login", "/settings/nothing", &link, "/set-password/nonsense"] {
        let page = app.anonymous().get(path);
        for sign in hidden {
            assert!(!page.body.contains(sign), "{path}: {sign:?}");
        }
        assert!(!page.body.contains("<form action=//evil") && !page.body.contains("</aside><h1>"), "{path}");
        assert!(!page.body.contains("href=\"data:") && !page.body.contains("href=\"vbscript:"), "{path}");
    }
    let login = app.anonymous().get("/login").body;
    assert!(login.contains("&#60;form action=//evil&#62;"), "{login}");
    assert_eq!(login.matches("<form").count(), login.matches("</form>").count());
    for wrong in ["a\u{7}b", "a\0b", "1\n2\n3\n4\n5\n6", &"x".repeat(501)] {
        let stored = app.read(general::read);
        assert_eq!(post(&admin, &form(&stored, &[("banner", wrong)])).status, 422);
        assert_eq!(app.read(general::read), stored);
    }
}

// 10.3: what is unticked stays away by the API as well, and a default that its maker may not give is not given.
#[test]
fn a_default_is_where_a_form_begins_and_no_more() {
    let app = unnamed();
    let admin = app.admin();
    let strong = app.add_role("Strong", &["payments:refund"]);
    save(&app, &admin, &[("user_role", strong.as_str()), ("system_role", strong.as_str())]);
    let caller = Caller::administrator(&app);
    let made = caller.post("/admin/system-accounts", &json!({ "name": "robot" })).body;
    assert_eq!(made["_embedded"]["roles"][0]["name"], "Strong");
    let roles = format!("/admin/users/{}/roles", made["uuid"].as_str().unwrap());
    assert_eq!(caller.put(&roles, &json!({ "roles": [] })).status, 204);
    // Nothing that happens later brings it back.
    let path = format!("/admin/users/{}", made["uuid"].as_str().unwrap());
    for body in [json!({ "active": false }), json!({ "active": true }), json!({ "name": "robot one" })] {
        assert_eq!(caller.put(&path, &body).body["_embedded"]["roles"], json!([]), "{body}");
    }
    // Who may not give it makes accounts without it, by the form and by the API.
    let manages = app.add_role("Machines", &["system_account:manage:*", "user:invite"]);
    let manager = app.user("Mo Manager", std::slice::from_ref(&manages));
    assert!(ticked(&manager.get("/settings/system-accounts/new"), "role").is_empty());
    assert!(ticked(&manager.get("/settings/users/invite"), "role").is_empty());
    let weak = Caller::with_roles(&app, "weak", &[manages], muster::tokens::value::Access::Write);
    let made = weak.post("/admin/system-accounts", &json!({ "name": "by weak" }));
    assert!(made.status == 201 && made.body["_embedded"]["roles"] == json!([]), "{}", made.body);
    let invited = weak.post("/admin/users/invite-user", &json!({ "name": "Bo", "email": "bo@example.org" }));
    assert!(invited.status == 200 && invited.body["_embedded"]["roles"] == json!([]), "{}", invited.body);
}

// 10.4: a team that is typed is a choice as well, and a role that grew since is nobody's to choose anew.
#[test]
fn no_field_of_the_settings_grants_more_than_its_author_has() {
    let app = unnamed();
    let admin = app.admin();
    let keeps = app.add_role("Keeper", &["system_preference:manage:*", "contract_data:read:*"]);
    let keeper = app.user("Kim Keeper", &[keeps]);
    app.add_team("Blue", &[]);
    let quiet = app.add_role("Quiet", &["contract_data:read:*"]);
    save(&app, &keeper, &[("user_role", quiet.as_str())]);
    let stored = app.read(general::read);
    let before = snapshot(&app);
    for field in ["user_other_team", "system_other_team"] {
        let fields = [form(&stored, &[]), vec![(field, "Blue".to_owned())]].concat();
        assert_eq!(post(&keeper, &fields).status, 403, "{field}");
    }
    for role in [predefined::USER, predefined::ADMINISTRATOR, predefined::CI_CD] {
        let fields = form(&stored, &[("system_role", &role.to_string())]);
        let unchanged = stored.system_role == Some(role.into());
        assert_eq!(post(&keeper, &fields).status, if unchanged { 303 } else { 403 }, "{role}");
    }
    let upper = predefined::ADMINISTRATOR.to_string().to_uppercase();
    assert!(matches!(post(&keeper, &form(&stored, &[("user_role", &upper)])).status, 403 | 422));
    assert_unchanged(&app, &before, "what Kim tried");
    // What it grants has grown; the rest of the form is Kim's to save, and to choose it again is not.
    let wider = ["contract_data:read:*", "payments:refund"];
    let fields = [("name", "Quiet"), ("permission", wider[0]), ("more", wider[1])];
    assert_eq!(admin.post(&format!("/settings/roles/{quiet}"), &fields).status, 303);
    save(&app, &keeper, &[("banner", "Hello")]);
    save(&app, &keeper, &[("user_role", "")]);
    let stored = app.read(general::read);
    assert_eq!(post(&keeper, &form(&stored, &[("user_role", quiet.as_str())])).status, 403);
    // The administrator's fault stands at the field.
    let fields = [form(&stored, &[]), vec![("system_other_team", "Nobody".to_owned())]].concat();
    assert_eq!(error(&post(&admin, &fields), "system-team"), "No team is called “Nobody”.");
}

// 10.5: files, signs of life and machines' calls touch no session; each limit ends it by itself.
#[test]
fn nothing_but_a_person_keeps_a_session() {
    let app = unnamed();
    let admin = app.admin();
    save(&app, &admin, &[("inactivity", "1m")]);
    let user = app.user("Ines Calloway", &[predefined::USER.into()]);
    let own = user.account.clone().unwrap();
    let silent = |seconds: i64| {
        let at = muster::clock::now() - chrono::TimeDelta::seconds(seconds);
        app.write(|conn| {
            let mut sql = muster::database::sql::Sql::new("UPDATE sessions SET last_seen_at = ");
            sql.bind(at)
                .push(", expires_at = ")
                .bind(at + chrono::TimeDelta::seconds(60))
                .push(" WHERE account_id = ")
                .bind(&own);
            sql.execute(conn)
        });
    };
    let seen = || {
        let sql = format!("SELECT CAST(last_seen_at AS TEXT) AS line FROM sessions WHERE account_id = '{own}'");
        app.read(|conn| Ok(lines(conn, &sql))).remove(0)
    };
    silent(30);
    let before = seen();
    for path in [muster::web::assets::css_url(), "/openapi.json", "/readyz", "/auth/verify/-/x", "/admin/users"] {
        user.get(path);
    }
    for headers in [&[("Sec-Fetch-Dest", "empty"), ("Sec-Fetch-Mode", "cors")][..], &[("Sec-Purpose", "prefetch;prerender")]] {
        for path in ["/settings/users?q=a", "/profile", "/settings/teams"] {
            assert_eq!(user.get_with(path, headers).status, 200, "{path}");
        }
    }
    // By the time of another person's request it would have been written.
    assert_eq!(admin.get("/profile").status, 200);
    assert_eq!(seen(), before);
    silent(61);
    assert_eq!(user.get_with("/profile", &[("Sec-Fetch-Dest", "empty")]).status, 303, "also for a script");
    assert_eq!(user.get("/profile").location(), "/login?next=%2Fprofile");
}

// 10.6: other options, an empty value, and a value that is the same.
#[test]
fn what_a_start_option_gives_is_changed_by_no_form() {
    let app = TestApp::start_with(|config| config.organisation = Some("Halden Freight".into()));
    let admin = app.admin();
    let stored = app.read(general::read);
    let before = snapshot(&app);
    for name in ["", "Taken", "Halden Freight"] {
        let refused = post(&admin, &form(&stored, &[("organisation", name)]));
        assert_eq!(refused.status, 422, "{name}");
        assert!(refused.text().contains("Set by --organisation (MUSTER_ORGANISATION)"), "{}", refused.text());
        assert_unchanged(&app, &before, name);
    }
    // What has no field has none by another name either.
    let mut fields = form(&stored, &[]);
    fields.retain(|(name, _)| *name != "organisation");
    for (name, value) in [
        ("plan_limit", "9"),
        ("policy_link", "https://evil.example"),
        ("max_token_lifetime", "900d"),
        ("public_url", "https://evil.example"),
    ] {
        let sent = [fields.clone(), vec![(name, value.to_owned())]].concat();
        assert_eq!(post(&admin, &sent).status, 303, "{name}");
        assert_unchanged(&app, &before, name);
    }
    assert!(!admin.get(SETTINGS).body.contains("evil"));
}
