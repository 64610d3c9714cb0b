//! Verifies opaque tokens at the userinfo endpoint (OpenID Connect Core §5.3), for authorization
//! servers that offer nothing better for them (Auth0).

mod challenge;
#[cfg(feature = "diagnose")]
pub(crate) mod examine;
mod request;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;

use crate::{
    authorization_server::{
        discovery::{EndpointName, discover},
        http_client::HttpClient,
        server::AuthorizationServer,
    },
    dpop::mode::Dpop,
    error::VerifyError,
    resource_server::ResourceServerConfig,
    token::{bearer::BearerToken, claims::Claims},
    urls::EndpointUrl,
    verify::{
        cache::{CacheConfig, CachePartition, TokenCache},
        gate::HoldOff,
        shell::{Question, Running, Shell},
        start_error::StartError,
        verifier::TokenVerifier,
    },
};

/// How to reach the userinfo endpoint.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UserinfoConfig {
    /// The authorization server.
    pub authorization_server: AuthorizationServer,
    /// The endpoint. Default: found in the issuer's metadata, which is requested until the server
    /// is up.
    pub endpoint: Option<EndpointUrl>,
    /// How many calls may be in flight, as in
    /// [`IntrospectionConfig::max_in_flight`](crate::IntrospectionConfig::max_in_flight). Default:
    /// 64.
    pub max_in_flight: usize,
    /// What to remember, and for how long. Default: active tokens for 300 s, because authorization
    /// servers limit these calls (Auth0 by user).
    pub cache: CacheConfig,
}

impl UserinfoConfig {
    /// The defaults, for one authorization server.
    pub fn new(authorization_server: AuthorizationServer) -> Self {
        let ttl = Duration::from_secs(300);
        Self {
            authorization_server,
            endpoint: None,
            max_in_flight: 64,
            cache: CacheConfig {
                ttl,
                ttl_without_expiry: ttl,
                ..CacheConfig::default()
            },
        }
    }
}

/// A requirement that no token verified by userinfo can meet, or a consent that is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UserinfoConflict {
    /// [`ResourceServerConfig::accept_unbound_tokens`] is false.
    #[error(
        "userinfo does not say for whom a token was issued, so a token issued to any other \
         application of the authorization server is accepted too; you must agree to that"
    )]
    UnboundTokensNotAccepted,
    /// [`ResourceServerConfig::required_scopes`] is not empty.
    #[error("userinfo does not report a token's scopes, so none can be required")]
    RequiredScopes,
    /// [`ResourceServerConfig::allowed_client_ids`] is not empty.
    #[error("userinfo does not report a token's client, so no list of client ids can be applied")]
    AllowedClientIds,
    /// [`ResourceServerConfig::dpop`] is on.
    #[error(
        "userinfo does not report to which key a token is bound, so no proof (DPoP) can be checked"
    )]
    Dpop,
    /// [`ResourceServerConfig::client_certificate_header`] is set.
    #[error(
        "userinfo does not report to which certificate a token is bound, so none can be checked"
    )]
    ClientCertificateHeader,
}

/// A [`TokenVerifier`] that asks the userinfo endpoint who is behind a token, and remembers the
/// answer. Cheap to clone.
///
/// **It cannot tell for whom a token was issued**, nor its scopes, client and expiry. A token that
/// a user gave to another application is as good as one for this server, contrary to the audience
/// rule of the MCP authorization specification. So a [`ResourceServer`](crate::ResourceServer)
/// refuses its tokens unless [`ResourceServerConfig::accept_unbound_tokens`] is set. Use a
/// [`JwtVerifier`](crate::JwtVerifier) or [`IntrospectionVerifier`](crate::IntrospectionVerifier)
/// if you can.
///
/// Queue, retry and circuit breaker work as for introspection. After a 429, only the token
/// concerned is left alone, until the time that the server named: a limit per user must not become
/// an outage for all.
#[derive(Clone)]
pub struct UserinfoVerifier {
    running: Running<Userinfo>,
}

/// What to ask, and where.
struct Userinfo {
    server: AuthorizationServer,
    http: HttpClient,
}

struct Target {
    endpoint: EndpointUrl,
    partition: CachePartition,
}

impl UserinfoVerifier {
    /// If no endpoint is configured, starts looking for it in the background. Must be called inside
    /// a Tokio runtime.
    ///
    /// # Errors
    ///
    /// [`StartError`]. It is not an error if the server is not up yet: see
    /// [`readiness`](TokenVerifier::readiness).
    pub fn start(config: UserinfoConfig) -> Result<Self, StartError> {
        let server = config.authorization_server;
        let http = server.build_http_client(None)?;
        let hold_off = HoldOff::by_token(server.clock.clone(), config.cache.negative_capacity);
        let question = Userinfo {
            server: server.clone(),
            http,
        };
        let (cache, max_in_flight) = (&config.cache, config.max_in_flight);
        let shell = Shell::new(question, &server, cache, max_in_flight, hold_off);
        let aim = |endpoint| shell.question.aim(&shell.cache, endpoint);
        let configured = config.endpoint.map(aim);
        Ok(Self {
            running: shell.run(configured),
        })
    }

    /// Checks whether [`start`](Self::start) would succeed, without starting anything.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub fn check(config: &UserinfoConfig) -> Result<(), StartError> {
        config.authorization_server.build_http_client(None)?;
        Ok(())
    }

    /// Why a resource server with this configuration would refuse every token that this verifier
    /// finds good. Empty if it would not. Check this before you start.
    pub fn conflicts(config: &ResourceServerConfig) -> Vec<UserinfoConflict> {
        [
            (
                !config.accept_unbound_tokens,
                UserinfoConflict::UnboundTokensNotAccepted,
            ),
            (
                !config.required_scopes.is_empty(),
                UserinfoConflict::RequiredScopes,
            ),
            (
                !config.allowed_client_ids.is_empty(),
                UserinfoConflict::AllowedClientIds,
            ),
            (config.dpop != Dpop::Off, UserinfoConflict::Dpop),
            (
                config.client_certificate_header.is_some(),
                UserinfoConflict::ClientCertificateHeader,
            ),
        ]
        .into_iter()
        .filter_map(|(applies, conflict)| applies.then_some(conflict))
        .collect()
    }

    /// Waits until the endpoint is known.
    pub async fn ready(&self) {
        self.running.shell.discovery.ready().await;
    }

    /// The cache, for its statistics.
    pub fn cache(&self) -> &TokenCache {
        &self.running.shell.cache
    }
}

#[async_trait]
impl TokenVerifier for UserinfoVerifier {
    async fn verify(&self, token: &BearerToken) -> Result<Arc<Claims>, VerifyError> {
        self.running.verify(token).await
    }

    async fn forget(&self, token: &BearerToken) {
        self.running.forget(token).await;
    }

    fn was_good(&self, token: &BearerToken) -> bool {
        self.running.was_good(token)
    }

    fn readiness(&self) -> Result<(), Arc<str>> {
        self.running.shell.discovery.readiness()
    }

    async fn count_cache_entries(&self) {
        self.cache().count_entries().await;
    }
}

impl Userinfo {
    fn aim(&self, cache: &TokenCache, endpoint: EndpointUrl) -> Target {
        let (issuer, url) = (self.server.issuer.as_str(), endpoint.as_str());
        Target {
            partition: cache.partition(issuer, url, ""),
            endpoint,
        }
    }
}

impl Question for Userinfo {
    type Target = Target;

    async fn look(
        &self,
        shell: &Shell<Self>,
        known: Option<&Target>,
    ) -> Result<Option<Target>, String> {
        let http = self.http.on_a_new_connection();
        let found = discover(EndpointName::UserinfoEndpoint, &http, &self.server).await?;
        let endpoint = found.endpoint;
        let is_same = known.is_some_and(|known| known.endpoint == endpoint);
        Ok((!is_same).then(|| self.aim(&shell.cache, endpoint)))
    }

    fn partition(target: &Target) -> &CachePartition {
        &target.partition
    }

    fn context(&self, target: &Target) -> Vec<String> {
        let (issuer, url) = (self.server.issuer.as_str(), target.endpoint.as_str());
        ["userinfo", issuer, url].map(str::to_owned).to_vec()
    }

    fn is_same(one: &Target, other: &Target) -> bool {
        one.endpoint == other.endpoint
    }

    fn http<'q>(&'q self, _target: &'q Target) -> &'q HttpClient {
        &self.http
    }

    async fn ask(
        &self,
        http: HttpClient,
        target: &Target,
        token: &BearerToken,
    ) -> Result<Claims, VerifyError> {
        request::send(&http, &target.endpoint, token).await
    }
}

impl fmt::Debug for UserinfoVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserinfoVerifier")
            .field("authorization_server", &self.running.shell.question.server)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_work_is_found_before_the_start() {
        use UserinfoConflict::{
            AllowedClientIds, ClientCertificateHeader, Dpop, RequiredScopes,
            UnboundTokensNotAccepted,
        };
        let url = "https://mcp.example.com/mcp";
        let issuer = "https://as.example.com".parse().expect("an issuer");
        let mut config = ResourceServerConfig::new(url.parse().expect("a URL"), issuer);
        assert_eq!(
            UserinfoVerifier::conflicts(&config),
            [UnboundTokensNotAccepted]
        );
        config.accept_unbound_tokens = true;
        assert_eq!(UserinfoVerifier::conflicts(&config), []);
        config.required_scopes = "mcp:tools".parse().expect("a scope");
        config.allowed_client_ids = vec!["client".to_owned()];
        config.dpop = super::Dpop::Allowed;
        let name = http::HeaderName::from_static("client-cert");
        let header = crate::ClientCertificateHeader::new(name, |_peer| true);
        config.client_certificate_header = Some(header);
        assert_eq!(
            UserinfoVerifier::conflicts(&config),
            [
                RequiredScopes,
                AllowedClientIds,
                Dpop,
                ClientCertificateHeader
            ]
        );
    }
}
