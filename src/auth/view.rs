//! The pages for signing in, setting up, and the profile.

use crate::accounts::view::sessions::SessionLine;
use crate::web::view::{Contact, Field, Head, Moment, Shell};
use askama::Template;

#[derive(Clone, Debug, Default, Template)]
#[template(path = "auth/login.html")]
pub struct LoginPage {
    pub head: Head,
    /// Kept after an error.
    pub email: String,
    /// An error about both fields.
    pub error: Option<String>,
    /// A message above the form: `You have been signed out.`
    pub notice: Option<String>,
    /// Where to go after signing in; empty for the list.
    pub next: String,
}

/// Shown in place of the sign-in form while there is no user.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "auth/waiting.html")]
pub struct WaitingPage {
    pub head: Head,
}

/// Creates the first administrator.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "auth/setup.html")]
pub struct SetupPage {
    pub head: Head,
    /// The form's address.
    pub action: String,
    /// An error about the whole form.
    pub error: Option<String>,
    pub name: Field,
    pub email: Field,
    pub password: Field,
    pub password_again: Field,
    pub min_length: u32,
}

/// The profile.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "auth/profile.html")]
pub struct ProfilePage {
    pub shell: Shell,
    pub email: String,
    pub id: String,
    /// Names separated by commas; may be empty.
    pub roles: String,
    /// Names separated by commas; may be empty.
    pub teams: String,
    pub created: Moment,
    pub current: Field,
    pub password: Field,
    pub password_again: Field,
    pub min_length: u32,
    pub new_email: Field,
    /// The address that the form was first drawn with.
    pub shown_email: String,
    /// The current password, which another address takes.
    pub email_password: Field,
    /// Whether the user has no permission at all, and whom to ask for some.
    pub nothing: bool,
    pub ask: Option<Contact>,
    /// Whether the user may invite others, and sees no list that offers it.
    pub invites: bool,
    /// The current session comes first.
    pub sessions: Vec<SessionLine>,
}

impl ProfilePage {
    pub fn has_others(&self) -> bool {
        self.sessions.iter().any(|session| !session.current)
    }
}

/// The hint below the field for a new password.
pub(crate) fn password_hint(min_length: &u32) -> String {
    format!("At least {min_length} characters. A few words are easier to remember than random symbols.")
}
