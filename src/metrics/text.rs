//! The numbers in OpenMetrics' own words.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

use super::{Sources, StoredFigures};
use crate::check::counters::{BOUNDS, CallCounts, CallOutcome};
use crate::clock;
use crate::web::trace::RequestLabels;

/// The route that the check's answers are counted under, whatever a gateway appends to it.
const CHECK_ROUTE: &str = "/auth/verify";

/// Everything, at one moment.
#[derive(Debug)]
struct Snapshot {
    requests: Vec<(RequestLabels, u64)>,
    checks: CallCounts,
    waiting: usize,
    dropped: u64,
    lag: Option<f64>,
    keeps_promise: bool,
    tokens: usize,
    /// All, idle, at most.
    connections: (u32, u32, u32),
    statements: u64,
    plan_limit: Option<i64>,
    stored: Option<Numbers>,
}

#[derive(Debug)]
struct Numbers {
    /// Kind, state, how many.
    accounts: [(&'static str, &'static str, i64); 4],
    /// UUID, name, seconds.
    expiries: Vec<(String, String, f64)>,
}

/// Writes them down.
pub fn draw(sources: &Sources, stored: Option<StoredFigures>) -> Result<String, fmt::Error> {
    let cache = sources.check.cache();
    let snapshot = Snapshot {
        requests: sources.requests.counted().into_iter().collect(),
        checks: sources.check.counters().counted(),
        waiting: sources.recorder.waiting(),
        dropped: sources.recorder.dropped(),
        lag: cache.lag().map(|lag| lag.as_secs_f64()),
        keeps_promise: cache.keeps_promise(),
        tokens: cache.len(),
        connections: sources.database.connections(),
        statements: sources.database.statements(),
        plan_limit: sources.plan.limit,
        stored: stored.map(Numbers::from),
    };
    let mut registry = Registry::with_prefix("muster");
    registry.register_collector(Box::new(snapshot));
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

/// Name and meaning of everything that may be told: as it is written down when everything is known.
pub fn families() -> Vec<(String, String)> {
    let snapshot = Snapshot {
        requests: Vec::new(),
        checks: CallCounts::default(),
        waiting: 0,
        dropped: 0,
        lag: Some(0.0),
        keeps_promise: true,
        tokens: 0,
        connections: (0, 0, 0),
        statements: 0,
        plan_limit: Some(0),
        stored: Some(Numbers { accounts: [("system", "enabled", 0); 4], expiries: Vec::new() }),
    };
    let mut registry = Registry::with_prefix("muster");
    registry.register_collector(Box::new(snapshot));
    let mut text = String::new();
    if encode(&mut text, &registry).is_err() {
        return Vec::new();
    }
    let kinds: Vec<(&str, &str)> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).filter_map(|line| line.split_once(' ')).collect();
    let helps = text.lines().filter_map(|line| line.strip_prefix("# HELP ")).filter_map(|line| line.split_once(' '));
    let written = |(name, help): (&str, &str)| {
        let counts = kinds.iter().any(|(other, kind)| *other == name && *kind == "counter");
        (if counts { format!("{name}_total") } else { name.to_owned() }, help.trim_end_matches('.').to_owned())
    };
    helps.map(written).collect()
}

impl From<StoredFigures> for Numbers {
    fn from(stored: StoredFigures) -> Self {
        let now = clock::now();
        let seconds = |at: chrono::NaiveDateTime| (at - now).as_seconds_f64();
        Self {
            accounts: [
                ("system", "enabled", stored.system_accounts.0),
                ("system", "disabled", stored.system_accounts.1),
                ("user", "enabled", stored.users.0),
                ("user", "disabled", stored.users.1),
            ],
            expiries: stored
                .expiries
                .into_iter()
                .map(|next| (next.account.to_string(), next.name, seconds(next.expires_at)))
                .collect(),
        }
    }
}

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let mut page = MetricsWriter(&mut encoder);
        page.one(
            "build_info",
            "The running version; always 1",
            |mut family| ConstGauge::new(1_i64).encode(family.encode_family(&[("version", env!("CARGO_PKG_VERSION"))])?),
            MetricType::Gauge,
            None,
        )?;
        self.requests(&mut page)?;
        self.checks(&mut page)?;
        self.memory(&mut page)?;
        self.database(&mut page)?;
        self.accounts(&mut page)
    }
}

impl Snapshot {
    fn requests(&self, page: &mut MetricsWriter<'_, '_>) -> fmt::Result {
        page.one(
            "http_requests",
            "Requests answered, by method, route (never the path) and status",
            |mut family| {
                for ((method, route, status), count) in &self.requests {
                    let status = status.to_string();
                    let labels = [("method", *method), ("route", route), ("status", &status)];
                    ConstCounter::new(*count).encode(family.encode_family(&labels)?)?;
                }
                for (status, count) in by_status(&self.checks) {
                    let status = status.to_string();
                    let labels = [("method", "any"), ("route", CHECK_ROUTE), ("status", &status)];
                    ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
                }
                Ok(())
            },
            MetricType::Counter,
            None,
        )
    }

    fn checks(&self, page: &mut MetricsWriter<'_, '_>) -> fmt::Result {
        page.one(
            "checks",
            "Answers to gateways, by result",
            |mut family| {
                for (outcome, count) in CallOutcome::ALL.iter().zip(self.checks.outcomes) {
                    ConstCounter::new(count).encode(family.encode_family(&[("result", outcome.as_str())])?)?;
                }
                Ok(())
            },
            MetricType::Counter,
            None,
        )?;
        page.one(
            "check_duration",
            "Time that Muster takes to answer a gateway",
            |mut family| {
                let bounds = BOUNDS.iter().map(|bound| seconds(*bound)).chain([f64::INFINITY]);
                let buckets: Vec<(f64, u64)> = bounds.zip(self.checks.buckets).collect();
                let count = self.checks.buckets.iter().sum();
                family.encode_histogram::<NoLabelSet>(seconds(self.checks.nanoseconds), count, &buckets, None)
            },
            MetricType::Histogram,
            Some(&Unit::Seconds),
        )
    }

    fn memory(&self, page: &mut MetricsWriter<'_, '_>) -> fmt::Result {
        page.gauge("activity_queue_tokens", "Tokens whose activity is waiting to be written", count(self.waiting))?;
        page.one(
            "activity_dropped_calls",
            "Calls whose activity was dropped because too many tokens were waiting",
            |family| ConstCounter::new(self.dropped).encode(family),
            MetricType::Counter,
            None,
        )?;
        page.gauge("tokens_in_memory", "Tokens in the token cache", count(self.tokens))?;
        page.gauge(
            "promise_kept",
            "1 while the token cache is refreshed in time for revocations to take effect as promised",
            u8::from(self.keeps_promise).into(),
        )?;
        page.one(
            "revocation_lag",
            "Time since changes were last read; absent before the first time",
            |family| self.lag.map_or(Ok(()), |lag| ConstGauge::new(lag).encode(family)),
            MetricType::Gauge,
            Some(&Unit::Seconds),
        )
    }

    fn database(&self, page: &mut MetricsWriter<'_, '_>) -> fmt::Result {
        let (all, idle, most) = self.connections;
        page.gauge("database_up", "1 while the database answers", u8::from(self.stored.is_some()).into())?;
        page.one(
            "database_connections",
            "Database connections, by state",
            |mut family| {
                for (state, number) in [("idle", idle), ("in_use", all.saturating_sub(idle))] {
                    ConstGauge::new(i64::from(number)).encode(family.encode_family(&[("state", state)])?)?;
                }
                Ok(())
            },
            MetricType::Gauge,
            None,
        )?;
        page.gauge("database_connections_max", "Maximum number of database connections", most.into())?;
        page.one(
            "database_statements",
            "SQL statements sent",
            |family| ConstCounter::new(self.statements).encode(family),
            MetricType::Counter,
            None,
        )
    }

    fn accounts(&self, page: &mut MetricsWriter<'_, '_>) -> fmt::Result {
        if let Some(limit) = self.plan_limit {
            page.gauge("plan_system_accounts_limit", "Enabled system accounts that the plan allows", limit)?;
        }
        let Some(numbers) = &self.stored else { return Ok(()) };
        page.one(
            "accounts",
            "Accounts, by kind and state; enabled system accounts count towards the plan",
            |mut family| {
                for (kind, state, number) in numbers.accounts {
                    ConstGauge::new(number).encode(family.encode_family(&[("kind", kind), ("state", state)])?)?;
                }
                Ok(())
            },
            MetricType::Gauge,
            None,
        )?;
        page.one(
            "token_expiry",
            "Time until the next token of an enabled system account expires; only within 14 days, the nearest 1000",
            |mut family| {
                for (account, name, seconds) in &numbers.expiries {
                    let labels = [("account", account), ("name", name)];
                    ConstGauge::new(*seconds).encode(family.encode_family(&labels)?)?;
                }
                Ok(())
            },
            MetricType::Gauge,
            Some(&Unit::Seconds),
        )
    }
}

struct MetricsWriter<'a, 'b>(&'a mut DescriptorEncoder<'b>);

impl MetricsWriter<'_, '_> {
    fn one(
        &mut self,
        name: &str,
        help: &str,
        write: impl FnOnce(MetricEncoder<'_>) -> fmt::Result,
        kind: MetricType,
        unit: Option<&Unit>,
    ) -> fmt::Result {
        write(self.0.encode_descriptor(name, help, unit, kind)?)
    }

    fn gauge(&mut self, name: &str, help: &str, value: i64) -> fmt::Result {
        self.one(name, help, |family| ConstGauge::new(value).encode(family), MetricType::Gauge, None)
    }
}

fn by_status(counted: &CallCounts) -> std::collections::BTreeMap<u16, u64> {
    let mut all = std::collections::BTreeMap::new();
    for (outcome, count) in CallOutcome::ALL.iter().zip(counted.outcomes) {
        if let Some(status) = outcome.status() {
            *all.entry(status).or_default() += count;
        }
    }
    all
}

#[expect(clippy::cast_precision_loss, reason = "a quarter of a year in nanoseconds is still exact to the microsecond")]
fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
