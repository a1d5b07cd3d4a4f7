//! SQL put together from parts, for the few statements whose shape depends on what was asked: the list, and what acts on
//! "all that match". Values are always bound, never written into the text.

use chrono::NaiveDateTime;
use diesel::query_builder::BoxedSqlQuery;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamp};
use diesel::{QueryableByName, RunQueryDsl};

use super::{Backend, DbConnection};
use crate::error::Error;
use crate::id::Id;

/// A value to be bound.
#[derive(Debug, Clone)]
pub enum Value {
    /// Text, an identity among them.
    Text(String),
    /// Text or NULL.
    MaybeText(Option<String>),
    /// A moment in UTC.
    Time(NaiveDateTime),
    /// True or false.
    Bool(bool),
    /// A number.
    Int(i64),
}

impl From<&Id> for Value {
    fn from(id: &Id) -> Self {
        Self::Text(id.as_str().into())
    }
}
impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}
impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}
impl From<NaiveDateTime> for Value {
    fn from(moment: NaiveDateTime) -> Self {
        Self::Time(moment)
    }
}
impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}
impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

/// One statement in the making. Each bound value becomes `$1`, `$2`, …, which both engines read.
#[derive(Debug, Clone, Default)]
pub struct Sql {
    text: String,
    values: Vec<Value>,
}

impl Sql {
    /// A statement that begins with `text`.
    pub fn new(text: &str) -> Self {
        Self { text: text.into(), values: Vec::new() }
    }

    /// Adds text as it stands. Only constants belong here.
    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a bound value.
    pub fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        self.text.push('$');
        self.text.push_str(&self.values.len().to_string());
        self
    }

    /// Adds a parenthesised list of bound values; an empty one matches nothing.
    pub fn bind_list<V: Into<Value>>(&mut self, values: impl IntoIterator<Item = V>) -> &mut Self {
        let mut lead = "(";
        for value in values {
            self.push(lead).bind(value);
            lead = ", ";
        }
        self.push(if lead == "(" { "(NULL)" } else { ")" })
    }

    /// The statement's text, for those who ask the planner about it.
    pub fn text(&self) -> &str {
        &self.text
    }

    fn into_query(self) -> BoxedSqlQuery<'static, Backend, diesel::query_builder::SqlQuery> {
        self.values.into_iter().fold(diesel::sql_query(self.text).into_boxed(), |query, value| match value {
            Value::Text(text) => query.bind::<Text, _>(text),
            Value::MaybeText(text) => query.bind::<Nullable<Text>, _>(text),
            Value::Time(moment) => query.bind::<Timestamp, _>(moment),
            Value::Bool(value) => query.bind::<Bool, _>(value),
            Value::Int(number) => query.bind::<BigInt, _>(number),
        })
    }

    /// Runs it and returns how many rows it changed.
    ///
    /// # Errors
    /// The database's.
    pub fn execute(self, conn: &mut DbConnection) -> Result<usize, Error> {
        Ok(self.into_query().execute(conn)?)
    }

    /// Runs it and returns its rows.
    ///
    /// # Errors
    /// The database's.
    pub fn load<T>(self, conn: &mut DbConnection) -> Result<Vec<T>, Error>
    where
        T: QueryableByName<Backend> + 'static,
    {
        Ok(self.into_query().load(conn)?)
    }

    /// Runs `SELECT … AS n` and returns the number.
    ///
    /// # Errors
    /// The database's.
    pub fn number(self, conn: &mut DbConnection) -> Result<i64, Error> {
        #[derive(QueryableByName)]
        struct Number {
            #[diesel(sql_type = BigInt)]
            n: i64,
        }
        Ok(self.load::<Number>(conn)?.first().map_or(0, |row| row.n))
    }

    /// Runs `SELECT … AS id` and returns the identities.
    ///
    /// # Errors
    /// The database's.
    pub fn ids(self, conn: &mut DbConnection) -> Result<Vec<Id>, Error> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = Text)]
            id: Id,
        }
        Ok(self.load::<Row>(conn)?.into_iter().map(|row| row.id).collect())
    }
}
