//! Statements are counted: a page of the list, an account's page, a change to many.

use std::time::{Duration, Instant};

use muster::accounts::actions::{Action, set_owner};
use muster::accounts::model::{AccountFilter, Kind, Selection};
use muster::accounts::operations::{self, Done, Plan};
use muster::auth::principal::Principal;
use muster::database::{DbConnection, write_on};
use muster::error::Error;
use muster::id::Id;
use muster::roles::predefined;

use super::repeated::readings_of_a_change;
use super::world::{self, RARE_ROLE, TEAM, id};
use crate::support::app::{Client, TestApp};
use crate::support::statements::Recorded;

const LIST: &str = "/settings/system-accounts";

/// The statements of a request. The check's memory asks for news five times a second: the least of several tries has none
/// of that in it.
pub fn cost(app: &TestApp, client: &Client, path: &str) -> u64 {
    let of_one = || {
        let before = app.database.statements();
        let answer = client.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        app.database.statements() - before
    };
    // Enough tries to be sure, and more where the machine is so busy that a page takes as long as the memory waits.
    let began = Instant::now();
    let (mut least, mut tries) = (u64::MAX, 0);
    while tries < 5 || (began.elapsed() / tries > Duration::from_millis(60) && tries < 60) {
        least = least.min(of_one());
        tries += 1;
    }
    least
}

/// A page costs as many statements at a hundred accounts as at a hundred thousand.
pub fn of_a_page_are_the_same(small: &TestApp, large: &TestApp) {
    let engine = format!("{:?}", crate::support::engine::Engine::current());
    let admins = [small.admin(), large.admin()];
    let viewers = [small.viewer(), large.viewer()];
    let costs = |path: &str| [cost(small, &admins[0], path), cost(large, &admins[1], path)];
    let rare = format!("?role={RARE_ROLE}");
    let common = format!("?role={}", predefined::CI_CD);
    let team = format!("?team={TEAM}");
    let all = format!("?q=bulk&role={RARE_ROLE}&team={TEAM}&activity=never&expiring=14&disabled=1");
    let mut lines = Vec::new();
    for query in [
        "",
        "?size=50",
        "?size=100",
        "?disabled=1",
        "?page=2",
        "?before=end",
        "?sort=-name",
        "?sort=login",
        "?sort=-used",
        "?sort=expiry",
        "?sort=-status&disabled=1",
        "?q=bulk-0000",
        "?q=nothing+like+it",
        "?q=bu",
        "?q=bulk+0000",
        "?q=seed00000002",
        &rare,
        &common,
        &team,
        "?activity=30",
        "?activity=unused-90",
        "?activity=never",
        "?expiring=14",
        "?activity=unused-180",
        "?team=none",
        "?tokens=none",
        "?tokens=expired",
        "?owner=none",
        "?owner=left",
        "?owner=00000000-0000-7000-8000-000000000001",
        &all,
    ] {
        let [few, many] = costs(&format!("{LIST}{query}"));
        lines.push(format!("{engine}: list {:40} {few} statements at 100 accounts, {many} at 100,000", query));
        assert_eq!(few, many, "{query}");
    }
    // Ten rows and a hundred.
    let ten = cost(small, &admins[0], &format!("{LIST}?q=bulk-00000&size=100"));
    let hundred = cost(large, &admins[1], &format!("{LIST}?q=bulk-00000&size=100"));
    let full = cost(large, &admins[1], &format!("{LIST}?q=bulk-00&size=100"));
    assert_eq!((ten, hundred), (full, full), "ten rows and a hundred");
    let unfiltered = cost(large, &admins[1], LIST);
    let rare_path = format!("{LIST}{rare}");
    assert_eq!(unfiltered + 1, cost(large, &admins[1], &rare_path), "a filter costs a statement");
    assert_eq!(unfiltered + 1, cost(large, &admins[1], &format!("{LIST}?q=bulk-0000")), "a word, too");
    let two = format!("{LIST}?q=bulk-0000&role={RARE_ROLE}");
    assert_eq!(unfiltered + 2, cost(large, &admins[1], &two), "two filters have to be counted together");
    let viewing = [cost(small, &viewers[0], LIST), cost(large, &viewers[1], LIST)];
    assert_eq!(viewing[0], viewing[1]);
    lines.push(format!("{engine}: list for a viewer {} statements", viewing[0]));
    let account = [cost(small, &admins[0], &format!("{LIST}/{}", id(2))), cost(large, &admins[1], &format!("{LIST}/{}", id(2)))];
    assert_eq!(account[0], account[1]);
    let bare = cost(large, &admins[1], &format!("{LIST}/{}", id(3)));
    assert_eq!(bare, account[1], "with a team and a token, and without");
    lines.push(format!("{engine}: an account's page {} statements", account[0]));
    println!("{}", lines.join("\n"));
}

type Verb = Box<dyn Fn(&mut DbConnection, &Selection) -> Result<Done, Error>>;

fn administrator(app: &TestApp) -> Principal {
    let (id, _) = app.add_user("Maya Lindqvist", &[predefined::ADMINISTRATOR.into()]);
    app.read(|conn| muster::auth::queries::principal(conn, &id, Id::new(), Default::default())).unwrap()
}

#[test]
fn a_change_to_ten_costs_what_a_change_to_thousands_costs() {
    let engine = format!("{:?}", crate::support::engine::Engine::current());
    let app = world::with(3_300);
    let actor = administrator(&app);
    let mut recorded = Recorded::open(&app.database_url);
    let kind = Kind::System;
    let actor_of = || actor.clone();
    let roles = || vec![Id::from(predefined::VIEWER), Id::from(predefined::USER)];
    let plan = || Plan { name: "Team".into(), limit: Some(1_000_000), seats: None };
    let verbs: Vec<(&str, Verb)> = vec![
        ("disable", {
            let actor = actor_of();
            Box::new(move |conn, whom| operations::disable(conn, &actor, kind, whom))
        }),
        ("enable", {
            let actor = actor_of();
            Box::new(move |conn, whom| operations::enable(conn, &actor, &plan(), kind, whom))
        }),
        ("add two roles", {
            let (actor, roles) = (actor_of(), roles());
            Box::new(move |conn, whom| operations::add_roles(conn, &actor, kind, whom, &roles))
        }),
        ("remove two roles", {
            let (actor, roles) = (actor_of(), roles());
            Box::new(move |conn, whom| operations::remove_roles(conn, &actor, kind, whom, &roles))
        }),
        ("set owner", {
            let actor = actor_of();
            let owner = actor.account.clone().unwrap();
            Box::new(move |conn, whom| {
                let action = Action::with(&set_owner::SetOwner, kind, [owner.clone()]);
                operations::run(conn, &actor, &Plan::unlimited(), &action, whom)
            })
        }),
        ("make administrator", {
            let actor = actor_of();
            Box::new(move |conn, whom| operations::make_administrator(conn, &actor, kind, whom))
        }),
        ("remove administrator", {
            let actor = actor_of();
            Box::new(move |conn, whom| operations::remove_administrator(conn, &actor, kind, whom))
        }),
        ("delete", {
            let actor = actor_of();
            Box::new(move |conn, whom| operations::delete(conn, &actor, kind, whom))
        }),
    ];
    let ids =
        |range: std::ops::RangeInclusive<usize>| Selection::Accounts(range.filter(|number| number % 10 != 0).map(id).collect());
    let matching =
        |search: &str| Selection::Matching(AccountFilter { search: search.into(), disabled: true, ..AccountFilter::all(kind) });
    // By id: 9 and 2,700 (a tenth is disabled already). By filter: ten, and a thousand others.
    let small = [("ids", ids(3_101..=3_110)), ("all that match", matching("bulk-00301"))];
    let large = [("ids", ids(1..=3_000)), ("all that match", matching("bulk-001"))];
    let mut lines = Vec::new();
    for (at, (way, few)) in small.iter().enumerate() {
        let many = &large[at].1;
        for (verb, act) in &verbs {
            // What is deleted does not come back: the last verb of the second way comes at the end of all.
            if *verb == "delete" && at == 0 {
                continue;
            }
            let mut measure = |whom: &Selection| {
                let began = std::time::Instant::now();
                let (done, sent) = recorded.during(|conn| write_on(conn, |conn| act(conn, whom)));
                (done.unwrap(), sent, began.elapsed())
            };
            let (done_few, sent_few, _) = measure(few);
            let (done_many, sent_many, took) = measure(many);
            let sizes = (done_few.outcome.changed, done_many.outcome.changed);
            assert!(sizes.0 >= 9 && sizes.0 <= 110 && sizes.1 >= 900, "{verb}: {sizes:?}");
            reads_a_change_once(&mut recorded.conn, &sent_many);
            assert_eq!(sent_few.len(), sent_many.len(), "{verb}, {way}:\n{}\n\n{}", cut(&sent_few), cut(&sent_many));
            lines.push(format!(
                "{engine}: {verb}, {way}: {} statements for {} accounts and for {} (in {took:.1?})",
                sent_few.len(),
                sizes.0,
                sizes.1
            ));
            // Taken back, and done again for the next verb.
            if ["disable", "add two roles", "set owner"].contains(verb) {
                let mut undo = |change: Id| {
                    let (undone, sent) =
                        recorded.during(|conn| write_on(conn, |conn| operations::undo(conn, &actor, &plan_of(), &change)));
                    reads_a_change_once(&mut recorded.conn, &sent);
                    (undone.unwrap().happened.iter().map(|happened| happened.accounts).sum::<i64>(), sent.len())
                };
                let undone_few = undo(done_few.change.unwrap());
                let undone_many = undo(done_many.change.unwrap());
                assert_eq!((undone_few.0, undone_many.0), sizes, "undo {verb}");
                assert_eq!(undone_few.1, undone_many.1, "undo {verb}");
                lines.push(format!("{engine}: undo {verb}: {} statements for {} and for {}", undone_few.1, sizes.0, sizes.1));
                // Nothing that follows asks for an owner.
                if *verb == "set owner" {
                    continue;
                }
                let mut again = |whom: &Selection| {
                    recorded.during(|conn| write_on(conn, |conn| act(conn, whom))).0.unwrap();
                };
                again(few);
                again(many);
            }
        }
    }
    println!("{}", lines.join("\n"));
}

fn reads_a_change_once(conn: &mut DbConnection, sent: &[String]) {
    if matches!(conn, DbConnection::Sqlite(_)) {
        for statement in sent {
            let repeated = readings_of_a_change(conn, statement);
            assert!(repeated.is_empty(), "{repeated:?}\n{statement}");
        }
    }
}

fn plan_of() -> Plan {
    Plan { name: "Team".into(), limit: Some(1_000_000), seats: None }
}

fn cut(sent: &[String]) -> String {
    sent.iter().map(|text| text.chars().take(160).collect::<String>()).collect::<Vec<_>>().join("\n")
}
