//! Tokens that are bound to a client's certificate (mutual TLS, RFC 8705 §3): a proxy that
//! terminates TLS passes the certificate on in a header, and a stolen token alone is of no use.

mod encoding;
pub(crate) mod header;
pub(crate) mod problem;

#[cfg(feature = "jwt")]
pub(crate) use encoding::der;
