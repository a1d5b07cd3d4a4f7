//! What a person calls the things on a page.

use std::fmt;

/// How a test names an element. A plain string is a CSS selector and means the first one that is visible;
/// the others go by what a person sees or hears, and must be the only visible one of that name.
#[derive(Clone, Debug)]
pub struct Target {
    pub(super) kind: &'static str,
    pub(super) value: String,
    pub(super) within: Option<String>,
}

impl From<&str> for Target {
    fn from(css: &str) -> Self {
        Self { kind: "css", value: css.to_owned(), within: None }
    }
}

impl From<String> for Target {
    fn from(css: String) -> Self {
        Self::from(css.as_str())
    }
}

impl From<&Target> for Target {
    fn from(target: &Target) -> Self {
        target.clone()
    }
}

impl Target {
    /// Only inside the visible element of this CSS selector: `button("Disable").within("#bulk")`.
    pub fn within(self, css: impl Into<String>) -> Self {
        Self { within: Some(css.into()), ..self }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.kind, self.value)?;
        self.within.as_ref().map_or(Ok(()), |within| write!(f, " within {within:?}"))
    }
}

/// The button of this accessible name.
pub fn button(name: &str) -> Target {
    Target { kind: "button", value: name.to_owned(), within: None }
}

/// The link of this accessible name.
pub fn link(name: &str) -> Target {
    Target { kind: "link", value: name.to_owned(), within: None }
}

/// The input, select or text area of this label.
pub fn field(label: &str) -> Target {
    Target { kind: "field", value: label.to_owned(), within: None }
}
