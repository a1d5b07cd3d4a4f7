//! `muster serve --demo`: an invented organisation in a temporary database, for a look around and for pictures.
//!
//! Accounts, roles and teams come by the same operations as on the screens, told in the order of their times (`chronicle`),
//! so the audit log and the totals are right; each step's times are then moved back to where the story puts it.

use tempfile::TempDir;

use crate::auth::password;
use crate::clock;
use crate::config::{Config, DatabaseUrl};
use crate::database::{Database, migrations};
use crate::settings::general::{self, General};

mod cast;
mod chronicle;
mod dice;
mod stage;
mod traffic;

/// The password of everybody at Halden Freight.
const PASSWORD: &str = "halden-freight-demo";

/// A demo that is ready to be served. Its database goes when it is dropped.
pub struct Demo {
    folder: TempDir,
    config: Config,
    token: String,
}

impl Demo {
    /// Makes the temporary database and fills it. What `config` does not set is set as at Halden Freight.
    pub fn prepare(mut config: Config) -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("muster-demo-").tempdir();
        let folder = folder.map_err(|error| format!("Cannot create the demo's temporary folder: {error}."))?;
        config.database_url = DatabaseUrl::Sqlite(folder.path().join("muster.db").display().to_string());
        config.plan_limit.get_or_insert(50);
        config.policy_link.get_or_insert_with(|| "https://handbook.halden.example/machine-accounts".into());
        migrations::migrate(&config.database_url)?;
        let database = Database::connect(config.database_url.clone(), 1).map_err(|error| error.to_string())?;
        let hash = password::hash(PASSWORD).map_err(|error| error.to_string())?;
        let filled = database.write_now(|conn| {
            general::write(conn, &settings())?;
            chronicle::tell(conn, &hash, clock::now())
        });
        let token = filled.map_err(|error| format!("The demo could not be prepared: {error}"))?;
        Ok(Self { folder, config, token })
    }

    /// The configuration to serve it with.
    pub fn config(&self) -> Config {
        self.config.clone()
    }

    /// How to sign in, and a token to try. `base_url` is where the server listens.
    pub fn introduction(&self, base_url: &str) -> String {
        let address = stage::email;
        format!(
            "This is a demo on a temporary database in {}, deleted when it stops.\n\n\
             Sign in with the password {PASSWORD} as\n  \
             administrator  {}\n  user           {}\n  read-only      {}\n\n\
             Try a check with a token of {}:\n  \
             curl -i -H 'Authorization: Bearer {}' {base_url}/auth/verify",
            self.folder.path().display(),
            address(cast::ADMINISTRATORS[0]),
            address(cast::USER),
            address(cast::READ_ONLY),
            cast::SHOWPIECE,
            self.token,
        )
    }
}

/// What Halden Freight has set.
fn settings() -> General {
    General {
        organisation: "Halden Freight".into(),
        ask: "the platform team".into(),
        ask_link: "https://chat.halden.example/platform".into(),
        ..General::default()
    }
}

#[cfg(test)]
mod tests {
    use chrono::{NaiveDateTime, TimeDelta};

    use super::*;
    use crate::accounts::model::{AccountFilter, ActivityFilter, Kind, OwnedBy, Selection};
    use crate::accounts::queries::{selection::Target, totals};
    use crate::database::sql::Sql;

    fn told(now: NaiveDateTime) -> (TempDir, Database) {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::Sqlite(folder.path().join("muster.db").display().to_string());
        migrations::migrate(&url).unwrap();
        let database = Database::connect(url, 1).unwrap();
        database.write_now(|conn| chronicle::tell(conn, "no hash", now)).unwrap();
        (folder, database)
    }

    /// On whatever day of the week, and at whatever hour, it is started.
    #[test]
    fn the_story_holds_together_at_any_time() {
        const FAULTS: [&str; 5] = [
            "SELECT count(*) AS n FROM accounts a JOIN tokens t ON t.account_id = a.id \
             WHERE t.created_at < a.created_at OR t.last_used_at < t.created_at",
            "SELECT count(*) AS n FROM accounts WHERE created_at > $1 OR last_login_at > $1 OR last_used_at > $1",
            "SELECT count(*) AS n FROM audit_changes WHERE at >= $1",
            "SELECT count(*) AS n FROM (SELECT c.at AS at, lag(c.at) OVER (ORDER BY e.seq) AS before FROM audit_events e \
             JOIN audit_changes c ON c.id = e.change_id) s WHERE s.at < s.before",
            "SELECT count(*) AS n FROM accounts a WHERE NOT EXISTS (SELECT 1 FROM account_roles r WHERE r.account_id = a.id)",
        ];
        for hours in [0, 7, 31, 55, 79, 103, 127] {
            let now = clock::now() - TimeDelta::hours(hours);
            let (_folder, database) = told(now);
            for fault in FAULTS {
                let mut parts = fault.split("$1");
                let mut sql = Sql::new(parts.next().unwrap());
                for part in parts {
                    sql.bind(now).push(part);
                }
                assert_eq!(database.read_now(|conn| sql.number(conn)), Ok(0), "{hours} hours ago: {fault}");
            }
        }
    }

    #[test]
    fn the_list_looks_as_it_was_drawn() {
        let (_folder, database) = told(clock::now());
        let all = AccountFilter::all(Kind::System);
        let count = |filter: AccountFilter| {
            database.read_now(|conn| Target::resolve(conn, Kind::System, &Selection::Matching(filter))?.count(conn)).unwrap()
        };
        assert_eq!(count(all.clone()), 37);
        assert_eq!(count(AccountFilter { expiring: true, ..all.clone() }), 4);
        assert_eq!(count(AccountFilter { activity: Some(ActivityFilter::Unused(90)), ..all.clone() }), 2);
        assert_eq!(count(AccountFilter { activity: Some(ActivityFilter::Never), ..all }), 3);
        assert_eq!(database.read_now(|conn| totals(conn, Kind::System)), Ok((37, 2)));
        let left = AccountFilter { owner: Some(OwnedBy::Left), ..AccountFilter::all(Kind::System) };
        assert_eq!(count(left), 2);
        // Its people have tokens of their own, lead teams and hold the organisation's own roles.
        let counted = |text: &str| database.read_now(|conn| Sql::new(text).number(conn)).unwrap();
        for (what, least) in [
            ("tokens t JOIN accounts a ON a.id = t.account_id WHERE a.kind = 'user'", 4),
            ("team_administrators", 10),
            ("account_roles h JOIN roles r ON r.id = h.role_id WHERE NOT r.predefined AND h.kind = 'user'", 6),
            ("accounts WHERE last_login_from IS NOT NULL AND password_set_at < last_login_at", 50),
            ("audit_events WHERE type = 'token.created' AND target_kind = 'user'", 4),
        ] {
            let found = counted(&format!("SELECT count(*) AS n FROM {what}"));
            assert!(found >= least, "{what}: {found}");
        }
        // One has left, one is invited.
        assert_eq!(database.read_now(|conn| totals(conn, Kind::User)), Ok((65, 1)));
    }
}
