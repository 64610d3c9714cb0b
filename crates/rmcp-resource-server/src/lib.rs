#![doc = include_str!("../README.md")]
#![cfg_attr(
    not(all(
        feature = "actix",
        feature = "diagnose",
        feature = "jwt",
        feature = "userinfo"
    )),
    allow(
        dead_code,
        unused_imports,
        reason = "without an optional part, some of what it shares with others has no use"
    )
)]
#![warn(missing_debug_implementations)]

#[cfg(feature = "actix")]
mod actix;
mod admission;
mod answer;
mod authorization_server;
mod client_auth;
mod clock;
mod crypto;
#[cfg(feature = "diagnose")]
pub mod diagnose;
mod dpop;
mod error;
#[cfg(feature = "jwt")]
#[doc(hidden)]
pub mod fuzzing;
mod jose;
mod limits;
mod mtls;
mod observe;
mod policy;
mod resource_server;
mod revocation;
mod rmcp;
mod secret;
mod session;
#[cfg(feature = "redis")]
mod shared_store;
mod token;
#[cfg(feature = "tower")]
mod tower;
mod urls;
mod verify;

pub use crate::{
    admission::{Admission, BodyFacts},
    answer::refusal::Refusal,
    authorization_server::{
        http_client::{ca_file::CaFileContent, error::HttpClientError},
        server::{AuthorizationServer, HttpClientHook},
    },
    client_auth::{
        credentials::{ClientCredentials, Source},
        error::{CredentialProblem, CredentialsError},
        key::{AssertionKey, ClientCertificate},
        method::ClientAuth,
    },
    clock::{Clock, SystemClock},
    crypto::module::{CryptographicModule, NotFips},
    dpop::{mode::Dpop, problem::ProofProblem},
    error::{AuthorizationServerError, TokenError, VerifyError},
    jose::algorithm::SigningAlgorithm,
    limits::{LimitExceeded, RequestLimits},
    mtls::{header::ClientCertificateHeader, problem::CertificateProblem},
    observe::{
        change::{Change, ChangeHook},
        client_address::{ClientAddress, PeerAddress},
        metrics::Metrics,
        request_id::RequestId,
        trace::{SPANS, TraceHeadersHook, TraceId},
    },
    resource_server::{
        RefusalHook, RefusedRequest, ResourceServer, ResourceServerConfig, RevocationHook,
    },
    revocation::{Revocation, RevokedBy},
    rmcp::NoAccessToken,
    secret::{KeyFileError, Secret, read_key_file},
    session::{
        bounded::{BoundedSessions, EndedSession, SessionEnd, SessionHook, SessionLimits},
        seal::SessionKey,
        stream_guard::{GuardedBody, StreamGuard},
    },
    token::{
        access_token::{AccessToken, InsufficientScope},
        bearer::{BearerToken, DEFAULT_MAX_TOKEN_BYTES},
        claims::{Claims, InvalidClaims},
        scope::{InvalidHierarchy, InvalidScope, ScopeHierarchy, Scopes},
    },
    urls::{EndpointUrl, InvalidUrl, Issuer, ResourceUrl, is_loopback},
    verify::{
        cache::{CacheConfig, CachePartition, TokenCache},
        config::VerifierConfig,
        introspection::{
            IntrospectionConfig, IntrospectionVerifier, problem::SignedResponseProblem,
        },
        start_error::StartError,
        verifier::TokenVerifier,
    },
};

#[cfg(feature = "actix")]
pub use crate::actix::{
    mcp::{ActixMcp, request_parts},
    middleware::{ProtectedService, Protection},
};

#[cfg(feature = "redis")]
pub use crate::{
    session::shared::SharedSessions,
    shared_store::{
        config::{SharedStoreConfig, SharedStoreError},
        keys::{SharedStoreKeys, SharedStoreKeysError},
        store::SharedStore,
        url::{InvalidSharedStoreUrl, SharedStoreUrl},
    },
};

#[cfg(feature = "tower")]
pub use crate::tower::{
    layer::{ProtectedBody, ProtectedTowerService, ProtectionLayer},
    metadata::MetadataService,
};

#[cfg(feature = "jwt")]
pub use crate::{
    revocation::logout::{BackChannelLogout, BackChannelLogoutConfig},
    verify::{
        introspection::signed::SignedIntrospection,
        jwt::{JwtVerifier, config::JwtConfig},
    },
};

#[cfg(feature = "userinfo")]
pub use crate::verify::userinfo::{UserinfoConfig, UserinfoConflict, UserinfoVerifier};
