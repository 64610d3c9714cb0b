//! What a FIPS build refuses, though the module can do it. The list is that of the documentation of
//! aws-lc-rs, which is shorter than FIPS 186-5: it names no Ed25519, although the module counts it as
//! approved. Keys of HMAC need 112 bits or more (SP 800-131A); all of ours have 256.

/// Whether this build accepts only what FIPS allows.
pub(crate) const ONLY: bool = cfg!(feature = "fips");

/// The lengths of a modulus that the module's documentation allows, in bits.
const MODULI: [usize; 3] = [2048, 3072, 4096];

/// Whether an RSA key with a modulus of `bits` bits and this exponent, big-endian without leading zeros, is
/// allowed. FIPS 186-5 §A.1.1 wants an exponent between 2^16 and 2^256.
pub(crate) fn allows_rsa(bits: usize, exponent: &[u8]) -> bool {
    !ONLY || is_fips_rsa(bits, exponent)
}

fn is_fips_rsa(bits: usize, exponent: &[u8]) -> bool {
    MODULI.contains(&bits) && (3..=32).contains(&exponent.len())
}

/// Whether the private key in `pem` is allowed to sign.
pub(crate) fn allows_private_key(pem: &[u8]) -> bool {
    !ONLY || is_fips_private_key(pem)
}

#[cfg(not(feature = "fips"))]
fn is_fips_private_key(_pem: &[u8]) -> bool {
    true
}

#[cfg(feature = "fips")]
fn is_fips_private_key(pem: &[u8]) -> bool {
    use aws_lc_rs::{
        rsa::KeyPair,
        signature::{
            ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
            ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
        },
    };
    use rustls_pki_types::{PrivateKeyDer, pem::PemObject};

    let Ok(key) = PrivateKeyDer::from_pem_slice(pem) else {
        return false;
    };
    let rsa = match &key {
        PrivateKeyDer::Pkcs8(der) => KeyPair::from_pkcs8(der.secret_pkcs8_der()),
        other => KeyPair::from_der(other.secret_der()),
    };
    if let Ok(rsa) = rsa {
        let public = rsa.public_key();
        let exponent = public.exponent().big_endian_without_leading_zero();
        return is_fips_rsa(rsa.public_modulus_len() * 8, exponent) && rsa.is_valid_fips_key();
    }
    [
        &ECDSA_P256_SHA256_FIXED_SIGNING,
        &ECDSA_P384_SHA384_FIXED_SIGNING,
        &ECDSA_P521_SHA512_FIXED_SIGNING,
    ]
    .into_iter()
    .any(|algorithm| EcdsaKeyPair::from_private_key_der(algorithm, key.secret_der()).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rsa_keys_that_fips_allows() {
        for (bits, exponent, fine) in [
            (2048, &[1, 0, 1][..], true),
            (3072, &[1, 0, 1], true),
            (4096, &[1, 0, 1], true),
            (4096, &[0xff; 32], true),
            (1024, &[1, 0, 1], false),
            (2049, &[1, 0, 1], false),
            (8192, &[1, 0, 1], false),
            (2048, &[3], false),
            (2048, &[0xff, 0xff], false),
            (2048, &[0xff; 33], false),
        ] {
            assert_eq!(is_fips_rsa(bits, exponent), fine, "{bits} {exponent:?}");
            assert_eq!(allows_rsa(bits, exponent), fine || !ONLY);
        }
    }

    #[cfg(feature = "fips")]
    #[test]
    fn private_keys_that_fips_allows() {
        use rcgen::{
            KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ECDSA_P521_SHA512,
            PKCS_ED25519, PKCS_RSA_SHA256,
        };
        for (algorithm, fine) in [
            (&PKCS_RSA_SHA256, true),
            (&PKCS_ECDSA_P256_SHA256, true),
            (&PKCS_ECDSA_P384_SHA384, true),
            (&PKCS_ECDSA_P521_SHA512, true),
            (&PKCS_ED25519, false),
        ] {
            let pair = KeyPair::generate_for(algorithm).expect("a key");
            let pem = pair.serialize_pem();
            assert_eq!(allows_private_key(pem.as_bytes()), fine, "{algorithm:?}");
        }
        assert!(!allows_private_key(b"no key"));
    }
}
