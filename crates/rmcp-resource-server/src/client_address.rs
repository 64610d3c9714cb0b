//! Whose requests are refused, for log lines.

use std::net::IpAddr;

use actix_web::{HttpMessage, HttpRequest};

/// The address of the client behind a proxy. An outer middleware that knows which proxies to
/// believe puts one into the request's extensions; else log lines name the connection's peer.
/// Nothing is decided by it.
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
}
