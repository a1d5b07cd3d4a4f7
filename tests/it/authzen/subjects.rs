//! Who a question is about, and what their permissions cover.

use muster::accounts::model::{Kind, Selection};
use muster::accounts::operations::{self, Plan};
use muster::auth::principal::Principal;
use muster::database::sql::Sql;
use muster::id::Id;
use muster::tokens::value::Access;
use serde_json::{Value, json};

use super::{Stage, question, record, user};

fn subject(kind: &str, id: &str) -> Value {
    json!({ "type": kind, "id": id })
}

fn may_read(stage: &Stage, subject: &Value) -> bool {
    stage.one(&question(subject, "read", &record("record-1")))
}

#[test]
fn type_and_kind_agree() {
    let stage = Stage::new();
    let reader = stage.app.add_role("Machine reader", &["record:read:*"]);
    let robot = stage.app.add_account_with("robot", std::slice::from_ref(&reader));
    let with_token = stage.app.add_account_with("robot with a token", &[reader]);
    let token = stage.app.add_token(&with_token, Access::Write);
    for (kind, alice, machines, tokens) in [
        ("user", true, false, false),
        ("system_account", false, true, false),
        ("account", true, true, false),
        ("identity", true, true, false),
        ("token", false, false, true),
        ("User", false, false, false),
        ("group", false, false, false),
        ("", false, false, false),
    ] {
        let ask = |id: &str| may_read(&stage, &subject(kind, id));
        assert_eq!(ask(stage.alice.as_str()), alice, "{kind}");
        assert_eq!(ask(&stage.alice.to_string().to_uppercase()), alice, "{kind}");
        assert_eq!(ask(" Alice@Example.TEST "), alice, "{kind}");
        assert_eq!((ask(robot.as_str()), ask(with_token.as_str())), (machines, machines), "{kind}");
        assert_eq!((ask(&token), ask(&token[5..17])), (tokens, tokens), "{kind}");
        for nobody in [Id::new().as_str(), "nobody@example.test", "robot", "alice", "", "000000000000", &token[..66]] {
            assert!(!ask(nobody), "{kind} {nobody}");
        }
    }
}

#[test]
fn a_machines_address_is_no_name_of_it() {
    let stage = Stage::new();
    let robot = stage.app.add_account_with("robot", &[stage.app.add_role("Machine reader", &["record:read:*"])]);
    let id = robot.clone();
    stage.app.write(move |conn| {
        let mut sql = Sql::new("UPDATE accounts SET email = 'ci@example.test', email_key = 'ci@example.test' WHERE id = ");
        sql.bind(&id);
        sql.execute(conn)
    });
    assert!(may_read(&stage, &subject("account", robot.as_str())));
    for kind in ["account", "identity", "user", "system_account"] {
        assert!(!may_read(&stage, &subject(kind, "ci@example.test")), "{kind}");
    }
}

#[test]
fn the_disabled_the_deleted_and_the_unknown_are_alike() {
    let stage = Stage::new();
    let app = &stage.app;
    let reader = app.add_role("Machine reader", &["record:read:*"]);
    // With a token the cache knows them, without one the database does.
    for (name, tokens) in [("with", 1), ("without", 0)] {
        let robot = app.add_account_with(name, std::slice::from_ref(&reader));
        let values: Vec<String> = (0..tokens).map(|_| app.add_token(&robot, Access::Write)).collect();
        let subjects: Vec<Value> = std::iter::once(subject("system_account", robot.as_str()))
            .chain(values.iter().flat_map(|value| [subject("token", value), subject("token", &value[5..17])]))
            .collect();
        let all =
            |expected: bool| subjects.iter().for_each(|subject| assert_eq!(may_read(&stage, subject), expected, "{subject}"));
        let one = Selection::Accounts(vec![robot.clone()]);
        all(true);
        let selection = one.clone();
        app.write(move |conn| operations::disable(conn, &Principal::shell(), Kind::System, &selection));
        all(false);
        let selection = one.clone();
        app.write(move |conn| operations::enable(conn, &Principal::shell(), &Plan::unlimited(), Kind::System, &selection));
        all(true);
        app.write(move |conn| operations::delete(conn, &Principal::shell(), Kind::System, &one));
        all(false);
    }
    let alice = Selection::Accounts(vec![stage.alice.clone()]);
    app.write(move |conn| operations::disable(conn, &Principal::shell(), Kind::User, &alice));
    assert!(!may_read(&stage, &user(&stage.alice)) && !may_read(&stage, &subject("user", "alice@example.test")));
}

#[test]
fn who_is_invited_may_nothing_before_they_accept() {
    let stage = Stage::new();
    let bo = stage.bob.clone();
    stage.app.write(move |conn| {
        let mut sql = Sql::new(
            "INSERT INTO invitations (account_id, named, invited_by_name, created_at, expires_at) \
             SELECT id, TRUE, 'Maya', created_at, created_at FROM accounts WHERE id = ",
        );
        sql.bind(&bo);
        sql.execute(conn)
    });
    assert!(!may_read(&stage, &user(&stage.bob)) && !may_read(&stage, &subject("user", "bob@example.test")));
    assert!(may_read(&stage, &user(&stage.alice)));
}

#[test]
fn a_token_that_is_revoked_or_expired_or_wrong_is_refused() {
    let stage = Stage::new();
    let app = &stage.app;
    let robot = app.add_account_with("robot", &[app.add_role("Machine reader", &["record:read:*"])]);
    let [good, revoked, expired] = [0; 3].map(|_| app.add_token(&robot, Access::Write));
    let (account, id) = (robot.clone(), revoked[5..17].to_owned());
    app.write(move |conn| muster::tokens::operations::revoke(conn, &Principal::shell(), &account, &id));
    // By a change that says so, as the cache is told of all.
    let (account, id) = (robot.clone(), expired[5..17].to_owned());
    app.write(move |conn| {
        let mut sql = Sql::new("UPDATE tokens SET expires_at = created_at WHERE id = ");
        sql.bind(id.as_str());
        sql.execute(conn)?;
        operations::rename(conn, &Principal::shell(), Kind::System, &account, ("robot 2", "")).map(drop)
    });
    let wrong = {
        let other = app.add_token(&robot, Access::Write);
        let account = robot.clone();
        let id = other[5..17].to_owned();
        let checked = muster::tokens::value::TokenValue::parse(&other).unwrap();
        app.write(move |conn| {
            let mut sql = Sql::new("UPDATE tokens SET digest = (SELECT digest FROM tokens WHERE id <> ");
            sql.bind(id.as_str()).push(" LIMIT 1) WHERE id = ").bind(id.as_str());
            sql.execute(conn)?;
            operations::rename(conn, &Principal::shell(), Kind::System, &account, ("robot 3", "")).map(drop)
        });
        checked.expose().to_owned()
    };
    for (value, whole, by_id) in [(&good, true, true), (&revoked, false, false), (&expired, false, false), (&wrong, false, true)]
    {
        assert_eq!(may_read(&stage, &subject("token", value)), whole);
        assert_eq!(may_read(&stage, &subject("token", &value[5..17])), by_id);
        // Its account stays what it is.
        assert!(may_read(&stage, &subject("system_account", robot.as_str())));
    }
    // A token that is asked about comes back in no answer.
    let answer = stage.send(super::ONE, &json!({ "subject": { "type": "token", "id": good }, "action": {} }).to_string());
    assert!(answer.status == 400 && !answer.body.contains(&good[18..]), "{}", answer.body);
}

// 8.12
#[test]
fn a_read_only_token_only_reads() {
    let stage = Stage::new();
    let robot = stage.app.add_account_with("robot", &[stage.app.add_role("All of records", &["record:*"])]);
    let [reads, writes] = [Access::Read, Access::Write].map(|access| stage.app.add_token(&robot, access));
    let reading = ["get", "GET", "head", "Options", "read", "READ", "list"];
    let writing = ["write", "POST", "put", "delete", "patch", "reads", "reader", "manage", "gets", "query"];
    for (actions, expected) in [(&reading[..], true), (&writing[..], false)] {
        for action in actions {
            for name in [reads.as_str(), &reads[5..17]] {
                assert_eq!(stage.one(&question(&subject("token", name), action, &record("record-1"))), expected, "{action}");
            }
            assert!(stage.one(&question(&subject("token", &writes), action, &record("record-1"))), "{action}");
            assert!(stage.one(&question(&subject("system_account", robot.as_str()), action, &record("record-1"))), "{action}");
        }
    }
    // The method in the action's properties is what the caller says.
    let mut asked = question(&subject("token", &reads), "write", &record("record-1"));
    asked["action"]["properties"] = json!({ "method": "GET" });
    assert!(!stage.one(&asked));
}

#[test]
fn permissions_cover_what_they_cover_at_a_gateway() {
    let stage = Stage::new();
    let team = Id::new();
    for (at, (held, yes, no)) in [
        (
            "a:b:*",
            &["a b x", "a B x", "a b 4711", "a b own", "a b team", "a b *", "a b ", "a b c:d", "a b {x}"][..],
            &["a c x", "A b x", "ab b x"][..],
        ),
        ("a:*", &["a b x", "a c 4711", "a b /x/{id}"], &["b b x", "a * x", "a b:c x", "a b:c:* x", "a  x"]),
        ("a:b:x", &["a b x"], &["a b X", "a b x:y", "a b xx", "a b *", "a b", "a b own"]),
        ("a:b", &[], &["a b x", "a b ", "a b *"]),
        ("a:b:own", &[], &["a b own", "a b x", "a b team"]),
        ("a:*:team", &[], &["a b team", "a b x"]),
        ("a:manage:x", &["a manage x", "a read x"], &["a write x", "a read y"]),
        ("a:manage:*", &["a read y", "a manage /y"], &["a write y"]),
        ("token:manage:*", &["read_token manage x", "read_token read x"], &["read_token write x"]),
    ]
    .into_iter()
    .enumerate()
    {
        let role = stage.app.add_role(&format!("Holds {held}"), &[held]);
        let (holder, _) = stage.app.add_user(&format!("holder {at}"), &[role]);
        for (asked, expected) in yes.iter().map(|asked| (asked, true)).chain(no.iter().map(|asked| (asked, false))) {
            let mut words = asked.splitn(3, ' ');
            let mut word = || words.next().unwrap_or_default();
            let (resource, action, thing) = (word(), word(), word());
            let asked = question(&user(&holder), action, &json!({ "type": resource, "id": thing }));
            assert_eq!(stage.one(&asked), expected, "{held}: {asked}");
        }
    }
    // A UUID in any of its spellings.
    let role = stage.app.add_role("One thing", &[&format!("a:b:{{{team}}}")]);
    let (holder, _) = stage.app.add_user("holder", &[role]);
    for (thing, expected) in [
        (team.to_string(), true),
        (team.to_string().to_uppercase(), true),
        (format!("{{{team}}}"), true),
        (Id::new().to_string(), false),
        (format!("urn:uuid:{team}"), false),
    ] {
        let asked = question(&user(&holder), "b", &json!({ "type": "a", "id": thing }));
        assert_eq!(stage.one(&asked), expected, "{thing}");
    }
}

#[test]
fn who_administers_a_team_may_manage_it() {
    let stage = Stage::new();
    let team = stage.app.add_team("Blue", &[]);
    let other = stage.app.add_team("Red", &[]);
    let (id, user_id) = (team.clone(), stage.bob.clone());
    stage.app.write(move |conn| {
        muster::teams::operations::administrators::appoint(conn, &Principal::shell(), &id, &[user_id]).map(drop)
    });
    let may = |subject: &Value, action: &str, team: &Id| {
        stage.one(&question(subject, action, &json!({ "type": "team", "id": team.as_str() })))
    };
    assert!(may(&user(&stage.bob), "manage", &team) && may(&user(&stage.bob), "read", &team));
    assert!(!may(&user(&stage.bob), "manage", &other) && !may(&user(&stage.alice), "manage", &team));
}
