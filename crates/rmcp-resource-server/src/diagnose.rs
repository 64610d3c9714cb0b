//! Why tokens are refused, or would be: looks at the live authorization server step by step, and
//! explains one token check by check. For the tools of an operator; a server does not need it.
//!
//! Nothing here holds or shows a token or a secret. What a token says about itself (issuer,
//! audience, times) is shown.

mod check;
mod connection;
mod metadata;
mod recipient;
mod unverified;

use url::Url;

pub use self::check::{Cause, Check, Outcome};
pub(crate) use self::{metadata::Described, unverified::Unverified};
use crate::{
    bearer::BearerToken,
    claims::Claims,
    connection::Connection,
    discovery::Wanted,
    http_client::HttpClient,
    introspection::{self, IntrospectionConfig, StartError},
    jwt::{self, JwtConfig},
    resource_server::ResourceServerConfig,
    urls::EndpointUrl,
    userinfo::{self, UserinfoConfig},
};

/// How tokens are verified, in the configuration that is diagnosed.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Verifier<'c> {
    /// By introspection.
    Introspection(&'c IntrospectionConfig),
    /// By their signature.
    Jwt(&'c JwtConfig),
    /// By userinfo.
    Userinfo(&'c UserinfoConfig),
}

impl<'c> Verifier<'c> {
    /// How the authorization server is reached.
    pub fn connection(self) -> &'c Connection {
        match self {
            Self::Introspection(config) => &config.connection,
            Self::Jwt(config) => &config.connection,
            Self::Userinfo(config) => &config.connection,
        }
    }
}

/// What was found, in the order in which it was looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnosis {
    /// About the authorization server and this server's account there.
    pub server: Vec<Check>,
    /// About the token. Empty if there was none.
    pub token: Vec<Check>,
}

impl Diagnosis {
    /// Whether no check failed.
    pub fn is_healthy(&self) -> bool {
        let mut checks = self.server.iter().chain(&self.token);
        checks.all(|check| check.outcome != Outcome::Failed)
    }
}

/// Checks a configuration against the live authorization server: connection, metadata, endpoint,
/// credentials, clocks; and explains `token` by what `verifier` learns of it and `resource_server`
/// demands.
///
/// The endpoint is asked about a random text that is nobody's token, and about `token`. An
/// introspection endpoint that answers is asked once more with a deliberately wrong secret or
/// signature, to find out whether it looks at ours; the authorization server may log or count that
/// request as a failed login of this server's client. Must be called inside a Tokio runtime.
///
/// # Errors
///
/// [`StartError`]: a credential file or the CA file cannot be used.
pub async fn diagnose(
    verifier: Verifier<'_>,
    resource_server: &ResourceServerConfig,
    token: Option<&BearerToken>,
) -> Result<Diagnosis, StartError> {
    let probe = Probe::new(verifier)?;
    let mut diagnosis = Diagnosis::default();
    let claims = examine(&probe, verifier, token, &mut diagnosis).await?;
    let policy = resource_server.policy();
    let now = resource_server.clock.now();
    if let Some(claims) = claims {
        let mut checks = policy.explain(&claims, now);
        if let Some(own_client_id) = &probe.client_id {
            recipient::refine(&mut checks, &claims, &policy, own_client_id);
        }
        diagnosis.token.extend(checks);
    } else if token.is_some() {
        diagnosis.token.push(Check::skipped(
            "policy",
            "nothing reliable is known of this token",
            "issuer, times, audience and scopes as configured",
        ));
    }
    Ok(diagnosis)
}

/// Looks at the authorization server, and learns what it says of the token.
async fn examine(
    probe: &Probe<'_>,
    verifier: Verifier<'_>,
    token: Option<&BearerToken>,
    diagnosis: &mut Diagnosis,
) -> Result<Option<Claims>, StartError> {
    let (wanted, configured) = match verifier {
        Verifier::Introspection(config) => (config.wanted(), config.endpoint.as_ref()),
        Verifier::Jwt(config) => (Wanted::JwksUri, config.jwks_url.as_ref()),
        Verifier::Userinfo(config) => (Wanted::UserinfoEndpoint, config.endpoint.as_ref()),
    };
    let checks = &mut diagnosis.server;
    let described = if connection::to_issuer(probe, configured.is_some(), checks).await {
        metadata::describe(probe, wanted, configured, checks).await
    } else {
        metadata::unknown(configured, checks)
    };
    let Some(endpoint) = &described.endpoint else {
        return Ok(None);
    };
    if !connection::to_endpoint(probe, endpoint, checks).await {
        return Ok(None);
    }
    Ok(match verifier {
        Verifier::Introspection(config) => {
            introspection::diagnose(config, probe, &described, token, diagnosis).await?
        }
        Verifier::Jwt(config) => jwt::diagnose(config, probe, endpoint, token, diagnosis).await,
        Verifier::Userinfo(_) => userinfo::diagnose(probe, endpoint, token, diagnosis).await,
    })
}

/// What every step needs.
pub(crate) struct Probe<'c> {
    pub(crate) http: HttpClient,
    pub(crate) connection: &'c Connection,
    /// The id of our client, if tokens are introspected; empty if there is none.
    client_id: Option<String>,
}

impl<'c> Probe<'c> {
    fn new(verifier: Verifier<'c>) -> Result<Self, StartError> {
        let connection = verifier.connection();
        let (http, client_id) = match verifier {
            Verifier::Introspection(config) => {
                let (auth, http) = config.open()?;
                (http, Some(auth.client_id().to_owned()))
            }
            Verifier::Jwt(_) | Verifier::Userinfo(_) => (connection.http_client(None)?, None),
        };
        Ok(Self {
            http,
            connection,
            client_id,
        })
    }

    /// Whether `endpoint` is reached by the same connection as the issuer.
    fn is_at_issuer(&self, endpoint: &EndpointUrl) -> bool {
        let origin = |url: &Url| url.origin();
        origin(endpoint.url()) == origin(self.connection.issuer.url())
    }
}

/// A text of the form of a token that is nobody's.
pub(crate) fn random_token() -> BearerToken {
    BearerToken::random()
}
