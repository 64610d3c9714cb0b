//! node oidc-provider: opaque tokens, resource indicators, and a client secret full of characters
//! that need encoding.

mod certificates;
mod client_keys;
mod dpop;
mod signed_introspection;

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use reqwest::{Certificate, Client, Response};
use serde_json::{Value, json};

use crate::{
    environment,
    support::{Server, free_port},
};

pub(crate) const RESOURCE: &str = "https://mcp.example.com/mcp";
const OTHER: &str = "https://other.example/api";
const SCOPE: &str = "mcp:tools";

/// Whether this build of the server accepts an algorithm: a FIPS build does without Ed25519.
fn is_accepted(algorithm: &str) -> bool {
    !cfg!(feature = "fips") || !["EdDSA", "Ed25519"].contains(&algorithm)
}

/// A running oidc-provider. It is killed when dropped.
pub(crate) struct OidcProvider {
    process: Child,
    origin: String,
    port: u16,
    variables: Vec<(&'static str, String)>,
    http: Client,
}

impl OidcProvider {
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(vec![("RESOURCE", RESOURCE.to_owned())])
    }

    /// With variables, which `oidc-provider.mjs` explains.
    pub(crate) fn start_with(variables: Vec<(&'static str, String)>) -> Option<Self> {
        Self::start_at("http://127.0.0.1", None, variables)
    }

    /// At `host`, over `https` with a certificate from `ca`.
    fn start_at(
        host: &str,
        ca: Option<Certificate>,
        variables: Vec<(&'static str, String)>,
    ) -> Option<Self> {
        environment::installed("node/node_modules/oidc-provider")?;
        let port = free_port();
        Some(Self {
            process: spawn(port, &variables),
            origin: format!("{host}:{port}"),
            port,
            variables,
            http: Client::builder()
                .no_proxy()
                .tls_certs_only(ca)
                .build()
                .expect("a client"),
        })
    }

    pub(crate) fn issuer(&self) -> String {
        self.origin.clone()
    }

    fn stop(&mut self) {
        // Both fail only if the process has already exited.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    fn restart(&mut self) {
        self.process = spawn(self.port, &self.variables);
    }

    /// A token from client credentials.
    pub(crate) async fn token(&self, client: &str, resource: &str) -> String {
        let form = [
            ("grant_type", "client_credentials"),
            ("resource", resource),
            ("scope", SCOPE),
        ];
        let answer: Value = self
            .post("/token", client, &form)
            .await
            .json()
            .await
            .expect("JSON");
        answer["access_token"]
            .as_str()
            .unwrap_or_else(|| panic!("no token: {answer}"))
            .to_owned()
    }

    async fn revoke(&self, client: &str, token: &str) {
        let form = [("token", token)];
        let response = self.post("/token/revocation", client, &form).await;
        assert_eq!(response.status(), 200);
    }

    async fn post(&self, path: &str, client: &str, form: &[(&str, &str)]) -> Response {
        self.http
            .post(format!("{}{path}", self.issuer()))
            .basic_auth(client, Some(format!("{client}-secret-0123456789")))
            .form(form)
            .send()
            .await
            .expect("an answer")
    }
}

impl Drop for OidcProvider {
    fn drop(&mut self) {
        self.stop();
    }
}

fn spawn(port: u16, variables: &[(&str, String)]) -> Child {
    let folder = environment::installed("node").expect("checked before");
    let mut process = Command::new("node")
        .arg("oidc-provider.mjs")
        .current_dir(folder)
        .env("PORT", port.to_string())
        .envs(variables.iter().cloned())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("node runs");
    let mut line = String::new();
    BufReader::new(process.stdout.as_mut().expect("piped"))
        .read_line(&mut line)
        .expect("it says that it is ready");
    assert!(line.starts_with("READY"), "{line}");
    process
}

/// The OSCAL server with NIST's catalog, protected by `provider`.
pub(crate) fn protected(provider: &OidcProvider, more: &[&str]) -> Option<Server> {
    let documents = environment::nist_documents()?;
    let mut flags: Vec<String> = [
        "--transport=streamable-http",
        "--port=0",
        "--log-format=json",
        "--auth-client-id=mcp-rs",
        &format!("--auth-issuer-url={}", provider.issuer()),
        &format!("--auth-resource-server-url={RESOURCE}"),
        &format!("--auth-required-scopes={SCOPE}"),
        &format!("--documents-dir={}", documents.display()),
        "--auth-cache-ttl=1s",
    ]
    .map(str::to_owned)
    .to_vec();
    flags.extend(more.iter().map(|&flag| flag.to_owned()));
    let server = Server::start(&flags, &[("OSCAL_AUTH_CLIENT_SECRET", "rs secret:+/%&")]);
    server.wait_for_log("authorization server found");
    Some(server)
}

async fn status(server: &Server, token: &str) -> u16 {
    let arguments = json!({"control": "AC-2(1)"});
    let request = server.call("get_control", &arguments).bearer_auth(token);
    request.send().await.expect("an answer").status().as_u16()
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn a_machine_token_reads_nists_control_and_bad_tokens_do_not() {
    let Some(provider) = OidcProvider::start() else {
        return;
    };
    let Some(server) = protected(&provider, &[]) else {
        return;
    };
    let token = provider.token("machine", RESOURCE).await;
    let response = server
        .call("get_control", &json!({"control": "AC-2(1)"}))
        .bearer_auth(&token)
        .send()
        .await
        .expect("an answer");
    assert_eq!(response.status(), 200);
    let answer: Value = response.json().await.expect("JSON");
    let control = &answer["result"]["structuredContent"];
    assert_eq!(control["id"], "ac-2.1");
    assert_eq!(
        control["parts"][0]["text"],
        "Support the management of system accounts using [Assignment: organization-defined automated mechanisms]."
    );
    let about = server.about(&token).await;
    assert_eq!(
        about["caller"],
        json!({"kind": "client", "client_id": "machine", "scopes": [SCOPE]})
    );

    let foreign = provider.token("machine", OTHER).await;
    assert_eq!(status(&server, &foreign).await, 401, "another audience");
    assert_eq!(status(&server, "garbage").await, 401);
    let jwt = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.x";
    assert_eq!(status(&server, jwt).await, 401, "garbage like a JWT");

    let short = provider.token("machine-short", RESOURCE).await;
    assert_eq!(status(&server, &short).await, 200);
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert_eq!(status(&server, &short).await, 401, "expired");

    provider.revoke("machine", &token).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(status(&server, &token).await, 401, "revoked");
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn the_authorization_server_goes_away_and_comes_back() {
    let Some(mut provider) = OidcProvider::start() else {
        return;
    };
    let Some(server) = protected(&provider, &[]) else {
        return;
    };
    let token = provider.token("machine", RESOURCE).await;
    assert_eq!(status(&server, &token).await, 200);
    provider.stop();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let response = server
        .call("about", &json!({}))
        .bearer_auth(&token)
        .send()
        .await
        .expect("an answer");
    assert_eq!(response.status(), 503);
    assert!(response.headers().contains_key("retry-after"));
    assert!(!response.headers().contains_key("www-authenticate"));

    provider.restart();
    let token = provider.token("machine", RESOURCE).await;
    assert_eq!(status(&server, &token).await, 200);
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn a_client_that_may_not_introspect_and_wrong_credentials_are_told_apart() {
    let Some(provider) = OidcProvider::start() else {
        return;
    };
    let token = provider.token("machine", RESOURCE).await;
    for (client, secret, method, expected, logged) in [
        (
            "stranger-rs",
            "stranger-secret-0123456789",
            "basic",
            401,
            "inactive",
        ),
        ("mcp-rs", "wrong", "basic", 503, "credentials_refused"),
        (
            "mcp-rs-post",
            "rs-post-secret-0123456789",
            "post",
            200,
            "listening",
        ),
    ] {
        let flags: Vec<String> = [
            "--transport=streamable-http",
            "--port=0",
            "--log-format=json",
            &format!("--auth-client-id={client}"),
            &format!("--auth-client-auth-method=client_secret_{method}"),
            &format!("--auth-issuer-url={}", provider.issuer()),
            &format!("--auth-resource-server-url={RESOURCE}"),
        ]
        .map(str::to_owned)
        .to_vec();
        let server = Server::start(&flags, &[("OSCAL_AUTH_CLIENT_SECRET", secret)]);
        server.wait_for_log("authorization server found");
        let request = server.call("about", &json!({})).bearer_auth(&token);
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), expected, "{client}");
        server.wait_for_log(logged);
    }
}
