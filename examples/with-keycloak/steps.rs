//! The steps. Each is printed, and a failure names its step.

use std::error::Error;

use reqwest::{Client, Response, StatusCode, redirect::Policy};
use serde_json::{Value, json};

use crate::{RESOURCE, SCOPE};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A client whose tokens are lightweight, and one whose tokens are not.
const LIGHTWEIGHT: (&str, &str) = ("machine", "machine-secret");
const FULL: (&str, &str) = ("machine-full", "machine-full-secret");

pub(crate) struct Steps<'a> {
    http: Client,
    issuer: &'a str,
    step: usize,
}

impl<'a> Steps<'a> {
    pub(crate) fn new(issuer: &'a str) -> Result<Self> {
        Ok(Self {
            http: Client::builder()
                .no_proxy()
                .tls_certs_only([])
                .redirect(Policy::none())
                .build()?,
            issuer,
            step: 0,
        })
    }

    /// Finds Keycloak, and returns its metadata.
    pub(crate) async fn metadata(&mut self) -> Result<Value> {
        self.next("Keycloak is running and is the configured issuer");
        let url = format!("{}/.well-known/openid-configuration", self.issuer);
        let response = self.http.get(&url).send().await.map_err(|_error| {
            format!(
                "no answer at {url}. Start Keycloak with examples/keycloak/start in another \
                 terminal, or give --start; use --issuer for another realm"
            )
        })?;
        said(&url, &response);
        if response.status() != StatusCode::OK {
            return Err(format!("there is no realm {}", self.issuer).into());
        }
        let metadata: Value = response.json().await?;
        if metadata["issuer"] != self.issuer {
            return Err(format!(
                "Keycloak calls itself {}. Pin its name with --hostname, and configure that",
                metadata["issuer"]
            )
            .into());
        }
        Ok(metadata)
    }

    /// Gets tokens and calls tools at `mcp`.
    pub(crate) async fn tools(&mut self, keycloak: &Value, mcp: &str) -> Result<()> {
        self.next("without a token, the server says where to get one");
        let response = self.http.post(mcp).send().await?;
        said(mcp, &response);
        expect(&response, StatusCode::UNAUTHORIZED)?;
        let challenge = response.headers().get("www-authenticate");
        let challenge = challenge.ok_or("no WWW-Authenticate")?.to_str()?;
        println!("   {challenge}");

        self.next(
            "a lightweight token calls a tool: Keycloak tells by introspection whom it is for",
        );
        let token = self.token(keycloak, LIGHTWEIGHT, Some(SCOPE)).await?;
        let arguments = json!({"control": "RS-45"});
        let control = self.call(mcp, &token, "get_control", arguments).await?;
        println!("   {}: {}", control["label"], control["title"]);

        self.next("a full token calls a tool");
        let token = self.token(keycloak, FULL, Some(SCOPE)).await?;
        let about = self.call(mcp, &token, "about", json!({})).await?;
        println!("   the caller is {}", about["caller"]);
        if about["caller"]["client_id"] != FULL.0 {
            return Err("that is somebody else".into());
        }

        self.next("a token that is not for this server is refused");
        let token = self.token(keycloak, FULL, None).await?;
        let response = self.send(mcp, &token, "about", json!({})).await?;
        said(&format!("{mcp} about"), &response);
        expect(&response, StatusCode::UNAUTHORIZED)?;
        println!("all steps went as expected");
        Ok(())
    }

    fn next(&mut self, what: &str) {
        self.step += 1;
        println!("{}. {what}", self.step);
    }

    /// A token from client credentials. The scope adds the audience.
    async fn token(
        &self,
        keycloak: &Value,
        (id, secret): (&str, &str),
        scope: Option<&str>,
    ) -> Result<String> {
        let endpoint = keycloak["token_endpoint"].as_str();
        let endpoint = endpoint.ok_or("no token_endpoint in the metadata")?;
        let mut form = vec![("grant_type", "client_credentials")];
        form.extend(scope.map(|scope| ("scope", scope)));
        let request = self.http.post(endpoint).basic_auth(id, Some(secret));
        let response = request.form(&form).send().await?;
        said(&format!("{endpoint} as {id}"), &response);
        let status = response.status();
        let answer: Value = response.json().await?;
        match (status, answer["access_token"].as_str()) {
            (StatusCode::OK, Some(token)) => Ok(token.to_owned()),
            _ => Err(format!("no token, but {}", answer["error"]).into()),
        }
    }

    async fn call(&self, mcp: &str, token: &str, tool: &str, arguments: Value) -> Result<Value> {
        let response = self.send(mcp, token, tool, arguments).await?;
        said(&format!("{mcp} {tool}"), &response);
        match response.status() {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED => {
                return Err(format!(
                    "a good token was refused. Is {RESOURCE} the client id of the server, and in \
                     the token's audience by a mapper of the scope {SCOPE}?"
                )
                .into());
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                return Err(
                    "Keycloak refuses the server's own client id and secret, or did not \
                            answer: see the log lines above"
                        .into(),
                );
            }
            status => return Err(format!("expected 200, found {status}").into()),
        }
        let answer: Value = response.json().await?;
        match &answer["result"]["structuredContent"] {
            Value::Null => Err(format!("{tool} failed: {answer}").into()),
            content => Ok(content.clone()),
        }
    }

    async fn send(&self, mcp: &str, token: &str, tool: &str, arguments: Value) -> Result<Response> {
        Ok(self
            .http
            .post(mcp)
            .bearer_auth(token)
            .header("Accept", "application/json, text/event-stream")
            .json(&json!({
                "jsonrpc": "2.0", "id": 1, "method": "tools/call",
                "params": {"name": tool, "arguments": arguments},
            }))
            .send()
            .await?)
    }
}

fn said(request: &str, response: &Response) {
    println!("   {request} -> {}", response.status().as_u16());
}

fn expect(response: &Response, status: StatusCode) -> Result<()> {
    match response.status() {
        found if found == status => Ok(()),
        found => Err(format!("expected {status}, found {found}").into()),
    }
}
