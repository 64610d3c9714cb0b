//! The one place where a verifier is chosen.

use std::sync::Arc;

#[cfg(feature = "jwt")]
use crate::verify::jwt::{JwtVerifier, config::JwtConfig};
#[cfg(feature = "userinfo")]
use crate::verify::userinfo::{UserinfoConfig, UserinfoVerifier};
use crate::{
    authorization_server::server::AuthorizationServer,
    verify::{
        introspection::{IntrospectionConfig, IntrospectionVerifier},
        start_error::StartError,
        verifier::TokenVerifier,
    },
};

/// How tokens are verified, for a program that lets its operator choose.
///
#[cfg_attr(feature = "jwt", doc = "```no_run")]
#[cfg_attr(not(feature = "jwt"), doc = "```ignore")]
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
    #[cfg(feature = "jwt")]
    Jwt(JwtConfig),
    /// By userinfo.
    #[cfg(feature = "userinfo")]
    Userinfo(UserinfoConfig),
}

impl VerifierConfig {
    /// `introspection`, `jwt` or `userinfo`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Introspection(_) => "introspection",
            #[cfg(feature = "jwt")]
            Self::Jwt(_) => "jwt",
            #[cfg(feature = "userinfo")]
            Self::Userinfo(_) => "userinfo",
        }
    }

    /// The authorization server to ask.
    pub fn authorization_server(&self) -> &AuthorizationServer {
        match self {
            Self::Introspection(config) => &config.authorization_server,
            #[cfg(feature = "jwt")]
            Self::Jwt(config) => &config.authorization_server,
            #[cfg(feature = "userinfo")]
            Self::Userinfo(config) => &config.authorization_server,
        }
    }

    /// The same, to be changed.
    pub fn authorization_server_mut(&mut self) -> &mut AuthorizationServer {
        match self {
            Self::Introspection(config) => &mut config.authorization_server,
            #[cfg(feature = "jwt")]
            Self::Jwt(config) => &mut config.authorization_server,
            #[cfg(feature = "userinfo")]
            Self::Userinfo(config) => &mut config.authorization_server,
        }
    }

    /// Checks whether [`start`](Self::start) would succeed, without starting anything.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub fn check(&self) -> Result<(), StartError> {
        match self {
            Self::Introspection(config) => IntrospectionVerifier::check(config),
            #[cfg(feature = "jwt")]
            Self::Jwt(config) => JwtVerifier::check(config),
            #[cfg(feature = "userinfo")]
            Self::Userinfo(config) => UserinfoVerifier::check(config),
        }
    }

    /// Starts the verifier. Must be called inside a Tokio runtime.
    ///
    /// # Errors
    ///
    /// [`StartError`]. It is not an error if the server is not up yet.
    pub fn start(self) -> Result<Arc<dyn TokenVerifier>, StartError> {
        Ok(match self {
            Self::Introspection(config) => Arc::new(IntrospectionVerifier::start(config)?),
            #[cfg(feature = "jwt")]
            Self::Jwt(config) => Arc::new(JwtVerifier::start(config)?),
            #[cfg(feature = "userinfo")]
            Self::Userinfo(config) => Arc::new(UserinfoVerifier::start(config)?),
        })
    }
}
