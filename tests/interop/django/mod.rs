//! django-oauth-toolkit: opaque tokens bound to a resource, an issuer with a path, metadata below
//! that path, and wrong credentials that get 403 with HTML.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

use crate::{
    authorization_server::{
        Running, SECRET, Verdict, assert_unavailable, options, protected, status,
    },
    environment,
    support::{RESOURCE, free_port},
};

const BASIC: &str = "--auth-client-id=mcp";
const SCOPES: &str = "--auth-required-scopes=oscal:read";
const OTHER: &str = "https://other.example/api";

/// How long its access tokens are valid.
const LIFETIME: Duration = Duration::from_secs(10);

struct Django {
    running: Running,
    issuer: String,
    _data: TempDir,
}

impl Django {
    async fn start() -> Option<Self> {
        let python = environment::installed("django/bin/python")?;
        let data = tempfile::tempdir().expect("a temporary directory");
        let port = free_port();
        let issuer = format!("http://127.0.0.1:{port}/o");
        let mut command = Command::new(python);
        command
            .arg(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/interop/django/authorization_server.py"
            ))
            .arg(port.to_string())
            .arg(data.path())
            .arg(LIFETIME.as_secs().to_string())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let running = Running::start(&mut command, &issuer).await;
        Some(Self {
            running,
            issuer,
            _data: data,
        })
    }

    fn options(&self, more: &[&str]) -> Vec<String> {
        options(&self.issuer, more)
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    async fn machine_token(&self, resource: Option<&str>) -> String {
        let url = self.url("/token/");
        self.running.machine_token(&url, "machine", resource).await
    }

    async fn revoke(&self, token: &str) {
        let url = self.url("/revoke_token/");
        let request = self.running.post(&url, "machine", &[("token", token)]);
        assert_eq!(request.send().await.expect("an answer").status(), 200);
    }
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn access_tokens_are_good_for_their_resource_until_they_end() {
    let Some(mut django) = Django::start().await else {
        return;
    };
    // The metadata that names the endpoint is below the issuer's path.
    let server = protected(&django.options(&[BASIC, SCOPES]), SECRET);
    let token = django.machine_token(Some(RESOURCE)).await;
    assert_eq!(status(&server, &token).await, 200);
    let about = server.about(&token).await;
    assert_eq!(about["caller"]["client_id"], "machine", "{about}");

    let foreign = django.machine_token(Some(OTHER)).await;
    assert_eq!(status(&server, &foreign).await, 401, "another resource");
    let unbound = django.machine_token(None).await;
    assert_eq!(status(&server, &unbound).await, 401, "no resource");
    assert_eq!(status(&server, "garbage").await, 401);
    let jwt = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.x";
    assert_eq!(status(&server, jwt).await, 401, "garbage like a JWT");

    django.revoke(&token).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(status(&server, &token).await, 401, "revoked");

    let short = django.machine_token(Some(RESOURCE)).await;
    assert_eq!(status(&server, &short).await, 200);
    tokio::time::sleep(LIFETIME + Duration::from_millis(500)).await;
    assert_eq!(status(&server, &short).await, 401, "expired");

    let token = django.machine_token(Some(RESOURCE)).await;
    django.running.stop();
    assert_unavailable(&server, &token).await;
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn a_users_token_is_good_and_the_id_and_refresh_tokens_beside_it_are_not() {
    let Some(django) = Django::start().await else {
        return;
    };
    let (authorize, token) = (django.url("/authorize/"), django.url("/token/"));
    let tokens = django.running.user_tokens(&authorize, &token).await;
    let server = protected(&django.options(&[BASIC]), SECRET);
    let about = server.about(&tokens.access).await;
    // It identifies users only by username, while `about` shows the sub.
    assert_eq!(about["caller"]["client_id"], "desktop", "{about}");
    assert_eq!(status(&server, &tokens.id).await, 401, "an ID token");
    assert_eq!(
        status(&server, &tokens.refresh).await,
        401,
        "a refresh token"
    );
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn wrong_credentials_are_our_failure_and_both_ways_to_send_them_work() {
    let Some(django) = Django::start().await else {
        return;
    };
    let token = django.machine_token(Some(RESOURCE)).await;
    let endpoint = format!("--auth-introspection-url={}", django.url("/introspect/"));
    for (secret, method, expected) in [
        (SECRET, "client_secret_post", 200),
        ("wrong", "client_secret_post", 503),
        ("wrong", "client_secret_basic", 503),
    ] {
        let method = format!("--auth-client-auth-method={method}");
        let options = django.options(&[BASIC, SCOPES, &method]);
        let server = protected(&options, secret);
        assert_eq!(status(&server, &token).await, expected, "{secret} {method}");
        if expected == 503 {
            server.wait_for_log("credentials_refused");
        }
    }
    let configured = Verdict::of(
        &django.options(&[BASIC, SCOPES, &endpoint]),
        Some(SECRET),
        None,
    );
    assert_eq!(configured.complaints(), []);
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn the_doctor_tells_what_is_wrong() {
    let Some(django) = Django::start().await else {
        return;
    };
    let token = django.machine_token(Some(RESOURCE)).await;
    let unbound = django.machine_token(None).await;
    let right = django.options(&[BASIC, SCOPES]);
    let verdict = Verdict::of(&right, Some(SECRET), Some(&token));
    assert_eq!(verdict.complaints(), []);
    let said = verdict.said("credentials");
    assert!(
        said.contains("deliberately wrong secret got HTTP 403"),
        "{said}"
    );
    let found = verdict.said("metadata");
    assert!(
        found.contains("/o/.well-known/oauth-authorization-server"),
        "{found}"
    );

    let none = "--auth-client-auth-method=none";
    let no_slash = format!("--auth-introspection-url={}", django.url("/introspect"));
    let slash = options(&django.url("/"), &[BASIC]);
    let to_issuer = format!("Set --auth-issuer-url to {:?}", django.issuer);
    for (options, secret, token, failed, words) in [
        (
            right.clone(),
            Some("wrong"),
            &token,
            "credentials",
            "django-oauth-toolkit answers that with 403",
        ),
        (
            django.options(&[none, SCOPES]),
            None,
            &token,
            "credentials",
            "asks for client auth",
        ),
        (
            django.options(&[BASIC, &no_slash]),
            Some(SECRET),
            &token,
            "introspection",
            "slash",
        ),
        (slash, Some(SECRET), &token, "issuer", &to_issuer),
        (
            right.clone(),
            Some(SECRET),
            &unbound,
            "aud",
            "resource parameter",
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
