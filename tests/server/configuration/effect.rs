//! Options without effect are pointed out: whoever set them believes that they work.

use super::with;
use crate::support::{run, stderr, stdout};

#[test]
fn options_without_effect_are_warned_of() {
    let jwt = ("OSCAL_AUTH_VERIFIER", "jwt");
    let none = ("OSCAL_AUTH_CLIENT_AUTH_METHOD", "none");
    let no_secret = ("OSCAL_AUTH_CLIENT_SECRET", "");
    for (changes, told) in [
        (
            vec![
                jwt,
                ("OSCAL_AUTH_INTROSPECTION_URL", "https://as.example.com/i"),
            ],
            "--auth-verifier is not introspection, so these have no effect: OSCAL_AUTH_CLIENT_SECRET, \
             --auth-client-id (OSCAL_AUTH_CLIENT_ID), --auth-introspection-url",
        ),
        (
            vec![("OSCAL_AUTH_JWKS_URL", "https://as.example.com/jwks")],
            "--auth-verifier is not jwt, so these have no effect: --auth-jwks-url",
        ),
        (
            vec![
                jwt,
                ("OSCAL_AUTH_CLIENT_ID", ""),
                no_secret,
                ("OSCAL_AUTH_INTROSPECTION_SIGNED", "true"),
            ],
            "is not introspection, so these have no effect: --auth-introspection-signed",
        ),
        (
            vec![("OSCAL_AUTH_ACCEPT_UNBOUND_TOKENS", "true")],
            "is not userinfo, so these have no effect: --auth-accept-unbound-tokens",
        ),
        (
            vec![none],
            "uses no secret, so this has no effect: OSCAL_AUTH_CLIENT_SECRET",
        ),
        (
            vec![("OSCAL_MCP_MAX_SESSIONS", "7")],
            "there are no sessions unless --stateless-http is false, so these have no effect: \
             --max-sessions",
        ),
        (
            vec![("OSCAL_ALLOW_UNAUTHENTICATED", "true")],
            "authorization is on, so this has no effect: --allow-unauthenticated",
        ),
        (
            vec![("OSCAL_AUTH_SCOPE_HIERARCHY", "a>b")],
            "no option requires a scope, so this has no effect: --auth-scope-hierarchy",
        ),
        (
            vec![("OSCAL_MCP_TRANSPORT", "stdio"), ("OSCAL_MCP_PORT", "9")],
            "the transport is stdio, so these have no effect: --port (OSCAL_MCP_PORT)",
        ),
        (
            vec![("OSCAL_MCP_TRANSPORT", "stdio")],
            "the transport is stdio, so the authorization options are ignored: \
             OSCAL_AUTH_CLIENT_SECRET, --auth-client-id",
        ),
        (
            vec![("OSCAL_MCP_SERVER_NAM", "x")],
            "OSCAL_MCP_SERVER_NAM is not an option of this server and has no effect; did you mean \
             OSCAL_MCP_SERVER_NAME?",
        ),
        (
            vec![("OSCAL_MCP_TRANSPORT", "stdio"), ("OSCAL_AUTH_SCOPES", "x")],
            "OSCAL_AUTH_SCOPES is not an option of this server and has no effect",
        ),
    ] {
        let output = run(&["--print-config"], &with(&changes));
        assert_eq!(
            output.status.code(),
            Some(0),
            "{changes:?}: {}",
            stderr(&output)
        );
        let text = stdout(&output);
        let warning = format!("# warning: {told}");
        let mut lines = text.lines();
        let found = lines.any(|line| line.starts_with("# warning") && line.contains(told));
        assert!(found, "{warning} in:\n{text}");
    }

    for changes in [
        vec![],
        vec![none, no_secret],
        // The keys are for introspection answers.
        vec![
            ("OSCAL_AUTH_INTROSPECTION_SIGNED", "true"),
            ("OSCAL_AUTH_JWKS_URL", "https://as.example.com/jwks"),
        ],
        // Defaults, as in a copy of `dotenv.example`.
        vec![
            ("OSCAL_AUTH_JWT_TYPES", "at+jwt"),
            ("OSCAL_MCP_MAX_SESSIONS", "1000"),
        ],
        // What Kubernetes sets for services named oscal-auth and oscal.
        vec![
            ("OSCAL_AUTH_SERVICE_HOST", "10.0.0.1"),
            ("OSCAL_PORT", "tcp://10.0.0.2:80"),
        ],
    ] {
        let text = stdout(&run(&["--print-config"], &with(&changes)));
        assert!(text.contains("# authorization: by introspection"), "{text}");
        assert!(!text.contains("# warning"), "{changes:?}:\n{text}");
    }
}

#[test]
fn a_misspelt_safeguard_is_an_error() {
    for (variable, meant) in [
        ("OSCAL_AUTH_REQUIRED_SCOPE", "OSCAL_AUTH_REQUIRED_SCOPES"),
        (
            "OSCAL_AUTH_ALLOWED_CLIENT_ID",
            "OSCAL_AUTH_ALLOWED_CLIENT_IDS",
        ),
        ("OSCAL_AUTH_SCOPES_SENSITIVE", "OSCAL_AUTH_SCOPE_SENSITIVE"),
    ] {
        for arguments in [&["--print-config"][..], &["doctor"]] {
            let output = run(arguments, &with(&[(variable, "mcp:tools")]));
            assert_eq!(output.status.code(), Some(2), "{variable}");
            let told = format!(
                "{variable}: is not an option of this server and has no effect; did you mean {meant}?"
            );
            assert!(stderr(&output).contains(&told), "{}", stderr(&output));
        }
    }
}
