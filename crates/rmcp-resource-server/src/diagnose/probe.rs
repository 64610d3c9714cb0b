//! What the steps of a diagnosis share.

use url::Url;

use crate::{
    authorization_server::{http_client::HttpClient, server::AuthorizationServer},
    token::bearer::BearerToken,
    urls::EndpointUrl,
};

/// What every step needs.
pub(crate) struct Probe<'c> {
    pub(crate) http: HttpClient,
    pub(crate) authorization_server: &'c AuthorizationServer,
    /// The id of our client, if tokens are introspected; empty if it has none.
    pub(super) client_id: Option<String>,
}

impl<'c> Probe<'c> {
    /// Whether `endpoint` has the same origin as the issuer, and so the same connection.
    pub(super) fn is_at_issuer(&self, endpoint: &EndpointUrl) -> bool {
        let origin = |url: &Url| url.origin();
        origin(endpoint.url()) == origin(self.authorization_server.issuer.url())
    }
}

/// A random text in the form of a token that is nobody's.
pub(crate) fn random_token() -> BearerToken {
    BearerToken::random()
}
