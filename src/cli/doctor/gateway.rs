//! Sends requests to the gateway, like a client.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ureq::http::Request;
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};

use crate::id::Id;

const TIMEOUT: Duration = Duration::from_secs(10);
/// The most that is read of a response, in bytes.
const BODY_LIMIT: u64 = 1024 * 1024;
/// The header that marks a request in the echo.
const MARK: &str = "X-Doctor";

pub struct GatewayClient<'a> {
    agent: ureq::Agent,
    url: String,
    stop: &'a AtomicBool,
}

/// A response.
pub struct GatewayResponse {
    pub status: u16,
    /// What the echo returned, if the request reached it.
    pub echo: Option<String>,
}

impl GatewayResponse {
    /// Whether `text` reached the API.
    pub fn shows(&self, text: &str) -> bool {
        self.echo.as_ref().is_some_and(|echo| echo.contains(text))
    }
}

impl<'a> GatewayClient<'a> {
    /// Sends no more requests once `stop` is set.
    pub fn new(url: &str, echo_path: &str, stop: &'a AtomicBool) -> Self {
        let tls = TlsConfig::builder().provider(TlsProvider::NativeTls).root_certs(RootCerts::PlatformVerifier).build();
        let agent = ureq::Agent::config_builder()
            .tls_config(tls)
            // A proxy would be tested instead of the gateway.
            .proxy(None)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(TIMEOUT))
            .user_agent(concat!("muster-doctor/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Self { agent, url: format!("{url}{echo_path}"), stop }
    }

    pub fn ask(&self, method: &str, headers: &[(&str, &str)]) -> Result<GatewayResponse, String> {
        self.go_on()?;
        let mark = Id::new();
        let mut request = Request::builder().method(method).uri(&self.url).header(MARK, mark.as_str());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let wrong = |error: &dyn std::fmt::Display| format!("{} does not answer: {error}.", self.url);
        let sent = match method {
            "POST" => self.agent.run(request.body("{}").map_err(|error| wrong(&error))?),
            _ => self.agent.run(request.body(()).map_err(|error| wrong(&error))?),
        };
        let mut answer = sent.map_err(|error| wrong(&error))?;
        let status = answer.status().as_u16();
        let body = answer.body_mut().with_config().limit(BODY_LIMIT).read_to_vec().unwrap_or_default();
        let body = String::from_utf8_lossy(&body).into_owned();
        Ok(GatewayResponse { status, echo: body.contains(mark.as_str()).then_some(body) })
    }

    pub fn wait(&self, time: Duration) -> Result<(), String> {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.go_on()?;
            std::thread::sleep(Duration::from_millis(50).min(end.saturating_duration_since(Instant::now())));
        }
        Ok(())
    }

    fn go_on(&self) -> Result<(), String> {
        if self.stop.load(Ordering::Relaxed) { Err("Interrupted.".into()) } else { Ok(()) }
    }
}
