//! How a request presents its token.

use crate::{
    mtls::header::ShownCertificate,
    token::binding::{Bound, Thumbprint},
};

/// What came with a token. The default is nothing: it is presented as a bearer token.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Presented<'r> {
    /// The key with which its proof was made (DPoP).
    pub(crate) key: Option<Thumbprint>,
    /// The certificate of the client (mutual TLS).
    pub(crate) certificate: ShownCertificate<'r>,
}

impl From<Bound> for Presented<'static> {
    /// As a token that is bound to these should be presented.
    fn from(bound: Bound) -> Self {
        Self {
            key: bound.key,
            certificate: match bound.certificate {
                None => ShownCertificate::None,
                Some(thumbprint) => ShownCertificate::Known(thumbprint),
            },
        }
    }
}
