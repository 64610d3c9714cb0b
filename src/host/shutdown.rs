//! Ends the server when it is told to.

use actix_web::{dev::ServerHandle, rt};
use tokio::{
    select,
    signal::unix::{SignalKind, signal},
    task::JoinHandle,
};

use super::probes::Draining;

/// Waits for SIGTERM or SIGINT and then lets `server` end in order. A second signal ends the
/// process at once, for a person who does not want to wait.
pub(super) fn on_signal(server: ServerHandle, draining: Draining) -> JoinHandle<()> {
    rt::spawn(async move {
        if let Err(error) = next_signal().await {
            tracing::error!(%error, "signals cannot be received; only SIGKILL ends this server");
            return;
        }
        tracing::info!("ending: no new connections; running requests get up to 10 s");
        draining.begin();
        rt::spawn(async {
            if next_signal().await.is_ok() {
                tracing::warn!("ending at once");
                std::process::exit(1);
            }
        });
        server.stop(true).await;
    })
}

async fn next_signal() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
