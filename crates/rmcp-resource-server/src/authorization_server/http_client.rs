//! The HTTP client that talks to the authorization server, and nothing else.

pub(crate) mod body;
pub(crate) mod ca_file;
mod clients;
mod connections;
pub(crate) mod error;

use std::{io, path::Path, sync::Arc, time::Duration};

use reqwest::{Certificate, Client, Identity, Request, Response};
use tracing::Instrument;
use url::Url;

use self::{
    body::causes,
    ca_file::CaFileContent,
    clients::{Hook, Recipe, builder},
    connections::Connections,
    error::HttpClientError,
};
use crate::{
    client_auth::{key::ClientCertificate, time_limit::in_time},
    crypto::module::CryptographicModule,
    observe::trace::{TraceHeadersHook, client_request},
    urls::Issuer,
};

/// Sends requests over pooled or over new connections. Cheap to clone.
///
/// Neither kind follows redirects, because a 307 would send token and secret to another host. Plain
/// http, which is for loopback or a test network, uses no proxy.
#[derive(Clone)]
pub(crate) struct HttpClient {
    connections: Arc<Connections>,
    reuse: bool,
    trace_headers: Option<TraceHeadersHook>,
}

impl HttpClient {
    /// Builds the clients that `issuer` needs.
    pub(crate) fn build(
        issuer: &Issuer,
        ca_file: Option<&Path>,
        certificate: Option<&ClientCertificate>,
        timeout: Duration,
        hook: Option<Hook>,
    ) -> Result<Self, HttpClientError> {
        CryptographicModule::require()?;
        let recipe = Recipe {
            ca_certificates: ca_file
                .map(|path| usable_certificates(path, timeout))
                .transpose()?,
            identity: certificate
                .map(|certificate| usable_identity(certificate, timeout))
                .transpose()?,
            // Plain http works on a machine without CA certificates.
            tls_is_optional: issuer.url().scheme() == "http" && certificate.is_none(),
            timeout,
            hook,
        };
        Ok(Self {
            connections: Arc::new(Connections::open(recipe)?),
            reuse: true,
            trace_headers: None,
        })
    }

    /// Adds these headers to traced requests.
    pub(crate) fn tracing_with(self, trace_headers: Option<TraceHeadersHook>) -> Self {
        Self {
            trace_headers,
            ..self
        }
    }

    /// Sends a request on behalf of a client, as a span of that client's trace.
    pub(crate) async fn execute(&self, mut request: Request) -> reqwest::Result<Response> {
        let client = self.to(request.url());
        let span = client_request(request.method(), request.url());
        if span.is_none() {
            return client.execute(request).await;
        }
        if let Some(add) = &self.trace_headers {
            span.in_scope(|| add(request.headers_mut()));
        }
        let sent = client.execute(request).instrument(span.clone()).await;
        let failure = match &sent {
            Ok(response) => {
                let status = response.status();
                span.record("http.response.status_code", status.as_u16());
                let failed = status.is_client_error() || status.is_server_error();
                failed.then(|| status.as_u16().to_string())
            }
            Err(error) if error.is_timeout() => Some("timeout".to_owned()),
            Err(_) => Some("unreachable".to_owned()),
        };
        if let Some(failure) = failure {
            span.record("error.type", failure);
            span.record("otel.status_code", "ERROR");
        }
        sent
    }

    /// The client for requests to `url`.
    pub(crate) fn to(&self, url: &Url) -> Client {
        let clients = match self.reuse {
            true => self.connections.pooled(),
            false => self.connections.fresh(),
        };
        clients.to(url)
    }

    /// The same client, but its requests never use a pooled connection.
    pub(crate) fn on_a_new_connection(&self) -> Self {
        Self {
            reuse: false,
            ..self.clone()
        }
    }

    /// Notes that an exchange is over, so the pool may now hold a connection.
    pub(crate) fn note_exchange(&self) {
        if self.reuse {
            self.connections.note_exchange();
        }
    }

    /// Whether the pool may hold a connection, which may be dead.
    pub(crate) fn may_reuse_a_connection(&self) -> bool {
        self.reuse && self.connections.may_be_pooled()
    }

    /// Abandons all pooled connections: one was found dead, and the others will be too.
    pub(crate) fn drop_pool(&self) {
        self.connections.drop_pool();
    }
}

/// Tries the certificate alone, to tell its faults from those of the CA certificates.
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

/// Tries the certificates alone, to tell their faults from those of the system's.
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
