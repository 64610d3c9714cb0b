//! The body of an authorization server's answer: an introspection response, or a set of keys.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rmcp_resource_server::fuzzing;
use serde_json::Value;

fuzz_target!(|body: &[u8]| {
    if fuzzing::parse_introspection_response(body) {
        let parsed: Value = serde_json::from_slice(body).expect("what is accepted is JSON");
        assert_eq!(parsed["active"], true);
    }
    fuzzing::parse_keys(body);
});
