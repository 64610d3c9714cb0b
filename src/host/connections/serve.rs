//! Listens, and hands each connection to actix-http through a guarded stream.

use std::{fmt, io, net, rc::Rc, sync::Arc, time::Duration};

use actix_http::{HttpService, Request, Response};
use actix_service::{
    IntoServiceFactory, ServiceFactory, ServiceFactoryExt, fn_service, map_config,
};
use actix_web::{
    Error,
    body::MessageBody,
    dev::{AppConfig, Server},
    rt::net::TcpStream,
};
use socket2::{Domain, Socket, Type};

use super::{connection::Connection, process::Connections, stream::GuardedStream, worker::Worker};

/// Longer than the idle timeout of common proxies, so that the proxy closes first.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// Enough for 2.5 MB a second at a round-trip time of 100 ms; the system doubles it.
const SEND_BUFFER: usize = 128 * 1024;

/// How many clients may wait to be accepted.
const BACKLOG: i32 = 1024;

/// Listens on every address of `host`.
///
/// # Errors
///
/// There is no address, or one that cannot be listened on.
pub(in crate::host) fn listen(host: &str, port: u16) -> io::Result<Vec<net::TcpListener>> {
    let mut listeners = Vec::new();
    for address in net::ToSocketAddrs::to_socket_addrs(&(host, port))? {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        // Each connection inherits it. By default an unread answer could take 4 MB in the system.
        socket.set_send_buffer_size(SEND_BUFFER)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        listeners.push(socket.into());
    }
    match listeners.is_empty() {
        false => Ok(listeners),
        true => Err(io::ErrorKind::AddrNotAvailable.into()),
    }
}

/// Serves `app` to the clients of `listeners`. Once stopped, running requests have `drain` to
/// finish.
pub(in crate::host) fn serve<F, I, S, B>(
    listeners: Vec<net::TcpListener>,
    connections: &Arc<Connections>,
    drain: Duration,
    app: F,
) -> io::Result<Server>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<Error> + 'static,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    S::Service: 'static,
    B: MessageBody + 'static,
{
    let mut server = Server::build()
        .shutdown_timeout(drain.as_secs())
        .disable_signals();
    for listener in listeners {
        let address = listener.local_addr()?;
        let connections = connections.clone();
        let app = app.clone();
        server = server.listen("http", listener, move || {
            let worker = Worker::start(connections.clone(), connections.heartbeats().add());
            let app = app()
                .into_factory()
                .map_err(|error| error.into().error_response());
            let http = HttpService::build()
                .keep_alive(KEEP_ALIVE)
                // The guarded stream's limit covers every request, and does not fire before a busy
                // worker has read what arrived in time.
                .client_request_timeout(Duration::ZERO)
                .client_disconnect_timeout(Duration::from_secs(2))
                .local_addr(address)
                .on_connect_ext(|stream: &GuardedStream, data| {
                    data.insert::<Rc<Connection>>(stream.connection());
                })
                .h1(map_config(app, |()| AppConfig::default()));
            fn_service(move |socket: TcpStream| {
                let worker = worker.clone();
                async move {
                    // Otherwise each event of a stream would wait some 40 ms for the
                    // acknowledgement of the one before. A socket that rejects the option still
                    // works.
                    let _ = socket.set_nodelay(true);
                    let peer = socket.peer_addr().ok();
                    Ok((GuardedStream::new(socket, &worker), peer))
                }
            })
            .and_then(http)
        })?;
    }
    Ok(server.run())
}
