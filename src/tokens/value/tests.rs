use proptest::prelude::*;

use super::authorization::Credentials;
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
/// Computed independently from the published description, so that the format can't change unnoticed.
const KNOWN: &str = "mstw_0123456789AB_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg36dyQD";

fn token() -> TokenValue {
    TokenValue::generate(Access::Write).unwrap()
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

/// Without discarding bytes, some digits would come a fifth more often: far outside this margin of seven standard
/// deviations.
#[test]
fn no_digit_is_likelier_than_another() {
    let mut drawn = vec![0; 620_000];
    fill_base62(&mut drawn).unwrap();
    for digit in BASE62 {
        let count = drawn.iter().filter(|byte| *byte == digit).count();
        assert!((9_300..=10_700).contains(&count), "{} came {count} times", char::from(*digit));
    }
}

/// Check digits only catch typos: anyone can compute them.
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
        // One in 2^32 of these is valid by chance.
        prop_assert!(TokenValue::parse(&shaped).is_none());
    }
}
