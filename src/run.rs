//! The composition root: loads the documents and serves them.

use std::path::Path;

use rmcp::{ServiceExt, transport::stdio};
use tokio::{
    select,
    signal::unix::{SignalKind, signal},
};

use crate::{
    config::{Config, Transport},
    content::BUILT_IN,
    host::{Host, HostError},
    mcp::OscalServer,
    oscal::{Library, Limits, LoadError},
};

/// The server cannot start, or ended with an error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The documents directory cannot be used.
    #[error(transparent)]
    Documents(#[from] LoadError),
    /// The HTTP server failed.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The runtime cannot be set up, or signals not be received.
    #[error("the operating system refuses what the server needs: {0}")]
    System(#[from] std::io::Error),
    /// MCP over stdio could not begin.
    #[error("MCP over stdio failed: {0}")]
    Stdio(String),
}

/// Serves until told to end.
///
/// # Errors
///
/// [`RunError`].
pub fn run(config: Config) -> Result<(), RunError> {
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let library = load_library(config.documents_dir.as_deref())?;
    let mcp = OscalServer::new(config.server_name, library);
    match config.transport {
        Transport::Stdio => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(serve_stdio(mcp)),
        Transport::StreamableHttp(http) => actix_web::rt::System::new().block_on(async move {
            let path = http.path.clone();
            let authorization = http.auth.is_some();
            let host = Host::start(*http, mcp)?;
            for address in host.addresses() {
                tracing::info!(
                    url = format!("http://{address}{path}"),
                    authorization,
                    "listening"
                );
            }
            for address in host.admin_addresses() {
                tracing::info!(url = format!("http://{address}/metrics"), "metrics");
            }
            Ok(host.run().await?)
        }),
    }
}

/// Loads the documents of `directory` and the built-in ones, and logs what cannot be served.
///
/// # Errors
///
/// The directory cannot be used.
pub fn load_library(directory: Option<&Path>) -> Result<Library, LoadError> {
    let library = Library::load(&BUILT_IN, directory, Limits::default())?;
    for problem in library.problems() {
        tracing::warn!(file = problem.file, "not served: {}", problem.message);
    }
    let view = library.view(|_| true);
    tracing::info!(
        documents = view.documents().len(),
        controls = view.documents().map(|d| d.controls().len()).sum::<usize>(),
        problems = library.problems().len(),
        "documents loaded"
    );
    Ok(library)
}

async fn serve_stdio(mcp: OscalServer) -> Result<(), RunError> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let served = async {
        match mcp.serve(stdio()).await {
            Ok(service) => service
                .waiting()
                .await
                .map(|_| ())
                .map_err(|e| e.to_string()),
            Err(error) => Err(error.to_string()),
        }
    };
    select! {
        result = served => result.map_err(RunError::Stdio),
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}
