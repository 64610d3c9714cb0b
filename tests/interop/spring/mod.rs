//! Spring Authorization Server: opaque tokens whose audience is the client unless configured, and
//! ID and refresh tokens that introspect as active without any hint of their kind.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use crate::{
    authorization_server::{
        Running, SECRET, Verdict, assert_unavailable, options, protected, status,
    },
    environment,
    support::free_port,
};

const BASIC: &str = "--auth-client-id=mcp";
const SCOPES: &str = "--auth-required-scopes=oscal:read";
/// A mistaken setting, copied from the audience in the tokens.
const AUDIENCE_OF_CLIENT: &str = "--auth-audience=desktop";
const BY_CLIENT_ID: &str = "--auth-allowed-client-ids=desktop";

struct Spring {
    running: Running,
    issuer: String,
}

impl Spring {
    async fn start() -> Option<Self> {
        let program = environment::installed("spring/target/authorization-server.jar")?;
        let port = free_port();
        let issuer = format!("http://127.0.0.1:{port}");
        let mut command = Command::new("java");
        command
            .args(["-XX:TieredStopAtLevel=1", "-Xmx256m", "-jar"])
            .arg(program)
            .args([
                "--server.address=127.0.0.1",
                &format!("--server.port={port}"),
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let running = Running::start(&mut command, &issuer).await;
        Some(Self { running, issuer })
    }

    fn options(&self, more: &[&str]) -> Vec<String> {
        options(&self.issuer, more)
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    async fn machine_token(&self, client: &str) -> String {
        let url = self.url("/oauth2/token");
        self.running.machine_token(&url, client, None).await
    }

    async fn revoke(&self, client: &str, token: &str) {
        let url = self.url("/oauth2/revoke");
        let request = self.running.post(&url, client, &[("token", token)]);
        assert_eq!(request.send().await.expect("an answer").status(), 200);
    }
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn access_tokens_are_good_for_their_audience_until_they_end() {
    let Some(mut spring) = Spring::start().await else {
        return;
    };
    let server = protected(&spring.options(&[BASIC, SCOPES]), SECRET);
    let token = spring.machine_token("machine").await;
    assert_eq!(status(&server, &token).await, 200);
    let about = server.about(&token).await;
    assert_eq!(about["caller"]["kind"], "client", "{about}");
    assert_eq!(about["caller"]["client_id"], "machine", "{about}");

    let plain = spring.machine_token("machine-plain").await;
    assert_eq!(status(&server, &plain).await, 401, "the client as audience");
    assert_eq!(status(&server, "garbage").await, 401);
    let jwt = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.x";
    assert_eq!(status(&server, jwt).await, 401, "garbage like a JWT");

    let short = spring.machine_token("machine-short").await;
    assert_eq!(status(&server, &short).await, 200);
    tokio::time::sleep(Duration::from_millis(3500)).await;
    assert_eq!(status(&server, &short).await, 401, "expired");

    spring.revoke("machine", &token).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(status(&server, &token).await, 401, "revoked");

    let token = spring.machine_token("machine").await;
    spring.running.stop();
    assert_unavailable(&server, &token).await;
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn wrong_credentials_are_our_failure_and_both_ways_to_send_them_work() {
    let Some(spring) = Spring::start().await else {
        return;
    };
    let token = spring.machine_token("machine").await;
    for (secret, method, expected) in [
        (SECRET, "client_secret_post", 200),
        ("wrong", "client_secret_post", 503),
        ("wrong", "client_secret_basic", 503),
    ] {
        let method = format!("--auth-client-auth-method={method}");
        let server = protected(&spring.options(&[BASIC, SCOPES, &method]), secret);
        assert_eq!(status(&server, &token).await, expected, "{secret} {method}");
        if expected == 503 {
            server.wait_for_log("credentials_refused");
        }
    }
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn id_and_refresh_tokens_are_refused_where_scopes_are_required() {
    let Some(spring) = Spring::start().await else {
        return;
    };
    let (authorize, token) = (spring.url("/oauth2/authorize"), spring.url("/oauth2/token"));
    let tokens = spring.running.user_tokens(&authorize, &token).await;
    let server = protected(&spring.options(&[BASIC, SCOPES]), SECRET);
    let about = server.about(&tokens.access).await;
    assert_eq!(about["caller"]["subject"], "alice", "{about}");
    assert_eq!(status(&server, &tokens.id).await, 401, "an ID token");
    assert_eq!(
        status(&server, &tokens.refresh).await,
        401,
        "a refresh token"
    );

    // If only the scope is missing.
    let server = protected(&spring.options(&[BASIC, SCOPES, BY_CLIENT_ID]), SECRET);
    assert_eq!(status(&server, &tokens.access).await, 200);
    assert_eq!(status(&server, &tokens.refresh).await, 403);
    for options in [
        &[BASIC, SCOPES, AUDIENCE_OF_CLIENT][..],
        &[BASIC, AUDIENCE_OF_CLIENT],
    ] {
        let server = protected(&spring.options(options), SECRET);
        assert_eq!(status(&server, &tokens.id).await, 401, "{options:?}");
    }

    // Without required scopes, the doctor warns about what would be accepted.
    let complaints = |more: &[&str], token: &str| -> Vec<(String, String)> {
        let options = spring.options(&[&[BASIC], more].concat());
        let verdict = Verdict::of(&options, Some(SECRET), Some(token));
        let complaints = verdict.complaints();
        let owned = |(name, outcome): (&str, &str)| (name.to_owned(), outcome.to_owned());
        complaints.into_iter().map(owned).collect()
    };
    let pair = |name: &str, outcome: &str| (name.to_owned(), outcome.to_owned());
    let of_refresh = complaints(&[BY_CLIENT_ID], &tokens.refresh);
    assert_eq!(of_refresh, [pair("kind", "warning")]);
    let of_refresh = complaints(&[BY_CLIENT_ID, SCOPES], &tokens.refresh);
    assert_eq!(of_refresh, [pair("scope", "failed")]);
    assert_eq!(complaints(&[SCOPES], &tokens.access), []);
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn the_doctor_tells_what_is_wrong() {
    let Some(spring) = Spring::start().await else {
        return;
    };
    let token = spring.machine_token("machine").await;
    let plain = spring.machine_token("machine-plain").await;
    let right = spring.options(&[BASIC, SCOPES]);
    let verdict = Verdict::of(&right, Some(SECRET), Some(&token));
    assert_eq!(verdict.complaints(), []);
    let said = verdict.said("credentials");
    assert!(
        said.contains("deliberately wrong secret got HTTP 401"),
        "{said}"
    );

    let raw = "--auth-client-auth-method=client_secret_basic_raw";
    let none = "--auth-client-auth-method=none";
    let wrong_url = format!("--auth-introspection-url={}", spring.url("/introspect"));
    let wrong_path = options(&spring.url("/realms/mcp"), &[BASIC]);
    for (options, secret, token, failed, words) in [
        (
            right.clone(),
            Some("wrong"),
            &token,
            "credentials",
            "refused with HTTP 401",
        ),
        (
            spring.options(&[none, SCOPES]),
            None,
            &token,
            "credentials",
            "asks for client auth",
        ),
        (
            spring.options(&[BASIC, raw]),
            Some(SECRET),
            &token,
            "introspection",
            "use client_secret_basic",
        ),
        (
            spring.options(&[BASIC, &wrong_url]),
            Some(SECRET),
            &token,
            "introspection",
            "login page",
        ),
        (
            wrong_path,
            Some(SECRET),
            &token,
            "metadata",
            "Check --auth-issuer-url",
        ),
        (
            right.clone(),
            Some(SECRET),
            &plain,
            "aud",
            "Do not set --auth-audience to it",
        ),
        (
            right.clone(),
            Some(SECRET),
            &"garbage".to_owned(),
            "active",
            "One of three causes",
        ),
    ] {
        let verdict = Verdict::of(&options, secret, Some(token));
        let complaints = verdict.complaints();
        assert!(
            complaints.contains(&(failed, "failed")),
            "{failed}: {complaints:?}"
        );
        let said = verdict.said(failed);
        assert!(said.contains(words), "{words}: {said}");
    }
}
