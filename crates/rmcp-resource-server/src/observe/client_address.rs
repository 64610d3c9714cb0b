//! Where requests come from: for log lines, and to share the authorization server among clients.

use std::net::{IpAddr, SocketAddr};

use http::Extensions;

/// The address of the client behind a proxy. An outer middleware that knows which proxies to trust
/// puts it into the request's extensions; otherwise the connection's peer is used. It decides
/// nothing but whose bad tokens are counted
/// ([`RequestLimits::failures_per_minute`](crate::RequestLimits::failures_per_minute)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// The remote end of the connection. The actix adapter knows it; under axum or another tower stack,
/// an outer layer puts it into the request's extensions (from axum's `ConnectInfo`, for instance).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddress(pub SocketAddr);

impl ClientAddress {
    /// The client's address, as far as it is known.
    pub fn of(extensions: &Extensions) -> Option<IpAddr> {
        match extensions.get::<Self>() {
            Some(Self(address)) => Some(*address),
            None => PeerAddress::of(extensions).map(|peer| peer.ip().to_canonical()),
        }
    }

    /// Identifies the client among those who wait: by its connection, or by its address if a
    /// proxy's connection carries the requests of many.
    pub(crate) fn peer_of(extensions: &Extensions) -> Option<SocketAddr> {
        let peer = PeerAddress::of(extensions);
        match extensions.get::<Self>() {
            Some(Self(address)) if peer.is_none_or(|peer| peer.ip().to_canonical() != *address) => {
                Some(SocketAddr::new(*address, 0))
            }
            _ => peer,
        }
    }
}

impl PeerAddress {
    fn of(extensions: &Extensions) -> Option<SocketAddr> {
        extensions.get::<Self>().map(|Self(peer)| *peer)
    }
}
