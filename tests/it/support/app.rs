//! The real server on a free port, and the actors who speak to it.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use muster::accounts::model::Kind;
use muster::accounts::operations::{self, Creation, Plan, UserCreation};
use muster::auth::password;
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

use super::engine::TestDatabase;

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
        let metrics_url = server.metrics_url();
        let (send, receive) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let running = server.start().unwrap();
                send.send(running.handle()).unwrap();
                running.await.unwrap();
            });
        });
        let handle = receive.recv().unwrap();
        Self { url, database, database_url, setup_link, metrics_url, home, handle, thread: Some(thread) }
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
        let client = Client { account: Some(id), ..self.anonymous() };
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
        let form = Creation { name: name.into(), roles: roles.to_vec(), ..Creation::default() };
        self.write(move |conn| operations::create_system_account(conn, &Principal::shell(), &Plan::unlimited(), &form))
    }

    /// `n` system accounts by set-based SQL: `bulk-000001` and so on, each with the role CI/CD.
    pub fn add_many(&self, n: usize) {
        seed(&self.database, n);
    }

    /// A token of a system account: its value.
    pub fn add_token(&self, account: &Id, access: Access) -> String {
        let form =
            muster::tokens::operations::Creation { name: "test token".into(), access: Some(access), expiry: Ok(Expiry::Never) };
        let account = account.clone();
        self.write(move |conn| muster::tokens::operations::create(conn, &Principal::shell(), &account, &form, None))
            .1
            .expose()
            .to_owned()
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
        organisation: "Halden Freight".into(),
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

/// Every hash takes time that tests have no use for.
fn hash() -> String {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| password::hash(PASSWORD).unwrap()).clone()
}

/// `n` more system accounts by set-based SQL, with totals, a role each, and a token for every other one.
pub fn seed(database: &Database, n: usize) {
    use diesel::connection::SimpleConnection;
    let ci_cd = predefined::CI_CD;
    let (numbers, pad, blob) = match database.engine() {
        muster::database::Engine::Sqlite => (
            format!("WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < {n})"),
            "printf('%06d', i)",
            "randomblob(32)",
        ),
        muster::database::Engine::Postgres => {
            (format!("WITH s (i) AS (SELECT generate_series(1, {n}))"), "lpad(i::text, 6, '0')", "sha256(i::text::bytea)")
        }
    };
    let accounts = format!(
        "INSERT INTO accounts (id, kind, name, name_key, description, search_text, created_at, created_by_name, updated_at, \
         last_used_at) {numbers} SELECT '00000000-0000-7000-8000-000000' || {pad}, 'system', 'bulk-' || {pad}, 'bulk-' || {pad}, \
         'Number ' || i, 'bulk-' || {pad} || '\nnumber ' || i, '2026-01-01 00:00:00', 'seed', '2026-01-01 00:00:00', \
         CASE WHEN i % 3 = 0 THEN '1970-01-01 00:00:00' ELSE '2026-02-01 00:00:00' END{} FROM s",
        if database.engine() == muster::database::Engine::Postgres { "::timestamp" } else { "" },
    );
    let roles = format!(
        "INSERT INTO account_roles (account_id, role_id, kind, disabled, name_key) SELECT id, '{ci_cd}', kind, disabled, name_key \
         FROM accounts WHERE created_by_name = 'seed' \
         AND id NOT IN (SELECT account_id FROM account_roles)"
    );
    let tokens = format!(
        "INSERT INTO tokens (id, account_id, name, access, digest, created_at, created_by_name) {numbers} \
         SELECT 'seed00' || {pad}, '00000000-0000-7000-8000-000000' || {pad}, 'seeded', 'read', {blob}, '2026-01-01 00:00:00', \
         'seed' FROM s WHERE i % 2 = 0"
    );
    let totals = format!("UPDATE account_totals SET total = total + {n} WHERE kind = 'system' AND disabled = FALSE");
    database
        .write_now(|conn| {
            for statement in [accounts, roles, tokens, totals] {
                conn.batch_execute(&statement)?;
            }
            Ok(())
        })
        .unwrap();
    if database.engine() == muster::database::Engine::Postgres {
        database.read_now(|conn| Ok(conn.batch_execute("ANALYZE")?)).unwrap();
    }
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Headers by their name in lower case; several of one name are joined by `, `.
    pub headers: HashMap<String, String>,
    /// The body.
    pub body: String,
}

impl Answer {
    /// A header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// Where a redirect leads.
    pub fn location(&self) -> &str {
        self.header("location")
    }

    /// The text of the body without tags, white space folded.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut inside = false;
        // What only isolates a name is part of its sentence.
        let body = self.body.replace("<bdi>", "").replace("</bdi>", "").replace("&#39;", "'");
        for letter in body.chars() {
            match letter {
                '<' => inside = true,
                '>' => {
                    inside = false;
                    text.push(' ');
                }
                _ if !inside => text.push(letter),
                _ => {}
            }
        }
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The text of the flash, or nothing.
    pub fn flash(&self) -> String {
        let Some(start) = self.body.find("class=\"flash") else { return String::new() };
        let rest = &self.body[start..];
        let end = rest.find("</p>").unwrap_or(rest.len());
        let begin = rest.find("<p>").unwrap_or(0);
        Answer { body: rest[begin..end].into(), ..self.clone() }.text().replace(" .", ".").replace(" ;", ";")
    }
}

/// A body as it was before it was compressed.
fn decompressed(body: Vec<u8>, encoding: Option<&str>) -> Vec<u8> {
    use std::io::Read;
    let mut plain = Vec::new();
    match encoding.filter(|_| !body.is_empty()) {
        None => return body,
        Some("gzip") => flate2::read::GzDecoder::new(&body[..]).read_to_end(&mut plain).map(drop),
        Some("br") => brotli::BrotliDecompress(&mut &body[..], &mut plain),
        Some(other) => panic!("an answer in {other}"),
    }
    .unwrap();
    plain
}

/// Somebody with cookies of their own, who follows no redirect by themselves. A clone shares the cookies.
#[derive(Clone)]
pub struct Client {
    agent: ureq::Agent,
    url: String,
    /// The account that is signed in.
    pub account: Option<Id>,
}

impl Client {
    /// A client without a session.
    pub fn new(url: &str) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .build()
            .new_agent();
        Self { agent, url: url.into(), account: None }
    }

    /// GET.
    pub fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[])
    }

    /// GET with headers.
    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send("GET", path, headers, &[])
    }

    /// A form, posted from a page of Muster's own.
    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send("POST", path, &[("Sec-Fetch-Site", "same-origin")], fields)
    }

    /// Posts a form and follows the redirect, as a browser does.
    pub fn post_and_follow(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = self.post(path, fields);
        assert_eq!(answer.status, 303, "{path}: {}", answer.text());
        let location = answer.location().split('#').next().unwrap().to_owned();
        self.get(&location)
    }

    /// Any method, with headers and a form.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], fields: &[(&str, &str)]) -> Answer {
        let mut request = ureq::http::Request::builder().method(method).uri(self.address(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = if matches!(method, "GET" | "HEAD") {
            self.agent.run(request.body(()).unwrap())
        } else {
            let body = serde_html_form::to_string(fields).unwrap();
            self.agent.run(request.header("Content-Type", "application/x-www-form-urlencoded").body(body).unwrap())
        };
        Self::read(answer.unwrap())
    }

    /// GET, or nothing where nobody answers.
    pub fn try_get(&self, path: &str) -> Option<Answer> {
        self.agent.get(self.address(path)).call().ok().map(Self::read)
    }

    /// GET with headers; nothing where no whole answer comes.
    pub fn try_get_with(&self, path: &str, headers: &[(&str, &str)]) -> Option<Answer> {
        let request =
            headers.iter().fold(self.agent.get(self.address(path)), |request, (name, value)| request.header(*name, *value));
        request.call().ok().map(Self::read)
    }

    /// A form, posted from a page of Muster's own; nothing where nobody answers.
    pub fn try_post(&self, path: &str, fields: &[(&str, &str)]) -> Option<Answer> {
        let body = serde_html_form::to_string(fields).unwrap();
        let request = self.agent.post(self.address(path)).header("Sec-Fetch-Site", "same-origin");
        request.content_type("application/x-www-form-urlencoded").send(body).ok().map(Self::read)
    }

    fn read(mut answer: ureq::http::Response<ureq::Body>) -> Answer {
        let mut map: HashMap<String, String> = HashMap::new();
        for (name, value) in answer.headers() {
            let value = value.to_str().unwrap_or_default();
            map.entry(name.as_str().to_owned())
                .and_modify(|held| *held = format!("{held}, {value}"))
                .or_insert_with(|| value.into());
        }
        let body = answer.body_mut().with_config().limit(50 * 1024 * 1024).read_to_vec().unwrap_or_default();
        let body = decompressed(body, map.get("content-encoding").map(String::as_str));
        Answer { status: answer.status().as_u16(), headers: map, body: String::from_utf8(body).unwrap_or_default() }
    }

    /// Any method, with headers and a body as it is.
    pub fn send_body(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = ureq::http::Request::builder().method(method).uri(self.address(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut answer = self.agent.run(request.body(body.to_owned()).unwrap()).unwrap();
        let header = |(name, value): (&ureq::http::HeaderName, &ureq::http::HeaderValue)| {
            (name.as_str().to_owned(), value.to_str().unwrap_or_default().to_owned())
        };
        let headers = answer.headers().iter().map(header).collect();
        Answer { status: answer.status().as_u16(), headers, body: answer.body_mut().read_to_string().unwrap_or_default() }
    }

    fn address(&self, path: &str) -> String {
        if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.url) }
    }
}
