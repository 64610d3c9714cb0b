//! The whole system on one machine, with nothing else running: a small authorization server for
//! development, and the OSCAL MCP server that it protects.
//!
//! ```sh
//! cargo run --example quickstart              # serves, and prints what to try
//! cargo run --example quickstart -- --check   # tries it all over HTTP and ends
//! ```
#![expect(clippy::print_stdout, reason = "it talks to a person")]

mod check;
mod instructions;

use std::{error::Error, net::TcpListener, path::PathBuf, time::Duration};

use clap::Parser;
use dev_authorization_server::{DevAuthorizationServer, DevClient, DevConfig};
use oscal_documents::{Library, Schemas};
use oscal_mcp_server::{
    config::{AllowedOrigins, AuthConfig, BuiltInDocuments, HttpConfig, LogConfig},
    host::Host,
    load_library,
    mcp::{OscalServer, ScopeRules},
    telemetry,
};
use rmcp_resource_server::{
    ClientCredentials, IntrospectionConfig, ResourceServerConfig, VerifierConfig,
};

const SCOPE: &str = "oscal:read";
const OTHER_RESOURCE: &str = "https://other.example/api";

/// The client that calls tools on its own behalf.
const MACHINE: (&str, &str) = ("quickstart-client", "quickstart-client-secret");
/// The MCP server's own client id and secret, for introspection.
const RESOURCE_SERVER: (&str, &str) = ("quickstart-mcp-server", "quickstart-mcp-server-secret");

/// An OSCAL MCP server and an authorization server for development, in one process
#[derive(Debug, Parser)]
struct Options {
    /// Try everything over HTTP on free ports, print each exchange in short, and exit
    #[arg(long)]
    check: bool,
    /// Port of the MCP server
    #[arg(long, default_value_t = 8000)]
    port: u16,
    /// Port of the authorization server
    #[arg(long, default_value_t = 8009)]
    as_port: u16,
    /// Directory of OSCAL documents, in addition to the built-in ones
    #[arg(long)]
    documents_dir: Option<PathBuf>,
}

/// The addresses of the running servers.
struct Urls {
    issuer: String,
    mcp: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    telemetry::init(
        &LogConfig {
            level: "warn".to_owned(),
            json: false,
        },
        None,
    );
    actix_web::rt::System::new().block_on(quickstart(options))
}

async fn quickstart(options: Options) -> Result<(), Box<dyn Error>> {
    let (port, as_port) = match options.check {
        true => (free_port()?, 0),
        false => (options.port, options.as_port),
    };
    let mcp = format!("http://127.0.0.1:{port}/mcp");
    let authorization_server = DevAuthorizationServer::start(DevConfig {
        port: as_port,
        resources: vec![mcp.clone(), OTHER_RESOURCE.to_owned()],
        scopes: vec![SCOPE.to_owned()],
        clients: vec![
            DevClient::machine(MACHINE.0, MACHINE.1),
            DevClient::resource_server(RESOURCE_SERVER.0, RESOURCE_SERVER.1),
        ],
        ..DevConfig::default()
    })
    .map_err(|error| format!("port {as_port}: {error}; choose another one with --as-port"))?;
    let urls = Urls {
        issuer: authorization_server.issuer().to_owned(),
        mcp,
    };
    let library = load_library(options.documents_dir.as_deref(), BuiltInDocuments::Always)?;
    let host = Host::start(protected(&urls, port)?, server(library))
        .map_err(|error| format!("{error}; choose another port with --port"))?;

    if options.check {
        actix_web::rt::spawn(host.run());
        check::check(&urls).await
    } else {
        println!("{}", instructions::text(&urls));
        Ok(host.run().await?)
    }
}

fn server(library: Library) -> OscalServer {
    OscalServer::authorized("OSCAL", library, Schemas::default(), ScopeRules::default())
}

/// The configuration that flags and variables would give; see the README.
fn protected(urls: &Urls, port: u16) -> Result<HttpConfig, Box<dyn Error>> {
    let mut resource_server = ResourceServerConfig::new(urls.mcp.parse()?, urls.issuer.parse()?);
    resource_server.required_scopes = SCOPE.parse()?;
    resource_server.resource_name = Some("OSCAL quickstart".to_owned());
    let mut introspection = IntrospectionConfig::new(
        resource_server.authorization_server.clone(),
        ClientCredentials::secret_basic(RESOURCE_SERVER.0, RESOURCE_SERVER.1),
    );
    // A short time, so that a person who is watching notices a revocation.
    introspection.cache.ttl = Duration::from_secs(2);
    Ok(HttpConfig {
        port,
        // The origin of the MCP Inspector's page.
        allowed_origins: AllowedOrigins::Only(
            ["http://localhost:6274", "http://127.0.0.1:6274"]
                .map(str::to_owned)
                .to_vec(),
        ),
        auth: Some(AuthConfig {
            resource_server,
            verifier: VerifierConfig::Introspection(introspection),
            logout: None,
            shared_store: None,
        }),
        ..HttpConfig::default()
    })
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
