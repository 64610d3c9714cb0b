//! Tokens that are bound to a key, as an operator switches them on.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use dev_authorization_server::{FakeAuthorizationServer, SigningKey, compact};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{RESOURCE, SECRET, Server, protected_by, run, stderr};

fn hash(text: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(text))
}

/// A client's key as in a proof, and its thumbprint (RFC 7638).
fn named(key: &SigningKey) -> (Value, String) {
    let jwk = key.public();
    let members = ["crv", "kty", "x", "y"].map(|name| format!("\"{name}\":{}", jwk[name]));
    let thumbprint = hash(&format!("{{{}}}", members.join(",")));
    (jwk, thumbprint)
}

fn proof(key: &SigningKey, jti: &str, changes: &Value) -> String {
    let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": named(key).0});
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed();
    let mut claims = json!({
        "jti": jti, "htm": "POST", "htu": RESOURCE, "ath": hash("bound"),
        "iat": now.expect("after 1970").as_secs(),
    });
    for (name, value) in changes.as_object().expect("an object") {
        claims[name] = value.clone();
    }
    compact(&header.to_string(), &claims.to_string(), |text| {
        key.sign(text)
    })
}

#[tokio::test]
async fn rs_66_the_option_accepts_bound_tokens_and_says_so() {
    let fake = FakeAuthorizationServer::start();
    let key = SigningKey::new("ES256", "client");
    let mut claims = fake.active_claims(RESOURCE, "mcp:tools");
    claims["token_type"] = json!("DPoP");
    claims["cnf"] = json!({"jkt": named(&key).1});
    fake.answer_token("bound", claims);
    fake.answer_token("good", fake.active_claims(RESOURCE, "mcp:tools"));
    for (flag, bound, bearer, required) in [
        ("--auth-dpop=off", 401, 200, json!(null)),
        ("--auth-dpop=allowed", 200, 200, json!(null)),
        ("--auth-dpop=required", 200, 401, json!(true)),
    ] {
        let mut flags = protected_by(fake.issuer());
        flags.push(flag.to_owned());
        let server = Server::start(&flags, &[SECRET]);
        server.wait_for_log("authorization server found");
        let call = async |proof: &str| {
            let request = server.call("about", &json!({})).header("DPoP", proof);
            let request = request.header("Authorization", "DPoP bound");
            request.send().await.expect("an answer").status().as_u16()
        };
        let once = proof(&key, "once", &json!({}));
        assert_eq!(call(&once).await, bound, "{flag}");
        assert_eq!(call(&once).await, 401, "{flag}: a replay");
        let as_bearer = server.call("about", &json!({})).bearer_auth("bound");
        let answer = as_bearer.send().await.expect("an answer");
        assert_eq!(
            answer.status(),
            401,
            "{flag}: a bound token as a bearer token"
        );
        let good = server.call("about", &json!({})).bearer_auth("good");
        let answer = good.send().await.expect("an answer");
        assert_eq!(answer.status(), bearer, "{flag}");
        let metadata = server.get("/.well-known/oauth-protected-resource");
        let metadata = metadata.send().await.expect("an answer");
        let metadata: Value = metadata.json().await.expect("JSON");
        assert_eq!(
            metadata["dpop_bound_access_tokens_required"], required,
            "{flag}"
        );
        if bound == 200 {
            let elsewhere = json!({"htu": "http://behind.example:8000/mcp"});
            assert_eq!(call(&proof(&key, "other", &elsewhere)).await, 401);
            let line = server.wait_for_log("it was made for");
            assert!(line.contains("http://behind.example:8000/mcp"), "{line}");
            assert!(line.contains(RESOURCE), "{line}");
        }
    }
}

#[tokio::test]
async fn a_page_may_read_the_nonce() {
    let fake = FakeAuthorizationServer::start();
    let mut flags = protected_by(fake.issuer());
    flags.extend(
        [
            "--auth-dpop=required",
            "--auth-dpop-nonce",
            "--allowed-origins=https://app.example",
        ]
        .map(str::to_owned),
    );
    let server = Server::start(&flags, &[SECRET]);
    let request = server
        .call("about", &json!({}))
        .header("Origin", "https://app.example");
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), 401);
    let header = |name: &str| {
        let value = answer.headers().get(name).expect(name);
        value.to_str().expect("ASCII").to_ascii_lowercase()
    };
    assert_eq!(header("dpop-nonce").len(), 22);
    let exposed = header("access-control-expose-headers");
    for name in ["dpop-nonce", "www-authenticate"] {
        assert!(exposed.contains(name), "{exposed}");
    }
}

#[test]
fn settings_that_make_no_sense_are_told() {
    let fake = FakeAuthorizationServer::start();
    let mut flags = protected_by(fake.issuer());
    flags.push("--print-config".to_owned());
    for (more, status, words) in [
        (&["--auth-dpop=on"][..], 2, "off, allowed or required"),
        (&["--auth-dpop-nonce"], 0, "--auth-dpop is off"),
        (
            &["--auth-verifier=userinfo", "--auth-dpop=allowed"],
            2,
            "userinfo does not report to which key",
        ),
        (
            &["--auth-dpop=required", "--auth-dpop-nonce"],
            0,
            "required",
        ),
    ] {
        let mut flags = flags.clone();
        flags.extend(more.iter().map(|&flag| flag.to_owned()));
        let output = run(&flags, &[SECRET]);
        let text = format!("{}{}", stderr(&output), crate::support::stdout(&output));
        assert_eq!(output.status.code(), Some(status), "{text}");
        assert!(text.contains(words), "{words}: {text}");
    }
}
