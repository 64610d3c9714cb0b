//! Bearer tokens in `Authorization` headers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rmcp_resource_server::{BearerToken, DEFAULT_MAX_TOKEN_BYTES};

fuzz_target!(|headers: Vec<Vec<u8>>| {
    let values = headers.iter().map(Vec::as_slice);
    if let Ok(token) = BearerToken::from_authorization(values, DEFAULT_MAX_TOKEN_BYTES) {
        assert_eq!(headers.len(), 1, "several headers were accepted");
        let is_token68 = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
        assert!(token.expose().bytes().all(is_token68));
    }
});
