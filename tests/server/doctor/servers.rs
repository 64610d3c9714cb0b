//! What the doctor says about real authorization servers: each fake answers in the shapes measured
//! on the real one.

use dev_authorization_server::{ExpectedClient, FakeAuthorizationServer, FakeConfig, Reply};
use serde_json::{Value, json};

use super::{check, examine};
use crate::support::{RESOURCE, SECRET};

/// A server with a token, and what a check must say: its outcome, and words in it.
struct Case {
    server: &'static str,
    answers: fn(&FakeAuthorizationServer),
    flags: &'static [&'static str],
    said: &'static [(&'static str, &'static str, &'static str)],
}

const TOKEN: &str = "some-token";
const NEEDS_SCOPE: &str = "--auth-required-scopes=mcp:tools";

/// Answers about [`TOKEN`]: with `claims` to the right client, with `refusal` to others.
fn answers(fake: &FakeAuthorizationServer, claims: Value, refusal: Reply) {
    fake.require_client(ExpectedClient::basic("mcp", SECRET.1));
    fake.answer_token(TOKEN, claims);
    fake.refuse_clients_with(refusal);
}

fn unauthorized() -> Reply {
    Reply::json(401, &json!({"error": "invalid_client"}))
}

const EXP: u64 = 4_102_444_800;

const CASES: &[Case] = &[
    Case {
        server: "Keycloak, for whose client the token was not issued",
        answers: |fake| answers(fake, json!({"active": false}), unauthorized()),
        flags: &[],
        said: &[
            (
                "credentials",
                "passed",
                "accepted: client \"mcp\" by client_secret_basic",
            ),
            (
                "active",
                "failed",
                "One of three causes: the token was revoked or has expired",
            ),
            ("active", "failed", "it was not issued for client \"mcp\""),
            (
                "active",
                "failed",
                "another server, realm or tenant issued it",
            ),
        ],
    },
    Case {
        server: "oidc-provider, asked about a JWT that is not its own",
        answers: |fake| {
            let unsupported = json!({"error": "unsupported_token_type"});
            answers(fake, json!({"active": false}), unauthorized());
            fake.answer_token(TOKEN, Reply::json(400, &unsupported));
        },
        flags: &[],
        said: &[("active", "failed", "a JWT that the server did not issue")],
    },
    Case {
        server: "django-oauth-toolkit, with a resource",
        answers: |fake| {
            let claims = json!({"active": true, "scope": "mcp:tools", "exp": EXP,
                                "client_id": "machine", "aud": [RESOURCE]});
            answers(
                fake,
                claims,
                Reply::new(403, "text/html; charset=utf-8", ""),
            );
        },
        flags: &[NEEDS_SCOPE],
        said: &[
            (
                "credentials",
                "passed",
                "deliberately wrong secret got HTTP 403",
            ),
            ("kind", "passed", "the answer does not say"),
            ("iss", "passed", "none"),
            ("aud", "passed", RESOURCE),
        ],
    },
    Case {
        server: "django-oauth-toolkit, without a resource",
        answers: |fake| {
            let claims = json!({"active": true, "scope": "mcp:tools", "exp": EXP,
                                "client_id": "machine"});
            answers(
                fake,
                claims,
                Reply::new(403, "text/html; charset=utf-8", ""),
            );
        },
        flags: &[NEEDS_SCOPE],
        said: &[("aud", "failed", "resource parameter")],
    },
    Case {
        server: "Canaille, whose tokens name our client",
        answers: |fake| {
            let claims = json!({"active": true, "aud": ["sid1", "mcp"], "client_id": "machine",
                                "exp": 4_102_444_800.5, "iat": 1_795_394_477.034, "sub": "sid1",
                                "iss": fake.issuer(), "scope": "mcp:tools", "token_type": "Bearer"});
            answers(fake, claims, unauthorized());
        },
        flags: &[NEEDS_SCOPE],
        said: &[("aud", "failed", "Set --auth-audience to \"mcp\"")],
    },
    Case {
        server: "better-auth, asked about a JWT",
        answers: |fake| {
            answers(fake, json!({"active": false}), unauthorized());
            fake.answer_token(TOKEN, Reply::status(500));
        },
        flags: &[],
        said: &[
            ("credentials", "passed", "accepted"),
            ("active", "failed", "better-auth fails for every JWT"),
        ],
    },
    Case {
        server: "Doorkeeper, which does not decode the secret",
        answers: |fake| {
            let claims = json!({"active": true, "scope": "mcp:tools", "client_id": "machine",
                                "token_type": "Bearer", "exp": EXP, "iat": 1_795_394_477});
            answers(fake, claims, unauthorized());
            fake.require_client(ExpectedClient::RawBasic {
                id: "mcp".to_owned(),
                secret: SECRET.1.to_owned(),
            });
        },
        flags: &[],
        said: &[
            (
                "credentials",
                "failed",
                "Doorkeeper, Glewlwyd and LemonLDAP::NG need client_secret_basic_raw",
            ),
            ("credentials", "failed", "by client_secret_basic"),
        ],
    },
    Case {
        server: "Doorkeeper, asked raw",
        answers: |fake| {
            let claims = json!({"active": true, "scope": "mcp:tools", "client_id": "machine",
                                "token_type": "Bearer", "exp": EXP, "iat": 1_795_394_477});
            answers(fake, claims, unauthorized());
            fake.require_client(ExpectedClient::RawBasic {
                id: "mcp".to_owned(),
                secret: SECRET.1.to_owned(),
            });
        },
        flags: &["--auth-client-auth-method=client_secret_basic_raw"],
        said: &[
            (
                "credentials",
                "passed",
                "accepted: client \"mcp\" by client_secret_basic_raw",
            ),
            (
                "aud",
                "failed",
                "--auth-allowed-client-ids and require scopes",
            ),
        ],
    },
    Case {
        server: "Spring and oidc-provider, asked raw",
        answers: |fake| {
            answers(fake, json!({"active": false}), unauthorized());
            fake.answer_by_default(Reply::json(400, &json!({"error": "invalid_request"})));
            fake.require_client(ExpectedClient::RawBasic {
                id: "mcp".to_owned(),
                secret: SECRET.1.to_owned(),
            });
        },
        flags: &["--auth-client-auth-method=client_secret_basic_raw"],
        said: &[("introspection", "failed", "use client_secret_basic")],
    },
    Case {
        server: "Glewlwyd, whose aud repeats the scopes",
        answers: |fake| {
            let claims = json!({"active": true, "aud": "mcp:tools oscal:read", "client_id": "machine",
                                "scope": "mcp:tools oscal:read", "token_type": "bearer", "exp": EXP});
            answers(fake, claims, Reply::status(401));
        },
        flags: &[NEEDS_SCOPE],
        said: &[
            ("credentials", "passed", "wrong secret got HTTP 401"),
            ("aud", "failed", "repeats the scopes, as in Glewlwyd"),
        ],
    },
    Case {
        server: "LemonLDAP::NG, which has no aud",
        answers: |fake| {
            let claims = json!({"active": true, "sub": null, "scope": "mcp:tools", "exp": EXP,
                                "client_id": "machine", "iss": fake.issuer()});
            answers(fake, claims, unauthorized());
            fake.serve("/.well-known/oauth-authorization-server", Reply::html());
        },
        flags: &[],
        said: &[
            ("metadata", "passed", "/.well-known/openid-configuration"),
            ("kind", "warning", "--auth-required-scopes"),
            ("aud", "failed", "LemonLDAP::NG"),
        ],
    },
    Case {
        server: "LemonLDAP::NG, with a wrong URL",
        answers: |fake| fake.answer_by_default(Reply::status(401)),
        flags: &[],
        said: &[(
            "credentials",
            "failed",
            "LemonLDAP::NG answers 401 to a wrong URL, too",
        )],
    },
    Case {
        server: "Ory Hydra, which asks for no credentials",
        answers: |fake| {
            let claims = json!({"active": true, "aud": [], "client_id": "machine", "scope": "mcp:tools",
                                "exp": EXP, "sub": "machine", "iss": fake.issuer(),
                                "token_type": "Bearer", "token_use": "refresh_token"});
            fake.answer_token(TOKEN, claims);
        },
        flags: &[],
        said: &[
            ("credentials", "warning", "not refused, but cannot tell"),
            ("credentials", "warning", "--auth-client-auth-method none"),
            ("kind", "failed", "have the client send its access token"),
        ],
    },
    Case {
        server: "Spring Authorization Server, an access token as it comes",
        answers: |fake| {
            let claims = json!({"active": true, "sub": "machine", "aud": ["machine"], "nbf": 1_795_701_306,
                                "scope": "mcp:tools", "iss": fake.issuer(), "exp": EXP,
                                "client_id": "machine", "token_type": "Bearer"});
            answers(fake, claims, unauthorized());
        },
        flags: &[],
        said: &[("aud", "failed", "Do not set --auth-audience to it")],
    },
    Case {
        server: "Spring Authorization Server, an ID token, with the client as audience",
        answers: |fake| {
            let claims = json!({"active": true, "sub": "alice", "aud": ["desktop"], "azp": "desktop",
                                "iss": fake.issuer(), "exp": EXP, "client_id": "desktop"});
            answers(fake, claims, unauthorized());
        },
        flags: &["--auth-audience=desktop"],
        said: &[
            ("kind", "warning", "ID token or a refresh token"),
            (
                "aud",
                "warning",
                "\"desktop\" is the client that this token was issued to",
            ),
        ],
    },
    Case {
        server: "Spring Authorization Server, a refresh token",
        answers: |fake| {
            let claims =
                json!({"active": true, "client_id": "desktop", "iat": 1_795_701_322, "exp": EXP});
            answers(fake, claims, unauthorized());
        },
        flags: &["--auth-allowed-client-ids=desktop"],
        said: &[
            ("kind", "warning", "Set --auth-required-scopes"),
            ("client_id", "passed", "desktop"),
        ],
    },
    Case {
        server: "Spring Authorization Server, a refresh token where scopes are required",
        answers: |fake| {
            let claims =
                json!({"active": true, "client_id": "desktop", "iat": 1_795_701_322, "exp": EXP});
            answers(fake, claims, unauthorized());
        },
        flags: &["--auth-allowed-client-ids=desktop", NEEDS_SCOPE],
        said: &[
            ("kind", "passed", "the answer does not say"),
            ("scope", "failed", "an ID token or a refresh token"),
        ],
    },
    Case {
        server: "zitadel/oidc, whose tokens name us and others",
        answers: |fake| {
            let claims = json!({"active": true, "aud": ["machine", "mcp", "42"], "client_id": "machine",
                                "iss": fake.issuer(), "exp": EXP, "scope": "mcp:tools",
                                "token_type": "Bearer"});
            answers(fake, claims, unauthorized());
        },
        flags: &[],
        said: &[(
            "aud",
            "failed",
            "Set --auth-audience to \"mcp\": this authorization server",
        )],
    },
    Case {
        server: "a server whose tokens name several others",
        answers: |fake| {
            let claims = json!({"active": true, "aud": ["machine", "https://one.example", "two"],
                                "client_id": "machine", "exp": EXP, "token_type": "Bearer"});
            answers(fake, claims, unauthorized());
        },
        flags: &[],
        said: &[(
            "aud",
            "failed",
            "if one of [\"https://one.example\", \"two\"] stands for this",
        )],
    },
    Case {
        server: "django-oidc-provider, whose answer to anybody is inactive: a good token tells",
        answers: |fake| {
            let claims =
                json!({"active": true, "aud": "machine", "client_id": "machine", "sub": "1"});
            answers(fake, claims, json!({"active": false}).into());
        },
        flags: &[],
        said: &[
            (
                "credentials",
                "passed",
                "deliberately wrong secret got active: false",
            ),
            ("aud", "failed", "Do not set --auth-audience to it"),
        ],
    },
    Case {
        server: "django-oidc-provider, whose answer to anybody is inactive: a bad token does not tell",
        answers: |fake| {
            answers(
                fake,
                json!({"active": false}),
                json!({"active": false}).into(),
            );
        },
        flags: &[],
        said: &[
            ("credentials", "warning", "not refused, but cannot tell"),
            (
                "credentials",
                "warning",
                "\"inactive\" to anybody (django-oidc-provider)",
            ),
            ("active", "failed", "This server's credentials may be wrong"),
        ],
    },
    Case {
        server: "a server that limits failed logins",
        answers: |fake| answers(fake, json!({"active": false}), Reply::status(429)),
        flags: &[],
        said: &[("credentials", "warning", "not refused, but cannot tell")],
    },
];

#[test]
fn every_server_is_told_what_is_true_of_it() {
    for case in CASES {
        let fake = FakeAuthorizationServer::start();
        (case.answers)(&fake);
        let (_, report) = examine(fake.issuer(), case.flags, Some(TOKEN));
        for (name, outcome, words) in case.said {
            let check = check(&report, name);
            let server = case.server;
            assert_eq!(check["outcome"], *outcome, "{server}: {check:#}");
            let found = check["found"].as_str().expect("found");
            let fix = check["fix"].as_str().unwrap_or_default();
            let said = format!("{found} {fix}");
            assert!(said.contains(words), "{server}: {words:?} in {said:?}");
            // Two values of `aud` are never joined.
            assert!(!said.contains("sid1 mcp"), "{server}: {said}");
        }
    }
}

#[test]
fn metadata_is_found_where_django_oauth_toolkit_has_it() {
    let fake = FakeAuthorizationServer::start_with(FakeConfig {
        issuer_path: "/o".to_owned(),
        introspection_path: "/o/introspect/".to_owned(),
        metadata: Vec::new(),
        ..FakeConfig::default()
    });
    fake.require_client(ExpectedClient::basic("mcp", SECRET.1));
    let mut openid = fake.metadata();
    openid
        .as_object_mut()
        .expect("an object")
        .remove("introspection_endpoint");
    fake.serve("/o/.well-known/openid-configuration", openid);
    fake.serve("/o/.well-known/oauth-authorization-server", fake.metadata());
    let (status, report) = examine(fake.issuer(), &[], None);
    assert_eq!(status, 0, "{report:#}");
    let found = fake.url("/o/.well-known/oauth-authorization-server");
    assert_eq!(check(&report, "metadata")["found"], found);
}

/// Text from outside could move a terminal's cursor or forge a line of the report.
#[test]
fn the_words_of_others_are_shown_as_text() {
    let fake = FakeAuthorizationServer::start();
    let hostile = "x\n  passed   credentials\u{1b}[2J\u{9b}2J\u{202e}";
    let claims = json!({"active": true, "aud": [hostile], "iss": hostile, "scope": hostile,
                        "client_id": hostile, "token_use": hostile});
    fake.answer_token(TOKEN, claims);
    let mut metadata = fake.metadata();
    metadata["introspection_endpoint_auth_methods_supported"] = json!([hostile]);
    fake.serve("/.well-known/oauth-authorization-server", metadata);
    let (_, report) = examine(fake.issuer(), &[], Some(TOKEN));
    fn assert_plain(value: &Value) {
        match value {
            Value::String(text) => {
                let strange = |char: char| char.is_control() || char == '\u{202e}';
                assert!(!text.contains(strange), "{text:?}");
            }
            Value::Array(items) => items.iter().for_each(assert_plain),
            Value::Object(members) => members.values().for_each(assert_plain),
            _ => {}
        }
    }
    assert_plain(&report);
}

#[test]
fn an_answer_that_would_fill_the_screen_is_cut() {
    let fake = FakeAuthorizationServer::start();
    let mut metadata = fake.metadata();
    let many: Vec<_> = (0..2000).map(|number| format!("method-{number}")).collect();
    metadata["introspection_endpoint_auth_methods_supported"] = json!(many);
    fake.serve("/.well-known/oauth-authorization-server", metadata);
    let many: Vec<_> = (0..2000)
        .map(|number| format!("audience-{number}"))
        .collect();
    let claims = json!({"active": true, "aud": many, "client_id": "x".repeat(30_000)});
    fake.answer_token(TOKEN, claims);
    let (_, report) = examine(fake.issuer(), &[], Some(TOKEN));
    let text = report.to_string();
    assert!(text.len() < 20_000, "{} bytes", text.len());
}
