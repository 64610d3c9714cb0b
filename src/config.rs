//! The effective configuration: every option parsed, every error reported at once.

mod auth;
mod credentials;
mod doctor;
mod effect;
mod kinds;
mod origins;
mod parse;
mod print;
mod urls;

use std::{ffi::OsString, fmt, net::SocketAddr, path::PathBuf, time::Duration};

use ipnet::IpNet;
use rmcp_resource_server::{ResourceServerConfig, SessionKey, SessionLimits, VerifierConfig};

use crate::{
    mcp::ScopeRules,
    options::{self, Environment, Given, Shown, SubCommand, did_you_mean},
};
pub use doctor::DoctorConfig;
use effect::Mode;
use parse::Parser;

/// Everything the server needs to know, checked.
pub struct Config {
    /// How clients connect.
    pub transport: Transport,
    /// The name clients show.
    pub server_name: String,
    /// Where documents are, besides the built-in ones.
    pub documents_dir: Option<PathBuf>,
    /// When the built-in documents are served.
    pub built_in_documents: BuiltInDocuments,
    /// Where NIST's JSON schemas are, for validation.
    pub schemas_dir: Option<PathBuf>,
    /// Scopes of operations.
    pub scopes: ScopeRules,
    /// What is logged and how.
    pub log: LogConfig,
    /// Things an operator should know, though nothing is wrong enough to stop.
    pub warnings: Vec<String>,
}

/// When the built-in documents are served.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BuiltInDocuments {
    /// If there is no documents directory.
    #[default]
    Auto,
    /// Always, after those of the directory.
    Always,
    /// Never.
    Never,
}

/// How clients connect.
pub enum Transport {
    /// Over standard input and output; no authorization.
    Stdio,
    /// Over HTTP.
    StreamableHttp(Box<HttpConfig>),
}

impl Transport {
    /// Tells clients in the metadata which scopes they may need.
    fn with_scopes(mut self, scopes: &ScopeRules) -> Self {
        if let Self::StreamableHttp(http) = &mut self
            && let Some(auth) = &mut http.auth
        {
            auth.resource_server.optional_scopes = scopes.all();
        }
        self
    }
}

/// Where and how to serve HTTP.
pub struct HttpConfig {
    /// Address or name to listen on.
    pub host: String,
    /// Port to listen on; 0 for a free one.
    pub port: u16,
    /// Path of the MCP endpoint.
    pub path: String,
    /// No sessions, JSON answers.
    pub stateless: bool,
    /// Limits of sessions, where there are any.
    pub session_limits: SessionLimits,
    /// The largest request but for the next kind, in bytes.
    pub max_body_bytes: usize,
    /// The largest request to validate a document, in bytes.
    pub max_document_bytes: usize,
    /// The most open connections.
    pub max_connections: usize,
    /// Accepted `Host` headers; empty for any.
    pub allowed_hosts: Vec<String>,
    /// Accepted `Origin` headers.
    pub allowed_origins: AllowedOrigins,
    /// Proxies whose word on the client's address is taken, for log lines.
    pub trusted_proxies: Vec<IpNet>,
    /// Where to serve metrics and probes.
    pub admin_addr: Option<SocketAddr>,
    /// Authorization, if it is on.
    pub auth: Option<AuthConfig>,
    /// How long running requests may take after SIGTERM.
    pub drain: Duration,
}

impl Default for HttpConfig {
    /// The defaults of the flags: loopback, stateless, no authorization.
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 8000,
            path: "/mcp".to_owned(),
            stateless: true,
            session_limits: SessionLimits::default(),
            max_body_bytes: 1 << 20,
            // NIST's SP 800-53 catalog has 10 MB.
            max_document_bytes: 12 << 20,
            max_connections: 1000,
            allowed_hosts: LOOPBACK_HOSTS.map(str::to_owned).to_vec(),
            allowed_origins: AllowedOrigins::Only(Vec::new()),
            trusted_proxies: Vec::new(),
            admin_addr: None,
            auth: None,
            drain: Duration::from_secs(10),
        }
    }
}

impl HttpConfig {
    /// The longest token that is looked at, in bytes.
    pub(crate) fn max_token_bytes(&self) -> usize {
        let auth = self.auth.as_ref();
        auth.map_or(0, |auth| auth.resource_server.max_token_bytes)
    }
}

/// `Host` headers of clients on the same machine.
const LOOPBACK_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Authorization.
pub struct AuthConfig {
    /// What is demanded of tokens.
    pub resource_server: ResourceServerConfig,
    /// How they are verified.
    pub verifier: VerifierConfig,
}

/// Browser origins that may use the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowedOrigins {
    /// Every one.
    Any,
    /// These, as browsers write them: scheme, host, port unless it is the scheme's own.
    Only(Vec<String>),
}

/// What is logged and how.
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// A level, or directives such as `info,rmcp=debug`.
    pub level: String,
    /// JSON instead of text.
    pub json: bool,
}

/// What the command line asks for.
pub enum Request {
    /// Run with this configuration.
    Run(Config),
    /// Check this configuration against the live authorization server.
    Diagnose(Box<DoctorConfig>),
    /// Ask the server of this configuration whether it is alive.
    CheckHealth(Box<HttpConfig>),
    /// Show this text and exit with this status: help, version, configuration or errors.
    Show {
        /// The text.
        text: String,
        /// Whether it goes to standard error, and the exit status is 2.
        is_error: bool,
    },
}

/// One thing wrong with the configuration: which option, what is wrong, what to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    option: String,
    problem: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.option, self.problem)
    }
}

impl Request {
    /// Reads `.env`, the environment and `arguments` (the program's name first).
    pub fn from_environment(arguments: impl IntoIterator<Item = OsString>) -> Self {
        let arguments: Vec<_> = arguments.into_iter().collect();
        let given = match Given::read(&arguments, &Environment::of_process()) {
            Ok(given) => given,
            Err(Shown { text, is_error }) => return Self::Show { text, is_error },
        };
        if let Some(SubCommand::Doctor(options)) = &given.sub_command
            && !given.options.print_config
        {
            return match DoctorConfig::resolve(&given, options) {
                Ok(config) => Self::Diagnose(Box::new(config)),
                Err(errors) => Self::errors(&errors),
            };
        }
        match Config::resolve(&given) {
            Ok(config) if given.options.print_config => Self::Show {
                text: print::effective(&given, &config),
                is_error: false,
            },
            Ok(config) if matches!(given.sub_command, Some(SubCommand::Healthcheck)) => {
                match config.transport {
                    Transport::StreamableHttp(http) => Self::CheckHealth(http),
                    Transport::Stdio => Self::Show {
                        text: "healthcheck asks over HTTP, and the transport is stdio\n".to_owned(),
                        is_error: true,
                    },
                }
            }
            Ok(config) => Self::Run(config),
            Err(errors) => Self::errors(&errors),
        }
    }

    fn errors(errors: &[ConfigError]) -> Self {
        let mut text = match errors.len() {
            1 => "The configuration has an error:\n".to_owned(),
            count => format!("The configuration has {count} errors:\n"),
        };
        for error in errors {
            text.push_str(&format!("  {error}\n"));
        }
        Self::Show {
            text,
            is_error: true,
        }
    }
}

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
        // Whoever got the transport wrong learns of every other error, too.
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
        let transport = transport.map(|transport| transport.with_scopes(&scopes));
        match (transport, parser.finish()) {
            (Some(transport), errors) if errors.is_empty() => Ok(Self {
                transport,
                server_name,
                documents_dir,
                built_in_documents,
                schemas_dir,
                scopes,
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
    let allow_unauthenticated = parser.flag(
        "allow_unauthenticated",
        options.allow_unauthenticated.as_deref(),
        false,
    );
    let auth = auth::resolve(parser, given, session_key, warnings);
    let useless = [
        stateless.then_some(Mode::WithoutSessions),
        (!matches!(auth, auth::Resolved::Off)).then_some(Mode::Authorized),
    ];
    warnings.extend(
        useless
            .into_iter()
            .flatten()
            .filter_map(|mode| mode.warning(given)),
    );
    if let auth::Resolved::On(auth) = &auth {
        warnings.extend(kinds::warnings(auth, given.value("auth_client_id")));
    }
    if matches!(auth, auth::Resolved::Off) {
        let exposed = !parse::is_loopback_host(&host);
        if exposed && !allow_unauthenticated {
            parser.error(
                "auth_issuer_url",
                "without authorization the server listens on loopback only: name the issuer, or \
                 listen on 127.0.0.1, or say --allow-unauthenticated \
                 (OSCAL_ALLOW_UNAUTHENTICATED=true)",
            );
        }
        warnings.push(format!(
            "no authorization: whoever reaches {} can use this server; name an issuer with {}",
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
    let trusted_proxies = parser.networks("trusted_proxies", options.trusted_proxies.as_deref());
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
        auth: auth.into_config()?,
        drain: defaults.drain,
    })
}
