//! What is asked, and what an answer means.
//!
//! A request has got through when the echo shows its mark. What it brought along is then looked for by its value and not by
//! the name of a header: so it does not matter how the echo writes headers down.

use std::time::Duration;

use super::gateway::{Answer, Gateway};
use super::patient::Patient;
use super::remedy::Hole;
use crate::id::Id;
use crate::tokens::value::{Access, TokenValue};

/// What Muster says of an accepted call.
pub const IDENTITY: [&str; 9] = [
    "Muster-Account",
    "Muster-Account-Name",
    "Muster-Account-Type",
    "Muster-Roles",
    "Muster-Teams",
    "Muster-Permissions",
    "Muster-Token",
    "Muster-Access",
    "Muster-Token-Expires",
];

/// A change is known to every instance after a second at the latest.
const KNOWN_EVERYWHERE: Duration = Duration::from_millis(1500);
/// How often, and how far apart, a good token is tried at first: the tokens are new.
const TRIES: u32 = 4;
const BETWEEN: Duration = Duration::from_millis(400);

/// One question with its answer.
pub struct Finding {
    /// What was sent.
    pub asked: String,
    /// What came of it.
    pub said: String,
    /// What that means.
    pub verdict: Verdict,
}

/// What an answer means.
pub enum Verdict {
    /// As it should be.
    Good,
    /// Nothing that anybody could abuse, but something to know.
    Remark(String),
    /// Something got through.
    Hole(Hole),
}

struct Examination<'a> {
    gateway: &'a Gateway<'a>,
    patient: &'a Patient,
    found: Vec<Finding>,
    report: &'a mut dyn FnMut(&Finding) -> Result<(), String>,
}

/// Asks everything. Each finding is reported as soon as it is there.
///
/// # Errors
/// A sentence: the gateway does not answer, the echo is none, or a good token is refused.
pub fn examine(
    gateway: &Gateway<'_>,
    patient: &Patient,
    report: &mut dyn FnMut(&Finding) -> Result<(), String>,
) -> Result<Vec<Finding>, String> {
    let mut examination = Examination { gateway, patient, found: Vec::new(), report };
    examination.good_token()?;
    examination.doors()?;
    examination.schemes()?;
    examination.identity()?;
    examination.two_authorizations()?;
    examination.read_only()?;
    examination.revoked()?;
    Ok(examination.found)
}

impl Examination<'_> {
    fn note(&mut self, asked: &str, answer: &Answer, verdict: Verdict) -> Result<(), String> {
        let status = answer.status;
        let said = match (&answer.echo, status) {
            (Some(_), _) => format!("got through ({status})"),
            (None, 400..) => format!("refused ({status})"),
            (None, _) => format!("did not get through ({status})"),
        };
        self.write(asked, &said, verdict)
    }

    fn write(&mut self, asked: &str, said: &str, verdict: Verdict) -> Result<(), String> {
        let finding = Finding { asked: asked.into(), said: said.into(), verdict };
        (self.report)(&finding)?;
        self.found.push(finding);
        Ok(())
    }

    /// Asks what must not get through.
    fn must_not_pass(&mut self, asked: &str, method: &str, headers: &[(&str, &str)], hole: Hole) -> Result<(), String> {
        let answer = self.gateway.ask(method, headers)?;
        let verdict = if answer.echo.is_some() {
            Verdict::Hole(hole)
        } else if answer.status >= 500 {
            Verdict::Remark("An error of the gateway's kept it out, not a refusal.".into())
        } else {
            Verdict::Good
        };
        self.note(asked, &answer, verdict)
    }

    /// Without this nothing that is refused later would mean anything.
    fn good_token(&mut self) -> Result<(), String> {
        let good = bearer(&self.patient.writes);
        let mut answer = self.gateway.ask("GET", &[("Authorization", &good)])?;
        for _ in 1..TRIES {
            if answer.echo.is_some() {
                break;
            }
            self.gateway.wait(BETWEEN)?;
            answer = self.gateway.ask("GET", &[("Authorization", &good)])?;
        }
        if answer.echo.is_none() {
            return Err(no_start(answer.status));
        }
        let verdict = if !answer.shows(self.patient.account.as_str()) {
            Verdict::Remark("What stands behind the gateway is not told whose call it is: it gets no Muster-Account.".into())
        } else if answer.shows(self.patient.writes.expose()) {
            Verdict::Remark(
                "What stands behind the gateway gets the token too. Take Authorization out there, unless it is needed.".into(),
            )
        } else {
            Verdict::Good
        };
        self.note("a good token", &answer, verdict)
    }

    fn doors(&mut self) -> Result<(), String> {
        self.must_not_pass("no token", "GET", &[], Hole::OpenDoor)?;
        self.must_not_pass("no token, with POST", "POST", &[], Hole::OpenDoor)?;
        self.must_not_pass("no token, with OPTIONS", "OPTIONS", &[], Hole::OpenDoor)?;
        let forged = Forged::new();
        self.must_not_pass("no token, but forged Muster-* headers", "GET", &forged.headers(), Hole::OpenDoor)?;
        self.must_not_pass("a malformed token", "GET", &[("Authorization", "Bearer not-a-token")], Hole::OpenDoor)?;
        let wrong = format!("Bearer {}", wrong_by_one(self.patient.writes.expose()));
        self.must_not_pass("a token that is wrong by one character", "GET", &[("Authorization", &wrong)], Hole::OpenDoor)?;
        let unknown = bearer(&never_issued()?);
        self.must_not_pass("a token that was never issued", "GET", &[("Authorization", &unknown)], Hole::OpenDoor)
    }

    fn schemes(&mut self) -> Result<(), String> {
        let unknown = format!("bearer {}", never_issued()?.expose());
        self.must_not_pass("a wrong token, written bearer", "GET", &[("Authorization", &unknown)], Hole::OpenDoor)?;
        let good = format!("bearer {}", self.patient.writes.expose());
        let answer = self.gateway.ask("GET", &[("Authorization", &good)])?;
        let verdict = if answer.echo.is_some() {
            Verdict::Good
        } else {
            Verdict::Remark("The scheme may be written in any case, and some clients do: they are kept out.".into())
        };
        self.note("a good token, written bearer", &answer, verdict)
    }

    fn identity(&mut self) -> Result<(), String> {
        let good = bearer(&self.patient.writes);
        let forged = Forged::new();
        let mut headers = forged.headers();
        headers.push(("Authorization", &good));
        let answer = self.gateway.ask("GET", &headers)?;
        let arrived = forged.arrived(&answer);
        let asked = "a good token, and forged Muster-* headers";
        if arrived.is_empty() {
            self.write(asked, "none of them arrived", Verdict::Good)?;
        } else {
            self.write(asked, &format!("{} arrived as forged", arrived.join(", ")), Verdict::Hole(Hole::Identity(arrived)))?;
        }
        let value = Id::new();
        let asked = "a good token, and a forged Muster_Account";
        let answer = self.gateway.ask("GET", &[("Authorization", &good), ("Muster_Account", value.as_str())])?;
        if answer.shows(value.as_str()) {
            self.write(asked, "it arrived", Verdict::Hole(Hole::Underscores))
        } else {
            self.write(asked, "it did not arrive", Verdict::Good)
        }
    }

    fn two_authorizations(&mut self) -> Result<(), String> {
        let good = bearer(&self.patient.writes);
        let value = Id::new();
        let other = format!("Bearer {value}");
        for (asked, headers) in [
            ("two Authorization headers, the good one first", [("Authorization", &*good), ("Authorization", &*other)]),
            ("two Authorization headers, the good one last", [("Authorization", &*other), ("Authorization", &*good)]),
        ] {
            let answer = self.gateway.ask("GET", &headers)?;
            let verdict = if answer.shows(value.as_str()) { Verdict::Hole(Hole::SecondAuthorization) } else { Verdict::Good };
            match (&answer.echo, &verdict) {
                (Some(_), Verdict::Good) => self.write(asked, "got through without the other one", verdict)?,
                _ => self.note(asked, &answer, verdict)?,
            }
        }
        Ok(())
    }

    fn read_only(&mut self) -> Result<(), String> {
        let reads = bearer(&self.patient.reads);
        let answer = self.gateway.ask("GET", &[("Authorization", &reads)])?;
        let passes = answer.echo.is_some();
        let verdict = if passes {
            Verdict::Good
        } else {
            Verdict::Remark("Read-only tokens are kept out altogether, so nothing can be said of their POST.".into())
        };
        self.note("a read-only token", &answer, verdict)?;
        let answer = self.gateway.ask("POST", &[("Authorization", &reads)])?;
        let open = answer.echo.is_some();
        let verdict = if open { Verdict::Hole(Hole::MethodUntold) } else { Verdict::Good };
        self.note("a read-only token with POST", &answer, verdict)?;
        if open {
            // Where the method is not told, forging it is no hole of its own.
            return Ok(());
        }
        for names in [&["X-Original-Method"][..], &["X-Forwarded-Method"], &["X-Original-Method", "X-Forwarded-Method"]] {
            let mut headers = vec![("Authorization", reads.as_str())];
            headers.extend(names.iter().map(|name| (*name, "GET")));
            let asked = format!("a read-only token with POST, and {}: GET", names.join(" and "));
            self.must_not_pass(&asked, "POST", &headers, Hole::MethodForged)?;
        }
        Ok(())
    }

    fn revoked(&mut self) -> Result<(), String> {
        let doomed = bearer(&self.patient.doomed);
        let headers = [("Authorization", doomed.as_str())];
        let answer = self.gateway.ask("GET", &headers)?;
        if answer.echo.is_none() {
            return Err(format!("A second good token was refused ({}): nothing can be said of revoking.", answer.status));
        }
        self.note("a fresh token", &answer, Verdict::Good)?;
        self.patient.revoke_doomed()?;
        self.gateway.wait(KNOWN_EVERYWHERE)?;
        self.must_not_pass("the same token, revoked", "GET", &headers, Hole::Remembered)
    }
}

/// Forged identity headers, each with a value that nothing else has.
struct Forged(Vec<(&'static str, String)>);

impl Forged {
    fn new() -> Self {
        Self(IDENTITY.into_iter().map(|name| (name, format!("forged-{}", Id::new()))).collect())
    }

    fn headers(&self) -> Vec<(&str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }

    fn arrived(&self, answer: &Answer) -> Vec<&'static str> {
        self.0.iter().filter(|(_, value)| answer.shows(value)).map(|(name, _)| *name).collect()
    }
}

fn bearer(value: &TokenValue) -> String {
    format!("Bearer {}", value.expose())
}

fn never_issued() -> Result<TokenValue, String> {
    TokenValue::generate(Access::Write).map_err(|error| format!("There is no randomness to be had: {error}."))
}

/// The token with another character in the middle of its secret.
fn wrong_by_one(token: &str) -> String {
    let middle = token.len() / 2;
    let other = |letter: char| if letter == 'x' { 'y' } else { 'x' };
    token.char_indices().map(|(at, letter)| if at == middle { other(letter) } else { letter }).collect()
}

/// Why there is nothing to examine.
fn no_start(status: u16) -> String {
    let why = match status {
        200..=299 => {
            "The answer does not show the request's headers: is this the echo path, and does it answer with all of them?"
        }
        300..=399 => "It leads elsewhere: give the address that clients use, and a path that does not redirect.",
        401 => {
            "The gateway refused a good token: does it pass on Authorization to Muster's /auth/verify, and does that Muster \
             have this database (--database-url)?"
        }
        403 => "The token may not do this: give the roles that the path requires, with --role.",
        404 => "There is nothing at the echo path.",
        _ => "The gateway, Muster or the echo is out of order.",
    };
    format!("A good token did not get through ({status}). {why}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_character_makes_a_token_wrong() {
        let good = TokenValue::generate(Access::Read).unwrap();
        let wrong = wrong_by_one(good.expose());
        assert_eq!(wrong.bytes().zip(good.expose().bytes()).filter(|(one, other)| one != other).count(), 1);
        assert!(TokenValue::parse(&wrong).is_none());
    }
}
