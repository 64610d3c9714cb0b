//! Values that cannot be guessed, and their comparison in constant time.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq;

/// 256 random bits, base64url.
pub(in crate::dev) fn random() -> String {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Takes as long for a near miss as for any other mismatch; only a wrong length shows.
pub(in crate::dev) fn equal(left: &str, right: &str) -> bool {
    left.as_bytes().ct_eq(right.as_bytes()).into()
}
