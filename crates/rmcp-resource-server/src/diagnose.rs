//! Explains why tokens are refused, or would be: examines the live authorization server step by
//! step, and one token check by check. For operators' tools; a server does not need it.
//!
//! Nothing here holds or shows a token or a secret. What a token says about itself (issuer,
//! audience, times) is shown.

mod certificates;
pub(crate) mod check;
mod connection;
mod dpop;
#[cfg(feature = "jwt")]
mod logout;
pub(crate) mod metadata;
pub(crate) mod probe;
mod recipient;
#[cfg(feature = "redis")]
mod shared_store;
pub(crate) mod unverified;

pub use self::check::{Cause, Check, Diagnosis, Outcome};
#[cfg(feature = "jwt")]
pub use self::logout::diagnose_logout;
use self::probe::Probe;
#[cfg(feature = "redis")]
pub use self::shared_store::diagnose_shared_store;
#[cfg(feature = "jwt")]
use crate::verify::jwt;
#[cfg(feature = "userinfo")]
use crate::verify::userinfo;
use crate::{
    authorization_server::discovery::EndpointName,
    resource_server::ResourceServerConfig,
    token::{bearer::BearerToken, claims::Claims},
    verify::{config::VerifierConfig, introspection, start_error::StartError},
};

/// Checks a configuration against the live authorization server: connection, metadata, endpoint,
/// credentials, clocks. Explains `token` by what `verifier` learns about it and what
/// `resource_server` requires.
///
/// It asks the endpoint about a random text that is nobody's token, and about `token`. An
/// introspection endpoint that answers is asked once more with a deliberately wrong secret or
/// signature, to find out whether it checks ours; the authorization server may log or count that
/// request as a failed login of this server's client. Must be called inside a Tokio runtime.
///
/// # Errors
///
/// [`StartError`] if a credential file or the CA file cannot be used.
pub async fn diagnose(
    verifier: &VerifierConfig,
    resource_server: &ResourceServerConfig,
    token: Option<&BearerToken>,
) -> Result<Diagnosis, StartError> {
    let probe = probe(verifier)?;
    let mut diagnosis = Diagnosis::default();
    let claims = examine(&probe, verifier, resource_server, token, &mut diagnosis).await?;
    let policy = resource_server.policy();
    let now = resource_server.authorization_server.clock.now();
    if let Some(claims) = claims {
        let mut checks = policy.explain(&claims, now);
        if let Some(own_client_id) = &probe.client_id {
            recipient::refine(&mut checks, &claims, &policy, own_client_id);
        }
        diagnosis.token.extend(checks);
    } else if token.is_some() {
        diagnosis.token.push(Check::skipped(
            "policy",
            "nothing reliable is known about this token",
            "issuer, times, audience and scopes as configured",
        ));
    }
    Ok(diagnosis)
}

/// Examines the authorization server, and finds out what it says about the token.
async fn examine(
    probe: &Probe<'_>,
    verifier: &VerifierConfig,
    resource_server: &ResourceServerConfig,
    token: Option<&BearerToken>,
    diagnosis: &mut Diagnosis,
) -> Result<Option<Claims>, StartError> {
    let (wanted, configured) = match verifier {
        VerifierConfig::Introspection(config) => (config.wanted(), config.endpoint.as_ref()),
        #[cfg(feature = "jwt")]
        VerifierConfig::Jwt(config) => (EndpointName::JwksUri, config.jwks_url.as_ref()),
        #[cfg(feature = "userinfo")]
        VerifierConfig::Userinfo(config) => {
            (EndpointName::UserinfoEndpoint, config.endpoint.as_ref())
        }
    };
    let checks = &mut diagnosis.server;
    let described = if connection::to_issuer(probe, configured.is_some(), checks).await {
        metadata::describe(probe, wanted, configured, checks).await
    } else {
        metadata::unknown(configured, checks)
    };
    dpop::examine(resource_server, &described, checks);
    certificates::examine(resource_server, &described, checks);
    let Some(endpoint) = &described.endpoint else {
        return Ok(None);
    };
    if !connection::to_endpoint(probe, endpoint, checks).await {
        return Ok(None);
    }
    Ok(match verifier {
        VerifierConfig::Introspection(config) => {
            introspection::examine::examine(config, probe, &described, token, diagnosis).await?
        }
        #[cfg(feature = "jwt")]
        VerifierConfig::Jwt(config) => {
            jwt::examine::examine(config, probe, endpoint, token, diagnosis).await
        }
        #[cfg(feature = "userinfo")]
        VerifierConfig::Userinfo(_) => {
            userinfo::examine::examine(probe, endpoint, token, diagnosis).await
        }
    })
}

fn probe(verifier: &VerifierConfig) -> Result<Probe<'_>, StartError> {
    let server = verifier.authorization_server();
    let (http, client_id) = match verifier {
        VerifierConfig::Introspection(config) => {
            let (auth, http) = config.open()?;
            (http, Some(auth.client_id().to_owned()))
        }
        #[cfg(any(feature = "jwt", feature = "userinfo"))]
        _ => (server.build_http_client(None)?, None),
    };
    Ok(Probe {
        http,
        authorization_server: server,
        client_id,
    })
}
