//! How text is compared: the same on both engines, because it is folded here and never in SQL.

use unicode_normalization::UnicodeNormalization;

pub mod alike;
pub mod visible;

pub mod email;
pub mod secrets;

/// Folds text for comparison and search: compatibility forms joined (NFKC), letters in lower case, in any script. The
/// sigma at the end of a Greek word is the same letter as any other: its capital does not tell them apart.
pub fn fold(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).map(|letter| if letter == 'ς' { 'σ' } else { letter }).collect()
}

/// What a field of a form is to be, which was drawn with `shown` and is `now` something else, perhaps: what the form has not
/// touched stays as others have set it.
///
/// # Errors
/// A sentence, where both have changed it to different texts.
pub fn merged<'a>(typed: &'a str, shown: Option<&str>, now: &'a str) -> Result<&'a str, String> {
    match shown {
        Some(shown) if shown == now => Ok(typed),
        Some(shown) if typed.trim() == shown => Ok(now),
        Some(_) if typed.trim() != now => Err(match now {
            "" => "This was removed while you were editing. Save again to put yours in its place.".into(),
            now => format!("This was changed to “{now}” while you were editing. Save again to overwrite it."),
        }),
        _ => Ok(typed),
    }
}

/// A LIKE pattern that finds `folded` anywhere, with its own `%`, `_` and `\` taken literally (`ESCAPE '\'`).
pub fn like_anywhere(folded: &str) -> String {
    let mut pattern = String::with_capacity(folded.len() + 2);
    pattern.push('%');
    for letter in folded.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// What is seen of a line of text: what cannot be seen is left out, white space is one space, letters are composed (NFC).
pub fn seen(text: &str) -> String {
    visible::visible(text).nfc().collect()
}

/// Tidies a line of text from outside, such as a name or a description: what cannot be seen is left out, white space is
/// one space, and at most `limit` characters stay. Control characters and tokens are refused.
pub fn tidy(text: &str, limit: usize) -> Result<String, String> {
    if text.trim().chars().any(char::is_control) {
        return Err("Line breaks and other control characters are not allowed.".into());
    }
    let text = seen(text);
    secrets::holds_none(&text)?;
    if text.chars().count() > limit {
        return Err(format!("At most {limit} characters."));
    }
    Ok(text)
}

/// A number with its thousands set apart: 11,978.
pub fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        grouped.push('-');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_letters_of_any_script() {
        assert_eq!(fold("Zürich ΣΊΣΥΦΟΣ ＡＢＣ"), fold("ZÜRICH σίσυφος abc"));
    }

    #[test]
    fn patterns_take_wildcards_literally() {
        assert_eq!(like_anywhere(r"50%_\"), r"%50\%\_\\%");
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(
            ["0", "999", "1,000", "11,978", "-1,234,567"].map(String::from),
            [0, 999, 1000, 11978, -1_234_567].map(grouped)
        );
    }

    #[test]
    fn tidying_refuses_what_cannot_be_shown() {
        assert_eq!(tidy("  a b ", 3), Ok("a b".into()));
        assert_eq!(tidy("a\u{200b}\u{202e}b\u{a0}  c", 4), Ok("ab c".into()));
        assert_eq!(tidy("\u{200b}", 3), Ok(String::new()));
        assert!(tidy("a\nb", 10).is_err());
        assert!(tidy("abcd", 3).is_err());
    }
}
