//! What is typed about people, and what is kept of an invitation. No SQL, no HTTP.

use chrono::NaiveDateTime;

use crate::accounts::model::{AccountName, Email, NAME_LIMIT};
use crate::id::Id;
use crate::text::email;

/// Somebody to invite. Whose name is not given is asked for it when they set their password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitee {
    pub name: Option<AccountName>,
    pub email: Email,
}

impl Invitee {
    /// The name that stands in lists: of somebody without one, the address.
    pub fn shown(&self) -> Result<AccountName, String> {
        let from_address = || AccountName::parse(&self.email.as_str().chars().take(NAME_LIMIT).collect::<String>());
        self.name.clone().map_or_else(from_address, Ok)
    }
}

const ONE_EACH: &str = "One address per line.";

/// Reads a line of a list that somebody pasted: an address, or `Name <address>`. What Outlook leaves at the end of a line is
/// left out.
pub fn line(text: &str) -> Result<Invitee, String> {
    let text = text.trim_matches(|letter: char| letter.is_whitespace() || matches!(letter, ',' | ';'));
    let Some((name, address)) = text.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) else {
        return match text.matches('@').count() {
            // Without anything between them these are not two addresses.
            _ if !text.contains('@') || !text.contains(|letter: char| letter.is_whitespace() || ",;".contains(letter)) => {
                bare(text)
            }
            1 => Err("Put the address in angle brackets: Ida Holm <ida@example.org>.".to_owned()),
            _ => Err(ONE_EACH.to_owned()),
        };
    };
    let person = bare(address)?;
    let name = unquoted(name.trim());
    // Some programs write the address in place of a name.
    if name.is_empty() || email::key(&name) == person.email.key() {
        return Ok(person);
    }
    if name.contains('@') {
        return Err(ONE_EACH.to_owned());
    }
    Ok(Invitee { name: Some(AccountName::parse(&name)?), ..person })
}

fn bare(address: &str) -> Result<Invitee, String> {
    Ok(Invitee { name: None, email: Email::parse(address)? })
}

/// `"Holm, Ida"` without its quotation marks.
fn unquoted(name: &str) -> String {
    let inside = |mark: char| name.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark));
    match inside('"').or_else(|| inside('\'')) {
        Some(inside) => inside.replace("\\\"", "\"").replace("\\\\", "\\"),
        None => name.to_owned(),
    }
}

/// A pending invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    pub account: Id,
    /// Whether the inviter gave a name.
    pub named: bool,
    /// The account that invited; none for the command line.
    pub by: Option<Id>,
    pub by_name: String,
    pub expires_at: NaiveDateTime,
    /// Whether its link has been ended before its time: by disabling, say.
    pub ended: bool,
}

/// How a pending invitation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationState {
    /// The link works.
    Open,
    Expired,
    /// Disabling the user has ended the link.
    Ended,
    /// Whoever invited can't any more, or does not have all that it gives.
    Unbacked,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(String, String), String> {
        line(text).map(|person| (person.name.map_or_else(String::new, |name| name.as_str().into()), person.email.as_str().into()))
    }

    #[test]
    fn a_line_is_one_person() {
        for (text, name, email) in [
            ("ida@example.org", "", "ida@example.org"),
            ("Ida Holm <ida@example.org>", "Ida Holm", "ida@example.org"),
            ("\"Holm, Ida\" <ida@example.org>", "Holm, Ida", "ida@example.org"),
            ("\"Ida \\\"I\\\" Holm\" <ida@example.org>", "Ida \"I\" Holm", "ida@example.org"),
            ("'Ida Holm' <ida@example.org>", "Ida Holm", "ida@example.org"),
            ("<ida@example.org>;", "", "ida@example.org"),
            ("  Ida Holm\t<ida@example.org> ,; ", "Ida Holm", "ida@example.org"),
            ("ida@example.org,", "", "ida@example.org"),
            ("Ida <3 <ida@example.org>", "Ida <3", "ida@example.org"),
            ("ida@example.org <Ida@Example.ORG>", "", "Ida@Example.ORG"),
            ("\"ida@example.org\" <ida@example.org>", "", "ida@example.org"),
            ("Zoë Ångström<zoë@bücher.example>", "Zoë Ångström", "zoë@bücher.example"),
        ] {
            assert_eq!(read(text), Ok((name.to_owned(), email.to_owned())), "{text}");
        }
    }

    #[test]
    fn what_is_no_person_is_told_apart() {
        for (text, why) in [
            ("ida@example.org bo@example.org", ONE_EACH),
            ("ida@example.org, bo@example.org", ONE_EACH),
            ("Ida <ida@example.org>, Bo <bo@example.org>", ONE_EACH),
            ("ida@example.org <bo@example.org>", ONE_EACH),
            ("\"ida@example.org\" <bo@example.org>", ONE_EACH),
            ("Ida Holm ida@example.org", "angle brackets"),
            ("Ida Holm", "valid e-mail address"),
            ("ida@", "valid e-mail address"),
            ("bob@@x", "valid e-mail address"),
            ("bob@x@y.example", "valid e-mail address"),
            ("ida@example.org;bo@example.org", ONE_EACH),
            ("<>", "valid e-mail address"),
            ("Ida <ida@example.org", "angle brackets"),
            ("a@b <c@d@e>", "valid e-mail address"),
            ("I\0da <ida@example.org>", "control characters"),
        ] {
            let told = read(text).unwrap_err();
            assert!(told.contains(why), "{text:?}: {told}");
        }
        let long = format!("{} <ida@example.org>", "x".repeat(81));
        assert!(read(&long).unwrap_err().contains("80"));
    }

    #[test]
    fn somebody_without_a_name_is_shown_by_the_address() {
        assert_eq!(line("ida@example.org").unwrap().shown().unwrap().as_str(), "ida@example.org");
        let long = format!("{}@example.org", "x".repeat(100));
        assert_eq!(line(&long).unwrap().shown().unwrap().as_str().chars().count(), 80);
    }
}
