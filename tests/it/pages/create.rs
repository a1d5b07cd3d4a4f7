//! The page that creates a system account.

use diesel::prelude::*;
use muster::id::Id;
use muster::roles::predefined;
use muster::schema::{accounts, tokens};
use sha2::{Digest, Sha256};

use super::html::{LIST, answer_question, at, bulk, bulk_flash, error, names, row, ticked, token_value, value};
use crate::support::app::{Answer, Client, TestApp};

fn create(client: &Client, name: &str, more: &[(&str, &str)]) -> Answer {
    let mut fields = vec![("name", name)];
    fields.extend(more);
    client.post(LIST, &fields)
}

// S13: what the form has ticked when it is opened.
#[test]
fn a_new_account_gets_ci_cd_unless_told_otherwise() {
    let app = TestApp::start();
    let admin = app.admin();
    let form = admin.get(&format!("{LIST}/new"));
    let ci_cd = predefined::CI_CD.to_string();
    assert_eq!(ticked(&form, "role"), [ci_cd.as_str()]);
    assert_eq!(ticked(&form, "token"), ["rw-90"]);
    assert!(form.text().contains("CI/CD Default"), "{}", form.text());
    let made = create(&admin, "payments deploy", &[("role", &ci_cd), ("description", "Deploys")]);
    assert_eq!(made.status, 303);
    let page = admin.get(made.location());
    assert_eq!(page.flash(), "Created payments deploy.");
    let list = admin.get(LIST);
    assert!(row(&list, "payments deploy").contains("CI/CD"));
    // The command line's way and the tests' have the same default; another choice is kept.
    let viewer = predefined::READ_ONLY.to_string();
    let team = app.add_team("Platform", &[]);
    create(&admin, "reader", &[("role", &viewer), ("team", team.as_str())]);
    let list = admin.get(LIST);
    assert!(row(&list, "reader").contains("Platform Read-Only"), "{}", row(&list, "reader"));
    assert!(create(&admin, "without role", &[]).status == 303);
    assert!(row(&admin.get(LIST), "without role").contains("None None"));
}

#[test]
fn what_is_wrong_is_said_beside_its_field_and_the_form_keeps_the_rest() {
    let app = TestApp::start();
    let admin = app.admin();
    let viewer = predefined::READ_ONLY.to_string();
    let team = app.add_team("Platform", &[]);
    let kept = [("description", "Deploys <payments>"), ("role", viewer.as_str()), ("team", team.as_str())];
    let long = "x".repeat(81);
    for (name, message) in [
        ("", "Enter a name."),
        ("   ", "Enter a name."),
        (&*long, "At most 80 characters."),
        ("a\nb", "Line breaks and other control characters are not allowed."),
        ("a\0b", "Line breaks and other control characters are not allowed."),
    ] {
        let again = create(&admin, name, &kept);
        assert_eq!((again.status, error(&again, "name")), (422, message.into()), "{name:?}");
        assert_eq!(value(&again, "description"), "Deploys <payments>");
        assert_eq!((ticked(&again, "role"), ticked(&again, "team")), (vec![viewer.clone()], vec![team.to_string()]));
        assert!(ticked(&again, "token").is_empty());
        assert!(again.body.contains("aria-invalid=\"true\""));
    }
    let again = create(&admin, "", &[("description", &"y".repeat(201))]);
    assert_eq!(error(&again, "name"), "Enter a name.");
    assert_eq!((error(&again, "description"), value(&again, "description").len()), ("At most 200 characters.".into(), 201));
    let again = create(&admin, "ok", &[("role", Id::new().as_str())]);
    assert_eq!((again.status, error(&again, "roles")), (422, "One of these roles no longer exists.".into()));
    assert_eq!(value(&again, "name"), "ok");
    let again = create(&admin, "ok", &[("team", Id::new().as_str())]);
    assert_eq!((again.status, error(&again, "teams")), (422, "One of these teams no longer exists.".into()));
    for field in ["role", "team"] {
        assert_eq!(create(&admin, "ok", &[(field, "nonsense")]).status, 422, "{field}");
    }
    assert_eq!(app.totals(), (0, 0));
    // 80 letters are letters, not bytes; blanks around a name are not part of it.
    assert_eq!(create(&admin, &format!("  {}  ", "ä".repeat(80)), &[]).status, 303);
    assert_eq!(names(&admin.get(LIST)), ["ä".repeat(80)]);
}

#[test]
fn a_name_is_taken_in_any_case_but_not_by_the_disabled_or_deleted() {
    let app = TestApp::start();
    let admin = app.admin();
    let first = app.add_account("Zürich deploy");
    for name in ["Zürich deploy", "zÜRICH DEPLOY", " zürich deploy ", "Zu\u{308}rich deploy"] {
        let again = create(&admin, name, &[]);
        assert_eq!(
            (again.status, error(&again, "name")),
            (422, "An enabled system account already has this name.".into()),
            "{name}"
        );
    }
    bulk_flash(&admin, "disable", &[&first], &[]);
    let second = create(&admin, "Zürich deploy", &[]);
    assert_eq!(second.status, 303);
    let second = Id::parse(second.location().rsplit('/').next().unwrap()).unwrap();
    let question = bulk(&admin, "delete", &[&second], &[]);
    answer_question(&admin, &question, "Zürich deploy");
    assert_eq!(create(&admin, "Zürich deploy", &[]).status, 303);
    // A user's name is no obstacle.
    assert_eq!(create(&admin, "Maya Lindqvist", &[]).status, 303);
}

// The secret is seen once, and nothing but its digest is kept.
#[test]
fn the_first_token_is_shown_once_and_kept_as_a_hash() {
    let app = TestApp::start();
    let admin = app.admin();
    let page = create(&admin, "payments deploy", &[("token", "rw-90"), ("role", &predefined::CI_CD.to_string())]);
    assert_eq!(page.status, 303, "{}", page.text());
    let page = admin.get(page.location());
    let value = token_value(&page);
    assert_eq!((value.len(), &value[..5], page.header("cache-control")), (67, "mstw_", "no-store, no-transform"));
    assert!(page.text().contains("first token"), "{}", page.text());
    for form in ["export", "curl", "fetch", "$Env:", "set"] {
        assert!(page.body.contains(form), "{form}");
    }
    assert_eq!(app.verify(&value).status, 200);
    let (id, digest, expires): (Id, Vec<u8>, Option<chrono::NaiveDateTime>) =
        app.read(|conn| Ok(tokens::table.select((tokens::account_id, tokens::digest, tokens::expires_at)).first(conn)?));
    assert_eq!(digest, Sha256::digest(value.as_bytes()).to_vec());
    let days = (expires.unwrap() - muster::clock::now()).num_hours();
    assert!((90 * 24 - 2..=90 * 24).contains(&days), "{days}");
    // Nowhere else: no page and no row has the secret part.
    let secret = &value[18..];
    for path in [LIST.into(), at(&id, ""), at(&id, "/deletion"), "/profile".into()] {
        assert!(!admin.get(&path).body.contains(secret), "{path}");
    }
    assert!(!everything_in(&app).contains(secret));
    assert!(!page.header("set-cookie").contains(secret));
    if let Some(file) = app.database_url.strip_prefix("sqlite:") {
        for file in [file.to_owned(), format!("{file}-wal")] {
            let bytes = std::fs::read(&file).unwrap_or_default();
            assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "{file}");
        }
    }
}

/// Every text that the database holds, in one.
fn everything_in(app: &TestApp) -> String {
    #[derive(QueryableByName)]
    struct Text {
        #[diesel(sql_type = diesel::sql_types::Text)]
        text: String,
    }
    let columns: &[(&str, &[&str])] = &[
        ("accounts", &["name", "description", "search_text", "created_by_name"]),
        ("tokens", &["id", "name", "created_by_name"]),
        ("audit_events", &["target_name", "object_id", "object_name", "detail"]),
        ("audit_changes", &["actor_name", "address", "user_agent", "request_id"]),
        ("sessions", &["state", "address", "user_agent"]),
        ("settings", &["name", "value"]),
    ];
    app.read(|conn| {
        let mut all = String::new();
        for (table, columns) in columns {
            for column in *columns {
                let query = format!("SELECT COALESCE({column}, '') AS text FROM {table}");
                for row in diesel::sql_query(query).load::<Text>(conn)? {
                    all.push_str(&row.text);
                    all.push('\n');
                }
            }
        }
        Ok(all)
    })
}

#[test]
fn the_first_token_lives_no_longer_than_the_installation_allows() {
    let app = TestApp::start_with(|config| config.max_token_lifetime = Some(chrono::TimeDelta::days(7)));
    let admin = app.admin();
    let form = admin.get(&format!("{LIST}/new"));
    assert!(form.text().contains("Read-write, expires in 7 days."), "{}", form.text());
    token_value(&admin.get(create(&admin, "short", &[("token", "rw-90")]).location()));
    let expires: Option<chrono::NaiveDateTime> = app.read(|conn| Ok(tokens::table.select(tokens::expires_at).first(conn)?));
    assert!(expires.unwrap() <= muster::clock::now() + chrono::TimeDelta::days(7));
}

// S5
#[test]
fn only_administrators_create() {
    let app = TestApp::start();
    for client in [app.viewer(), app.user("Guest Person", &[predefined::VIEWER.into()])] {
        for refused in [client.get(&format!("{LIST}/new")), create(&client, "mine", &[])] {
            assert_eq!(refused.status, 403);
            assert!(refused.text().contains("system_account:manage:*"), "{}", refused.text());
        }
    }
    assert_eq!(create(&app.anonymous(), "mine", &[]).status, 303);
    assert_eq!(app.totals(), (0, 0));
    // Who manages system accounts but holds less than a role grants cannot give that role.
    let keeper = app.add_role("Keeper", &["system_account:manage:*"]);
    let keeper = app.user("Kim Keeper", &[keeper]);
    let refused = create(&keeper, "strong", &[("role", &predefined::ADMINISTRATOR.to_string())]);
    assert_eq!(refused.status, 403);
    assert!(refused.text().contains("grants more than you have"), "{}", refused.text());
    assert_eq!(create(&keeper, "weak", &[]).status, 303);
}

#[test]
fn a_new_administrator_is_asked_about() {
    let app = TestApp::start();
    let admin = app.admin();
    let role = predefined::ADMINISTRATOR.to_string();
    let asked = create(&admin, "strong", &[("role", &role), ("description", "Does all")]);
    assert_eq!((asked.status, app.totals()), (303, (0, 0)));
    let page = admin.get(asked.location());
    for said in ["Anyone with one of its tokens will pass every permission check.", "Make it an administrator"] {
        assert!(page.text().contains(said), "{}", page.text());
    }
    // What was filled in is still there.
    assert!(page.body.contains("value=\"strong\"") && page.body.contains("value=\"Does all\""));
    assert_eq!(create(&admin, "strong", &[("role", &role), ("administrator", "1")]).status, 303);
    assert_eq!(app.totals(), (1, 0));
}

// S1: no sign-in, no password, no form that gives one; the database refuses it too.
#[test]
fn no_form_and_no_row_gives_a_system_account_a_password() {
    let app = TestApp::start();
    let admin = app.admin();
    let password = ("password", "correct horse battery");
    let made =
        create(&admin, "robot", &[password, ("password_again", password.1), ("email", "robot@example.test"), ("kind", "user")]);
    let id = Id::parse(made.location().rsplit('/').next().unwrap()).unwrap();
    admin.post(&at(&id, ""), &[("name", "robot"), password, ("email", "robot@example.test")]);
    for path in [format!("{LIST}/new"), at(&id, "")] {
        let page = admin.get(&path);
        assert!(!page.body.contains("type=\"password\"") && !page.body.contains("type=\"email\""), "{path}");
    }
    let row: (String, Option<String>, Option<String>) = app.read(|conn| {
        Ok(accounts::table.find(&id).select((accounts::kind, accounts::email, accounts::password_hash)).first(conn)?)
    });
    assert_eq!(row, ("system".into(), None, None));
    for name in ["robot", "robot@example.test", id.as_str()] {
        let answer = app.anonymous().post("/login", &[("email", name), password]);
        assert_eq!(answer.status, 422, "{name}");
    }
    let statement = format!("UPDATE accounts SET password_hash = '$argon2id$x' WHERE id = '{id}'");
    assert!(app.database.write_now(|conn| Ok(diesel::sql_query(statement).execute(conn)?)).is_err());
}

// S2
#[test]
fn a_full_plan_refuses_with_a_sentence_and_keeps_the_form() {
    let app = TestApp::with_plan(1);
    let admin = app.admin();
    assert!(admin.get(&format!("{LIST}/new")).text().contains("Uses 1 of 1 on the Team plan"));
    let first = app.add_account("one");
    let refused = create(&admin, "two", &[("description", "kept"), ("token", "rw-90")]);
    assert_eq!(refused.status, 409);
    let sentence = "The Team plan allows 1 system account, and all are in use. Disable or delete one first.";
    assert!(refused.text().contains(sentence), "{}", refused.text());
    assert_eq!((value(&refused, "name"), value(&refused, "description")), ("two".into(), "kept".into()));
    assert_eq!(app.totals(), (1, 0));
    bulk_flash(&admin, "disable", &[&first], &[]);
    assert_eq!(create(&admin, "two", &[]).status, 303);
    assert_eq!(app.totals(), (1, 1));
}

// S2: 50 at once on the last place.
#[test]
fn fifty_creations_at_once_on_the_last_place_yield_one() {
    let app = TestApp::with_plan(3);
    let admin = app.admin();
    app.add_account("one");
    app.add_account("two");
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        // On a slow machine some wait too long for their turn, and are told to come again.
        let create_in_the_end = |number: usize| {
            let mut tries = (0..20).map(|_| create(&admin, &format!("racer {number}"), &[]).status);
            tries.find(|status| *status != 503).unwrap_or(503)
        };
        let all: Vec<_> = (0..50).map(|number| scope.spawn(move || create_in_the_end(number))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let count = |status: u16| statuses.iter().filter(|found| **found == status).count();
    assert_eq!((count(303), count(409)), (1, 49), "{statuses:?}");
    assert_eq!(app.totals(), (3, 0));
}

#[test]
fn a_form_that_is_sent_again_creates_no_second_account() {
    let app = TestApp::start();
    let admin = app.admin();
    let form = value(&admin.get(&format!("{LIST}/new")), "form");
    let fields = [("name", "robot"), ("token", "rw-90"), ("form", form.as_str())];
    let [one, other] = [(); 2].map(|()| admin.post(LIST, &fields));
    assert_eq!((one.status, one.location()), (303, other.location()), "{}", other.text());
    token_value(&admin.get(other.location()));
    // Without a token both lead to the account.
    let form = value(&admin.get(&format!("{LIST}/new")), "form");
    let fields = [("name", "quiet"), ("form", form.as_str())];
    let [one, other] = [(); 2].map(|()| admin.post(LIST, &fields));
    assert_eq!((one.status, one.location()), (303, other.location()), "{}", other.text());
    assert_eq!(app.totals(), (2, 0));
    // Somebody else's form it is not.
    let stranger = app.user("Priya Sandoval", &[predefined::ADMINISTRATOR.into()]);
    let again = stranger.post(LIST, &fields);
    assert_eq!(again.status, 409, "{}", again.text());
}
