//! Receives logout tokens (OpenID Connect Back-Channel Logout 1.0).

use std::{fmt, net::IpAddr, time::Duration};

use bytes::Bytes;
use http::{
    HeaderValue, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use moka::sync::Cache;
use serde_json::json;
use url::form_urlencoded;

use super::{
    RevokedBy,
    logout_token::{LEEWAY, LogoutError, LogoutToken, MAX_AGE},
};
use crate::{
    answer::refusal::retry_after,
    authorization_server::server::AuthorizationServer,
    error::VerifyError,
    jose::algorithm::SigningAlgorithm,
    resource_server::ResourceServer,
    urls::EndpointUrl,
    verify::{
        jwt::{JwtVerifier, config::JwtConfig},
        start_error::StartError,
    },
};

/// Whose logout tokens are accepted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BackChannelLogoutConfig {
    /// The authorization server, the same as that of the [`ResourceServer`].
    pub authorization_server: AuthorizationServer,
    /// Its keys (RFC 7517). Default: the `jwks_uri` of the issuer's metadata.
    pub jwks_url: Option<EndpointUrl>,
    /// The clients whose logouts count: one of them must be in the token's `aud`. An authorization
    /// server tells each client of a user's session, and so names the client that the user logged in
    /// with, which is rarely the one that introspects tokens.
    pub clients: Vec<String>,
    /// The signature algorithms accepted. Default: RS256, PS256, ES256, EdDSA.
    pub algorithms: Vec<SigningAlgorithm>,
}

impl BackChannelLogoutConfig {
    /// Accepts the logouts of these clients.
    pub fn new(authorization_server: AuthorizationServer, clients: Vec<String>) -> Self {
        Self {
            authorization_server,
            jwks_url: None,
            clients,
            algorithms: SigningAlgorithm::DEFAULT.to_vec(),
        }
    }

    /// What the outer form of a logout token must be, and where the keys are.
    pub(crate) fn jwt(&self) -> JwtConfig {
        let mut jwt = JwtConfig::new(self.authorization_server.clone());
        jwt.jwks_url = self.jwks_url.clone();
        jwt.algorithms = self.algorithms.clone();
        // §2.4 recommends logout+jwt, which Keycloak writes; others write JWT. An access token has no
        // events.
        jwt.accepted_types = vec!["logout+jwt".to_owned(), "jwt".to_owned()];
        jwt.accept_untyped = true;
        jwt
    }
}

/// Revokes what a logout token names. An adapter passes it the body of each `POST`.
pub struct BackChannelLogout {
    resource_server: ResourceServer,
    keys: JwtVerifier,
    config: BackChannelLogoutConfig,
    /// The ids of tokens that were used.
    used: Cache<String, ()>,
}

impl BackChannelLogout {
    /// The longest body that is worth reading, in bytes: a logout token has one or two KiB, and some
    /// more with certificates.
    pub const BODY_LIMIT: usize = 16 * 1024;

    /// Starts looking for the keys in the background. Must be called inside a Tokio runtime.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub fn start(
        config: BackChannelLogoutConfig,
        resource_server: ResourceServer,
    ) -> Result<Self, StartError> {
        Ok(Self {
            resource_server,
            keys: JwtVerifier::start(config.jwt())?,
            config,
            used: Cache::builder()
                .max_capacity(100_000)
                .time_to_live(MAX_AGE + LEEWAY + Duration::from_secs(1))
                .build(),
        })
    }

    /// Waits until keys are at hand.
    pub async fn ready(&self) {
        self.keys.ready().await;
    }

    /// Processes the body of a request from `client`: a form with `logout_token` (§2.5). 200 if it was
    /// carried out, 400 if it is not acceptable (§2.8), 429 for a client that sent too many such
    /// ([`RequestLimits`](crate::RequestLimits)), 503 if the keys are not at hand.
    pub async fn receive(&self, body: &[u8], client: Option<IpAddr>) -> Response<Bytes> {
        let limiter = self.resource_server.limiter();
        if let Err(exceeded) = limiter.may_try(client) {
            return try_later(StatusCode::TOO_MANY_REQUESTS, exceeded.retry_after());
        }
        let problem = match self.carry_out(body).await {
            Ok(()) => return answer(StatusCode::OK, Bytes::new()),
            Err(Problem::Unverified(VerifyError::AuthorizationServer(error))) => {
                tracing::warn!(%error, "a logout token cannot be verified now");
                return try_later(StatusCode::SERVICE_UNAVAILABLE, Duration::from_secs(5));
            }
            Err(problem) => problem.to_string(),
        };
        let _counted = limiter.failure(client);
        let client = client.map(tracing::field::display);
        tracing::warn!(client, problem, "logout token refused");
        let body = json!({
            "error": "invalid_request",
            "error_description": "The logout token is not acceptable",
        });
        answer(StatusCode::BAD_REQUEST, body.to_string().into())
    }

    async fn carry_out(&self, body: &[u8]) -> Result<(), Problem> {
        let mut tokens = form_urlencoded::parse(body).filter(|(name, _)| name == "logout_token");
        let Some((_, token)) = tokens.next() else {
            return Err(LogoutError::Member {
                member: "logout_token",
            }
            .into());
        };
        let claims = self.keys.payload(&token).await?;
        let server = &self.config.authorization_server;
        let (issuer, now) = (server.issuer.as_str(), server.clock.now());
        let token = LogoutToken::read(&claims, issuer, &self.config.clients, now)?;
        if !self.used.entry(token.id).or_insert(()).is_fresh() {
            return Err(LogoutError::Replayed.into());
        }
        // Its own clock says which tokens are older.
        let time = token.issued_at;
        let by = RevokedBy::AuthorizationServer;
        self.resource_server
            .revoke_before(&token.revocation, by, time);
        Ok(())
    }
}

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error(transparent)]
    Unverified(#[from] VerifyError),
    #[error(transparent)]
    Logout(#[from] LogoutError),
}

/// No answer may be stored (§2.8).
fn answer(status: StatusCode, body: Bytes) -> Response<Bytes> {
    let has_body = !body.is_empty();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if has_body {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response
}

fn try_later(status: StatusCode, after: Duration) -> Response<Bytes> {
    let mut response = answer(status, Bytes::new());
    response.headers_mut().extend([retry_after(after)]);
    response
}

impl fmt::Debug for BackChannelLogout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackChannelLogout")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
