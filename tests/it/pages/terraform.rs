//! Copy as Terraform: what is selected as configuration, which Terraform imports and then finds nothing to change in.

use std::collections::BTreeSet;

use muster::accounts::model::{Kind, Selection};
use muster::accounts::operations;
use muster::auth::principal::Principal;
use muster::id::Id;
use muster::roles::predefined;
use muster::tokens::value::Access;
use serde_json::{Value, json};

use super::html::{LIST, all, at, bulk, bulk_flash, href, matching, plain, text_of};
use crate::api::Caller;
use crate::support::app::{Answer, Client, TestApp};
use crate::support::hcl::{Block, imported};

const PAGE: &str = "/settings/system-accounts/terraform";

/// The blocks of a page, all snippets together.
fn copied(page: &Answer) -> Vec<(String, String, String, Block)> {
    assert_eq!(page.status, 200, "{}", page.text());
    all(&page.body, "<code>", "</code>")
        .into_iter()
        .filter(|code| code.contains("import {"))
        .flat_map(|code| imported(&plain(code)))
        .collect()
}

/// The page for these accounts, ticked on the list.
fn of(client: &Client, ids: &[&Id]) -> Answer {
    let answer = bulk(client, "terraform", ids, &[]);
    assert!(answer.status == 303 && answer.location().starts_with(&format!("{PAGE}?selection=")), "{}", answer.text());
    client.get(answer.location())
}

fn sorted(texts: impl IntoIterator<Item = impl Into<String>>) -> BTreeSet<String> {
    texts.into_iter().map(Into::into).collect()
}

fn values<'a>(list: &'a Value, name: &str) -> Vec<&'a str> {
    list.as_array().into_iter().flatten().map(|one| one[name].as_str().unwrap()).collect()
}

/// What a plan would change after the import: the provider reads the thing by GET and compares it with the block.
fn differences(caller: &Caller, kind: &str, id: &str, block: &Block) -> Vec<String> {
    let (path, lists): (&str, &[(&str, &str, &str)]) = match kind {
        "pact_user" => ("users", &[("roles", "/_embedded/roles", "uuid")]),
        "pact_role" => ("roles", &[("scopes", "/permissions", "scope")]),
        "pact_team" => (
            "teams",
            &[
                ("users", "/_embedded/members", "uuid"),
                ("administrators", "/_embedded/administrators", "uuid"),
                ("pacticipants", "/_embedded/pacticipants", "name"),
            ],
        ),
        kind => panic!("the provider has no {kind}"),
    };
    let reply = caller.get(&format!("/admin/{path}/{id}"));
    assert_eq!(reply.status, 200, "{kind} {id}: {}", reply.body);
    let read = reply.body;
    let mut wrong = Vec::new();
    let mut same = |name: &str, wanted: Value, is: Value| {
        if wanted != is {
            wrong.push(format!("{kind} {id}: {name} is {is}, and {wanted} in the block"));
        }
    };
    same("name", block.values["name"].clone(), read["name"].clone());
    if kind == "pact_user" {
        same(
            "type",
            block.values["type"].clone(),
            json!(["user", "system"][usize::try_from(read["type"].as_u64().unwrap()).unwrap()]),
        );
        same("active", block.values["active"].clone(), read["active"].clone());
        // Where only one of them has an address, Terraform would replace the account.
        same("email", block.values.get("email").cloned().unwrap_or_default(), read.get("email").cloned().unwrap_or_default());
    }
    for (name, pointer, field) in lists {
        let there = values(read.pointer(pointer).unwrap(), field);
        // The provider leaves it out, as nobody can assign it.
        let there = there.into_iter().filter(|one| *one != predefined::TEAM_ADMINISTRATOR.to_string());
        same(name, json!(sorted(block.texts(name))), json!(sorted(there)));
    }
    wrong
}

fn plan(caller: &Caller, blocks: &[(String, String, String, Block)]) -> Vec<String> {
    blocks.iter().flat_map(|(kind, _, id, block)| differences(caller, kind, id, block)).collect()
}

// 9.3, 9.4
#[test]
fn names_stay_text_and_labels_differ() {
    let app = TestApp::start();
    let (admin, caller) = (app.admin(), Caller::administrator(&app));
    let names = [
        "${file(\"/etc/passwd\")}",
        "%{ for x in y }",
        "a\"b\\c",
        "🚀 emoji",
        "CI/CD prod",
        "ci-cd-prod",
        "42 builds",
        "東京",
        "京都",
        "$${twice}",
        "$$$${four}",
        "%%%{three}",
        "<<EOF",
        "*/ # // \"",
        "\\n\\u0041\\",
        "$",
        "</code><script>",
        "a $ {b} % {c}",
    ];
    let role = app.add_role("Role ${1+1} # \"x\"", &["payments:refund", "ai:*"]);
    let ids: Vec<Id> = names.iter().map(|name| app.add_account_with(name, std::slice::from_ref(&role))).collect();
    let team = app.add_team("%{if true}Team${~ x ~}", &ids.iter().collect::<Vec<_>>());
    let application = json!({"name": "%{if true}Team${~ x ~}", "pacticipantNames": ["${var.x}", "b\"\\", "%{x}"]});
    assert_eq!(caller.put(&format!("/admin/teams/{team}"), &application).status, 200);
    let page = of(&admin, &ids.iter().collect::<Vec<_>>());
    let blocks = copied(&page);
    assert_eq!(sorted(blocks.iter().filter(|one| one.0 == "pact_user").map(|one| one.3.text("name"))), sorted(names));
    assert_eq!((blocks.len(), plan(&caller, &blocks)), (names.len() + 2, vec![]));
    assert!(!page.body.contains("<script>") || page.body.matches("</code>").count() >= 3, "{}", page.body);
    let labels = sorted(blocks.iter().map(|one| one.1.clone()));
    assert_eq!(labels.len(), blocks.len(), "{labels:?}");
    for label in &labels {
        let well_formed = label.starts_with(|letter: char| letter.is_ascii_lowercase())
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        assert!(well_formed, "{label}");
    }
    // Alone it has the label that it has among others, here and on the list of another day.
    for id in &ids[4..8] {
        let alone = copied(&admin.get(&at(id, "/terraform")));
        let label =
            |blocks: &[(String, String, String, Block)]| blocks.iter().find(|one| one.2 == id.as_str()).unwrap().1.clone();
        assert_eq!(label(&alone), label(&blocks));
        assert!(label(&alone).ends_with(id.as_str().rsplit('-').next().unwrap()));
    }
}

// 9.2, 9.5
#[test]
fn a_hundred_accounts_are_imported_and_nothing_is_planned() {
    let app = TestApp::start();
    let (admin, caller) = (app.admin(), Caller::administrator(&app));
    let scopes = ["webhook:manage:*", "ai:*", "contract_data:read:*", "a:b:own", "payments:refund"];
    let roles: Vec<Id> = (0..20).map(|n| app.add_role(&format!("Role {n}"), &scopes[..1 + n % 5])).collect();
    let people: Vec<Id> = (0..5).map(|n| app.add_user(&format!("Person {n}"), &[]).0).collect();
    let mut accounts = Vec::new();
    for n in 0..100 {
        let mut body = json!({"name": format!("account {n}"), "active": n % 7 != 0, "type": 1});
        if n % 3 == 0 {
            body["email"] = json!(format!("ops+{n}@example.org"));
        }
        let made = caller.post("/admin/system-accounts", &body);
        let id = made.body["uuid"].as_str().unwrap().to_owned();
        let mut held: Vec<String> = (0..n % 4).map(|k| roles[(n + k) % 20].to_string()).collect();
        held.extend((n % 2 == 0).then(|| predefined::CI_CD.to_string()));
        assert_eq!(caller.put(&format!("/admin/users/{id}/roles"), &json!({"roles": held})).status, 204);
        accounts.push(Id::parse(&id).unwrap());
    }
    for n in 0..20 {
        let administrators: &[&Id] = if n % 3 == 0 { &[&people[n % 5], &accounts[n]] } else { &[] };
        let body = json!({"name": format!("Team {n}"), "administratorUuids": administrators, "pacticipantNames": ["b", "a"]});
        let made = caller.post("/admin/teams", &body);
        assert_eq!(made.status, 201, "{}", made.body);
        let users: Vec<&Id> = accounts.iter().skip(n).step_by(20).chain([&people[n % 5]]).collect();
        let path = format!("/admin/teams/{}/users", made.body["uuid"].as_str().unwrap());
        assert_eq!(caller.put(&path, &json!({"users": users})).status, 200);
    }
    let page = of(&admin, &accounts.iter().collect::<Vec<_>>());
    let blocks = copied(&page);
    let count = |kind: &str| blocks.iter().filter(|one| one.0 == kind).count();
    assert_eq!((count("pact_user"), count("pact_role"), count("pact_team")), (100, 20, 20));
    assert_eq!(plan(&caller, &blocks), [""; 0]);
    // Applied: each block goes back as the provider sends it, and nothing is written.
    let events =
        |app: &TestApp| app.read(|conn| muster::database::sql::Sql::new("SELECT count(*) AS n FROM audit_events").number(conn));
    let before = events(&app);
    for (_, _, id, block) in blocks.iter().filter(|one| one.0 == "pact_user") {
        let mut body =
            json!({"uuid": id, "name": block.text("name"), "active": block.values["active"], "type": 1, "_embedded": {}});
        if let Some(email) = block.values.get("email") {
            body["email"] = email.clone();
        }
        assert_eq!(caller.put(&format!("/admin/users/{id}"), &body).status, 200);
        assert_eq!(caller.put(&format!("/admin/users/{id}/roles"), &json!({"roles": block.texts("roles")})).status, 204);
    }
    assert_eq!((plan(&caller, &blocks), events(&app)), (vec![], before));
    // The same again, word for word.
    let again = of(&admin, &accounts.iter().collect::<Vec<_>>());
    assert_eq!(all(&again.body, "<code>", "</code>"), all(&page.body, "<code>", "</code>"));
    // And as many statements as for one.
    let cost = |path: &str| {
        let of_one = || {
            let before = app.database.statements();
            assert_eq!(admin.get(path).status, 200);
            app.database.statements() - before
        };
        (0..7).map(|_| of_one()).min().unwrap()
    };
    let [few, many] = ["?disabled=1&q=account+1", "?disabled=1&q=account"].map(|query| cost(&format!("{PAGE}{query}")));
    assert_eq!(few, many);
}

#[test]
fn all_that_match_are_copied_up_to_a_limit_that_is_said() {
    let app = TestApp::start();
    let admin = app.admin();
    app.add_many(1_001);
    let scope = matching(&admin, &[("q", "bulk-0000")]);
    let fields: Vec<(&str, &str)> = scope.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = bulk(&admin, "terraform", &[], &fields);
    assert_eq!(copied(&admin.get(answer.location())).len(), 99);
    let some = admin.get(&format!("{PAGE}?q=bulk-00000"));
    assert_eq!(copied(&some).len(), 9);
    assert!(text_of(&some.body).contains("brings 9 system accounts under the control"), "{}", some.text());
    // The list leads there with its filters, and the way back keeps them.
    let list = admin.get(&format!("{LIST}?q=bulk-00000"));
    assert_eq!(href(&list, "Copy as Terraform"), format!("{PAGE}?q=bulk-00000"));
    assert_eq!(href(&some, "System Accounts"), LIST, "the side bar");
    assert!(some.body.contains(&format!("<a href=\"{LIST}?q=bulk-00000\">System Accounts</a>")), "{}", some.body);
    let page = admin.get(PAGE);
    assert_eq!(copied(&page).len(), 1_000);
    let sentence = "Only the first 1,000 of 1,001 by name are included. Filter the list to copy the others.";
    assert!(page.text().contains(sentence), "{}", page.text());
    let none = admin.get(&format!("{PAGE}?q=nothing+like+it"));
    assert!(none.text().contains("No system accounts match.") && copied(&none).is_empty(), "{}", none.text());
}

#[test]
fn a_selection_is_ones_own_and_names_what_is_gone() {
    let app = TestApp::start();
    let admin = app.admin();
    let ids: Vec<Id> = (0..3).map(|n| app.add_account(&format!("robot {n}"))).collect();
    let secret = app.add_token(&ids[0], Access::Write);
    let path = bulk(&admin, "terraform", &ids.iter().collect::<Vec<_>>(), &[("q", "robot")]).location().to_owned();
    assert!(path.contains("q=robot"), "{path}");
    let page = admin.get(&path);
    assert_eq!(copied(&page).len(), 3);
    // No token is in it, not even by the beginning that everybody may see, and nothing but names and identities.
    assert!(!page.body.contains("mst_") && !page.body.contains(&secret[5..17]) && !page.text().contains("expire"));
    let gone = Selection::Accounts(vec![ids[1].clone()]);
    app.write(move |conn| operations::delete(conn, &Principal::shell(), Kind::System, &gone));
    let page = admin.get(&path);
    assert_eq!(copied(&page).len(), 2);
    assert!(page.text().contains("1 of the selected system accounts no longer exist."), "{}", page.text());
    let other = app.user("Tomas Okafor", &[predefined::ADMINISTRATOR.into()]);
    assert_eq!((other.get(&path).status, app.viewer().get(&path).status, app.anonymous().get(&path).status), (404, 404, 303));
    for selection in ["x", Id::new().as_str(), "%00", "'"] {
        assert_eq!(admin.get(&format!("{PAGE}?selection={selection}")).status, 404, "{selection}");
    }
    assert_eq!(admin.get(&format!("{PAGE}?selection={0}&selection={0}", Id::new())).status, 400);
    assert_eq!(bulk_flash(&admin, "terraform", &[], &[]).flash(), "Select at least one system account.");
    // Users are not copied, and their list offers nothing of the kind.
    assert_eq!(admin.post("/settings/users/bulk", &[("id", ids[0].as_str()), ("do", "terraform")]).status, 400);
    assert!(!admin.get("/settings/users").body.contains("value=\"terraform\""));
    assert!(admin.get("/settings/system-accounts").body.contains("value=\"terraform\""));
    // A selection of users is none of system accounts.
    let (user, _) = app.add_user("Bo Holm", &[]);
    let asked = admin.post("/settings/users/bulk", &[("id", user.as_str()), ("do", "delete")]).location().to_owned();
    assert_eq!(admin.get(&format!("{PAGE}?selection={}", asked.rsplit('/').next().unwrap())).status, 404);
}

#[test]
fn readers_copy_what_they_may_see() {
    let app = TestApp::start();
    let caller = Caller::administrator(&app);
    let custom = app.add_role("Refunds", &["payments:refund"]);
    let [mine, other] = ["mine", "other"].map(|name| app.add_account_with(name, std::slice::from_ref(&custom)));
    let keeper = app.user("Kim Keeper", &[app.add_role("Keeper", &["system_account:manage:team"])]);
    let blue = app.add_team("Blue", &[keeper.account.as_ref().unwrap(), &mine]);
    app.add_team("Elsewhere", &[&other]);
    let kinds = |page: &Answer| copied(page).into_iter().map(|one| one.0).collect::<Vec<_>>();
    // Everybody who sees accounts, their roles and the members of their teams.
    let reader = app.user("Una Reader", &[predefined::READ_ONLY.into()]);
    let blocks = copied(&reader.get(&format!("{PAGE}?q=mine")));
    assert_eq!((blocks.len(), plan(&caller, &blocks)), (3, vec![]));
    assert!(href(&reader.get(&at(&mine, "")), "Copy as Terraform").starts_with(&at(&mine, "/terraform")));
    // Who does not see users cannot copy a team that has some: its block would remove them.
    let narrow = app.user("Nia Narrow", &[app.add_role("Narrow", &["system_account:read:*", "team:read:*"])]);
    let page = narrow.get(&at(&mine, "/terraform"));
    assert_eq!(kinds(&page), ["pact_user", "pact_role"]);
    assert!(page.text().contains("1 team left out, because you can't see all their members."), "{}", page.text());
    assert!(!page.body.contains("Kim Keeper") && !page.body.contains("Blue"));
    // A team's keeper reaches the own team's accounts, on this page as on the list.
    assert_eq!(kinds(&keeper.get(PAGE)), ["pact_user", "pact_role"]);
    assert_eq!((keeper.get(&at(&mine, "/terraform")).status, keeper.get(&at(&other, "/terraform")).status), (200, 404));
    assert!(!keeper.get(PAGE).body.contains(other.as_str()));
    // Who administers the team sees its members.
    let administrator = app.user("Ada Blue", &[predefined::READ_ONLY.into()]);
    assert_eq!(
        caller
            .put(&format!("/admin/teams/{blue}"), &json!({"name": "Blue", "administratorUuids": [administrator.account]}))
            .status,
        200
    );
    assert_eq!(kinds(&administrator.get(&at(&mine, "/terraform"))), ["pact_user", "pact_role", "pact_team"]);
}
