//! Which client a request comes from, behind proxies: for log lines, and to count bad tokens.

use std::net::IpAddr;

use actix_web::{HttpRequest, http::header::X_FORWARDED_FOR, web::Data};
use ipnet::IpNet;

/// The proxies whose `X-Forwarded-For` is trusted.
#[derive(Debug, Clone)]
pub(super) struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    pub(super) fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Each proxy appends the address it was reached from. So the list is read from its end, for as
    /// long as the author of an element is trusted; anything before that may be forged.
    fn client<'a>(
        &self,
        peer: IpAddr,
        forwarded: impl DoubleEndedIterator<Item = &'a str>,
    ) -> IpAddr {
        let mut client = peer.to_canonical();
        for element in forwarded.rev() {
            if !self.trusts(client) {
                break;
            }
            match element.trim().parse::<IpAddr>() {
                Ok(address) => client = address.to_canonical(),
                Err(_) => break,
            }
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// The client of `request`: the peer of the connection, or the client that trusted proxies name.
pub(super) fn client_address(request: &HttpRequest) -> Option<IpAddr> {
    forwarded_address(request).or_else(|| Some(request.peer_addr()?.ip().to_canonical()))
}

/// The client of `request`, if a trusted proxy names one.
pub(super) fn forwarded_address(request: &HttpRequest) -> Option<IpAddr> {
    let forwarded = request.headers().get(X_FORWARDED_FOR)?;
    let proxies = request.app_data::<Data<TrustedProxies>>()?;
    let peer = request.peer_addr()?.ip().to_canonical();
    if forwarded.is_empty() || !proxies.trusts(peer) {
        return None;
    }
    let values: Vec<_> = request.headers().get_all(X_FORWARDED_FOR).collect();
    // A value that is not text ends the list, like any other nonsense.
    let elements = (values.iter()).flat_map(|value| value.to_str().unwrap_or("?").split(','));
    Some(proxies.client(peer, elements))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_trusted_proxies_wrote_is_believed() {
        let proxies = TrustedProxies::new(vec![
            "10.0.0.0/8".parse().expect("a network"),
            "2001:db8::/32".parse().expect("a network"),
        ]);
        for (peer, forwarded, client) in [
            ("10.0.0.1", "", "10.0.0.1"),
            ("10.0.0.1", "192.0.2.7", "192.0.2.7"),
            ("::ffff:10.0.0.1", "192.0.2.7", "192.0.2.7"),
            ("10.0.0.1", "192.0.2.7, 10.9.9.9", "192.0.2.7"),
            ("10.0.0.1", "192.0.2.7,2001:db8::5", "192.0.2.7"),
            ("10.0.0.1", "8.8.8.8, 192.0.2.7", "192.0.2.7"),
            ("10.0.0.1", "8.8.8.8, 192.0.2.7, 10.9.9.9", "192.0.2.7"),
            ("10.0.0.1", "10.1.1.1, 10.2.2.2", "10.1.1.1"),
            ("10.0.0.1", "192.0.2.7, unknown", "10.0.0.1"),
            ("10.0.0.1", "192.0.2.7:4711", "10.0.0.1"),
            ("192.0.2.8", "8.8.8.8", "192.0.2.8"),
        ] {
            let address = |text: &str| text.parse::<IpAddr>().expect("an address");
            let elements = forwarded.split(',').filter(|element| !element.is_empty());
            let found = proxies.client(address(peer), elements);
            assert_eq!(found, address(client), "{peer} {forwarded}");
        }
    }
}
