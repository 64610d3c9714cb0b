//! The verifier that the configuration asks for.

use rmcp_resource_server::{
    IntrospectionVerifier, JwtVerifier, ResourceServer, ResourceServerConfig, StartError,
    UserinfoVerifier,
};

use crate::config::VerifierConfig;

/// A running verifier of any kind.
#[derive(Clone)]
pub(super) enum Verifier {
    Introspection(IntrospectionVerifier),
    Jwt(JwtVerifier),
    Userinfo(UserinfoVerifier),
}

impl Verifier {
    pub(super) fn start(config: VerifierConfig) -> Result<Self, StartError> {
        Ok(match config {
            VerifierConfig::Introspection(config) => {
                Self::Introspection(IntrospectionVerifier::start(config)?)
            }
            VerifierConfig::Jwt(config) => Self::Jwt(JwtVerifier::start(config)?),
            VerifierConfig::Userinfo(config) => {
                tracing::warn!(
                    "tokens are accepted by userinfo: nothing shows that they were issued for this \
                     server, which does not meet the audience rule of MCP"
                );
                Self::Userinfo(UserinfoVerifier::start(config)?)
            }
        })
    }

    /// A resource server that accepts what this verifier finds genuine.
    pub(super) fn protecting(&self, config: ResourceServerConfig) -> ResourceServer {
        match self {
            Self::Introspection(verifier) => ResourceServer::new(config, verifier.clone()),
            Self::Jwt(verifier) => ResourceServer::new(config, verifier.clone()),
            Self::Userinfo(verifier) => ResourceServer::new(config, verifier.clone()),
        }
    }

    /// Brings the count of remembered tokens up to date, for a scrape.
    pub(super) async fn count_cache_entries(&self) {
        let cache = match self {
            Self::Introspection(verifier) => verifier.cache(),
            Self::Jwt(verifier) => verifier.cache(),
            Self::Userinfo(verifier) => verifier.cache(),
        };
        cache.count_entries().await;
    }

    /// Whether it knows whom to ask.
    pub(super) fn is_ready(&self) -> bool {
        let readiness = match self {
            Self::Introspection(verifier) => verifier.readiness(),
            Self::Jwt(verifier) => verifier.readiness(),
            Self::Userinfo(verifier) => verifier.readiness(),
        };
        readiness.is_ok()
    }
}
