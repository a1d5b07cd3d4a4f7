//! The real server on a free port, and the actors who speak to it.

use std::sync::{Arc, OnceLock, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use argon2::password_hash::PasswordHasher;
use argon2::{Algorithm, Argon2, Params, Version};
use muster::accounts::model::Kind;
use muster::accounts::operations::{self, AccountCreation, Plan, UserCreation};
use muster::auth::hashing::Hashing;
use muster::auth::principal::Principal;
use muster::config::{Config, DatabaseUrl};
use muster::database::sql::Sql;
use muster::database::{Database, DbConnection, migrations};
use muster::error::Error;
use muster::id::Id;
use muster::roles::predefined;
use muster::server::{Deadlines, Server};
use muster::tokens::model::Expiry;
use muster::tokens::value::Access;

pub use super::client::{Answer, Client};
use super::engine::TestDatabase;
pub use super::seed::seed;

/// The password of every user that tests make.
pub const PASSWORD: &str = "correct horse battery";

/// A running server with a database of its own.
pub struct TestApp {
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    /// Its database, for preparing and for looking.
    pub database: Database,
    /// The URL of the database.
    pub database_url: String,
    /// The link that creates the first administrator, where there was no user at the start.
    pub setup_link: Option<String>,
    /// The place where the database lives, which several servers may share.
    pub home: Arc<TestDatabase>,
    /// Where the metrics are, where they are switched on.
    pub metrics_url: Option<String>,
    /// The queue of its password hashes.
    pub hashing: Hashing,
    handle: actix_web::dev::ServerHandle,
    thread: Option<JoinHandle<()>>,
}

fn migrate(url: &str) {
    migrations::migrate(&url.parse().unwrap()).unwrap();
}

impl TestApp {
    /// A server with the usual settings.
    pub fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// A server with other settings.
    pub fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        Self::on(TestDatabase::fresh(migrate), change)
    }

    /// A server whose plan has room for `limit` system accounts.
    pub fn with_plan(limit: u32) -> Self {
        Self::start_with(|config| config.plan_limit = Some(limit))
    }

    /// A second server on the same database.
    pub fn beside(&self) -> Self {
        Self::on(Arc::clone(&self.home), |_| {})
    }

    /// A server on a database that is there already.
    pub fn on(home: impl Into<Arc<TestDatabase>>, change: impl FnOnce(&mut Config)) -> Self {
        let home = home.into();
        let mut config = test_config(home.url().parse().unwrap());
        change(&mut config);
        Self::serve(home, config)
    }

    /// A server that gives its clients other deadlines.
    pub fn with_deadlines(deadlines: Deadlines, change: impl FnOnce(&mut Config)) -> Self {
        let home = TestDatabase::fresh(migrate);
        let mut config = test_config(home.url().parse().unwrap());
        change(&mut config);
        Self::run(home, Server::bind(config).unwrap().with_deadlines(deadlines))
    }

    /// A server with exactly these settings.
    pub fn serve(home: impl Into<Arc<TestDatabase>>, config: Config) -> Self {
        Self::run(home, Server::bind(config).unwrap())
    }

    fn run(home: impl Into<Arc<TestDatabase>>, server: Server) -> Self {
        let home = home.into();
        let database_url = home.url().to_owned();
        // Where it listens, whatever its public URL is.
        let url = format!("http://127.0.0.1:{}", server.port());
        let (database, setup_link) = (server.database(), server.setup_link());
        let (metrics_url, hashing) = (server.metrics_url(), server.hashing());
        let (send, receive) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let running = server.start().unwrap();
                send.send(running.handle()).unwrap();
                running.await.unwrap();
            });
        });
        let handle = receive.recv().unwrap();
        Self { url, database, database_url, setup_link, metrics_url, hashing, home, handle, thread: Some(thread) }
    }

    /// Stops the server as SIGTERM does, and waits for it.
    pub fn stop(&mut self) {
        if let Some(thread) = self.thread.take() {
            actix_web::rt::System::new().block_on(self.handle.stop(true));
            thread.join().unwrap();
        }
    }

    /// Somebody who has not signed in.
    pub fn anonymous(&self) -> Client {
        Client::new(&self.url)
    }

    /// A signed-in Administrator, Maya Lindqvist.
    pub fn admin(&self) -> Client {
        self.user("Maya Lindqvist", &[predefined::ADMINISTRATOR.into()])
    }

    /// A signed-in user with the role User: sees lists, changes nothing.
    pub fn viewer(&self) -> Client {
        self.user("Ines Calloway", &[predefined::USER.into()])
    }

    /// A signed-in user with these roles.
    pub fn user(&self, name: &str, roles: &[Id]) -> Client {
        let (id, email) = self.add_user(name, roles);
        let mut client = self.anonymous();
        client.account = Some(id);
        let answer = client.post("/login", &[("email", email.as_str()), ("password", PASSWORD)]);
        assert_eq!(answer.status, 303, "signing in: {}", answer.body);
        client
    }

    /// A user with [`PASSWORD`] and an e-mail address made from the name.
    pub fn add_user(&self, name: &str, roles: &[Id]) -> (Id, String) {
        let email = format!("{}@example.test", name.to_lowercase().replace(' ', "."));
        let form = UserCreation { name: name.into(), email: email.clone(), password_hash: Some(hash()), roles: roles.to_vec() };
        let id = self.write(move |conn| operations::create_user(conn, &Principal::shell(), &form));
        (id, email)
    }

    /// A custom role with these permissions.
    pub fn add_role(&self, name: &str, permissions: &[&str]) -> Id {
        use diesel::prelude::*;
        use muster::schema::{role_permissions, roles};
        let id = Id::new();
        let (role, name) = (id.clone(), name.to_owned());
        let permissions: Vec<String> = permissions.iter().map(ToString::to_string).collect();
        self.write(move |conn| {
            diesel::insert_into(roles::table)
                .values((
                    roles::id.eq(&role),
                    roles::name.eq(&name),
                    roles::name_key.eq(muster::text::fold(&name)),
                    roles::created_at.eq(muster::clock::now()),
                ))
                .execute(conn)?;
            for permission in permissions {
                diesel::insert_into(role_permissions::table)
                    .values((role_permissions::role_id.eq(&role), role_permissions::permission.eq(permission)))
                    .execute(conn)?;
            }
            Ok(())
        });
        id
    }

    /// A team with these members.
    pub fn add_team(&self, name: &str, members: &[&Id]) -> Id {
        use diesel::prelude::*;
        use muster::schema::teams;
        let id = Id::new();
        let (team, name) = (id.clone(), name.to_owned());
        let members: Vec<Id> = members.iter().map(|member| (*member).clone()).collect();
        self.write(move |conn| {
            diesel::insert_into(teams::table)
                .values((
                    teams::id.eq(&team),
                    teams::name.eq(&name),
                    teams::name_key.eq(muster::text::fold(&name)),
                    teams::created_at.eq(muster::clock::now()),
                ))
                .execute(conn)?;
            for member in members {
                join_team(conn, &team, &member)?;
            }
            Ok(())
        });
        id
    }

    /// A system account with the role CI/CD.
    pub fn add_account(&self, name: &str) -> Id {
        self.add_account_with(name, &[predefined::CI_CD.into()])
    }

    /// A system account with these roles.
    pub fn add_account_with(&self, name: &str, roles: &[Id]) -> Id {
        let form = AccountCreation { name: name.into(), roles: roles.to_vec(), ..AccountCreation::default() };
        self.write(move |conn| operations::create_system_account(conn, &Principal::shell(), &Plan::unlimited(), &form))
    }

    /// `n` system accounts by set-based SQL: `bulk-000001` and so on, each with the role CI/CD.
    pub fn add_many(&self, n: usize) {
        seed(&self.database, n);
    }

    /// A token of a system account: its value.
    pub fn add_token(&self, account: &Id, access: Access) -> String {
        let form = muster::tokens::operations::TokenCreation {
            name: "test token".into(),
            access: Some(access),
            expiry: Ok(Expiry::Never),
        };
        let account = account.clone();
        self.write(move |conn| muster::tokens::operations::create(conn, &Principal::shell(), &account, &form, None))
            .1
            .expose()
            .to_owned()
    }

    /// A token of a user's own: its value.
    pub fn add_token_of_user(&self, user: &Id) -> String {
        let robot = self.add_account(&format!("robot for {user}"));
        let value = self.add_token(&robot, Access::Read);
        self.write(|conn| {
            let mut sql = Sql::new("UPDATE tokens SET account_id = ");
            sql.bind(user).push(" WHERE account_id = ").bind(&robot);
            sql.execute(conn)
        });
        value
    }

    /// The check's answer for a token.
    pub fn verify(&self, token: &str) -> Answer {
        self.anonymous().get_with("/auth/verify", &[("Authorization", &format!("Bearer {token}"))])
    }

    /// Changes the database from the side, and has the server know of it: another process's change would reach it only
    /// within the second that is promised.
    pub fn write<T>(&self, work: impl FnOnce(&mut DbConnection) -> Result<T, Error>) -> T {
        let done = self.database.write_now(work).unwrap();
        actix_web::rt::System::new().block_on(self.database.write(|_| Ok(()))).unwrap();
        done
    }

    /// Looks into the database.
    pub fn read<T>(&self, work: impl FnOnce(&mut DbConnection) -> Result<T, Error>) -> T {
        self.database.read_now(work).unwrap()
    }

    /// Enabled and disabled system accounts, as the totals have them.
    pub fn totals(&self) -> (i64, i64) {
        self.read(|conn| muster::accounts::queries::totals(conn, Kind::System))
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        // Not gracefully: a test that panicked may have left a request open.
        if let Some(thread) = self.thread.take() {
            actix_web::rt::System::new().block_on(self.handle.stop(false));
            let _ = thread.join();
        }
        // Whatever a test did: roles and memberships still say of their accounts what the accounts say. (A database that was
        // taken away cannot be asked.)
        if !std::thread::panicking()
            && let Ok(wrong) = self.database.read_now(super::snapshot::wrong_copies)
        {
            assert!(wrong.is_empty(), "copies that differ from their accounts: {wrong:?}");
        }
    }
}

/// Makes an account a member of a team, outside any change.
pub fn join_team(conn: &mut DbConnection, team: &Id, account: &Id) -> Result<(), Error> {
    let mut sql = Sql::new("INSERT INTO team_members (team_id, account_id, kind, disabled, name_key) SELECT ");
    sql.bind(team).push(", a.id, a.kind, a.disabled, a.name_key FROM accounts a WHERE a.id = ").bind(account);
    sql.execute(conn).map(drop)
}

/// The settings of a test server.
pub fn test_config(database_url: DatabaseUrl) -> Config {
    Config {
        listen: ([127, 0, 0, 1], 0).into(),
        database_url,
        public_url: None,
        organisation: Some("Halden Freight".into()),
        plan_name: "Team".into(),
        plan_limit: None,
        user_limit: None,
        policy_link: Some("https://example.test/policy".into()),
        max_token_lifetime: None,
        trusted_proxies: Vec::new(),
        workers: Some(2),
        activity_interval: Duration::from_secs(3600),
        // Tests refuse a lot, all from one address.
        refusal_limit: 0,
        metrics_listen: None,
        log: Some("off".into()),
        demo: false,
    }
}

/// Every hash takes time that tests have no use for. It names its own parameters, so signing in is as cheap as making it.
fn hash() -> String {
    static HASH: OnceLock<String> = OnceLock::new();
    let cheap = || {
        let params = Params::new(Params::MIN_M_COST, Params::MIN_T_COST, Params::MIN_P_COST, None).unwrap();
        let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        hasher.hash_password(PASSWORD.as_bytes()).unwrap().to_string()
    };
    HASH.get_or_init(cheap).clone()
}
