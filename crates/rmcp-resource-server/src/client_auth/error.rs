//! Why client credentials cannot be used.

use std::{path::PathBuf, time::Duration};

use crate::client_auth::one_line::NotOneLine;

/// A credential that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// A file cannot be read, or its content cannot be used.
    #[error("{path}: {problem}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong, without the path: somebody may have put a secret where a path belongs.
        #[source]
        problem: CredentialProblem,
    },
    /// A client id or client secret given directly cannot be used.
    #[error("the client id or the client secret: {0}")]
    Value(#[source] CredentialProblem),
    /// A client certificate can be presented only over TLS.
    #[error("tls_client_auth needs an https endpoint, but this one is http")]
    CertificateWithoutTls,
    /// With a colon in the id, the server could not tell where the secret begins.
    #[error("raw HTTP Basic cannot carry a client id with a colon; use client_secret_basic")]
    ColonInRawId,
    /// A secret that signs must have as many bytes as its hash (RFC 7518 §3.2).
    #[error(
        "the client secret has fewer than 32 bytes, too few to sign with (client_secret_jwt): have \
         the authorization server make a longer one"
    )]
    ShortSecret,
    /// It is not the PEM of a private key that can sign an assertion.
    #[error(
        "the private key cannot be used: it must be an RSA key of 2048 bits or more, or a P-256, \
         P-384 or Ed25519 key, as PKCS#8 in PEM (BEGIN PRIVATE KEY), without a passphrase"
    )]
    NoPrivateKey,
    /// With the feature `fips`: FIPS does not allow this key, or not its length.
    #[error(
        "the private key cannot be used in a FIPS build: it must be an RSA key of 2048, 3072 or 4096 bits \
         with an exponent above 65536, or a P-256, P-384 or (in a certificate) P-521 key"
    )]
    NotApproved,
    /// They are not the PEM of a certificate and a private key.
    #[error(
        "the client certificate cannot be used: one PEM file must contain the certificate with its \
         chain, the other its private key without a passphrase"
    )]
    NoCertificate,
}

/// What is wrong with a credential. Contains neither the credential nor a path.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialProblem {
    /// The file cannot be opened or read.
    #[error("it cannot be read: {0}")]
    Unreadable(#[source] std::io::Error),
    /// Reading hangs: a FIFO that nobody writes to, or a mount whose server is gone.
    #[error(
        "it cannot be read within {limit:?}: is it a FIFO that nobody writes to, or on a mount \
         whose server is gone?"
    )]
    Stalled {
        /// How long reading was allowed to take.
        limit: Duration,
    },
    /// It is larger than 64 KiB, so it is not a credential.
    #[error("it is larger than 64 KiB")]
    TooLarge,
    /// The content is not UTF-8.
    #[error("it is not UTF-8 text")]
    NotText,
    /// Empty, or only a byte order mark or a line end; several lines; or control characters.
    #[error("{0}")]
    NotOneLine(String),
}

impl From<NotOneLine> for CredentialProblem {
    fn from(problem: NotOneLine) -> Self {
        Self::NotOneLine(problem.to_string())
    }
}
