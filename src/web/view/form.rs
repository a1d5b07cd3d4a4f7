//! What a form shows: fields, choices, and what it carries on.

use crate::text::grouped;

/// A field of a form: what was typed, and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Field {
    /// What the field shows. Never set for a password.
    pub value: String,
    /// What is wrong, shown beside the field.
    pub error: Option<String>,
}

impl Field {
    /// A field that shows a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self { value: value.into(), error: None }
    }

    /// A field that shows a value and what is wrong with it.
    pub fn wrong(value: impl Into<String>, error: impl Into<String>) -> Self {
        Self { value: value.into(), error: Some(error.into()) }
    }
}

/// One of several to tick or to pick.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// The form's value, an id or a word.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// What it means; empty for none.
    pub description: String,
    pub checked: bool,
    /// Whether it cannot be chosen by this user; say why in `description`.
    pub disabled: bool,
    /// Whether it carries the badge "Default".
    pub is_default: bool,
}

impl Choice {
    /// An unticked choice without description.
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self { id: id.into(), name: name.into(), ..Self::default() }
    }

    /// The same choice with a description.
    pub fn about(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// The same choice, ticked or not.
    pub fn checked(mut self, checked: bool) -> Self {
        self.checked = checked;
        self
    }
}

/// A field for what a form does not list, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnlistedNames {
    /// What was typed.
    pub typed: String,
    /// How many are not listed.
    pub more: i64,
}

impl UnlistedNames {
    /// Whether there is anything to type. What was typed stays, whatever is listed by now.
    pub fn is_offered(&self) -> bool {
        self.more > 0 || !self.typed.is_empty()
    }

    /// That the list is not all.
    pub fn said(&self) -> String {
        match self.more {
            0 => String::new(),
            1 => "1 more isn't listed.".into(),
            more => format!("{} more aren't listed.", grouped(more)),
        }
    }
}

/// A hidden field that a form carries on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hidden {
    pub name: String,
    pub value: String,
}

impl Hidden {
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}
