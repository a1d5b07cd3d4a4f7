//! What answers a request takes what it needs by one extractor: four parameters at most.

use super::names::sources;

const MOST: usize = 4;

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
    let mut seen = 0;
    for (file, text) in sources() {
        if !["pages", "api", "profile", "web/", "gateway", "authzen", "people"].iter().any(|part| file.contains(part)) {
            continue;
        }
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
