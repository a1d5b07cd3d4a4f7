//! The embedded migrations of both engines, and the predefined roles that come with them.

use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{DbConnection, manager};
use crate::config::DatabaseUrl;
use crate::error::Error;

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Brings the database at `url` up to this binary's schema and returns the names of the migrations that ran.
/// Instances that start at the same moment wait for each other.
///
/// # Errors
/// A sentence: the database cannot be reached, or a migration failed (which leaves the schema as it was).
pub fn migrate(url: &DatabaseUrl) -> Result<Vec<String>, String> {
    let mut conn = manager::open(url).map_err(|error| format!("The database cannot be opened: {error}"))?;
    let applied = match &mut conn {
        DbConnection::Sqlite(sqlite) => run(sqlite, SQLITE),
        DbConnection::Postgres(postgres) => {
            use diesel::connection::SimpleConnection;
            // Held by this connection alone, and gone with it.
            postgres
                .batch_execute("SET client_min_messages = warning; SELECT pg_advisory_lock(7310580)")
                .map_err(|error| error.to_string())?;
            run(postgres, POSTGRES)
        }
    }?;
    crate::roles::queries::install_predefined(&mut conn)
        .map_err(|error| format!("the predefined roles could not be written: {error}"))?;
    Ok(applied)
}

/// Whether a migration of this binary is still to be run.
///
/// # Errors
/// `Unavailable` where the database cannot say.
pub fn pending(conn: &mut DbConnection) -> Result<bool, Error> {
    match conn {
        DbConnection::Sqlite(sqlite) => sqlite.has_pending_migration(SQLITE),
        DbConnection::Postgres(postgres) => postgres.has_pending_migration(POSTGRES),
    }
    .map_err(|_| Error::Unavailable)
}

fn run<DB: diesel::backend::Backend>(
    harness: &mut impl MigrationHarness<DB>,
    migrations: EmbeddedMigrations,
) -> Result<Vec<String>, String> {
    let applied = harness.run_pending_migrations(migrations).map_err(|error| format!("a migration failed: {error}"))?;
    Ok(applied.iter().map(ToString::to_string).collect())
}
