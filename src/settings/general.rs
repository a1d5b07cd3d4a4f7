//! The general settings: what administrators decide for the whole installation, kept as one entry.

use std::time::Duration;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::roles::predefined;

const SETTING: &str = "general";
/// What an installation is called before anybody has said.
const UNNAMED: &str = "Your organisation";

/// Where the banner is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BannerPlacement {
    #[default]
    SignIn,
    EveryPage,
}

impl BannerPlacement {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::EveryPage => "every_page",
        }
    }
}

/// The settings. What a newcomer's form begins with is no grant by itself: what is sent is what is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct General {
    /// Empty where nobody has named it.
    pub organisation: String,
    pub user_role: Option<Id>,
    pub user_team: Option<Id>,
    pub system_role: Option<Id>,
    pub system_team: Option<Id>,
    /// Whom to ask for what one may not do; empty for the administrators.
    pub ask: String,
    pub ask_link: String,
    /// Empty for none.
    pub banner: String,
    pub banner_place: BannerPlacement,
    /// How long a session lasts at most, and how long without a request: `90d`, `12h`.
    pub session_length: String,
    pub inactivity: String,
}

impl Default for General {
    fn default() -> Self {
        Self {
            organisation: String::new(),
            user_role: Some(predefined::USER.into()),
            user_team: None,
            system_role: Some(predefined::CI_CD.into()),
            system_team: None,
            ask: String::new(),
            ask_link: String::new(),
            banner: String::new(),
            banner_place: BannerPlacement::SignIn,
            session_length: "90d".into(),
            inactivity: "14d".into(),
        }
    }
}

/// The two limits of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Since sign-in.
    pub length: TimeDelta,
    /// Since the last request.
    pub inactivity: TimeDelta,
}

impl General {
    /// Its name, as the start option or this setting says.
    pub fn organisation(&self, option: Option<&str>) -> String {
        let set = if self.organisation.is_empty() { UNNAMED } else { &self.organisation };
        option.unwrap_or(set).to_owned()
    }

    pub fn limits(&self) -> Limits {
        let read = |text: &str| humantime::parse_duration(text).ok().and_then(|length| TimeDelta::from_std(length).ok());
        let usual = Duration::from_secs(14 * 24 * 3600);
        let length = |text: &str| read(text).or(TimeDelta::from_std(usual).ok()).unwrap_or_default();
        Limits { length: length(&self.session_length), inactivity: length(&self.inactivity) }
    }

    /// The banner, where it is shown there.
    pub fn banner_on(&self, place: BannerPlacement) -> Option<String> {
        let shown =
            !self.banner.is_empty() && (place == BannerPlacement::SignIn || self.banner_place == BannerPlacement::EveryPage);
        shown.then(|| self.banner.clone())
    }

    /// Which accounts begin with this role, in words.
    pub fn begin_with(&self, role: &Id) -> Option<&'static str> {
        match (self.user_role.as_ref() == Some(role), self.system_role.as_ref() == Some(role)) {
            (true, true) => Some("users and system accounts"),
            (true, false) => Some("users"),
            (false, true) => Some("system accounts"),
            (false, false) => None,
        }
    }

    /// Whether new accounts begin in this team.
    pub fn begins_in(&self, team: &Id) -> bool {
        self.user_team.as_ref() == Some(team) || self.system_team.as_ref() == Some(team)
    }
}

/// The settings as they are stored.
pub fn read(conn: &mut DbConnection) -> Result<General, Error> {
    let Some(text) = super::get(conn, SETTING)? else { return Ok(General::default()) };
    serde_json::from_str(&text).map_err(|error| Error::Internal(format!("the setting {SETTING}: {error}")))
}

/// Stores them.
pub fn write(conn: &mut DbConnection, general: &General) -> Result<(), Error> {
    let text = serde_json::to_string(general).map_err(|error| Error::Internal(error.to_string()))?;
    super::set(conn, SETTING, &text)
}
