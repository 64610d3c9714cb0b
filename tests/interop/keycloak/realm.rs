//! What programs and administrators do in the realm.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, redirect::Policy};
use serde_json::{Value, json};

use super::{RESOURCE, login::Browser};
use crate::support::Server;

/// The realm `mcp` of a running Keycloak.
pub(crate) struct Realm {
    base: String,
    http: Client,
}

/// What a user's client gets.
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl Tokens {
    fn of(answer: &Value) -> Self {
        Self {
            access: text(answer, "access_token"),
            refresh: text(answer, "refresh_token"),
        }
    }
}

impl Realm {
    pub(crate) fn at(port: u16) -> Self {
        Self {
            base: format!("http://127.0.0.1:{port}"),
            http: Client::builder()
                .no_proxy()
                .tls_certs_only([])
                .redirect(Policy::none())
                .timeout(Duration::from_secs(60))
                .build()
                .expect("a client"),
        }
    }

    pub(crate) fn issuer(&self) -> String {
        format!("{}/realms/mcp", self.base)
    }

    pub(crate) fn endpoint(&self, name: &str) -> String {
        format!("{}/protocol/openid-connect/{name}", self.issuer())
    }

    pub(crate) async fn answers(&self) -> bool {
        let answer = self.http.get(self.issuer()).send().await;
        answer.is_ok_and(|response| response.status() == StatusCode::OK)
    }

    /// The OSCAL server, protected by this realm.
    pub(crate) fn protects(&self, more: &[&str]) -> Server {
        self.protects_client(RESOURCE, "mcp-server-secret", more)
    }

    /// Likewise, with another client for introspection.
    pub(crate) fn protects_client(&self, id: &str, secret: &str, more: &[&str]) -> Server {
        let mut flags: Vec<String> = [
            "--transport=streamable-http",
            "--port=0",
            "--log-format=json",
            &format!("--auth-client-id={id}"),
            &format!("--auth-issuer-url={}", self.issuer()),
            &format!("--auth-resource-server-url={RESOURCE}"),
            "--auth-required-scopes=oscal:read",
            // Keycloak is slow at first.
            "--auth-timeout=15s",
        ]
        .map(str::to_owned)
        .to_vec();
        if !more
            .iter()
            .any(|flag| flag.starts_with("--auth-cache-ttl="))
        {
            flags.push("--auth-cache-ttl=1s".to_owned());
        }
        flags.extend(more.iter().map(|&flag| flag.to_owned()));
        let server = Server::start(&flags, &[("OSCAL_AUTH_CLIENT_SECRET", secret)]);
        server.wait_for_log("authorization server found");
        server
    }

    /// A token from client credentials, for a client whose secret follows from its name.
    pub(crate) async fn machine_token(&self, client: &str, scope: &str) -> String {
        let mut form = vec![("grant_type", "client_credentials")];
        if !scope.is_empty() {
            form.push(("scope", scope));
        }
        let request = self.http.post(self.endpoint("token"));
        let request = request.basic_auth(client, Some(format!("{client}-secret")));
        text(&json_of(request.form(&form)).await, "access_token")
    }

    /// Tokens from the code flow with PKCE, in which the user logs in, and consents if asked.
    pub(crate) async fn user_tokens(
        &self,
        client: &str,
        redirect_uri: &str,
        scope: &str,
        user: (&str, &str),
    ) -> Tokens {
        let browser = Browser::new(self.http.clone(), &self.endpoint("auth"));
        let (code, verifier) = browser.code(client, redirect_uri, scope, user).await;
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", client),
            ("redirect_uri", redirect_uri),
            ("code", &code),
            ("code_verifier", verifier),
            ("resource", RESOURCE),
        ];
        let request = self.http.post(self.endpoint("token")).form(&form);
        let answer = json_of(request).await;
        Tokens::of(&answer)
    }

    /// Tokens for a client to which the user gives the password, the fastest login there is.
    pub(crate) async fn password_tokens(
        &self,
        client: &str,
        scope: &str,
        (name, password): (&str, &str),
    ) -> Tokens {
        let form = [
            ("grant_type", "password"),
            ("client_id", client),
            ("scope", scope),
            ("username", name),
            ("password", password),
        ];
        let request = self.http.post(self.endpoint("token")).form(&form);
        Tokens::of(&json_of(request).await)
    }

    /// POSTs a form to an endpoint, as the public client `desktop`.
    pub(crate) async fn as_desktop(&self, endpoint: &str, form: &[(&str, &str)]) -> Response {
        self.as_client("desktop", endpoint, form).await
    }

    /// Likewise, as another public client.
    pub(crate) async fn as_client(
        &self,
        client: &str,
        endpoint: &str,
        form: &[(&str, &str)],
    ) -> Response {
        let mut form = form.to_vec();
        form.push(("client_id", client));
        let request = self.http.post(self.endpoint(endpoint)).form(&form);
        request.send().await.expect("an answer")
    }

    /// Registers a client without any credential (RFC 7591).
    pub(crate) async fn register(&self, redirect_uri: &str) -> Response {
        self.http
            .post(format!(
                "{}/clients-registrations/openid-connect",
                self.issuer()
            ))
            .json(&json!({
                "client_name": "an MCP client", "redirect_uris": [redirect_uri],
                "grant_types": ["authorization_code", "refresh_token"],
                "response_types": ["code"], "token_endpoint_auth_method": "none",
            }))
            .send()
            .await
            .expect("an answer")
    }

    /// A request to the admin API, which must succeed. An empty path means the realm itself.
    pub(crate) async fn admin(&self, method: Method, path: &str, body: &Value) -> Response {
        let form = [
            ("grant_type", "password"),
            ("client_id", "admin-cli"),
            ("username", "admin"),
            ("password", "admin"),
        ];
        let login = format!("{}/realms/master/protocol/openid-connect/token", self.base);
        let token = text(
            &json_of(self.http.post(login).form(&form)).await,
            "access_token",
        );
        let response = self
            .http
            .request(method, format!("{}/admin/realms/mcp{path}", self.base))
            .bearer_auth(token)
            .json(body)
            .send()
            .await
            .expect("an answer");
        assert!(response.status().is_success(), "{path}: {response:?}");
        response
    }

    /// Adds something and returns its id.
    async fn add(&self, path: &str, body: &Value) -> String {
        let response = self.admin(Method::POST, path, body).await;
        let location = response.headers()["location"].to_str().expect("text");
        location.rsplit('/').next().expect("an id").to_owned()
    }

    /// Adds a client for client credentials like `machine`, with these differences.
    pub(crate) async fn add_machine(&self, name: &str, differing: Value) -> String {
        let mut client = json!({
            "clientId": name, "secret": format!("{name}-secret"),
            "serviceAccountsEnabled": true, "standardFlowEnabled": false,
            "fullScopeAllowed": false, "defaultClientScopes": ["basic"],
            "optionalClientScopes": ["oscal:read"],
        });
        let Value::Object(differing) = differing else {
            panic!("not an object");
        };
        client.as_object_mut().expect("an object").extend(differing);
        self.add("/clients", &client).await
    }

    /// Adds a user whose password is `secret`.
    pub(crate) async fn add_user(&self, name: &str) -> String {
        let user = json!({
            "username": name, "enabled": true, "emailVerified": true,
            "email": format!("{name}@example.com"), "firstName": name, "lastName": "Example",
            "credentials": [{"type": "password", "value": "secret"}],
        });
        self.add("/users", &user).await
    }
}

async fn json_of(request: RequestBuilder) -> Value {
    let response = request.send().await.expect("an answer");
    let status = response.status();
    let answer: Value = response.json().await.expect("JSON");
    assert_eq!(status, 200, "{answer}");
    answer
}

fn text(object: &Value, member: &str) -> String {
    object[member].as_str().expect("a text").to_owned()
}
