//! Writes out what earlier versions noted down of activity in `activity_backlog`, before a migration drops that table.
//!
//! The SQL is that of the old schema and stays as it is, whatever becomes of the tables later.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use chrono::{NaiveDate, NaiveDateTime};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Binary};

use crate::clock;
use crate::database::DbConnection;
use crate::database::sql::{Sql, Value};
use crate::error::Error;
use crate::id::Id;

#[derive(QueryableByName)]
struct BacklogRow {
    #[diesel(sql_type = BigInt)]
    format: i64,
    #[diesel(sql_type = Binary)]
    content: Vec<u8>,
}

/// Moves what the table holds to its places, where there is such a table. Does nothing else.
pub fn write_out(conn: &mut DbConnection) -> Result<(), Error> {
    let exists = match conn {
        DbConnection::Sqlite(_) => "SELECT count(*) AS n FROM sqlite_master WHERE type = 'table' AND name = 'activity_backlog'",
        DbConnection::Postgres(_) => "SELECT count(to_regclass('activity_backlog')) AS n",
    };
    if Sql::new(exists).number(conn)? == 0 {
        return Ok(());
    }
    let rows: Vec<BacklogRow> =
        Sql::new("SELECT CAST(format AS BIGINT) AS format, content FROM activity_backlog ORDER BY id").load(conn)?;
    if rows.is_empty() {
        return Ok(());
    }
    let change = Id::new();
    let mut events = 0;
    begin_change(conn, &change)?;
    for row in rows {
        let usages = if row.format == 1 { decode(&row.content) } else { None };
        let usages = usages.unwrap_or_else(|| {
            log::error!("activity that an earlier version had noted down cannot be read and is lost");
            Vec::new()
        });
        for usage in usages {
            events += usage.write(conn, &change)?;
        }
    }
    if events == 0 {
        let mut sql = Sql::new("DELETE FROM audit_changes WHERE id = ");
        sql.bind(&change);
        sql.execute(conn)?;
    }
    Sql::new("DELETE FROM activity_backlog").execute(conn)?;
    Ok(())
}

fn begin_change(conn: &mut DbConnection, change: &Id) -> Result<(), Error> {
    let mut sql = Sql::new("INSERT INTO audit_changes (id, at, actor_kind, actor_name) VALUES (");
    sql.bind(change).push(", ").bind(clock::now()).push(", 'muster', 'Muster')");
    sql.execute(conn).map(drop)
}

/// What was noted down of one token.
struct Usage {
    token: String,
    account: Id,
    last: Option<(NaiveDateTime, Option<IpAddr>, Option<String>)>,
    login: Option<NaiveDateTime>,
    days: Vec<(NaiveDate, i64, i64)>,
    refusals: Vec<(String, i64)>,
}

impl Usage {
    /// Returns how many audit events it wrote.
    fn write(self, conn: &mut DbConnection, change: &Id) -> Result<usize, Error> {
        let used = self.last.as_ref().map(|(at, ..)| *at);
        if let Some((at, address, agent)) = self.last {
            let mut sql = Sql::new("UPDATE tokens SET last_used_at = ");
            sql.bind(at).push(", last_used_from = ").bind(Value::MaybeText(address.map(|address| address.to_string())));
            sql.push(", last_used_agent = ").bind(Value::MaybeText(agent)).push(" WHERE id = ").bind(self.token.as_str());
            sql.push(" AND (last_used_at IS NULL OR last_used_at < ").bind(at).push(")");
            sql.execute(conn)?;
        }
        for (column, at) in [("last_used_at", used), ("last_login_at", self.login)] {
            let Some(at) = at else { continue };
            let mut sql = Sql::new("UPDATE accounts SET ");
            sql.push(column).push(" = ").bind(at).push(" WHERE id = ").bind(&self.account);
            sql.push(" AND ").push(column).push(" < ").bind(at);
            sql.execute(conn)?;
        }
        let day = match conn {
            DbConnection::Sqlite(_) => "TEXT",
            DbConnection::Postgres(_) => "DATE",
        };
        for (date, accepted, refused) in self.days {
            let mut sql = Sql::new("INSERT INTO account_days (account_id, day, accepted, refused) SELECT id, CAST(");
            sql.bind(date.to_string()).push(" AS ").push(day).push("), ").bind(accepted).push(", ").bind(refused);
            sql.push(" FROM accounts WHERE id = ").bind(&self.account);
            sql.push(
                " ON CONFLICT (account_id, day) DO UPDATE SET accepted = account_days.accepted + excluded.accepted, \
                 refused = account_days.refused + excluded.refused",
            );
            sql.execute(conn)?;
        }
        let mut events = 0;
        for (reason, count) in self.refusals {
            let mut sql = Sql::new(
                "INSERT INTO audit_events (change_id, type, target_kind, target_id, target_name, object_id, object_name, detail) \
                 SELECT ",
            );
            let detail = serde_json::json!({ "reason": reason, "count": count }).to_string();
            sql.bind(change).push(", 'token.refused', a.kind, a.id, a.name, t.id, t.name, ").bind(detail);
            sql.push(" FROM tokens t JOIN accounts a ON a.id = t.account_id WHERE t.id = ").bind(self.token.as_str());
            events += sql.execute(conn)?;
        }
        Ok(events)
    }
}

/// One usage after the other. `None` where it is not what earlier versions wrote.
fn decode(content: &[u8]) -> Option<Vec<Usage>> {
    let (mut reader, mut agents, mut usages) = (PostcardReader(content), Vec::new(), Vec::new());
    while !reader.0.is_empty() {
        usages.push(reader.usage(&mut agents)?);
    }
    Some(usages)
}

/// Reads what the crate `postcard` wrote: numbers of seven bits a byte (signed ones folded), texts and lists after their
/// length, a byte before what may be absent.
struct PostcardReader<'a>(&'a [u8]);

impl PostcardReader<'_> {
    /// `agents` are the User-Agents that have come before: a later one refers to them by number.
    fn usage(&mut self, agents: &mut Vec<String>) -> Option<Usage> {
        let token = String::from_utf8(self.bytes(12)?.to_vec()).ok()?;
        let account = uuid::Uuid::from_slice(self.bytes(16)?).ok()?.into();
        let last = self.maybe(|reader| {
            let (at, address) = (reader.moment()?, reader.maybe(Self::address)?);
            Some((at, address, reader.maybe(|reader| reader.agent(agents))?))
        })?;
        let login = self.maybe(Self::moment)?;
        let days = self.list(|reader| {
            let date = NaiveDate::from_num_days_from_ce_opt(reader.signed()?.try_into().ok()?)?;
            Some((date, reader.number()?.try_into().ok()?, reader.number()?.try_into().ok()?))
        })?;
        let refusals = self.list(|reader| Some((reader.text()?, reader.signed()?)))?;
        Some(Usage { token, account, last, login, days, refusals })
    }

    fn agent(&mut self, agents: &mut Vec<String>) -> Option<String> {
        match self.number()? {
            0 => agents.push(self.text()?),
            _ => return agents.get(usize::try_from(self.number()?).ok()?).cloned(),
        }
        agents.last().cloned()
    }

    fn address(&mut self) -> Option<IpAddr> {
        Some(match self.number()? {
            0 => Ipv4Addr::from(<[u8; 4]>::try_from(self.bytes(4)?).ok()?).into(),
            _ => Ipv6Addr::from(<[u8; 16]>::try_from(self.bytes(16)?).ok()?).into(),
        })
    }

    fn moment(&mut self) -> Option<NaiveDateTime> {
        clock::of_micros(self.signed()?)
    }

    fn text(&mut self) -> Option<String> {
        let length = usize::try_from(self.number()?).ok()?;
        String::from_utf8(self.bytes(length)?.to_vec()).ok()
    }

    fn list<T>(&mut self, read: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        (0..self.number()?).map(|_| read(self)).collect()
    }

    fn maybe<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.bytes(1)? {
            [0] => Some(None),
            _ => read(self).map(Some),
        }
    }

    fn signed(&mut self) -> Option<i64> {
        let folded = self.number()?;
        Some((folded >> 1).cast_signed() ^ -(folded & 1).cast_signed())
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = u64::from(*self.bytes(1)?.first()?);
            number |= (byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn bytes(&mut self, count: usize) -> Option<&[u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }
}
