//! The text of an API token: made, recognised and digested here, and nowhere else.
//!
//! `mst<a>_<id>_<secret><check>`, 67 characters: the access letter `r` or `w`, 12 base62 characters of public id, 43 of secret,
//! and the CRC-32 of all before it as 6 base62 digits, so that a mistyped token costs no database look-up. A value is read
//! without touching the heap, because the gateway does so for every call that an organisation makes.

use std::fmt;
use std::io;

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use rand::TryRng;
use rand::rngs::SysRng;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Bytes of a whole token; each is an ASCII character.
pub const TOKEN_LENGTH: usize = 67;
/// Characters of the public id inside a token.
pub const ID_LENGTH: usize = 12;

/// A token's public id.
pub type TokenId = [u8; ID_LENGTH];

/// Which of so many places a token belongs to, where tokens are spread over several: by FNV-1a, of which the upper bits depend
/// on all characters.
pub fn spread(token: &TokenId, places: usize) -> usize {
    let mix = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    (token.iter().fold(0xcbf2_9ce4_8422_2325, mix) >> 32) as usize % places
}

const PREFIX: &[u8] = b"mst";
const ACCESS_AT: usize = 3;
const ID_AT: usize = 5;
const SECRET_AT: usize = ID_AT + ID_LENGTH + 1;
const CHECK_AT: usize = TOKEN_LENGTH - CHECK_LENGTH;
const CHECK_LENGTH: usize = 6;
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// What a token may do: only ask, or also change. The right itself comes from the database row; the letter inside the
/// token tells people and scanners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// May make calls that change nothing: GET, HEAD and OPTIONS.
    Read,
    /// May make any call.
    Write,
}

impl Access {
    /// Reads `read` or `write`, as forms, the API and the database spell it. Anything else is `None`.
    pub fn parse(text: &str) -> Option<Access> {
        match text {
            "read" => Some(Access::Read),
            "write" => Some(Access::Write),
            _ => None,
        }
    }

    /// The spelling that [`Access::parse`] reads.
    pub fn as_str(self) -> &'static str {
        match self {
            Access::Read => "read",
            Access::Write => "write",
        }
    }

    /// What people read on the screen.
    pub fn label(self) -> &'static str {
        match self {
            Access::Read => "Read-only",
            Access::Write => "Read-write",
        }
    }

    fn letter(self) -> u8 {
        match self {
            Access::Read => b'r',
            Access::Write => b'w',
        }
    }
}

/// A whole API token, which is a secret. It has no `Display` and its `Debug` shows the public id only; whoever needs the
/// text says so with [`TokenValue::expose`].
#[derive(Clone)]
pub struct TokenValue([u8; TOKEN_LENGTH]);

impl TokenValue {
    /// Draws a new token from the operating system's generator.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn generate(access: Access) -> io::Result<TokenValue> {
        let mut bytes = [b'_'; TOKEN_LENGTH];
        bytes[..ACCESS_AT].copy_from_slice(PREFIX);
        bytes[ACCESS_AT] = access.letter();
        fill_base62(&mut bytes[ID_AT..ID_AT + ID_LENGTH])?;
        fill_base62(&mut bytes[SECRET_AT..CHECK_AT])?;
        let check = check_digits(&bytes[..CHECK_AT]);
        bytes[CHECK_AT..].copy_from_slice(&check);
        Ok(TokenValue(bytes))
    }

    /// Recognises a token by length, alphabet, access letter and check digits. Whether it was ever issued is a question
    /// for the database; a mistyped one does not get that far.
    pub fn parse(text: &str) -> Option<TokenValue> {
        let bytes: [u8; TOKEN_LENGTH] = text.as_bytes().try_into().ok()?;
        let well_formed = bytes[..ACCESS_AT] == *PREFIX
            && matches!(bytes[ACCESS_AT], b'r' | b'w')
            && bytes[ID_AT - 1] == b'_'
            && bytes[SECRET_AT - 1] == b'_'
            && bytes[ID_AT..SECRET_AT - 1].iter().all(u8::is_ascii_alphanumeric)
            && bytes[SECRET_AT..].iter().all(u8::is_ascii_alphanumeric)
            && bytes[CHECK_AT..] == check_digits(&bytes[..CHECK_AT]);
        well_formed.then_some(TokenValue(bytes))
    }

    /// The whole secret: for the one page that shows it, and nothing else.
    pub fn expose(&self) -> &str {
        ascii(&self.0)
    }

    /// The public part that lists, logs and audit events show: 12 base62 characters.
    pub fn id(&self) -> &str {
        ascii(&self.0[ID_AT..ID_AT + ID_LENGTH])
    }

    /// The access that the letter inside the token claims. No right follows from it.
    pub fn access_letter(&self) -> Access {
        match self.0[ACCESS_AT] {
            b'w' => Access::Write,
            _ => Access::Read,
        }
    }

    /// SHA-256 of the whole token: what the database keeps in its place.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

impl fmt::Debug for TokenValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "TokenValue({})", self.id())
    }
}

/// Compares two digests in a time that does not depend on where they differ.
pub fn digests_match(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

/// What an `Authorization` header holds, as far as Muster reads it.
#[derive(Debug)]
pub enum Credentials {
    /// Empty, or of a scheme that Muster does not read: the caller has not tried.
    None,
    /// `Bearer` or `Basic` with something that cannot be a token.
    Malformed,
    /// A well-formed token, not looked up yet.
    Token(TokenValue),
}

/// Finds the token in the text of an `Authorization` header: `Bearer <token>`, or `Basic` with the token as password (or as
/// user name without a password) for clients that can do only that. The scheme may be in any case.
pub fn parse_authorization(header: &str) -> Credentials {
    let (scheme, rest) = split_scheme(header);
    let token = if scheme.eq_ignore_ascii_case("bearer") {
        TokenValue::parse(rest)
    } else if scheme.eq_ignore_ascii_case("basic") {
        let mut buffer = [0; BASIC_MAX];
        decode_basic(rest, &mut buffer).and_then(|(user, password)| {
            // Whoever reads it from a file sends the line end along.
            let given = if is_blank(password) { user } else { password };
            TokenValue::parse(given.trim_ascii())
        })
    } else {
        return Credentials::None;
    };
    token.map_or(Credentials::Malformed, Credentials::Token)
}

/// The user part of a `Basic` header, where RFC 7662 callers name their account. `None` for any other scheme, and where the
/// token stands in its place.
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

/// Longest `user:token` that is read. A user part is an account's UUID or a short name.
const BASIC_MAX: usize = 384;

/// Clients disagree on whether base64 in this header is padded.
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

/// Fills `out` with base62 digits, each as likely as any other: bytes from 248 up are thrown away, since 256 is no
/// multiple of 62.
fn fill_base62(out: &mut [u8]) -> io::Result<()> {
    let mut drawn = [0; 64];
    let mut filled = 0;
    while filled < out.len() {
        SysRng.try_fill_bytes(&mut drawn).map_err(io::Error::other)?;
        for byte in drawn.iter().filter(|byte| **byte < 248).take(out.len() - filled) {
            out[filled] = BASE62[usize::from(byte % 62)];
            filled += 1;
        }
    }
    Ok(())
}

/// CRC-32 as six base62 digits, most significant first. 62^6 is more than 2^32, so it always fits.
fn check_digits(bytes: &[u8]) -> [u8; CHECK_LENGTH] {
    let mut rest = crc32fast::hash(bytes);
    let mut digits = [b'0'; CHECK_LENGTH];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(rest % 62) as usize];
        rest /= 62;
    }
    digits
}

/// The bytes were checked to be ASCII when the value was made.
fn ascii(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// How a public id begins, where `text` is a token's value as far as one has it (`mstw_AbCd…`, which may end in an ellipsis), or
/// a public id alone. Of a whole value the secret is left out.
pub fn id_prefix(text: &str) -> Option<&str> {
    let text = text.trim().trim_end_matches(['…', '.']);
    let value = text.strip_prefix("mstr_").or_else(|| text.strip_prefix("mstw_"));
    let id = value.map_or(text, |value| value.split('_').next().unwrap_or_default());
    let is_id = (1..=ID_LENGTH).contains(&id.len()) && id.bytes().all(|byte| BASE62.contains(&byte));
    (is_id && (value.is_some() || id.len() == ID_LENGTH)).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_how_it_begins() {
        for (text, id) in [
            ("mstw_AbCd", Some("AbCd")),
            (" mstr_AbCd… ", Some("AbCd")),
            ("mstw_AbCdEfGhIjKl...", Some("AbCdEfGhIjKl")),
            ("mstw_AbCdEfGhIjKl_0123456789", Some("AbCdEfGhIjKl")),
            ("AbCdEfGhIjKl", Some("AbCdEfGhIjKl")),
            ("AbCdEfGhIjK", None),
            ("mstw_", None),
            ("mstw_AbCdEfGhIjKlM", None),
            ("mstw_Ab-d", None),
            ("mstx_AbCd", None),
            ("mstw_AbCd ci", None),
            ("日本語日", None),
        ] {
            assert_eq!(id_prefix(text), id, "{text}");
        }
    }
    use base64::engine::general_purpose;
    use proptest::prelude::*;

    /// Made outside Muster, from the description alone, so that the format cannot drift unseen.
    const KNOWN: &str = "mstw_0123456789AB_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg36dyQD";

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
    fn a_token_reads_back_as_itself() {
        for access in [Access::Read, Access::Write] {
            let token = TokenValue::generate(access).unwrap();
            assert_eq!(token.expose().len(), TOKEN_LENGTH);
            let again = TokenValue::parse(token.expose()).unwrap();
            assert_eq!(again.expose(), token.expose());
            assert_eq!(again.access_letter(), access);
            assert_eq!(again.id(), &token.expose()[5..17]);
            assert!(digests_match(&again.digest(), &token.digest()));
        }
    }

    #[test]
    fn the_format_is_the_published_one() {
        let token = TokenValue::parse(KNOWN).unwrap();
        assert_eq!(token.id(), "0123456789AB");
        assert_eq!(hex(&token.digest()), "ecc55ceb889e171bdaaa5dc54ef696755835a803b56bbd7efcb0cff401e45f25");
        let scanner = regex::Regex::new("^mst[rw]_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}$").unwrap();
        assert!(scanner.is_match(self::token().expose()));
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn debug_shows_the_id_and_not_the_secret() {
        let token = token();
        assert_eq!(format!("{token:?}"), format!("TokenValue({})", token.id()));
        let shown = format!("{:?}", Credentials::Token(token.clone()));
        assert!(!shown.contains(&token.expose()[SECRET_AT..]));
    }

    #[test]
    fn tokens_differ_and_use_every_digit() {
        let drawn: Vec<String> = (0..200).map(|_| token().expose()[SECRET_AT..CHECK_AT].to_owned()).collect();
        let all = drawn.concat();
        assert!(BASE62.iter().all(|digit| all.as_bytes().contains(digit)));
        let distinct: std::collections::HashSet<_> = drawn.iter().collect();
        assert_eq!(distinct.len(), drawn.len());
    }

    /// Without the rejection, or with a wrong limit, some digits come a fifth more often: far outside this margin, which is
    /// seven standard deviations wide.
    #[test]
    fn no_digit_is_likelier_than_another() {
        let mut drawn = vec![0; 620_000];
        fill_base62(&mut drawn).unwrap();
        for digit in BASE62 {
            let count = drawn.iter().filter(|byte| *byte == digit).count();
            assert!((9_300..=10_700).contains(&count), "{} came {count} times", char::from(*digit));
        }
    }

    /// The check digits only catch mistakes: anybody can compute them.
    #[test]
    fn right_check_digits_do_not_excuse_a_wrong_form() {
        let with_byte = |at: usize, put: u8| {
            let mut bytes = token().0;
            bytes[at] = put;
            let check = check_digits(&bytes[..CHECK_AT]);
            bytes[CHECK_AT..].copy_from_slice(&check);
            TokenValue::parse(std::str::from_utf8(&bytes).unwrap())
        };
        assert!(with_byte(ACCESS_AT, b'r').is_some());
        for (at, put) in
            [(0, b'M'), (2, b'x'), (ACCESS_AT, b'a'), (4, b'-'), (ID_AT, b'_'), (16, b'-'), (17, b'0'), (18, b'_'), (60, b'+')]
        {
            assert!(with_byte(at, put).is_none(), "byte {at}");
        }
    }

    #[test]
    fn digests_match_only_when_equal() {
        assert!(digests_match(&[1, 2], &[1, 2]));
        assert!(!digests_match(&[1, 2], &[1, 3]));
        assert!(!digests_match(&[1, 2], &[1, 2, 3]));
    }

    #[test]
    fn access_has_one_spelling() {
        for access in [Access::Read, Access::Write] {
            assert_eq!(Access::parse(access.as_str()), Some(access));
        }
        assert_eq!(Access::parse("Read"), None);
        assert_eq!(Access::Read.label(), "Read-only");
        assert_eq!(Access::Write.label(), "Read-write");
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
        fn one_changed_character_is_noticed(at in 0..TOKEN_LENGTH, put in any::<char>()) {
            let token = token();
            let mut characters: Vec<char> = token.expose().chars().collect();
            characters[at] = put;
            let changed: String = characters.into_iter().collect();
            prop_assert_eq!(TokenValue::parse(&changed).is_some(), changed == token.expose());
        }

        #[test]
        fn a_cut_or_longer_token_is_none(cut in 0..TOKEN_LENGTH, more in ".{1,5}") {
            let token = token();
            prop_assert!(TokenValue::parse(&token.expose()[..cut]).is_none());
            prop_assert!(TokenValue::parse(&token.expose()[cut + 1..]).is_none());
            let longer = format!("{}{more}", token.expose());
            prop_assert!(TokenValue::parse(&longer).is_none());
        }

        #[test]
        fn swapped_neighbours_are_noticed(at in 0..TOKEN_LENGTH - 1) {
            let token = token();
            let mut bytes = token.expose().as_bytes().to_vec();
            bytes.swap(at, at + 1);
            let changed = String::from_utf8(bytes).unwrap();
            prop_assert_eq!(TokenValue::parse(&changed).is_some(), changed == token.expose());
        }

        #[test]
        fn another_case_is_another_text(_round in 0..64) {
            let token = token();
            prop_assert!(TokenValue::parse(&token.expose().to_uppercase()).is_none());
            prop_assert!(TokenValue::parse(&token.expose().to_lowercase()).is_none());
        }

        #[test]
        fn random_text_is_no_token(text in ".*", shaped in "mst[rw]_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}") {
            prop_assert!(TokenValue::parse(&text).is_none());
            // One in 2^32 of these would be right by chance.
            prop_assert!(TokenValue::parse(&shaped).is_none());
        }

        #[test]
        fn no_header_upsets_the_reader(text in ".*", encoded in "[0-9A-Za-z+/=]{0,900}") {
            for header in [text.clone(), format!("Bearer {text}"), format!("Basic {text}"), format!("Basic {encoded}")] {
                prop_assert!(given(&header).is_none());
                let _ = basic_user(&header);
            }
        }
    }
}
