//! Addresses of the web among the settings.

use actix_web::http::Uri;

/// The origin that a URL consists of, in the form that a browser sends (RFC 6454): scheme and host in lower case, no port
/// that goes without saying, no slash at the end. `None` for what is not http or https, or has a path or anything else.
pub fn origin(text: &str) -> Option<String> {
    let uri = http(text.trim_end_matches('/'))?;
    if uri.path() != "/" || uri.query().is_some() || text.contains(['#', '@']) {
        return None;
    }
    let scheme = uri.scheme_str()?;
    let usual = if scheme == "https" { 443 } else { 80 };
    let host = uri.host()?.to_ascii_lowercase();
    Some(match uri.port_u16() {
        Some(port) if port != usual => format!("{scheme}://{host}:{port}"),
        Some(_) => format!("{scheme}://{host}"),
        // A colon without a number, or with one that is too large.
        None if uri.authority()?.as_str().len() != host.len() => return None,
        None => format!("{scheme}://{host}"),
    })
}

/// An http or https URL with a host.
pub fn http(text: &str) -> Option<Uri> {
    let uri: Uri = text.parse().ok()?;
    let has_host = uri.host().is_some_and(|host| !host.is_empty());
    (has_host && matches!(uri.scheme_str(), Some("http" | "https"))).then_some(uri)
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn an_origin_has_one_form() {
        for (text, form) in [
            ("https://muster.example", "https://muster.example"),
            ("HTTPS://Muster.Example/", "https://muster.example"),
            ("https://muster.example//", "https://muster.example"),
            ("https://muster.example:443", "https://muster.example"),
            ("http://muster.example:443", "http://muster.example:443"),
            ("http://muster.example:80/", "http://muster.example"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("http://my_host:8080", "http://my_host:8080"),
        ] {
            assert_eq!(origin(text).as_deref(), Some(form), "{text}");
        }
        for wrong in [
            "",
            "null",
            "https://",
            "https:///",
            "muster.example",
            "ftp://a",
            "https://a/b",
            "https://a?b",
            "https://a#b",
            "https://u:p@a",
            "https://a:",
            "https://a:99999",
            "https://a b",
        ] {
            assert_eq!(origin(wrong), None, "{wrong}");
        }
    }
}
