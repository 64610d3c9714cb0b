//! Graceful shutdown.

use std::{sync::Arc, time::Duration};

use actix_web::{dev::ServerHandle, rt};
use tokio::{
    select,
    signal::unix::{SignalKind, signal},
    task::JoinHandle,
    time::{Instant, sleep},
};

use super::probes::Draining;
use crate::{
    host::connections::{Connections, Ending},
    telemetry,
};

/// How long clients may still send requests, on old and new connections. A client that keeps its
/// connection learns from its next answer that it is the last, and loses nothing; a load balancer
/// needs a moment to send new clients elsewhere.
const GRACE: Duration = Duration::from_secs(2);

/// Waits for SIGTERM or SIGINT, then shuts `server` down gracefully. A second signal ends the
/// process at once, for a person who does not want to wait.
pub(in crate::host) fn on_signal(
    server: ServerHandle,
    connections: Arc<Connections>,
    draining: Draining,
    drain: Duration,
) -> JoinHandle<()> {
    rt::spawn(async move {
        if let Err(error) = next_signal().await {
            tracing::error!(%error, "signals cannot be received; only SIGKILL ends this server");
            return;
        }
        draining.begin();
        connections.end(Ending::Answers);
        tracing::info!(
            "shutting down: no new connections after {} s; running requests get up to {} s",
            GRACE.as_secs(),
            drain.as_secs()
        );
        rt::spawn(async {
            if next_signal().await.is_ok() {
                tracing::warn!("shutting down at once");
                telemetry::flush();
                std::process::exit(1);
            }
        });
        let grace = Instant::now() + GRACE;
        // Nobody to wait for: the usual case on a developer's machine.
        while connections.open() > 0 && Instant::now() < grace {
            sleep(Duration::from_millis(50)).await;
        }
        connections.end(Ending::Idle);
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
