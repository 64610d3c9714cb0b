//! An authorization server for the notes, and a client that acts for itself.

use std::error::Error;

use dev_authorization_server::{DevAuthorizationServer, DevClient, DevConfig};
use serde_json::{Value, json};

/// Issues tokens for `resource` to the robot, and lets the notes server introspect them.
pub(crate) fn authorization_server(
    resource: &str,
) -> Result<DevAuthorizationServer, Box<dyn Error>> {
    Ok(DevAuthorizationServer::start(DevConfig {
        resources: vec![resource.to_owned()],
        scopes: vec!["notes:read".to_owned(), "notes:write".to_owned()],
        clients: vec![
            DevClient::resource_server("notes", "notes-secret"),
            DevClient::machine("robot", "robot-secret"),
        ],
        ..DevConfig::default()
    })?)
}

/// Tells a person how to call the notes.
pub(crate) fn introduce(issuer: &str, resource: &str) {
    println!(
        "The notes are at {resource}. Get a token for them with\n\n  \
         curl -s -u robot:robot-secret {issuer}/token -d grant_type=client_credentials \
         -d resource={resource} -d scope=notes:read\n"
    );
}

/// Calls both tools, with and without the scope that one of them needs.
pub(crate) async fn check(issuer: &str, resource: &str) -> Result<(), Box<dyn Error>> {
    let robot = Robot::new(issuer, resource)?;
    for (scope, tool, status, expected) in [
        ("notes:read", "read", 200, "Notes of robot"),
        ("notes:read", "erase", 403, "insufficient_scope"),
        ("notes:read notes:write", "erase", 200, "Erased"),
    ] {
        let (found, body) = robot.call(scope, tool).await?;
        println!("{tool} with {scope}: {found} {body}");
        if found != status || !body.contains(expected) {
            return Err(format!("not {status} with {expected:?}").into());
        }
    }
    Ok(())
}

struct Robot<'a> {
    http: reqwest::Client,
    issuer: &'a str,
    resource: &'a str,
}

impl<'a> Robot<'a> {
    fn new(issuer: &'a str, resource: &'a str) -> reqwest::Result<Self> {
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]);
        Ok(Self {
            http: http.build()?,
            issuer,
            resource,
        })
    }

    /// Gets a token with `scope` and calls `tool` with it. Returns status and body.
    async fn call(&self, scope: &str, tool: &str) -> Result<(u16, String), Box<dyn Error>> {
        let form = [
            ("grant_type", "client_credentials"),
            ("resource", self.resource),
            ("scope", scope),
        ];
        let token = self.http.post(format!("{}/token", self.issuer));
        let token = token.basic_auth("robot", Some("robot-secret")).form(&form);
        let token: Value = token.send().await?.json().await?;
        let call = json!({
            "jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": {"name": tool, "arguments": {}},
        });
        let response = self
            .http
            .post(self.resource)
            .bearer_auth(token["access_token"].as_str().ok_or("no token")?)
            .header("Accept", "application/json, text/event-stream")
            .json(&call)
            .send()
            .await?;
        Ok((response.status().as_u16(), response.text().await?))
    }
}
