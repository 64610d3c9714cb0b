//! One fetch of the keys.

use std::sync::Arc;

use reqwest::header::ACCEPT;
use tokio::time::timeout;

use super::keys::KeySet;
use crate::{
    authorization_server::{
        http_client::HttpClient,
        response::{self, malformed, unreachable},
        server::AuthorizationServer,
        strict_json,
    },
    error::AuthorizationServerError,
    jose::algorithm::{SigningAlgorithm, names},
    observe::change::Change,
    urls::EndpointUrl,
    verify::gate::with_one_retry,
};

/// The largest set of keys, in bytes: with certificate chains, a key takes several KiB.
const MAX_BYTES: usize = 256 * 1024;

/// Fetches the keys on request.
pub(super) struct Fetcher {
    http: HttpClient,
    endpoint: EndpointUrl,
    server: AuthorizationServer,
    algorithms: Vec<SigningAlgorithm>,
}

impl Fetcher {
    /// At least one of the keys must be for one of `algorithms`.
    pub(super) fn new(
        http: &HttpClient,
        endpoint: EndpointUrl,
        server: &AuthorizationServer,
        algorithms: &[SigningAlgorithm],
    ) -> Self {
        Self {
            http: http.clone(),
            endpoint,
            server: server.clone(),
            algorithms: algorithms.to_vec(),
        }
    }

    /// Where the keys are.
    pub(super) fn endpoint(&self) -> &EndpointUrl {
        &self.endpoint
    }

    /// Keys of which at least one can verify a token.
    pub(super) async fn fetch(&self) -> Result<Arc<KeySet>, AuthorizationServerError> {
        let limit = self.server.timeout;
        let asking = with_one_retry(&self.http, |http| self.ask(http));
        let result = timeout(limit, asking)
            .await
            .unwrap_or(Err(AuthorizationServerError::TimedOut { limit }));
        let result = result.and_then(|keys| self.usable(keys));
        self.server.metrics.jwks_fetched(result.as_ref().err());
        let endpoint = &self.endpoint;
        match &result {
            Ok(keys) => {
                tracing::debug!(%endpoint, keys = keys.len(), "keys fetched");
                self.server.tell(Change::KeysFetched(keys.len()));
            }
            Err(error) => tracing::warn!(%endpoint, %error, "keys cannot be fetched"),
        }
        result.map(Arc::new)
    }

    async fn ask(&self, http: HttpClient) -> Result<KeySet, AuthorizationServerError> {
        let url = self.endpoint.url();
        let request = http
            .to(url)
            .get(url.clone())
            .header(ACCEPT, "application/jwk-set+json, application/json");
        let request = request.build().map_err(unreachable)?;
        let response = http.execute(request).await.map_err(unreachable)?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(response::failure(status, response.headers()));
        }
        // The Content-Type does not matter: some keys are files on a plain web server.
        let body = response::body(response, MAX_BYTES).await?;
        let members = strict_json::parse_object(&body).map_err(malformed)?;
        KeySet::new(members).map_err(malformed)
    }

    fn usable(&self, keys: KeySet) -> Result<KeySet, AuthorizationServerError> {
        let published = keys.algorithms();
        if published.iter().any(|alg| self.algorithms.contains(alg)) {
            return Ok(keys);
        }
        Err(AuthorizationServerError::NoUsableKey {
            published: match published.is_empty() {
                true => "no usable key".to_owned(),
                false => format!("keys for {}", names(&published)),
            },
            accepted: names(&self.algorithms),
        })
    }
}
