//! What belongs in one room of the house only: features outside `web`, SQL in queries.

use std::collections::BTreeSet;

use super::layers::{FEATURES, modules, paths};

/// What `web` knows of features: who asks, and the settings of the organisation that every page is drawn with.
const KNOWN_TO_WEB: [(&str, &[&str]); 6] = [
    ("web/visit", &["auth/access", "auth/principal", "auth/sealed", "settings/current", "settings/general"]),
    ("web/api/call", &["auth/access", "auth/principal"]),
    ("web/api", &["auth/access"]),
    ("web/navigation", &["auth/principal"]),
    ("web/trace", &["auth/principal"]),
    ("web/health", &["check"]),
];

/// SQL is written in queries alone. What an operation hands on of it is a value, such as a target or a condition.
const SQL: [&str; 4] = ["Sql::", "sql_query", "database::sql", "crate::schema"];

#[test]
fn web_knows_no_feature() {
    let files = modules();
    let mut wrong = BTreeSet::new();
    for (from, code) in files.iter().filter(|(module, _)| module == "web" || module.starts_with("web/")) {
        let known = KNOWN_TO_WEB.iter().find(|(module, _)| module == from).map_or(&[][..], |(_, known)| known);
        for path in paths(code) {
            let path = path.replace("::", "/");
            let feature = path.split('/').next().unwrap_or_default();
            let is_feature = FEATURES.contains(&feature) || ["settings", "authzen", "help", "metrics"].contains(&feature);
            if is_feature && !known.iter().any(|module| path == *module || path.starts_with(&format!("{module}/"))) {
                wrong.insert(format!("{from} uses {path}"));
            }
        }
    }
    assert!(wrong.is_empty(), "features in web:\n{}", wrong.into_iter().collect::<Vec<_>>().join("\n"));
}

#[test]
fn sql_stands_in_queries() {
    let files = modules();
    let above = ["operations", "actions", "pages", "api", "view"];
    let is_above = |module: &str| module.split('/').any(|part| above.contains(&part));
    let seen: Vec<&(String, String)> = files.iter().filter(|(module, _)| is_above(module)).collect();
    assert!(seen.len() > 100, "only {} files were seen", seen.len());
    let wrong: Vec<&str> =
        seen.iter().filter(|(_, code)| SQL.iter().any(|sign| code.contains(sign))).map(|(module, _)| module.as_str()).collect();
    assert!(wrong.is_empty(), "SQL outside queries: {wrong:?}");
}
