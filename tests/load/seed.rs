//! Fills a database for the load bench: `seed DATABASE_URL ACCOUNTS TOKENS FILE` makes system accounts with the role CI/CD
//! and tokens spread evenly over them, and writes the tokens' values to a file, one a line.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on says so by panicking")]

use std::fmt::Write as _;

use muster::accounts::model::Kind;
use muster::accounts::queries;
use muster::clock;
use muster::config::DatabaseUrl;
use muster::database::sql::Sql;
use muster::database::{Database, DbConnection, migrations};
use muster::error::Error;
use muster::id::Id;
use muster::roles::predefined;
use muster::text::fold;
use muster::tokens::value::{Access, TokenValue};

/// Rows in one statement.
const PART: usize = 1_000;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let url: DatabaseUrl = arguments[1].parse().unwrap();
    let (accounts, tokens): (usize, usize) = (arguments[2].parse().unwrap(), arguments[3].parse().unwrap());
    migrations::migrate(&url).unwrap();
    let database = Database::connect(url, 1).unwrap();
    let ids: Vec<Id> = (0..accounts).map(|_| Id::new()).collect();
    let values: Vec<TokenValue> = (0..tokens).map(|_| TokenValue::generate(Access::Write).unwrap()).collect();
    database.write_now(|conn| fill(conn, &ids, &values)).unwrap();
    let of_tokens = format!(
        "UPDATE accounts SET first_expiry_at = '{}' WHERE id IN (SELECT account_id FROM tokens)",
        clock::no_expiry().format("%F %T")
    );
    database.write_now(|conn| Ok(conn.batch_execute(&of_tokens)?)).unwrap();
    database.read_now(|conn| Ok(conn.batch_execute(upkeep(conn))?)).unwrap();
    let mut text = String::new();
    for value in &values {
        writeln!(text, "{}", value.expose()).unwrap();
    }
    std::fs::write(&arguments[4], text).unwrap();
}

use diesel::connection::SimpleConnection;

/// What leaves the database as it is in use. Postgres comes by with its autovacuum, a minute or so after so many insertions.
fn upkeep(conn: &DbConnection) -> &'static str {
    match conn {
        DbConnection::Sqlite(_) => "ANALYZE",
        DbConnection::Postgres(_) => "VACUUM ANALYZE",
    }
}

fn fill(conn: &mut DbConnection, ids: &[Id], values: &[TokenValue]) -> Result<(), Error> {
    let now = clock::now();
    let role: Id = predefined::CI_CD.into();
    for (part, ids) in ids.chunks(PART).enumerate() {
        let mut rows = Sql::new(
            "INSERT INTO accounts (id, kind, name, name_key, description, search_text, created_at, created_by_name, updated_at) VALUES ",
        );
        let mut roles = Sql::new("INSERT INTO account_roles (account_id, role_id, kind, disabled, name_key) VALUES ");
        for (at, id) in ids.iter().enumerate() {
            let number = part * PART + at;
            let (name, description) = (format!("service-{number:07} deploy"), format!("Deploys service number {number}"));
            let search = format!("{}\n{}", fold(&name), fold(&description));
            rows.push(if at == 0 { "(" } else { ", (" })
                .bind(id)
                .push(", 'system', ")
                .bind(name.clone())
                .push(", ")
                .bind(name.clone());
            rows.push(", ").bind(description).push(", ").bind(search).push(", ").bind(now).push(", 'seed', ").bind(now).push(")");
            roles
                .push(if at == 0 { "(" } else { ", (" })
                .bind(id)
                .push(", ")
                .bind(&role)
                .push(", 'system', FALSE, ")
                .bind(name)
                .push(")");
        }
        rows.execute(conn)?;
        roles.execute(conn)?;
    }
    queries::add_to_total(conn, Kind::System, false, i64::try_from(ids.len()).unwrap())?;
    for (at, value) in values.iter().enumerate() {
        insert_token(conn, &ids[at % ids.len()], value)?;
    }
    Ok(())
}

fn insert_token(conn: &mut DbConnection, account: &Id, value: &TokenValue) -> Result<(), Error> {
    use diesel::prelude::*;
    use muster::schema::tokens;
    diesel::insert_into(tokens::table)
        .values((
            tokens::id.eq(value.id()),
            tokens::account_id.eq(account),
            tokens::name.eq("load"),
            tokens::access.eq("write"),
            tokens::digest.eq(value.digest().to_vec()),
            tokens::created_at.eq(clock::now()),
            tokens::created_by_name.eq("seed"),
        ))
        .execute(conn)?;
    Ok(())
}
