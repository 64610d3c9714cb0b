//! One `reqwest` client per scheme, and what is needed to build them.

use std::{sync::Arc, time::Duration};

use reqwest::{
    Certificate, Client, ClientBuilder, Identity,
    header::{ACCEPT_ENCODING, HeaderMap, HeaderValue},
    redirect::Policy,
};
use url::Url;

use super::{body::causes, error::HttpClientError};

/// How long connecting may take, if the overall time limit allows that much.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// How often the kernel checks whether an idle connection is alive. A connection that a load
/// balancer or a lost node has dropped then leaves the pool before most calls could take it.
const KEEPALIVE: Duration = Duration::from_secs(5);

/// What is needed to build clients.
pub(super) struct Recipe {
    pub(super) ca_certificates: Option<Vec<Certificate>>,
    pub(super) identity: Option<Identity>,
    pub(super) tls_is_optional: bool,
    pub(super) timeout: Duration,
    pub(super) hook: Option<Hook>,
}

/// Changes a client before what must hold is set.
pub(super) type Hook = Arc<dyn Fn(ClientBuilder) -> ClientBuilder + Send + Sync>;

/// One client for each scheme.
#[derive(Clone)]
pub(super) struct Clients {
    https: Option<Client>,
    http: Client,
}

impl Recipe {
    pub(super) fn clients(
        &self,
        adjust: impl Fn(ClientBuilder) -> ClientBuilder,
    ) -> Result<Clients, HttpClientError> {
        let tls = |error: reqwest::Error| HttpClientError::Tls {
            cause: causes(&error),
        };
        let mut https = adjust(self.builder());
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
        let http = adjust(self.builder()).no_proxy().tls_certs_only([]);
        let http = http.build().map_err(tls)?;
        Ok(Clients { https, http })
    }

    fn builder(&self) -> ClientBuilder {
        let client = Client::builder();
        let client = match &self.hook {
            Some(hook) => hook(client),
            None => client,
        };
        guarded(client, self.timeout)
    }
}

impl Clients {
    pub(super) fn to(&self, url: &Url) -> Client {
        match &self.https {
            Some(https) if url.scheme() == "https" => https.clone(),
            _ => self.http.clone(),
        }
    }
}

/// A client that goes nowhere but where it is sent.
pub(super) fn builder(timeout: Duration) -> ClientBuilder {
    guarded(Client::builder(), timeout)
}

fn guarded(client: ClientBuilder, timeout: Duration) -> ClientBuilder {
    client
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
