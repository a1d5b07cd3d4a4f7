//! What these tests stand on: a database with accounts and tokens, and the door before it.

use actix_web::dev::ServiceResponse;
use actix_web::test::TestRequest;
use actix_web::{App, test, web};
use chrono::{NaiveDateTime, TimeDelta};
use clap::Parser;
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, QueryableByName};

use crate::accounts::operations as accounts;
use crate::activity::Recorder;
use crate::auth::principal::{ActorKind, Means, Principal};
use crate::check::cache::Cache;
use crate::check::{Check, Reason, Verdict};
use crate::clock;
use crate::config::{Config, DatabaseUrl};
use crate::database::sql::Sql;
use crate::database::{Database, DbConnection, migrations};
use crate::error::Error;
use crate::gateway::verify;
use crate::id::Id;
use crate::roles::permission::Permission;
use crate::roles::predefined;
use crate::tokens::model::{Expiry, Overlap, Token};
use crate::tokens::operations::{self, TokenCreation};
use crate::tokens::queries;
use crate::tokens::value::{Access, TokenValue};
use crate::web::throttle::TokenRefusals;

/// A database of its own, gone with the test.
pub struct Home {
    /// The database.
    pub database: Database,
    /// Where it is.
    pub url: DatabaseUrl,
    _folder: Option<tempfile::TempDir>,
}

impl Home {
    /// A migrated one.
    pub fn new() -> Self {
        let (url, folder) = match std::env::var("MUSTER_TEST_ENGINE").as_deref() {
            Ok("postgres") => {
                let server = std::env::var("MUSTER_TEST_POSTGRES").expect("MUSTER_TEST_POSTGRES");
                let name = format!("muster_unit_{}", Id::new().as_str().replace('-', ""));
                administer(&server, &format!("CREATE DATABASE {name}"));
                let (host, _) = server.rsplit_once('/').expect("a URL with a database");
                (DatabaseUrl::Postgres(format!("{host}/{name}")), None)
            }
            _ => {
                let folder = tempfile::tempdir().unwrap();
                (DatabaseUrl::Sqlite(folder.path().join("muster.db").display().to_string()), Some(folder))
            }
        };
        migrations::migrate(&url).unwrap();
        Self { database: Database::connect(url.clone(), 4).unwrap(), url, _folder: folder }
    }

    /// Changes it.
    pub fn write<T>(&self, work: impl FnOnce(&mut DbConnection) -> Result<T, Error>) -> T {
        self.database.write_now(work).unwrap()
    }

    /// Runs several statements.
    pub fn batch(&self, sql: &str) {
        self.write(|conn| Ok(conn.batch_execute(sql)?));
    }

    /// The number `n` of a query.
    pub fn number(&self, sql: &str) -> i64 {
        self.database.read_now(|conn| Sql::new(sql).number(conn)).unwrap()
    }

    /// A system account with the role CI/CD.
    pub fn account(&self, name: &str) -> Id {
        let form = accounts::AccountCreation {
            name: name.into(),
            roles: vec![predefined::CI_CD.into()],
            ..accounts::AccountCreation::default()
        };
        self.write(|conn| accounts::create_system_account(conn, &Principal::shell(), &accounts::Plan::unlimited(), &form))
    }

    /// A token of an account, and its value.
    pub fn token(&self, account: &Id, access: Access, expiry: Expiry) -> (Token, TokenValue) {
        let form = TokenCreation { name: "release pipeline".into(), access: Some(access), expiry: Ok(expiry) };
        self.write(|conn| operations::create(conn, &Principal::shell(), account, &form, None))
    }

    /// A successor, of at most a year.
    pub fn regenerate(&self, token: &Token, overlap: Overlap) -> Result<(Token, TokenValue), Error> {
        let (account, id) = (token.account.clone(), token.id.clone());
        let made = self.database.write_now(|conn| {
            operations::regenerate(conn, &Principal::shell(), &account, &id, overlap, Some(TimeDelta::days(365)))
        });
        made.map(|made| (made.new, made.value))
    }

    /// A token as it is now.
    pub fn find(&self, token: &Token) -> Token {
        self.database.read_now(|conn| queries::find(conn, &token.account, &token.id)).unwrap()
    }

    /// The expiry that an account is sorted by.
    pub fn first_expiry(&self, account: &Id) -> Option<NaiveDateTime> {
        #[derive(QueryableByName)]
        struct First {
            #[diesel(sql_type = diesel::sql_types::Timestamp)]
            first_expiry_at: NaiveDateTime,
        }
        let mut sql = Sql::new("SELECT first_expiry_at FROM accounts WHERE id = ");
        sql.bind(account);
        let rows: Vec<First> = self.database.read_now(|conn| sql.load(conn)).unwrap();
        clock::known(rows[0].first_expiry_at)
    }

    /// What the check has against a text; nothing where it accepts.
    pub async fn judge(&self, text: &str) -> Option<Reason> {
        let value = TokenValue::parse(text);
        match Check::new(self.database.clone(), Cache::new(self.database.clone())).judge(value.as_ref()).await.unwrap() {
            Verdict::Accepted(_) => None,
            Verdict::Refused { reason, .. } => Some(reason),
        }
    }

    /// What the door answers.
    pub async fn ask(&self, recorder: &Recorder, request: TestRequest) -> ServiceResponse {
        let service = test::init_service(
            App::new()
                .app_data(web::Data::new(Check::new(self.database.clone(), Cache::new(self.database.clone()))))
                .app_data(web::Data::new(recorder.clone()))
                .app_data(web::Data::new(config(&self.url)))
                .app_data(web::Data::new(TokenRefusals::new(0)))
                .service(web::resource("/auth/verify").to(verify))
                .service(web::resource("/auth/verify/{tail:.*}").to(verify)),
        )
        .await;
        test::call_service(&service, request.to_request()).await
    }

    /// Its status and its challenge for a token.
    pub async fn status(&self, uri: &str, value: &TokenValue) -> (u16, String) {
        let response = self.ask(&Recorder::default(), bearer(uri, value)).await;
        (response.status().as_u16(), header(&response, "www-authenticate").unwrap_or_default())
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let (DatabaseUrl::Postgres(url), Ok(server)) = (&self.url, std::env::var("MUSTER_TEST_POSTGRES"))
            && let Some((_, name)) = url.rsplit_once('/')
        {
            administer(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

fn administer(server: &str, sql: &str) {
    PgConnection::establish(server).unwrap().batch_execute(sql).unwrap();
}

/// Settings that trust a proxy in 10.0.0.0/8.
pub fn config(url: &DatabaseUrl) -> Config {
    let config = Config::try_parse_from(["muster", "--trusted-proxies=10.0.0.0/8"]).unwrap_or_else(|error| panic!("{error}"));
    Config { database_url: url.clone(), ..config }
}

/// A request with a token.
pub fn bearer(uri: &str, value: &TokenValue) -> TestRequest {
    TestRequest::with_uri(uri).insert_header(("authorization", format!("Bearer {}", value.expose())))
}

/// A header of an answer.
pub fn header(response: &ServiceResponse, name: &str) -> Option<String> {
    response.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
}

/// How long most of these tokens live.
pub const HALF_YEAR: Expiry = Expiry::In(TimeDelta::days(180));

/// The same length, and check digits that are right: a token that somebody made up around a known id.
pub fn forged(value: &TokenValue) -> TokenValue {
    let other = TokenValue::generate(value.access_letter()).unwrap();
    let body = format!("{}{}", &value.expose()[..18], &other.expose()[18..61]);
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut digits = Vec::new();
    for _ in 0..6 {
        digits.insert(0, b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[(rest % 62) as usize]);
        rest /= 62;
    }
    TokenValue::parse(&format!("{body}{}", String::from_utf8(digits).unwrap())).unwrap()
}

/// A user with these permissions, who is signed in.
pub fn person(home: &Home, email: &str, permissions: &[&str]) -> Principal {
    let form = accounts::UserCreation { name: email.into(), email: email.into(), ..accounts::UserCreation::default() };
    let id = home.write(|conn| accounts::create_user(conn, &Principal::shell(), &form));
    Principal {
        account: Some(id),
        name: email.into(),
        kind: ActorKind::User,
        permissions: permissions.iter().map(|text| Permission::parse(text).unwrap()).collect(),
        means: Means::Session(Id::new()),
        ..Principal::shell()
    }
}
