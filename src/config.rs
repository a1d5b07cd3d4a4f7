//! The settings: flags, environment variables, defaults and help texts.
//!
//! Each value is parsed when it is read, so a [`Config`] is always valid, and an invalid value stops the start with a message.

mod options;
pub mod url;
mod values;

pub use self::options::Config;
pub use self::url::DatabaseUrl;
pub use self::values::parse_duration;

/// The URL that links and snippets begin with.
#[derive(Debug, Clone)]
pub struct BaseUrl(pub String);
