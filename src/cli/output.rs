//! What commands print. The standard output holds what scripts read: an id, a token, a link, a list. What else a person
//! wants to know goes to the standard error.

use std::io::Write;

use crate::error::Error;

/// Writes a line to the standard output.
///
/// # Errors
/// A sentence, where nobody reads there any more.
pub fn say(line: &str) -> Result<(), String> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}").and_then(|()| output.flush()).map_err(|error| format!("Cannot write the output: {error}."))
}

/// Writes a line to the standard error, where it is read or not.
pub fn note(line: &str) {
    eprintln!("{line}");
}

/// One line of a list: fields apart by tabs, for `cut` and `awk`.
pub fn row(fields: &[&str]) -> Result<(), String> {
    say(&fields.join("\t"))
}

/// The refusals of fields under the names of the flags that they came by.
pub fn sentence(error: &Error) -> String {
    let Error::Invalid(fields) = error else { return error.to_string() };
    let flagged = |field: &crate::error::FieldError| match field.field {
        "password" => format!("The password must have {}", field.message.replacen("At", "at", 1)),
        "expires" => format!("--expires-in: {}", field.message),
        name => format!("--{name}: {}", field.message),
    };
    fields.iter().map(flagged).collect::<Vec<_>>().join(" ")
}

/// Goes through a long list in pages: `page` prints what comes after a place, and says where it ended.
pub fn pages<P>(mut page: impl FnMut(Option<P>) -> Result<Option<P>, String>) -> Result<(), String> {
    let mut place = None;
    loop {
        place = page(place)?;
        if place.is_none() {
            return Ok(());
        }
    }
}
