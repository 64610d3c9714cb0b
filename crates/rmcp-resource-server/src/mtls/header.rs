//! The header with the client's certificate, and who may set it.

use std::{fmt, net::IpAddr, sync::Arc};

use aws_lc_rs::digest::{SHA256, digest};
use http::{HeaderName, request};

use crate::{
    mtls::{encoding::der, problem::CertificateProblem},
    observe::client_address::PeerAddress,
    token::binding::Thumbprint,
};

/// The header in which a proxy that terminates TLS passes on the certificate of its client, and which
/// peers are such proxies. Set by anybody else, it counts as absent.
///
/// Its value is a byte sequence (`:MII...:`, the `Client-Cert` of RFC 9440) or URL-escaped PEM
/// (nginx's `$ssl_client_escaped_cert`), and contains the client's certificate alone, without its
/// chain. **The proxy must remove what its own client sent under that name**, also where the client
/// has no certificate (RFC 9440 §2.4): nothing here can tell the two apart.
///
/// The peer is the [`PeerAddress`] of the request; without one, nobody is trusted.
///
/// ```
/// use std::net::IpAddr;
///
/// use http::HeaderName;
/// use rmcp_resource_server::{ClientCertificateHeader, ResourceServerConfig};
///
/// fn behind_a_proxy(config: &mut ResourceServerConfig, proxy: IpAddr) {
///     let name = HeaderName::from_static("client-cert");
///     let header = ClientCertificateHeader::new(name, move |peer| peer == proxy);
///     config.client_certificate_header = Some(header);
/// }
/// ```
#[derive(Clone)]
pub struct ClientCertificateHeader {
    name: HeaderName,
    is_trusted: Arc<dyn Fn(IpAddr) -> bool + Send + Sync>,
}

impl ClientCertificateHeader {
    /// The header `name`, if a peer sets it for which `is_trusted` is true. An IPv4 address is never
    /// in the form of IPv6.
    pub fn new(
        name: HeaderName,
        is_trusted: impl Fn(IpAddr) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self {
            name,
            is_trusted: Arc::new(is_trusted),
        }
    }

    /// The name of the header.
    pub fn name(&self) -> &HeaderName {
        &self.name
    }

    /// The thumbprint of the certificate (`x5t#S256`, RFC 8705 §3.1); `None` if there is no such
    /// header, or an empty one.
    fn read(&self, parts: &request::Parts) -> Result<Option<Thumbprint>, CertificateProblem> {
        let mut values = parts.headers.get_all(&self.name).iter();
        let value = match values.next() {
            None => return Ok(None),
            Some(value) if value.is_empty() && values.next().is_none() => return Ok(None),
            Some(value) => value,
        };
        let peer = PeerAddress::of(&parts.extensions).map(|peer| peer.ip().to_canonical());
        if !peer.is_some_and(|peer| (self.is_trusted)(peer)) {
            return Err(CertificateProblem::NotFromProxy { peer });
        }
        if values.next().is_some() {
            return Err(CertificateProblem::Several);
        }
        let der = der(value.as_bytes())?;
        let hash = digest(&SHA256, &der);
        Ok(Some(Thumbprint(
            hash.as_ref().try_into().expect("SHA-256 has 32 bytes"),
        )))
    }
}

impl fmt::Debug for ClientCertificateHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificateHeader")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The certificate that a request shows.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum ShownCertificate<'r> {
    /// None, or none that counts.
    #[default]
    None,
    /// The one in the head of a request, if any. It is not read before a token needs it, and most
    /// tokens do not.
    In(&'r ClientCertificateHeader, &'r request::Parts),
    /// This one.
    Known(Thumbprint),
}

impl ShownCertificate<'_> {
    /// Its thumbprint, if there is one.
    pub(crate) fn thumbprint(self) -> Result<Option<Thumbprint>, CertificateProblem> {
        match self {
            Self::None => Ok(None),
            Self::In(header, parts) => header.read(parts),
            Self::Known(thumbprint) => Ok(Some(thumbprint)),
        }
    }
}
