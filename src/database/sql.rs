//! SQL put together from parts, for the few statements whose shape depends on what was asked: the list, and what acts on
//! "all that match". Values are always bound, never written into the text; only a LIMIT is.

use chrono::NaiveDateTime;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamp, Untyped};
use diesel::{QueryResult, QueryableByName, RunQueryDsl};

use super::{Backend, DbConnection};
use crate::error::Error;
use crate::id::Id;

/// The most values in a list of which nobody else bounds the length: SQLite takes 32,766 in a statement, Postgres 65,535.
pub const MOST_VALUES: usize = 20_000;

/// How many rows a page shows, at most.
const PAGES: [usize; 4] = [1, 25, 50, 100];

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

/// One statement in the making. Each bound value becomes `$1`, `$2`, … or what the engine writes for it.
#[derive(Debug, Clone, Default)]
pub struct Sql {
    parts: Vec<Part>,
    /// Whether it holds a list as long as what was asked: such texts are too many to be kept prepared.
    varies: bool,
}

#[derive(Debug, Clone)]
enum Part {
    Text(String),
    Value(Value),
}

impl Sql {
    /// A statement that begins with `text`.
    pub fn new(text: &str) -> Self {
        Self { parts: vec![Part::Text(text.into())], varies: false }
    }

    /// A statement with a value in place of each `?`. `(SELECT ?)` hides one from Postgres' planner, which would plan anew for
    /// each although an index answers whatever the value is.
    pub fn of(text: &str, values: impl IntoIterator<Item = Value>) -> Self {
        let mut parts = text.split('?');
        let mut sql = Self::new(parts.next().unwrap_or_default());
        for (value, text) in values.into_iter().zip(parts) {
            sql.bind(value).push(text);
        }
        sql
    }

    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Adds text as it stands. Only constants belong here.
    pub fn push(&mut self, text: &str) -> &mut Self {
        match self.parts.last_mut() {
            Some(Part::Text(last)) => last.push_str(text),
            _ => self.parts.push(Part::Text(text.into())),
        }
        self
    }

    /// Adds a bound value.
    pub fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.parts.push(Part::Value(value.into()));
        self
    }

    /// Adds ` LIMIT ` and a number that belongs to the statement. It is written out: of a bound one Postgres' plan for any values
    /// assumes that it is a tenth of the rows.
    pub fn limit(&mut self, number: i64) -> &mut Self {
        self.push(" LIMIT ").push(&number.to_string())
    }

    /// Adds a parenthesised list of bound values; an empty one matches nothing.
    pub fn bind_list<V: Into<Value>>(&mut self, values: impl IntoIterator<Item = V>) -> &mut Self {
        self.varies = true;
        self.bind_row(values)
    }

    /// The same, where the number of values belongs to the statement.
    pub fn bind_row<V: Into<Value>>(&mut self, values: impl IntoIterator<Item = V>) -> &mut Self {
        let mut lead = "(";
        for value in values {
            self.push(lead).bind(value);
            lead = ", ";
        }
        self.push(if lead == "(" { "(NULL)" } else { ")" })
    }

    /// A list of the identities on a page: filled up with its last value to one of few lengths, so that the statement has one of
    /// few texts and is kept prepared.
    pub fn bind_page(&mut self, values: &[Id]) -> &mut Self {
        let length = PAGES.into_iter().find(|length| *length >= values.len());
        let (Some(length), Some(last)) = (length, values.last()) else { return self.bind_list(values) };
        let mut lead = "(";
        for value in values.iter().chain(std::iter::repeat_n(last, length - values.len())) {
            self.push(lead).bind(value);
            lead = ", ";
        }
        self.push(")")
    }

    /// Says that statements like it have too many texts to be kept prepared.
    pub fn once(&mut self) -> &mut Self {
        self.varies = true;
        self
    }

    /// Adds what another statement says.
    pub fn append(&mut self, other: Self) -> &mut Self {
        self.varies |= other.varies;
        for part in other.parts {
            match part {
                Part::Text(text) => self.push(&text),
                Part::Value(value) => self.bind(value),
            };
        }
        self
    }

    /// The statement's text, for those who ask the planner about it.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut number = 0;
        for part in &self.parts {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Value(_) => {
                    number += 1;
                    text.push('$');
                    text.push_str(&number.to_string());
                }
            }
        }
        text
    }

    /// Runs it and returns how many rows it changed.
    pub fn execute(self, conn: &mut DbConnection) -> Result<usize, Error> {
        Ok(RunQueryDsl::execute(self, conn)?)
    }

    /// Runs it and returns its rows.
    pub fn load<T>(self, conn: &mut DbConnection) -> Result<Vec<T>, Error>
    where
        T: QueryableByName<Backend> + 'static,
    {
        Ok(RunQueryDsl::load(self, conn)?)
    }

    /// Runs `SELECT … AS n` and returns the number.
    pub fn number(self, conn: &mut DbConnection) -> Result<i64, Error> {
        #[derive(QueryableByName)]
        struct Number {
            #[diesel(sql_type = BigInt)]
            n: i64,
        }
        Ok(self.load::<Number>(conn)?.first().map_or(0, |row| row.n))
    }

    /// Runs `SELECT … AS name` and returns the first name, if there is a row.
    pub fn name(self, conn: &mut DbConnection) -> Result<Option<String>, Error> {
        Ok(self.names(conn)?.into_iter().next())
    }

    /// Runs `SELECT … AS name` and returns the names.
    pub fn names(self, conn: &mut DbConnection) -> Result<Vec<String>, Error> {
        #[derive(QueryableByName)]
        struct NameColumn {
            #[diesel(sql_type = Text)]
            name: String,
        }
        Ok(self.load::<NameColumn>(conn)?.into_iter().map(|row| row.name).collect())
    }

    /// Runs `SELECT … AS id` and returns the identities.
    pub fn ids(self, conn: &mut DbConnection) -> Result<Vec<Id>, Error> {
        #[derive(QueryableByName)]
        struct IdColumn {
            #[diesel(sql_type = Text)]
            id: Id,
        }
        Ok(self.load::<IdColumn>(conn)?.into_iter().map(|row| row.id).collect())
    }
}

impl QueryFragment<Backend> for Sql {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        if self.varies {
            out.unsafe_to_cache_prepared();
        }
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_sql(text),
                Part::Value(Value::Text(text)) => out.push_bind_param::<Text, _>(text)?,
                Part::Value(Value::MaybeText(text)) => out.push_bind_param::<Nullable<Text>, _>(text)?,
                Part::Value(Value::Time(moment)) => out.push_bind_param::<Timestamp, _>(moment)?,
                Part::Value(Value::Bool(value)) => out.push_bind_param::<Bool, _>(value)?,
                Part::Value(Value::Int(number)) => out.push_bind_param::<BigInt, _>(number)?,
            }
        }
        Ok(())
    }
}

/// The text decides: statements of one text are prepared once for each connection.
impl QueryId for Sql {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Sql {
    type SqlType = Untyped;
}

impl RunQueryDsl<DbConnection> for Sql {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_about_one_length_have_one_text() {
        let text = |n: usize| {
            let mut sql = Sql::new("IN ");
            sql.bind_page(&vec![Id::new(); n]);
            (sql.text(), sql.varies)
        };
        assert_eq!(text(1), ("IN ($1)".into(), false));
        assert_eq!(text(26), text(50));
        assert_ne!(text(50), text(51));
        assert!(text(100).0.ends_with(", $100)") && !text(100).1);
        assert!(text(101).0.ends_with(", $101)") && text(101).1);
        assert_eq!(text(0), ("IN (NULL)".into(), true));
    }
}
