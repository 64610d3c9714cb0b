//! Whether the store that replicas share can be used.

use super::check::{Cause, Check};
use crate::shared_store::{config::SharedStoreConfig, examine::examine};

/// Connects to the store, logs in, and tries each command that a replica needs. A failure is a warning:
/// without the store, each replica goes on with its own memory. Must be called inside a Tokio runtime.
pub async fn diagnose_shared_store(config: &SharedStoreConfig) -> Check {
    const NAME: &str = "shared_store";
    let wanted = format!(
        "{} can be used, by every command and with the keys given",
        config.url
    );
    match examine(config).await {
        Ok(()) => Check::passed(NAME, "it can be used", wanted),
        Err(problem) => Check::warning(NAME, problem, wanted, Cause::SharedStore),
    }
}
