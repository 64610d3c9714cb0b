//! The claims of a signed introspection response.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rmcp_resource_server::fuzzing;

fuzz_target!(|claims: &[u8]| {
    fuzzing::read_signed_introspection(claims);
});
