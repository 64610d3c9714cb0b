//! A token that may be a JWT. An acceptable header is put in front, since no fuzzer guesses base64.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rmcp_resource_server::fuzzing;

/// `{"typ":"at+jwt","alg":"RS256"}`
const HEADER: &str = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJSUzI1NiJ9";

fuzz_target!(|text: &str| {
    fuzzing::parse_jwt(text);
    fuzzing::parse_jwt(&format!("{HEADER}.{text}.c2ln"));
});
