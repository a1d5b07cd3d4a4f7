//! Numbers and names, put into words.

use crate::text;

/// A number in groups of three: 11,978.
pub fn grouped(number: u64) -> String {
    text::grouped(i64::try_from(number).unwrap_or(i64::MAX))
}

/// A number of rows, which the database counts with a sign.
pub fn count(n: i64) -> u64 {
    u64::try_from(n).unwrap_or_default()
}

/// A text with its first letter capital.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A counted thing: `counted(1, "token")` is `1 token`, `counted(2, "token")` is `2 tokens`, `counted(0, "token")` is `0 tokens`.
pub fn counted(number: u64, one: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {one}{ending}", grouped(number))
}

/// Names as a sentence has them: `A`, `A or B`, `A, B or C`, with the given last joint (`and`, `or`).
pub fn joined(names: &[String], joint: &str) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {joint} {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(11_978), "11,978");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(counted(1, "token"), "1 token");
        assert_eq!(counted(0, "token"), "0 tokens");
        assert_eq!(joined(&["A".into(), "B".into(), "C".into()], "or"), "A, B or C");
    }
}
