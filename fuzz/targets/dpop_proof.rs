//! A DPoP proof. An acceptable header is put in front, since no fuzzer guesses base64.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rmcp_resource_server::fuzzing;

/// `{"typ":"dpop+jwt","alg":"ES256","jwk":{"kty":"EC","crv":"P-256","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"}}`
const HEADER: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwiY3J2IjoiUC0yNTYiLCJ4IjoibDh0RnJoeC0zNHRWM2hSSUNSRFk5ekNrRGxwQmhGNDJVUVVmV1ZBV0JGcyIsInkiOiI5VkU0amZfT2tfbzY0emJUVGxjdU5KYWpIbXQ2djlURFZyVTBDZHZHUkRBIn19";

fuzz_target!(|text: &str| {
    fuzzing::read_dpop_proof(text);
    fuzzing::read_dpop_proof(&format!("{HEADER}.{text}.c2ln"));
});
