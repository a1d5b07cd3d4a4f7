//! The statements that are really sent on a connection, each with its values.

use std::sync::{Arc, Mutex};

use chrono::NaiveDateTime;
use diesel::Connection;
use diesel::connection::{Instrumentation, InstrumentationEvent};
use muster::database::DbConnection;

/// A connection beside the server's pool, whose statements are written down.
pub struct Recorded {
    /// The connection.
    pub conn: DbConnection,
    sent: Arc<Mutex<Vec<String>>>,
}

struct Recorder(Arc<Mutex<Vec<String>>>);

impl Instrumentation for Recorder {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            self.0.lock().unwrap().push(query.to_string());
        }
    }
}

impl Recorded {
    /// Opens it as the server opens its own.
    pub fn open(url: &str) -> Self {
        let mut conn = muster::database::manager::open(&url.parse().unwrap()).unwrap();
        let sent = Arc::new(Mutex::new(Vec::new()));
        conn.set_instrumentation(Recorder(Arc::clone(&sent)));
        Self { conn, sent }
    }

    /// Does something, and returns what it sent besides what it gave.
    pub fn during<T>(&mut self, work: impl FnOnce(&mut DbConnection) -> T) -> (T, Vec<String>) {
        self.sent.lock().unwrap().clear();
        let given = work(&mut self.conn);
        (given, std::mem::take(&mut *self.sent.lock().unwrap()))
    }
}

/// What stands before the literal of a moment.
const MOMENT: &str = "TIMESTAMP ";

/// The text of a statement and its values as they were written down, apart.
pub fn parts(statement: &str) -> (&str, &str) {
    statement.split_once(" -- binds: ").unwrap_or((statement, "[]"))
}

/// The values as quoted literals, which Postgres reads as whatever type their place asks for; a moment says its type, for
/// places that ask for none.
pub fn literals(binds: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = binds.strip_prefix('[').and_then(|binds| binds.strip_suffix(']')).unwrap();
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('"') {
            let mut text = String::new();
            let mut letters = inner.char_indices();
            let mut end = inner.len();
            while let Some((at, letter)) = letters.next() {
                match letter {
                    '"' => {
                        end = at + 1;
                        break;
                    }
                    '\\' => match letters.next().unwrap().1 {
                        'n' => text.push('\n'),
                        other => text.push(other),
                    },
                    _ => text.push(letter),
                }
            }
            found.push(text);
            rest = &inner[end..];
        } else if rest.starts_with('[') {
            // A list in one place: an array. None of those that are sent has a bracket or a quotation mark in it.
            let end = rest.find(']').unwrap() + 1;
            found.push(format!("{{{}}}", &rest[1..end - 1]));
            rest = &rest[end..];
        } else {
            let end = rest.find(", ").unwrap_or(rest.len());
            let plain = rest[..end].trim_start_matches("Id(\"").trim_end_matches("\")");
            found.push(plain.to_owned());
            rest = &rest[end..];
        }
        rest = rest.strip_prefix(", ").unwrap_or(rest);
    }
    let literal = |text: String| {
        let sql_type = if text.parse::<NaiveDateTime>().is_ok() { MOMENT } else { "" };
        format!("{sql_type}'{}'", text.replace('\'', "''"))
    };
    found.into_iter().map(literal).collect()
}

/// The types of the values, for PREPARE.
pub fn types(statement: &str) -> String {
    let sql_type = |literal: &String| if literal.starts_with(MOMENT) { MOMENT } else { "UNKNOWN" };
    let types: Vec<_> = literals(parts(statement).1).iter().map(sql_type).collect();
    if types.is_empty() { String::new() } else { format!("({})", types.join(", ")) }
}

/// A Postgres statement with its values written in.
pub fn with_values(statement: &str) -> String {
    let (text, binds) = parts(statement);
    let values = literals(binds);
    let mut whole = text.to_owned();
    // From the last to the first: $1 is the beginning of $10.
    for (at, value) in values.iter().enumerate().rev() {
        whole = whole.replace(&format!("${}", at + 1), value);
    }
    whole
}
