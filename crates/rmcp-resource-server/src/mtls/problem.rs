//! Why the certificate that came with a request does not count.

use std::net::IpAddr;

/// Why a client certificate that came with a request is not used. Its text is for operators and
/// contains no part of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateProblem {
    /// The header was not set by a trusted proxy. It counts as absent.
    #[error("{} set it, which is not a trusted proxy", named(*.peer))]
    NotFromProxy {
        /// The remote end of the connection, if it is known.
        peer: Option<IpAddr>,
    },
    /// The header is there more than once: the proxy adds it instead of replacing it.
    #[error("there is more than one header with it: the proxy must replace what a client sends")]
    Several,
    /// Longer than the limit.
    #[error("it is longer than {limit} bytes")]
    TooLong {
        /// The limit, in bytes of the header's value.
        limit: usize,
    },
    /// Neither of the two forms, or no certificate in it.
    #[error("it is neither a byte sequence (RFC 9440) nor a URL-escaped certificate in PEM: {0}")]
    Malformed(&'static str),
}

fn named(peer: Option<IpAddr>) -> String {
    peer.map_or_else(|| "an unknown peer".to_owned(), |peer| peer.to_string())
}
