//! Servers on axum: rmcp's own service, without authorization and without anything around it, which is
//! what an author starts from (it serves the same documents, so the answers are the same); and a
//! collector of traces that throws them away.

use std::{net::Ipv4Addr, sync::Arc, thread};

use axum::{Router, body::Bytes};
use oscal_documents::{Library, Limits, Schemas};
use oscal_mcp_server::{BUILT_IN, mcp::OscalServer};
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
};
use tokio::{net::TcpListener, runtime::Runtime};

/// The argument that makes the bench this server.
pub(crate) const ARGUMENT: &str = "--as-rmcp-on-axum";

/// Serves until it is killed. Says where it listens, as the server of this project does.
#[expect(clippy::print_stderr, reason = "read by the process that started it")]
pub(crate) fn serve() {
    let library = Library::load(&BUILT_IN, None, Limits::default()).expect("built-in documents");
    let mcp = OscalServer::local("OSCAL", library, Schemas::default());
    let rmcp = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true);
    let sessions = Arc::new(NeverSessionManager::default());
    let mcp = StreamableHttpService::new(move || Ok(mcp.clone()), sessions, rmcp);
    let app = Router::new().route_service("/mcp", mcp);
    Runtime::new().expect("a runtime").block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        eprintln!("listening at http://{address}/mcp");
        axum::serve(listener, app).await.expect("it serves");
    });
}

/// Starts a collector in a thread. Returns its address.
pub(crate) fn collector() -> String {
    let runtime = Runtime::new().expect("a runtime");
    let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
    let listener = listener.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    // The body is read, and dropped.
    let app = Router::new().fallback(|_: Bytes| async {});
    thread::spawn(move || runtime.block_on(async { axum::serve(listener, app).await }));
    format!("http://{address}")
}
