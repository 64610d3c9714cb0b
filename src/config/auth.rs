//! The authorization options.

use std::time::Duration;

use rmcp_resource_server::{
    CacheConfig, ClientCredentials, Connection, CredentialsError, EndpointUrl, HttpClientError,
    IntrospectionConfig, IntrospectionVerifier, InvalidUrl, Issuer, JwtConfig, JwtVerifier,
    ResourceServerConfig, ResourceUrl, Scopes, SessionKey, StartError, UserinfoConfig,
    UserinfoConflict, UserinfoVerifier,
};

use super::{AuthConfig, VerifierConfig, credentials, parse::Parser};
use crate::{
    mcp::ScopeRules,
    options::{Given, Options},
};

/// Whether authorization is on, and its configuration if that is without error.
pub(super) enum Resolved {
    Off,
    Faulty,
    On(Box<AuthConfig>),
}

impl Resolved {
    /// `None` if there were errors; `Some(None)` if authorization is off.
    pub(super) fn into_config(self) -> Option<Option<AuthConfig>> {
        match self {
            Self::Off => Some(None),
            Self::Faulty => None,
            Self::On(config) => Some(Some(*config)),
        }
    }

    pub(super) fn resource_host(&self) -> Option<String> {
        match self {
            Self::On(config) => config
                .resource_server
                .resource
                .url()
                .host_str()
                .map(|host| host.trim_matches(['[', ']']).to_owned()),
            _ => None,
        }
    }
}

/// Whether any authorization option is set.
pub(super) fn is_touched(given: &Given) -> bool {
    given.client_secret.is_some() || !given.set_options("auth_").is_empty()
}

/// Reads the options; authorization is on exactly when there is an issuer.
pub(super) fn resolve(
    parser: &mut Parser,
    given: &Given,
    session_key: Option<SessionKey>,
) -> Resolved {
    let options = &given.options;
    let issuer_given = options
        .auth_issuer_url
        .as_deref()
        .is_some_and(|issuer| !issuer.trim().is_empty());
    if !issuer_given {
        if is_touched(given) {
            parser.error(
                "auth_issuer_url",
                "other authorization options are set, but not this one, so there would be no \
                 authorization: set it, or remove the others",
            );
            return Resolved::Faulty;
        }
        return Resolved::Off;
    }
    let allow_http = parser.flag(
        "auth_allow_insecure_http",
        options.auth_allow_insecure_http.as_deref(),
        false,
    );
    let issuer = parser.optional(
        "auth_issuer_url",
        options.auth_issuer_url.as_deref(),
        |text| {
            let parsed = if allow_http {
                Issuer::parse_allowing_http(text)
            } else {
                text.parse()
            };
            parsed.map_err(|error| explain(text, &error, "OSCAL_AUTH_ALLOW_INSECURE_HTTP=true"))
        },
    );
    let resource = parser.optional(
        "auth_resource_server_url",
        options.auth_resource_server_url.as_deref(),
        |text| {
            text.parse::<ResourceUrl>()
                .map_err(|error| format!("{text:?}: {error}"))
        },
    );
    if options
        .auth_resource_server_url
        .as_deref()
        .is_none_or(|url| url.trim().is_empty())
    {
        parser.error(
            "auth_resource_server_url",
            "is required with an issuer: the public URL of the MCP endpoint, such as \
             https://mcp.example.com/mcp, which tokens must have as audience",
        );
    }
    let mut endpoint = |id, value: &Option<String>| {
        parser.optional(id, value.as_deref(), |text| {
            let parsed = if allow_http {
                EndpointUrl::parse_allowing_http(text)
            } else {
                text.parse()
            };
            parsed.map_err(|error| explain(text, &error, "OSCAL_AUTH_ALLOW_INSECURE_HTTP=true"))
        })
    };
    let introspection_url = endpoint("auth_introspection_url", &options.auth_introspection_url);
    let jwks_url = endpoint("auth_jwks_url", &options.auth_jwks_url);
    let userinfo_url = endpoint("auth_userinfo_url", &options.auth_userinfo_url);
    let kind = parser.choice(
        "auth_verifier",
        options.auth_verifier.as_deref(),
        "introspection",
        |text| match text {
            "introspection" => Some(Kind::Introspection),
            "jwt" => Some(Kind::Jwt),
            "userinfo" => Some(Kind::Userinfo),
            _ => None,
        },
        "introspection, jwt or userinfo",
    );
    let required_scopes = parser.optional(
        "auth_required_scopes",
        Some(
            Parser::list(options.auth_required_scopes.as_deref())
                .join(" ")
                .as_str(),
        ),
        str::parse::<Scopes>,
    );
    // Only introspection needs an account of our own at the authorization server.
    let credentials = match kind {
        Kind::Introspection => credentials::resolve(parser, given).map(Some),
        Kind::Jwt | Kind::Userinfo => Some(None),
    };
    let cache = cache(parser, given, kind);
    let accept_unbound = parser.flag(
        "auth_accept_unbound_tokens",
        options.auth_accept_unbound_tokens.as_deref(),
        false,
    );
    let timeout = parser.duration(
        "auth_timeout",
        options.auth_timeout.as_deref(),
        Duration::from_secs(3),
        Duration::from_millis(100)..=Duration::from_secs(60),
    );
    let (Some(issuer), Some(resource), Some(credentials)) = (issuer, resource, credentials) else {
        return Resolved::Faulty;
    };

    let mut resource_server = ResourceServerConfig::new(resource, issuer.clone());
    let audiences = Parser::list(options.auth_audience.as_deref());
    if !audiences.is_empty() {
        resource_server.audiences = audiences;
    }
    resource_server.allowed_client_ids = Parser::list(options.auth_allowed_client_ids.as_deref());
    resource_server.required_scopes = required_scopes.unwrap_or_default();
    if let Some(session_key) = session_key {
        resource_server.session_key = session_key;
    }
    resource_server.accept_unbound_tokens = accept_unbound;
    let mut connection = Connection::to(issuer.clone());
    connection.timeout = timeout;
    connection.ca_file = options
        .auth_ca_file
        .as_deref()
        .filter(|path| !path.is_empty())
        .map(Into::into);
    connection.allow_insecure_http = allow_http;
    connection.metrics = resource_server.metrics.clone();
    let verifier = match (kind, credentials) {
        (Kind::Jwt, _) => {
            let mut jwt = JwtConfig::new(issuer);
            jwt.jwks_url = jwks_url;
            let types = Parser::list(options.auth_jwt_types.as_deref());
            if !types.is_empty() {
                jwt.accept_untyped = types.iter().any(|text| text == "none");
                jwt.accepted_types = types.into_iter().filter(|text| text != "none").collect();
            }
            (jwt.connection, jwt.cache) = (connection, cache);
            can_start(parser, JwtVerifier::check(&jwt));
            VerifierConfig::Jwt(jwt)
        }
        (Kind::Userinfo, _) => {
            for conflict in UserinfoVerifier::conflicts(&resource_server) {
                let id = match conflict {
                    UserinfoConflict::RequiredScopes => "auth_required_scopes",
                    UserinfoConflict::AllowedClientIds => "auth_allowed_client_ids",
                    _ => "auth_accept_unbound_tokens",
                };
                parser.error(id, conflict);
            }
            for id in given.set_options("auth_scope_") {
                parser.error(&id, UserinfoConflict::RequiredScopes);
            }
            let mut userinfo = UserinfoConfig::new(issuer);
            (userinfo.connection, userinfo.cache) = (connection, cache);
            userinfo.endpoint = userinfo_url;
            can_start(parser, UserinfoVerifier::check(&userinfo));
            VerifierConfig::Userinfo(userinfo)
        }
        (Kind::Introspection, credentials) => {
            let credentials = credentials.unwrap_or(ClientCredentials::None { id: None });
            let mut introspection = IntrospectionConfig::new(issuer, credentials);
            (introspection.connection, introspection.cache) = (connection, cache);
            introspection.endpoint = introspection_url;
            can_start(parser, IntrospectionVerifier::check(&introspection));
            VerifierConfig::Introspection(introspection)
        }
    };
    Resolved::On(Box::new(AuthConfig {
        resource_server,
        verifier,
    }))
}

/// Reports why a verifier could not be started, under the option that is to blame.
fn can_start(parser: &mut Parser, checked: Result<(), StartError>) {
    let id = match &checked {
        Err(StartError::Credentials(
            CredentialsError::ColonInRawId | CredentialsError::CertificateWithoutTls { .. },
        )) => "auth_client_auth_method",
        Err(StartError::Credentials(CredentialsError::NoPrivateKey)) => "auth_client_key_file",
        Err(
            StartError::Credentials(CredentialsError::NoCertificate)
            | StartError::HttpClient(HttpClientError::Certificate { .. }),
        ) => "auth_client_certificate_file",
        Err(StartError::Credentials(_)) => "auth_client_secret_file",
        _ => "auth_ca_file",
    };
    parser.result(id, checked);
}

/// How tokens are verified, of the ways there are.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Introspection,
    Jwt,
    Userinfo,
}

/// The scopes of operations; without authorization they have no effect.
pub(super) fn scope_rules(parser: &mut Parser, options: &Options) -> ScopeRules {
    let mut scopes = |id, value: &Option<String>| {
        let list = Parser::list(value.as_deref()).join(" ");
        parser
            .optional(id, Some(&list), str::parse::<Scopes>)
            .unwrap_or_default()
    };
    ScopeRules {
        read: scopes("auth_scope_read", &options.auth_scope_read),
        validate: scopes("auth_scope_validate", &options.auth_scope_validate),
        sensitive: scopes("auth_scope_sensitive", &options.auth_scope_sensitive),
    }
}

fn explain(text: &str, error: &InvalidUrl, permission: &str) -> String {
    match error {
        InvalidUrl::Insecure if text.starts_with("http://") => {
            format!("{text:?}: {error}; use https, or on a test network only say {permission}")
        }
        // What stands before the @ is a password.
        InvalidUrl::UserInfo => error.to_string(),
        _ => format!("{text:?}: {error}"),
    }
}

fn cache(parser: &mut Parser, given: &Given, kind: Kind) -> CacheConfig {
    let options = &given.options;
    let mut defaults = CacheConfig::default();
    if kind == Kind::Userinfo {
        // Servers limit how often a user's information is asked for.
        defaults.ttl = Duration::from_secs(300);
        defaults.ttl_without_expiry = defaults.ttl;
    }
    let range = Duration::ZERO..=Duration::from_secs(300);
    CacheConfig {
        ttl: parser.duration(
            "auth_cache_ttl",
            options.auth_cache_ttl.as_deref(),
            defaults.ttl,
            range.clone(),
        ),
        negative_ttl: parser.duration(
            "auth_cache_negative_ttl",
            options.auth_cache_negative_ttl.as_deref(),
            defaults.negative_ttl,
            range,
        ),
        capacity: parser.number(
            "auth_cache_capacity",
            options.auth_cache_capacity.as_deref(),
            defaults.capacity,
            1..=10_000_000,
        ),
        ..defaults
    }
}
