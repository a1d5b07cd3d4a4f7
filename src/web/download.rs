//! The name of a file that a browser is to save.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What may stand in `filename*` as it is (RFC 8187).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The longest part of a name that somebody chose, in characters.
const LENGTH: usize = 60;

/// `Content-Disposition` for a file of the organisation: plain for old programs, and with the organisation's name for others.
pub fn attachment(organisation: &str, name: &str, extension: &str) -> String {
    let plain: String = organisation.chars().filter(|letter| !letter.is_control() && !r#"/\:*?"<>|"#.contains(*letter)).collect();
    let plain: String = plain.trim().chars().take(LENGTH).collect();
    let full = if plain.is_empty() { format!("{name}.{extension}") } else { format!("{plain} {name}.{extension}") };
    format!("attachment; filename=\"{name}.{extension}\"; filename*=UTF-8''{}", utf8_percent_encode(&full, ENCODED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_organisation_is_called_the_header_is_whole() {
        assert_eq!(
            attachment("Åkesson \"Nord\" & Söhne", "audit-log-2026-11-24", "csv"),
            "attachment; filename=\"audit-log-2026-11-24.csv\"; \
             filename*=UTF-8''%C3%85kesson%20Nord%20%26%20S%C3%B6hne%20audit-log-2026-11-24.csv"
        );
        for name in ["a\r\nSet-Cookie: x=1", "", "///", &"Ö".repeat(300), "日本", "\u{7f}"] {
            let header = attachment(name, "users", "csv");
            assert!(header.is_ascii() && !header.contains(['\r', '\n']) && header.len() < 800, "{name:?}: {header}");
            assert!(header.starts_with("attachment; filename=\"users.csv\"; filename*=UTF-8''"), "{header}");
        }
    }
}
