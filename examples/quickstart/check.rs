//! Tries what the instructions say over HTTP, and the whole flow of an MCP client.

use std::{error::Error, time::Duration};

use reqwest::{Client, Response, StatusCode, header::WWW_AUTHENTICATE, redirect::Policy};
use serde_json::{Value, json};
use url::Url;

use crate::{MACHINE, OTHER_RESOURCE, SCOPE, Urls};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Runs every step. The first step that does not go as expected is the error.
pub(crate) async fn check(urls: &Urls) -> Result<()> {
    let check = Check {
        http: Client::builder()
            .no_proxy()
            .tls_certs_only([])
            .redirect(Policy::none())
            .build()?,
        urls,
    };
    let metadata = check.challenge().await?;
    let server = check.authorization_server(&metadata).await?;
    check.machine(&server).await?;
    check.user(&server).await?;
    println!("all steps went as expected");
    Ok(())
}

struct Check<'a> {
    http: Client,
    urls: &'a Urls,
}

impl Check<'_> {
    /// Without a token: 401, with the URL of the metadata.
    async fn challenge(&self) -> Result<Value> {
        println!("1. without a token");
        let response = self.http.post(&self.urls.mcp).send().await?;
        let challenge = response
            .headers()
            .get(WWW_AUTHENTICATE)
            .ok_or("no WWW-Authenticate")?
            .to_str()?
            .to_owned();
        said(&format!("POST {}", self.urls.mcp), &response, &challenge);
        expect(&response, StatusCode::UNAUTHORIZED)?;
        let url =
            between(&challenge, "resource_metadata=\"", "\"").ok_or("no resource_metadata")?;
        let metadata = self.json(url).await?;
        equal("resource", &metadata["resource"], &json!(self.urls.mcp))?;
        Ok(metadata)
    }

    async fn authorization_server(&self, metadata: &Value) -> Result<Value> {
        let issuer = metadata["authorization_servers"][0]
            .as_str()
            .ok_or("no authorization server in the metadata")?;
        self.json(&format!("{issuer}/.well-known/oauth-authorization-server"))
            .await
    }

    /// A client's own token: accepted, refused for another resource, refused once revoked.
    async fn machine(&self, server: &Value) -> Result<()> {
        println!("2. a client on its own behalf (client credentials)");
        let token = self.machine_token(server, &self.urls.mcp).await?;
        let about = self.call(&token, "about", json!({})).await?;
        equal("caller", &about["caller"]["client_id"], &json!(MACHINE.0))?;
        let control = self
            .call(&token, "get_control", json!({"control": "RS-45"}))
            .await?;
        println!("   {} {}", control["label"], control["title"]);

        println!("3. a token for another server, and a revoked one");
        let foreign = self.machine_token(server, OTHER_RESOURCE).await?;
        self.refused(&foreign).await?;
        let revocation = text(server, "revocation_endpoint")?;
        let response = self
            .http
            .post(revocation)
            .basic_auth(MACHINE.0, Some(MACHINE.1))
            .form(&[("token", token.as_str())])
            .send()
            .await?;
        said(&format!("POST {revocation}"), &response, "revoked");
        // The server may trust its cached answer for 2 s.
        tokio::time::sleep(Duration::from_millis(2200)).await;
        self.refused(&token).await
    }

    /// What an MCP client does: registers, sends its user to the consent page, and redeems the
    /// code.
    async fn user(&self, server: &Value) -> Result<()> {
        const REDIRECT_URI: &str = "http://127.0.0.1:8931/callback";
        // RFC 7636, appendix B.
        const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

        println!("4. a client on a user's behalf (registration, consent, code with PKCE)");
        let registration = text(server, "registration_endpoint")?;
        let registered = self
            .http
            .post(registration)
            .json(&json!({
                "client_name": "quickstart check", "redirect_uris": [REDIRECT_URI],
                "token_endpoint_auth_method": "none",
            }))
            .send()
            .await?;
        said(&format!("POST {registration}"), &registered, "registered");
        expect(&registered, StatusCode::CREATED)?;
        let registered: Value = registered.json().await?;
        let client_id = text(&registered, "client_id")?;

        let authorization = text(server, "authorization_endpoint")?;
        let page = Url::parse_with_params(
            authorization,
            [
                ("response_type", "code"),
                ("client_id", client_id),
                ("redirect_uri", REDIRECT_URI),
                ("code_challenge", CHALLENGE),
                ("code_challenge_method", "S256"),
                ("scope", SCOPE),
                ("resource", self.urls.mcp.as_str()),
                ("state", "quickstart"),
            ],
        )?;
        let page = self.http.get(page).send().await?;
        said(&format!("GET {authorization}"), &page, "the consent page");
        expect(&page, StatusCode::OK)?;
        let page = page.text().await?;
        let ticket = between(&page, "name=\"ticket\" value=\"", "\"").ok_or("no ticket")?;
        let form = [
            ("ticket", ticket),
            ("username", "alice"),
            ("decision", "approve"),
        ];
        let approved = self.http.post(authorization).form(&form).send().await?;
        said(
            &format!("POST {authorization}"),
            &approved,
            "alice approves",
        );
        let location = approved.headers().get("location").ok_or("no redirect")?;
        let location = Url::parse(location.to_str()?)?;
        let code = location
            .query_pairs()
            .find(|(name, _)| name == "code")
            .ok_or("no code")?
            .1
            .into_owned();

        let token = self
            .token(
                server,
                None,
                &[
                    ("grant_type", "authorization_code"),
                    ("client_id", client_id),
                    ("code", &code),
                    ("redirect_uri", REDIRECT_URI),
                    ("code_verifier", VERIFIER),
                    ("resource", &self.urls.mcp),
                ],
            )
            .await?;
        let about = self.call(&token, "about", json!({})).await?;
        equal("caller", &about["caller"]["subject"], &json!("alice"))?;
        equal("kind of caller", &about["caller"]["kind"], &json!("user"))
    }

    async fn machine_token(&self, server: &Value, resource: &str) -> Result<String> {
        let form = [
            ("grant_type", "client_credentials"),
            ("scope", SCOPE),
            ("resource", resource),
        ];
        self.token(server, Some(MACHINE), &form).await
    }

    async fn token(
        &self,
        server: &Value,
        client: Option<(&str, &str)>,
        form: &[(&str, &str)],
    ) -> Result<String> {
        let endpoint = text(server, "token_endpoint")?;
        let mut request = self.http.post(endpoint).form(form);
        if let Some((id, secret)) = client {
            request = request.basic_auth(id, Some(secret));
        }
        let response = request.send().await?;
        said(&format!("POST {endpoint}"), &response, "a token");
        expect(&response, StatusCode::OK)?;
        let answer: Value = response.json().await?;
        Ok(text(&answer, "access_token")?.to_owned())
    }

    async fn call(&self, token: &str, tool: &str, arguments: Value) -> Result<Value> {
        let response = self.send(token, tool, arguments).await?;
        said(&format!("POST {} {tool}", self.urls.mcp), &response, "");
        expect(&response, StatusCode::OK)?;
        let answer: Value = response.json().await?;
        match &answer["result"]["structuredContent"] {
            Value::Null => Err(format!("{tool} failed: {answer}").into()),
            content => Ok(content.clone()),
        }
    }

    async fn refused(&self, token: &str) -> Result<()> {
        let response = self.send(token, "about", json!({})).await?;
        said(&format!("POST {} about", self.urls.mcp), &response, "");
        expect(&response, StatusCode::UNAUTHORIZED)
    }

    async fn send(&self, token: &str, tool: &str, arguments: Value) -> Result<Response> {
        Ok(self
            .http
            .post(&self.urls.mcp)
            .bearer_auth(token)
            .header("Accept", "application/json, text/event-stream")
            .json(&json!({
                "jsonrpc": "2.0", "id": 1, "method": "tools/call",
                "params": {"name": tool, "arguments": arguments},
            }))
            .send()
            .await?)
    }

    async fn json(&self, url: &str) -> Result<Value> {
        let response = self.http.get(url).send().await?;
        said(&format!("GET {url}"), &response, "");
        expect(&response, StatusCode::OK)?;
        Ok(response.json().await?)
    }
}

fn said(request: &str, response: &Response, note: &str) {
    println!("   {request} -> {} {note}", response.status().as_u16());
}

fn expect(response: &Response, status: StatusCode) -> Result<()> {
    match response.status() {
        found if found == status => Ok(()),
        found => Err(format!("expected {status}, found {found}").into()),
    }
}

fn equal(what: &str, found: &Value, wanted: &Value) -> Result<()> {
    match found == wanted {
        true => Ok(()),
        false => Err(format!("{what}: expected {wanted}, found {found}").into()),
    }
}

fn text<'a>(object: &'a Value, member: &str) -> Result<&'a str> {
    object[member]
        .as_str()
        .ok_or_else(|| format!("no {member}").into())
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}
