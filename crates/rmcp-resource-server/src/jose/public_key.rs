//! One public key from a JWK (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2): read by its meaning rather
//! than its spelling, and checked before it counts as a key.

use aws_lc_rs::{
    digest::{SHA256, digest},
    rsa,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey,
        RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
        RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
        RsaParameters, RsaPublicKeyComponents, VerificationAlgorithm,
    },
};
use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
    prelude::BASE64_URL_SAFE_NO_PAD,
};
use serde_json::{Map, Value};

use super::algorithm::SigningAlgorithm;
use crate::{crypto::approved, token::binding::Thumbprint};

/// A key that can check signatures. Two are equal if they are the same key, however they were
/// written.
#[derive(PartialEq, Eq)]
pub(crate) enum PublicKey {
    /// Modulus and exponent, without leading zeros.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// A point, uncompressed.
    P256(Vec<u8>),
    /// A point, uncompressed.
    P384(Vec<u8>),
    /// A point, compressed.
    Ed25519([u8; 32]),
}

impl PublicKey {
    /// Reads the members of a JWK that make up the key.
    pub(crate) fn read(jwk: &Map<String, Value>) -> Result<Self, &'static str> {
        let text = |member| jwk.get(member).and_then(Value::as_str);
        let number = |member| text(member).and_then(decode).ok_or("it is not base64url");
        match (text("kty"), text("crv")) {
            (Some("RSA"), _) => rsa(number("n")?, number("e")?),
            (Some("EC"), Some("P-256")) => {
                let point = point::<32>(&number("x")?, &number("y")?)?;
                parses(&ECDSA_P256_SHA256_FIXED, &point)?;
                Ok(Self::P256(point))
            }
            (Some("EC"), Some("P-384")) => {
                let point = point::<48>(&number("x")?, &number("y")?)?;
                parses(&ECDSA_P384_SHA384_FIXED, &point)?;
                Ok(Self::P384(point))
            }
            (Some("OKP"), Some("Ed25519")) => ed25519(&number("x")?),
            _ => Err("its type or curve is unknown"),
        }
    }

    /// What a key of this type can be used with.
    pub(crate) fn algorithms(&self) -> &'static [SigningAlgorithm] {
        match self {
            Self::Rsa { .. } => &SigningAlgorithm::RSA,
            Self::P256(_) => &[SigningAlgorithm::Es256],
            Self::P384(_) => &[SigningAlgorithm::Es384],
            Self::Ed25519(_) => &[SigningAlgorithm::EdDsa],
        }
    }

    /// Whether `signature` was made with this key and an algorithm of its type.
    pub(crate) fn verifies(
        &self,
        algorithm: SigningAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        use SigningAlgorithm as Alg;
        let by_rsa = |n: &[u8], e: &[u8], parameters: &RsaParameters| {
            let key = RsaPublicKeyComponents { n, e };
            key.verify(parameters, message, signature).is_ok()
        };
        match (self, algorithm) {
            (Self::Rsa { n, e }, Alg::Rs256) => by_rsa(n, e, &RSA_PKCS1_2048_8192_SHA256),
            (Self::Rsa { n, e }, Alg::Rs384) => by_rsa(n, e, &RSA_PKCS1_2048_8192_SHA384),
            (Self::Rsa { n, e }, Alg::Rs512) => by_rsa(n, e, &RSA_PKCS1_2048_8192_SHA512),
            (Self::Rsa { n, e }, Alg::Ps256) => by_rsa(n, e, &RSA_PSS_2048_8192_SHA256),
            (Self::Rsa { n, e }, Alg::Ps384) => by_rsa(n, e, &RSA_PSS_2048_8192_SHA384),
            (Self::Rsa { n, e }, Alg::Ps512) => by_rsa(n, e, &RSA_PSS_2048_8192_SHA512),
            (Self::P256(point), Alg::Es256) => {
                (ECDSA_P256_SHA256_FIXED.verify_sig(point, message, signature)).is_ok()
            }
            (Self::P384(point), Alg::Es384) => {
                (ECDSA_P384_SHA384_FIXED.verify_sig(point, message, signature)).is_ok()
            }
            (Self::Ed25519(point), Alg::EdDsa) => {
                ED25519.verify_sig(point, message, signature).is_ok()
            }
            _ => false,
        }
    }
}

impl PublicKey {
    /// The name of the key: a hash of its members in their one right spelling (RFC 7638 §3).
    pub(crate) fn thumbprint(&self) -> Thumbprint {
        let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let ec = |crv: &str, point: &[u8]| {
            let (x, y) = point[1..].split_at(point.len() / 2);
            let (x, y) = (encode(x), encode(y));
            format!(r#"{{"crv":"{crv}","kty":"EC","x":"{x}","y":"{y}"}}"#)
        };
        let members = match self {
            Self::Rsa { n, e } => {
                let (n, e) = (encode(n), encode(e));
                format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#)
            }
            Self::P256(point) => ec("P-256", point),
            Self::P384(point) => ec("P-384", point),
            Self::Ed25519(x) => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, encode(x)),
        };
        let mut thumbprint = [0; 32];
        thumbprint.copy_from_slice(digest(&SHA256, members.as_bytes()).as_ref());
        Thumbprint(thumbprint)
    }
}

/// Some servers add padding (`=`), which RFC 7515 §2 forbids and which changes nothing.
fn decode(text: &str) -> Option<Vec<u8>> {
    const BASE64URL: GeneralPurpose = GeneralPurpose::new(
        &alphabet::URL_SAFE,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    BASE64URL.decode(text).ok()
}

/// Some libraries put a leading zero in front of the modulus (RFC 7518 §6.3.1.1).
fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

fn rsa(n: Vec<u8>, e: Vec<u8>) -> Result<PublicKey, &'static str> {
    let (n, e) = (without_zeros(&n).to_vec(), without_zeros(&e).to_vec());
    let bits = n
        .first()
        .map_or(0, |first| n.len() * 8 - first.leading_zeros() as usize);
    if !(2048..=8192).contains(&bits) {
        return Err("an RSA key must have 2048 to 8192 bits");
    }
    if !approved::allows_rsa(bits, &e) {
        return Err(
            "in a FIPS build, an RSA key must have 2048, 3072 or 4096 bits and an exponent above 65536",
        );
    }
    let odd = |number: &[u8]| number.last().is_some_and(|byte| byte % 2 == 1);
    // With an exponent of 1, every text is its own signature.
    if e == [1] || !odd(&e) || !odd(&n) {
        return Err(
            "it is not an RSA key: exponent and modulus must be odd, and the exponent must \
             not be 1",
        );
    }
    let components = RsaPublicKeyComponents { n: &n, e: &e };
    let parsed = components
        .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
        .map_err(|_only_this| "it is not an RSA key")?;
    // The library checks the numbers only when it reads them from DER.
    rsa::PublicKey::from_der(parsed.as_ref()).map_err(|_only_this| "it is not an RSA key")?;
    Ok(PublicKey::Rsa { n, e })
}

/// `x` and `y` must have the length of the field (RFC 7518 §6.2.1.2), but some libraries omit zeros
/// or add one.
fn point<const LENGTH: usize>(x: &[u8], y: &[u8]) -> Result<Vec<u8>, &'static str> {
    let mut point = vec![4];
    for coordinate in [x, y] {
        let coordinate = without_zeros(coordinate);
        let zeros = LENGTH.checked_sub(coordinate.len());
        let zeros = zeros.ok_or("its coordinates are too long for its curve")?;
        point.resize(point.len() + zeros, 0);
        point.extend_from_slice(coordinate);
    }
    Ok(point)
}

fn parses(algorithm: &'static dyn VerificationAlgorithm, point: &[u8]) -> Result<(), &'static str> {
    ParsedPublicKey::new(algorithm, point)
        .map(|_parsed| ())
        .map_err(|_only_this| "it is not a point on its curve")
}

/// A point of small order is nobody's key: signatures by it fit many texts (RFC 8032 §8.9 leaves
/// that to whoever reads the key). A non-canonical encoding is not an encoding (RFC 8032 §5.1.3).
///
/// Bytes that encode no point at all become a key that verifies nothing.
fn ed25519(x: &[u8]) -> Result<PublicKey, &'static str> {
    if approved::ONLY {
        return Err("a FIPS build accepts no Ed25519 keys");
    }
    let encoded: [u8; 32] = x
        .try_into()
        .map_err(|_length| "it does not have 32 bytes")?;
    // The uppermost bit is the sign of x, which matters only to points that are refused anyway.
    let mut y = encoded;
    y[31] &= 0x7f;
    if !is_below_the_prime(&y) || SMALL_ORDER.contains(&y) {
        return Err("it is a point that anybody can sign for");
    }
    Ok(PublicKey::Ed25519(encoded))
}

/// Whether `y`, little-endian, is smaller than 2^255 - 19.
fn is_below_the_prime(y: &[u8; 32]) -> bool {
    !(y[0] >= 0xed && y[1..31].iter().all(|byte| *byte == 0xff) && y[31] == 0x7f)
}

/// The y of each of the eight points whose order divides eight, little-endian: four of order 8 with two
/// values, two of order 4 with y = 0, one of order 2 with y = -1, and the neutral one with y = 1.
const SMALL_ORDER: [[u8; 32]; 5] = [
    [0; 32],
    [
        1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0,
    ],
    [
        0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0x7f,
    ],
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(jwk: Value) -> Result<PublicKey, &'static str> {
        PublicKey::read(jwk.as_object().expect("an object"))
    }

    fn encoded(bytes: &[u8]) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    #[test]
    fn thumbprints_are_those_of_the_rfcs() {
        let of_rfc_7638 = json!({
            "kty": "RSA", "e": "AQAB", "alg": "RS256", "kid": "2011-04-29",
            "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        });
        let of_rfc_8037 = json!({
            "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        });
        let of_rfc_9449 = json!({
            "kty": "EC", "crv": "P-256",
            "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
            "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
        });
        for (jwk, expected) in [
            (of_rfc_7638, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"),
            (of_rfc_8037, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"),
            (of_rfc_9449, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"),
        ] {
            if approved::ONLY && jwk["kty"] == "OKP" {
                continue;
            }
            let key = read(jwk).expect("a key");
            assert_eq!(key.thumbprint().to_string(), expected);
        }
    }

    fn modulus() -> Vec<u8> {
        [&[0xd2][..], &[0x5a; 254], &[0x01]].concat()
    }

    fn rsa(n: &[u8], e: &[u8]) -> Result<PublicKey, &'static str> {
        read(json!({"kty": "RSA", "n": encoded(n), "e": encoded(e)}))
    }

    #[test]
    fn an_rsa_key_is_its_numbers() {
        let key = rsa(&modulus(), &[1, 0, 1]).expect("a key");
        let zeros = rsa(&[&[0, 0], &modulus()[..]].concat(), &[0, 1, 0, 1]).expect("a key");
        assert!(zeros == key);
        let n = format!("{}==", encoded(&modulus()));
        let padded = read(json!({"kty": "RSA", "n": n, "e": "AQAB"})).expect("a key");
        assert!(padded == key);
        assert!(rsa(&modulus(), &[1, 0, 3]).expect("a key") != key);
    }

    #[test]
    fn numbers_that_make_no_rsa_key() {
        let with_first =
            |first: u8, length: usize| [&[first], &vec![0x5b; length - 1][..]].concat();
        for (what, n, e, fine) in [
            ("2048 bits", with_first(0x80, 256), vec![1, 0, 1], true),
            ("2047 bits", with_first(0x7f, 256), vec![1, 0, 1], false),
            ("4096 bits", with_first(0x80, 512), vec![1, 0, 1], true),
            (
                "8192 bits",
                with_first(0x80, 1024),
                vec![1, 0, 1],
                !approved::ONLY,
            ),
            ("8193 bits", with_first(1, 1025), vec![1, 0, 1], false),
            ("exponent 0", modulus(), vec![0], false),
            ("exponent 1", modulus(), vec![1], false),
            (
                "exponent 1, written longer",
                modulus(),
                vec![0, 0, 1],
                false,
            ),
            ("exponent 2", modulus(), vec![2], false),
            ("exponent 3", modulus(), vec![3], !approved::ONLY),
            ("an even exponent", modulus(), vec![1, 0, 0], false),
            (
                "an exponent as large as the modulus",
                modulus(),
                modulus(),
                false,
            ),
            ("no exponent", modulus(), vec![], false),
            ("no modulus", vec![], vec![1, 0, 1], false),
            ("zeros only", vec![0; 256], vec![1, 0, 1], false),
            (
                "an even modulus",
                with_first(0x80, 256).iter().map(|b| b & 0xfe).collect(),
                vec![3],
                false,
            ),
        ] {
            assert_eq!(rsa(&n, &e).is_ok(), fine, "{what}");
        }
    }

    #[test]
    fn a_point_is_of_its_curve() {
        let x = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4";
        let y = "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM";
        let ec =
            |crv: &str, x: &str, y: &str| read(json!({"kty": "EC", "crv": crv, "x": x, "y": y}));
        let key = ec("P-256", x, y).expect("a key");
        let longer = [&[0], &decode(x).expect("base64")[..]].concat();
        assert!(ec("P-256", &encoded(&longer), y).expect("a key") == key);
        for (what, crv, x, y) in [
            ("another curve", "P-384", x, y),
            ("an unknown curve", "secp256k1", x, y),
            ("P-521", "P-521", x, y),
            ("x twice", "P-256", x, x),
            ("no x", "P-256", "", y),
            ("zeros", "P-256", &encoded(&[0; 32]), &encoded(&[0; 32])),
            ("too long", "P-256", &encoded(&[1; 33]), y),
            ("another alphabet", "P-256", "a+/b", y),
        ] {
            assert!(ec(crv, x, y).is_err(), "{what}");
        }
    }

    fn okp(x: &[u8]) -> Result<PublicKey, &'static str> {
        read(json!({"kty": "OKP", "crv": "Ed25519", "x": encoded(x)}))
    }

    /// In every encoding that a lax reading of RFC 8032 §5.1.3 could allow. `curve25519-dalek` computes the
    /// eight points, which no other code here uses.
    #[test]
    fn points_of_small_order_are_no_keys() {
        use curve25519_dalek::constants::EIGHT_TORSION;
        use std::collections::BTreeSet;
        let mut p = [0xff; 32];
        (p[0], p[31]) = (0xed, 0x7f);
        let mut ys = BTreeSet::new();
        for torsion in &EIGHT_TORSION {
            let canonical = torsion.compress().to_bytes();
            let mut y = canonical;
            y[31] &= 0x7f;
            ys.insert(y);
            let mut shifted = canonical;
            // y = 0 and y = 1 have a second encoding below 2^255.
            let low = canonical[1..31].iter().all(|byte| *byte == 0) && canonical[0] < 19;
            if low {
                shifted = p;
                shifted[0] += canonical[0];
                shifted[31] |= canonical[31] & 0x80;
            }
            for mut point in [canonical, shifted] {
                for _sign in 0..2 {
                    point[31] ^= 0x80;
                    assert!(okp(&point).is_err(), "{point:02x?}");
                }
            }
        }
        assert_eq!(ys, BTreeSet::from(SMALL_ORDER), "these and no others");
        for above in 0xed..=0xff {
            p[0] = above;
            assert!(okp(&p).is_err(), "not canonical: {above:x}");
        }
    }

    /// The reason for the list: the library takes them, and their signatures fit every text.
    #[test]
    fn the_library_accepts_signatures_by_a_point_of_small_order() {
        let neutral = SMALL_ORDER[1];
        let signature = [neutral, [0; 32]].concat();
        for text in ["one", "another"] {
            let verified = ED25519.verify_sig(&neutral, text.as_bytes(), &signature);
            assert!(verified.is_ok(), "{text}");
        }
    }

    #[cfg(not(feature = "fips"))]
    #[test]
    fn bytes_that_are_no_point_verify_nothing() {
        let key = decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").expect("base64");
        assert!(okp(&key).is_ok());
        assert!(okp(&key[..31]).is_err(), "short");
        let no_point = [2; 32];
        assert!(
            curve25519_dalek::edwards::CompressedEdwardsY(no_point)
                .decompress()
                .is_none()
        );
        let key = okp(&no_point).expect("32 bytes");
        for r in SMALL_ORDER.into_iter().chain([no_point]) {
            let signature = [r, [0; 32]].concat();
            assert!(!key.verifies(SigningAlgorithm::EdDsa, b"text", &signature));
        }
    }

    #[cfg(feature = "fips")]
    #[test]
    fn a_fips_build_accepts_no_keys_that_fips_does_not_allow() {
        let ed = decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").expect("base64");
        assert!(okp(&ed).is_err());
        assert!(rsa(&modulus(), &[1, 0, 1]).is_ok());
        assert!(rsa(&modulus(), &[3]).is_err());
        let long = [&[0xd2][..], &[0x5a; 1022], &[0x01]].concat();
        assert!(rsa(&long, &[1, 0, 1]).is_err());
    }
}
