//! The embedded migrations of both engines, and the predefined roles that come with them.

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::migration::{MigrationSource, MigrationVersion};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::sql::Sql;
use super::{DbConnection, manager, pooler};
use crate::accounts::queries::emails;
use crate::config::DatabaseUrl;
use crate::error::Error;
use crate::roles::queries::install_predefined;
use crate::tokens::queries::names;

mod backlog;

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Serialises starts on one Postgres; held by the connection, and gone with it. A long migration, here or on the instance
/// that is waited for, takes as long as it takes.
const START_LOCK: &str = "SET client_min_messages = warning; SET lock_timeout = 0; SET statement_timeout = 0; \
    SELECT pg_advisory_lock(7310580)";

/// Brings the database at `url` up to this binary's schema, with the predefined roles, and returns the names of the
/// migrations that ran. Instances that start at the same moment wait for each other: each looks for what is to be done only
/// once it holds the lock.
pub fn migrate(url: &DatabaseUrl) -> Result<Vec<String>, String> {
    keep_private(url)?;
    let mut conn = manager::open(url).map_err(|error| match url {
        DatabaseUrl::Sqlite(path) => format!("The database {path} cannot be opened: {error}"),
        // The driver's words name the host; the URL itself may hold a password.
        DatabaseUrl::Postgres(_) => format!("The database cannot be opened: {}", url.redact(&error.to_string())),
    })?;
    if let DbConnection::Postgres(postgres) = &mut conn {
        pooler::refuse_shared(url, postgres)?;
        let version = Sql::new("SELECT CAST(current_setting('server_version_num') AS BIGINT) AS n").number(&mut conn);
        recent_enough(version.map_err(|error| error.to_string())?)?;
    }
    match &mut conn {
        // The whole start is one transaction, which takes the write lock before it reads.
        DbConnection::Sqlite(sqlite) => AnsiTransactionManager::begin_transaction_sql(sqlite, "BEGIN IMMEDIATE"),
        DbConnection::Postgres(postgres) => {
            postgres.batch_execute(START_LOCK).map_err(|error| error.to_string())?;
            AnsiTransactionManager::begin_transaction(postgres)
        }
    }
    .map_err(|error| error.to_string())?;
    backlog::write_out(&mut conn).map_err(|error| format!("the activity noted down could not be written: {error}"))?;
    let applied = match &mut conn {
        DbConnection::Sqlite(sqlite) => run(sqlite, SQLITE),
        DbConnection::Postgres(postgres) => {
            // Each migration is a transaction of its own.
            AnsiTransactionManager::commit_transaction(postgres).map_err(|error| error.to_string())?;
            let applied = run(postgres, POSTGRES)?;
            AnsiTransactionManager::begin_transaction(postgres).map_err(|error| error.to_string())?;
            Ok(applied)
        }
    }?;
    install_predefined(&mut conn).map_err(|error| format!("the predefined roles could not be written: {error}"))?;
    emails::renew_keys(&mut conn).map_err(|error| format!("the users' e-mail addresses could not be read: {error}"))?;
    names::fold_missing(&mut conn).map_err(|error| format!("the tokens' names could not be read: {error}"))?;
    match &mut conn {
        DbConnection::Sqlite(sqlite) => AnsiTransactionManager::commit_transaction(sqlite),
        DbConnection::Postgres(postgres) => AnsiTransactionManager::commit_transaction(postgres),
    }
    .map_err(|error| error.to_string())?;
    Ok(applied)
}

/// Earlier versions of PostgreSQL are no longer maintained.
const OLDEST_POSTGRES: i64 = 140_000;

fn recent_enough(version: i64) -> Result<(), String> {
    if version >= OLDEST_POSTGRES {
        return Ok(());
    }
    let (found, needed) = (version / 10_000, OLDEST_POSTGRES / 10_000);
    Err(format!("The database is PostgreSQL {found}. Muster needs PostgreSQL {needed} or later."))
}

/// A new SQLite file is for its owner alone, and what SQLite puts beside it takes after it: password hashes are in there.
fn keep_private(url: &DatabaseUrl) -> Result<(), String> {
    let DatabaseUrl::Sqlite(path) = url else { return Ok(()) };
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(format!("Cannot create the database {path}: {error}")),
    }
}

/// Whether the database has this binary's schema, neither an older nor a newer one.
pub fn fits(conn: &mut DbConnection) -> Result<(), Error> {
    let pending = match conn {
        DbConnection::Sqlite(sqlite) => refuse_newer(sqlite, &SQLITE).map(|()| sqlite.has_pending_migration(SQLITE)),
        DbConnection::Postgres(postgres) => refuse_newer(postgres, &POSTGRES).map(|()| postgres.has_pending_migration(POSTGRES)),
    };
    match pending.map_err(Error::unavailable)?.map_err(|error| Error::unavailable(error.to_string()))? {
        true => Err(Error::unavailable("a migration is still to be run")),
        false => Ok(()),
    }
}

/// A database of a newer version has what this one does not know, and would not keep right.
fn refuse_newer<DB: diesel::backend::Backend>(
    harness: &mut impl MigrationHarness<DB>,
    migrations: &EmbeddedMigrations,
) -> Result<(), String> {
    let known = MigrationSource::<DB>::migrations(migrations).map_err(|error| error.to_string())?;
    let applied = harness.applied_migrations().map_err(|error| format!("the migrations cannot be read: {error}"))?;
    let is_unknown = |version: &&MigrationVersion<'_>| !known.iter().any(|known| known.name().version() == **version);
    let Some(newer) = applied.iter().find(is_unknown) else { return Ok(()) };
    let version = env!("CARGO_PKG_VERSION");
    Err(format!(
        "The database was last used by a newer version of Muster than this one ({version}): it has the migration {newer}, which \
         this version does not know. Start the newer version, or restore a backup from before the upgrade."
    ))
}

fn run<DB: diesel::backend::Backend>(
    harness: &mut impl MigrationHarness<DB>,
    migrations: EmbeddedMigrations,
) -> Result<Vec<String>, String> {
    refuse_newer(harness, &migrations)?;
    let applied = harness.run_pending_migrations(migrations).map_err(|error| format!("a migration failed: {error}"))?;
    Ok(applied.iter().map(ToString::to_string).collect())
}

#[cfg(test)]
mod tests {
    use super::recent_enough;

    #[test]
    fn an_old_postgres_is_named() {
        assert_eq!((recent_enough(140_000), recent_enough(180_001)), (Ok(()), Ok(())));
        let sentence = recent_enough(130_022).unwrap_err();
        assert!(sentence.contains("PostgreSQL 13.") && sentence.contains("PostgreSQL 14 or later"), "{sentence}");
    }
}
