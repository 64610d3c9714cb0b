//! All wrong options are reported at once, each with its fix, and with exit status 2; right ones
//! are shown.

mod dotenv;
mod effect;
mod one_value;
mod secrets;

use std::fs;

use crate::support::{SECRET, command, protected_by, run, stderr, stdout};

const NONE: [&str; 0] = [];

/// A file that is neither a key nor a certificate.
const NO_KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");

/// A valid configuration, as variables.
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
        &["--log-level=inof", "--documents-dir=/nonexistent"],
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
            ("OSCAL_AUTH_SCOPE_HIERARCHY", "a>b, c>c"),
            ("OSCAL_AUTH_MAX_TOKEN_BYTES", "65KiB"),
            ("OSCAL_AUTH_CA_FILE", "/dev/null"),
            ("OSCAL_AUTH_AUDIENCES", "mcp"),
            ("OSCAL_MCP_ALLOWED_ORIGINS", "app.example.com"),
            ("OSCAL_MCP_TRUSTED_PROXIES", "10.0.0.0/8 10.0.0.0/33"),
        ],
    );
    assert_eq!(output.status.code(), Some(2));
    let text = stderr(&output);
    for named in [
        "--log-level (LOG_LEVEL): must be error, warn, info, debug, trace, or directives such as \
         info,rmcp=debug; did you mean info?",
        "--documents-dir (OSCAL_DOCUMENTS_DIR): the directory cannot be read: No such file",
        "--port (OSCAL_MCP_PORT): is what Kubernetes sets",
        "--stateless-http (OSCAL_MCP_STATELESS_HTTP): must be true or false",
        "--auth-issuer-url (OSCAL_AUTH_ISSUER_URL): it must begin with https://",
        "--auth-resource-server-url (OSCAL_AUTH_RESOURCE_SERVER_URL): is required",
        "--auth-cache-ttl (OSCAL_AUTH_CACHE_TTL): must be a duration from 0s to 5m, such as 30s",
        "--auth-cache-negative-ttl (OSCAL_AUTH_CACHE_NEGATIVE_TTL): must be a duration",
        "--auth-timeout (OSCAL_AUTH_TIMEOUT): must be a duration",
        "--auth-client-id (OSCAL_AUTH_CLIENT_ID): is required",
        "(OSCAL_AUTH_CLIENT_SECRET_FILE): names a file, but it cannot be read: No such file",
        "(OSCAL_AUTH_CLIENT_AUTH_METHOD): must be client_secret_basic,",
        "--auth-verifier (OSCAL_AUTH_VERIFIER): must be introspection, jwt or userinfo\n",
        "(OSCAL_AUTH_REQUIRED_SCOPES): entry 1 is not a scope",
        "(OSCAL_AUTH_SCOPE_HIERARCHY): entry 2 says that a scope implies itself",
        "(OSCAL_AUTH_MAX_TOKEN_BYTES): must be a size from 1KiB to 64KiB, such as 16KiB",
        "(OSCAL_AUTH_CA_FILE): contains no certificate: it is empty",
        "--allowed-origins (OSCAL_MCP_ALLOWED_ORIGINS): entry 1 is not an origin",
        "--trusted-proxies (OSCAL_MCP_TRUSTED_PROXIES): entry 2 is neither",
        "OSCAL_AUTH_AUDIENCES: is not an option of this server and has no effect; did you mean \
         OSCAL_AUTH_AUDIENCE?",
        "has 20 errors",
    ] {
        assert!(text.contains(named), "{named} in:\n{text}");
    }
}

#[test]
fn a_wrong_transport_hides_no_other_error() {
    let output = run(
        &NONE,
        &with(&[
            ("OSCAL_MCP_TRANSPORT", "streamable_http"),
            ("OSCAL_MCP_PORT", "99999"),
            ("OSCAL_AUTH_CLIENT_SECRET", ""),
            ("OSCAL_AUTH_AUDIENCES", "mcp"),
        ]),
    );
    assert_eq!(output.status.code(), Some(2));
    let text = stderr(&output);
    for named in [
        "must be stdio or streamable-http; did you mean streamable-http?",
        "--port (OSCAL_MCP_PORT): must be a whole number from 0 to 65535",
        "(OSCAL_AUTH_CLIENT_SECRET_FILE): is required",
        "OSCAL_AUTH_AUDIENCES: is not an option",
        "has 4 errors",
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
            "(OSCAL_AUTH_CA_FILE): the file cannot be read: No such file",
        ),
        (
            vec![
                ("OSCAL_AUTH_CLIENT_ID", "https://mcp.example.com/mcp"),
                ("OSCAL_AUTH_CLIENT_AUTH_METHOD", "client_secret_basic_raw"),
            ],
            "(OSCAL_AUTH_CLIENT_AUTH_METHOD): raw HTTP Basic cannot carry a client id with a colon",
        ),
        (
            vec![("OSCAL_AUTH_CLIENT_AUTH_METHOD", "client_secret_jwt")],
            "the client secret has fewer than 32 bytes",
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
            "(OSCAL_AUTH_CLIENT_KEY_FILE): the private key cannot be used",
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
            "is not set, but other authorization options are set",
        ),
        (
            vec![("OSCAL_MCP_ALLOWED_HOSTS", "https://mcp.example.com")],
            "is not a host such as",
        ),
        (vec![("OSCAL_MCP_PATH", "mcp")], "must begin with /"),
        (
            vec![(
                "OSCAL_AUTH_ISSUER_URL",
                "https://as.example.com/realms/x/.well-known/openid-configuration",
            )],
            "most likely https://as.example.com/realms/x (or",
        ),
        (
            vec![(
                "OSCAL_AUTH_ISSUER_URL",
                "https://as.example.com/.well-known/oauth-authorization-server/realms/x",
            )],
            "most likely https://as.example.com/realms/x (or",
        ),
        (
            vec![(
                "OSCAL_AUTH_RESOURCE_SERVER_URL",
                "https://mcp.example.com/.well-known/oauth-protected-resource/mcp",
            )],
            "most likely mean https://mcp.example.com/mcp",
        ),
        (
            vec![("OSCAL_AUTH_CA_FILE", NO_KEY)],
            "(OSCAL_AUTH_CA_FILE): contains no certificate: it contains something else",
        ),
        (
            vec![("OSCAL_MCP_ALLOWED_ORIGINS", "tauri://localhost null")],
            "entry 2 is null, which cannot be allowed",
        ),
        (
            vec![("OSCAL_BUILT_IN_DOCUMENTS", "atuo")],
            "must be auto, true or false; did you mean auto?",
        ),
        (
            vec![("OSCAL_MCP_HOST", "http://0.0.0.0")],
            "must be an address or a host name, without a scheme or port",
        ),
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
        "OSCAL_MCP_PORT=\"9000\"  # flag --port",
        "OSCAL_AUTH_CLIENT_ID=\"mcp\"  # variable OSCAL_AUTH_CLIENT_ID",
        "# OSCAL_AUTH_CACHE_TTL=30s  # default",
        "# OSCAL_AUTH_CLIENT_SECRET=[redacted]  # variable OSCAL_AUTH_CLIENT_SECRET",
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

/// If nothing distinguishes an ID or refresh token from an access token, a scope must.
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
