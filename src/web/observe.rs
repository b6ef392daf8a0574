//! Counters for Prometheus (`/metrics`) and the log of the service.

use std::io::IsTerminal as _;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// What a request is counted under. The route is the pattern, never the address itself: addresses are
/// without number, and hold codes.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Labels {
    method: String,
    route: String,
    status: u16,
}

/// Upper bounds of the histogram, in seconds.
const SECONDS: [f64; 10] = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// The counters.
pub struct Metrics {
    registry: Registry,
    requests: Family<Labels, Counter>,
    seconds: Histogram,
    running: Gauge,
    connections: Gauge,
    idle: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("one_ledger");
        let requests = Family::<Labels, Counter>::default();
        let seconds = Histogram::new(SECONDS);
        let (running, connections, idle) = (Gauge::default(), Gauge::default(), Gauge::default());
        registry.register("requests", "Requests answered", requests.clone());
        registry.register("request_seconds", "Time to answer", seconds.clone());
        registry.register(
            "requests_running",
            "Requests being answered",
            running.clone(),
        );
        registry.register(
            "connections",
            "Database connections open",
            connections.clone(),
        );
        registry.register(
            "connections_idle",
            "Database connections idle",
            idle.clone(),
        );
        Self {
            registry,
            requests,
            seconds,
            running,
            connections,
            idle,
        }
    }
}

/// Counts a request as running until it is dropped.
pub struct Running(Gauge);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Methods that are counted by name; a caller may invent any other.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

impl Metrics {
    /// Counts a request that begins.
    #[must_use]
    pub fn begin(&self) -> Running {
        self.running.inc();
        Running(self.running.clone())
    }

    /// Counts a request that was answered.
    pub fn answered(&self, method: &str, route: &str, status: u16, took: Duration) {
        let known = METHODS.iter().find(|m| **m == method);
        let labels = Labels {
            method: known.unwrap_or(&"other").to_string(),
            route: route.to_owned(),
            status,
        };
        self.requests.get_or_create(&labels).inc();
        self.seconds.observe(took.as_secs_f64());
    }

    /// All counters in the text format of Prometheus.
    #[must_use]
    pub fn text(&self, pool: (u32, u32)) -> String {
        self.connections.set(i64::from(pool.0));
        self.idle.set(i64::from(pool.1));
        let mut out = String::new();
        if encode(&mut out, &self.registry).is_err() {
            out.clear();
        }
        out
    }
}

/// Starts the log on standard error: lines for people, or JSON for machines.
///
/// `ONE_LEDGER_LOG` filters (default: warnings; the service also says what it answered).
pub fn start_log(json: bool, default: &str) {
    let filter = tracing_subscriber::EnvFilter::try_from_env("ONE_LEDGER_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(default));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    if json {
        builder.json().flatten_event(true).init();
    } else {
        builder.init();
    }
}
