//! Why the HTTP client cannot be set up.

use std::{io, path::PathBuf};

use super::ca_file::CaFileContent;
use crate::crypto::module::NotFips;

/// The HTTP client cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpClientError {
    /// The CA file cannot be read.
    #[error("cannot read the CA file {path}: {cause}", path = path.display())]
    CaFileUnreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// The CA file holds no usable certificate.
    #[error("the CA file {path} contains no PEM certificate: {found}", path = path.display())]
    CaFileInvalid {
        /// The file.
        path: PathBuf,
        /// What it contains instead, and what to do about it. Quotes nothing from the file.
        found: CaFileContent,
    },
    /// The client certificate cannot be used.
    #[error("the client certificate and its private key cannot be used together: {cause}")]
    Certificate {
        /// Why.
        cause: String,
    },
    /// With the feature `fips`: TLS would not be what FIPS allows.
    #[error(transparent)]
    NotFips(#[from] NotFips),
    /// TLS cannot be set up, for example because the system has no CA certificates.
    #[error(
        "cannot set up TLS: {cause} (install the system's CA certificates or configure a CA \
         file)"
    )]
    Tls {
        /// Why.
        cause: String,
    },
}
