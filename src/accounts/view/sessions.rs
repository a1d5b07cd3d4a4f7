//! A session of a user, as a row.

use crate::web::view::Moment;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionLine {
    /// Its public ID, not the cookie's key.
    pub id: String,
    /// In words: `Firefox on Linux`.
    pub agent: String,
    pub address: String,
    pub started: Moment,
    pub seen: Moment,
    /// Whether it is this browser's session.
    pub current: bool,
}
