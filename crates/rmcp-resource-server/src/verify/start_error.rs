//! Why a verifier cannot be started.

use crate::{
    authorization_server::http_client::error::HttpClientError, client_auth::error::CredentialsError,
};

/// Why the verifier cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A credential file cannot be used.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The HTTP client cannot be set up.
    #[error(transparent)]
    HttpClient(#[from] HttpClientError),
}
