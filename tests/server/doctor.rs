//! `oscal-mcp-server doctor` against an authorization server with one fault at a time.

mod connection;
mod optional;
mod servers;
mod tokens;

use std::fs;

use dev_authorization_server::{
    ExpectedClient, FakeAuthorizationServer, FakeConfig, MetadataForm, RecordedRequest, Reply,
};
use serde_json::{Value, json};

use crate::support::{RESOURCE, SECRET, command, doctor, run, stderr, stdout};

fn flags(issuer: &str, more: &[&str]) -> Vec<String> {
    [
        "--auth-client-id=mcp",
        &format!("--auth-issuer-url={issuer}"),
        &format!("--auth-resource-server-url={RESOURCE}"),
    ]
    .iter()
    .chain(more)
    .map(|&flag| flag.to_owned())
    .collect()
}

/// The doctor's findings and its exit status. Neither report may contain the token, a part of it,
/// or the secret.
fn examine(issuer: &str, more: &[&str], token: Option<&str>) -> (i32, Value) {
    let flags = flags(issuer, more);
    let as_text = doctor(&flags, &[SECRET], token);
    let as_json = doctor(
        &[&flags[..], &["--json".to_owned()]].concat(),
        &[SECRET],
        token,
    );
    assert_eq!(as_text.status, as_json.status);
    let texts = [&as_text, &as_json].map(|output| stdout(output) + &stderr(output));
    let parts = token.into_iter().flat_map(|token| token.split('.'));
    let hidden = parts
        .filter(|part| part.len() > 4)
        .chain([SECRET.1, "aHVzaD"]);
    for hidden in hidden {
        for text in &texts {
            assert!(!text.contains(hidden), "{hidden:?} in:\n{text}");
        }
    }
    assert!(as_json.stderr.is_empty(), "{}", stderr(&as_json));
    let report: Value = serde_json::from_slice(&as_json.stdout).expect("JSON");
    let status = as_json.status.code().expect("an exit status");
    assert_eq!(report["healthy"], json!(status == 0), "{report:#}");
    for check in report["checks"].as_array().expect("checks") {
        let has_fix = !check["fix"].is_null();
        let outcome = &check["outcome"];
        assert_eq!(
            has_fix,
            outcome == "failed" || outcome == "warning",
            "{check:#}"
        );
        let name = check["check"].as_str().expect("a name");
        assert!(texts[0].contains(name), "{name} in:\n{}", texts[0]);
    }
    (status, report)
}

/// The names of the checks with this outcome.
fn names(report: &Value, outcome: &str) -> Vec<String> {
    let checks = report["checks"].as_array().expect("checks");
    checks
        .iter()
        .filter(|check| check["outcome"] == outcome)
        .map(|check| check["check"].as_str().expect("a name").to_owned())
        .collect()
}

/// The check with this name; if there are two, the one about the token.
fn check<'r>(report: &'r Value, name: &str) -> &'r Value {
    let checks = report["checks"].as_array().expect("checks");
    let found = checks.iter().rev().find(|check| check["check"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {report:#}"))
}

/// Asserts that only this check has failed, and that its fix contains these words.
fn assert_failed(report: &Value, name: &str, words: &str) {
    assert_eq!(names(report, "failed"), [name], "{report:#}");
    assert_fix(report, name, words);
}

/// Asserts that the fix of this check contains these words.
fn assert_fix(report: &Value, name: &str, words: &str) {
    let told = check(report, name)["fix"].as_str().expect("a fix");
    assert!(told.contains(words), "{words:?} in {told:?}");
}

#[test]
fn a_sound_configuration_passes_every_check() {
    let fake = FakeAuthorizationServer::start_with(FakeConfig {
        issuer_path: "/realms/mcp".to_owned(),
        metadata: vec![MetadataForm::OpenIdAppended],
        ..FakeConfig::default()
    });
    fake.require_client(ExpectedClient::basic("mcp", SECRET.1));
    let (status, report) = examine(fake.issuer(), &[], None);
    assert_eq!(status, 0, "{report:#}");
    assert_eq!(
        names(&report, "passed"),
        [
            "connection",
            "metadata",
            "issuer",
            "endpoint",
            "introspection",
            "credentials",
            "auth_method"
        ]
    );
    assert_eq!(
        names(&report, "skipped"),
        ["clock"],
        "the fake sends no Date"
    );
    let found = fake.url("/realms/mcp/.well-known/openid-configuration");
    assert_eq!(check(&report, "metadata")["found"], found);
    assert_eq!(
        (&report["issuer"], &report["resource"], &report["verifier"]),
        (
            &json!(fake.issuer()),
            &json!(RESOURCE),
            &json!("introspection")
        )
    );
    assert_eq!(check(&report, "issuer")["about"], "authorization_server");
    let asked = fake.introspections();
    let token = asked[0].form_value("token").expect("a token");
    assert_eq!(token.len(), 48, "a random text");
    let secret = |request: &RecordedRequest| request.basic().map(|(_, secret)| secret);
    let ours = Some(SECRET.1.to_owned());
    let wrong: Vec<_> = asked.iter().filter(|asked| secret(asked) != ours).collect();
    // The text report, and the JSON one.
    assert_eq!(
        (asked.len(), wrong.len()),
        (4, 2),
        "one wrong secret for each"
    );
    let found = check(&report, "credentials")["found"].as_str();
    assert_eq!(
        found,
        Some(
            "accepted: client \"mcp\" by client_secret_basic; one request with a deliberately \
             wrong secret got HTTP 401"
        )
    );
}

#[test]
fn each_fault_of_the_authorization_server_is_told_from_the_others() {
    type Fault = fn(&FakeAuthorizationServer);
    let faults: [(&str, Fault, &str, &str); 16] = [
        (
            "no metadata",
            |fake| fake.hide_metadata(),
            "metadata",
            "--auth-introspection-url",
        ),
        (
            "another issuer",
            |fake| serve_metadata(fake, "issuer", json!("http://127.0.0.1:1")),
            "issuer",
            "Set --auth-issuer-url to \"http://127.0.0.1:1\"",
        ),
        (
            "a slash more",
            |fake| serve_metadata(fake, "issuer", json!(format!("{}/", fake.issuer()))),
            "issuer",
            "only the trailing slash",
        ),
        (
            "another realm",
            |fake| serve_metadata(fake, "issuer", json!("https://as.example/realms/other")),
            "issuer",
            "realm or tenant",
        ),
        (
            "no introspection (Auth0)",
            |fake| serve_metadata(fake, "introspection_endpoint", json!(null)),
            "endpoint",
            "--auth-verifier jwt",
        ),
        (
            "an http endpoint",
            |fake| serve_metadata(fake, "introspection_endpoint", json!("http://as.example/i")),
            "endpoint",
            "--auth-allow-insecure-http",
        ),
        (
            "a rotated secret",
            |fake| fake.require_client(ExpectedClient::basic("mcp", "another")),
            "credentials",
            "--auth-client-id",
        ),
        (
            "a client that may not introspect",
            |fake| fake.answer_by_default(Reply::status(403)),
            "credentials",
            "make it a confidential client",
        ),
        (
            "no such endpoint",
            |fake| fake.answer_by_default(Reply::status(404)),
            "introspection",
            "no such endpoint",
        ),
        (
            "a redirect",
            |fake| fake.answer_by_default(Reply::redirect(307, "https://elsewhere.example")),
            "introspection",
            "--auth-introspection-url to \"https://elsewhere.example\"",
        ),
        (
            "a wrong URL that leads to the login page (Spring)",
            |fake| {
                let login = "https://as.example/login;jsessionid=B25BD7";
                fake.answer_by_default(Reply::redirect(302, login));
            },
            "introspection",
            "The URL is wrong: the authorization server does not know it and redirects to its login",
        ),
        (
            "a wrong URL that leads elsewhere",
            |fake| fake.answer_by_default(Reply::redirect(303, "/welcome")),
            "introspection",
            "The URL is wrong: check --auth-introspection-url. If \"/welcome\"",
        ),
        (
            "a login page",
            |fake| fake.answer_by_default(Reply::html()),
            "introspection",
            "login page",
        ),
        (
            "a fault",
            |fake| fake.answer_by_default(Reply::status(500)),
            "introspection",
            "fails (HTTP 500): look at its log",
        ),
        (
            "whatever is active",
            |fake| fake.answer_by_default(json!({"active": true})),
            "introspection",
            "does not check tokens",
        ),
        (
            "another time",
            |fake| {
                let reply = Reply::json(200, &fake.metadata());
                let reply = reply.with_header("Date", "Sun, 06 Nov 1994 08:49:37 GMT");
                fake.serve_metadata(MetadataForm::OAuth, reply);
            },
            "clock",
            "NTP",
        ),
    ];
    for (case, fault, failed, words) in faults {
        let fake = FakeAuthorizationServer::start();
        fault(&fake);
        let (status, report) = examine(fake.issuer(), &[], None);
        assert_eq!(status, 1, "{case}: {report:#}");
        assert_failed(&report, failed, words);
    }
}

#[test]
fn a_refused_key_is_not_blamed_on_a_secret() {
    let fake = FakeAuthorizationServer::start();
    fake.answer_by_default(Reply::status(401));
    let key = rcgen::KeyPair::generate().expect("a key");
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    fs::write(file.path(), key.serialize_pem()).expect("writable");
    let flags = [
        "--auth-client-auth-method=private_key_jwt",
        &format!("--auth-client-key-file={}", file.path().display()),
    ];
    let (status, report) = examine(fake.issuer(), &flags, None);
    assert_eq!(status, 1, "{report:#}");
    assert_failed(&report, "credentials", "--auth-client-key-file");
}

/// Serves the metadata with another value for `member`, at every URL.
fn serve_metadata(fake: &FakeAuthorizationServer, member: &str, value: Value) {
    let mut metadata = fake.metadata();
    metadata[member] = value;
    for form in MetadataForm::ALL {
        fake.serve_metadata(form, metadata.clone());
    }
}

#[test]
fn what_is_not_needed_is_a_warning() {
    let fake = FakeAuthorizationServer::start();
    fake.require_client(ExpectedClient::basic("mcp", SECRET.1));
    serve_metadata(
        &fake,
        "introspection_endpoint_auth_methods_supported",
        json!(["private_key_jwt", "client_secret_post"]),
    );
    let (status, report) = examine(fake.issuer(), &[], None);
    assert_eq!(status, 0, "{report:#}");
    assert_eq!(names(&report, "warning"), ["auth_method"]);
    assert_fix(&report, "auth_method", "to client_secret_post");

    // Like Ory Hydra: the endpoint is configured, but not in the metadata.
    let fake = FakeAuthorizationServer::start();
    fake.hide_metadata();
    let endpoint = format!("--auth-introspection-url={}", fake.introspection_url());
    let method = "--auth-client-auth-method=none";
    let (status, report) = examine(fake.issuer(), &[&endpoint, method], None);
    assert_eq!(status, 0, "{report:#}");
    assert_eq!(names(&report, "warning"), ["metadata"]);
    assert_eq!(
        names(&report, "passed"),
        ["connection", "endpoint", "introspection"]
    );
}

#[test]
fn a_wrong_configuration_is_status_2_and_asks_nobody() {
    let fake = FakeAuthorizationServer::start();
    let issuer = &*format!("--auth-issuer-url={}", fake.issuer());
    let resource = &*format!("--auth-resource-server-url={RESOURCE}");
    let with = |more: &'static str| vec!["doctor", issuer, resource, "--auth-client-id=mcp", more];
    for (flags, named) in [
        (
            vec!["doctor"],
            "--auth-issuer-url (OSCAL_AUTH_ISSUER_URL): is required",
        ),
        (
            vec!["doctor", "--auth-timeout=3s"],
            "other authorization options are set",
        ),
        (vec!["doctor", issuer], "--auth-resource-server-url"),
        (with("--auth-scope-read=a\"b"), "--auth-scope-read"),
        (
            with("--token-file=/nonexistent"),
            "--token-file: the file cannot be read: No such file",
        ),
        (with("--token-file=-"), "the file contains no token"),
        (
            with("--token=secret"),
            "is not an option; did you mean --token-file?",
        ),
        (
            vec![issuer, "doctor"],
            "The sub-command doctor must come first",
        ),
    ] {
        let variables: &[_] = match flags.len() {
            5 => &[SECRET],
            _ => &[],
        };
        let output = run(&flags, variables);
        assert_eq!(output.status.code(), Some(2), "{flags:?}");
        let text = stderr(&output);
        assert!(text.contains(named), "{named} in:\n{text}");
    }
    assert_eq!(fake.requests().len(), 0);
}

#[test]
fn it_takes_the_variables_and_flags_of_the_server() {
    let fake = FakeAuthorizationServer::start();
    let directory = tempfile::tempdir().expect("a temporary directory");
    let secret = directory.path().join("secret");
    fs::write(&secret, format!("{}\n", SECRET.1)).expect("writable");
    fake.require_client(ExpectedClient::basic("mcp", SECRET.1));
    let output = command(directory.path())
        .args(["doctor", "--transport=streamable-http", "--port=8000"])
        .envs([
            ("OSCAL_AUTH_ISSUER_URL", fake.issuer()),
            ("OSCAL_AUTH_RESOURCE_SERVER_URL", RESOURCE),
            ("OSCAL_AUTH_CLIENT_ID", "mcp"),
            (
                "OSCAL_AUTH_CLIENT_SECRET_FILE",
                secret.to_str().expect("UTF-8"),
            ),
            ("OSCAL_LOG_FORMT", "misspelt"),
        ])
        .output()
        .expect("the binary runs");
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{}", stderr(&output));
    assert!(text.contains("all is well"), "{text}");
    assert!(text.contains("warning: OSCAL_LOG_FORMT is not an option of this server"));

    let shown = stdout(&run(&["doctor", "--print-config", "--port=9"], &[]));
    assert!(
        shown.contains("OSCAL_MCP_PORT=\"9\"  # flag --port"),
        "{shown}"
    );
    let help = stdout(&run(&["doctor", "--help"], &[]));
    assert!(help.contains("--token-file") && help.contains("--auth-issuer-url"));
    assert!(!help.contains("--documents-dir"), "{help}");
    let help = stdout(&run(&["--help"], &[]));
    assert!(help.contains("doctor") && help.contains("--documents-dir"));
}
