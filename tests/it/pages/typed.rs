//! Deleting asks for the name as it is seen, and as it is now.

use muster::accounts::model::Kind;
use muster::accounts::operations;
use muster::auth::principal::Principal;

use super::html::{answer_question, at, bulk, bulk_flash, error};
use crate::support::app::TestApp;

#[test]
fn a_name_is_typed_as_it_is_seen() {
    let app = TestApp::start();
    let admin = app.admin();
    for (name, typed) in [
        ("Zo\u{eb} deploy", "Zoe\u{308} deploy"),
        ("Zoe\u{308} nightly", "Zo\u{eb} nightly"),
        ("prod  web", "prod web"),
        ("prod\u{200b}db", "\u{feff}proddb\u{a0}"),
        ("東京 deploy", "東京\u{3000}deploy"),
        ("12", "12"),
    ] {
        let id = app.add_account(name);
        let question = admin.get(&at(&id, "/deletion"));
        for wrong in ["", "1", "prοd web", "PRODDB", "\u{200b}", "<b>"] {
            let answer = answer_question(&admin, &question, wrong);
            assert!(answer.status == 422 && error(&answer, "typed").starts_with("Type the name, "), "{name}: {wrong}");
        }
        let done = answer_question(&admin, &question, typed);
        assert_eq!((done.status, admin.get(&at(&id, "")).status), (303, 404), "{name}: {}", done.text());
    }
}

#[test]
fn an_old_name_deletes_nothing() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("payments old");
    let question = admin.get(&at(&id, "/deletion"));
    app.write(|conn| operations::rename(conn, &Principal::shell(), Kind::System, &id, ("payments live", "")));
    let answer = answer_question(&admin, &question, "payments old");
    assert!(matches!(answer.status, 409 | 422) && answer.text().contains("Delete payments live?"), "{}", answer.text());
    assert_eq!(app.totals(), (1, 0));
    assert_eq!(answer_question(&admin, &answer, "payments live").status, 303);
    assert_eq!(app.totals(), (0, 0));
}

#[test]
fn several_are_confirmed_by_their_number_however_it_is_written() {
    let app = TestApp::start();
    let admin = app.admin();
    let ids = ["one", "two", "three"].map(|name| app.add_account(name));
    let question = bulk(&admin, "delete", &[&ids[0], &ids[1]], &[]);
    for wrong in ["one", "one, two", "02", "2.0", "3", "two"] {
        assert_eq!(answer_question(&admin, &question, wrong).status, 422, "{wrong}");
    }
    assert_eq!(app.totals(), (3, 0));
    assert_eq!(answer_question(&admin, &question, " 2 ").status, 303);
    assert_eq!(app.totals(), (1, 0));
    // One that is left of several is asked for by its name.
    let question = bulk(&admin, "delete", &[&ids[2]], &[]);
    assert_eq!(answer_question(&admin, &question, "1").status, 422);
    bulk_flash(&admin, "disable", &[&ids[2]], &[]);
    assert_eq!(answer_question(&admin, &question, "three").status, 303);
    assert_eq!(app.totals(), (0, 0));
}
