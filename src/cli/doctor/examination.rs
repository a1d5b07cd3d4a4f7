//! The requests, and what their responses mean.
//!
//! A request got through if the echo contains its mark. What it carried is searched by value, not by header name, so the
//! echo can write headers in any format.

use std::time::Duration;

use super::fix::Finding;
use super::gateway::{GatewayClient, GatewayResponse};
use super::probe::ProbeAccount;
use crate::id::Id;
use crate::tokens::value::{Access, TokenValue};

/// The headers that Muster sets on an accepted call.
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

/// Every instance learns of a change within a second.
const KNOWN_EVERYWHERE: Duration = Duration::from_millis(1500);
/// The tokens are new, so a valid one is tried several times.
const TRIES: u32 = 4;
const BETWEEN: Duration = Duration::from_millis(400);

/// A request and its result.
pub struct ProbeResult {
    pub asked: String,
    pub said: String,
    pub verdict: ProbeVerdict,
}

pub enum ProbeVerdict {
    Good,
    /// Not a security problem, but worth knowing.
    Note(String),
    Found(Finding),
}

struct Examination<'a> {
    gateway: &'a GatewayClient<'a>,
    probe: &'a ProbeAccount,
    attempts: Vec<ProbeResult>,
    report: &'a mut dyn FnMut(&ProbeResult) -> Result<(), String>,
}

/// Sends all requests, and reports each result immediately. Fails if the gateway doesn't respond, there is no echo, or a
/// valid token is refused.
pub fn examine(
    gateway: &GatewayClient<'_>,
    probe: &ProbeAccount,
    report: &mut dyn FnMut(&ProbeResult) -> Result<(), String>,
) -> Result<Vec<ProbeResult>, String> {
    let mut examination = Examination { gateway, probe, attempts: Vec::new(), report };
    examination.good_token()?;
    examination.doors()?;
    examination.schemes()?;
    examination.identity()?;
    examination.two_authorizations()?;
    examination.read_only()?;
    examination.revoked()?;
    Ok(examination.attempts)
}

impl Examination<'_> {
    fn record(&mut self, asked: &str, answer: &GatewayResponse, verdict: ProbeVerdict) -> Result<(), String> {
        let status = answer.status;
        let said = match (&answer.echo, status) {
            (Some(_), _) => format!("got through ({status})"),
            (None, 400..) => format!("refused ({status})"),
            (None, _) => format!("didn't get through ({status})"),
        };
        self.write(asked, &said, verdict)
    }

    fn write(&mut self, asked: &str, said: &str, verdict: ProbeVerdict) -> Result<(), String> {
        let attempt = ProbeResult { asked: asked.into(), said: said.into(), verdict };
        (self.report)(&attempt)?;
        self.attempts.push(attempt);
        Ok(())
    }

    /// Sends a request that must not get through.
    fn must_not_pass(&mut self, asked: &str, method: &str, headers: &[(&str, &str)], finding: Finding) -> Result<(), String> {
        let answer = self.gateway.ask(method, headers)?;
        let verdict = if answer.echo.is_some() {
            ProbeVerdict::Found(finding)
        } else if answer.status >= 500 {
            ProbeVerdict::Note("It was stopped by an error of the gateway, not by a refusal.".into())
        } else {
            ProbeVerdict::Good
        };
        self.record(asked, &answer, verdict)
    }

    /// A valid token must get through, or refusals would mean nothing.
    fn good_token(&mut self) -> Result<(), String> {
        let good = bearer(&self.probe.writes);
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
        let verdict = if !answer.shows(self.probe.account.as_str()) {
            ProbeVerdict::Note("The API isn't told who is calling: it gets no Muster-Account.".into())
        } else if answer.shows(self.probe.writes.expose()) {
            ProbeVerdict::Note("The API gets the token too. Remove Authorization, unless your API needs it.".into())
        } else {
            ProbeVerdict::Good
        };
        self.record("a good token", &answer, verdict)
    }

    fn doors(&mut self) -> Result<(), String> {
        self.must_not_pass("no token", "GET", &[], Finding::OpenDoor)?;
        self.must_not_pass("no token, with POST", "POST", &[], Finding::OpenDoor)?;
        self.must_not_pass("no token, with OPTIONS", "OPTIONS", &[], Finding::OpenDoor)?;
        let forged = Forged::new();
        self.must_not_pass("no token, but forged Muster-* headers", "GET", &forged.headers(), Finding::OpenDoor)?;
        self.must_not_pass("a malformed token", "GET", &[("Authorization", "Bearer not-a-token")], Finding::OpenDoor)?;
        let wrong = format!("Bearer {}", wrong_by_one(self.probe.writes.expose()));
        self.must_not_pass("a token that is wrong by one character", "GET", &[("Authorization", &wrong)], Finding::OpenDoor)?;
        let unknown = bearer(&never_issued()?);
        self.must_not_pass("a token that was never issued", "GET", &[("Authorization", &unknown)], Finding::OpenDoor)
    }

    fn schemes(&mut self) -> Result<(), String> {
        let unknown = format!("bearer {}", never_issued()?.expose());
        self.must_not_pass("a wrong token, written bearer", "GET", &[("Authorization", &unknown)], Finding::OpenDoor)?;
        let good = format!("bearer {}", self.probe.writes.expose());
        let answer = self.gateway.ask("GET", &[("Authorization", &good)])?;
        let verdict = if answer.echo.is_some() {
            ProbeVerdict::Good
        } else {
            ProbeVerdict::Note("Clients may write the scheme in any case, and some do. They are refused.".into())
        };
        self.record("a good token, written bearer", &answer, verdict)
    }

    fn identity(&mut self) -> Result<(), String> {
        let good = bearer(&self.probe.writes);
        let forged = Forged::new();
        let mut headers = forged.headers();
        headers.push(("Authorization", &good));
        let answer = self.gateway.ask("GET", &headers)?;
        let arrived = forged.arrived(&answer);
        let asked = "a good token, and forged Muster-* headers";
        if arrived.is_empty() {
            self.write(asked, "none of them arrived", ProbeVerdict::Good)?;
        } else {
            self.write(
                asked,
                &format!("{} arrived as forged", arrived.join(", ")),
                ProbeVerdict::Found(Finding::Identity(arrived)),
            )?;
        }
        let value = Id::new();
        let asked = "a good token, and a forged Muster_Account";
        let answer = self.gateway.ask("GET", &[("Authorization", &good), ("Muster_Account", value.as_str())])?;
        if answer.shows(value.as_str()) {
            self.write(asked, "it arrived", ProbeVerdict::Found(Finding::Underscores))
        } else {
            self.write(asked, "it didn't arrive", ProbeVerdict::Good)
        }
    }

    fn two_authorizations(&mut self) -> Result<(), String> {
        let good = bearer(&self.probe.writes);
        let value = Id::new();
        let other = format!("Bearer {value}");
        for (asked, headers) in [
            ("two Authorization headers, the good one first", [("Authorization", &*good), ("Authorization", &*other)]),
            ("two Authorization headers, the good one last", [("Authorization", &*other), ("Authorization", &*good)]),
        ] {
            let answer = self.gateway.ask("GET", &headers)?;
            let verdict =
                if answer.shows(value.as_str()) { ProbeVerdict::Found(Finding::SecondAuthorization) } else { ProbeVerdict::Good };
            match (&answer.echo, &verdict) {
                (Some(_), ProbeVerdict::Good) => self.write(asked, "got through without the other one", verdict)?,
                _ => self.record(asked, &answer, verdict)?,
            }
        }
        Ok(())
    }

    fn read_only(&mut self) -> Result<(), String> {
        let reads = bearer(&self.probe.reads);
        let answer = self.gateway.ask("GET", &[("Authorization", &reads)])?;
        let passes = answer.echo.is_some();
        let verdict = if passes {
            ProbeVerdict::Good
        } else {
            ProbeVerdict::Note("All calls with read-only tokens are refused, so their POST could not be tested.".into())
        };
        self.record("a read-only token", &answer, verdict)?;
        let answer = self.gateway.ask("POST", &[("Authorization", &reads)])?;
        let open = answer.echo.is_some();
        let verdict = if open { ProbeVerdict::Found(Finding::MethodMissing) } else { ProbeVerdict::Good };
        self.record("a read-only token with POST", &answer, verdict)?;
        if open {
            // If the gateway doesn't send the method, a forged one is no separate finding.
            return Ok(());
        }
        for names in [&["X-Original-Method"][..], &["X-Forwarded-Method"], &["X-Original-Method", "X-Forwarded-Method"]] {
            let mut headers = vec![("Authorization", reads.as_str())];
            headers.extend(names.iter().map(|name| (*name, "GET")));
            let asked = format!("a read-only token with POST, and {}: GET", names.join(" and "));
            self.must_not_pass(&asked, "POST", &headers, Finding::MethodForged)?;
        }
        Ok(())
    }

    fn revoked(&mut self) -> Result<(), String> {
        let doomed = bearer(&self.probe.doomed);
        let headers = [("Authorization", doomed.as_str())];
        let answer = self.gateway.ask("GET", &headers)?;
        if answer.echo.is_none() {
            return Err(format!("A second good token was refused ({}), so revoking could not be tested.", answer.status));
        }
        self.record("a fresh token", &answer, ProbeVerdict::Good)?;
        self.probe.revoke_doomed()?;
        self.gateway.wait(KNOWN_EVERYWHERE)?;
        self.must_not_pass("the same token, revoked", "GET", &headers, Finding::Cached)
    }
}

/// Forged identity headers, each with a unique value.
struct Forged(Vec<(&'static str, String)>);

impl Forged {
    fn new() -> Self {
        Self(IDENTITY.into_iter().map(|name| (name, format!("forged-{}", Id::new()))).collect())
    }

    fn headers(&self) -> Vec<(&str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }

    fn arrived(&self, answer: &GatewayResponse) -> Vec<&'static str> {
        self.0.iter().filter(|(_, value)| answer.shows(value)).map(|(name, _)| *name).collect()
    }
}

fn bearer(value: &TokenValue) -> String {
    format!("Bearer {}", value.expose())
}

fn never_issued() -> Result<TokenValue, String> {
    TokenValue::generate(Access::Write).map_err(|error| format!("The operating system gave no random numbers: {error}."))
}

/// Changes one character in the middle of the token's secret.
fn wrong_by_one(token: &str) -> String {
    let middle = token.len() / 2;
    let other = |letter: char| if letter == 'x' { 'y' } else { 'x' };
    token.char_indices().map(|(at, letter)| if at == middle { other(letter) } else { letter }).collect()
}

/// Why the tests can't start.
fn no_start(status: u16) -> String {
    let why = match status {
        200..=299 => "The answer doesn't show the request's headers. Is this the echo path, and does it answer with all of them?",
        300..=399 => "It redirects. Use the address that clients use, and a path that doesn't redirect.",
        401 => {
            "The gateway refused a good token. Does it pass Authorization on to /auth/verify, and does that Muster use this \
             database (--database-url)?"
        }
        403 => "The token lacks a permission. Name the roles that the path requires with --role.",
        404 => "There is nothing at the echo path.",
        _ => "The gateway, Muster or the echo is not working.",
    };
    format!("A good token didn't get through ({status}). {why}")
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
