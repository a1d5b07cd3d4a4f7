//! What must stay readable: no long lines in templates, no long files.

use std::path::{Path, PathBuf};

/// The files below a folder whose names end so.
fn files(folder: &str, ends: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(path.to_str().unwrap(), ends));
        } else if path.extension().is_some_and(|ending| ends.iter().any(|end| ending == *end)) {
            found.push(path);
        }
    }
    found
}

#[test]
fn no_line_of_a_template_is_longer_than_160_characters() {
    let mut long = Vec::new();
    assert!(!files("templates", &["md"]).is_empty());
    for path in files("templates", &["html", "md"]) {
        let text = std::fs::read_to_string(&path).unwrap();
        let lines = text.lines().enumerate().filter(|(_, line)| line.chars().count() > 160);
        long.extend(lines.map(|(at, line)| format!("{}:{} has {}", path.display(), at + 1, line.chars().count())));
    }
    assert!(long.is_empty(), "break these lines (`{{#- #}}` keeps white space out of the page):\n{}", long.join("\n"));
}

#[test]
fn no_file_is_longer_than_350_lines() {
    let mut long = Vec::new();
    for path in ["src", "tests"].into_iter().flat_map(|folder| files(folder, &["rs"])) {
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        if lines > 350 {
            long.push(format!("{} has {lines}", path.display()));
        }
    }
    assert!(long.is_empty(), "these tell more than one story, split them:\n{}", long.join("\n"));
}
