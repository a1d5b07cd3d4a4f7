//! E-mail addresses: the one form in which they are compared, and the one in which they are shown.

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};
use unicode_normalization::UnicodeNormalization;

use super::fold;

/// The form in which addresses are compared, wherever that is: at creation, at sign-in, in the count of attempts. The name
/// without regard to case, the host as the DNS knows it (`xn--…`), without the dot at its end. Takes anything: what is no
/// address has a form, too, which nobody has.
pub fn key(text: &str) -> String {
    let normal: String = text.trim().nfkc().collect();
    match normal.rsplit_once('@') {
        Some((name, host)) => format!("{}@{}", fold(&visible(name)), ascii(host)),
        None => fold(&normal),
    }
}

/// As an address is shown: its host in letters and not in Punycode, and nothing in it that cannot be seen.
pub fn readable(text: &str) -> String {
    let Some((name, host)) = text.rsplit_once('@') else { return text.to_owned() };
    let bare = host.strip_suffix('.').unwrap_or(host);
    if !bare.to_ascii_lowercase().contains("xn--") {
        return format!("{}@{bare}", visible(name));
    }
    let (letters, outcome) = Uts46::new().to_unicode(bare.as_bytes(), AsciiDenyList::EMPTY, Hyphens::Allow);
    if outcome.is_ok() { format!("{}@{letters}", visible(name)) } else { format!("{}@{bare}", visible(name)) }
}

fn ascii(host: &str) -> String {
    // Permissive: an underscore or a long label is no reason to keep anybody out.
    let ascii = Uts46::new().to_ascii(host.as_bytes(), AsciiDenyList::EMPTY, Hyphens::Allow, DnsLength::Ignore);
    let ascii = ascii.map_or_else(|_| fold(host), std::borrow::Cow::into_owned);
    ascii.strip_suffix('.').unwrap_or(&ascii).to_owned()
}

/// Without the characters that copying leaves in a text and nobody sees: soft hyphens, joiners, marks of direction.
fn visible(name: &str) -> String {
    let unseen = |letter: &char| {
        matches!(letter, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
    };
    name.chars().filter(|letter| !unseen(letter)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_address_has_one_form() {
        for (form, spellings) in [
            (
                "ida.holm@example.org",
                &["Ida.Holm@Example.ORG", " IDA.HOLM@example.org ", "ida.holm@example.org.", "ida.holm＠ｅxample.org"][..],
            ),
            (
                "a@xn--bcher-kva.example",
                &[
                    "a@bücher.example",
                    "A@BÜCHER.example",
                    "a@XN--BCHER-KVA.example",
                    "a@bücher.example.",
                    "a@bu\u{308}cher。example",
                ],
            ),
            (
                "jörg@xn--mnchen-3ya.example",
                &["Jörg@MÜNCHEN.example", "jo\u{308}rg@xn--mnchen-3ya.example", "jö\u{200b}rg@münchen.example"],
            ),
            ("a@my_host.example", &["a@MY_HOST.example", "a@my_host.example."]),
            ("a@xn--weicher-3ya.example", &["a@xn--weicher-3ya.example"]),
            ("root@localhost", &["root@LOCALHOST"]),
            ("a@192.0.2.1", &["a@192.0.2.1"]),
            ("a@[::1]", &["a@[::1]"]),
        ] {
            for spelling in spellings {
                assert_eq!(key(spelling), form, "{spelling}");
            }
        }
        // A final sigma and a sharp s are letters of their own in a host.
        assert_eq!(key("a@βόλος.example"), key(&format!("a@{}", ascii("βόλος.example"))));
        assert_ne!(key("a@faß.example"), key("a@fass.example"));
    }

    #[test]
    fn an_address_is_shown_in_letters() {
        for (typed, shown) in [
            ("Ida@Example.org", "Ida@Example.org"),
            ("a@XN--BCHER-KVA.example", "a@bücher.example"),
            ("a@bücher.example.", "a@bücher.example"),
            ("a@xn--.example", "a@xn--.example"),
            ("a\u{200b}@example.org", "a@example.org"),
        ] {
            assert_eq!(readable(typed), shown);
            assert_eq!(key(&readable(typed)), key(typed));
        }
    }

    proptest! {
        #[test]
        fn a_form_is_its_own_form(text in ".*", name in "[a-zA-ZäÖß._+-]{1,8}", host in "[a-zA-ZäÖß_-]{1,8}\\.[a-z]{2,5}\\.?") {
            let address = format!("{name}@{host}");
            prop_assert_eq!(key(&key(&address)), key(&address));
            prop_assert_eq!(key(&readable(&address)), key(&address));
            let _ = (key(&text), readable(&text));
        }
    }
}
