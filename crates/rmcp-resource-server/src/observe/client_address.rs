//! Where requests come from: for log lines, to share the authorization server among clients, and to
//! count bad tokens.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

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
    /// The peer, if it is known.
    pub(crate) fn of(extensions: &Extensions) -> Option<SocketAddr> {
        extensions.get::<Self>().map(|Self(peer)| *peer)
    }
}

/// Anyone with an IPv6 address has the /64 around it.
pub(crate) fn source(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_network_is_one_source() {
        let source = |text: &str| source(text.parse().expect("an address"));
        assert_eq!(source("2001:db8:0:1::1"), source("2001:db8:0:1:ffff::2"));
        assert_ne!(source("2001:db8:0:1::1"), source("2001:db8:0:2::1"));
        assert_eq!(source("::ffff:192.0.2.1"), source("192.0.2.1"));
        assert_ne!(source("192.0.2.1"), source("192.0.2.2"));
    }
}
