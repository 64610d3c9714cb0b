//! What the endpoints share: policy, clients, consents, tokens.

mod bounded;
pub(super) mod clients;
pub(super) mod consents;
pub(super) mod policy;
pub(super) mod redirect_uri;
pub(super) mod secret;
pub(super) mod tokens;

use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use url::Url;

use self::{
    clients::{Client, Clients, GrantType},
    consents::Consents,
    policy::Policy,
    tokens::Tokens,
};
use super::config::{DevClient, DevConfig};

/// Everything that the endpoints share.
pub(super) struct Authority {
    pub(super) issuer: String,
    pub(super) hosts: Vec<String>,
    pub(super) policy: Policy,
    pub(super) clients: Mutex<Clients>,
    pub(super) consents: Mutex<Consents>,
    pub(super) tokens: Mutex<Tokens>,
}

impl Authority {
    pub(super) fn new(config: DevConfig, address: SocketAddr) -> io::Result<Self> {
        let issuer = config.issuer.unwrap_or_else(|| format!("http://{address}"));
        let authority = issuer_authority(&issuer)
            .ok_or_else(|| invalid(format!("the issuer {issuer:?} is not an origin")))?;
        let clients = config.clients.into_iter().map(Client::try_from);
        Ok(Self {
            hosts: vec![
                authority,
                address.to_string(),
                format!("localhost:{}", address.port()),
            ],
            issuer,
            policy: Policy::new(config.resources, config.scopes).map_err(invalid)?,
            clients: Mutex::new(Clients::new(clients.collect::<io::Result<_>>()?)),
            consents: Mutex::default(),
            tokens: Mutex::new(Tokens::new(config.token_lifetime)),
        })
    }
}

impl TryFrom<DevClient> for Client {
    type Error = io::Error;

    fn try_from(client: DevClient) -> io::Result<Self> {
        match client {
            DevClient::Machine { id, secret } => Ok(Self {
                grants: vec![GrantType::ClientCredentials],
                ..Self::new(id, Some(secret))
            }),
            DevClient::ResourceServer { id, secret } => Ok(Self {
                introspects: true,
                ..Self::new(id, Some(secret))
            }),
            DevClient::Public { id, redirect_uris } => {
                for uri in &redirect_uris {
                    redirect_uri::check(uri)
                        .map_err(|reason| invalid(format!("{uri:?} {reason}")))?;
                }
                Ok(Self {
                    redirect_uris,
                    grants: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
                    ..Self::new(id, None)
                })
            }
        }
    }
}

/// Host and port of an issuer that consists only of an origin.
fn issuer_authority(issuer: &str) -> Option<String> {
    let origin = Url::parse(issuer).ok()?.origin().ascii_serialization();
    let (_, authority) = issuer.split_once("://")?;
    (origin == issuer).then(|| authority.to_owned())
}

/// Locks `mutex`, even if a thread panicked while holding the lock.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn invalid(reason: String) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, reason)
}
