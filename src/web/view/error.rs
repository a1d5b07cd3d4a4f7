//! The page in place of the one that was asked for.

use super::{Contact, Head};
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
    pub ask: Option<Contact>,
    /// Where the first button leads.
    pub back_href: String,
    /// What the first button says.
    pub back_label: String,
    /// Whether the page looks there by itself once the database is back.
    pub looks_again: bool,
    /// The request's id, as in the log; empty shows none.
    pub request_id: String,
}

impl ErrorPage {
    /// The page of a status with its usual words; change `text`, `permission`, `ask` and the button as needed.
    pub fn new(head: Head, status: u16, request_id: impl Into<String>) -> Self {
        let (title, text) = match status {
            400 => ("Bad request", "Muster couldn't read this request. Nothing was changed. Go back and try again."),
            401 => ("Sign in first", "Sign in to see this page."),
            403 => ("No permission", "You don't have permission to do this."),
            404 => ("Page not found", "This page does not exist or has been deleted."),
            405 => ("This page can't be opened directly", "Go back and use the button or form that leads here."),
            408 => ("Form too slow", "The form took too long to arrive. Nothing was changed. Go back and send it again."),
            409 => ("Can't do that right now", "Something else prevents this change. Go back and check it."),
            413 => ("Form too large", "The form is over the size limit. Go back and send less at once."),
            422 => ("Form incomplete", "The form was incomplete. Go back and try again."),
            429 => ("Too many attempts", "Wait a moment, then try again."),
            503 => (
                "Temporarily unavailable",
                "Muster can't reach its database right now. Nothing was changed. Try again in a minute.",
            ),
            _ => (
                "Something went wrong",
                "Muster ran into a problem. Try again. If it happens again, send your administrator the request ID.",
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
            looks_again: false,
            request_id: request_id.into(),
        }
    }
}
