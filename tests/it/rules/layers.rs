//! "Imports go down": every `crate::` path under `src/` is read, and one that runs up the layers makes this fail.
//!
//! The table below is the order of the house, from top to bottom. What stands in one layer may use what stands in lower
//! ones, and within a layer what comes later in the order of the features.

use std::collections::BTreeSet;
use std::path::Path;

/// The layers, the highest first: patterns of module paths. The first pattern that fits decides.
const LAYERS: [(&str, &[&str]); 11] = [
    ("main", &["main"]),
    ("the command line, which nothing but main imports", &["cli", "cli/*", "cli/*/*"]),
    ("demo", &["demo", "demo/*"]),
    ("server", &["server", "server/*"]),
    ("routes", &["routes", "routes/*"]),
    (
        "pages, api and the gateway's door",
        &[
            "*/pages",
            "*/pages/*",
            "accounts/api",
            "accounts/api/*",
            "roles/api",
            "roles/api/*",
            "teams/api",
            "teams/api/*",
            "tokens/api",
            "tokens/api/*",
            "audit/api",
            "audit/api/*",
            "people/api",
            "auth/profile",
            "authzen/api",
            "gateway/verify",
            "gateway/introspect",
            "gateway/requirements",
            "metrics",
            "metrics/*",
        ],
    ),
    // What draws pages and who may see them: `web` knows no feature but the accounts that its frame counts.
    (
        "web, views, auth extractors",
        &[
            "web",
            "web/*",
            "accounts/filter",
            "accounts/filter/*",
            "tokens/filter",
            "audit/filter",
            "audit/sentences",
            "web/*/*",
            "accounts/json",
            "roles/json",
            "teams/json",
            "tokens/json",
            "authzen/json",
            "*/view",
            "*/view/*",
            "auth/access",
            "auth/bearer",
            "auth/browser",
            "auth/door",
            "auth/hashing",
            "auth/session",
            "auth/refusals",
            "gateway/headers",
        ],
    ),
    // What keeps something in memory of what operations do stands beside them.
    (
        "operations",
        &[
            "*/operations",
            "*/operations/*",
            "check",
            "check/*",
            "check/cache/*",
            "accounts/actions",
            "accounts/actions/*",
            // What is asked is whom the check is to look up.
            "authzen/question",
            "gateway/wanted",
            "audit/retention",
            "tokens/expiry",
            "tokens/policy",
            "settings/current",
            "activity/recorder",
            "activity/refusals",
            "activity/writer",
            "activity",
        ],
    ),
    // Usage is what the queries of activity write.
    (
        "queries",
        &[
            "*/queries",
            "*/queries/*",
            "*/queries/*/*",
            "auth/links",
            "auth/sealed",
            "settings",
            "settings/general",
            "activity/usage",
        ],
    ),
    ("database", &["database", "database/*", "database/*/*"]),
    (
        "model, schema, error, clock",
        &[
            "*/model",
            "*/model/*",
            "accounts/kind",
            "audit/words",
            "audit/json",
            "roles/permission",
            "roles/permission/*",
            "roles/catalogue",
            "roles/predefined",
            "tokens/value",
            "tokens/value/*",
            "accounts/search",
            // The actor is a value; what it may do was read by a query.
            "auth/principal",
            "auth/password",
            "config",
            "config/*",
            "schema",
            "error",
            "clock",
            "id",
            "text",
            "text/*",
            "text/*",
            // A feature's own file re-exports its model.
            "roles",
            "teams",
            "people",
            "audit",
            "accounts",
            "tokens",
            "auth",
            "authzen",
            "gateway",
            "gateway/recipes",
            "help",
            "lib",
        ],
    ),
];

/// Within a layer a feature may use those that come after it.
pub const FEATURES: [&str; 10] =
    ["people", "gateway", "auth", "check", "tokens", "accounts", "teams", "roles", "activity", "audit"];

/// Imports that run up, each for a reason.
const EXCEPTIONS: [(&str, &str, &str); 3] = [
    ("database/migrations", "roles/queries", "the predefined roles come with the schema, on every way that leads to it"),
    ("database/migrations", "accounts/queries/emails", "a form that SQL cannot compute is part of the schema"),
    ("database/migrations", "tokens/queries/names", "a form that SQL cannot compute is part of the schema"),
];

fn fits(pattern: &str, module: &str) -> bool {
    let (pattern, module): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), module.split('/').collect());
    pattern.len() == module.len() && pattern.iter().zip(module).all(|(pattern, part)| *pattern == "*" || *pattern == part)
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|(_, patterns)| patterns.iter().any(|pattern| fits(pattern, module)))
}

/// Whether `from` may use `to`.
fn may_use(from: &str, to: &str) -> Result<(), String> {
    let place = |module: &str| layer(module).ok_or_else(|| format!("{module} stands in no layer: give it one in the table"));
    let (above, below) = (place(from)?, place(to)?);
    let feature = |module: &str| module.split('/').next().unwrap_or_default().to_owned();
    let (own, other) = (feature(from), feature(to));
    if below > above || EXCEPTIONS.iter().any(|(up, down, _)| (*up, *down) == (from, to)) {
        return Ok(());
    }
    if below < above {
        return Err(format!("{from} ({}) uses {to} ({})", LAYERS[above].0, LAYERS[below].0));
    }
    let order = |feature: &str| FEATURES.iter().position(|known| *known == feature);
    match (order(&own), order(&other)) {
        (Some(place), Some(others)) if place > others => Err(format!("{from} uses {to}, against the order of the features")),
        _ => Ok(()),
    }
}

fn sources(folder: &Path, into: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.file_stem().is_some_and(|name| name == "tests") {
            continue;
        }
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
            let module = path.strip_prefix(root).unwrap().with_extension("").to_str().unwrap().replace('\\', "/");
            // What tests use is their own matter.
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let code: Vec<&str> = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            let parents: Vec<&str> = module.split('/').rev().skip(1).collect::<Vec<_>>().into_iter().rev().collect();
            let above = |n: usize| {
                let path: String = parents.iter().take(parents.len().saturating_sub(n)).map(|part| format!("{part}::")).collect();
                format!("crate::{path}")
            };
            let code = code.join("\n").replace("super::super::", &above(1)).replace("super::", &above(0));
            into.push((module, code));
        }
    }
}

/// `a::{b, c::{d, e}}` as `a::b`, `a::c::d`, `a::c::e`.
fn unfold(tree: &str, lead: &str, into: &mut Vec<String>) {
    let tree = tree.trim();
    let Some(open) = tree.find('{') else {
        let path = tree.split(" as ").next().unwrap_or_default().trim().trim_end_matches("::self");
        into.push(format!("{lead}{path}"));
        return;
    };
    let lead = format!("{lead}{}", &tree[..open]);
    let (mut depth, mut start) = (0, open + 1);
    for (at, letter) in tree.char_indices().skip(open) {
        match letter {
            '{' => depth += 1,
            '}' | ',' if depth == 1 => {
                let part = tree[start..at].trim();
                if part == "self" {
                    into.push(lead.trim_end_matches("::").to_owned());
                } else if !part.is_empty() {
                    unfold(part, &lead, into);
                }
                start = at + 1;
                if letter == '}' {
                    depth -= 1;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
}

/// Every path below `crate::` that a file names.
pub fn paths(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(at) = rest.find("crate::") {
        let is_import = rest[..at].ends_with("use ");
        rest = &rest[at + "crate::".len()..];
        if is_import {
            let end = rest.find(';').unwrap_or(rest.len());
            unfold(&rest[..end], "", &mut found);
            rest = &rest[end..];
        } else {
            let end = rest.find(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == ':'));
            found.push(rest[..end.unwrap_or(rest.len())].trim_end_matches(':').to_owned());
        }
    }
    // `use crate::accounts;` and then `accounts::queries::find`: what is used is the file behind it.
    let roots: Vec<String> = found.iter().filter(|path| !path.contains("::")).cloned().collect();
    for root in roots {
        for (at, _) in code.match_indices(&format!("{root}::")) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_' || letter == ':') {
                continue;
            }
            let tail = &code[at..];
            let end = tail.find(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == ':'));
            found.push(tail[..end.unwrap_or(tail.len())].trim_end_matches(':').to_owned());
        }
    }
    found
}

/// Every file under `src` as a module, and its code.
pub fn modules() -> Vec<(String, String)> {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    files
}

#[test]
fn imports_go_down() {
    let files = modules();
    let modules: BTreeSet<&str> = files.iter().map(|(module, _)| module.as_str()).collect();
    let mut wrong = BTreeSet::new();
    let mut used = BTreeSet::new();
    for (from, code) in &files {
        for path in paths(code) {
            let parts: Vec<&str> = path.split("::").collect();
            // The longest beginning that is a file.
            let target = (1..=parts.len()).rev().map(|n| parts[..n].join("/")).find(|module| modules.contains(module.as_str()));
            let Some(to) = target else { continue };
            if EXCEPTIONS.iter().any(|(up, down, _)| up == from && *down == to) {
                used.insert(to.clone());
            }
            if let Err(sentence) = may_use(from, &to) {
                wrong.insert(sentence);
            }
        }
    }
    assert!(wrong.is_empty(), "imports that run up:\n{}", wrong.into_iter().collect::<Vec<_>>().join("\n"));
    assert_eq!(used.len(), EXCEPTIONS.len(), "an exception is no longer needed: take it out of the table");
}

#[test]
fn the_table_says_no_where_it_should() {
    for (from, to) in [
        ("accounts/queries", "accounts/operations"),
        ("database", "web/page"),
        ("accounts/operations", "tokens/operations"),
        ("audit/queries", "accounts/queries"),
        ("server", "main"),
        ("web/page", "accounts/pages/list"),
    ] {
        assert!(may_use(from, to).is_err(), "{from} uses {to}");
    }
    let mut found = Vec::new();
    unfold("a::{self, b, c::{d, e as f}}", "", &mut found);
    assert_eq!(found, ["a", "a::b", "a::c::d", "a::c::e"]);
}
