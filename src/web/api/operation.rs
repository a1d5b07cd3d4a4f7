//! What the API's own description says of an endpoint, beside its route: see `/openapi.json`.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::{Ref, RefOr, schema::Schema};

/// An answer or a body that may really occur. The description shows it.
pub trait Example {
    fn example() -> Self;
}

/// Schemas by their name, as the document gathers them.
pub type Schemas = Vec<(String, RefOr<Schema>)>;

/// The type of a body: its schema, and an example.
#[derive(Clone, Copy)]
pub struct Shape {
    /// Adds the schema and those that it mentions, and refers to it.
    pub schema: fn(&mut Schemas) -> RefOr<Schema>,
    pub example: fn() -> Value,
}

impl Shape {
    /// Without an example.
    pub const fn plain<T: ToSchema>() -> Self {
        Self { schema: refer::<T>, example: || Value::Null }
    }

    pub const fn of<T: ToSchema + Example + Serialize>() -> Self {
        Self { schema: refer::<T>, example: example::<T> }
    }
}

fn refer<T: ToSchema>(schemas: &mut Schemas) -> RefOr<Schema> {
    let name = T::name();
    schemas.push((name.to_string(), T::schema()));
    T::schemas(schemas);
    Ref::from_schema_name(name).into()
}

fn example<T: Example + Serialize>() -> Value {
    serde_json::to_value(T::example()).unwrap_or_default()
}

/// What a parameter of a query string may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterKind {
    Text,
    /// A text of at most so many characters.
    Short(usize),
    /// A moment as RFC 3339 writes it.
    Moment,
    Uuid,
    Flag,
    /// A whole number between these.
    Number(i64, i64),
    /// One of these words.
    Word(&'static [&'static str]),
}

/// A parameter of a query string. All are optional.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    pub name: &'static str,
    pub kind: ParameterKind,
    pub text: &'static str,
}

/// An answer that is a success, or an error that needs a word of explanation.
#[derive(Clone, Copy)]
pub struct ResponseDoc {
    pub status: u16,
    pub text: &'static str,
    /// The body of a success; errors all have the same.
    pub shape: Option<Shape>,
}

pub const fn answers<T: ToSchema + Example + Serialize>(status: u16, text: &'static str) -> ResponseDoc {
    ResponseDoc { status, text, shape: Some(Shape::of::<T>()) }
}

/// An answer without a body, or an error.
pub const fn says(status: u16, text: &'static str) -> ResponseDoc {
    ResponseDoc { status, text, shape: None }
}

/// An endpoint, described. What every endpoint may answer (400, 401, 403, 404 for what its path names, 429, 503) is added to it.
#[derive(Clone, Copy)]
pub struct Operation {
    /// The group that it stands in.
    pub group: &'static str,
    /// What it does: a verb and its object.
    pub summary: &'static str,
    /// More of it: what absent, null and empty fields mean. CommonMark.
    pub text: &'static str,
    pub query: &'static [Parameter],
    pub body: Option<Shape>,
    /// Whether the body may be left out.
    pub optional_body: bool,
    pub media: Media,
    pub answers: &'static [ResponseDoc],
}

/// The media types of the bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// JSON in, HAL out.
    Hal,
    /// JSON in and out.
    Plain,
    /// A form in, JSON out.
    Form,
    /// No bodies: what gateways ask.
    Bare,
}

impl Operation {
    /// One without parameters and body.
    pub const fn new(group: &'static str, summary: &'static str, text: &'static str, answers: &'static [ResponseDoc]) -> Self {
        Self { group, summary, text, query: &[], body: None, optional_body: false, media: Media::Hal, answers }
    }

    pub const fn with_query(self, query: &'static [Parameter]) -> Self {
        Self { query, ..self }
    }

    pub const fn bare(self) -> Self {
        Self { media: Media::Bare, ..self }
    }

    pub const fn plain(self) -> Self {
        Self { media: Media::Plain, ..self }
    }

    pub const fn with_form<T: ToSchema + Example + Serialize>(self) -> Self {
        Self { body: Some(Shape::of::<T>()), media: Media::Form, ..self }
    }

    pub const fn with_body<T: ToSchema + Example + Serialize>(self) -> Self {
        Self { body: Some(Shape::of::<T>()), ..self }
    }

    /// The same, where no body means an empty object.
    pub const fn with_optional_body<T: ToSchema + Example + Serialize>(self) -> Self {
        Self { optional_body: true, ..self.with_body::<T>() }
    }
}

/// The parameters of every list in pages.
pub const PAGE: Parameter = Parameter {
    name: "page",
    kind: ParameterKind::Number(1, super::params::MOST_PAGE),
    text: "The page, from 1. Beyond the end it is empty.",
};
pub const SIZE: Parameter = Parameter {
    name: "size",
    kind: ParameterKind::Number(1, super::params::MOST_SIZE),
    text: "Items per page; 50 unless given.",
};
