//! The server's metadata (RFC 8414 §2).

use serde_json::{Value, json};

use crate::dev::authority::Authority;

impl Authority {
    pub(super) fn metadata(&self) -> Value {
        let issuer = &self.issuer;
        let with_secret = ["client_secret_basic", "client_secret_post"];
        let with_or_without = ["none", "client_secret_basic", "client_secret_post"];
        json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "registration_endpoint": format!("{issuer}/register"),
            "introspection_endpoint": format!("{issuer}/introspect"),
            "revocation_endpoint": format!("{issuer}/revoke"),
            "scopes_supported": self.policy.supported_scopes(),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": with_or_without,
            "revocation_endpoint_auth_methods_supported": with_or_without,
            "introspection_endpoint_auth_methods_supported": with_secret,
            "authorization_response_iss_parameter_supported": true,
            "client_id_metadata_document_supported": false,
        })
    }
}
