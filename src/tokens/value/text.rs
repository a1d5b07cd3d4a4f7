//! Tokens in a text that somebody pasted.

use std::collections::{BTreeMap, HashSet};

use super::{ID_AT, ID_LENGTH, TOKEN_LENGTH, TokenValue};

/// The tokens that a text holds, by their public IDs, each once: all whole values that begin with it. None, where only an ID
/// is there, or a value that was cut or mistyped.
#[derive(Debug, Default)]
pub struct TokensInText(pub BTreeMap<String, Vec<TokenValue>>);

/// Looks through a text of any kind, in one pass: values are the same in every encoding that keeps ASCII.
pub fn find(text: &[u8]) -> TokensInText {
    let mut found = TokensInText::default();
    let mut known = HashSet::new();
    let mut at = 0;
    while let Some(next) = text[at..].windows(ID_AT + ID_LENGTH).position(is_beginning) {
        at += next;
        let id: String = text[at + ID_AT..at + ID_AT + ID_LENGTH].iter().map(|byte| char::from(*byte)).collect();
        let value = text.get(at..at + TOKEN_LENGTH).and_then(|value| std::str::from_utf8(value).ok()).and_then(TokenValue::parse);
        let is_whole = value.is_some();
        let values = found.0.entry(id).or_default();
        if let Some(value) = value
            && known.insert(&text[at..at + TOKEN_LENGTH])
        {
            values.push(value);
        }
        // Behind a cut value the next may begin at once, in what was read as an ID.
        at += if is_whole { TOKEN_LENGTH } else { ID_AT };
    }
    found
}

fn is_beginning(text: &[u8]) -> bool {
    text.starts_with(b"mst")
        && matches!(text[3], b'r' | b'w')
        && text[4] == b'_'
        && text[ID_AT..].iter().all(u8::is_ascii_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::value::Access;

    fn value() -> TokenValue {
        TokenValue::generate(Access::Write).unwrap()
    }

    fn whole(text: &[u8]) -> Vec<String> {
        find(text).0.into_values().flatten().map(|value| value.expose().to_owned()).collect()
    }

    #[test]
    fn a_value_is_found_wherever_it_stands() {
        let value = value();
        let text = value.expose();
        for around in [
            text.to_owned(),
            format!("Authorization: Bearer {text}\r\n"),
            format!("text={text}&x=1"),
            format!("{{\"token\":\"{text}\"}}"),
            format!("mst{text}"),
            format!("mstw_{text}"),
            format!("x{text}y"),
            format!("mstw_123456789{text}"),
            format!("mstw_{}{text}", "mstw_1234567".repeat(3)),
            format!("mstr_0123456789AB_{text}"),
            format!("日本{text}語"),
            format!("{}{text}", "m".repeat(65_530)),
        ] {
            assert_eq!(whole(around.as_bytes()), [text], "{around}");
        }
        let mut bytes = vec![0xff, 0xfe, 0x00];
        bytes.extend(text.as_bytes());
        bytes.push(0xc3);
        assert_eq!(whole(&bytes), [text]);
    }

    #[test]
    fn each_is_found_once_and_what_is_cut_or_mistyped_by_its_id() {
        let (one, other) = (value(), value());
        let text = format!("{} {} {}", one.expose(), other.expose(), one.expose()).repeat(500);
        let mut expected = [one.expose().to_owned(), other.expose().to_owned()];
        expected.sort();
        let mut found = whole(text.as_bytes());
        found.sort();
        assert_eq!(found, expected);
        for broken in [&one.expose()[..66], &one.expose()[..17], &one.expose().replace(&one.expose()[60..], "0000000")] {
            let found = find(broken.as_bytes()).0;
            assert_eq!(found.get(one.id()).map(Vec::len), Some(0), "{broken}");
        }
        for none in ["", "mst", "mstw_", "mstw_short", "mstx_0123456789AB_", "MSTW_0123456789AB"] {
            assert!(find(none.as_bytes()).0.is_empty(), "{none}");
        }
    }
}
