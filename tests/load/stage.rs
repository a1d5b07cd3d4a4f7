//! What the benches in this folder share: a server in this process, somebody signed in, and times.

use std::time::{Duration, Instant};

use clap::Parser;
use muster::accounts::operations::{UserCreation, create_user};
use muster::auth::password;
use muster::auth::principal::Principal;
use muster::config::{Config, DatabaseUrl};
use muster::database::Database;
use muster::id::Id;
use muster::roles::predefined;
use muster::server::Server;

/// A server on a database, and an administrator who is signed in to it.
pub struct Stage {
    pub database: Database,
    pub base: String,
    pub agent: ureq::Agent,
}

impl Stage {
    pub fn on(url: DatabaseUrl) -> Self {
        let config = Config::parse_from(["muster", "--listen", "127.0.0.1:0"]);
        let server = Server::bind(Config { database_url: url, ..config }).unwrap();
        let (base, database) = (server.base_url(), server.database());
        let email = format!("bench-{}@example.test", Id::new());
        let form = UserCreation {
            name: "Bench".into(),
            email: email.clone(),
            password_hash: Some(password::hash("correct horse battery").unwrap()),
            roles: vec![predefined::ADMINISTRATOR.into()],
        };
        database.write_now(|conn| create_user(conn, &Principal::shell(), &form)).unwrap();
        std::thread::spawn(move || actix_web::rt::System::new().block_on(server.run()));
        let agent = ureq::Agent::config_builder().max_redirects(0).max_redirects_will_error(false).build().new_agent();
        let stage = Self { database, base, agent };
        stage.post("/login", &[("email", &email), ("password", "correct horse battery")]);
        stage.wait_until_ready();
        stage
    }

    /// Waits until the server has read what it keeps in memory. A million tokens take some fifteen seconds, in which a page has but
    /// one of two cores.
    fn wait_until_ready(&self) {
        let began = Instant::now();
        while self.agent.get(format!("{}/readyz", self.base)).call().is_err() {
            assert!(began.elapsed() < Duration::from_secs(300), "the server has not become ready");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Sends a form, from POST to answer.
    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Duration {
        self.lead(path, fields).0
    }

    /// The same, and where it leads.
    pub fn lead(&self, path: &str, fields: &[(&str, &str)]) -> (Duration, String) {
        let body = serde_html_form::to_string(fields).unwrap();
        let began = Instant::now();
        let answer = self
            .agent
            .post(format!("{}{path}", self.base))
            .header("Sec-Fetch-Site", "same-origin")
            .header("Content-Type", "application/x-www-form-urlencoded")
            .send(body)
            .unwrap();
        assert_eq!(answer.status(), 303, "{path}");
        let location = answer.headers().get("location").and_then(|value| value.to_str().ok()).unwrap_or_default();
        (began.elapsed(), location.to_owned())
    }
}

/// In milliseconds.
pub fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1000.0
}
