//! A client's certificate in a header. The marks of both forms are put around it, since no fuzzer guesses
//! PEM.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rmcp_resource_server::fuzzing;

fuzz_target!(|value: &[u8]| {
    fuzzing::read_client_certificate(value);
    fuzzing::read_client_certificate(&[b":", value, b":"].concat());
    let pem = [
        b"-----BEGIN%20CERTIFICATE-----%0A",
        value,
        b"%0A-----END%20CERTIFICATE-----",
    ];
    fuzzing::read_client_certificate(&pem.concat());
});
