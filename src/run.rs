//! The composition root: loads the documents and serves them.

use std::path::Path;

use oscal_documents::{Library, Limits, LoadError, Schemas, SchemasError};
use rmcp::{ServiceExt, service::ServerInitializeError};
use tokio::{
    io::{BufReader, stdin, stdout},
    select,
    signal::unix::{SignalKind, signal},
};

use crate::{
    config::{BuiltInDocuments, Config, Transport},
    content::BUILT_IN,
    host::{Host, HostError},
    mcp::{Announcements, OscalServer, advice::advice},
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
        // Over HTTP the configuration allows this on loopback, or by a flag.
        Transport::StreamableHttp(_) | Transport::Stdio => {
            OscalServer::local(name, library, schemas)
        }
    }
    .announcing_to(announcements);
    match config.transport {
        Transport::Stdio => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(async {
                follow(watch, &mcp);
                serve_stdio(mcp).await
            }),
        Transport::StreamableHttp(http) => actix_web::rt::System::new().block_on(async move {
            follow(watch, &mcp);
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

/// Loads the documents of `directory` and the built-in ones, and logs what cannot be served.
///
/// # Errors
///
/// The directory cannot be used.
pub fn load_library(
    directory: Option<&Path>,
    built_in_documents: BuiltInDocuments,
) -> Result<Library, LoadError> {
    let built_in = built_in(directory, built_in_documents);
    let library = Library::load(built_in, directory, Limits::default())?;
    for problem in library.problems() {
        tracing::warn!(file = problem.file, "not served: {}", problem.message);
    }
    not_loaded(&library);
    let view = library.view(|_| true);
    if let Some(advice) = advice(&view) {
        let directory = directory.map(|directory| directory.display().to_string());
        tracing::warn!(directory, "{advice}");
    }
    tracing::info!(
        documents = view.documents().len(),
        controls = view.documents().map(|d| d.controls().len()).sum::<usize>(),
        problems = library.problems().len(),
        "documents loaded"
    );
    Ok(library)
}

/// The built-in documents that are served.
fn built_in(
    directory: Option<&Path>,
    wanted: BuiltInDocuments,
) -> &'static [(&'static str, &'static str)] {
    let served = match wanted {
        BuiltInDocuments::Auto => directory.is_none(),
        BuiltInDocuments::Always => true,
        BuiltInDocuments::Never => false,
    };
    if served { &BUILT_IN } else { &[] }
}

/// Logs the files that are in no format that is read, in one line however many they are.
pub(crate) fn not_loaded(library: &Library) {
    const NAMED: usize = 10;
    let files = library.skipped();
    if files.is_empty() {
        return;
    }
    let named = files.iter().take(NAMED).map(|problem| &*problem.file);
    let mut named = named.collect::<Vec<_>>().join(", ");
    if files.len() > NAMED {
        named += ", and more; the tool about names them";
    }
    tracing::warn!(
        files = files.len(),
        "not loaded, for only JSON is read yet: {named}"
    );
}

/// Loads the schemas of `directory`, if there is one, and logs what cannot be used.
fn load_schemas(directory: Option<&Path>) -> Result<Schemas, SchemasError> {
    let Some(directory) = directory else {
        return Ok(Schemas::default());
    };
    let schemas = Schemas::load(directory)?;
    for problem in schemas.problems() {
        tracing::warn!(file = problem.file, "not used: {}", problem.message);
    }
    let models = schemas.models();
    let loaded = models.iter().filter(|model| model.schema_version.is_some());
    tracing::info!(models = loaded.count(), "schemas loaded");
    Ok(schemas)
}

/// What a pipe holds on Linux, pipe(7).
const PIPE_BYTES: usize = 64 * 1024;

async fn serve_stdio(mcp: OscalServer) -> Result<(), RunError> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let served = async {
        // Each read of standard input goes through another thread, and rmcp itself asks for 8 KiB.
        let input = BufReader::with_capacity(PIPE_BYTES, stdin());
        match mcp.serve((input, stdout())).await {
            Ok(service) => service
                .waiting()
                .await
                .map(|_| ())
                .map_err(|e| e.to_string()),
            // Whoever started this server had no use for it after all.
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
