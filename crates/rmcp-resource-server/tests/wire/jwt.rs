//! Which JWTs this server accepts.

use std::sync::LazyLock;

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use dev_authorization_server::FakeAuthorizationServer;
use proptest::{prelude::*, test_runner::TestRunner};
use rmcp_resource_server::{
    BearerToken, JwtVerifier, Scopes, SigningAlgorithm, TokenVerifier, VerifyError,
};
use serde_json::{Value, json};
use tokio::{runtime::Handle, time::Instant};

use crate::support::{
    ABSENT, ED25519_IS_ACCEPTED, RESOURCE, SigningKey, TestServer, compact, jwt_claims,
    jwt_verifier, spawn_server_with, unix_now,
};

static RSA: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::new("RS256", "rsa"));
static PSS: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::new("PS256", "pss"));
static EC: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::new("ES256", "ec"));
static ED: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::new("EdDSA", "ed"));

async fn server_with(fake: &FakeAuthorizationServer, key: &SigningKey) -> TestServer<JwtVerifier> {
    let verifier = jwt_verifier(fake, &[key], |_| {}).await;
    spawn_server_with(fake, verifier, |_| {})
}

/// A server whose authorization server writes `typ: JWT`, or no `typ`.
async fn lenient_server(
    fake: &FakeAuthorizationServer,
    key: &SigningKey,
) -> TestServer<JwtVerifier> {
    let verifier = jwt_verifier(fake, &[key], |config| {
        config.accepted_types = vec!["JWT".to_owned()];
        config.accept_untyped = true;
    })
    .await;
    spawn_server_with(fake, verifier, |setup| {
        setup.resource.required_scopes = Scopes::none();
        setup.resource.allowed_client_ids = vec!["7k3o".to_owned()];
    })
}

#[tokio::test]
async fn each_algorithm_is_accepted_with_a_key_for_it() {
    let fake = FakeAuthorizationServer::start();
    let keys: [&SigningKey; 4] = [&RSA, &PSS, &EC, &ED];
    let verifier = jwt_verifier(&fake, &keys, |_| {}).await;
    let server = spawn_server_with(&fake, verifier, |_| {});
    for key in keys {
        let claims = jwt_claims(&fake, json!({"nested": {"id": 7}}));
        let answer = server.call(&key.token(&claims)).await;
        if key.alg == "EdDSA" && !ED25519_IS_ACCEPTED {
            answer.assert_invalid_token("in a FIPS build");
            continue;
        }
        answer.assert_served(key.alg);
        let seen = answer.tool_result();
        assert_eq!(seen["issuer"], fake.issuer(), "{}", key.alg);
        assert_eq!(seen["subject"], "alice");
        assert_eq!(seen["client_id"], "client");
        assert_eq!(seen["scopes"], json!(["mcp:tools"]));
        assert_eq!(seen["extra"][4], json!(["nested", {"id": 7}]));
    }
    assert_eq!(fake.requests_at("/jwks").len(), 1);
    assert_eq!(fake.requests().len(), 1, "no introspection, no metadata");
}

#[tokio::test]
async fn only_configured_algorithms_are_accepted() {
    let fake = FakeAuthorizationServer::start();
    let es384 = SigningKey::new("ES384", "es384");
    let by_default = jwt_verifier(&fake, &[&es384, &EC, &ED], |_| {}).await;
    let by_default = spawn_server_with(&fake, by_default, |_| {});
    let token = es384.token(&jwt_claims(&fake, json!({})));
    by_default.call(&token).await.assert_invalid_token("ES384");
    let configured = jwt_verifier(&fake, &[&es384, &ED], |config| {
        config.algorithms = vec![SigningAlgorithm::Es384];
    })
    .await;
    let configured = spawn_server_with(&fake, configured, |_| {});
    configured.call(&token).await.assert_served("ES384");
    let token = ED.token(&jwt_claims(&fake, json!({})));
    configured.call(&token).await.assert_invalid_token("EdDSA");
}

fn hs256(secret: &[u8], message: &[u8]) -> Vec<u8> {
    sign(&Key::new(HMAC_SHA256, secret), message)
        .as_ref()
        .to_vec()
}

/// Tokens that no authorization server signed, and what each one tries.
fn forgeries(claims: &Value) -> Vec<(&'static str, String)> {
    let payload = claims.to_string();
    let header =
        |alg: &str, kid: &str| json!({"typ": "at+jwt", "alg": alg, "kid": kid}).to_string();
    let mut forgeries = Vec::new();
    for alg in ["none", "None", "NONE", ""] {
        let unsigned = compact(&header(alg, "rsa"), &payload, |_| Vec::new());
        forgeries.push(("no signature", unsigned));
    }
    let modulus = RSA.public()["n"].as_str().expect("n").to_owned();
    let jwk = RSA.public().to_string();
    for secret in [
        RSA.public_der(),
        modulus.into_bytes(),
        jwk.into_bytes(),
        Vec::new(),
    ] {
        let token = compact(&header("HS256", "rsa"), &payload, |m| hs256(&secret, m));
        forgeries.push(("the public key as a shared secret", token));
    }
    let stranger = SigningKey::new("ES256", "ec");
    forgeries.push(("another key under the same kid", stranger.token(claims)));
    let own = stranger.public();
    let embedded = stranger.token_with(&json!({"jwk": own}), claims);
    forgeries.push(("a key in the header", embedded));
    for (what, key, header) in [
        ("RS256 as PS256", &RSA, json!({"alg": "PS256"})),
        ("PS256 as RS256", &PSS, json!({"alg": "RS256"})),
        ("RS256 by the PS256 key", &RSA, json!({"kid": "pss"})),
        ("ES256 named by RSA's kid", &EC, json!({"kid": "rsa"})),
        ("EdDSA as ES256", &ED, json!({"alg": "ES256", "kid": "ec"})),
        ("an extension", &EC, json!({"crit": ["b64"], "b64": true})),
    ] {
        forgeries.push((what, key.token_with(&header, claims)));
    }
    let good = EC.token(claims);
    let (signed, signature) = good.rsplit_once('.').expect("three parts");
    let (head, _) = signed.split_once('.').expect("three parts");
    let altered = payload.replace("alice", "mallory");
    let other = compact(&header("ES256", "ec"), &altered, |_| Vec::new());
    let (_, other_payload) = other.trim_end_matches('.').split_once('.').expect("parts");
    for (what, token) in [
        (
            "another payload",
            format!("{head}.{other_payload}.{signature}"),
        ),
        ("an empty signature", format!("{signed}.")),
        ("a short signature", format!("{signed}.{}", &signature[4..])),
        ("a long signature", format!("{signed}.{signature}AAAA")),
        ("a padded signature", format!("{good}==")),
        ("a part more", format!("{good}.AAAA")),
        ("two parts", signed.to_owned()),
        ("no dots", "opaque".to_owned()),
        ("only dots", "..".to_owned()),
    ] {
        forgeries.push((what, token));
    }
    forgeries
}

#[tokio::test]
async fn forgeries_are_refused() {
    let fake = FakeAuthorizationServer::start();
    let verifier = jwt_verifier(&fake, &[&RSA, &PSS, &EC, &ED], |_| {}).await;
    let server = spawn_server_with(&fake, verifier, |_| {});
    let claims = jwt_claims(&fake, json!({}));
    let begun = Instant::now();
    for (what, token) in forgeries(&claims) {
        for use_of_it in ["first", "second"] {
            let case = format!("{what}, {use_of_it} use: {token}");
            server.call(&token).await.assert_invalid_token(&case);
        }
    }
    let good = EC.token(&claims);
    server.call(&good).await.assert_served("the genuine one");
    // All name known keys, so there is no need to fetch keys again soon.
    let most = 1 + begun.elapsed().as_secs() / 10;
    assert!(fake.requests_at("/jwks").len() as u64 <= most);
}

#[tokio::test]
async fn a_signed_payload_must_be_one_json_object_without_duplicates() {
    let fake = FakeAuthorizationServer::start();
    let server = server_with(&fake, &EC).await;
    let header = json!({"typ": "at+jwt", "alg": "ES256", "kid": "ec"}).to_string();
    let good = jwt_claims(&fake, json!({})).to_string();
    for (payload, accepted) in [
        (good.clone(), true),
        (good.replacen('{', r#"{"sub":"mallory","#, 1), false),
        (good.replacen('{', r#"{"s\u0075b":"mallory","#, 1), false),
        (format!("{good}{{}}"), false),
        (format!("[{good}]"), false),
        (String::new(), false),
    ] {
        let token = compact(&header, &payload, |message| EC.sign(message));
        let answer = server.call(&token).await;
        if accepted {
            answer.assert_served(&payload);
        } else {
            answer.assert_invalid_token(&payload);
        }
    }
}

#[tokio::test]
async fn the_policy_judges_the_claims() {
    let fake = FakeAuthorizationServer::start();
    let server = server_with(&fake, &EC).await;
    let issuer = fake.issuer();
    let now = unix_now();
    for (changes, accepted) in [
        (json!({}), true),
        (json!({"exp": now - 1}), false),
        (json!({"exp": ABSENT}), false),
        (json!({"exp": null}), false),
        (json!({"exp": "4102444800"}), false),
        (json!({"exp": 4_102_444_800.5}), true),
        (json!({"nbf": now + 60}), false),
        (json!({"iss": ABSENT}), false),
        (json!({"iss": ""}), false),
        (json!({"iss": format!("{issuer}/")}), false),
        (json!({"iss": "https://other.example"}), false),
        (json!({"aud": "https://other.example/mcp"}), false),
        (json!({"aud": format!("{RESOURCE}/")}), false),
        (json!({"aud": ABSENT}), false),
        (json!({"aud": []}), false),
        (json!({"aud": ["other", RESOURCE]}), true),
        (json!({"cnf": {"jkt": "x"}}), false),
        (json!({"cnf": {"x5t#S256": "x"}}), false),
        (json!({"token_use": "id"}), false),
        (json!({"typ": "ID"}), false),
        (json!({"at_hash": "x"}), false),
        (json!({"nonce": "x"}), true),
    ] {
        let answer = server
            .call(&EC.token(&jwt_claims(&fake, changes.clone())))
            .await;
        let case = changes.to_string();
        if accepted {
            answer.assert_served(&case);
        } else {
            answer.assert_invalid_token(&case);
        }
    }
    for changes in [json!({"scope": ABSENT}), json!({"scope": "other"})] {
        let token = EC.token(&jwt_claims(&fake, changes.clone()));
        let answer = server.call(&token).await;
        answer.assert_insufficient_scope(&changes.to_string());
    }
}

#[tokio::test]
async fn the_header_tells_an_access_token_from_others() {
    let fake = FakeAuthorizationServer::start();
    let strict = server_with(&fake, &EC).await;
    let lenient = jwt_verifier(&fake, &[&EC], |config| {
        config.accepted_types = vec!["application/jwt".to_owned()];
        config.accept_untyped = true;
    })
    .await;
    let lenient = spawn_server_with(&fake, lenient, |_| {});
    for (typ, by_strict, by_lenient) in [
        (json!("at+jwt"), true, false),
        (json!("AT+JWT"), true, false),
        (json!("application/at+jwt"), true, false),
        (json!("JWT"), false, true),
        (json!(null), false, true),
        (json!("logout+jwt"), false, false),
        (json!("dpop+jwt"), false, false),
        (json!("application/x/at+jwt"), false, false),
    ] {
        let token = EC.token_with(&json!({"typ": typ}), &jwt_claims(&fake, json!({})));
        for (server, accepted) in [(&strict, by_strict), (&lenient, by_lenient)] {
            let status = server.call(&token).await.status;
            assert_eq!(status, if accepted { 200 } else { 401 }, "{typ}");
        }
    }
}

#[tokio::test]
async fn tokens_of_auth0s_shape() {
    let fake = FakeAuthorizationServer::start();
    let verifier = jwt_verifier(&fake, &[&RSA], |config| {
        config.accepted_types = vec!["JWT".to_owned()];
    })
    .await;
    let server = spawn_server_with(&fake, verifier, |_| {});
    let now = unix_now();
    let access = json!({
        "iss": fake.issuer(), "sub": "auth0|65f", "azp": "my_client_id", "iat": now,
        "aud": [RESOURCE, fake.url("/userinfo")], "exp": now + 86_400, "gty": "password",
        "scope": "openid profile mcp:tools",
    });
    let header = json!({"typ": "JWT"});
    let answer = server.call(&RSA.token_with(&header, &access)).await;
    answer.assert_served("an access token");
    let seen = answer.tool_result();
    assert_eq!(seen["client_id"], "my_client_id");
    assert_eq!(seen["user"], "auth0|65f");
    assert_eq!(seen["scopes"], json!(["mcp:tools", "openid", "profile"]));
    let id = json!({
        "iss": fake.issuer(), "sub": "auth0|65f", "aud": "my_client_id", "iat": now,
        "exp": now + 36_000, "nonce": "x", "email": "alice@example.com",
    });
    let answer = server.call(&RSA.token_with(&header, &id)).await;
    answer.assert_invalid_token("an ID token");
}

#[tokio::test]
async fn tokens_of_oktas_and_entras_shape() {
    let fake = FakeAuthorizationServer::start();
    let server = lenient_server(&fake, &RSA).await;
    let now = unix_now();
    for (header, own) in [
        (
            json!({"typ": null}),
            json!({"ver": 1, "cid": "7k3o", "uid": "u", "scp": ["openid", "mcp:tools"]}),
        ),
        (
            json!({"typ": "JWT"}),
            json!({"ver": "2.0", "azp": "7k3o", "oid": "o", "scp": "openid mcp:tools"}),
        ),
    ] {
        let mut claims = json!({
            "iss": fake.issuer(), "sub": "alice", "aud": RESOURCE, "iat": now, "exp": now + 60,
        });
        for (name, value) in own.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        let answer = server.call(&RSA.token_with(&header, &claims)).await;
        answer.assert_served(&own.to_string());
        let seen = answer.tool_result();
        assert_eq!(seen["client_id"], "7k3o", "{own}");
        assert_eq!(seen["scopes"], json!(["mcp:tools", "openid"]), "{own}");
    }
}

/// If JWTs of any type are accepted and no scope is required, an ID token of the same registration
/// has the right issuer, audience and signature.
#[tokio::test]
async fn rs_48_entras_id_tokens_are_refused_without_required_scopes_too() {
    let fake = FakeAuthorizationServer::start();
    let verifier = jwt_verifier(&fake, &[&RSA], |config| {
        config.accepted_types = vec!["JWT".to_owned(), "at+jwt".to_owned()];
    })
    .await;
    const REGISTRATION: &str = "11111111-aaaa-bbbb-cccc-222222222222";
    let server = spawn_server_with(&fake, verifier, |setup| {
        setup.resource.audiences = vec![REGISTRATION.to_owned()];
        setup.resource.required_scopes = Scopes::none();
    });
    let now = unix_now();
    let common = json!({
        "iss": fake.issuer(), "sub": "s", "aud": REGISTRATION, "iat": now, "exp": now + 60,
        "ver": "2.0", "tid": "t", "oid": "o", "rh": "r", "uti": "u",
    });
    for (what, typ, own, accepted) in [
        (
            "a user's",
            "JWT",
            json!({"azp": "c", "scp": "access"}),
            true,
        ),
        (
            "version 1",
            "JWT",
            json!({"appid": "c", "scp": "access"}),
            true,
        ),
        (
            "an app's role",
            "JWT",
            json!({"azp": "c", "roles": ["Read"]}),
            true,
        ),
        ("RFC 9068", "at+jwt", json!({"client_id": "c"}), true),
        (
            "an ID token",
            "JWT",
            json!({"nonce": "n", "name": "A"}),
            false,
        ),
        ("without nonce", "JWT", json!({"name": "A"}), false),
        (
            "with roles",
            "JWT",
            json!({"name": "A", "roles": ["Read"]}),
            false,
        ),
        (
            "of an implicit flow",
            "JWT",
            json!({"azp": REGISTRATION, "nonce": "n", "at_hash": "x"}),
            false,
        ),
        (
            "its own client",
            "JWT",
            json!({"azp": REGISTRATION, "auth_time": now}),
            false,
        ),
        (
            "app-only",
            "JWT",
            json!({"azp": "c", "azpacr": "1", "idtyp": "app"}),
            false,
        ),
        (
            "app-only, roles empty",
            "JWT",
            json!({"azp": "c", "roles": []}),
            false,
        ),
        (
            "typed, but with at_hash",
            "at+jwt",
            json!({"at_hash": "x"}),
            false,
        ),
    ] {
        let mut claims = common.clone();
        for (name, value) in own.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        let answer = server
            .call(&RSA.token_with(&json!({"typ": typ}), &claims))
            .await;
        if accepted {
            answer.assert_served(what);
        } else {
            answer.assert_invalid_token(what);
        }
    }
}

/// There is no `aud` and no `typ`; the list of client ids replaces the audience.
#[tokio::test]
async fn tokens_of_cognitos_shape() {
    let fake = FakeAuthorizationServer::start();
    let server = lenient_server(&fake, &RSA).await;
    let now = unix_now();
    let access = json!({
        "sub": "aaaaaaaa-bbbb", "iss": fake.issuer(), "version": 2, "client_id": "7k3o",
        "origin_jti": "o", "event_id": "e", "token_use": "access", "scope": "openid mcp/tools",
        "auth_time": now, "exp": now + 3600, "iat": now, "jti": "j", "username": "alice",
        "cognito:groups": ["admins"],
    });
    let header = json!({"typ": null});
    let answer = server.call(&RSA.token_with(&header, &access)).await;
    answer.assert_served("an access token");
    let seen = answer.tool_result();
    assert_eq!(
        (&seen["client_id"], &seen["username"]),
        (&json!("7k3o"), &json!("alice"))
    );
    for (what, changes) in [
        ("another client", json!({"client_id": "other"})),
        ("another audience", json!({"aud": "7k3o"})),
        (
            "an ID token",
            json!({"token_use": "id", "aud": "7k3o", "cognito:username": "alice"}),
        ),
        ("token_use id", json!({"token_use": "id"})),
    ] {
        let mut claims = access.clone();
        for (name, value) in changes.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        let answer = server.call(&RSA.token_with(&header, &claims)).await;
        answer.assert_invalid_token(what);
    }
    let strict = spawn_server_with(&fake, server.verifier.clone(), |setup| {
        setup.resource.required_scopes = Scopes::none();
    });
    let answer = strict.call(&RSA.token_with(&header, &access)).await;
    answer.assert_invalid_token("no audience, and no list of clients");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn no_text_but_the_token_verifies() {
    let fake = FakeAuthorizationServer::start();
    let verifier = jwt_verifier(&fake, &[&RSA, &PSS, &EC, &ED], |_| {}).await;
    let good = EC.token(&jwt_claims(&fake, json!({})));
    let runtime = Handle::current();
    let refused = |text: &str| {
        let Ok(token) = BearerToken::parse(text, 8192) else {
            return true;
        };
        match runtime.block_on(verifier.verify(&token)) {
            Ok(_) => false,
            Err(VerifyError::Token(_)) => true,
            // A changed kid may belong to a new key, and the keys are not fetched for each token.
            Err(VerifyError::AuthorizationServer(error)) => error.reason() == "key_not_fetched",
        }
    };
    tokio::task::block_in_place(|| {
        assert!(!refused(&good), "the genuine one");
        let config = ProptestConfig {
            cases: 256,
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let mut runner = TestRunner::new(config);
        runner
            .run(
                &"[A-Za-z0-9._~+/-]{0,60}={0,2}|([A-Za-z0-9_-]{0,40}\\.){2}[A-Za-z0-9_-]{0,90}",
                |text| {
                    prop_assert!(refused(&text));
                    Ok(())
                },
            )
            .expect("arbitrary text is refused");
        let change = (0..good.len(), "[A-Za-z0-9._-]");
        runner
            .run(&change, |(at, character)| {
                let mut text = good.clone();
                text.replace_range(at..=at, &character);
                prop_assert!(text == good || refused(&text), "{text}");
                Ok(())
            })
            .expect("a changed token is refused");
    });
}
