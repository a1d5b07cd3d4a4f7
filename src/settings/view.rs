//! The page of the general settings.

use askama::Template;

use super::operations::DECIDE;
use crate::web::navigation::{Item, NavigationGroup};
use crate::web::view::{Choice, Field, Shell, UnlistedNames};

pub const SETTINGS: &str = "/settings/general";

pub const NAVIGATION: Item = Item {
    label: "Settings",
    href: SETTINGS,
    icon: "sliders",
    group: NavigationGroup::Organisation,
    any_of: &[DECIDE],
    unless: None,
    count: None,
};

/// What newcomers of one kind begin with, as the form's names begin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Defaults {
    pub name: &'static str,
    pub title: &'static str,
    pub roles: Vec<Choice>,
    pub role_error: Option<String>,
    pub teams: Vec<Choice>,
    pub other_team: UnlistedNames,
    pub team_error: Option<String>,
}

impl Defaults {
    pub fn role_id(&self) -> String {
        format!("{}-role", self.name)
    }

    pub fn team_id(&self) -> String {
        format!("{}-team", self.name)
    }
}

/// A setting that a start option gives: its name, its value, and the option.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fixed {
    pub name: &'static str,
    pub value: String,
    pub option: &'static str,
}

#[derive(Clone, Debug, Default, Template)]
#[template(path = "settings/general.html")]
pub struct GeneralPage {
    pub shell: Shell,
    /// Why nothing was saved.
    pub refused: Option<String>,
    /// The settings as the form shows them, for whoever saves after somebody else.
    pub shown: String,
    /// `None` where a start option gives it.
    pub organisation: Option<Field>,
    pub defaults: Vec<Defaults>,
    pub ask: Field,
    pub ask_link: Field,
    pub banner: Field,
    pub places: Vec<Choice>,
    pub session_length: Field,
    pub inactivity: Field,
    pub fixed: Vec<Fixed>,
}
