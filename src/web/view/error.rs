//! The page in place of the one that was asked for.

use super::Head;
use askama::Template;

/// The page that says why something was not done, and where to go next.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "errors/error.html")]
pub struct ErrorPage {
    /// Style sheet, script and theme.
    pub head: Head,
    /// The answer's status, such as 403.
    pub status: u16,
    /// What happened, in two or three words.
    pub title: String,
    /// What it means for the reader; never more than they may know.
    pub text: String,
    /// The permission that is missing (403).
    pub permission: Option<String>,
    /// Whom to ask: names in a sentence, `Maya Lindqvist or Tomas Okafor` (403).
    pub ask: Option<String>,
    /// Where the first button leads.
    pub back_href: String,
    /// What the first button says.
    pub back_label: String,
    /// The request's id, as in the log; empty shows none.
    pub request_id: String,
}

impl ErrorPage {
    /// The page of a status with its usual words; change `text`, `permission`, `ask` and the button as needed.
    pub fn new(head: Head, status: u16, request_id: impl Into<String>) -> Self {
        let (title, text) = match status {
            400 => ("Not understood", "The request was not one that Muster understands. Nothing was changed."),
            401 => ("Sign in first", "This page is for people who are signed in."),
            403 => ("Not permitted", "Your roles do not allow this. Nothing was changed."),
            404 => ("Nothing here", "This page does not exist, or what it showed has been deleted."),
            405 => ("Not done this way", "This address does not take that kind of request."),
            409 => ("Something is in the way", "This cannot be done as things stand. Nothing was changed."),
            413 => ("Too much at once", "The form was larger than Muster takes. Nothing was changed."),
            422 => ("Something is missing", "The form was not complete. Go back and try again."),
            429 => ("Too many tries", "Wait a moment, then try again."),
            503 => {
                ("Out of reach", "Muster cannot reach its database at the moment. Nothing was changed. Try again in a minute.")
            }
            _ => (
                "Our fault",
                "Something broke on our side. Nothing was changed. Try again; if it persists, send us the request ID.",
            ),
        };
        Self {
            head,
            status,
            title: title.to_owned(),
            text: text.to_owned(),
            permission: None,
            ask: None,
            back_href: "/".to_owned(),
            back_label: "Back to Muster".to_owned(),
            request_id: request_id.into(),
        }
    }
}
