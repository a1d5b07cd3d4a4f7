//! What pages have in common: plain data for templates, and the pure functions that put times, numbers and names into words.
//!
//! Nothing here knows the database or HTTP. A handler fills these values; a template only prints them. This file holds the
//! frame around a page; what stands in it has a file for each kind.

pub mod address;
pub mod error;
pub mod flash;
pub mod form;
pub mod moment;
pub mod pagination;
pub mod tile;
pub mod words;

// What nearly every page shows.
pub use flash::{Flash, Text};
pub use form::{Choice, Field, Hidden, UnlistedNames};
pub use moment::Moment;
pub use tile::Tile;

/// What every page's `<head>` needs, also outside the shell.
#[derive(Clone, Debug, Default)]
pub struct Head {
    /// URL of the joined style sheet, with its content hash.
    pub css: String,
    /// URL of the joined script, with its content hash.
    pub js: String,
    /// URL of the icon, with its content hash.
    pub icon: String,
    /// The theme that the visitor chose.
    pub theme: Theme,
    /// What administrators want everybody to read, on this page.
    pub banner: Option<String>,
}

/// Whom to ask, and where to find them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    pub name: String,
    pub href: Option<String>,
}

/// Light, dark, or whatever the visitor's system says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Follow the operating system.
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    /// The theme of that name; anything unknown is [`Theme::System`].
    pub fn parse(text: &str) -> Self {
        match text {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }

    /// The name used in the cookie, the form and `data-theme`.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub fn is(&self, name: &str) -> bool {
        self.name() == name
    }

    /// Whether the page has to say so, because it differs from the system's own.
    pub fn is_forced(&self) -> bool {
        *self != Self::System
    }
}

/// A link of the side bar.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NavLink {
    pub label: &'static str,
    pub href: &'static str,
    pub icon: &'static str,
    /// The number beside it, grouped.
    pub count: Option<String>,
    /// Whether the page belongs to it.
    pub current: bool,
}

/// Links of the side bar under one heading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NavGroup {
    pub label: String,
    pub links: Vec<NavLink>,
}

/// The frame around every page of a signed-in user.
#[derive(Clone, Debug, Default)]
pub struct Shell {
    /// Style sheet, script and theme.
    pub head: Head,
    /// The links that the user may follow.
    pub navigation: Vec<NavGroup>,
    /// The address of the link that the page belongs to.
    pub place: String,
    pub name: String,
    /// The line below the name: the user's roles, such as `Administrator`.
    pub role_line: String,
    pub tile: Tile,
    /// The result of the last action, shown once.
    pub flash: Option<Flash>,
    /// Path and query of this page, where theme and Undo return to.
    pub here: String,
}

impl Shell {
    /// Whether the page belongs to the link of that address.
    pub fn is_at(&self, href: &str) -> bool {
        self.place == href
    }

    /// Whether the side bar has the link of that address.
    pub fn leads_to(&self, href: &str) -> bool {
        self.navigation.iter().flat_map(|group| &group.links).any(|link| link.href == href)
    }
}
