//! The applications of a team: names that the guarded API knows. Muster keeps them and passes them on.

use super::{MANAGE, event, managed};
use crate::audit::{self, verbs};
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::teams::Team;
use crate::teams::queries::applications;
use crate::text::secrets;

/// Of one team, at most.
const MOST: usize = 1_000;
/// Characters of a name, at most.
const LONGEST: usize = 200;

/// The names in order, each once; or the first that cannot be one, with a sentence.
pub fn read(names: &[String]) -> Result<Vec<String>, (usize, &'static str)> {
    let fault = |name: &String| {
        if name.trim().is_empty() {
            Some("Enter a name.")
        } else if name.chars().any(char::is_control) {
            Some("Line breaks and other control characters are not allowed.")
        } else if name.chars().count() > LONGEST {
            Some("At most 200 characters.")
        } else {
            secrets::holds_none(name).err()
        }
    };
    if let Some(wrong) = names.iter().enumerate().find_map(|(at, name)| Some((at, fault(name)?))) {
        return Err(wrong);
    }
    let mut read = names.to_vec();
    read.sort_unstable();
    read.dedup();
    if read.len() > MOST { Err((MOST, "A team has at most 1,000 applications.")) } else { Ok(read) }
}

/// What came of setting the applications of a team.
#[derive(Debug, Clone)]
pub struct ApplicationsChange {
    pub team: Team,
    pub changed: bool,
    /// Whether others have changed them since the form was drawn, which stays so.
    pub kept: bool,
}

/// Gives a team these applications and no others; where a form says what it was drawn with (`shown`), what others have added or
/// removed since stays so.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Invalid` (field `applications`).
pub fn set(
    conn: &mut DbConnection,
    actor: &Principal,
    team: &Id,
    (names, shown): (&[String], Option<&[String]>),
) -> Result<ApplicationsChange, Error> {
    let team = managed(conn, actor, team)?;
    let fault = |(_, sentence): (usize, &'static str)| Error::field("applications", sentence);
    let typed = read(names).map_err(fault)?;
    let before = applications::of_team(conn, &team.id)?;
    let shown = shown.unwrap_or(&before);
    let (has, had) = (|name: &String| typed.contains(name), |name: &String| shown.contains(name));
    let others = before.iter().filter(|name| has(name) || !had(name));
    let own = typed.iter().filter(|name| before.contains(name) || !had(name));
    let after = read(&others.chain(own).cloned().collect::<Vec<_>>()).map_err(fault)?;
    let kept = shown.len() != before.len() || before.iter().any(|name| !had(name));
    if before == after {
        return Ok(ApplicationsChange { team, changed: false, kept });
    }
    // A team's administrators name it and choose its members, and nothing beyond.
    actor.require(MANAGE, "Only those who manage all teams can change a team's applications.")?;
    applications::set(conn, &team.id, &after)?;
    let detail = serde_json::json!({ "before": { "applications": before }, "after": { "applications": after } });
    audit::record_alone(conn, actor, &event(verbs::TEAM_APPLICATIONS, &team.id, &team.name, detail))?;
    Ok(ApplicationsChange { team, changed: true, kept })
}
