//! Introspection responses: whatever counts as active says so to any JSON parser.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rmcp_resource_server::measured::parse_introspection_response;
use serde_json::Value;

fuzz_target!(|body: &[u8]| {
    if parse_introspection_response(body) {
        let value: Value = serde_json::from_slice(body).expect("JSON");
        assert_eq!(value["active"], Value::Bool(true));
    }
});
