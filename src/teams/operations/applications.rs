//! The applications of a team: names that the guarded API knows. Muster keeps them and passes them on.

use super::{event, managed};
use crate::audit::{self, verbs};
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::teams::Team;
use crate::teams::queries::applications;

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
            None
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

/// Gives a team these applications and no others. Says whether that changed anything.
pub fn set(conn: &mut DbConnection, actor: &Principal, team: &Id, names: &[String]) -> Result<(Team, bool), Error> {
    let team = managed(conn, actor, team)?;
    let after = read(names).map_err(|(_, sentence)| Error::field("applications", sentence))?;
    let before = applications::of_team(conn, &team.id)?;
    if before == after {
        return Ok((team, false));
    }
    applications::set(conn, &team.id, &after)?;
    let detail = serde_json::json!({ "before": { "applications": before }, "after": { "applications": after } });
    audit::record_alone(conn, actor, &event(verbs::TEAM_APPLICATIONS, &team.id, &team.name, detail))?;
    Ok((team, true))
}
