//! From where requests come: for log lines, and to share out the turns of an authorization server.

use std::net::{IpAddr, SocketAddr};

use actix_web::{HttpMessage, HttpRequest};

/// The address of the client behind a proxy. An outer middleware that knows which proxies to
/// believe puts one into the request's extensions; else the connection's peer takes its place. No
/// request is allowed or refused by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// The address of the client of `request`, as far as it is known.
    pub(crate) fn of(request: &HttpRequest) -> Option<IpAddr> {
        match request.extensions().get::<Self>() {
            Some(Self(address)) => Some(*address),
            None => request.peer_addr().map(|peer| peer.ip().to_canonical()),
        }
    }

    /// Stands for the client among those who wait: its connection, or its address where a proxy's
    /// connection carries the requests of many.
    pub(crate) fn peer_of(request: &HttpRequest) -> Option<SocketAddr> {
        let peer = request.peer_addr();
        match request.extensions().get::<Self>() {
            Some(Self(address)) if peer.is_none_or(|peer| peer.ip().to_canonical() != *address) => {
                Some(SocketAddr::new(*address, 0))
            }
            _ => peer,
        }
    }
}
