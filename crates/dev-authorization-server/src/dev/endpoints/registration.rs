//! Dynamic client registration (RFC 7591).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    clock::unix_now,
    dev::{
        authority::{
            Authority,
            clients::{Client, GrantType},
            lock, redirect_uri, secret,
        },
        error::OAuthError,
    },
};

const MAX_REDIRECT_URIS: usize = 20;
const MAX_NAME_CHARS: usize = 200;

/// What a client says about itself; members without a meaning here are ignored.
#[derive(Deserialize)]
struct ClientMetadata {
    client_name: Option<String>,
    #[serde(default)]
    redirect_uris: Vec<String>,
    grant_types: Option<Vec<String>>,
    #[serde(default)]
    token_endpoint_auth_method: AuthMethod,
    scope: Option<String>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum AuthMethod {
    None,
    #[default]
    ClientSecretBasic,
    ClientSecretPost,
}

impl Authority {
    /// The body of the 201 answer: what was registered (RFC 7591 §3.2.1).
    pub(super) fn register(&self, body: &[u8]) -> Result<Value, OAuthError> {
        let metadata: ClientMetadata =
            serde_json::from_slice(body).map_err(|error| invalid_metadata(error.to_string()))?;
        metadata.check()?;
        let method = metadata.token_endpoint_auth_method;
        let client = Client {
            grants: metadata.grants(),
            name: metadata.client_name,
            redirect_uris: metadata.redirect_uris,
            ..Client::new(
                secret::random(),
                (method != AuthMethod::None).then(secret::random),
            )
        };
        let mut answer = json!({
            "client_id": client.id,
            "client_id_issued_at": unix_now(),
            "redirect_uris": client.redirect_uris,
            "grant_types": client.grants,
            "response_types": ["code"],
            "token_endpoint_auth_method": method,
        });
        let optional = [
            ("client_name", &client.name),
            ("client_secret", &client.secret),
            ("scope", &metadata.scope),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                answer[name] = json!(value);
            }
        }
        if client.secret.is_some() {
            answer["client_secret_expires_at"] = json!(0);
        }
        lock(&self.clients).register(client);
        Ok(answer)
    }
}

impl ClientMetadata {
    /// The supported grants among those requested: VS Code asks for the device grant too. The
    /// default of RFC 7591 is the code alone, but clients that leave it out want to refresh as
    /// well.
    fn grants(&self) -> Vec<GrantType> {
        match &self.grant_types {
            Some(names) => names
                .iter()
                .filter_map(|name| GrantType::named(name))
                .collect(),
            None => vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        }
    }

    fn check(&self) -> Result<(), OAuthError> {
        let grants = self.grants();
        let name = self.client_name.as_deref().unwrap_or_default();
        let public = self.token_endpoint_auth_method == AuthMethod::None;
        if name.chars().count() > MAX_NAME_CHARS {
            return Err(invalid_metadata("client_name is too long"));
        }
        if self.redirect_uris.len() > MAX_REDIRECT_URIS {
            return Err(invalid_metadata("too many redirect URIs"));
        }
        if grants.is_empty() {
            return Err(invalid_metadata("no supported grant type"));
        }
        if public && grants.contains(&GrantType::ClientCredentials) {
            return Err(invalid_metadata("client_credentials needs a client secret"));
        }
        if grants.contains(&GrantType::AuthorizationCode) && self.redirect_uris.is_empty() {
            return Err(invalid_redirect_uri("redirect_uris is missing"));
        }
        for uri in &self.redirect_uris {
            redirect_uri::check(uri)
                .map_err(|reason| invalid_redirect_uri(format!("{uri:?} {reason}")))?;
        }
        Ok(())
    }
}

fn invalid_metadata(description: impl Into<String>) -> OAuthError {
    OAuthError::new("invalid_client_metadata", description)
}

fn invalid_redirect_uri(description: impl Into<String>) -> OAuthError {
    OAuthError::new("invalid_redirect_uri", description)
}
