//! schemathesis, a fuzzer made for OpenAPI documents, against a server with data: it finds nothing. What it is told is in
//! `tests/schemathesis.toml`.

use std::path::Path;
use std::process::Command;

use muster::id::Id;
use muster::roles::predefined;
use muster::tokens::value::Access;
use serde_json::Value;

use super::described::strict;
use crate::pages::html::{make_token, token_value};
use crate::support::app::{Client, TestApp};

const MISSING: &str = "MUSTER_TEST_SCHEMATHESIS names no schemathesis: run tests/run, or python3 -m venv FOLDER and FOLDER/bin/pip \
                       install schemathesis";

fn token(client: &Client) -> String {
    let fields = [("name", "laptop"), ("access", "write"), ("expires", "30")];
    token_value(&make_token(client, "/settings/api-tokens", &fields))
}

/// A file of words to choose from.
fn dictionary(folder: &Path, name: &str, words: &[impl std::fmt::Display]) {
    let lines: String = words.iter().map(|word| format!("\"{word}\"\n")).collect();
    std::fs::write(folder.join(name), lines).unwrap();
}

/// Accounts, roles, teams and tokens, known by their identities to who looks into the folder.
fn fill(app: &TestApp, folder: &Path) {
    let machines = ["buildkite/ios", "catalog-sync", "zürich 東京"].map(|name| app.add_account(name));
    let (user, _) = app.add_user("Bo Ek", &[]);
    let value = app.add_token(&machines[0], Access::Write);
    let teams = [app.add_team("Mobile", &[&user, &machines[0]]), app.add_team("Payments", &[])];
    let roles = [predefined::CI_CD.into(), predefined::READ_ONLY.into(), app.add_role("Refunds", &["payments:refund"])];
    let accounts: Vec<Id> = machines.into_iter().chain([user]).collect();
    dictionary(folder, "accounts.txt", &accounts);
    dictionary(folder, "roles.txt", &roles);
    dictionary(folder, "teams.txt", &teams);
    dictionary(folder, "tokens.txt", &[&value[5..17]]);
}

#[test]
fn schemathesis_finds_nothing() {
    let program = std::env::var_os("MUSTER_TEST_SCHEMATHESIS").filter(|program| Path::new(program).exists()).expect(MISSING);
    let app = TestApp::start();
    let folder = tempfile::tempdir().unwrap();
    fill(&app, folder.path());
    // Nothing that the API offers takes the rights of the only administrator. The other one's tokens end themselves.
    let (root, other) = (app.admin(), app.user("Otto Own", &[app.add_role("Own", &["token:manage:own"])]));

    let served: Value = serde_json::from_str(&app.anonymous().get("/openapi.json").body).unwrap();
    let (document, settings) = (folder.path().join("openapi.json"), folder.path().join("schemathesis.toml"));
    std::fs::write(&document, strict(served).to_string()).unwrap();
    std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/schemathesis.toml"), &settings).unwrap();
    let run = Command::new(program)
        .arg("--config-file")
        .arg(settings)
        .args(["--no-color", "run", "--mode", "all", "--phases", "examples,coverage,fuzzing,stateful", "--url", &app.url])
        .arg(document)
        .current_dir(folder.path())
        .env("MUSTER_TEST_TOKEN", token(&root))
        .env("MUSTER_TEST_OWN_TOKEN", token(&other))
        .env("MUSTER_TEST_SPARE_TOKEN", token(&other))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{said}\n{}", String::from_utf8_lossy(&run.stderr));
    let summary = said.split_once("= SUMMARY =").map_or("", |(_, summary)| summary);
    assert!(summary.contains(&format!("Tested: {}", muster::routes::API.len() + 1)) && !summary.contains("Failures:"), "{said}");
    println!("{summary}");
}
