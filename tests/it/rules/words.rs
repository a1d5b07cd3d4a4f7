//! What readers stumbled over once does not come back: in templates, in the texts of the source, in the README.

use std::path::{Path, PathBuf};

use regex::Regex;

/// Phrases that were written word by word, or that name something by another word than its field does. In lower case.
const STUMBLED_OVER: [&str; 59] = [
    "a few signs",
    "activity in 30 days",
    "another enabled system account has this name",
    "ask again to cut",
    "begins with</dt>",
    "beyond the longest life",
    "can be created without a token",
    "cannot be listened on",
    "cannot reach its database",
    "create a first token",
    "create the first token",
    "creation of tokens",
    "did not arrive completely",
    "do not allow this",
    "do not match.",
    "edited or brought back",
    "expires in a year",
    "finish now",
    "for ever",
    "give it a name",
    "handle the people",
    "has no good token",
    "i have stored it",
    "in no team.",
    "is believed",
    "is out of order",
    "is over already",
    "it takes the permission",
    "living api tokens",
    "longest life",
    "no limit, ",
    "no more tries",
    "no permission of its own",
    "no role of that name",
    "not done this way",
    "nothing here",
    "nothing matches",
    "nothing to change",
    "nothing was undone",
    "once more\"",
    "passwords differ",
    "permitted as a replacement",
    "present password",
    "prove themselves",
    "put it to use",
    "sent twice and carried out once",
    "serve pages",
    "sign in to go on",
    "since you looked",
    "somebody has changed all",
    "stay as they were",
    "stopped their creation",
    "tokens live at most",
    "tries are left",
    "unknown program",
    "what holds for",
    "whoever holds",
    "with which roles",
    "you are signed out",
];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// The texts of a file: all of it, or the literals of a source.
fn texts(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    if path.extension().is_none_or(|ending| ending != "rs") {
        return text;
    }
    let said = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let literal = Regex::new(r#""(?:[^"\\]|\\[\s\S])*""#).unwrap();
    let breaks = Regex::new(r"\\\n\s*").unwrap();
    literal.find_iter(&said).map(|found| breaks.replace_all(found.as_str(), "").into_owned()).collect::<Vec<_>>().join("\n")
}

#[test]
fn nobody_stumbles_over_the_same_words_again() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = vec![root.join("README.md")];
    for folder in ["src", "templates"] {
        files(&root.join(folder), &mut paths);
    }
    assert!(paths.len() > 300, "{}", paths.len());
    let mut found = Vec::new();
    for path in paths {
        let text = texts(&path).split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        found.extend(
            STUMBLED_OVER.iter().filter(|words| text.contains(*words)).map(|words| format!("{}: {words}", path.display())),
        );
    }
    assert!(found.is_empty(), "say these as a reader would expect them:\n{}", found.join("\n"));
}
