//! URLs in settings. Everything before the host of a database URL is secret: no error repeats it.

use std::ffi::OsStr;
use std::fmt;
use std::str::FromStr;

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use percent_encoding::percent_decode_str;
use url::Url;

/// The database. Its `Debug` hides the password.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// The path of an SQLite file, which is created if it doesn't exist.
    Sqlite(String),
    /// A `postgres://` URL, which is secret.
    Postgres(String),
}

const EXPECTED: &str = "The database URL (--database-url, DATABASE_URL) must be sqlite:PATH, a path that ends in .db, or a \
                        postgres:// URL.";
const IN_MEMORY: &str = "The database URL names an SQLite database in memory, which connections cannot share: name a file.";
/// For everything that libpq would misread and then repeat in its own error.
const ENCODE: &str = "The database URL cannot be read. Percent-encode the password: characters such as % @ : / ? # [ ] and \
                      spaces are written %25 %40 %3A %2F %3F %23 %5B %5D %20.";
const PORT: &str = "The database URL cannot be read: the port after the host must be a number from 1 to 65535. If the password \
                    has a / ? # or @, percent-encode the password.";

impl FromStr for DatabaseUrl {
    type Err = String;

    /// Parses `sqlite:path`, `sqlite://path`, a path that ends in `.db`, or a `postgres://` or `postgresql://` URL.
    fn from_str(text: &str) -> Result<DatabaseUrl, String> {
        if let Some(rest) = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://")) {
            check_postgres(rest)?;
            return Ok(DatabaseUrl::Postgres(text.to_owned()));
        }
        let path = match text.strip_prefix("sqlite:") {
            Some(path) => path.strip_prefix("//").unwrap_or(path),
            None if text.ends_with(".db") && !text.contains("://") => text,
            None => return Err(EXPECTED.to_owned()),
        };
        match path {
            "" => Err(EXPECTED.to_owned()),
            path if path.contains(":memory:") => Err(IN_MEMORY.to_owned()),
            path => Ok(DatabaseUrl::Sqlite(path.to_owned())),
        }
    }
}

/// Parses a database URL on the command line. Clap's own error would repeat the value, with its password.
#[derive(Clone, Debug)]
pub struct DatabaseUrlParser;

impl TypedValueParser for DatabaseUrlParser {
    type Value = DatabaseUrl;

    fn parse_ref(&self, command: &clap::Command, _: Option<&clap::Arg>, value: &OsStr) -> Result<DatabaseUrl, clap::Error> {
        let refused = |sentence| command.clone().error(ErrorKind::ValueValidation, sentence);
        value.to_str().unwrap_or_default().parse().map_err(refused)
    }
}

/// Refuses what libpq can't parse, or would parse differently than intended.
fn check_postgres(rest: &str) -> Result<(), &'static str> {
    let (authority, after) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    // A second @, or one after a slash, is part of a password that isn't percent-encoded.
    if rest.matches('@').count() > 1 || after.contains('@') || after.starts_with('#') {
        return Err(ENCODE);
    }
    let is_plain = |letter: char| !letter.is_control() && !letter.is_whitespace();
    if !rest.chars().all(is_plain) || !is_percent_encoded(rest) {
        return Err(ENCODE);
    }
    let (user, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
    if user.contains(['[', ']']) || user.matches(':').count() > 1 {
        return Err(ENCODE);
    }
    if hosts.split(',').all(has_good_port) { Ok(()) } else { Err(PORT) }
}

fn is_percent_encoded(text: &str) -> bool {
    let is_hex = |pair: Option<&str>| pair.is_some_and(|pair| pair != "00" && pair.bytes().all(|byte| byte.is_ascii_hexdigit()));
    text.split('%').skip(1).all(|after| is_hex(after.get(..2)))
}

fn has_good_port(host: &str) -> bool {
    let after = match host.strip_prefix('[') {
        Some(address) => match address.split_once(']') {
            Some((address, after)) if !address.is_empty() => after,
            _ => return false,
        },
        None => host.find(':').map_or("", |at| &host[at..]),
    };
    match after.strip_prefix(':') {
        None => after.is_empty(),
        Some("") => true,
        Some(port) => port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0),
    }
}

impl DatabaseUrl {
    /// Removes this URL's user and password from a driver's message.
    pub fn redact(&self, words: &str) -> String {
        let DatabaseUrl::Postgres(url) = self else { return words.to_owned() };
        let Some((_, rest)) = url.split_once("://") else { return words.to_owned() };
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let (user, password) = rest.split_once('@').map_or(("", ""), |(user, _)| user.split_once(':').unwrap_or((user, "")));
        let query = rest.split_once('?').map_or("", |(_, query)| query);
        let in_query = query.split('&').filter_map(|pair| pair.split_once('='));
        let mut text = words.replace(url.as_str(), "…");
        let passwords = in_query.filter(|(name, _)| name.contains("password")).map(|(_, value)| value).chain([password]);
        for secret in passwords.filter(|secret| !secret.is_empty()) {
            text = text.replace(secret, "…").replace(&decoded(secret), "…");
        }
        // A short name may be part of any word, so only where it is quoted.
        text.replace(&format!("\"{}\"", decoded(user)), "\"…\"")
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DatabaseUrl::Sqlite(path) => write!(formatter, "Sqlite({path:?})"),
            DatabaseUrl::Postgres(_) => formatter.write_str("Postgres(…)"),
        }
    }
}

/// The origin of a URL that has nothing else, as browsers send it (RFC 6454): scheme and host in lower case, no default
/// port, no slash at the end. `None` if it isn't http or https, or has a path or anything else.
pub fn origin(text: &str) -> Option<String> {
    let url = http(text)?;
    let is_bare = url.path().bytes().all(|byte| byte == b'/') && url.query().is_none() && url.fragment().is_none();
    let is_plain = !text.contains('@') && !text.trim_end_matches('/').ends_with(':');
    (is_bare && is_plain).then(|| url.origin().ascii_serialization())
}

/// Parses an http or https URL with a host. Stricter than the parser, which also accepts `https:host` and `https:\\host`.
pub fn http(text: &str) -> Option<Url> {
    let (scheme, rest) = text.split_once("://")?;
    let is_http = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let is_plain = !rest.starts_with(['/', '\\']) && !text.contains(|letter: char| letter.is_control() || letter == ' ');
    if is_http && is_plain { Url::parse(text).ok().filter(Url::has_host) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn database_urls_are_read() {
        for (text, path) in [
            ("sqlite:muster.db", "muster.db"),
            ("sqlite://data/muster.db", "data/muster.db"),
            ("sqlite:///var/muster", "/var/muster"),
            ("/var/muster.db", "/var/muster.db"),
        ] {
            assert_eq!(text.parse(), Ok(DatabaseUrl::Sqlite(path.to_owned())));
        }
        for text in [
            "postgres://u:secret@h/d",
            "postgresql://h/d",
            "postgres://u:se%25kret%40@h:5432/d?sslmode=require",
            "postgres://u@h1:5432,h2:5433/d",
            "postgres://u@[::1]:5432/d",
            "postgres:///d?host=/var/run/postgresql",
            "postgres://%2Fvar%2Frun/d",
        ] {
            let url: DatabaseUrl = text.parse().unwrap();
            assert_eq!(url, DatabaseUrl::Postgres(text.to_owned()));
            assert!(!format!("{url:?}").contains("secret"));
        }
        for text in ["", "sqlite:", "sqlite://", "sqlite::memory:", "mysql://u:secret@h/d", "mysql://h/d.db", "muster"] {
            let refused = text.parse::<DatabaseUrl>().unwrap_err();
            assert!(refused.contains("database URL") && !refused.contains("secret"), "{text}");
        }
    }

    #[test]
    fn a_password_that_is_not_encoded_is_not_repeated() {
        for password in
            ["se%kret", "se%zzkret", "se%00kret", "se@kret", "se/kret", "se?kret", "se#kret", "se:kret", "se[kret", "se kret"]
        {
            let refused = format!("postgres://u:{password}@h/x").parse::<DatabaseUrl>().unwrap_err();
            assert!(refused.contains("ercent-encode the password"), "{password}: {refused}");
            assert!(!refused.contains("kret") && !refused.contains("u:"), "{password}: {refused}");
        }
        for rest in ["h:kret/x", "h:99999/x", "[::1/x", "u:kret", "h/x?password=se%kret"] {
            let refused = format!("postgres://{rest}").parse::<DatabaseUrl>().unwrap_err();
            assert!(!refused.contains("kret"), "{rest}: {refused}");
        }
    }

    #[test]
    fn a_drivers_words_lose_user_and_password() {
        let url: DatabaseUrl = "postgres://maya:s3cret%21@db/x?sslpassword=k3y".parse().unwrap();
        let words =
            "connection to \"postgres://maya:s3cret%21@db/x?sslpassword=k3y\" failed for user \"maya\": s3cret! s3cret%21 k3y";
        assert_eq!(url.redact(words), "connection to \"…\" failed for user \"…\": … … …");
    }

    #[test]
    fn an_origin_has_one_form() {
        for (text, form) in [
            ("https://muster.example", "https://muster.example"),
            ("HTTPS://Muster.Example/", "https://muster.example"),
            ("https://muster.example//", "https://muster.example"),
            ("https://muster.example:443", "https://muster.example"),
            ("http://muster.example:443", "http://muster.example:443"),
            ("Http://muster.example:80/", "http://muster.example"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("http://my_host:8080", "http://my_host:8080"),
            ("https://müster.example", "https://xn--mster-kva.example"),
        ] {
            assert_eq!(origin(text).as_deref(), Some(form), "{text}");
        }
        for wrong in [
            "",
            "null",
            "https://",
            "https:///",
            "https:a",
            "https:/a",
            "https:\\\\a",
            "muster.example",
            "ftp://a",
            "https://a/b",
            "https://a//b",
            "https://a?b",
            "https://a?",
            "https://a#b",
            "https://a#",
            "https://u:p@a",
            "https://@a",
            "https://a:",
            "https://a:99999",
            "https://a b",
            " https://a",
        ] {
            assert_eq!(origin(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_text_upsets_the_readers(text in ".*", password in "[^/]{4,20}") {
            let _ = text.parse::<DatabaseUrl>();
            if let Some(url) = origin(&text) {
                prop_assert_eq!(origin(&url), Some(url.clone()));
            }
            if let Err(refused) = format!("postgres://{password}@h/x").parse::<DatabaseUrl>() {
                prop_assert!(!refused.contains(&password));
            }
        }
    }
}
