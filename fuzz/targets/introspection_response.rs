//! The body of an authorization server's answer: an introspection response, or a set of keys.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rmcp_resource_server::pieces;
use serde_json::Value;

fuzz_target!(|body: &[u8]| {
    if pieces::parse_introspection_response(body) {
        let parsed: Value = serde_json::from_slice(body).expect("what is accepted is JSON");
        assert_eq!(parsed["active"], true);
    }
    pieces::parse_keys(body);
});
