//! The issuer, its metadata, and the URLs where clients look for that.

use serde_json::{Value, json};

/// A form of the metadata URL, shown for the issuer `https://as.example/tenant`.
///
/// ```
/// use dev_authorization_server::{FakeAuthorizationServer, MetadataForm, Reply};
///
/// let fake = FakeAuthorizationServer::start();
/// fake.hide_metadata();
/// // Now at this one only, and with an issuer that is not its own.
/// let mut document = fake.metadata();
/// document["issuer"] = "https://other.example".into();
/// fake.serve_metadata(MetadataForm::OAuth, document);
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetadataForm {
    /// `/.well-known/oauth-authorization-server/tenant` (RFC 8414 §3.1).
    OAuth,
    /// `/.well-known/openid-configuration/tenant` (RFC 8414 §5).
    OpenIdInserted,
    /// `/tenant/.well-known/openid-configuration` (OpenID Connect Discovery §4.1). The same as
    /// [`OpenIdInserted`](Self::OpenIdInserted) if the issuer has no path.
    OpenIdAppended,
    /// `/tenant/.well-known/oauth-authorization-server`, as in django-oauth-toolkit. The same as
    /// [`OAuth`](Self::OAuth) if the issuer has no path.
    OAuthAppended,
}

impl MetadataForm {
    /// Every form: first those of MCP, in the order in which its clients try them.
    pub const ALL: [Self; 4] = [
        Self::OAuth,
        Self::OpenIdInserted,
        Self::OpenIdAppended,
        Self::OAuthAppended,
    ];
}

pub(super) struct MetadataUrls {
    issuer: String,
    issuer_path: String,
}

impl MetadataUrls {
    pub(super) fn new(origin: String, issuer_path: String) -> Self {
        Self {
            issuer: origin + &issuer_path,
            issuer_path,
        }
    }

    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    pub(super) fn path(&self, form: MetadataForm) -> String {
        let path = self.issuer_path.trim_end_matches('/');
        match form {
            MetadataForm::OAuth => format!("/.well-known/oauth-authorization-server{path}"),
            MetadataForm::OpenIdInserted => format!("/.well-known/openid-configuration{path}"),
            MetadataForm::OpenIdAppended => format!("{path}/.well-known/openid-configuration"),
            MetadataForm::OAuthAppended => format!("{path}/.well-known/oauth-authorization-server"),
        }
    }

    pub(super) fn document(&self, introspection_url: &str) -> Value {
        let issuer = self.issuer.trim_end_matches('/');
        json!({
            "issuer": self.issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "introspection_endpoint": introspection_url,
            "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "client_credentials"],
            "code_challenge_methods_supported": ["S256"],
        })
    }
}
