//! The clients, and how they prove who they are.

use std::collections::HashMap;

use serde::Serialize;

use super::{bounded::Bounded, redirect_uri, secret};
use crate::{
    client_credentials::form_decoded_basic,
    dev::{error::OAuthError, params::Params},
};

const MAX_REGISTERED: usize = 1_000;

#[derive(Clone)]
pub(in crate::dev) struct Client {
    pub(in crate::dev) id: String,
    /// A client without one is public.
    pub(in crate::dev) secret: Option<String>,
    pub(in crate::dev) name: Option<String>,
    pub(in crate::dev) redirect_uris: Vec<String>,
    pub(in crate::dev) grants: Vec<GrantType>,
    pub(in crate::dev) introspects: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::dev) enum GrantType {
    AuthorizationCode,
    RefreshToken,
    ClientCredentials,
}

impl GrantType {
    pub(in crate::dev) fn named(name: &str) -> Option<Self> {
        match name {
            "authorization_code" => Some(Self::AuthorizationCode),
            "refresh_token" => Some(Self::RefreshToken),
            "client_credentials" => Some(Self::ClientCredentials),
            _ => None,
        }
    }
}

impl Client {
    pub(in crate::dev) fn new(id: String, secret: Option<String>) -> Self {
        Self {
            id,
            secret,
            name: None,
            redirect_uris: Vec::new(),
            grants: Vec::new(),
            introspects: false,
        }
    }

    /// Where the answer to this request goes. A client with only one redirect URI may leave it out.
    pub(in crate::dev) fn redirect_uri(&self, asked: Option<&str>) -> Result<String, OAuthError> {
        let found = match (asked, self.redirect_uris.as_slice()) {
            (None, [only]) => Some(only.as_str()),
            (None, _) => None,
            (Some(asked), uris) => {
                let registered = uris.iter().any(|uri| redirect_uri::matches(uri, asked));
                registered.then_some(asked)
            }
        };
        found.map(str::to_owned).ok_or_else(|| {
            OAuthError::invalid_request("redirect_uri is not one that this client registered")
        })
    }

    pub(in crate::dev) fn check_grant(&self, grant: GrantType) -> Result<(), OAuthError> {
        if self.grants.contains(&grant) {
            return Ok(());
        }
        let description = "this client is not registered for this grant";
        Err(OAuthError::new("unauthorized_client", description))
    }
}

pub(in crate::dev) struct Clients {
    configured: HashMap<String, Client>,
    registered: Bounded<Client>,
}

impl Clients {
    pub(in crate::dev) fn new(configured: Vec<Client>) -> Self {
        let by_id = configured
            .into_iter()
            .map(|client| (client.id.clone(), client));
        Self {
            configured: by_id.collect(),
            registered: Bounded::new(MAX_REGISTERED),
        }
    }

    pub(in crate::dev) fn register(&mut self, client: Client) {
        self.registered.insert(client.id.clone(), client);
    }

    pub(in crate::dev) fn find(&self, id: &str) -> Option<&Client> {
        self.configured.get(id).or_else(|| self.registered.get(id))
    }

    /// The client that sent the request: by `client_secret_basic` or `client_secret_post` if it has
    /// a secret, by `none` if it is public.
    pub(in crate::dev) fn authenticate(
        &self,
        authorization: Option<&str>,
        params: &Params,
    ) -> Result<&Client, OAuthError> {
        let posted_id = params.optional("client_id")?;
        let posted_secret = params.optional("client_secret")?;
        let (id, secret) = match authorization {
            Some(_) if posted_secret.is_some() => {
                return Err(OAuthError::invalid_request(
                    "more than one client authentication",
                ));
            }
            Some(authorization) => {
                let (id, secret) = form_decoded_basic(authorization)
                    .ok_or_else(|| OAuthError::invalid_client("malformed Basic credentials"))?;
                (id, Some(secret))
            }
            None => (
                params.required("client_id")?.to_owned(),
                posted_secret.map(str::to_owned),
            ),
        };
        if posted_id.is_some_and(|posted| posted != id) {
            return Err(OAuthError::invalid_request("more than one client id"));
        }
        let client = self.find(&id);
        client
            .filter(|client| match (&client.secret, &secret) {
                (Some(expected), Some(sent)) => secret::equal(expected, sent),
                (None, None) => true,
                _ => false,
            })
            .ok_or_else(|| OAuthError::invalid_client("unknown client or wrong secret"))
    }
}
