//! What is off by default: signed introspection answers, logouts that are told, bound tokens.

use std::sync::LazyLock;

use dev_authorization_server::{ExpectedClient, FakeAuthorizationServer, Reply, SigningKey, jwks};
use serde_json::{Value, json};

use super::{assert_failed, assert_fix, check, examine, names};
use crate::support::{RESOURCE, SECRET};

static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::new("ES256", "key"));

/// An authorization server with keys, whose metadata says this, too.
fn fake(more: Value) -> FakeAuthorizationServer {
    let fake = FakeAuthorizationServer::start();
    fake.require_client(ExpectedClient::basic("mcp", SECRET.1));
    fake.serve("/jwks", jwks(&[&KEY]));
    let mut metadata = fake.metadata();
    metadata["jwks_uri"] = json!(fake.url("/jwks"));
    for (member, value) in more.as_object().expect("an object") {
        metadata[member] = value.clone();
    }
    for form in dev_authorization_server::MetadataForm::ALL {
        fake.serve_metadata(form, metadata.clone());
    }
    fake
}

fn now() -> u64 {
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed();
    now.expect("after 1970").as_secs()
}

/// A signed answer, except for these changes to its header and its claims.
fn signed(fake: &FakeAuthorizationServer, answer: Value, header: Value, changes: Value) -> Reply {
    let mut claims = json!({
        "iss": fake.issuer(), "aud": "mcp", "iat": now(), "token_introspection": answer,
    });
    for (name, value) in changes.as_object().expect("an object") {
        claims[name] = value.clone();
    }
    let mut typed = json!({"typ": "token-introspection+jwt"});
    for (name, value) in header.as_object().expect("an object") {
        typed[name] = value.clone();
    }
    let body = KEY.token_with(&typed, &claims);
    Reply::new(200, "application/token-introspection+jwt", body)
}

const SIGNED: &str = "--auth-introspection-signed";

#[test]
fn signed_answers_are_tried_with_their_keys() {
    let fake = fake(json!({"introspection_signing_alg_values_supported": ["HS256", "ES256"]}));
    let inactive = signed(&fake, json!({"active": false}), json!({}), json!({}));
    fake.answer_by_default(inactive);
    let claims = fake.active_claims(RESOURCE, "mcp:tools");
    fake.answer_token("t0ken", signed(&fake, claims, json!({}), json!({})));
    let (status, report) = examine(fake.issuer(), &[SIGNED], Some("t0ken"));
    assert_eq!(status, 0, "{report:#}");
    assert_eq!(names(&report, "warning"), [""; 0], "{report:#}");
    for (name, found) in [
        (
            "signed",
            "introspection_signing_alg_values_supported: [\"HS256\", \"ES256\"]",
        ),
        ("keys", "keys for ES256"),
        ("introspection", "active: false"),
        ("active", "active: true"),
    ] {
        let check = check(&report, name);
        assert_eq!(
            (&check["outcome"], &check["found"]),
            (&json!("passed"), &json!(found))
        );
    }
}

#[test]
fn each_fault_of_a_signed_answer_is_told_from_the_others() {
    let offers = json!({"introspection_signing_alg_values_supported": ["ES256"]});
    let header = |changes: Value| {
        move |fake: &FakeAuthorizationServer| {
            signed(fake, json!({"active": false}), changes.clone(), json!({}))
        }
    };
    let claims = |changes: Value| {
        move |fake: &FakeAuthorizationServer| {
            signed(fake, json!({"active": false}), json!({}), changes.clone())
        }
    };
    type Fault = Box<dyn Fn(&FakeAuthorizationServer) -> Reply>;
    let faults: [(&str, Fault, &str); 7] = [
        (
            "no signature",
            Box::new(|_| Reply::from(json!({"active": false}))),
            "introspection_signed_response_alg, such as RS256",
        ),
        (
            "the type of a token",
            Box::new(header(json!({"typ": "at+jwt"}))),
            "implements RFC 9701",
        ),
        (
            "an algorithm",
            Box::new(header(json!({"alg": "HS256"}))),
            "as RS256, PS256, ES256 or EdDSA",
        ),
        (
            "another key",
            Box::new(header(json!({"kid": "other"}))),
            "is not the one that the authorization server publishes",
        ),
        (
            "another resource server",
            Box::new(claims(json!({"aud": "other"}))),
            "Its aud must name --auth-client-id or --auth-audience",
        ),
        (
            "another time",
            Box::new(claims(json!({"iat": now() - 600}))),
            "Compare the clocks of both machines",
        ),
        (
            "an encrypted one",
            Box::new(|_| {
                let kind = "application/token-introspection+jwt";
                Reply::new(200, kind, "e30.AAAA.AAAA.AAAA.AAAA")
            }),
            "without introspection_encrypted_response_alg",
        ),
    ];
    for (case, reply, words) in faults {
        let fake = fake(offers.clone());
        fake.answer_by_default(reply(&fake));
        let (status, report) = examine(fake.issuer(), &[SIGNED], None);
        assert_eq!(status, 1, "{case}: {report:#}");
        assert_failed(&report, "introspection", words);
    }
}

#[test]
fn a_server_that_does_not_sign_or_has_no_keys_is_found_out() {
    let silent = fake(json!({}));
    silent.answer_by_default(signed(
        &silent,
        json!({"active": false}),
        json!({}),
        json!({}),
    ));
    let (status, report) = examine(silent.issuer(), &[SIGNED], None);
    assert_eq!(status, 0, "{report:#}");
    assert_eq!(names(&report, "warning"), ["signed"]);
    assert_fix(&report, "signed", "remove --auth-introspection-signed");

    for (keys, words) in [
        (Reply::status(404), "--auth-jwks-url to the URL"),
        (
            Reply::from(json!({"keys": []})),
            "with one of the wanted algorithms",
        ),
    ] {
        silent.serve("/jwks", keys);
        let asked = silent.introspection_count();
        let (status, report) = examine(silent.issuer(), &[SIGNED], None);
        assert_eq!(status, 1, "{report:#}");
        assert_failed(&report, "keys", words);
        assert_eq!(silent.introspection_count(), asked, "no use in asking");
    }
    let without = fake(json!({"jwks_uri": null}));
    let (_, report) = examine(without.issuer(), &[SIGNED], None);
    assert_failed(&report, "keys", "--auth-jwks-url to the URL");
}

const LOGOUT: &str = "--auth-back-channel-logout";

#[test]
fn what_a_logout_needs_is_told() {
    let clients = "--auth-back-channel-logout-clients=desktop";
    for (advertised, outcome, found) in [
        (
            json!({"backchannel_logout_supported": true, "backchannel_logout_session_supported": true}),
            "passed",
            "backchannel_logout_supported and backchannel_logout_session_supported",
        ),
        (
            json!({"backchannel_logout_supported": true}),
            "passed",
            "without sessions",
        ),
        (
            json!({"backchannel_logout_supported": false}),
            "warning",
            "does not say",
        ),
        (
            json!({"backchannel_logout_supported": "yes"}),
            "warning",
            "does not say",
        ),
        (json!({}), "warning", "does not say"),
    ] {
        let fake = fake(advertised);
        let (status, report) = examine(fake.issuer(), &[LOGOUT, clients], None);
        assert_eq!(status, 0, "{report:#}");
        let logout = check(&report, "logout");
        assert_eq!(logout["outcome"], outcome, "{logout}");
        assert!(
            logout["found"].as_str().expect("text").contains(found),
            "{logout}"
        );
        assert_eq!(
            check(&report, "logout_keys")["outcome"],
            "passed",
            "{report:#}"
        );
        let url = check(&report, "logout_url");
        assert_eq!(url["outcome"], "skipped");
        let told = url["found"].as_str().expect("text");
        assert!(
            told.contains("\"https://mcp.example.com/oauth/backchannel-logout\""),
            "{told}"
        );
        let wanted = url["wanted"].as_str().expect("text");
        assert!(
            wanted.contains("backchannel_logout_uri of [\"desktop\"]"),
            "{wanted}"
        );
    }
}

#[test]
fn logout_tokens_that_cannot_be_verified_are_found_out() {
    let fake = fake(json!({"backchannel_logout_supported": true}));
    fake.serve("/jwks", Reply::status(500));
    let (status, report) = examine(fake.issuer(), &[LOGOUT], None);
    assert_eq!(status, 1, "{report:#}");
    assert_failed(&report, "logout_keys", "--auth-jwks-url to the URL");
}

#[test]
fn what_a_proof_needs_is_told() {
    for (advertised, outcome) in [
        (
            json!({"dpop_signing_alg_values_supported": ["ES256"]}),
            "passed",
        ),
        (
            json!({"dpop_signing_alg_values_supported": ["ES512"]}),
            "warning",
        ),
        (
            json!({"dpop_signing_alg_values_supported": "ES256"}),
            "warning",
        ),
        (json!({}), "warning"),
    ] {
        let fake = fake(advertised);
        let (status, report) = examine(fake.issuer(), &["--auth-dpop=required"], None);
        assert_eq!(status, 0, "{report:#}");
        assert_eq!(check(&report, "dpop")["outcome"], outcome, "{report:#}");
        if outcome == "warning" {
            assert_fix(&report, "dpop", "every token is refused");
        }
        let url = check(&report, "dpop_url");
        assert_eq!(url["outcome"], "skipped");
        assert!(
            url["found"].as_str().expect("text").contains(RESOURCE),
            "{url}"
        );
        assert!(
            url["wanted"]
                .as_str()
                .expect("text")
                .contains("60 s old and 30 s early"),
            "{url}"
        );
    }
    let (_, report) = examine(fake(json!({})).issuer(), &[], None);
    for name in ["signed", "logout", "logout_url", "dpop", "dpop_url"] {
        let checks = report["checks"].as_array().expect("checks");
        assert!(checks.iter().all(|check| check["check"] != name), "{name}");
    }
}
