//! From options to the effective configuration.

use rmcp_resource_server::{SessionKey, SessionLimits, read_key_file};

use super::{
    audit, auth,
    effect::Mode,
    effective::{BuiltInDocuments, Config, HttpConfig, LOOPBACK_HOSTS, LogConfig, Transport},
    origins,
    parse::{Parser, error::ConfigError, is_loopback_host},
};
use crate::options::{self, Given, did_you_mean};

impl Config {
    /// Parses and checks all options.
    pub(crate) fn resolve(given: &Given) -> Result<Self, Vec<ConfigError>> {
        let mut parser = Parser::new(given);
        let options = &given.options;
        let log = LogConfig {
            level: parser.log_level("log_level", options.log_level.as_deref()),
            json: parser.choice(
                "log_format",
                options.log_format.as_deref(),
                "text",
                |text| match text {
                    "text" => Some(false),
                    "json" => Some(true),
                    _ => None,
                },
                "text or json",
            ),
        };
        let is_http = parser.optional(
            "transport",
            options.transport.as_deref(),
            |text| match text {
                "stdio" => Ok(false),
                "streamable-http" => Ok(true),
                _ => {
                    let meant = did_you_mean(text, ["stdio", "streamable-http"]);
                    Err(format!("must be stdio or streamable-http{meant}"))
                }
            },
        );
        // With an invalid transport, report every other error too.
        let is_http = is_http.unwrap_or_else(|| given.is_given("transport"));
        let mut warnings = parser.unknown(given, is_http);
        let transport = if is_http {
            resolve_http(&mut parser, given, &mut warnings)
                .map(|http| Transport::StreamableHttp(Box::new(http)))
        } else {
            let useless = [Mode::StdioAuthorization, Mode::Stdio];
            warnings.extend(useless.into_iter().filter_map(|mode| mode.warning(given)));
            Some(Transport::Stdio)
        };
        let server_name = parser.text("server_name", options.server_name.as_deref(), "OSCAL");
        let documents_dir = parser.directory("documents_dir", options.documents_dir.as_deref());
        let built_in_documents = parser.choice(
            "built_in_documents",
            options.built_in_documents.as_deref(),
            "auto",
            |text| match text {
                "auto" => Some(BuiltInDocuments::Auto),
                "true" => Some(BuiltInDocuments::Always),
                "false" => Some(BuiltInDocuments::Never),
                _ => None,
            },
            "auto, true or false",
        );
        let schemas_dir = parser.directory("schemas_dir", options.schemas_dir.as_deref());
        let scopes = auth::scope_rules(&mut parser, options);
        let audit = audit::resolve(&mut parser, given);
        if audit.is_none() {
            warnings.extend(Mode::WithoutAudit.warning(given));
        }
        let traces = parser.traces(&given.opentelemetry);
        let transport = transport.map(|transport| transport.with_scopes(&scopes));
        match (transport, parser.finish()) {
            (Some(transport), errors) if errors.is_empty() => Ok(Self {
                transport,
                server_name,
                documents_dir,
                built_in_documents,
                schemas_dir,
                scopes,
                audit,
                traces,
                log,
                warnings,
            }),
            (_, errors) => Err(errors),
        }
    }
}

fn resolve_http(
    parser: &mut Parser,
    given: &Given,
    warnings: &mut Vec<String>,
) -> Option<HttpConfig> {
    let options = &given.options;
    let defaults = HttpConfig::default();
    let host = parser.host("host", options.host.as_deref(), &defaults.host);
    let port = parser.number("port", options.port.as_deref(), defaults.port, 0..=u16::MAX);
    let path = parser.path("path", options.path.as_deref(), &defaults.path);
    let stateless = parser.flag(
        "stateless_http",
        options.stateless_http.as_deref(),
        defaults.stateless,
    );
    let limits = defaults.session_limits;
    let session_limits = SessionLimits {
        per_principal: parser.number(
            "max_sessions_per_principal",
            options.max_sessions_per_principal.as_deref(),
            limits.per_principal,
            1..=1_000_000,
        ),
        total: parser.number(
            "max_sessions",
            options.max_sessions.as_deref(),
            limits.total,
            1..=1_000_000,
        ),
    };
    let max_body_bytes = parser.bytes(
        "max_body_bytes",
        options.max_body_bytes.as_deref(),
        defaults.max_body_bytes,
        1 << 10..=16 << 20,
    );
    let max_document_bytes = parser.bytes(
        "max_document_bytes",
        options.max_document_bytes.as_deref(),
        defaults.max_document_bytes,
        1 << 10..=16 << 20,
    );
    let max_connections = parser.number(
        "max_connections",
        options.max_connections.as_deref(),
        defaults.max_connections,
        10..=1_000_000,
    );
    let session_key = parser.optional(
        "session_key_file",
        options.session_key_file.as_deref(),
        |path| SessionKey::from_file(path.as_ref()),
    );
    let admin_addr = parser.optional("admin_addr", options.admin_addr.as_deref(), |text| {
        text.parse()
            .map_err(|_no_detail| "must be an address with a port, such as 127.0.0.1:9090")
    });
    let admin_token_file = parser.optional(
        "admin_token_file",
        options.admin_token_file.as_deref(),
        |path| read_key_file(path.as_ref()).map(|_token| path.into()),
    );
    let allow_unauthenticated = parser.flag(
        "allow_unauthenticated",
        options.allow_unauthenticated.as_deref(),
        false,
    );
    let trusted_proxies = parser.networks("trusted_proxies", options.trusted_proxies.as_deref());
    let auth = auth::resolve(parser, given, session_key, &trusted_proxies, warnings);
    let useless = [
        stateless.then_some(Mode::WithoutSessions),
        (!matches!(auth, auth::Resolved::Off)).then_some(Mode::Authorized),
        matches!(auth, auth::Resolved::Off).then_some(Mode::WithoutAuthorization),
        (admin_addr.is_none() || matches!(auth, auth::Resolved::Off)).then_some(Mode::WithoutAdmin),
    ];
    warnings.extend(
        useless
            .into_iter()
            .flatten()
            .filter_map(|mode| mode.warning(given)),
    );
    if let auth::Resolved::On(auth) = &auth {
        warnings.extend(auth::kinds::warnings(auth, given.value("auth_client_id")));
    }
    if matches!(auth, auth::Resolved::Off) {
        let exposed = !is_loopback_host(&host);
        if exposed && !allow_unauthenticated {
            parser.error(
                "auth_issuer_url",
                "without authorization, the server listens only on loopback: set the issuer, \
                 listen on 127.0.0.1, or set --allow-unauthenticated \
                 (OSCAL_ALLOW_UNAUTHENTICATED=true)",
            );
        }
        warnings.push(format!(
            "no authorization: anyone who can reach {} can use this server; set an issuer with {}",
            if exposed {
                "its address"
            } else {
                "this machine's loopback address"
            },
            options::name("auth_issuer_url")
        ));
    }
    let resource_host = auth.resource_host();
    let allowed_hosts = parser.hosts("allowed_hosts", options.allowed_hosts.as_deref(), || {
        let loopback = LOOPBACK_HOSTS.map(str::to_owned);
        resource_host.into_iter().chain(loopback).collect()
    });
    let allowed_origins = origins::origins(
        parser,
        "allowed_origins",
        options.allowed_origins.as_deref(),
    );
    Some(HttpConfig {
        host,
        port,
        path,
        stateless,
        session_limits,
        max_body_bytes,
        max_document_bytes,
        max_connections,
        allowed_hosts,
        allowed_origins,
        trusted_proxies,
        admin_addr,
        admin_token_file,
        auth: auth.into_config()?,
        drain: defaults.drain,
    })
}
