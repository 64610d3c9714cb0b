//! Shared by the tests of all authorization servers: how to get their tokens, and what this server
//! and the doctor say.

use std::{
    process::{Child, Command},
    time::{Duration, Instant},
};

use reqwest::{Client, RequestBuilder, StatusCode, Url};
use serde_json::{Value, json};

use crate::{
    person::{self, parameter},
    support::{self, RESOURCE, Server},
};

pub(crate) const SCOPE: &str = "oscal:read";

/// The secret of the client `mcp`, full of characters that HTTP Basic must encode.
pub(crate) const SECRET: &str = "hush:+/%& é";

/// The redirect URI of the client `desktop`; nobody listens there.
const CALLBACK: &str = "http://127.0.0.1:9/callback";

/// The PKCE verifier for S256 (RFC 7636 §4.2).
const VERIFIER: &str = "a-verifier-of-the-interoperability-tests-0123456789";
const CHALLENGE: &str = "QR9AEtkqZ0zqENQBKYGsH8aREyzG5wKPJnyVOC8XbSk";

/// A process with an origin and the endpoints below it. It is killed when dropped.
pub(crate) struct Running {
    process: Child,
    pub(crate) http: Client,
}

impl Running {
    /// Starts the process, and waits until `url` answers.
    pub(crate) async fn start(command: &mut Command, url: &str) -> Self {
        const PATIENCE: Duration = Duration::from_secs(90);
        let http = Client::builder().no_proxy().tls_certs_only([]).build();
        let mut running = Self {
            process: command.spawn().expect("it starts"),
            http: http.expect("a client"),
        };
        let deadline = Instant::now() + PATIENCE;
        while running.http.get(url).send().await.is_err() {
            let ended = running.process.try_wait().expect("a child");
            let waiting = ended.is_none() && Instant::now() < deadline;
            assert!(waiting, "{command:?} does not answer: {ended:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        running
    }

    pub(crate) fn stop(&mut self) {
        // Both fail only if the process has already exited.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// A request to the token endpoint, or one like it, as `client`.
    pub(crate) fn post(&self, url: &str, client: &str, form: &[(&str, &str)]) -> RequestBuilder {
        let request = self.http.post(url).form(form);
        request.basic_auth(client, Some(format!("{client}-secret")))
    }

    /// A token for `client` from client credentials.
    pub(crate) async fn machine_token(
        &self,
        token_url: &str,
        client: &str,
        resource: Option<&str>,
    ) -> String {
        let mut form = vec![("grant_type", "client_credentials"), ("scope", SCOPE)];
        form.extend(resource.map(|resource| ("resource", resource)));
        let request = self.post(token_url, client, &form);
        let response = request.send().await.expect("an answer");
        text(&response.json().await.expect("JSON"), "access_token")
    }

    /// What `desktop` gets when alice logs in: access, refresh and ID token.
    pub(crate) async fn user_tokens(&self, authorize_url: &str, token_url: &str) -> Tokens {
        let scope = format!("openid {SCOPE}");
        let query = [
            ("response_type", "code"),
            ("client_id", "desktop"),
            ("redirect_uri", CALLBACK),
            ("scope", &scope),
            ("resource", RESOURCE),
            ("state", "a-state-of-some-length"),
            ("nonce", "a-nonce"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        let start = Url::parse_with_params(authorize_url, query).expect("a URL");
        let at_client = person::agree(start.as_str()).await;
        let code = parameter(&at_client, "code").expect("a code");
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        let request = self.post(token_url, "desktop", &form);
        let response = request.send().await.expect("an answer");
        let tokens: Value = response.json().await.expect("JSON");
        Tokens {
            access: text(&tokens, "access_token"),
            refresh: text(&tokens, "refresh_token"),
            id: text(&tokens, "id_token"),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The three tokens from a user's login.
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) id: String,
}

fn text(tokens: &Value, member: &str) -> String {
    let token = tokens[member].as_str();
    token.unwrap_or_else(|| panic!("{tokens}")).to_owned()
}

/// The options for the authorization server `issuer`, as client `mcp`.
pub(crate) fn options(issuer: &str, more: &[&str]) -> Vec<String> {
    let options = [
        format!("--auth-issuer-url={issuer}"),
        format!("--auth-resource-server-url={RESOURCE}"),
    ];
    let more = more.iter().map(|&flag| flag.to_owned());
    options.into_iter().chain(more).collect()
}

/// A server with these options that has found the authorization server.
pub(crate) fn protected(options: &[String], secret: &str) -> Server {
    let common = [
        "--transport=streamable-http",
        "--port=0",
        "--log-format=json",
        "--auth-cache-ttl=1s",
    ];
    let flags: Vec<_> = common
        .iter()
        .map(|&flag| flag.to_owned())
        .chain(options.iter().cloned())
        .collect();
    let server = Server::start(&flags, &[("OSCAL_AUTH_CLIENT_SECRET", secret)]);
    server.wait_for_log("authorization server found");
    server
}

/// The status of a call with `token`.
pub(crate) async fn status(server: &Server, token: &str) -> StatusCode {
    let request = server.call("about", &json!({})).bearer_auth(token);
    request.send().await.expect("an answer").status()
}

/// Asserts that an unreachable authorization server results in 503, not 401.
pub(crate) async fn assert_unavailable(server: &Server, token: &str) {
    let request = server.call("about", &json!({})).bearer_auth(token);
    let response = request.send().await.expect("an answer");
    assert_eq!(response.status(), 503);
    assert!(response.headers().contains_key("retry-after"));
    assert!(!response.headers().contains_key("www-authenticate"));
}

/// The doctor's report.
pub(crate) struct Verdict(Value);

impl Verdict {
    /// Asks the doctor about these options, and about a token.
    pub(crate) fn of(options: &[String], secret: Option<&str>, token: Option<&str>) -> Self {
        let mut flags = options.to_vec();
        flags.push("--json".to_owned());
        let secret = secret.map(|secret| ("OSCAL_AUTH_CLIENT_SECRET", secret));
        let variables: Vec<_> = secret.into_iter().collect();
        let output = support::doctor(&flags, &variables, token);
        let report: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", support::stderr(&output)));
        let healthy = output.status.code() == Some(0);
        assert_eq!(report["healthy"], json!(healthy), "{report:#}");
        Self(report)
    }

    /// The checks that failed or gave a warning.
    pub(crate) fn complaints(&self) -> Vec<(&str, &str)> {
        self.checks()
            .map(|check| (text_of(check, "check"), text_of(check, "outcome")))
            .filter(|(_, outcome)| ["failed", "warning"].contains(outcome))
            .collect()
    }

    /// The finding and the advice of the last check with this name.
    pub(crate) fn said(&self, name: &str) -> String {
        let check = self.checks().filter(|check| check["check"] == name).last();
        let check = check.unwrap_or_else(|| panic!("no {name} in {:#}", self.0));
        format!("{} {}", text_of(check, "found"), text_of(check, "fix"))
    }

    fn checks(&self) -> impl Iterator<Item = &Value> {
        self.0["checks"].as_array().expect("checks").iter()
    }
}

fn text_of<'v>(check: &'v Value, member: &str) -> &'v str {
    check[member].as_str().unwrap_or_default()
}
