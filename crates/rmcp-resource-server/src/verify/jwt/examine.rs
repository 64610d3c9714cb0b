//! Whether there are keys, and whether a token is a JWT that they can verify.

use super::{claims, config::JwtConfig, jwks::Jwks, jws::Jws};
use crate::{
    authorization_server::discovery::{EndpointName, discover},
    diagnose::{
        check::{Cause, Check, Diagnosis},
        probe::Probe,
    },
    error::{AuthorizationServerError, TokenError},
    jose::algorithm::names,
    token::{bearer::BearerToken, claims::Claims},
    urls::EndpointUrl,
};

/// Fetches the keys, and verifies the token with them.
pub(crate) async fn examine(
    config: &JwtConfig,
    probe: &Probe<'_>,
    endpoint: &EndpointUrl,
    token: Option<&BearerToken>,
    diagnosis: &mut Diagnosis,
) -> Option<Claims> {
    let (check, jwks) = fetch("keys", config, probe, endpoint).await;
    diagnosis.server.push(check);
    verify(config, &jwks?, token?, &mut diagnosis.token).await
}

/// The check with this name: whether there are keys for something other than tokens.
pub(crate) async fn keys_for(name: &'static str, config: &JwtConfig, probe: &Probe<'_>) -> Check {
    let server = &config.authorization_server;
    let endpoint = match config.jwks_url.clone() {
        Some(configured) => Ok(configured),
        None => (discover(EndpointName::JwksUri, &probe.http, server).await)
            .map(|discovered| discovered.endpoint),
    };
    let mut check = match endpoint {
        Ok(endpoint) => fetch(name, config, probe, &endpoint).await.0,
        Err(why) => Check::failed(name, why, wanted(config), Cause::NoKeys),
    };
    // The advice about an endpoint would be about another one.
    if let Some(Cause::AuthorizationServer(_)) = check.cause {
        check.cause = Some(Cause::NoKeys);
    }
    check
}

fn wanted(config: &JwtConfig) -> String {
    format!("a key for {}", names(&config.algorithms))
}

async fn fetch(
    name: &'static str,
    config: &JwtConfig,
    probe: &Probe<'_>,
    endpoint: &EndpointUrl,
) -> (Check, Option<Jwks>) {
    let wanted = wanted(config);
    let (server, algorithms) = (&config.authorization_server, &config.algorithms);
    match Jwks::fetch(&probe.http, endpoint.clone(), server, algorithms).await {
        Ok(jwks) => {
            let found = format!("keys for {}", names(&jwks.algorithms()));
            (Check::passed(name, found, wanted), Some(jwks))
        }
        Err(AuthorizationServerError::NoUsableKey { published, .. }) => {
            let check = Check::failed(name, published, wanted, Cause::NoUsableKey);
            (check, None)
        }
        Err(error) => {
            let found = error.to_string();
            let check = Check::failed(name, found, wanted, Cause::AuthorizationServer(error));
            (check, None)
        }
    }
}

async fn verify(
    config: &JwtConfig,
    jwks: &Jwks,
    token: &BearerToken,
    checks: &mut Vec<Check>,
) -> Option<Claims> {
    let types = match config.accept_untyped {
        true => " or without typ",
        false => "",
    };
    let wanted = format!(
        "a JWT of typ {:?}{types}, signed with {}",
        config.accepted_types,
        names(&config.algorithms)
    );
    let jws = match Jws::parse(token.expose(), config) {
        Ok(jws) => jws,
        Err(error) => {
            let found = error.to_string();
            let cause = not_a_jws(error, token);
            checks.push(Check::failed("jwt", found, wanted, cause));
            return None;
        }
    };
    let found = format!(
        "a JWT signed with {}, kid {:?}",
        jws.algorithm.name(),
        jws.kid
    );
    checks.push(Check::passed("jwt", found, wanted));
    let wanted = "made with the key that the token names";
    if let Err(error) = jwks.verify(&jws).await {
        let found = error.to_string();
        checks.push(Check::failed("signature", found, wanted, error.into()));
        return None;
    }
    checks.push(Check::passed("signature", "good", wanted));
    let wanted = "those of an access token, with iss and exp";
    let read = |payload| claims::read(payload, jws.typed);
    match jws.payload().and_then(read) {
        Ok(claims) => {
            checks.push(Check::passed("claims", "readable", wanted));
            Some(claims)
        }
        Err(error) => {
            let found = error.to_string();
            let cause = Cause::Token(error);
            checks.push(Check::failed("claims", found, wanted, cause));
            None
        }
    }
}

/// A token without dots is opaque; one with five parts is encrypted (RFC 7516 §7.1).
fn not_a_jws(error: TokenError, token: &BearerToken) -> Cause {
    match token.expose().matches('.').count() {
        0 => Cause::OpaqueToken,
        4 => Cause::EncryptedToken,
        _ => Cause::Token(error),
    }
}
