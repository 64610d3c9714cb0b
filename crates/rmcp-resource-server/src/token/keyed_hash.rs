//! HMAC-SHA-256 (RFC 2104) by aws-lc, which uses the processor's SHA instructions.

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign, verify};

use crate::crypto::random;

/// A keyed hash. It stands for a text without revealing it.
pub(crate) type KeyedHash = [u8; 32];

/// A key for hashes. Its `Debug` does not show it.
#[derive(Clone, Debug)]
pub(crate) struct HashKey(Key);

impl HashKey {
    /// 32 random bytes.
    pub(crate) fn random() -> Self {
        Self::new(&random::bytes::<32>())
    }

    /// A key of any length.
    pub(crate) fn new(key: &[u8]) -> Self {
        Self(Key::new(HMAC_SHA256, key))
    }

    /// Derives another key, a different one for each list of parts.
    pub(crate) fn derive(&self, parts: &[&str]) -> Self {
        let mut message = Vec::new();
        for part in parts {
            append(&mut message, part);
        }
        Self::new(&self.hash(&message))
    }

    /// The hash of `message`.
    pub(crate) fn hash(&self, message: &[u8]) -> KeyedHash {
        let mut hash = [0; 32];
        hash.copy_from_slice(sign(&self.0, message).as_ref());
        hash
    }

    /// Whether `hash` is that of `message`. Compares in constant time.
    pub(crate) fn verify(&self, message: &[u8], hash: &[u8]) -> bool {
        verify(&self.0, message, hash).is_ok()
    }
}

/// Appends `part` with its length in front, so that no two lists of parts give the same bytes.
pub(crate) fn append(message: &mut Vec<u8>, part: &str) {
    append_bytes(message, part.as_bytes());
}

/// The same for bytes.
pub(crate) fn append_bytes(message: &mut Vec<u8>, part: &[u8]) {
    message.extend_from_slice(&(part.len() as u64).to_be_bytes());
    message.extend_from_slice(part);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_hmac_sha_256() {
        // RFC 4231, test case 2.
        let hash = HashKey::new(b"Jefe").hash(b"what do ya want for nothing?");
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hex, expected);
        assert!(HashKey::new(b"Jefe").verify(b"what do ya want for nothing?", &hash));
        assert!(!HashKey::new(b"Jefe").verify(b"what do ya want for nothing!", &hash));
    }
}
