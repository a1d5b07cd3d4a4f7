//! Whom people can ask to do what they may not do themselves.

use crate::accounts::queries::administrators::administrator_names;
use crate::database::DbConnection;
use crate::error::Error;
use crate::settings::general::General;
use crate::web::view::Contact;
use crate::web::view::words::joined;

/// Whom to ask for what one may not do oneself: whoever the settings name, or "Maya Lindqvist, Tomas Okafor or Priya
/// Sandoval".
pub fn whom_to_ask(conn: &mut DbConnection, settings: &General) -> Result<Option<Contact>, Error> {
    if !settings.ask.is_empty() {
        let href = Some(settings.ask_link.clone()).filter(|link| !link.is_empty());
        return Ok(Some(Contact { name: settings.ask.clone(), href }));
    }
    let names = administrator_names(conn, 3)?;
    Ok((!names.is_empty()).then(|| Contact { name: joined(&names, "or"), href: None }))
}
