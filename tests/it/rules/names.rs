//! A type's name means one thing in the whole crate: whoever meets it in a signature knows what it is.

use std::collections::BTreeMap;
use std::path::Path;

/// The names of the types that a file defines; associated types are named by their trait.
fn defined(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut names = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let words = line.split(|letter: char| !(letter.is_alphanumeric() || letter == '_')).filter(|word| !word.is_empty());
        let mut words = words.skip_while(|word| matches!(*word, "pub" | "crate" | "super"));
        let Some(keyword @ ("struct" | "enum" | "trait" | "type")) = words.next() else { continue };
        let is_code = line.trim_start().starts_with(|letter: char| letter.is_ascii_lowercase());
        let outer = lines[..at]
            .iter()
            .rev()
            .find(|outer| !outer.trim().is_empty() && indent(outer) < indent(line) && !matches!(outer.trim(), "{" | "where"));
        let is_associated = keyword == "type"
            && outer.is_some_and(|outer| {
                let outer = outer.trim_start().trim_start_matches("pub ").trim_start_matches("unsafe ");
                outer.starts_with("impl") || outer.starts_with("trait ")
            });
        if is_code && !is_associated {
            names.extend(words.next());
        }
    }
    names
}

/// Every file under `src`, and what stands in it.
pub fn sources() -> Vec<(String, String)> {
    fn read(folder: &Path, into: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, into);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let file = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().display().to_string();
                into.push((file, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut files = Vec::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    files
}

#[test]
fn a_types_name_means_one_thing() {
    let files = sources();
    let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (path, text) in &files {
        for name in defined(text) {
            places.entry(name).or_default().push(path);
        }
    }
    assert!(places.len() > 500, "only {} types were found", places.len());
    let shared: Vec<String> =
        places.iter().filter(|(_, files)| files.len() > 1).map(|(name, files)| format!("{name}: {}", files.join(", "))).collect();
    assert!(shared.is_empty(), "names of more than one type:\n{}", shared.join("\n"));
}

#[test]
fn types_are_told_from_what_only_looks_like_one() {
    let text = "pub struct A;\npub(super) enum B {}\n// struct C\nimpl D for A {\n    type E = u8;\n}\n\
                fn f() {\n    struct G;\n    type H = u8;\n}\nimpl<T> D for T\nwhere\n    T: Copy,\n{\n    type I = u8;\n}\n";
    assert_eq!(defined(text), ["A", "B", "G", "H"]);
}
