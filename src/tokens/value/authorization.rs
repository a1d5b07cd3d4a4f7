//! The token in an `Authorization` header.

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use super::TokenValue;

/// The credentials in an `Authorization` header.
#[derive(Debug)]
pub enum Credentials {
    /// Empty, or a scheme that Muster doesn't support.
    None,
    /// `Bearer` or `Basic` with something that isn't a token.
    Malformed,
    /// A well-formed token, which may not exist.
    Token(TokenValue),
}

/// Finds the token in an `Authorization` header: `Bearer <token>`, or `Basic` with the token as the password (or as the
/// user name, without a password) for clients that support only that. The scheme is case-insensitive.
pub fn parse_authorization(header: &str) -> Credentials {
    let (scheme, rest) = split_scheme(header);
    let token = if scheme.eq_ignore_ascii_case("bearer") {
        TokenValue::parse(rest)
    } else if scheme.eq_ignore_ascii_case("basic") {
        let mut buffer = [0; BASIC_MAX];
        decode_basic(rest, &mut buffer).and_then(|(user, password)| {
            // A token read from a file often has a line break at the end.
            let given = if is_blank(password) { user } else { password };
            TokenValue::parse(given.trim_ascii())
        })
    } else {
        return Credentials::None;
    };
    token.map_or(Credentials::Malformed, Credentials::Token)
}

/// The user name of a `Basic` header, where RFC 7662 callers name their account. `None` for other schemes, or if the token
/// is the user name.
pub fn basic_user(header: &str) -> Option<String> {
    let (scheme, rest) = split_scheme(header);
    let mut buffer = [0; BASIC_MAX];
    let basic = scheme.eq_ignore_ascii_case("basic");
    let pair = basic.then(|| decode_basic(rest, &mut buffer)).flatten();
    pair.filter(|(_, password)| !is_blank(password)).map(|(user, _)| user.to_owned())
}

fn is_blank(text: &str) -> bool {
    text.trim_ascii().is_empty()
}

/// The longest `user:token` accepted. The user is a UUID or a short name.
const BASIC_MAX: usize = 384;

/// Clients disagree about padding base64 in this header.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

fn split_scheme(header: &str) -> (&str, &str) {
    let header = header.trim_matches([' ', '\t']);
    let (scheme, rest) = header.split_once(' ').unwrap_or((header, ""));
    (scheme, rest.trim_start_matches(' '))
}

fn decode_basic<'a>(encoded: &str, buffer: &'a mut [u8; BASIC_MAX]) -> Option<(&'a str, &'a str)> {
    let length = BASE64.decode_slice(encoded, buffer).ok()?;
    std::str::from_utf8(&buffer[..length]).ok()?.split_once(':')
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose;
    use proptest::prelude::*;

    use super::*;
    use crate::tokens::value::Access;

    fn token() -> TokenValue {
        TokenValue::generate(Access::Write).unwrap()
    }

    fn given(header: &str) -> Option<String> {
        match parse_authorization(header) {
            Credentials::Token(token) => Some(token.expose().to_owned()),
            Credentials::None | Credentials::Malformed => None,
        }
    }

    #[test]
    fn bearer_and_basic_are_read() {
        let token = token();
        let text = token.expose();
        for header in [format!("Bearer {text}"), format!("bearer   {text}"), format!("BEARER {text} ")] {
            assert_eq!(given(&header).as_deref(), Some(text), "{header}");
        }
        let padded = general_purpose::STANDARD.encode(format!("ci:{text}"));
        for encoded in [padded.clone(), padded.trim_end_matches('=').to_owned()] {
            let header = format!("basic {encoded}");
            assert_eq!(given(&header).as_deref(), Some(text));
            assert_eq!(basic_user(&header).as_deref(), Some("ci"));
        }
        let nameless = format!("Basic {}", general_purpose::STANDARD.encode(format!(":{text}")));
        assert_eq!(given(&nameless).as_deref(), Some(text));
        // Read from a file with a line end, or given as the user name.
        for pair in
            [format!("ci:{text}\n"), format!("ci:{text}\r\n"), format!("{text}:"), format!("{text}:\n"), format!(" {text} :")]
        {
            let header = format!("Basic {}", general_purpose::STANDARD.encode(&pair));
            assert_eq!(given(&header).as_deref(), Some(text), "{pair:?}");
        }
        let two = format!("Basic {}", general_purpose::STANDARD.encode(format!("{text}:{text}x")));
        assert_eq!(given(&two), None);
    }

    #[test]
    fn not_trying_differs_from_failing() {
        for header in ["", "  ", "Digest username=x", "Negotiate abc"] {
            assert!(matches!(parse_authorization(header), Credentials::None), "{header}");
        }
        let long = format!("Basic {}", "QUJD".repeat(500));
        for header in ["Bearer", "Bearer x", "Basic", "Basic !", "Basic YTpi", "Basic YWJj", long.as_str()] {
            assert!(matches!(parse_authorization(header), Credentials::Malformed), "{header}");
        }
        assert_eq!(basic_user("Bearer YTpi"), None);
        assert_eq!(basic_user("Basic YTpi").as_deref(), Some("a"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn no_header_upsets_the_reader(text in ".*", encoded in "[0-9A-Za-z+/=]{0,900}") {
            for header in [text.clone(), format!("Bearer {text}"), format!("Basic {text}"), format!("Basic {encoded}")] {
                prop_assert!(given(&header).is_none());
                let _ = basic_user(&header);
            }
        }
    }
}
