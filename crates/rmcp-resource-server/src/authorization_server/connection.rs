//! How to reach an authorization server, whatever it is then asked.

use std::{path::PathBuf, sync::Arc, time::Duration};

use crate::{
    authorization_server::http_client::{HttpClient, error::HttpClientError},
    client_auth::key::ClientCertificate,
    clock::{Clock, SystemClock},
    observe::metrics::Metrics,
    urls::Issuer,
};

/// What every verifier needs to know of its authorization server.
#[derive(Clone)]
#[non_exhaustive]
pub struct Connection {
    /// The authorization server.
    pub issuer: Issuer,
    /// The time for everything: waiting for a turn, connecting, one retry. Default 3 s.
    pub timeout: Duration,
    /// Certificates to trust in addition to the system's, as PEM.
    pub ca_file: Option<PathBuf>,
    /// Accept `http` for a discovered endpoint that is not on a loopback host: for test networks
    /// only. Default false.
    pub allow_insecure_http: bool,
    /// The clock. Default: the system's.
    pub clock: Arc<dyn Clock>,
    /// Where to count. Default: counters that nobody reads.
    pub metrics: Metrics,
}

impl Connection {
    /// The defaults, for the authorization server `issuer`.
    pub fn to(issuer: Issuer) -> Self {
        Self {
            issuer,
            timeout: Duration::from_secs(3),
            ca_file: None,
            allow_insecure_http: false,
            clock: Arc::new(SystemClock),
            metrics: Metrics::default(),
        }
    }

    /// A client that shows `certificate` where a server asks for one.
    pub(crate) fn http_client(
        &self,
        certificate: Option<&ClientCertificate>,
    ) -> Result<HttpClient, HttpClientError> {
        let ca_file = self.ca_file.as_deref();
        HttpClient::build(&self.issuer, ca_file, certificate, self.timeout)
    }
}
