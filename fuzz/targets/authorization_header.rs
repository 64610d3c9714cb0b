//! The values of all `Authorization` headers of a request, one per line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rmcp_resource_server::BearerToken;

fuzz_target!(|data: &[u8]| {
    const LIMIT: usize = 64;
    let values = data.split(|byte| *byte == b'\n');
    if let Ok(token) = BearerToken::from_authorization(values, LIMIT) {
        assert!(token.expose().len() <= LIMIT);
        assert!(token.expose().bytes().all(|byte| byte.is_ascii_graphic()));
    }
});
