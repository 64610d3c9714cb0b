//! The authorization options.

mod certificates;
pub(super) mod kinds;
mod logout;
mod store;

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use ipnet::IpNet;
use rmcp_resource_server::{
    AuthorizationServer, CacheConfig, ClientCredentials, CredentialsError, DEFAULT_MAX_TOKEN_BYTES,
    Dpop, HttpClientError, IntrospectionConfig, JwtConfig, ResourceServerConfig, ScopeHierarchy,
    SessionKey, SignedIntrospection, StartError, UserinfoConfig, UserinfoConflict,
    UserinfoVerifier, VerifierConfig,
};

use super::{
    credentials,
    effect::{Kind, Mode},
    effective::AuthConfig,
    parse::Parser,
    urls,
};
use crate::{
    mcp::ScopeRules,
    options::{CLIENT_SECRET_VARIABLE, Given, Options},
    traces,
};

/// Whether authorization is on, and its configuration if it is valid.
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
fn is_touched(given: &Given) -> bool {
    given.is_given(CLIENT_SECRET_VARIABLE) || !given.set_options("auth_").is_empty()
}

/// Reads the options. Authorization is on exactly when an issuer is set. Every option is checked,
/// even after an error.
pub(super) fn resolve(
    parser: &mut Parser,
    given: &Given,
    session_key: Option<SessionKey>,
    trusted_proxies: &[IpNet],
    warnings: &mut Vec<String>,
) -> Resolved {
    let options = &given.options;
    if !given.is_given("auth_issuer_url") {
        if !is_touched(given) {
            return Resolved::Off;
        }
        parser.error(
            "auth_issuer_url",
            "is not set, but other authorization options are set, so there would be no \
             authorization: set it, or remove the others",
        );
    }
    let allow_http = parser.flag(
        "auth_allow_insecure_http",
        options.auth_allow_insecure_http.as_deref(),
        false,
    );
    let issuer = urls::issuer(parser, given, allow_http);
    let resource = urls::resource(parser, given);
    let mut endpoint = |id| urls::endpoint(parser, given, id, allow_http);
    let introspection_url = endpoint("auth_introspection_url");
    let jwks_url = endpoint("auth_jwks_url");
    let userinfo_url = endpoint("auth_userinfo_url");
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
    // Only introspection needs client credentials at the authorization server.
    let credentials = match kind {
        Kind::Introspection => credentials::resolve(parser, given, warnings),
        Kind::Jwt | Kind::Userinfo => None,
    };

    let mut server = AuthorizationServer::new(issuer);
    server.trace_headers = Some(Arc::new(traces::add_headers));
    server.timeout = parser.duration(
        "auth_timeout",
        options.auth_timeout.as_deref(),
        Duration::from_secs(3),
        Duration::from_millis(100)..=Duration::from_secs(60),
    );
    server.ca_file = given.value("auth_ca_file").map(|path| path.trim().into());
    server.allow_insecure_http = allow_http;
    let allowed_client_ids = Parser::list(options.auth_allowed_client_ids.as_deref());
    let logout = logout::resolve(
        parser,
        given,
        &server,
        jwks_url.clone(),
        credentials.as_ref(),
        &allowed_client_ids,
    );
    let signed = parser.flag(
        "auth_introspection_signed",
        options.auth_introspection_signed.as_deref(),
        false,
    );
    let signed = signed && kind == Kind::Introspection;
    let modes = Mode::of(kind, logout.is_some() || signed);
    warnings.extend(modes.iter().filter_map(|mode| mode.warning(given)));
    if logout.is_none() {
        warnings.extend(Mode::WithoutLogout.warning(given));
    }
    let mut resource_server = ResourceServerConfig::new(resource, server.clone());
    let audiences = Parser::list(options.auth_audience.as_deref());
    if !audiences.is_empty() {
        resource_server.audiences = audiences;
    }
    resource_server.allowed_client_ids = allowed_client_ids;
    resource_server.required_scopes = parser.scopes(
        "auth_required_scopes",
        options.auth_required_scopes.as_deref(),
    );
    resource_server.scope_hierarchy = scope_hierarchy(parser, given, warnings);
    let shared_store = store::resolve(parser, given, warnings);
    // Replicas that share sessions must seal their ids alike.
    let derived = || (shared_store.as_ref()).map(|store| store.keys.session_key());
    if let Some(session_key) = session_key.or_else(derived) {
        resource_server.session_key = session_key;
    }
    resource_server.accept_unbound_tokens = parser.flag(
        "auth_accept_unbound_tokens",
        options.auth_accept_unbound_tokens.as_deref(),
        false,
    );
    resource_server.max_token_bytes = parser.bytes(
        "auth_max_token_bytes",
        options.auth_max_token_bytes.as_deref(),
        DEFAULT_MAX_TOKEN_BYTES,
        1024..=64 * 1024,
    );
    let mut limit =
        |id, value: Option<&str>| NonZeroU32::new(parser.number(id, value, 0, 0..=1_000_000));
    let requests = options.auth_max_requests_per_minute.as_deref();
    resource_server.limits.requests_per_minute = limit("auth_max_requests_per_minute", requests);
    let failures = options.auth_max_failures_per_minute.as_deref();
    resource_server.limits.failures_per_minute = limit("auth_max_failures_per_minute", failures);
    dpop(parser, given, &mut resource_server, warnings);
    resource_server.client_certificate_header =
        certificates::resolve(parser, given, trusted_proxies);
    let cache = cache(parser, given, kind);
    let verifier = match kind {
        Kind::Jwt => {
            let mut jwt = JwtConfig::new(server);
            jwt.cache = cache;
            jwt.jwks_url = jwks_url;
            let types = Parser::list(options.auth_jwt_types.as_deref());
            if !types.is_empty() {
                jwt.accept_untyped = types.iter().any(|text| text == "none");
                jwt.accepted_types = types.into_iter().filter(|text| text != "none").collect();
            }
            VerifierConfig::Jwt(jwt)
        }
        Kind::Userinfo => {
            for conflict in UserinfoVerifier::conflicts(&resource_server) {
                let id = match conflict {
                    UserinfoConflict::RequiredScopes => "auth_required_scopes",
                    UserinfoConflict::AllowedClientIds => "auth_allowed_client_ids",
                    UserinfoConflict::Dpop => "auth_dpop",
                    UserinfoConflict::ClientCertificateHeader => "auth_client_certificate_header",
                    _ => "auth_accept_unbound_tokens",
                };
                parser.error(id, conflict);
            }
            for id in given.set_options("auth_scope_") {
                parser.error(&id, UserinfoConflict::RequiredScopes);
            }
            let mut userinfo = UserinfoConfig::new(server);
            (userinfo.endpoint, userinfo.cache) = (userinfo_url, cache);
            VerifierConfig::Userinfo(userinfo)
        }
        Kind::Introspection => {
            // Credential errors are already reported; check the rest without credentials.
            let credentials = credentials.unwrap_or(ClientCredentials::None { id: None });
            let mut introspection = IntrospectionConfig::new(server, credentials);
            (introspection.endpoint, introspection.cache) = (introspection_url, cache);
            introspection.signed = signed.then(|| {
                let mut signed = SignedIntrospection::default();
                signed.jwks_url = jwks_url;
                signed.audiences = resource_server.audiences.clone();
                signed
            });
            VerifierConfig::Introspection(introspection)
        }
    };
    can_start(parser, verifier.check());
    match parser.has_errors() {
        true => Resolved::Faulty,
        false => Resolved::On(Box::new(AuthConfig {
            resource_server,
            verifier,
            logout,
            shared_store,
        })),
    }
}

/// What is demanded of tokens that are bound to a key.
fn dpop(
    parser: &mut Parser,
    given: &Given,
    resource_server: &mut ResourceServerConfig,
    warnings: &mut Vec<String>,
) {
    let options = &given.options;
    resource_server.dpop = parser.choice(
        "auth_dpop",
        options.auth_dpop.as_deref(),
        "off",
        |text| match text {
            "off" => Some(Dpop::Off),
            "allowed" => Some(Dpop::Allowed),
            "required" => Some(Dpop::Required),
            _ => None,
        },
        "off, allowed or required",
    );
    let nonces = options.auth_dpop_nonce.as_deref();
    resource_server.dpop_nonces = parser.flag("auth_dpop_nonce", nonces, false);
    if resource_server.dpop == Dpop::Off {
        warnings.extend(Mode::WithoutDpop.warning(given));
    }
}

fn scope_hierarchy(
    parser: &mut Parser,
    given: &Given,
    warnings: &mut Vec<String>,
) -> ScopeHierarchy {
    let hierarchy = parser.optional(
        "auth_scope_hierarchy",
        given.options.auth_scope_hierarchy.as_deref(),
        str::parse,
    );
    let demanded = [
        "auth_required_scopes",
        "auth_scope_read",
        "auth_scope_validate",
        "auth_scope_sensitive",
    ];
    if !demanded.into_iter().any(|id| given.is_given(id)) {
        warnings.extend(Mode::WithoutScopes.warning(given));
    }
    hierarchy.unwrap_or_default()
}

/// Reports why a verifier cannot start, under the option at fault. Never shows a path: the option
/// identifies it, and it may be a secret in the wrong place.
fn can_start(parser: &mut Parser, checked: Result<(), StartError>) {
    let Err(error) = checked else { return };
    let id = match &error {
        StartError::Credentials(
            CredentialsError::ColonInRawId | CredentialsError::CertificateWithoutTls,
        ) => "auth_client_auth_method",
        StartError::Credentials(CredentialsError::NoPrivateKey | CredentialsError::NotApproved) => {
            "auth_client_key_file"
        }
        StartError::Credentials(CredentialsError::NoCertificate)
        | StartError::HttpClient(HttpClientError::Certificate { .. }) => {
            "auth_client_certificate_file"
        }
        StartError::Credentials(_) => "auth_client_secret_file",
        _ => "auth_ca_file",
    };
    match error {
        StartError::HttpClient(HttpClientError::CaFileUnreadable { cause, .. }) => {
            parser.error(id, format!("the file cannot be read: {cause}"));
        }
        StartError::HttpClient(HttpClientError::CaFileInvalid { found, .. }) => {
            parser.error(id, format!("contains no certificate: {found}"));
        }
        error => parser.error(id, error),
    }
}

/// The scopes that operations require; they have no effect without authorization.
pub(super) fn scope_rules(parser: &mut Parser, options: &Options) -> ScopeRules {
    ScopeRules {
        read: parser.scopes("auth_scope_read", options.auth_scope_read.as_deref()),
        validate: parser.scopes(
            "auth_scope_validate",
            options.auth_scope_validate.as_deref(),
        ),
        sensitive: parser.scopes(
            "auth_scope_sensitive",
            options.auth_scope_sensitive.as_deref(),
        ),
    }
}

fn cache(parser: &mut Parser, given: &Given, kind: Kind) -> CacheConfig {
    let options = &given.options;
    let mut defaults = CacheConfig::default();
    if kind == Kind::Userinfo {
        // Authorization servers limit the rate of userinfo requests.
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
