//! Metrics for operators. Named methods record facts; metric names and labels are known only here.

use std::time::Duration;

#[cfg(feature = "metrics")]
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

#[cfg(feature = "redis")]
use super::store_metrics::StoreMetrics;
#[cfg(not(feature = "metrics"))]
use super::uncounted::{Counter, Family, Gauge, Histogram};
use crate::{
    error::{AuthorizationServerError, TokenError, VerifyError},
    limits::LimitExceeded,
};

/// Counters of a resource server. Cheap to clone: all clones share the same counters. Register them
/// with a `prometheus-client` registry to have them scraped. Without the feature `metrics` nothing
/// is counted.
///
/// No label contains anything that a client chooses.
#[derive(Debug, Clone)]
pub struct Metrics {
    allowed: Counter,
    denied: Family<ReasonLabel, Counter>,
    unavailable: Family<ReasonLabel, Counter>,
    introspections: Family<OutcomeLabel, Counter>,
    introspection_seconds: Histogram,
    introspections_in_flight: Gauge,
    jwks_fetches: Family<OutcomeLabel, Counter>,
    cache_hits: Counter,
    cache_negative_hits: Counter,
    cache_misses: Counter,
    cache_coalesced: Counter,
    cache_entries: Family<KindLabel, Gauge>,
    circuit_open: Gauge,
    sessions: Gauge,
    streams: Gauge,
    streams_cut: Counter,
    #[cfg(feature = "redis")]
    pub(crate) store: StoreMetrics,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "metrics", derive(EncodeLabelSet))]
struct ReasonLabel {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "metrics", derive(EncodeLabelSet))]
struct OutcomeLabel {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "metrics", derive(EncodeLabelSet))]
struct KindLabel {
    kind: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            allowed: Counter::default(),
            denied: by_reason(
                TokenError::REASONS
                    .iter()
                    .chain(LimitExceeded::REASONS)
                    .chain([&FOREIGN_SESSION]),
            ),
            unavailable: by_reason(AuthorizationServerError::REASONS.iter()),
            introspections: by_outcome(&["active", "inactive"]),
            // From a call on the same host up to the default timeout of 3 s.
            introspection_seconds: Histogram::new([
                0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0,
            ]),
            introspections_in_flight: Gauge::default(),
            jwks_fetches: by_outcome(&["fetched"]),
            cache_hits: Counter::default(),
            cache_negative_hits: Counter::default(),
            cache_misses: Counter::default(),
            cache_coalesced: Counter::default(),
            cache_entries: Family::default(),
            circuit_open: Gauge::default(),
            sessions: Gauge::default(),
            streams: Gauge::default(),
            streams_cut: Counter::default(),
            #[cfg(feature = "redis")]
            store: StoreMetrics::default(),
        }
    }
}

/// The reason for refusing someone else's session.
pub(crate) const FOREIGN_SESSION: &str = "foreign_session";

/// A counter for each reason, starting at 0: a rate over a counter that appears only with its first
/// event misses that event.
fn by_reason<'r>(reasons: impl Iterator<Item = &'r &'static str>) -> Family<ReasonLabel, Counter> {
    let family = Family::default();
    for reason in reasons {
        let _created = family.get_or_create(&ReasonLabel { reason });
    }
    family
}

/// The same for these outcomes, and for each way in which the authorization server fails.
fn by_outcome(outcomes: &[&'static str]) -> Family<OutcomeLabel, Counter> {
    let family = Family::default();
    for outcome in outcomes.iter().chain(AuthorizationServerError::REASONS) {
        let _created = family.get_or_create(&OutcomeLabel { outcome });
    }
    family
}

impl Metrics {
    /// Registers every counter under its public name.
    #[cfg(feature = "metrics")]
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("resource_server");
        registry.register(
            "requests_allowed",
            "Requests with an accepted token",
            self.allowed.clone(),
        );
        registry.register(
            "requests_denied",
            "Requests answered 400, 401, 403, 429, 431 or, for somebody else's session, 404; by reason",
            self.denied.clone(),
        );
        registry.register(
            "requests_unavailable",
            "Requests answered 503 because of the authorization server, by reason",
            self.unavailable.clone(),
        );
        registry.register(
            "introspections",
            "Calls to the introspection or userinfo endpoint, by outcome",
            self.introspections.clone(),
        );
        registry.register(
            "introspection_duration_seconds",
            "Duration of a call to the introspection or userinfo endpoint, including its retry",
            self.introspection_seconds.clone(),
        );
        registry.register(
            "introspections_in_flight",
            "Calls to the introspection or userinfo endpoint that are waiting for an answer",
            self.introspections_in_flight.clone(),
        );
        registry.register(
            "jwks_fetches",
            "Fetches of the authorization server's keys, by outcome",
            self.jwks_fetches.clone(),
        );
        registry.register(
            "cache_hits",
            "Tokens found in the cache of active tokens",
            self.cache_hits.clone(),
        );
        registry.register(
            "cache_negative_hits",
            "Tokens found in the cache of inactive tokens",
            self.cache_negative_hits.clone(),
        );
        registry.register(
            "cache_misses",
            "Tokens that were not in the cache and had to be verified",
            self.cache_misses.clone(),
        );
        registry.register(
            "cache_coalesced",
            "Requests that waited for a verification begun by another request",
            self.cache_coalesced.clone(),
        );
        registry.register(
            "cache_entries",
            "Tokens in the cache, active and inactive",
            self.cache_entries.clone(),
        );
        registry.register(
            "circuit_open",
            "1 while the circuit breaker refuses calls to the authorization server",
            self.circuit_open.clone(),
        );
        registry.register("sessions", "Open MCP sessions", self.sessions.clone());
        registry.register("streams", "Open SSE streams", self.streams.clone());
        registry.register(
            "streams_cut",
            "SSE streams ended because their token was no longer good",
            self.streams_cut.clone(),
        );
        #[cfg(feature = "redis")]
        self.store.register(registry);
    }

    pub(crate) fn request_allowed(&self) {
        self.allowed.inc();
    }

    pub(crate) fn request_refused(&self, error: &VerifyError) {
        let (family, reasons) = match error {
            VerifyError::Token(_) => (&self.denied, TokenError::REASONS),
            VerifyError::AuthorizationServer(_) => {
                (&self.unavailable, AuthorizationServerError::REASONS)
            }
        };
        let reason = error.reason();
        debug_assert!(reasons.contains(&reason), "{reason} is not among REASONS");
        family.get_or_create(&ReasonLabel { reason }).inc();
    }

    /// Counts a refusal for a reason other than the token.
    pub(crate) fn request_denied(&self, reason: &'static str) {
        self.denied.get_or_create(&ReasonLabel { reason }).inc();
    }

    pub(crate) fn introspected(&self, outcome: IntrospectionOutcome<'_>, took: Duration) {
        let outcome = match outcome {
            IntrospectionOutcome::Active => "active",
            IntrospectionOutcome::Inactive => "inactive",
            IntrospectionOutcome::Failed(error) => error.reason(),
        };
        self.introspections
            .get_or_create(&OutcomeLabel { outcome })
            .inc();
        self.introspection_seconds.observe(took.as_secs_f64());
    }

    /// Counts one introspection in flight until the guard is dropped.
    pub(crate) fn introspection_in_flight(&self) -> GaugeGuard {
        GaugeGuard::raise(&self.introspections_in_flight)
    }

    pub(crate) fn jwks_fetched(&self, failure: Option<&AuthorizationServerError>) {
        let outcome = failure.map_or("fetched", AuthorizationServerError::reason);
        self.jwks_fetches
            .get_or_create(&OutcomeLabel { outcome })
            .inc();
    }

    pub(crate) fn cache_hit(&self) {
        self.cache_hits.inc();
    }

    pub(crate) fn cache_negative_hit(&self) {
        self.cache_negative_hits.inc();
    }

    pub(crate) fn cache_miss(&self) {
        self.cache_misses.inc();
    }

    pub(crate) fn cache_coalesced(&self) {
        self.cache_coalesced.inc();
    }

    pub(crate) fn cache_entries(&self, active: u64, inactive: u64) {
        for (kind, count) in [("active", active), ("inactive", inactive)] {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            (self.cache_entries.get_or_create(&KindLabel { kind })).set(count);
        }
    }

    pub(crate) fn circuit(&self, open: bool) {
        self.circuit_open.set(i64::from(open));
    }

    /// Counts one session as open until the guard is dropped.
    pub(crate) fn session(&self) -> GaugeGuard {
        GaugeGuard::raise(&self.sessions)
    }

    /// Counts one stream as open until the guard is dropped.
    pub(crate) fn stream(&self) -> GaugeGuard {
        GaugeGuard::raise(&self.streams)
    }

    pub(crate) fn stream_cut(&self) {
        self.streams_cut.inc();
    }
}

/// How a call to the introspection or userinfo endpoint ended.
pub(crate) enum IntrospectionOutcome<'a> {
    Active,
    Inactive,
    Failed(&'a AuthorizationServerError),
}

/// Keeps a gauge raised by one.
#[derive(Debug)]
pub(crate) struct GaugeGuard(Gauge);

impl GaugeGuard {
    fn raise(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for GaugeGuard {
    fn drop(&mut self) {
        self.0.dec();
    }
}
