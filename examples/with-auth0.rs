//! An OSCAL MCP server behind Auth0, which has no introspection endpoint: its tokens for a
//! registered API are JWTs, which the server verifies by their signatures.
//!
//! In the Auth0 dashboard:
//!
//! 1. Applications, APIs, Create API: the identifier is the public URL of the MCP endpoint
//!    (`https://mcp.example.com/mcp`), exactly; it becomes `aud`. Signing algorithm RS256.
//! 2. In that API, Permissions: one for each scope, such as `oscal:read`. Machine to Machine
//!    Applications: authorize the clients that act for themselves.
//! 3. Settings, Advanced: turn on Resource Parameter Compatibility Profile, because MCP clients
//!    request tokens with `resource` (RFC 8707), while Auth0 alone understands only `audience`.
//! 4. For clients that register themselves: Settings, Advanced, Dynamic Client Registration, plus a
//!    connection (user store) that third-party applications may use. Otherwise: an application of
//!    type Native for each client, with its redirect URI.
//!
//! Then set `--auth-issuer-url https://TENANT.auth0.com/` (with the slash), `--auth-verifier jwt`,
//! `--auth-jwt-types JWT` (omit it if the API's token profile is RFC 9068), and
//! `--auth-required-scopes oscal:read`, because ID tokens are of the same type. No client id or
//! secret is needed: the server asks nobody about a token.
//!
//! A token requested for no API is opaque, and only Auth0's userinfo endpoint accepts it. It can be
//! verified there (`--auth-verifier userinfo --auth-accept-unbound-tokens`), as a last resort:
//! userinfo does not say for whom a token was issued, so a token given to any other application of
//! the tenant opens this server too. That does not meet the audience rule of MCP.
//!
//! ```sh
//! cargo run --example with-auth0                         # these steps
//! cargo run --example with-auth0 -- --check              # all of it against a fake Auth0
//! cargo run --example with-auth0 -- --issuer https://TENANT.auth0.com/   # your tenant
//! ```
#![expect(clippy::print_stdout, reason = "it talks to a person")]

use std::{error::Error, net::TcpListener, str::FromStr};

use clap::Parser;
use dev_authorization_server::{FakeAuthorizationServer, MetadataForm, Reply, SigningKey, jwks};
use oscal_documents::Schemas;
use oscal_mcp_server::{
    config::{AuthConfig, BuiltInDocuments, HttpConfig, LogConfig},
    host::Host,
    load_library,
    mcp::{OscalServer, ScopeRules},
    telemetry,
};
use reqwest::{Client, redirect::Policy};
use rmcp_resource_server::{
    AuthorizationServer, Issuer, JwtConfig, ResourceServerConfig, UserinfoConfig, VerifierConfig,
    diagnose::diagnose,
};
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const SCOPE: &str = "oscal:read";

/// An OSCAL MCP server behind Auth0
#[derive(Debug, Parser)]
struct Options {
    /// Try everything against a fake Auth0 on free ports, and exit
    #[arg(long)]
    check: bool,
    /// Your tenant, such as https://TENANT.auth0.com/ (with the slash): check it, and serve
    #[arg(long)]
    issuer: Option<Issuer>,
    /// The API's identifier: the URL of the MCP endpoint [default: where this one listens]
    #[arg(long)]
    resource: Option<String>,
    /// Port of the MCP server
    #[arg(long, default_value_t = 8000)]
    port: u16,
}

fn main() -> Result<()> {
    let options = Options::parse();
    telemetry::init(
        &LogConfig {
            level: "warn".to_owned(),
            json: false,
        },
        None,
    );
    actix_web::rt::System::new().block_on(async {
        match &options.issuer {
            _ if options.check => check().await,
            Some(issuer) => serve(issuer, &options).await,
            None => {
                println!("{}", steps());
                Ok(())
            }
        }
    })
}

/// The documentation of this file, up to the commands.
fn steps() -> String {
    let lines = include_str!("with-auth0.rs").lines();
    let text = lines.map_while(|line| line.strip_prefix("//!"));
    let text: Vec<_> = text
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    text.join("\n").replace("```sh\n", "").replace("```", "")
}

/// What a token must satisfy.
fn resource_server(resource: &str, issuer: &Issuer) -> Result<ResourceServerConfig> {
    let mut config =
        ResourceServerConfig::new(resource.parse()?, AuthorizationServer::new(issuer.clone()));
    config.resource_name = Some("OSCAL behind Auth0".to_owned());
    Ok(config)
}

/// Auth0's own token profile writes `JWT`; the RFC 9068 profile writes `at+jwt`.
fn by_signature(config: &ResourceServerConfig) -> VerifierConfig {
    let mut jwt = JwtConfig::new(config.authorization_server.clone());
    jwt.accepted_types = vec!["JWT".to_owned(), "at+jwt".to_owned()];
    VerifierConfig::Jwt(jwt)
}

/// Listens on a port of this machine. Stops when dropped or told to.
fn start(
    port: u16,
    resource_server: ResourceServerConfig,
    verifier: VerifierConfig,
) -> Result<Host> {
    let mcp = OscalServer::authorized(
        "OSCAL",
        load_library(None, BuiltInDocuments::Auto)?,
        Schemas::default(),
        ScopeRules::default(),
    );
    let auth = Some(AuthConfig {
        resource_server,
        verifier,
        logout: None,
        shared_store: None,
    });
    let config = HttpConfig {
        port,
        auth,
        ..HttpConfig::default()
    };
    Ok(Host::start(config, mcp)?)
}

/// Checks a real tenant, and serves behind it.
async fn serve(issuer: &Issuer, options: &Options) -> Result<()> {
    let own = format!("http://127.0.0.1:{}/mcp", options.port);
    let resource = options.resource.as_deref().unwrap_or(&own);
    let mut config = resource_server(resource, issuer)?;
    config.required_scopes = SCOPE.parse()?;
    let jwt = by_signature(&config);
    let diagnosis = diagnose(&jwt, &config, None).await?;
    for check in &diagnosis.server {
        println!("{:<7}  {:<10}  {}", check.outcome, check.name, check.found);
    }
    if !diagnosis.is_healthy() {
        return Err("this tenant cannot be used as configured".into());
    }
    let host = start(options.port, config, jwt)?;
    println!(
        "The server listens at {own} for tokens with aud {resource} and scope {SCOPE}.\n\
         To have one explained:\n\n  \
         oscal-mcp-server doctor --auth-issuer-url {issuer} --auth-resource-server-url {resource} \\\n    \
         --auth-verifier jwt --auth-jwt-types JWT --auth-required-scopes {SCOPE} --token-file token"
    );
    Ok(host.run().await?)
}

/// Goes through Auth0's behaviour with tokens of the same shape. The first surprise is the error.
async fn check() -> Result<()> {
    let fake = FakeAuthorizationServer::start();
    let key = SigningKey::new("RS256", "auth0-key");
    // Auth0's issuer ends with a slash, in metadata and in tokens.
    let issuer_text = format!("{}/", fake.issuer());
    let issuer = Issuer::from_str(&issuer_text)?;
    fake.serve("/.well-known/jwks.json", jwks(&[&key]));
    fake.serve_metadata(MetadataForm::OAuth, Reply::status(404));
    fake.serve_metadata(
        MetadataForm::OpenIdAppended,
        json!({
            "issuer": issuer_text,
            "jwks_uri": fake.url("/.well-known/jwks.json"),
            "userinfo_endpoint": fake.url("/userinfo"),
        }),
    );

    println!("1. the JWT verifier: tokens for the registered API");
    let port = free_port()?;
    let resource = format!("http://127.0.0.1:{port}/mcp");
    let mut config = resource_server(&resource, &issuer)?;
    config.required_scopes = SCOPE.parse()?;
    let jwt = by_signature(&config);
    let diagnosis = diagnose(&jwt, &config, None).await?;
    said("the tenant is sound", &diagnosis.is_healthy(), &true)?;
    let host = start(port, config, jwt)?;
    actix_web::rt::spawn(host.run());
    let mcp = Mcp::at(&resource)?;
    mcp.ready().await?;

    let header = json!({"typ": "JWT"});
    let claims = json!({
        "iss": issuer_text, "sub": "auth0|7", "aud": [resource, format!("{issuer_text}userinfo")],
        "azp": "agent", "iat": 1_800_000_000_u64, "exp": 4_102_444_800_u64,
        "scope": format!("openid profile {SCOPE}"),
    });
    let with = |member: &str, value: &str| {
        let mut claims = claims.clone();
        claims[member] = json!(value);
        key.token_with(&header, &claims)
    };
    mcp.expect("without a token", None, 401).await?;
    let good = key.token_with(&header, &claims);
    let about = mcp.expect("a token for the API", Some(&good), 200).await?;
    let caller = &about["result"]["structuredContent"]["caller"];
    said("its user", &caller["subject"], &json!("auth0|7"))?;
    said("its client", &caller["client_id"], &json!("agent"))?;
    let foreign = with("aud", "https://other.example.com");
    mcp.expect("a token for another API", Some(&foreign), 401)
        .await?;
    let poor = with("scope", "openid");
    mcp.expect("without the permission", Some(&poor), 403)
        .await?;
    mcp.expect("a token for no API (opaque)", Some("opaque"), 401)
        .await?;

    println!("2. the userinfo verifier, for opaque tokens: whoever they were given to");
    let port = free_port()?;
    let resource = format!("http://127.0.0.1:{port}/mcp");
    let mut config = resource_server(&resource, &issuer)?;
    config.accept_unbound_tokens = true;
    let userinfo =
        VerifierConfig::Userinfo(UserinfoConfig::new(config.authorization_server.clone()));
    let host = start(port, config, userinfo)?;
    actix_web::rt::spawn(host.run());
    let mcp = Mcp::at(&resource)?;
    mcp.ready().await?;
    fake.serve(
        "/userinfo",
        json!({"sub": "auth0|7", "email": "alice@example.com"}),
    );
    mcp.expect("an opaque token", Some("opaque"), 200).await?;
    mcp.expect("one given to another application", Some("elsewhere"), 200)
        .await?;
    fake.serve("/userinfo", Reply::status(401));
    mcp.expect("an expired one", Some("expired"), 401).await?;
    println!("all steps went as expected");
    Ok(())
}

/// A client of one MCP server.
struct Mcp {
    http: Client,
    url: String,
}

impl Mcp {
    fn at(url: &str) -> Result<Self> {
        let http = Client::builder()
            .no_proxy()
            .tls_certs_only([])
            .redirect(Policy::none());
        Ok(Self {
            http: http.build()?,
            url: url.to_owned(),
        })
    }

    /// Waits until the server knows the keys or the endpoint.
    async fn ready(&self) -> Result<()> {
        const ATTEMPTS: usize = 200;
        let url = self.url.replace("/mcp", "/readyz");
        for _ in 0..ATTEMPTS {
            let answer = self.http.get(&url).send().await;
            if answer.is_ok_and(|answer| answer.status() == 200) {
                return Ok(());
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        Err("the server did not become ready".into())
    }

    /// Calls the tool `about`.
    async fn expect(&self, step: &str, token: Option<&str>, status: u16) -> Result<Value> {
        let mut request = self
            .http
            .post(&self.url)
            .header("Accept", "application/json, text/event-stream")
            .json(&json!({
                "jsonrpc": "2.0", "id": 1, "method": "tools/call",
                "params": {"name": "about", "arguments": {}},
            }));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await?;
        said(step, &response.status().as_u16(), &status)?;
        Ok(response.json().await?)
    }
}

fn said<T: PartialEq + std::fmt::Display>(step: &str, found: &T, wanted: &T) -> Result<()> {
    println!("   {step}: {found}");
    match found == wanted {
        true => Ok(()),
        false => Err(format!("{step}: expected {wanted}, found {found}").into()),
    }
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
