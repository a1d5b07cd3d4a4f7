//! Tokens in texts that come from outside, such as a search or a description.

/// `mstw_`, twelve characters of the public id, `_`: the secret begins behind them.
const SECRET_AT: usize = 18;

/// The text with the secret of each token cut off: what lists show of it is left.
pub fn without_secrets(text: &str) -> String {
    let mut left = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("mst") {
        left.push_str(&rest[..at]);
        rest = &rest[at..];
        if is_value(rest.as_bytes()) {
            left.push_str(&rest[..SECRET_AT - 1]);
            rest = rest[SECRET_AT..].trim_start_matches(|letter: char| letter.is_ascii_alphanumeric());
        } else {
            left.push_str("mst");
            rest = &rest["mst".len()..];
        }
    }
    left.push_str(rest);
    left
}

/// What is stored is shown to many, and events keep it for as long as the log lives.
///
/// # Errors
/// A sentence, where there is a token in the text.
pub fn holds_none(text: &str) -> Result<(), &'static str> {
    if without_secrets(text) == text {
        return Ok(());
    }
    Err("This contains an API token. Remove it: other people can read this.")
}

fn is_value(text: &[u8]) -> bool {
    let Some((head, secret)) = text.split_at_checked(SECRET_AT) else { return false };
    let (access, id) = (head[3], &head[5..SECRET_AT - 1]);
    matches!(access, b'r' | b'w')
        && (head[4], head[SECRET_AT - 1]) == (b'_', b'_')
        && id.iter().all(u8::is_ascii_alphanumeric)
        && secret.first().is_some_and(u8::is_ascii_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_token_its_prefix_and_public_id_are_left() {
        let value = "mstw_0123456789AB_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg36dyQD";
        for (text, left) in [
            (value.to_owned(), "mstw_0123456789AB"),
            (format!("q=a&role=1+{value}&size=50"), "q=a&role=1+mstw_0123456789AB&size=50"),
            (format!("日本{value}語 {value}"), "日本mstw_0123456789AB語 mstw_0123456789AB"),
            (value[..20].to_owned(), "mstw_0123456789AB"),
            (value[..18].to_owned(), "mstw_0123456789AB_"),
            (format!("mst{value}"), "mstmstw_0123456789AB"),
            ("mstx_0123456789AB_0".to_owned(), "mstx_0123456789AB_0"),
            ("mstw_012345678日_0".to_owned(), "mstw_012345678日_0"),
            ("mst".to_owned(), "mst"),
        ] {
            assert_eq!(without_secrets(&text), left, "{text}");
        }
    }
}
