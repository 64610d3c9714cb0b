//! The authorization servers with which clients start, each knowing one resource, two scopes, one
//! resource server and one public client, and issuing tokens that expire soon.

use std::time::Duration;

use dev_authorization_server::{DevAuthorizationServer, DevClient, DevConfig};

use super::REDIRECT_URI;
use crate::oidc_provider::OidcProvider;

/// How long an access token lives: longer than a client needs from its token to its call on a busy
/// machine, short enough to wait for.
pub(super) const TOKEN_SECONDS: u64 = 10;

const SCOPES: [&str; 2] = ["oscal:read", "oscal:validate"];

#[derive(Clone, Copy)]
pub(super) enum Kind {
    Development,
    OidcProvider,
}

pub(super) enum AuthorizationServer {
    Development(DevAuthorizationServer),
    OidcProvider(OidcProvider),
}

impl AuthorizationServer {
    pub(super) fn start(kind: Kind, resource: &str) -> Option<Self> {
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
        }
    }

    pub(super) fn issuer(&self) -> String {
        match self {
            Self::Development(server) => server.issuer().to_owned(),
            Self::OidcProvider(server) => server.issuer(),
        }
    }

    /// Id and secret of the resource server.
    pub(super) fn credentials(&self) -> (&'static str, String) {
        ("mcp-rs", "rs secret:+/%&".to_owned())
    }

    /// The public client that exists without registration.
    pub(super) fn known_client(&self) -> &'static str {
        "public-pkce"
    }
}

fn development(resource: &str) -> DevAuthorizationServer {
    let server = DevAuthorizationServer::start(DevConfig {
        resources: vec![resource.to_owned()],
        scopes: SCOPES.map(str::to_owned).to_vec(),
        clients: vec![
            DevClient::resource_server("mcp-rs", "rs secret:+/%&"),
            DevClient::public("public-pkce", REDIRECT_URI),
        ],
        token_lifetime: Duration::from_secs(TOKEN_SECONDS),
        ..DevConfig::default()
    });
    server.expect("it starts")
}
