//! For benchmarks and fuzz targets only: internals to measure, or to feed with hostile bytes.

use std::time::{Duration, SystemTime};

use crate::{
    answer::challenge::Challenge,
    authorization_server::strict_json,
    dpop::checker,
    mtls,
    revocation::logout_token::LogoutToken,
    token::{bearer::Scheme, claims::IntrospectionResponse, scope::Scopes},
    verify::{introspection::signed::Expected, jwt},
};

/// Parses an introspection response, and returns whether it says that the token is active.
pub fn parse_introspection_response(body: &[u8]) -> bool {
    matches!(
        IntrospectionResponse::parse(body),
        Ok(IntrospectionResponse::Active(_))
    )
}

/// Parses a JWT as far as possible without its key, and returns whether it has the claims of an
/// access token.
pub fn parse_jwt(token: &str) -> bool {
    jwt::parse_unverified(token)
}

/// Parses a set of keys (RFC 7517 §5), and returns how many of them can check signatures.
pub fn parse_keys(body: &[u8]) -> Option<usize> {
    jwt::count_usable_keys(body)
}

/// Reads a DPoP proof for a fixed request, and returns whether it is good.
pub fn read_dpop_proof(text: &str) -> bool {
    checker::read_for_a_fixed_request(text)
}

/// Reads the certificate in the value of a header, and returns the length of its DER.
pub fn read_client_certificate(value: &[u8]) -> Option<usize> {
    mtls::der(value).ok().map(|der| der.len())
}

/// Reads the claims of a logout token, and returns whether they say all that they must.
pub fn read_logout_token(claims: &[u8]) -> bool {
    let issuer = "https://as.example.com";
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    strict_json::parse_object(claims)
        .is_ok_and(|claims| LogoutToken::read(&claims, issuer, &["app".to_owned()], now).is_ok())
}

/// Reads the claims of a signed introspection response, and returns whether the token is active.
pub fn read_signed_introspection(claims: &[u8]) -> bool {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let expected = Expected {
        issuer: "https://as.example.com",
        client_id: "mcp",
        audiences: &["https://mcp.example.com/mcp".to_owned()],
        asked_at: now,
        now,
    };
    let answer = strict_json::parse_object(claims)
        .ok()
        .and_then(|claims| IntrospectionResponse::read(expected.judge(claims).ok()?).ok());
    matches!(answer, Some(IntrospectionResponse::Active(_)))
}

/// Builds a challenge, and returns its length in bytes.
pub fn build_challenge(scope: &Scopes, resource_metadata: &str) -> usize {
    let challenge = Challenge {
        error: Some(("insufficient_scope", "The access token lacks a scope")),
        scope,
        resource_metadata,
    };
    challenge.to_header(Scheme::Bearer).len()
}
