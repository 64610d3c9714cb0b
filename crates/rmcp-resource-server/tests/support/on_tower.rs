//! The server under test on axum.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::mpsc,
    thread,
};

use axum::{
    Router,
    extract::{ConnectInfo, Request},
    middleware::map_request,
    routing::{MethodRouter, any_service},
};
use rmcp_resource_server::PeerAddress;
use tokio::{net::TcpListener, runtime, select, sync::oneshot};
use tower::Layer;
use tracing::dispatcher;

use super::server::{Served, Stop};

pub(super) fn start(served: Served) -> (SocketAddr, Stop) {
    let (started, start) = mpsc::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    thread::spawn(move || {
        if let Some(logs) = &served.logs {
            // For the whole lifetime of this thread.
            std::mem::forget(dispatcher::set_default(logs));
        }
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
            let listener = listener.expect("a free port");
            let address = listener.local_addr().expect("it is bound");
            started.send(address).expect("the test waits");
            let app = app(&served).into_make_service_with_connect_info::<SocketAddr>();
            select! {
                ended = axum::serve(listener, app) => ended.expect("it runs until it is stopped"),
                _ = stopped => {}
            }
        });
    });
    let address = start.recv().expect("it starts");
    let stop = move || {
        // The thread may already have ended.
        let _ = stop.send(());
    };
    (address, Box::new(stop))
}

fn app(served: &Served) -> Router {
    let (resource_server, mcp) = (&served.resource_server, served.mcp.clone());
    let router = Router::new().fallback_service(resource_server.metadata_service());
    let at_both = |router: Router, mcp: MethodRouter| {
        let router = router.route("/mcp", mcp.clone());
        router.route("/mcp/", mcp)
    };
    let router = match served.protects {
        true => at_both(router, any_service(resource_server.layer().layer(mcp))),
        false => at_both(router, any_service(mcp)),
    };
    router.layer(map_request(note_peer))
}

async fn note_peer(ConnectInfo(peer): ConnectInfo<SocketAddr>, mut request: Request) -> Request {
    request.extensions_mut().insert(PeerAddress(peer));
    request
}
