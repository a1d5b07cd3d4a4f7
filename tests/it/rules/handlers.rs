//! What answers a request takes what it needs by one extractor: four parameters at most.

use std::path::Path;

const MOST: usize = 4;

fn sources(folder: &Path, into: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let file = path.display().to_string();
            let file = file.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().to_owned();
            if ["pages", "api", "profile", "web/", "gateway", "authzen", "people"].iter().any(|part| file.contains(part)) {
                into.push((file, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
}

/// How many parameters stand between the parentheses that open here.
fn parameters(text: &str) -> usize {
    let (mut depth, mut count, mut inside) = (0, 0, false);
    for letter in text.chars() {
        match letter {
            '(' | '<' | '[' | '{' => depth += 1,
            ')' if depth == 1 => break,
            ')' | '>' | ']' | '}' => depth -= 1,
            ',' if depth == 1 => (count, inside) = (count + 1, false),
            letter if depth == 1 && !letter.is_whitespace() => inside = true,
            _ => {}
        }
    }
    count + usize::from(inside)
}

#[test]
fn no_handler_has_more_than_four_parameters() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let mut seen = 0;
    for (file, text) in files {
        for (at, lead) in text.match_indices("pub async fn ") {
            let rest = &text[at + lead.len()..];
            let name = rest.split(['(', '<']).next().unwrap_or_default();
            let Some(open) = rest.find('(') else { continue };
            let found = parameters(&rest[open..]);
            assert!(found <= MOST, "{file}: {name} has {found} parameters: take a Visit");
            seen += 1;
        }
    }
    assert!(seen > 30, "only {seen} functions were seen");
    assert_eq!(parameters("(a: X<B, C>, b: (D, E),)"), 2);
    assert_eq!(parameters("()"), 0);
}
