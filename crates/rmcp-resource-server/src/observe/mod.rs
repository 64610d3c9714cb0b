//! What operators see: metrics, outage log lines, and what identifies a request in them.

pub(crate) mod change;
pub(crate) mod client_address;
pub(crate) mod metrics;
pub(crate) mod outage_log;
pub(crate) mod request_id;
#[cfg(feature = "redis")]
pub(crate) mod store_metrics;
pub(crate) mod trace;
#[cfg(not(feature = "metrics"))]
mod uncounted;
