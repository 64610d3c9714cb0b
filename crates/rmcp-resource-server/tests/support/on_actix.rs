//! The server under test on actix-web.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::mpsc,
    thread,
    time::Duration,
};

use actix_cors::Cors;
use actix_web::{App, HttpServer, middleware::Condition};
use rmcp_resource_server::ActixMcp;
use tracing::dispatcher;

use super::server::{Served, Stop};

pub(super) fn start(served: Served) -> (SocketAddr, Stop) {
    let workers = served.workers;
    let mcp = ActixMcp::new(served.mcp);
    let app = move || {
        if let Some(logs) = &served.logs {
            // For the whole lifetime of this worker's thread.
            std::mem::forget(dispatcher::set_default(logs));
        }
        let resource_server = &served.resource_server;
        let protection = Condition::new(served.protects, resource_server.protect());
        let cors = Cors::default()
            .allowed_origin(served.allowed_origin.unwrap_or("https://nobody.invalid"))
            .allowed_methods(["GET", "POST", "DELETE"])
            .allow_any_header()
            .expose_headers(["WWW-Authenticate", "Mcp-Session-Id", "Retry-After"]);
        App::new()
            .configure(|config| resource_server.serve_metadata(config))
            .service(mcp.resource("/mcp").wrap(protection))
            .wrap(Condition::new(served.allowed_origin.is_some(), cors))
    };
    let (started, start) = mpsc::channel();
    thread::spawn(move || {
        actix_web::rt::System::new().block_on(async {
            let server = HttpServer::new(app)
                .workers(workers)
                // Longer than any test, so no request meets a connection that is being closed.
                .keep_alive(Duration::from_secs(75))
                .tcp_nodelay(true)
                .disable_signals()
                .bind((Ipv4Addr::LOCALHOST, 0))
                .expect("a free port");
            let address = server.addrs()[0];
            let server = server.run();
            started
                .send((address, server.handle()))
                .expect("the test waits");
            server.await.expect("the server runs until it is stopped");
        });
    });
    let (address, handle) = start.recv().expect("it starts");
    // This sends the command at once; only its confirmation would have to be awaited.
    (address, Box::new(move || drop(handle.stop(false))))
}
