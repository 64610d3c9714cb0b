//! What is accepted as a JWT.

use crate::{
    authorization_server::server::AuthorizationServer, jose::algorithm::SigningAlgorithm,
    urls::EndpointUrl, verify::cache::CacheConfig,
};

/// Where the keys are, and what a JWT must look like.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct JwtConfig {
    /// The authorization server.
    pub authorization_server: AuthorizationServer,
    /// Its keys (RFC 7517). Default: the `jwks_uri` of the issuer's metadata.
    pub jwks_url: Option<EndpointUrl>,
    /// The signature algorithms accepted. Default: RS256, PS256, ES256, EdDSA.
    pub algorithms: Vec<SigningAlgorithm>,
    /// The accepted values of the header `typ`, in any case, with or without a leading
    /// `application/`. Default: `at+jwt` (RFC 9068 §2.1).
    ///
    /// Auth0 (unless it is set to the RFC 9068 profile), Keycloak and Entra write `JWT`. ID tokens
    /// have that `typ` too, so audience and scopes must then tell the two apart.
    pub accepted_types: Vec<String>,
    /// Accept a header without `typ`, as Cognito and Okta write it. Default false.
    pub accept_untyped: bool,
    /// What to remember, and for how long. A key that the authorization server withdraws is no
    /// longer used after ten minutes; tokens already accepted with it stay accepted for as long as
    /// this says.
    pub cache: CacheConfig,
}

impl JwtConfig {
    /// The defaults, for one authorization server.
    pub fn new(authorization_server: AuthorizationServer) -> Self {
        Self {
            authorization_server,
            jwks_url: None,
            algorithms: SigningAlgorithm::DEFAULT.to_vec(),
            accepted_types: vec!["at+jwt".to_owned()],
            accept_untyped: false,
            cache: CacheConfig::default(),
        }
    }
}
