//! The composition root: loads the documents and serves them.

use oscal_documents::{LoadError, SchemasError};
use rmcp::{ServiceExt, service::ServerInitializeError};
use rmcp_resource_server::CryptographicModule;
use tokio::{
    io::{BufReader, stdin, stdout},
    select,
    signal::unix::{SignalKind, signal},
};

use crate::{
    audit::AuditLog,
    config::{Config, Transport},
    host::{Host, HostError},
    load::{built_in, load_library, load_schemas},
    mcp::{Announcements, OscalServer},
    watch::Watch,
};

/// The server cannot start, or ended with an error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The documents directory cannot be used.
    #[error(transparent)]
    Documents(#[from] LoadError),
    /// The schemas directory cannot be used.
    #[error(transparent)]
    Schemas(#[from] SchemasError),
    /// The HTTP server failed.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The runtime cannot be set up, or signals cannot be received.
    #[error("the operating system refused a resource that the server needs: {0}")]
    System(#[from] std::io::Error),
    /// The audit log cannot be opened or written.
    #[error(
        "the audit log cannot be written: {0}; change --audit-log or the permissions of its directory"
    )]
    Audit(#[source] std::io::Error),
    /// MCP over stdio could not begin.
    #[error("MCP over stdio failed: {0}")]
    Stdio(String),
}

/// Serves until told to stop.
///
/// # Errors
///
/// [`RunError`].
pub fn run(config: Config) -> Result<(), RunError> {
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        cryptographic_module = %CryptographicModule::linked(),
        "starting"
    );
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let audit = config.audit.map(|audit| {
        AuditLog::begin(audit.destination, audit.key, audit.on_failure).map_err(RunError::Audit)
    });
    let audit = audit.transpose()?;
    let library = load_library(config.documents_dir.as_deref(), config.built_in_documents)?;
    let built_in = built_in(config.documents_dir.as_deref(), config.built_in_documents);
    let watch = config
        .documents_dir
        .clone()
        .map(|directory| Watch::new(directory, built_in, &library));
    let schemas = load_schemas(config.schemas_dir.as_deref())?;
    let announcements = match &config.transport {
        _ if watch.is_none() => Announcements::Nobody,
        Transport::StreamableHttp(http) if http.stateless => Announcements::Listeners,
        Transport::StreamableHttp(_) | Transport::Stdio => Announcements::Everybody,
    };
    let name = config.server_name;
    let mcp = match &config.transport {
        Transport::StreamableHttp(http) if http.auth.is_some() => {
            OscalServer::authorized(name, library, schemas, config.scopes)
        }
        // Over HTTP the configuration allows this on loopback, or with a flag.
        Transport::StreamableHttp(_) | Transport::Stdio => {
            OscalServer::local(name, library, schemas)
        }
    }
    .announcing_to(announcements)
    .audited_by(audit.clone());
    let result = serve(config.transport, watch, mcp, audit.clone());
    if let Some(audit) = audit {
        audit.end();
    }
    result
}

fn serve(
    transport: Transport,
    watch: Option<Watch>,
    mcp: OscalServer,
    audit: Option<AuditLog>,
) -> Result<(), RunError> {
    match transport {
        Transport::Stdio => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(async {
                follow(watch, &mcp);
                reopen_on_hangup(audit)?;
                serve_stdio(mcp).await
            }),
        Transport::StreamableHttp(http) => actix_web::rt::System::new().block_on(async move {
            follow(watch, &mcp);
            reopen_on_hangup(audit)?;
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

/// Keeps the documents of `mcp` up to date in the background.
fn follow(watch: Option<Watch>, mcp: &OscalServer) {
    if let Some(watch) = watch {
        tokio::spawn(watch.follow(mcp.clone()));
    }
}

/// Opens the audit log anew on SIGHUP, after it was renamed. Without an audit log SIGHUP ends the
/// server, as usual.
fn reopen_on_hangup(audit: Option<AuditLog>) -> Result<(), RunError> {
    let Some(audit) = audit else { return Ok(()) };
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            audit.reopen();
        }
    });
    Ok(())
}

/// The capacity of a pipe on Linux, pipe(7).
const PIPE_BYTES: usize = 64 * 1024;

async fn serve_stdio(mcp: OscalServer) -> Result<(), RunError> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let served = async {
        // Each read of standard input goes through another thread, and rmcp itself reads only 8
        // KiB.
        let input = BufReader::with_capacity(PIPE_BYTES, stdin());
        match mcp.serve((input, stdout())).await {
            Ok(service) => service
                .waiting()
                .await
                .map(|_| ())
                .map_err(|e| e.to_string()),
            // Whoever started this server did not need it after all.
            Err(ServerInitializeError::ConnectionClosed(_)) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    };
    select! {
        result = served => result.map_err(RunError::Stdio),
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}
