//! Whether there are keys, and whether a token is a JWT that they verify.

use super::{JwtConfig, SigningAlgorithm, claims, jwks::Jwks, jws::Jws};
use crate::{
    bearer::BearerToken,
    claims::Claims,
    diagnose::{Cause, Check, Diagnosis, Probe},
    error::TokenError,
    urls::EndpointUrl,
};

/// Fetches the keys, and verifies the token by them.
pub(crate) async fn diagnose(
    config: &JwtConfig,
    probe: &Probe<'_>,
    endpoint: &EndpointUrl,
    token: Option<&BearerToken>,
    diagnosis: &mut Diagnosis,
) -> Option<Claims> {
    let wanted = format!("a key for {}", names(&config.algorithms));
    let jwks = match Jwks::fetch(&probe.http, endpoint.clone(), &config.connection).await {
        Ok(jwks) => jwks,
        Err(error) => {
            let found = error.to_string();
            let cause = Cause::AuthorizationServer(error);
            let check = Check::failed("keys", found, wanted, cause);
            diagnosis.server.push(check);
            return None;
        }
    };
    let available = jwks.algorithms();
    let found = match available.is_empty() {
        true => "no usable key".to_owned(),
        false => format!("keys for {}", names(&available)),
    };
    let usable = available.iter().any(|alg| config.algorithms.contains(alg));
    diagnosis.server.push(match usable {
        true => Check::passed("keys", found, wanted),
        false => Check::failed("keys", found, wanted, Cause::NoUsableKey),
    });
    verify(
        config,
        &jwks,
        token.filter(|_| usable)?,
        &mut diagnosis.token,
    )
    .await
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
        "a signed JWT of typ {:?}{types}, by {}",
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
    let found = format!("a JWT by {}, kid {:?}", jws.algorithm.name(), jws.kid);
    checks.push(Check::passed("jwt", found, wanted));
    let wanted = "by the key that the token names";
    if let Err(error) = jwks.verify(&jws).await {
        let found = error.to_string();
        checks.push(Check::failed("signature", found, wanted, error.into()));
        return None;
    }
    checks.push(Check::passed("signature", "good", wanted));
    let wanted = "those of an access token, with iss and exp";
    match jws.payload().and_then(claims::read) {
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

/// A token without dots is opaque, one of five parts is encrypted (RFC 7516 §7.1).
fn not_a_jws(error: TokenError, token: &BearerToken) -> Cause {
    match token.expose().matches('.').count() {
        0 => Cause::OpaqueToken,
        4 => Cause::EncryptedToken,
        _ => Cause::Token(error),
    }
}

fn names(algorithms: &[SigningAlgorithm]) -> String {
    let mut names: Vec<_> = algorithms.iter().map(|alg| alg.name()).collect();
    names.sort_unstable();
    names.dedup();
    names.join(", ")
}
