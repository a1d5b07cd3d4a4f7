//! The result of the last action, and sentences whose pieces stand out.

use serde::{Deserialize, Serialize};

/// How a piece of text stands out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Weight {
    #[default]
    Plain,
    /// A name or a number that matters.
    Strong,
    /// A machine's word: a permission, a token's beginning.
    Code,
}

/// A piece of a sentence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// The words; escaped by the template.
    pub text: String,
    pub weight: Weight,
}

impl Text {
    /// Ordinary words.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), weight: Weight::Plain }
    }

    /// A name or number that matters.
    pub fn strong(text: impl Into<String>) -> Self {
        Self { text: text.into(), weight: Weight::Strong }
    }

    /// A machine's word.
    pub fn code(text: impl Into<String>) -> Self {
        Self { text: text.into(), weight: Weight::Code }
    }

    /// Whether it is set in bold.
    pub fn is_strong(&self) -> bool {
        self.weight == Weight::Strong
    }

    /// Whether it is set as code.
    pub fn is_code(&self) -> bool {
        self.weight == Weight::Code
    }
}

/// The result of the last action: one per page, kept in the session until it was shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flash {
    /// `true`: the action was refused. `false`: it was done.
    pub refused: bool,
    /// Nothing had to be done.
    #[serde(default)]
    pub neutral: bool,
    /// The sentence, in pieces.
    pub text: Vec<Text>,
    /// URL that takes the action back (`/settings/changes/{id}/undo`), where it can be.
    pub undo: Option<String>,
    /// Where Undo returns to; the page that shows the flash if `None`.
    pub next: Option<String>,
}

impl Flash {
    /// The sentence, followed by what else is worth knowing: another name that looks the same.
    pub fn looking_like(self, alike: Option<String>) -> Self {
        match alike {
            Some(name) => self.plain(" It looks the same as ").strong(name).plain(", which is spelled differently."),
            None => self,
        }
    }

    /// Something was done: `Flash::done("Added role ").strong("Viewer").plain(".")`.
    pub fn done(text: impl Into<String>) -> Self {
        Self { text: vec![Text::plain(text)], ..Self::default() }
    }

    /// Nothing had to be done.
    pub fn neutral(text: Vec<Text>) -> Self {
        Self { neutral: true, text, ..Self::default() }
    }

    /// Something was refused, and why.
    pub fn refused(text: impl Into<String>) -> Self {
        Self { refused: true, ..Self::done(text) }
    }

    /// Adds ordinary words.
    pub fn plain(mut self, text: impl Into<String>) -> Self {
        self.text.push(Text::plain(text));
        self
    }

    /// Adds a name or a number that matters.
    pub fn strong(mut self, text: impl Into<String>) -> Self {
        self.text.push(Text::strong(text));
        self
    }

    /// Offers to take it back at that URL.
    pub fn undo(mut self, url: impl Into<String>) -> Self {
        self.undo = Some(url.into());
        self
    }
}
