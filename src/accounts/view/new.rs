//! The form for a new system account.

use super::PlanUsage;
use crate::accounts::kind::Screen;
use crate::web::view::{Choice, Field, Shell, UnlistedNames};
use askama::Template;

/// The form for a new system account.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "accounts/new.html")]
pub struct NewAccountPage {
    /// The frame.
    pub shell: Shell,
    pub screen: &'static Screen,
    /// Where Cancel leads.
    pub cancel: String,
    /// The form's own identity: sent twice, it creates one account.
    pub form: String,
    /// Its name.
    pub name: Field,
    /// Its description.
    pub description: Field,
    /// All roles; CI/CD ticked and marked as the default.
    pub roles: Vec<Choice>,
    /// What is wrong with the chosen roles.
    pub roles_error: Option<String>,
    /// The first teams, and those that are ticked.
    pub teams: Vec<Choice>,
    pub other_teams: UnlistedNames,
    /// What is wrong with the chosen teams.
    pub teams_error: Option<String>,
    /// Whether a first token is made.
    pub token: bool,
    /// The first token in words: `Read-write, expires in 90 days.`
    pub token_text: String,
    /// Why no token can be made at the moment; `None` where one can.
    pub creation_stopped: Option<String>,
    /// Used and limit.
    pub plan: PlanUsage,
    /// Whether it has to be said a second time that it is to be an administrator, and what that means.
    pub asks_administrator: bool,
    pub consequence: &'static str,
    /// Why the whole was refused, such as a full plan.
    pub error: Option<String>,
}
