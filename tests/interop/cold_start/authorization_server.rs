//! The authorization servers for cold starts. Each knows one resource, two scopes, one resource
//! server and one public client, and issues tokens that expire soon.

use std::time::Duration;

use dev_authorization_server::{DevAuthorizationServer, DevClient, DevConfig};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::RwLockReadGuard;

use super::REDIRECT_URI;
use crate::{keycloak::Keycloak, oidc_provider::OidcProvider};

/// How long an access token lives: longer than a client on a busy machine takes from its token to
/// its call, but short enough to wait for.
pub(super) const TOKEN_SECONDS: u64 = 10;

const SECRET: &str = "rs secret:+/%&";
const SCOPES: [&str; 2] = ["oscal:read", "oscal:validate"];

#[derive(Clone, Copy)]
pub(super) enum Kind {
    Development,
    OidcProvider,
    Keycloak,
}

pub(super) enum AuthorizationServer {
    Development(DevAuthorizationServer),
    OidcProvider(OidcProvider),
    Keycloak {
        running: RwLockReadGuard<'static, Keycloak>,
        resource: String,
        known_client: String,
    },
}

impl AuthorizationServer {
    pub(super) async fn start(kind: Kind, resource: &str) -> Option<Self> {
        match kind {
            Kind::Development => Some(Self::Development(development(resource))),
            Kind::OidcProvider => {
                let variables = vec![
                    ("RESOURCE", resource.to_owned()),
                    ("SCOPES", SCOPES.join(" ")),
                    ("TOKEN_SECONDS", TOKEN_SECONDS.to_string()),
                ];
                OidcProvider::start_with(variables).map(Self::OidcProvider)
            }
            Kind::Keycloak => {
                let running = Keycloak::shared().await?;
                let known_client = format!("short-{}", resource.replace(['/', ':'], "-"));
                prepare(&running, resource, &known_client).await;
                Some(Self::Keycloak {
                    running,
                    resource: resource.to_owned(),
                    known_client,
                })
            }
        }
    }

    pub(super) fn issuer(&self) -> String {
        match self {
            Self::Development(server) => server.issuer().to_owned(),
            Self::OidcProvider(server) => server.issuer(),
            Self::Keycloak { running, .. } => running.realm().issuer(),
        }
    }

    /// Id and secret of the resource server.
    pub(super) fn credentials(&self) -> (&str, &str) {
        match self {
            // Keycloak introspects a token only for its audience.
            Self::Keycloak { resource, .. } => (resource, SECRET),
            _ => ("mcp-rs", SECRET),
        }
    }

    /// The public client that exists without registration.
    pub(super) fn known_client(&self) -> &str {
        match self {
            Self::Keycloak { known_client, .. } => known_client,
            _ => "public-pkce",
        }
    }

    /// Whether to wait for a token to expire. Once is enough; if Keycloak is shared with other
    /// tests, only the tokens of the known client expire soon.
    pub(super) fn expires(&self, known: bool) -> bool {
        known == matches!(self, Self::Keycloak { .. })
    }

    /// Whether a client may ask for more scopes later. Clients register with the scopes of the
    /// first challenge, and Keycloak never grants them any others.
    pub(super) fn steps_up(&self, known: bool) -> bool {
        known || !matches!(self, Self::Keycloak { .. })
    }
}

/// Adds to the realm of `examples/keycloak` the same settings for another URL.
async fn prepare(keycloak: &Keycloak, resource: &str, known_client: &str) {
    let realm = keycloak.realm();
    let resource_server = json!({
        "clientId": resource, "secret": SECRET, "standardFlowEnabled": false,
        "serviceAccountsEnabled": false, "fullScopeAllowed": false,
    });
    let public = json!({
        "clientId": known_client, "publicClient": true, "standardFlowEnabled": true,
        "fullScopeAllowed": false, "redirectUris": ["http://127.0.0.1/callback"],
        "attributes": {
            "pkce.code.challenge.method": "S256",
            "access.token.lifespan": TOKEN_SECONDS.to_string(),
        },
        "defaultClientScopes": ["basic"],
        "optionalClientScopes": [SCOPES[0], SCOPES[1], "offline_access"],
    });
    for client in [resource_server, public] {
        realm.admin(Method::POST, "/clients", &client).await;
    }
    let audience = json!({
        "name": format!("audience: {resource}"),
        "protocol": "openid-connect", "protocolMapper": "oidc-audience-mapper",
        "config": {
            "included.custom.audience": resource, "access.token.claim": "true",
            "lightweight.claim": "false", "introspection.token.claim": "true",
        },
    });
    let scopes = realm
        .admin(Method::GET, "/client-scopes", &Value::Null)
        .await;
    let scopes: Vec<Value> = scopes.json().await.expect("JSON");
    for scope in scopes {
        let name = scope["name"].as_str().expect("a name");
        if SCOPES.contains(&name) {
            let id = scope["id"].as_str().expect("an id");
            let path = format!("/client-scopes/{id}/protocol-mappers/models");
            realm.admin(Method::POST, &path, &audience).await;
        }
    }
}

fn development(resource: &str) -> DevAuthorizationServer {
    let server = DevAuthorizationServer::start(DevConfig {
        resources: vec![resource.to_owned()],
        scopes: SCOPES.map(str::to_owned).to_vec(),
        clients: vec![
            DevClient::resource_server("mcp-rs", SECRET),
            DevClient::public("public-pkce", REDIRECT_URI),
        ],
        token_lifetime: Duration::from_secs(TOKEN_SECONDS),
        ..DevConfig::default()
    });
    server.expect("it starts")
}
