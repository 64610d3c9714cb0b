//! Keycloak tells this server of logouts (OpenID Connect Back-Channel Logout 1.0), which are therefore
//! felt at once, although tokens are remembered for minutes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use reqwest::{Method, Response, header::HeaderValue};
use serde_json::{Value, json};
use tokio::{
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::{process::Keycloak, realm::Realm, tokens::claims};
use crate::support::Server;

/// How long the effect of a logout may take: some milliseconds, but a busy machine is slow.
const AT_ONCE: Duration = Duration::from_secs(5);

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn a_logout_is_felt_at_once_by_introspected_tokens() {
    is_felt_at_once("app-introspection", &[]).await;
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn a_logout_is_felt_at_once_by_jwts() {
    let flags = ["--auth-verifier=jwt", "--auth-jwt-types=JWT"];
    is_felt_at_once("app-jwt", &flags).await;
}

async fn is_felt_at_once(client: &str, flags: &[&str]) {
    let Some(keycloak) = Keycloak::shared().await else {
        return;
    };
    let realm = keycloak.realm();
    let clients = format!("--auth-back-channel-logout-clients={client}");
    let mut flags = flags.to_vec();
    flags.extend([
        "--auth-cache-ttl=300s",
        "--stateless-http=false",
        "--auth-back-channel-logout=true",
        &clients,
    ]);
    let server = Arc::new(realm.protects(&flags));
    let user = format!("user-of-{client}");
    let app = App {
        realm: &realm,
        server,
        client,
        user_id: realm.add_user(&user).await,
        user,
    };
    app.register().await;
    for by in [By::Client, By::AdministratorOfSession, By::Administrator] {
        app.log_in_and_out(by, Age::Seconds).await;
        // Login and logout within one second, which times of issue cannot tell apart.
        for _round in 0..3 {
            app.log_in_and_out(by, Age::Milliseconds).await;
        }
    }
}

/// Who logs the user out.
#[derive(Clone, Copy, Debug, PartialEq)]
enum By {
    /// The client, with the refresh token.
    Client,
    /// An administrator of Keycloak ends one session,
    AdministratorOfSession,
    /// or all sessions of the user.
    Administrator,
}

/// How old the token is at the logout.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Age {
    Seconds,
    Milliseconds,
}

/// A client of Keycloak, with which a user logs in.
struct App<'a> {
    realm: &'a Realm,
    server: Arc<Server>,
    client: &'a str,
    user: String,
    user_id: String,
}

impl App<'_> {
    async fn register(&self) {
        let address = self.server.address();
        let client = json!({
            "clientId": self.client, "publicClient": true, "directAccessGrantsEnabled": true,
            "standardFlowEnabled": false, "fullScopeAllowed": false,
            "defaultClientScopes": ["basic"], "optionalClientScopes": ["oscal:read"],
            "attributes": {
                "backchannel.logout.url": format!("http://{address}/oauth/backchannel-logout"),
                "backchannel.logout.session.required": "true",
            },
        });
        self.realm.admin(Method::POST, "/clients", &client).await;
    }

    /// Logs the user in, and opens a session here.
    async fn log_in(&self) -> Login {
        let user = (self.user.as_str(), "secret");
        let tokens = self
            .realm
            .password_tokens(self.client, "oscal:read", user)
            .await;
        Login::open(self.server.clone(), tokens.access, tokens.refresh).await
    }

    async fn log_out(&self, by: By, login: &Login) {
        match by {
            By::Client => {
                let form = [("refresh_token", login.refresh.as_str())];
                let response = self.realm.as_client(self.client, "logout", &form).await;
                assert_eq!(response.status(), 204);
            }
            By::AdministratorOfSession => {
                let claims = claims(&login.access);
                let path = format!("/sessions/{}", claims["sid"].as_str().expect("a session"));
                self.realm.admin(Method::DELETE, &path, &Value::Null).await;
            }
            By::Administrator => {
                let path = format!("/users/{}/logout", self.user_id);
                self.realm.admin(Method::POST, &path, &json!({})).await;
            }
        }
    }

    #[expect(clippy::print_stdout, reason = "the measured times, for the reader")]
    async fn log_in_and_out(&self, by: By, age: Age) {
        let other = self.log_in().await;
        assert_eq!(other.status().await, 200);
        if age == Age::Milliseconds {
            start_of_a_second().await;
        }
        let login = Arc::new(self.log_in().await);
        assert_eq!(login.status().await, 200);
        let stream = tokio::spawn(end_of(login.stream().await));
        if age == Age::Seconds {
            sleep(Duration::from_millis(1100)).await;
        }
        let over = Arc::new(AtomicBool::new(false));
        let uses = keep_using(login.clone(), over.clone());
        let asked = Instant::now();
        self.log_out(by, &login).await;
        let answered = Instant::now();
        let again = self.log_in().await;
        assert_eq!(again.status().await, 200, "a login right after the logout");

        while answered.elapsed() < AT_ONCE && login.status().await != 401 {
            sleep(Duration::from_millis(10)).await;
        }
        // Long enough for Keycloak to have finished.
        sleep(Duration::from_millis(500)).await;
        over.store(true, Ordering::Relaxed);
        let uses = uses.await.expect("no panic");
        let seen: Vec<u16> = uses.iter().map(|(_, status)| *status).collect();
        let accepted = seen.iter().take_while(|status| **status == 200).count();
        let refused = &seen[accepted..];
        let log = self.server.log();
        assert!(!refused.is_empty(), "still accepted: {seen:?}\n{log}");
        // A call that is under way when its session ends may get 404 or 500.
        let after = refused
            .iter()
            .skip_while(|status| [404, 500].contains(*status));
        let for_good = after.clone().count() > 0 && after.clone().all(|status| *status == 401);
        assert!(for_good, "accepted again: {seen:?}\n{log}");
        let ended = timeout(AT_ONCE, stream).await;
        let ended = ended.unwrap_or_else(|_| panic!("the stream is still open\n{log}"));
        let ended = ended.expect("no panic");
        println!(
            "{} {by:?} {age:?}: Keycloak answers the logout after {:?}; then the first 401 is at \
             {}, the end of the stream at {}",
            self.client,
            answered - asked,
            relative(uses[accepted].0, answered),
            relative(ended, answered),
        );
        let expected = if by == By::Administrator { 401 } else { 200 };
        let found = other.status().await;
        assert_eq!(found, expected, "another session of the user");
        assert_eq!(again.status().await, 200, "the new login");
    }
}

/// A login, and its session here.
struct Login {
    server: Arc<Server>,
    access: String,
    refresh: String,
    session: HeaderValue,
}

impl Login {
    async fn open(server: Arc<Server>, access: String, refresh: String) -> Self {
        let initialize = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        }});
        let request = server.call("", &json!({})).json(&initialize);
        let request = request.bearer_auth(&access);
        let opened = request.send().await.expect("an answer");
        let log = || server.log();
        assert_eq!(opened.status(), 200, "a login\n{}", log());
        let session = opened.headers()["mcp-session-id"].clone();
        Self {
            server,
            access,
            refresh,
            session,
        }
    }

    async fn status(&self) -> u16 {
        let request = self.server.call("about", &json!({}));
        let request = request.header("Mcp-Session-Id", &self.session);
        let request = request.bearer_auth(&self.access);
        request.send().await.expect("an answer").status().as_u16()
    }

    async fn stream(&self) -> Response {
        let request = self.server.get("/mcp").bearer_auth(&self.access);
        let request = request
            .header("Accept", "text/event-stream")
            .header("Mcp-Session-Id", &self.session);
        let stream = request.send().await.expect("an answer");
        assert_eq!(stream.status(), 200);
        stream
    }
}

/// Uses the token all the time, also while Keycloak logs the user out: it says that the token is
/// active until its logout token has been answered. Returns when with which result.
fn keep_using(login: Arc<Login>, over: Arc<AtomicBool>) -> JoinHandle<Vec<(Instant, u16)>> {
    tokio::spawn(async move {
        let mut seen = Vec::new();
        while !over.load(Ordering::Relaxed) {
            let status = login.status().await;
            seen.push((Instant::now(), status));
            sleep(Duration::from_millis(10)).await;
        }
        seen
    })
}

async fn start_of_a_second() {
    let now = SystemTime::UNIX_EPOCH.elapsed().expect("after 1970");
    let left = 1_000_000_000 - u64::from(now.subsec_nanos());
    sleep(Duration::from_nanos(left)).await;
}

/// When the stream ends.
async fn end_of(mut stream: Response) -> Instant {
    while let Ok(Some(_event)) = stream.chunk().await {}
    Instant::now()
}

fn relative(at: Instant, answered: Instant) -> String {
    match at.checked_duration_since(answered) {
        Some(after) => format!("+{after:?}"),
        None => format!("-{:?}", answered - at),
    }
}
