mod code_flow;
mod endpoints;
mod machine;
mod pages;

use reqwest::{Client, Response, header::LOCATION, redirect::Policy};
use serde_json::{Value, json};
use url::Url;

use super::{DevAuthorizationServer, DevClient, DevConfig};

const RESOURCE: &str = "http://127.0.0.1:8000/mcp";
const REGISTERED_URI: &str = "http://127.0.0.1/callback?kept=1";
const REDIRECT_URI: &str = "http://127.0.0.1:51004/callback?kept=1";
/// The pair from RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const MACHINE: (&str, &str) = ("machine:1", "p% +&=é");

/// A running server and what a client needs to talk to it.
struct Lab {
    server: DevAuthorizationServer,
    http: Client,
}

type Form<'a> = [(&'a str, &'a str)];

impl Lab {
    fn new() -> Self {
        Self::with(DevConfig::default())
    }

    fn with(config: DevConfig) -> Self {
        let server = DevAuthorizationServer::start(DevConfig {
            resources: vec![RESOURCE.to_owned(), "https://other.example".to_owned()],
            scopes: vec!["mcp:tools".to_owned(), "mcp:admin".to_owned()],
            clients: vec![
                DevClient::machine(MACHINE.0, MACHINE.1),
                DevClient::resource_server(RESOURCE, "rs"),
                DevClient::public("app", REGISTERED_URI),
                DevClient::public("thief", REGISTERED_URI),
            ],
            ..config
        });
        Self {
            server: server.expect("it starts"),
            http: Client::builder()
                .redirect(Policy::none())
                .pool_max_idle_per_host(0)
                .build()
                .expect("a client"),
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.issuer())
    }

    async fn post(&self, path: &str, form: &Form<'_>) -> Response {
        let request = self.http.post(self.url(path)).form(form);
        request.send().await.expect("an answer")
    }

    /// Status and JSON body of a token request.
    async fn token(&self, form: &Form<'_>) -> (u16, Value) {
        read(self.post("/token", form).await).await
    }

    async fn introspect(&self, token: &Value) -> Value {
        let token = token.as_str().expect("a token");
        let form = [
            ("token", token),
            ("client_id", RESOURCE),
            ("client_secret", "rs"),
        ];
        let (status, claims) = read(self.post("/introspect", &form).await).await;
        assert_eq!(status, 200, "{claims}");
        claims
    }

    async fn is_active(&self, token: &Value) -> bool {
        self.introspect(token).await["active"] == true
    }

    async fn authorize(&self, changes: &[(&str, Option<&str>)]) -> Response {
        let url = Url::parse_with_params(&self.url("/authorize"), authorization(changes));
        let request = self.http.get(url.expect("a URL"));
        request.send().await.expect("an answer")
    }

    /// Goes through the consent page, and returns where it led.
    async fn decide(&self, decision: &str, user: &str) -> Url {
        let page = self.authorize(&[]).await.text().await.expect("a page");
        let form = [
            ("ticket", ticket(&page)),
            ("username", user),
            ("decision", decision),
        ];
        let response = self.post("/authorize", &form).await;
        assert_eq!(response.status(), 303);
        location(&response)
    }

    async fn code(&self) -> String {
        let url = self.decide("approve", "bob").await;
        query(&url, "code").expect("a code")
    }

    /// The token answer for a fresh code.
    async fn tokens(&self) -> Value {
        let code = self.code().await;
        let (status, tokens) = self.token(&exchange(&code)).await;
        assert_eq!(status, 200, "{tokens}");
        tokens
    }
}

/// A valid authorization request with some parameters replaced or left out.
fn authorization<'a>(changes: &[(&'a str, Option<&'a str>)]) -> Vec<(&'a str, &'a str)> {
    let valid = [
        ("response_type", "code"),
        ("client_id", "app"),
        ("redirect_uri", REDIRECT_URI),
        ("scope", "mcp:tools offline_access"),
        ("state", "s&t=é"),
        ("resource", RESOURCE),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let changed = |name| changes.iter().find(|(changed, _)| *changed == name);
    valid
        .into_iter()
        .filter_map(|(name, value)| match changed(name) {
            Some((_, replacement)) => replacement.map(|value| (name, value)),
            None => Some((name, value)),
        })
        .collect()
}

fn exchange(code: &str) -> [(&str, &str); 6] {
    [
        ("grant_type", "authorization_code"),
        ("client_id", "app"),
        ("code", code),
        ("code_verifier", VERIFIER),
        ("redirect_uri", REDIRECT_URI),
        ("resource", RESOURCE),
    ]
}

fn ticket(page: &str) -> &str {
    let (_, rest) = page.split_once("name=\"ticket\" value=\"").expect("a form");
    rest.split_once('"').expect("a value").0
}

fn location(response: &Response) -> Url {
    let location = response.headers()[LOCATION].to_str().expect("ASCII");
    Url::parse(location).expect("a URL")
}

fn query(url: &Url, name: &str) -> Option<String> {
    let mut pairs = url.query_pairs();
    pairs
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    (status, response.json().await.expect("JSON"))
}
