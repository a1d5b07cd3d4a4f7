//! The pages of signing in, setting up, and one's own account.

use crate::web::view::{Field, Head, Moment, Shell};
use askama::Template;

/// Sign in.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "auth/login.html")]
pub struct LoginPage {
    /// Style sheet, script and theme.
    pub head: Head,
    /// The e-mail address, kept after an error.
    pub email: String,
    /// Why signing in did not work, both fields concerned.
    pub error: Option<String>,
    /// What the visitor should know first: `You have been signed out.`
    pub notice: Option<String>,
    /// Where to go afterwards; empty for the list.
    pub next: String,
}

/// In place of the sign-in form, while there is nobody who could sign in.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "auth/waiting.html")]
pub struct WaitingPage {
    /// Style sheet, script and theme.
    pub head: Head,
}

/// The first administrator.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "auth/setup.html")]
pub struct SetupPage {
    /// Style sheet, script and theme.
    pub head: Head,
    /// Where the form posts to: `/setup/{key}`.
    pub action: String,
    /// Name.
    pub name: Field,
    /// E-mail address.
    pub email: Field,
    /// The password; its value stays empty.
    pub password: Field,
    /// The password once more; its value stays empty.
    pub password_again: Field,
    /// The fewest characters of a password.
    pub min_length: u32,
}

/// A new user's password.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "auth/set_password.html")]
pub struct SetPasswordPage {
    /// Style sheet, script and theme.
    pub head: Head,
    /// Where the form posts to: `/set-password/{key}`.
    pub action: String,
    /// The user's name.
    pub name: String,
    /// The user's e-mail address.
    pub email: String,
    /// The password; its value stays empty.
    pub password: Field,
    /// The password once more; its value stays empty.
    pub password_again: Field,
    /// The fewest characters of a password.
    pub min_length: u32,
}

/// One's own page.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "auth/profile.html")]
pub struct ProfilePage {
    /// The frame.
    pub shell: Shell,
    /// E-mail address.
    pub email: String,
    /// UUID.
    pub id: String,
    /// Names of roles in a line; may be empty.
    pub roles: String,
    /// Names of teams in a line; may be empty.
    pub teams: String,
    /// When the user was created.
    pub created: Moment,
    /// The present password; its value stays empty.
    pub current: Field,
    /// The new password; its value stays empty.
    pub password: Field,
    /// The new password once more; its value stays empty.
    pub password_again: Field,
    /// The fewest characters of a password.
    pub min_length: u32,
    /// The user's sessions, the present one first.
    pub sessions: Vec<SessionRow>,
}

/// One session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionRow {
    /// The id used in its address; not the cookie's value.
    pub id: String,
    /// The program, in words: `Firefox on Linux`.
    pub agent: String,
    /// The address it was last seen from.
    pub address: String,
    /// When it began.
    pub started: Moment,
    /// When it was last seen.
    pub seen: Moment,
    /// Whether it is the one that asks.
    pub current: bool,
}

impl ProfilePage {
    /// Whether there is any session but the present one.
    pub fn has_others(&self) -> bool {
        self.sessions.iter().any(|session| !session.current)
    }
}

/// The line below a new password's field.
pub(crate) fn password_hint(min_length: &u32) -> String {
    format!("At least {min_length} characters. A few words are easier to remember than random symbols.")
}
