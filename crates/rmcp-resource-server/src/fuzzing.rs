//! For benchmarks and fuzz targets only: internals to measure, or to feed with hostile bytes.

use crate::{
    answer::challenge::Challenge,
    dpop::checker,
    token::{bearer::Scheme, claims::IntrospectionResponse, scope::Scopes},
    verify::jwt,
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

/// Builds a challenge, and returns its length in bytes.
pub fn build_challenge(scope: &Scopes, resource_metadata: &str) -> usize {
    let challenge = Challenge {
        error: Some(("insufficient_scope", "The access token lacks a scope")),
        scope,
        resource_metadata,
    };
    challenge.to_header(Scheme::Bearer).len()
}
