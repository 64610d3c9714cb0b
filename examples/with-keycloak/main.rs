//! The OSCAL MCP server with a real Keycloak and the realm of `examples/keycloak`.
//!
//! ```sh
//! cargo run --example with-keycloak                      # with the Keycloak at 127.0.0.1:8180
//! cargo run --example with-keycloak -- --start           # starts one by examples/keycloak/start
//! cargo run --example with-keycloak -- --start --check   # ends after the steps
//! ```
#![expect(clippy::print_stdout, reason = "it talks to a person")]

mod keycloak;
mod steps;

use std::{error::Error, net::TcpListener, process::ExitCode, time::Duration};

use clap::Parser;
use oscal_documents::Schemas;
use oscal_mcp_server::{
    config::{AuthConfig, BuiltInDocuments, HttpConfig, LogConfig},
    host::Host,
    load_library,
    mcp::{OscalServer, ScopeRules},
    telemetry,
};
use rmcp_resource_server::{
    ClientCredentials, IntrospectionConfig, ResourceServerConfig, VerifierConfig,
};

use steps::Steps;

/// The MCP server's URL in `realm.json`, where it is the client id and the audience of tokens.
const RESOURCE: &str = "http://127.0.0.1:8000/mcp";
const RESOURCE_PORT: u16 = 8000;
const RESOURCE_SERVER_SECRET: &str = "mcp-server-secret";
const SCOPE: &str = "oscal:read";

/// The OSCAL MCP server with a real Keycloak
#[derive(Debug, Parser)]
struct Options {
    /// The realm, set up like examples/keycloak/realm.json
    #[arg(long, default_value = "http://127.0.0.1:8180/realms/mcp")]
    issuer: String,
    /// Start Keycloak by examples/keycloak/start, and end it at the end
    #[arg(long)]
    start: bool,
    /// Exit after the steps, with 0 if all went as expected
    #[arg(long)]
    check: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    telemetry::init(
        &LogConfig {
            level: "warn".to_owned(),
            json: false,
        },
        None,
    );
    match actix_web::rt::System::new().block_on(with_keycloak(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("   FAILED: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn with_keycloak(options: &Options) -> Result<(), Box<dyn Error>> {
    let mut steps = Steps::new(&options.issuer)?;
    // Stopped at the end of this function.
    let _started = match options.start {
        true => Some(keycloak::start(&options.issuer).await?),
        false => None,
    };
    let endpoints = steps.metadata().await?;

    // A server may already use the port while a check runs. In that case our address is not the
    // public one.
    let port = match options.check {
        true => TcpListener::bind("127.0.0.1:0")?.local_addr()?.port(),
        false => RESOURCE_PORT,
    };
    let server = OscalServer::authorized(
        "OSCAL",
        load_library(None, BuiltInDocuments::Auto)?,
        Schemas::default(),
        ScopeRules::default(),
    );
    let host = Host::start(protected(&options.issuer, port)?, server)?;
    let running = actix_web::rt::spawn(host.run());
    steps
        .tools(&endpoints, &format!("http://127.0.0.1:{port}/mcp"))
        .await?;
    if options.check {
        return Ok(());
    }
    println!(
        "\nThe server goes on at {RESOURCE}, until Ctrl-C: give this URL to an MCP client, and log \
         in as alice with the password wonderland."
    );
    Ok(running.await??)
}

/// The configuration that flags and variables would give; see `examples/keycloak/README.md`.
fn protected(issuer: &str, port: u16) -> Result<HttpConfig, Box<dyn Error>> {
    let mut resource_server = ResourceServerConfig::new(RESOURCE.parse()?, issuer.parse()?);
    resource_server.required_scopes = SCOPE.parse()?;
    let mut introspection = IntrospectionConfig::new(
        resource_server.authorization_server.clone(),
        ClientCredentials::secret_basic(RESOURCE, RESOURCE_SERVER_SECRET),
    );
    // Keycloak is slow just after its start.
    introspection.authorization_server.timeout = Duration::from_secs(10);
    Ok(HttpConfig {
        port,
        auth: Some(AuthConfig {
            resource_server,
            verifier: VerifierConfig::Introspection(introspection),
            logout: None,
            shared_store: None,
        }),
        ..HttpConfig::default()
    })
}
