//! The HTTP client that talks to the authorization server, and nothing else.

mod ca_file;
mod connections;

use std::{
    error::Error,
    fmt::Write,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use reqwest::{
    Certificate, Client, ClientBuilder, Identity, Response,
    header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderMap, HeaderValue},
    redirect::Policy,
};
use url::Url;

pub use self::ca_file::CaFileContent;
use self::connections::Connections;
use crate::{client_key::ClientCertificate, time_limit::in_time, urls::Issuer};

/// The largest body read from an authorization server, in bytes, but for its keys.
pub(crate) const MAX_BODY_BYTES: usize = 64 * 1024;

/// How long a connection may take, if the time for everything allows as much.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// How often the kernel looks whether an idle connection is alive. One that a load balancer or a
/// lost node has dropped is then out of the pool before most calls could take it.
const KEEPALIVE: Duration = Duration::from_secs(5);

/// The HTTP client cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpClientError {
    /// The CA file cannot be read.
    #[error("cannot read the CA file {path}: {cause}", path = path.display())]
    CaFileUnreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// The CA file holds no usable certificate.
    #[error("the CA file {path} holds no PEM certificate: {found}", path = path.display())]
    CaFileInvalid {
        /// The file.
        path: PathBuf,
        /// What it holds, and what to do. Nothing of its content is in it.
        found: CaFileContent,
    },
    /// The client certificate cannot be shown.
    #[error("the client certificate and its private key cannot be used together: {cause}")]
    Certificate {
        /// Why.
        cause: String,
    },
    /// TLS cannot be set up, for example because the system has no CA certificates.
    #[error("cannot set up TLS: {cause} (install the system's CA certificates or name a CA file)")]
    Tls {
        /// Why.
        cause: String,
    },
}

/// Sends requests, over connections of a pool or over new ones. Cheap to clone.
///
/// Neither kind follows redirects, since a 307 would send token and secret to another host. Plain
/// http, which is for loopback or a test network, takes no proxy.
#[derive(Clone)]
pub(crate) struct HttpClient {
    connections: Arc<Connections>,
    reuse: bool,
}

impl HttpClient {
    /// Builds the clients that `issuer` makes necessary.
    pub(crate) fn build(
        issuer: &Issuer,
        ca_file: Option<&Path>,
        certificate: Option<&ClientCertificate>,
        timeout: Duration,
    ) -> Result<Self, HttpClientError> {
        let recipe = Recipe {
            ca_certificates: ca_file
                .map(|path| usable_certificates(path, timeout))
                .transpose()?,
            identity: certificate
                .map(|certificate| usable_identity(certificate, timeout))
                .transpose()?,
            // A machine without CA certificates can do without TLS.
            tls_is_optional: issuer.url().scheme() == "http" && certificate.is_none(),
            timeout,
        };
        Ok(Self {
            connections: Arc::new(Connections::open(recipe)?),
            reuse: true,
        })
    }

    /// The client for requests to `url`.
    pub(crate) fn to(&self, url: &Url) -> Client {
        let clients = match self.reuse {
            true => self.connections.pooled(),
            false => self.connections.fresh(),
        };
        clients.to(url)
    }

    /// The same, but for requests that take no connection from the pool.
    pub(crate) fn on_a_new_connection(&self) -> Self {
        Self {
            reuse: false,
            ..self.clone()
        }
    }

    /// Tells that an exchange is over, after which the pool may hold a connection.
    pub(crate) fn note_exchange(&self) {
        if self.reuse {
            self.connections.note_exchange();
        }
    }

    /// Whether the pool may hold a connection, which may be dead.
    pub(crate) fn may_reuse_a_connection(&self) -> bool {
        self.reuse && self.connections.may_be_pooled()
    }

    /// Leaves all connections of the pool behind: one was found dead, and the others have gone the
    /// same way.
    pub(crate) fn drop_pool(&self) {
        self.connections.drop_pool();
    }
}

/// What clients are made of.
struct Recipe {
    ca_certificates: Option<Vec<Certificate>>,
    identity: Option<Identity>,
    tls_is_optional: bool,
    timeout: Duration,
}

/// One client for each scheme.
#[derive(Clone)]
struct Clients {
    https: Option<Client>,
    http: Client,
}

impl Recipe {
    fn clients(
        &self,
        adjust: impl Fn(ClientBuilder) -> ClientBuilder,
    ) -> Result<Clients, HttpClientError> {
        let tls = |error: reqwest::Error| HttpClientError::Tls {
            cause: causes(&error),
        };
        let mut https = adjust(builder(self.timeout));
        if let Some(certificates) = &self.ca_certificates {
            https = https.tls_certs_merge(certificates.clone());
        }
        if let Some(identity) = &self.identity {
            https = https.identity(identity.clone());
        }
        let https = match https.build() {
            Err(_) if self.tls_is_optional => None,
            built => Some(built.map_err(tls)?),
        };
        let http = adjust(builder(self.timeout)).no_proxy().tls_certs_only([]);
        let http = http.build().map_err(tls)?;
        Ok(Clients { https, http })
    }
}

impl Clients {
    fn to(&self, url: &Url) -> Client {
        match &self.https {
            Some(https) if url.scheme() == "https" => https.clone(),
            _ => self.http.clone(),
        }
    }
}

/// Tries the certificate by itself, so that its faults are told from those of CA certificates.
fn usable_identity(
    certificate: &ClientCertificate,
    timeout: Duration,
) -> Result<Identity, HttpClientError> {
    let unusable = |error: reqwest::Error| HttpClientError::Certificate {
        cause: causes(&error),
    };
    let identity = certificate.identity().map_err(unusable)?;
    let alone = builder(timeout).tls_certs_only([]);
    alone.identity(identity.clone()).build().map_err(unusable)?;
    Ok(identity)
}

fn builder(timeout: Duration) -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("rmcp-resource-server/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .referer(false)
        .default_headers(HeaderMap::from_iter([(
            ACCEPT_ENCODING,
            HeaderValue::from_static("identity"),
        )]))
        .connect_timeout(CONNECT_TIMEOUT.min(timeout))
        .tcp_keepalive(KEEPALIVE)
        .tcp_keepalive_interval(KEEPALIVE)
        .tcp_keepalive_retries(2)
}

/// Tries the certificates by themselves, so that their faults are told from those of the system's.
fn usable_certificates(
    path: &Path,
    timeout: Duration,
) -> Result<Vec<Certificate>, HttpClientError> {
    let file = path.to_owned();
    let read = in_time(move || std::fs::read(file));
    let read = read.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()));
    let content = read.map_err(|cause| HttpClientError::CaFileUnreadable {
        path: path.to_owned(),
        cause,
    })?;
    let invalid = |found| HttpClientError::CaFileInvalid {
        path: path.to_owned(),
        found,
    };
    let certificates = ca_file::certificates(&content).map_err(invalid)?;
    builder(timeout)
        .tls_certs_only(certificates.clone())
        .build()
        .map_err(|_may_quote_it| invalid(CaFileContent::Damaged))?;
    Ok(certificates)
}

/// How the body is compressed, if it is, although that was not asked for. It is not decompressed: a
/// small body could become a large one.
pub(crate) fn compression(headers: &HeaderMap) -> Option<&'static str> {
    let coding = headers.get(CONTENT_ENCODING)?.as_bytes().trim_ascii();
    if coding.is_empty() || coding.eq_ignore_ascii_case(b"identity") {
        return None;
    }
    let known = ["gzip", "deflate", "br", "zstd"];
    let name = known
        .into_iter()
        .find(|name| coding.eq_ignore_ascii_case(name.as_bytes()));
    Some(name.unwrap_or("an unknown coding"))
}

/// Reads a body up to `limit` bytes; `None` if there is more.
pub(crate) async fn read_body(
    mut response: Response,
    limit: usize,
) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > limit {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

/// An error with what caused it, on one line. No request is in it: not the URL, no header.
pub(crate) fn transport_causes(error: reqwest::Error) -> String {
    causes(&error.without_url())
}

fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let _ = write!(text, ": {cause}");
        next = cause.source();
    }
    text
}
