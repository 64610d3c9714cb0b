//! What operators see: metrics, log lines of an outage, and what identifies a request in both.

pub(crate) mod client_address;
pub(crate) mod metrics;
pub(crate) mod outage_log;
pub(crate) mod request_id;
