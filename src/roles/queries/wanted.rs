//! Permissions that gateways have asked for in vain.

use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;

use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;
use crate::roles::permission::Permission;
use crate::schema::wanted_permissions;

/// How long they are remembered, in days.
pub const DAYS: i64 = 30;
/// As many are kept: whoever has a token can ask for anything.
const KEPT: i64 = 200;
/// As many are offered.
const OFFERED: i64 = 12;

/// Records that one was asked for.
pub fn record(conn: &mut DbConnection, permission: &Permission, at: NaiveDateTime) -> Result<(), Error> {
    let old = at - TimeDelta::days(DAYS);
    diesel::delete(wanted_permissions::table.filter(wanted_permissions::at.lt(old))).execute(conn)?;
    let mut sql = Sql::new("INSERT INTO wanted_permissions (permission, at) SELECT ");
    sql.bind(permission.as_str()).push(", ").bind(at);
    sql.push(" WHERE (SELECT count(*) FROM wanted_permissions WHERE permission <> ").bind(permission.as_str());
    sql.push(&format!(") < {KEPT} ON CONFLICT (permission) DO UPDATE SET at = excluded.at"));
    sql.execute(conn).map(drop)
}

/// Those of late, the last one first, with when that was.
pub fn of_late(conn: &mut DbConnection, now: NaiveDateTime) -> Result<Vec<(Permission, NaiveDateTime)>, Error> {
    let rows: Vec<(String, NaiveDateTime)> = wanted_permissions::table
        .filter(wanted_permissions::at.ge(now - TimeDelta::days(DAYS)))
        .order((wanted_permissions::at.desc(), wanted_permissions::permission))
        .limit(OFFERED)
        .select((wanted_permissions::permission, wanted_permissions::at))
        .load(conn)?;
    Ok(rows.into_iter().filter_map(|(text, at)| Some((Permission::parse(&text).ok()?, at))).collect())
}
