//! A running Hydra and its clients.

use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use reqwest::{Client, Url, redirect::Policy};
use serde_json::{Value, json};

use crate::{
    person::{Browser, parameter},
    support::free_port,
};

/// How long its access tokens are valid.
pub(super) const LIFETIME: Duration = Duration::from_secs(8);

const SCOPE: &str = "oscal:read offline_access";
const CALLBACK: &str = "http://127.0.0.1:9/callback";

/// Hydra with an in-memory database. It is killed when dropped.
pub(super) struct Hydra {
    process: Child,
    public: String,
    admin: String,
    http: Client,
}

impl Hydra {
    pub(super) fn start(program: PathBuf) -> Self {
        let (public, admin) = (free_port(), free_port());
        let issuer = format!("http://127.0.0.1:{public}/");
        let process = Command::new(program)
            .args(["serve", "all", "--dev"])
            .env_clear()
            .envs([
                ("DSN", "memory"),
                ("SECRETS_SYSTEM", "a-secret-for-tests-only"),
                ("URLS_SELF_ISSUER", &issuer),
                ("URLS_LOGIN", "http://127.0.0.1:9/login"),
                ("URLS_CONSENT", "http://127.0.0.1:9/consent"),
                ("SERVE_PUBLIC_HOST", "127.0.0.1"),
                ("SERVE_ADMIN_HOST", "127.0.0.1"),
                ("SERVE_PUBLIC_PORT", &public.to_string()),
                ("SERVE_ADMIN_PORT", &admin.to_string()),
                ("TTL_ACCESS_TOKEN", &format!("{}s", LIFETIME.as_secs())),
                ("SQA_OPT_OUT", "true"),
                ("LOG_LEVEL", "error"),
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("hydra runs");
        Self {
            process,
            public: format!("http://127.0.0.1:{public}"),
            admin: format!("http://127.0.0.1:{admin}"),
            http: Client::builder()
                .no_proxy()
                .tls_certs_only([])
                .redirect(Policy::none())
                .build()
                .expect("a client"),
        }
    }

    /// With the trailing slash that Hydra puts into `iss`.
    pub(super) fn issuer(&self) -> String {
        format!("{}/", self.public)
    }

    pub(super) fn introspection_url(&self) -> String {
        format!("{}/admin/oauth2/introspect", self.admin)
    }

    pub(super) fn stop(&mut self) {
        // Both fail only if the process has already exited.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// A token from client credentials.
    pub(super) async fn machine_token(&self, audience: &str) -> String {
        self.register("machine", audience).await;
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", "machine"),
            ("client_secret", "machine-secret"),
            ("scope", "oscal:read"),
            ("audience", audience),
        ];
        let tokens = self.token(&form).await;
        text(&tokens, "access_token")
    }

    /// The access and refresh tokens of alice, who logs in and consents.
    pub(super) async fn user_tokens(&self, audience: &str) -> (String, String) {
        self.register("desktop", audience).await;
        let query = [
            ("response_type", "code"),
            ("client_id", "desktop"),
            ("redirect_uri", CALLBACK),
            ("scope", SCOPE),
            ("audience", audience),
            ("state", "a-state-of-some-length"),
        ];
        let start = Url::parse_with_params(&format!("{}/oauth2/auth", self.public), query);
        let mut browser = Browser::new();
        let at_login = self.follow(&mut browser, start.expect("a URL")).await;
        let challenge = parameter(&at_login, "login_challenge").expect("a login");
        let login = json!({"subject": "alice"});
        let resumed = self.accept("login", &challenge, &login).await;
        let at_consent = self.follow(&mut browser, resumed).await;
        let challenge = parameter(&at_consent, "consent_challenge").expect("a consent");
        let scopes: Vec<&str> = SCOPE.split(' ').collect();
        let consent = json!({"grant_scope": scopes, "grant_access_token_audience": [audience]});
        let resumed = self.accept("consent", &challenge, &consent).await;
        let at_client = self.follow(&mut browser, resumed).await;
        let code = parameter(&at_client, "code").expect("a code");
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", "desktop"),
            ("client_secret", "desktop-secret"),
            ("code", &code),
            ("redirect_uri", CALLBACK),
        ];
        let tokens = self.token(&form).await;
        (
            text(&tokens, "access_token"),
            text(&tokens, "refresh_token"),
        )
    }

    pub(super) async fn revoke(&self, token: &str) {
        let form = [
            ("token", token),
            ("client_id", "machine"),
            ("client_secret", "machine-secret"),
        ];
        let request = self.http.post(format!("{}/oauth2/revoke", self.public));
        let response = request.form(&form).send().await.expect("an answer");
        assert_eq!(response.status(), 200);
    }

    /// Registers a client that may ask for `audience`. Waits until Hydra is up.
    async fn register(&self, id: &str, audience: &str) {
        let client = json!({
            "client_id": id, "client_secret": format!("{id}-secret"),
            "grant_types": ["client_credentials", "authorization_code", "refresh_token"],
            "response_types": ["code"], "redirect_uris": [CALLBACK],
            "scope": SCOPE, "audience": [audience],
            "token_endpoint_auth_method": "client_secret_post",
        });
        let clients = format!("{}/admin/clients", self.admin);
        let begun = Instant::now();
        loop {
            // It may already exist, with permission for another audience.
            let request = self.http.delete(format!("{clients}/{id}"));
            if request.send().await.is_ok() {
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "hydra is not up");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let request = self.http.post(clients).json(&client);
        let response = request.send().await.expect("an answer");
        let created = response.status();
        assert_eq!(created, 201, "{}", response.text().await.expect("a text"));
    }

    async fn token(&self, form: &[(&str, &str)]) -> Value {
        let request = self.http.post(format!("{}/oauth2/token", self.public));
        let response = request.form(form).send().await.expect("an answer");
        response.json().await.expect("JSON")
    }

    /// Answers a login or consent request as Hydra's login application would. Returns where to go
    /// next.
    async fn accept(&self, what: &str, challenge: &str, answer: &Value) -> Url {
        let url = format!("{}/admin/oauth2/auth/requests/{what}/accept", self.admin);
        let url = Url::parse_with_params(&url, [(format!("{what}_challenge"), challenge)]);
        let request = self.http.put(url.expect("a URL")).json(answer);
        let answer: Value = request
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON");
        text(&answer, "redirect_to").parse().expect("a URL")
    }

    /// Follows redirects within Hydra up to the URL that it sends the browser to.
    async fn follow(&self, browser: &mut Browser, mut url: Url) -> Url {
        while url.as_str().starts_with(&self.public) {
            let response = browser.get(&url).await;
            let location = response.headers().get("location").expect("a redirect");
            url = location.to_str().expect("a text").parse().expect("a URL");
        }
        url
    }
}

impl Drop for Hydra {
    fn drop(&mut self) {
        self.stop();
    }
}

fn text(answer: &Value, member: &str) -> String {
    let text = answer[member].as_str();
    text.unwrap_or_else(|| panic!("no {member}: {answer}"))
        .to_owned()
}
