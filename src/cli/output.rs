//! What commands print. Standard output is for scripts: an ID, a token, a link, a list. Everything else goes to standard
//! error.

use std::io::{ErrorKind, Write};

use crate::error::Error;

/// Prints a line to standard output.
pub fn say(line: &str) -> Result<(), String> {
    let mut output = std::io::stdout().lock();
    match writeln!(output, "{line}").and_then(|()| output.flush()) {
        // Whoever reads, such as `head`, has read enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        written => written.map_err(|error| format!("Cannot write the output: {error}.")),
    }
}

/// Prints a line to standard error.
pub fn note(line: &str) {
    eprintln!("{line}");
}

/// Prints a line of a list, separated by tabs for `cut` and `awk`.
pub fn row(fields: &[&str]) -> Result<(), String> {
    say(&fields.join("\t"))
}

/// An error as a sentence, with the flags that fields came from.
pub fn sentence(error: &Error) -> String {
    let Error::Invalid(fields) = error else { return error.to_string() };
    let flagged = |field: &crate::error::FieldError| match field.field {
        "password" => format!("The password must have {}", field.message.replacen("At", "at", 1)),
        "expires" => format!("--expires-in: {}", field.message),
        name => format!("--{name}: {}", field.message),
    };
    fields.iter().map(flagged).collect::<Vec<_>>().join(" ")
}

/// Prints a long list in pages: `page` prints the rows after a place, and returns where it ended.
pub fn pages<P>(mut page: impl FnMut(Option<P>) -> Result<Option<P>, String>) -> Result<(), String> {
    let mut place = None;
    loop {
        place = page(place)?;
        if place.is_none() {
            return Ok(());
        }
    }
}
