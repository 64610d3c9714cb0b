//! Configurations in which an access token cannot be told from other tokens of the same issuer.
//!
//! Several authorization servers introspect ID and refresh tokens as active, and sign ID tokens
//! with the keys of access tokens. Such a token is refused if anything gives it away; if nothing
//! has to, only a required scope keeps it out (checklist 48).

use rmcp_resource_server::{JwtConfig, ResourceServerConfig, VerifierConfig};
use url::Url;

use crate::{config::AuthConfig, options};

/// Warnings for the operator. `own_client_id` is the client id configured for this server.
pub(in crate::config) fn warnings(auth: &AuthConfig, own_client_id: Option<&str>) -> Vec<String> {
    let resource_server = &auth.resource_server;
    let mut warnings = Vec::new();
    if !resource_server.required_scopes.is_empty() {
        return warnings;
    }
    let remedy = format!(
        "require a scope that only access tokens for this server have, with {}",
        options::name("auth_required_scopes")
    );
    let mut warn = |id, reason: &str| {
        warnings.push(format!("{}: {reason}; {remedy}", options::name(id)));
    };
    let own_client_id = match &auth.verifier {
        // Its conflicts with scopes are reported elsewhere.
        VerifierConfig::Userinfo(_) => return warnings,
        VerifierConfig::Introspection(config) => {
            let credentials = config.credentials.read();
            credentials.ok().map(|auth| auth.client_id().to_owned())
        }
        _ => own_client_id.map(str::to_owned),
    };
    if let Some(audience) = client_audience(resource_server, own_client_id.as_deref()) {
        warn(
            "auth_audience",
            &format!(
                "{audience:?} is or looks like a client id, and no scope is required: an ID token \
                 for that client has the same audience and may be accepted"
            ),
        );
    }
    if !resource_server.allowed_client_ids.is_empty() {
        warn(
            "auth_allowed_client_ids",
            "tokens of these clients need no audience, and no scope is required: a refresh token \
             is accepted if the authorization server does not mark it as one",
        );
    }
    if let VerifierConfig::Jwt(jwt) = &auth.verifier
        && accepts_any_jwt(jwt)
    {
        warn(
            "auth_jwt_types",
            "JWTs that are not marked as access tokens are accepted, and no scope is required: an \
             ID token with the right audience may be accepted",
        );
    }
    warnings
}

/// The first audience that is a client id rather than a resource URL (RFC 8707 §2). The MCP
/// endpoint's own URL may be this server's client id for introspection: Keycloak requires that.
fn client_audience<'a>(
    config: &'a ResourceServerConfig,
    own_client_id: Option<&str>,
) -> Option<&'a str> {
    let is_client = |audience: &&str| {
        let is_url = Url::parse(audience).is_ok();
        let is_listed = config.allowed_client_ids.iter().any(|id| id == audience);
        *audience != config.resource.as_str()
            && (!is_url || is_listed || Some(*audience) == own_client_id)
    };
    let audiences = config.audiences.iter().map(String::as_str);
    audiences.into_iter().find(is_client)
}

fn accepts_any_jwt(jwt: &JwtConfig) -> bool {
    let is_access_token = |typ: &String| {
        let typ = typ.to_ascii_lowercase();
        matches!(typ.as_str(), "at+jwt" | "application/at+jwt")
    };
    jwt.accept_untyped || !jwt.accepted_types.iter().all(is_access_token)
}
