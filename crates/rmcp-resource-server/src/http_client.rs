//! The HTTP client that talks to the authorization server, and nothing else.

mod ca_file;

use std::{
    error::Error,
    fmt::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use reqwest::{
    Certificate, Client, ClientBuilder, Identity, Response,
    header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderMap, HeaderValue},
    redirect::Policy,
};
use url::Url;

use crate::{client_key::ClientCertificate, urls::Issuer};
pub use ca_file::CaFileContent;

/// The largest body read from an authorization server, in bytes, but for its keys.
pub(crate) const MAX_BODY_BYTES: usize = 64 * 1024;

/// How long a connection may take, if the time for everything allows as much.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

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
        cause: std::io::Error,
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

/// One client for each scheme. Neither follows redirects, since a 307 would send token and secret
/// to another host. Plain http, which is for loopback or a test network, takes no proxy.
#[derive(Clone)]
pub(crate) struct HttpClient {
    https: Option<Client>,
    http: Client,
}

impl HttpClient {
    /// Builds the clients that `issuer` makes necessary.
    pub(crate) fn build(
        issuer: &Issuer,
        ca_file: Option<&Path>,
        certificate: Option<&ClientCertificate>,
        timeout: Duration,
    ) -> Result<Self, HttpClientError> {
        let tls = |error: reqwest::Error| HttpClientError::Tls {
            cause: causes(&error),
        };
        let mut https = builder(timeout);
        if let Some(path) = ca_file {
            https = https.tls_certs_merge(usable_certificates(path, timeout)?);
        }
        if let Some(certificate) = certificate {
            https = https.identity(usable_identity(certificate, timeout)?);
        }
        let https = match https.build() {
            // A machine without CA certificates can do without TLS.
            Err(_) if issuer.url().scheme() == "http" && certificate.is_none() => None,
            built => Some(built.map_err(tls)?),
        };
        let http = builder(timeout).no_proxy().tls_certs_only([]);
        Ok(Self {
            https,
            http: http.build().map_err(tls)?,
        })
    }

    /// The client for requests to `url`.
    pub(crate) fn to(&self, url: &Url) -> &Client {
        match &self.https {
            Some(https) if url.scheme() == "https" => https,
            _ => &self.http,
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
        .pool_idle_timeout(Duration::from_secs(30))
}

/// Tries the certificates by themselves, so that their faults are told from those of the system's.
fn usable_certificates(
    path: &Path,
    timeout: Duration,
) -> Result<Vec<Certificate>, HttpClientError> {
    let content = std::fs::read(path).map_err(|cause| HttpClientError::CaFileUnreadable {
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
