//! `muster serve --demo`: an invented organisation in a temporary database, for a look around and for pictures.
//!
//! Accounts, roles and teams come by the same operations as on the screens, told in the order of their times ([`chronicle`]),
//! so the audit log and the totals are right; each step's times are then moved back to where the story puts it.

use tempfile::TempDir;

use crate::auth::password;
use crate::config::{Config, DatabaseUrl, Plan};
use crate::database::{Database, migrations};

mod cast;
mod chronicle;
mod dice;
mod stage;
mod traffic;

/// The password of everybody at Halden Freight.
const PASSWORD: &str = "halden-freight-demo";
const DEFAULT_ORGANISATION: &str = "Your organisation";

/// A demo that is ready to be served. Its database goes when it is dropped.
pub struct Demo {
    folder: TempDir,
    config: Config,
    token: String,
}

impl Demo {
    /// Makes the temporary database and fills it. What `config` does not set is set as at Halden Freight.
    ///
    /// # Errors
    /// A sentence for the person who starts it.
    pub fn prepare(mut config: Config) -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("muster-demo-").tempdir();
        let folder = folder.map_err(|error| format!("The demo's temporary folder cannot be made: {error}."))?;
        config.database_url = DatabaseUrl::Sqlite(folder.path().join("muster.db").display().to_string());
        if config.organisation == DEFAULT_ORGANISATION {
            "Halden Freight".clone_into(&mut config.organisation);
        }
        config.plan.get_or_insert_with(|| Plan { name: "Team".into(), limit: 50 });
        config.policy_link.get_or_insert_with(|| "https://handbook.halden.example/machine-accounts".into());
        migrations::migrate(&config.database_url)?;
        let database = Database::connect(config.database_url.clone(), 1).map_err(|error| error.to_string())?;
        let hash = password::hash(PASSWORD).map_err(|error| error.to_string())?;
        let filled = database.write_now(|conn| chronicle::tell(conn, &hash));
        let token = filled.map_err(|error| format!("The demo could not be prepared: {error}"))?;
        Ok(Self { folder, config, token })
    }

    /// The settings to serve it with.
    pub fn config(&self) -> Config {
        self.config.clone()
    }

    /// How to sign in, and a token to try. `base_url` is where the server listens.
    pub fn introduction(&self, base_url: &str) -> String {
        let address = stage::email;
        format!(
            "This is a demo on a temporary database, in {}, which goes when it ends.\n\n\
             Sign in with the password {PASSWORD} as\n  \
             administrator  {}\n  user           {}\n  viewer         {}\n\n\
             Try the check with a token of {}:\n  \
             curl -i -H 'Authorization: Bearer {}' {base_url}/auth/verify",
            self.folder.path().display(),
            address(cast::ADMINISTRATORS[0]),
            address(cast::USER),
            address(cast::VIEWER),
            cast::SHOWPIECE,
            self.token,
        )
    }
}
