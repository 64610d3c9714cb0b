//! Wrong options are named with their mend, all at once, with exit status 2; right ones are shown.

use std::{fs, process::Stdio};

use crate::support::{SECRET, command, protected_by, run, stderr, stdout};

const NONE: [&str; 0] = [];

/// A file that is neither a key nor a certificate.
const NO_KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");

/// A configuration without fault, as variables.
const PROTECTED: [(&str, &str); 5] = [
    ("OSCAL_MCP_TRANSPORT", "streamable-http"),
    ("OSCAL_AUTH_ISSUER_URL", "https://as.example.com"),
    (
        "OSCAL_AUTH_RESOURCE_SERVER_URL",
        "https://mcp.example.com/mcp",
    ),
    ("OSCAL_AUTH_CLIENT_ID", "mcp"),
    ("OSCAL_AUTH_CLIENT_SECRET", "hush-hush"),
];

fn with<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    PROTECTED
        .into_iter()
        .chain(changes.iter().copied())
        .collect()
}

#[test]
fn all_errors_are_reported_at_once() {
    let output = run(
        &["--log-level=loud", "--documents-dir=/nonexistent"],
        &[
            ("OSCAL_MCP_TRANSPORT", "streamable-http"),
            ("OSCAL_MCP_PORT", "tcp://10.0.0.1:8000"),
            ("OSCAL_MCP_STATELESS_HTTP", "maybe"),
            ("OSCAL_AUTH_ISSUER_URL", "http://as.example.com"),
            ("OSCAL_AUTH_CACHE_TTL", "301s"),
            ("OSCAL_AUTH_CACHE_NEGATIVE_TTL", "-1s"),
            ("OSCAL_AUTH_TIMEOUT", "3"),
            ("OSCAL_AUTH_CLIENT_SECRET_FILE", "/nonexistent/secret"),
            ("OSCAL_AUTH_CLIENT_AUTH_METHOD", "magic"),
            ("OSCAL_AUTH_VERIFIER", "tarot"),
            ("OSCAL_AUTH_REQUIRED_SCOPES", "a\"b"),
            ("OSCAL_MCP_ALLOWED_ORIGINS", "app.example.com"),
            ("OSCAL_MCP_TRUSTED_PROXIES", "10.0.0.0/8 10.0.0.0/33"),
        ],
    );
    assert_eq!(output.status.code(), Some(2));
    let text = stderr(&output);
    for named in [
        "--log-level (LOG_LEVEL): \"loud\"",
        "--documents-dir (OSCAL_DOCUMENTS_DIR): the directory \"/nonexistent\"",
        "--port (OSCAL_MCP_PORT): \"tcp://10.0.0.1:8000\" is what Kubernetes sets",
        "--stateless-http (OSCAL_MCP_STATELESS_HTTP): \"maybe\"",
        "--auth-issuer-url (OSCAL_AUTH_ISSUER_URL): \"http://as.example.com\"",
        "--auth-resource-server-url (OSCAL_AUTH_RESOURCE_SERVER_URL): is required",
        "--auth-cache-ttl (OSCAL_AUTH_CACHE_TTL): \"301s\"",
        "--auth-cache-negative-ttl (OSCAL_AUTH_CACHE_NEGATIVE_TTL): \"-1s\"",
        "--auth-timeout (OSCAL_AUTH_TIMEOUT): \"3\"",
        "--auth-client-id (OSCAL_AUTH_CLIENT_ID): is required",
        "(OSCAL_AUTH_CLIENT_SECRET_FILE): cannot read /nonexistent/secret",
        "(OSCAL_AUTH_CLIENT_AUTH_METHOD): \"magic\"",
        "--auth-verifier (OSCAL_AUTH_VERIFIER): \"tarot\"",
        "(OSCAL_AUTH_REQUIRED_SCOPES): \"a\\\"b\"",
        "--allowed-origins (OSCAL_MCP_ALLOWED_ORIGINS): \"app.example.com\"",
        "--trusted-proxies (OSCAL_MCP_TRUSTED_PROXIES): \"10.0.0.0/33\"",
        "has 16 errors",
    ] {
        assert!(text.contains(named), "{named} in:\n{text}");
    }
}

#[test]
fn single_errors_say_what_to_change() {
    for (changes, named) in [
        (
            vec![(
                "OSCAL_AUTH_RESOURCE_SERVER_URL",
                "http://mcp.example.com/mcp",
            )],
            "must begin with https://",
        ),
        (
            vec![(
                "OSCAL_AUTH_RESOURCE_SERVER_URL",
                "https://mcp.example.com/mcp#x",
            )],
            "must not contain a fragment",
        ),
        (
            vec![(
                "OSCAL_AUTH_RESOURCE_SERVER_URL",
                "https://mcp.example.com/mcp?x=1",
            )],
            "must not contain a query",
        ),
        (
            vec![(
                "OSCAL_AUTH_INTROSPECTION_URL",
                "http://as.example.com/introspect",
            )],
            "OSCAL_AUTH_ALLOW_INSECURE_HTTP",
        ),
        (
            vec![("OSCAL_AUTH_CLIENT_SECRET_FILE", "Cargo.toml")],
            "and OSCAL_AUTH_CLIENT_SECRET are both set",
        ),
        (
            vec![("OSCAL_AUTH_CA_FILE", "/nonexistent/ca.pem")],
            "cannot read the CA file /nonexistent/ca.pem",
        ),
        (
            vec![
                ("OSCAL_AUTH_CLIENT_ID", "https://mcp.example.com/mcp"),
                ("OSCAL_AUTH_CLIENT_AUTH_METHOD", "client_secret_basic_raw"),
            ],
            "(OSCAL_AUTH_CLIENT_AUTH_METHOD): raw HTTP Basic cannot carry a client id with a colon",
        ),
        (
            vec![("OSCAL_AUTH_CLIENT_AUTH_METHOD", "private_key_jwt")],
            "(OSCAL_AUTH_CLIENT_KEY_FILE): is required: a file with the private key (PEM)",
        ),
        (
            vec![
                ("OSCAL_AUTH_CLIENT_AUTH_METHOD", "private_key_jwt"),
                ("OSCAL_AUTH_CLIENT_KEY_FILE", NO_KEY),
            ],
            "(OSCAL_AUTH_CLIENT_KEY_FILE): the private key is none that can be used",
        ),
        (
            vec![("OSCAL_AUTH_CLIENT_KEY_FILE", NO_KEY)],
            "(OSCAL_AUTH_CLIENT_KEY_FILE): is set, but the client authentication method does not",
        ),
        (
            vec![("OSCAL_AUTH_CLIENT_AUTH_METHOD", "tls_client_auth")],
            "(OSCAL_AUTH_CLIENT_CERTIFICATE_FILE): is required",
        ),
        (
            vec![
                ("OSCAL_AUTH_CLIENT_AUTH_METHOD", "tls_client_auth"),
                ("OSCAL_AUTH_CLIENT_KEY_FILE", NO_KEY),
                ("OSCAL_AUTH_CLIENT_CERTIFICATE_FILE", NO_KEY),
            ],
            "(OSCAL_AUTH_CLIENT_CERTIFICATE_FILE): the client certificate cannot be used",
        ),
        (
            vec![("OSCAL_AUTH_ISSUER_URL", "")],
            "other authorization options are set, but not this one",
        ),
        (
            vec![("OSCAL_MCP_ALLOWED_HOSTS", "https://mcp.example.com")],
            "is not a host such as",
        ),
        (vec![("OSCAL_MCP_PATH", "mcp")], "must begin with /"),
        (
            vec![
                ("OSCAL_MCP_STATELESS_HTTP", "false"),
                ("OSCAL_MCP_SESSION_KEY_FILE", "/dev/null"),
            ],
            "it needs 32 random bytes",
        ),
    ] {
        let output = run(&NONE, &with(&changes));
        assert_eq!(output.status.code(), Some(2), "{changes:?}");
        let text = stderr(&output);
        assert!(text.contains(named), "{named} in:\n{text}");
        assert!(!text.contains("hush-hush"), "{text}");
    }
}

#[test]
fn without_authorization_only_loopback_is_served() {
    let output = run(&["--transport=streamable-http", "--host=0.0.0.0"], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--allow-unauthenticated"));
    for flags in [
        &["--transport=streamable-http", "--print-config"][..],
        &[
            "--transport=streamable-http",
            "--host=0.0.0.0",
            "--allow-unauthenticated",
            "--print-config",
        ],
    ] {
        let output = run(flags, &[]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(stdout(&output).contains("# warning: no authorization"));
    }
}

#[test]
fn any_authorization_option_without_an_issuer_is_an_error() {
    for variable in [
        "OSCAL_AUTH_JWKS_URL",
        "OSCAL_AUTH_SCOPE_READ",
        "OSCAL_AUTH_CA_FILE",
    ] {
        let output = run(&["--transport=streamable-http"], &[(variable, "x")]);
        assert_eq!(output.status.code(), Some(2), "{variable}");
        assert!(stderr(&output).contains("other authorization options are set"));
    }
}

#[test]
fn print_config_shows_sources_and_no_secret() {
    let output = run(&["--print-config", "--port=9000"], &PROTECTED);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    for line in [
        "OSCAL_MCP_PORT=\"9000\"  # flag",
        "OSCAL_AUTH_CLIENT_ID=\"mcp\"  # variable",
        "# OSCAL_AUTH_CACHE_TTL=30s",
        "# OSCAL_AUTH_CLIENT_SECRET=[redacted]",
        "# authorization: by introspection",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line} in:\n{text}"
        );
    }
    assert!(!text.contains("hush-hush"));
}

#[test]
fn help_shows_no_values_of_the_environment() {
    let output = run(
        &["--help"],
        &with(&[("OSCAL_AUTH_CLIENT_ID_FILE", "/secret/place")]),
    );
    assert_eq!(output.status.code(), Some(0));
    let text = stdout(&output);
    assert!(text.contains("OSCAL_AUTH_CLIENT_ID_FILE"));
    assert!(!text.contains("/secret/place") && !text.contains("hush-hush"));
}

#[test]
fn flag_wins_over_variable_over_dotenv() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    fs::write(
        directory.path().join(".env"),
        "OSCAL_MCP_PORT=1001\nOSCAL_MCP_PATH=/from-dotenv\nOSCAL_MCP_SERVER_NAME=dotenv\n",
    )
    .expect("writable");
    let output = command(directory.path())
        .args(["--print-config", "--port=1003"])
        .envs([
            ("OSCAL_MCP_PORT", "1002"),
            ("OSCAL_MCP_SERVER_NAME", "variable"),
        ])
        .stdin(Stdio::null())
        .output()
        .expect("the binary runs");
    let text = stdout(&output);
    for line in [
        "OSCAL_MCP_PORT=\"1003\"  # flag",
        "OSCAL_MCP_SERVER_NAME=\"variable\"  # variable",
        "OSCAL_MCP_PATH=\"/from-dotenv\"  # variable",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line} in:\n{text}"
        );
    }

    fs::write(
        directory.path().join(".env"),
        "OSCAL_AUTH_CLIENT_SECRET=hush hush'\n",
    )
    .expect("writable");
    let output = command(directory.path()).output().expect("the binary runs");
    assert_eq!(output.status.code(), Some(2));
    let text = stderr(&output);
    assert!(
        text.contains(".env: ") && text.contains("quote its value"),
        "{text}"
    );
    assert!(!text.contains("hush"), "{text}");
}

#[test]
fn unknown_authorization_variables_are_pointed_out() {
    let output = run(
        &["--print-config"],
        &with(&[("OSCAL_AUTH_REQUIRED_SCOPE", "mcp:tools")]),
    );
    assert!(stdout(&output).contains("the variable OSCAL_AUTH_REQUIRED_SCOPE is unknown"));
}

#[test]
fn the_example_of_a_dotenv_file_names_every_variable() {
    let example = include_str!("../../dotenv.example");
    let help = stdout(&run(&["--help"], &[]));
    let variables = help
        .split("[env: ")
        .skip(1)
        .filter_map(|rest| rest.split([']', '=']).next());
    for variable in variables {
        assert!(example.contains(variable), "{variable}");
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    fs::write(directory.path().join(".env"), example).expect("writable");
    let output = command(directory.path())
        .arg("--print-config")
        .output()
        .expect("the binary runs");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

/// Where nothing tells an ID or refresh token from an access token, a scope must.
#[test]
fn rs_48_a_configuration_that_cannot_tell_kinds_apart_is_warned_of() {
    const AUDIENCE: &str = "warning: --auth-audience";
    const CLIENTS: &str = "warning: --auth-allowed-client-ids";
    const TYPES: &str = "warning: --auth-jwt-types";
    for (flags, warnings) in [
        (&[][..], &[][..]),
        (&["--auth-audience=mcp"], &[AUDIENCE]),
        (
            &["--auth-audience=https://mcp.example.com,guid"],
            &[AUDIENCE],
        ),
        (&["--auth-audience=https://other.example.com"], &[]),
        (
            &["--auth-audience=mcp", "--auth-required-scopes=mcp:tools"],
            &[],
        ),
        (&["--auth-allowed-client-ids=app"], &[CLIENTS]),
        (
            &["--auth-allowed-client-ids=app", "--auth-audience=app"],
            &[AUDIENCE, CLIENTS],
        ),
        (
            &[
                "--auth-allowed-client-ids=app",
                "--auth-required-scopes=mcp:tools",
            ],
            &[],
        ),
        (&["--auth-verifier=jwt"], &[]),
        (
            &["--auth-verifier=jwt", "--auth-jwt-types=application/AT+jwt"],
            &[],
        ),
        (
            &["--auth-verifier=jwt", "--auth-jwt-types=at+jwt,JWT"],
            &[TYPES],
        ),
        (&["--auth-verifier=jwt", "--auth-jwt-types=none"], &[TYPES]),
        (
            &[
                "--auth-verifier=jwt",
                "--auth-jwt-types=JWT",
                "--auth-audience=guid",
            ],
            &[AUDIENCE, TYPES],
        ),
        (
            &[
                "--auth-verifier=jwt",
                "--auth-jwt-types=JWT",
                "--auth-required-scopes=mcp:tools",
            ],
            &[],
        ),
        (
            &["--auth-verifier=userinfo", "--auth-accept-unbound-tokens"],
            &[],
        ),
    ] {
        let mut all = protected_by("https://as.example.com");
        all.extend(flags.iter().map(|flag| (*flag).to_owned()));
        all.push("--print-config".to_owned());
        let output = run(&all, &[SECRET]);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{flags:?}: {}",
            stderr(&output)
        );
        let text = stdout(&output);
        for warning in [AUDIENCE, CLIENTS, TYPES] {
            let expected = warnings.contains(&warning);
            assert_eq!(
                text.contains(warning),
                expected,
                "{flags:?}: {warning}: {text}"
            );
        }
        let scopes = text
            .matches("--auth-required-scopes (OSCAL_AUTH_REQUIRED_SCOPES)")
            .count();
        assert!(scopes >= warnings.len(), "{flags:?}: {text}");
    }
}
