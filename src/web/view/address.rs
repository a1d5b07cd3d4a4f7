//! The address of a page with its query.

use std::fmt::Write as _;

/// A page's address with its query, parameters in the given order, empty ones left out.
pub fn address(path: &str, query: &[(&str, String)]) -> String {
    let mut url = path.to_owned();
    for (name, value) in query.iter().filter(|(_, value)| !value.is_empty()) {
        url.push(if url.len() == path.len() { '?' } else { '&' });
        let value = percent_encoding::utf8_percent_encode(value, QUERY);
        // Writing to a string cannot fail
        let _ = write!(url, "{name}={value}");
    }
    url
}

const QUERY: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leaves_out_what_is_empty_and_escapes_the_rest() {
        assert_eq!(address("/a", &[]), "/a");
        assert_eq!(
            address("/a", &[("q", String::new()), ("role", "x&y=ü".into()), ("page", "2".into())]),
            "/a?role=x%26y%3D%C3%BC&page=2"
        );
    }
}
