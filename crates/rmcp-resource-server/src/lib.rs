#![doc = include_str!("../README.md")]

mod access_token;
mod answer;
mod background;
mod bearer;
mod cache;
mod challenge;
mod claims;
mod client_address;
mod client_auth;
mod client_key;
mod clock;
mod connection;
mod credential_reader;
mod credentials;
pub mod diagnose;
mod discovery;
mod error;
mod extract;
mod gate;
mod http_client;
mod introspection;
mod jwt;
mod metadata;
mod metrics;
mod middleware;
mod one_line;
mod outage_log;
mod policy;
mod reply;
mod request_id;
mod resource_server;
mod scope;
mod search;
mod secret;
mod session;
mod sessions;
mod stream;
mod strict_json;
mod time_limit;
mod urls;
mod userinfo;
mod verifier;
pub use crate::{
    access_token::{AccessToken, InsufficientScope},
    bearer::{BearerToken, DEFAULT_MAX_TOKEN_BYTES},
    cache::{CacheConfig, CachePartition, TokenCache},
    claims::{Claims, InvalidClaims},
    client_address::ClientAddress,
    client_auth::ClientAuth,
    client_key::{AssertionKey, ClientCertificate},
    clock::{Clock, SystemClock},
    connection::Connection,
    credentials::{ClientCredentials, CredentialProblem, CredentialsError, Source},
    error::{AuthorizationServerError, TokenError, VerifyError},
    extract::{NoAccessToken, forward_access_token},
    http_client::{CaFileContent, HttpClientError},
    introspection::{IntrospectionConfig, IntrospectionVerifier, StartError},
    jwt::{JwtConfig, JwtVerifier, SigningAlgorithm},
    metrics::Metrics,
    middleware::{ProtectedService, Protection},
    request_id::RequestId,
    resource_server::{ResourceServer, ResourceServerConfig},
    scope::{InvalidHierarchy, InvalidScope, ScopeHierarchy, Scopes},
    secret::Secret,
    session::{SessionKey, SessionKeyError},
    sessions::{BoundedSessions, SessionLimits},
    urls::{EndpointUrl, InvalidUrl, Issuer, ResourceUrl, is_loopback},
    userinfo::{UserinfoConfig, UserinfoConflict, UserinfoVerifier},
    verifier::TokenVerifier,
};

#[doc(hidden)]
pub mod pieces;
