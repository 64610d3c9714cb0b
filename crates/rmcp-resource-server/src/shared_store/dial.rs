//! Opens connections to the store.

use std::time::Duration;

use redis::{AsyncConnectionConfig, RedisError, aio::MultiplexedConnection};

use super::config::{SharedStoreConfig, SharedStoreError};
use crate::error::shortened;

/// How long connecting may take. Nobody waits for it.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);

/// Connects and logs in. `respond_within` is the time limit of commands.
pub(super) async fn dial(
    config: &SharedStoreConfig,
    respond_within: Duration,
) -> Result<MultiplexedConnection, String> {
    let client = config
        .client()
        .map_err(|error: SharedStoreError| error.to_string())?;
    let settings = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT_WITHIN))
        .set_response_timeout(Some(respond_within));
    client
        .get_multiplexed_async_connection_with_config(&settings)
        .await
        .map_err(|error| explain(&error))
}

/// The error for a log: the store's text may be of any length.
pub(super) fn explain(error: &RedisError) -> String {
    shortened(&error.to_string())
}
