//! The one place where a verifier is chosen.

use std::sync::Arc;

use crate::{
    authorization_server::server::AuthorizationServer,
    verify::{
        introspection::{IntrospectionConfig, IntrospectionVerifier, StartError},
        jwt::{JwtVerifier, config::JwtConfig},
        userinfo::{UserinfoConfig, UserinfoVerifier},
        verifier::TokenVerifier,
    },
};

/// How tokens are verified, for a program that lets its operator choose.
///
/// ```no_run
/// use rmcp_resource_server::{JwtConfig, ResourceServer, ResourceServerConfig, VerifierConfig};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (resource, issuer) = ("https://notes.example.com/mcp", "https://as.example.com");
/// let config = ResourceServerConfig::new(resource.parse()?, issuer.parse()?);
/// let verifier = VerifierConfig::Jwt(JwtConfig::new(config.authorization_server.clone()));
/// println!("tokens are verified by {}", verifier.name());
/// let resource_server = ResourceServer::new(config, verifier.start()?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum VerifierConfig {
    /// By introspection.
    Introspection(IntrospectionConfig),
    /// By their signature.
    Jwt(JwtConfig),
    /// By userinfo.
    Userinfo(UserinfoConfig),
}

impl VerifierConfig {
    /// `introspection`, `jwt` or `userinfo`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Introspection(_) => "introspection",
            Self::Jwt(_) => "jwt",
            Self::Userinfo(_) => "userinfo",
        }
    }

    /// The authorization server that is asked.
    pub fn authorization_server(&self) -> &AuthorizationServer {
        match self {
            Self::Introspection(config) => &config.authorization_server,
            Self::Jwt(config) => &config.authorization_server,
            Self::Userinfo(config) => &config.authorization_server,
        }
    }

    /// Finds out whether [`start`](Self::start) would succeed, without starting anything.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub fn check(&self) -> Result<(), StartError> {
        match self {
            Self::Introspection(config) => IntrospectionVerifier::check(config),
            Self::Jwt(config) => JwtVerifier::check(config),
            Self::Userinfo(config) => UserinfoVerifier::check(config),
        }
    }

    /// Starts the verifier. Must be called inside a Tokio runtime.
    ///
    /// # Errors
    ///
    /// [`StartError`]. A server that is not up is no error.
    pub fn start(self) -> Result<Arc<dyn TokenVerifier>, StartError> {
        Ok(match self {
            Self::Introspection(config) => Arc::new(IntrospectionVerifier::start(config)?),
            Self::Jwt(config) => Arc::new(JwtVerifier::start(config)?),
            Self::Userinfo(config) => Arc::new(UserinfoVerifier::start(config)?),
        })
    }
}
