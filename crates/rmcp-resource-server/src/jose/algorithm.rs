//! The supported signature algorithms. None of them uses a shared secret, and `none` is not one of
//! them.

use crate::crypto::approved;

/// A signature algorithm for JWTs, of those with a public key (RFC 7518 §3.1, RFC 8037).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SigningAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PSS with SHA-384.
    Ps384,
    /// RSASSA-PSS with SHA-512.
    Ps512,
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// ECDSA with P-384 and SHA-384.
    Es384,
    /// EdDSA with Ed25519, under this name or `Ed25519` (RFC 9864). Never accepted with the feature `fips`.
    EdDsa,
}

impl SigningAlgorithm {
    pub(crate) const RSA: [Self; 6] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
    ];

    /// The algorithms accepted by default.
    pub(crate) const DEFAULT: &[Self] = match approved::ONLY {
        false => &[Self::Rs256, Self::Ps256, Self::Es256, Self::EdDsa],
        true => &[Self::Rs256, Self::Ps256, Self::Es256],
    };

    /// The algorithm with this registered name, if this build supports it.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::Rs256,
            "RS384" => Self::Rs384,
            "RS512" => Self::Rs512,
            "PS256" => Self::Ps256,
            "PS384" => Self::Ps384,
            "PS512" => Self::Ps512,
            "ES256" => Self::Es256,
            "ES384" => Self::Es384,
            "EdDSA" | "Ed25519" if !approved::ONLY => Self::EdDsa,
            _ => return None,
        })
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// The names of the algorithms, each once.
pub(crate) fn names(algorithms: &[SigningAlgorithm]) -> String {
    let mut names: Vec<_> = algorithms.iter().map(|alg| alg.name()).collect();
    names.sort_unstable();
    names.dedup();
    names.join(", ")
}
