//! Proof of possession (DPoP, RFC 9449): which requests with a bound token are accepted.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use dev_authorization_server::{FakeAuthorizationServer, SigningKey, compact};
use futures_util::future::join_all;
use rmcp_resource_server::Dpop;
use serde_json::{Value, json};
use tracing::Level;

use crate::support::{
    ABSENT, Answer, ED25519_IS_ACCEPTED, Logs, METADATA_URL, Prover, RESOURCE, SCOPE, Setup,
    TestClock, TestServer, altered, call_tool, fake_with_good_token, jwt_claims, jwt_verifier,
    spawn_server, spawn_server_with,
};

const ALGORITHMS: &str = match ED25519_IS_ACCEPTED {
    true => "ES256 ES384 EdDSA Ed25519 PS256 RS256",
    false => "ES256 ES384 PS256 RS256",
};

fn allowed(setup: &mut Setup) {
    setup.resource.dpop = Dpop::Allowed;
}

fn required(setup: &mut Setup) {
    setup.resource.dpop = Dpop::Required;
}

/// A server that accepts bound tokens, and a client with one, `t`.
fn with_bound_token() -> (FakeAuthorizationServer, TestServer, Prover) {
    let fake = FakeAuthorizationServer::start();
    let server = spawn_server(&fake, allowed);
    let client = Prover::new();
    client.bind(&fake, "t", json!({}));
    (fake, server, client)
}

/// A 401 with this error, on the challenge of this scheme only.
fn assert_refused(answer: &Answer, scheme: &str, error: &str, case: &str) {
    assert_eq!(answer.status, 401, "{case}: {answer:?}");
    assert_eq!(answer.json()["error"], error, "{case}");
    for named in ["Bearer", "DPoP"] {
        let challenge = answer.challenge_of(named);
        let code = challenge
            .as_ref()
            .and_then(|challenge| challenge.get("error"));
        let expected = (named == scheme).then_some(error);
        assert_eq!(code, expected, "{case}: {answer:?}");
    }
}

fn assert_bad_proof(answer: &Answer, case: &str) {
    assert_refused(answer, "DPoP", "invalid_dpop_proof", case);
}

#[tokio::test]
async fn rs_66_a_bound_token_with_its_proof_is_accepted() {
    let fake = FakeAuthorizationServer::start();
    let (allowed, required) = (spawn_server(&fake, allowed), spawn_server(&fake, required));
    for alg in ["ES256", "ES384", "EdDSA", "PS256", "RS256"] {
        let client = Prover::with(alg);
        client.bind(&fake, alg, json!({}));
        if alg == "EdDSA" && !ED25519_IS_ACCEPTED {
            let answer = allowed.call_with_proof(alg, &client.proof(alg)).await;
            assert_bad_proof(&answer, "in a FIPS build");
            continue;
        }
        for server in [&allowed, &required] {
            let answer = server.call_with_proof(alg, &client.proof(alg)).await;
            answer.assert_served(alg);
            let seen = answer.tool_result();
            assert_eq!(seen["key"], client.jkt(), "{alg}");
            assert_eq!(seen["subject"], "alice", "{alg}");
        }
    }
    let (alg, name) = match ED25519_IS_ACCEPTED {
        true => ("EdDSA", "Ed25519"),
        false => ("ES256", "ES256"),
    };
    let client = Prover::with(alg);
    client.bind(&fake, "t", json!({"token_type": "Bearer"}));
    let proof = client.proof_with("t", json!({"alg": name}), json!({}));
    let answer = allowed.call_with_proof("t", &proof).await;
    answer.assert_served("another name, and a server that calls the type Bearer");
    let of_keycloak = json!({"jkt": client.jkt(), "kc-jkt-type": "DPoP"});
    client.bind(&fake, "keycloak", json!({"cnf": of_keycloak}));
    let proof = client.proof("keycloak");
    let answer = allowed.call_with_proof("keycloak", &proof).await;
    answer.assert_served("as Keycloak says it");
    let request = allowed.request().header("dpop", client.proof("t"));
    let answer = allowed
        .send(request.header("Authorization", "dpOP t"))
        .await;
    answer.assert_served("the scheme in another case");
}

#[tokio::test]
async fn rs_66_each_thing_that_is_wrong_with_a_proof_is_refused() {
    let (fake, server, client) = with_bound_token();
    let jwk = client.parts("t", &json!({}), &json!({})).0["jwk"].clone();
    let with = |member: &str, value: Value| {
        let mut jwk = jwk.clone();
        jwk[member] = value;
        json!({"jwk": jwk})
    };
    let rsa = Prover::with("RS256").key.public();
    let now = crate::support::unix_now();
    let header_cases = [
        json!({"typ": ABSENT}),
        json!({"typ": "JWT"}),
        json!({"typ": "at+jwt"}),
        json!({"typ": "jwt+dpop"}),
        json!({"typ": 5}),
        json!({"alg": ABSENT}),
        json!({"alg": "none"}),
        json!({"alg": "HS256"}),
        json!({"alg": "ES384"}),
        json!({"alg": "RS512"}),
        json!({"alg": "es256"}),
        json!({"crit": ["exp"], "exp": 5}),
        json!({"crit": []}),
        json!({"jwk": ABSENT}),
        json!({"jwk": null}),
        json!({"jwk": "key"}),
        json!({"jwk": rsa}),
        json!({"jwk": {"kty": "oct", "k": "AQAB"}}),
        with("d", json!("AQAB")),
        with("d", json!(null)),
        with("k", json!("AQAB")),
        with("x", json!("AQAB")),
        with("y", jwk["x"].clone()),
        json!({"jwk": Prover::new().key.public()}),
    ];
    let claim_cases = [
        json!({"jti": ABSENT}),
        json!({"jti": ""}),
        json!({"jti": 5}),
        json!({"jti": "x".repeat(257)}),
        json!({"htm": ABSENT}),
        json!({"htm": "GET"}),
        json!({"htm": "post"}),
        json!({"htm": ""}),
        json!({"htu": ABSENT}),
        json!({"htu": "https://mcp.example.com/"}),
        json!({"htu": "https://mcp.example.com/MCP"}),
        json!({"htu": "https://mcp.example.com/mcp/"}),
        json!({"htu": "http://mcp.example.com/mcp"}),
        json!({"htu": "https://other.example.com/mcp"}),
        json!({"htu": server.url("/mcp")}),
        json!({"htu": "/mcp"}),
        json!({"htu": [RESOURCE]}),
        json!({"iat": ABSENT}),
        json!({"iat": now - 65}),
        json!({"iat": now + 45}),
        json!({"iat": now.to_string()}),
        json!({"iat": -1}),
        json!({"iat": 1e300}),
        json!({"ath": ABSENT}),
        json!({"ath": ""}),
        json!({"ath": client.jkt()}),
    ];
    for case in header_cases {
        let proof = client.proof_with("t", case.clone(), json!({}));
        let answer = server.call_with_proof("t", &proof).await;
        assert_bad_proof(&answer, &case.to_string());
    }
    for case in claim_cases {
        let proof = client.proof_with("t", json!({}), case.clone());
        let answer = server.call_with_proof("t", &proof).await;
        assert_bad_proof(&answer, &case.to_string());
    }
    assert_eq!(fake.introspection_count(), 0, "nobody was asked about it");
    for case in [
        json!({"htu": "HTTPS://MCP.example.com:443/mcp?a=b#c"}),
        json!({"iat": now - 30}),
        json!({"iat": (now as f64) + 0.5}),
        json!({"jti": "x".repeat(256)}),
        json!({"nonce": "somebody's"}),
        json!({"more": {"members": true}}),
    ] {
        let proof = client.proof_with("t", json!({}), case.clone());
        let answer = server.call_with_proof("t", &proof).await;
        answer.assert_served(&case.to_string());
    }
}

#[tokio::test]
async fn rs_66_what_is_no_jwt_or_not_one_is_no_proof() {
    let (fake, server, client) = with_bound_token();
    let (header, claims) = client.parts("t", &json!({}), &json!({}));
    let sign =
        |header: &str, claims: &str| compact(header, claims, |message| client.key.sign(message));
    let twice = |members: &Value, name: &str| {
        let text = members.to_string();
        format!("{{\"{name}\":{},{}", members[name], &text[1..])
    };
    let good = client.proof("t");
    let (signed, signature) = good.rsplit_once('.').expect("a JWT");
    let unsigned = compact(&header.to_string(), &claims.to_string(), |_| Vec::new());
    let forged = compact(&header.to_string(), &claims.to_string(), |message| {
        SigningKey::new("ES256", "other").sign(message)
    });
    for (case, proof) in [
        ("no signature", unsigned),
        ("another key's signature", forged),
        ("another proof's signature", {
            let other = client.proof("t");
            let (other, _) = other.rsplit_once('.').expect("a JWT");
            format!("{other}.{signature}")
        }),
        ("a cut signature", format!("{signed}.{}", &signature[..40])),
        ("padding", format!("{good}=")),
        ("two parts", signed.to_owned()),
        ("four parts", format!("{good}.x")),
        ("no JWT", "proof".to_owned()),
        ("nothing", String::new()),
        ("two in one", format!("{good}, {good}")),
        (
            "alg twice",
            sign(&twice(&header, "alg"), &claims.to_string()),
        ),
        (
            "htu twice",
            sign(&header.to_string(), &twice(&claims, "htu")),
        ),
        ("a list", sign(&header.to_string(), "[]")),
        ("too long", {
            let more = json!({"more": "x".repeat(8192)});
            client.proof_with("t", json!({}), more)
        }),
    ] {
        assert_bad_proof(&server.call_with_proof("t", &proof).await, case);
    }
    let without = server.call_with("DPoP t").await;
    assert_bad_proof(&without, "no proof");
    let two = server.request().header("Authorization", "DPoP t");
    let two = two.header("DPoP", client.proof("t"));
    let two = server.send(two.header("DPoP", client.proof("t"))).await;
    assert_bad_proof(&two, "two proofs");
    assert_eq!(fake.introspection_count(), 0);
    let answer = server.call_with_proof("t", &good).await;
    answer.assert_served("the proof that the others were made of");
}

#[tokio::test]
async fn rs_66_a_proof_is_for_one_method_and_the_public_url() {
    let (_fake, server, client) = with_bound_token();
    for (path, htu, good) in [
        ("/mcp/", "https://mcp.example.com/mcp/", true),
        ("/mcp/", RESOURCE, true),
        ("/mcp?a=b", RESOURCE, true),
        ("/mcp", "https://mcp.example.com/mcp/", false),
    ] {
        let proof = client.proof_with("t", json!({}), json!({"htu": htu}));
        let request = server.request_to(path).header("DPoP", proof);
        let request = request
            .header("Authorization", "DPoP t")
            .header("X-Forwarded-Host", "other.example.com")
            .header("X-Forwarded-Proto", "http");
        let answer = server.send(request).await;
        match good {
            true => answer.assert_served(&format!("{path} {htu}")),
            false => assert_bad_proof(&answer, &format!("{path} {htu}")),
        }
    }
    let proof = client.proof("t");
    let delete = server.http.delete(server.url("/mcp"));
    let delete = delete
        .header("Authorization", "DPoP t")
        .header("DPoP", &proof);
    assert_bad_proof(&server.send(delete).await, "DELETE with a proof for POST");
    let answer = server.call_with_proof("t", &proof).await;
    answer.assert_served("a refused proof is not used up");
}

#[tokio::test]
async fn rs_66_a_proof_is_good_for_a_minute_by_this_servers_clock() {
    let fake = FakeAuthorizationServer::start();
    let clock = TestClock::new();
    let server = spawn_server(&fake, |setup| {
        allowed(setup);
        setup.resource.authorization_server.clock = Arc::new(clock.clone());
        setup.introspection.authorization_server.clock = Arc::new(clock.clone());
    });
    let client = Prover::new();
    client.bind(&fake, "t", json!({}));
    let now = clock.unix();
    for (iat, good) in [
        (now - 61, false),
        (now - 60, true),
        (now, true),
        (now + 30, true),
        (now + 31, false),
    ] {
        let proof = client.proof_with("t", json!({}), json!({"iat": iat}));
        let answer = server.call_with_proof("t", &proof).await;
        match good {
            true => answer.assert_served(&iat.to_string()),
            false => assert_bad_proof(&answer, &iat.to_string()),
        }
    }
}

#[tokio::test]
async fn rs_66_a_proof_is_good_once() {
    let fake = FakeAuthorizationServer::start();
    let clock = TestClock::new();
    let server = spawn_server(&fake, |setup| {
        allowed(setup);
        setup.resource.authorization_server.clock = Arc::new(clock.clone());
        setup.introspection.authorization_server.clock = Arc::new(clock.clone());
    });
    let (client, other) = (Prover::new(), Prover::new());
    client.bind(&fake, "t", json!({}));
    client.bind(&fake, "refreshed", json!({}));
    other.bind(&fake, "other", json!({}));
    let claims = json!({"jti": "once", "iat": clock.unix() + 30});
    let proof = client.proof_with("t", json!({}), claims.clone());
    server
        .call_with_proof("t", &proof)
        .await
        .assert_served("first");
    for later in [0, 1, 29, 60] {
        clock.advance(Duration::from_secs(later));
        let answer = server.call_with_proof("t", &proof).await;
        assert_bad_proof(&answer, "again");
    }
    let claims = json!({"jti": "once", "iat": clock.unix()});
    let again = client.proof_with("refreshed", json!({}), claims.clone());
    let answer = server.call_with_proof("refreshed", &again).await;
    answer.assert_served("a proof made at another time");
    let answer = server.call_with_proof("refreshed", &again).await;
    assert_bad_proof(&answer, "but once");
    let others = other.proof_with("other", json!({}), claims);
    let answer = server.call_with_proof("other", &others).await;
    answer.assert_served("another client may use the same jti");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rs_66_of_fifty_equal_proofs_at_once_one_is_accepted() {
    let fake = FakeAuthorizationServer::start();
    let server = spawn_server(&fake, |setup| {
        allowed(setup);
        setup.workers = 2;
    });
    let client = Prover::new();
    client.bind(&fake, "t", json!({}));
    let proof = client.proof("t");
    let calls = (0..50).map(|_| server.call_with_proof("t", &proof));
    let answers = join_all(calls).await;
    let served = answers.iter().filter(|answer| answer.status == 200);
    assert_eq!(served.count(), 1);
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        assert_bad_proof(refused, "a copy");
    }
}

#[tokio::test]
async fn rs_65_a_bound_token_is_never_a_bearer_token() {
    let fake = fake_with_good_token();
    let client = Prover::new();
    for (token, changes) in [
        ("t", json!({})),
        ("u", json!({"token_type": "Bearer"})),
        ("v", json!({"token_type": ABSENT})),
    ] {
        client.bind(&fake, token, changes);
    }
    let off = spawn_server(&fake, |_| {});
    let allowed = spawn_server(&fake, allowed);
    let required = spawn_server(&fake, required);
    for token in ["t", "u", "v"] {
        for use_of_it in ["first", "cached"] {
            off.call(token).await.assert_invalid_token(use_of_it);
            let answer = allowed.call(token).await;
            assert_refused(&answer, "Bearer", "invalid_token", use_of_it);
            let with_proof = allowed.request().header("DPoP", client.proof(token));
            let answer = allowed.send(with_proof.bearer_auth(token)).await;
            assert_refused(
                &answer,
                "Bearer",
                "invalid_token",
                "with a proof it does not need",
            );
        }
        let proof = client.proof(token);
        let answer = off.call_with_proof(token, &proof).await;
        answer.assert_no_credential("DPoP is off");
    }
    let asked = fake.introspection_count();
    for token in ["t", "good"] {
        let answer = required.call(token).await;
        assert_eq!(answer.status, 401, "{answer:?}");
        assert!(answer.challenge_of("Bearer").is_none(), "{answer:?}");
        let challenge = answer.challenge_of("DPoP").expect("a challenge");
        assert_eq!(challenge.get("error"), Some("invalid_token"), "{token}");
    }
    assert_eq!(
        fake.introspection_count(),
        asked,
        "nobody was asked about it"
    );
    allowed.call("good").await.assert_served("a bearer token");
}

#[tokio::test]
async fn rs_65_a_proof_needs_a_token_bound_to_its_key_and_nothing_else() {
    let fake = fake_with_good_token();
    let (client, thief) = (Prover::new(), Prover::new());
    client.bind(&fake, "t", json!({}));
    let jkt = client.jkt();
    for (token, cnf) in [
        ("padded", json!({"jkt": format!("{jkt}=")})),
        ("short", json!({"jkt": &jkt[1..]})),
        ("certificate", json!({"x5t#S256": jkt})),
        ("both", json!({"jkt": jkt, "x5t#S256": jkt})),
        ("more", json!({"jkt": jkt, "kid": "x"})),
        ("empty", json!({})),
        ("text", json!(jkt)),
        ("absent", json!(ABSENT)),
        ("null", json!(null)),
    ] {
        client.bind(&fake, token, json!({"cnf": cnf}));
    }
    for mode in [allowed, required] {
        let server = spawn_server(&fake, mode);
        for token in [
            "good",
            "padded",
            "short",
            "certificate",
            "both",
            "more",
            "empty",
            "text",
            "absent",
            "null",
        ] {
            let answer = server.call_with_proof(token, &client.proof(token)).await;
            assert_refused(&answer, "DPoP", "invalid_token", token);
        }
        for use_of_it in ["first", "cached"] {
            let answer = server.call_with_proof("t", &thief.proof("t")).await;
            assert_refused(&answer, "DPoP", "invalid_token", use_of_it);
            let answer = server.call_with_proof("t", &client.proof("t")).await;
            answer.assert_served("its own key");
        }
        let unknown = server
            .call_with_proof("unknown", &thief.proof("unknown"))
            .await;
        assert_refused(
            &unknown,
            "DPoP",
            "invalid_token",
            "tells nothing of the token",
        );
        let others = server.call_with_proof("t", &client.proof("unknown")).await;
        assert_bad_proof(&others, "a proof for another token");
        let none = server.call_with("DPoP").await;
        assert_eq!(none.status, 400, "{none:?}");
        let challenge = none.challenge_of("DPoP").expect("a challenge");
        assert_eq!(challenge.get("error"), Some("invalid_request"));
    }
}

#[tokio::test]
async fn rs_65_a_bound_jwt_needs_its_proof() {
    let fake = FakeAuthorizationServer::start();
    let issuer = SigningKey::new("ES256", "as");
    let verifier = jwt_verifier(&fake, &[&issuer], |_| {}).await;
    let server = spawn_server_with(&fake, verifier, allowed);
    let (client, thief) = (Prover::new(), Prover::new());
    let bound = issuer.token(&jwt_claims(&fake, json!({"cnf": {"jkt": client.jkt()}})));
    for use_of_it in ["first", "cached"] {
        let answer = server.call_with_proof(&bound, &client.proof(&bound)).await;
        answer.assert_served(use_of_it);
        let answer = server.call_with_proof(&bound, &thief.proof(&bound)).await;
        assert_refused(&answer, "DPoP", "invalid_token", use_of_it);
        let answer = server.call(&bound).await;
        assert_refused(&answer, "Bearer", "invalid_token", use_of_it);
    }
    let unbound = issuer.token(&jwt_claims(&fake, json!({})));
    let answer = server
        .call_with_proof(&unbound, &client.proof(&unbound))
        .await;
    assert_refused(&answer, "DPoP", "invalid_token", "not bound");
    server.call(&unbound).await.assert_served("a bearer token");
}

#[tokio::test]
async fn challenges_name_the_schemes_that_are_accepted() {
    let fake = fake_with_good_token();
    fake.answer_token("narrow", altered(&fake, json!({"scope": "other"})));
    let client = Prover::new();
    client.bind(&fake, "t", json!({"scope": "other"}));
    let both = spawn_server(&fake, allowed);
    let one = spawn_server(&fake, required);
    let parameters = |answer: &Answer, scheme: &str| {
        let challenge = answer.challenge_of(scheme)?;
        let members = challenge.0.into_iter();
        Some(
            members
                .filter(|(name, _)| name != "error_description")
                .collect::<Vec<_>>(),
        )
    };
    let owned = |pairs: &[(&str, &str)]| {
        let owned = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Some(owned.collect::<Vec<_>>())
    };
    let bare = [("scope", SCOPE), ("resource_metadata", METADATA_URL)];
    let bare_dpop = [&[("algs", ALGORITHMS)], &bare[..]].concat();
    let answer = both.send(both.request()).await;
    assert_eq!(parameters(&answer, "Bearer"), owned(&bare));
    assert_eq!(parameters(&answer, "DPoP"), owned(&bare_dpop));
    let first = answer
        .headers
        .get("www-authenticate")
        .map(|value| value.to_str());
    assert!(matches!(first, Some(Ok(first)) if first.starts_with("Bearer ")));
    let answer = one.send(one.request()).await;
    assert_eq!(parameters(&answer, "Bearer"), None);
    assert_eq!(parameters(&answer, "DPoP"), owned(&bare_dpop));

    let answer = both.call("narrow").await;
    assert_eq!(answer.status, 403);
    let named = |scheme| parameters(&answer, scheme).expect("a challenge");
    assert_eq!(
        named("Bearer")[0],
        ("error".to_owned(), "insufficient_scope".to_owned())
    );
    assert_eq!(named("DPoP")[0].0, "algs");
    assert_eq!(named("DPoP")[1].0, "scope");
    let answer = both.call_with_proof("t", &client.proof("t")).await;
    assert_eq!(answer.status, 403);
    let first = answer.header("www-authenticate").expect("a challenge");
    assert!(
        first.starts_with("DPoP "),
        "the scheme of the request: {first}"
    );
    let named = |scheme| parameters(&answer, scheme).expect("a challenge");
    assert_eq!(
        named("DPoP")[1],
        ("error".to_owned(), "insufficient_scope".to_owned())
    );
    assert_eq!(named("Bearer")[0].0, "scope");
    client.bind(&fake, "wide", json!({}));
    let step_up = call_tool(both.http.post(both.url("/mcp")), "administer");
    let step_up = step_up.header("DPoP", client.proof("wide"));
    let answer = both
        .send(step_up.header("Authorization", "DPoP wide"))
        .await;
    assert_eq!(answer.status, 403);
    let challenge = answer.challenge_of("DPoP").expect("a challenge");
    assert_eq!(
        challenge.get("error"),
        Some("insufficient_scope"),
        "of the handler"
    );
}

#[tokio::test]
async fn rs_25_metadata_says_which_proofs_are_accepted() {
    let fake = FakeAuthorizationServer::start();
    let algorithms: Vec<_> = ALGORITHMS.split(' ').collect();
    for (mode, algs, needed, methods) in [
        (Dpop::Off, json!(null), json!(null), json!(["header"])),
        (
            Dpop::Allowed,
            json!(algorithms),
            json!(null),
            json!(["header"]),
        ),
        (Dpop::Required, json!(algorithms), json!(true), json!(null)),
    ] {
        let server = spawn_server(&fake, |setup| setup.resource.dpop = mode);
        let answer = server
            .get("/.well-known/oauth-protected-resource/mcp")
            .await;
        let metadata = answer.json();
        assert_eq!(
            metadata["dpop_signing_alg_values_supported"], algs,
            "{mode:?}"
        );
        assert_eq!(
            metadata["dpop_bound_access_tokens_required"], needed,
            "{mode:?}"
        );
        assert_eq!(metadata["bearer_methods_supported"], methods, "{mode:?}");
    }
}

#[tokio::test]
async fn rs_66_a_nonce_is_asked_for_brought_and_renewed() {
    let fake = FakeAuthorizationServer::start();
    let clock = TestClock::new();
    let server = spawn_server(&fake, |setup| {
        allowed(setup);
        setup.resource.dpop_nonces = true;
        setup.resource.authorization_server.clock = Arc::new(clock.clone());
        setup.introspection.authorization_server.clock = Arc::new(clock.clone());
    });
    let client = Prover::new();
    client.bind(&fake, "t", json!({"exp": ABSENT}));
    let call = async |nonce: Option<&str>, iat: u64| {
        let claims = json!({"nonce": nonce, "iat": iat});
        let proof = client.proof_with("t", json!({}), claims);
        server.call_with_proof("t", &proof).await
    };
    for wrong in [None, Some(""), Some("made-up")] {
        let answer = call(wrong, clock.unix()).await;
        assert_refused(&answer, "DPoP", "use_dpop_nonce", "no nonce of ours");
    }
    assert_eq!(fake.introspection_count(), 0);
    let asked = call(None, clock.unix()).await;
    let nonce = asked.header("dpop-nonce").expect("a nonce").to_owned();
    let answer = call(Some(&nonce), clock.unix()).await;
    answer.assert_served("with the nonce");
    assert_eq!(answer.header("dpop-nonce"), Some(&*nonce));
    let unauthenticated = server.send(server.request()).await;
    assert_eq!(unauthenticated.header("dpop-nonce"), Some(&*nonce));

    clock.advance(Duration::from_secs(300));
    let answer = call(Some(&nonce), clock.unix()).await;
    answer.assert_served("the one before is still good");
    let newer = answer.header("dpop-nonce").expect("a nonce").to_owned();
    assert_ne!(newer, nonce, "and is replaced");
    clock.advance(Duration::from_secs(300));
    let answer = call(Some(&nonce), clock.unix()).await;
    assert_refused(&answer, "DPoP", "use_dpop_nonce", "too old");
    let answer = call(Some(&newer), clock.unix()).await;
    answer.assert_served("the newer one");

    let without = spawn_server(&fake, allowed);
    let answer = without.call_with_proof("t", &client.proof("t")).await;
    answer.assert_served("without nonces");
    assert_eq!(answer.header("dpop-nonce"), None);
}

#[tokio::test]
async fn handlers_see_neither_token_nor_proof() {
    let fake = FakeAuthorizationServer::start();
    let server = spawn_server(&fake, allowed);
    let client = Prover::new();
    client.bind(&fake, "hidden-token", json!({}));
    let proof = client.proof("hidden-token");
    let request = call_tool(server.http.post(server.url("/mcp")), "dump");
    let request = request.header("DPoP", &proof);
    let answer = server
        .send(request.header("Authorization", "DPoP hidden-token"))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(!answer.body.contains("hidden-token"), "{answer:?}");
    assert!(!answer.body.contains(&proof), "{answer:?}");
    assert!(!answer.body.contains("\"dpop\""), "{answer:?}");
}

#[tokio::test]
async fn log_lines_say_what_to_put_right_and_show_no_proof() {
    let fake = FakeAuthorizationServer::start();
    let logs = Logs::default();
    let server = spawn_server(&fake, |setup| {
        allowed(setup);
        setup.logs = Some(logs.subscriber(Level::TRACE));
    });
    let client = Prover::new();
    client.bind(&fake, "hidden-token", json!({}));
    let now = crate::support::unix_now();
    let mut proofs = vec![client.proof("hidden-token"), client.proof("hidden-token")];
    proofs[1] = proofs[0].clone();
    for claims in [
        json!({"htu": "http://inside:8000/mcp\n?secret=1"}),
        json!({"iat": now - 3600}),
        json!({"iat": now + 3600}),
        json!({"htm": "GET"}),
    ] {
        proofs.push(client.proof_with("hidden-token", json!({}), claims));
    }
    for proof in &proofs {
        server.call_with_proof("hidden-token", proof).await;
    }
    let text = logs.text();
    for words in [
        "it was used before",
        "it was made for \"http://inside:8000/mcp\\n\", not for \"https://mcp.example.com/mcp\"",
        "compare the clocks",
        "from 3",
        "it was made for the method \"GET\"",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(
        !text.contains("hidden-token") && !text.contains("secret=1"),
        "{text}"
    );
    for proof in &proofs {
        for part in proof.split('.') {
            assert!(!text.contains(part), "{part}: {text}");
        }
    }
}

#[tokio::test]
async fn bad_proofs_count_as_bad_tokens_and_missing_nonces_do_not() {
    let fake = FakeAuthorizationServer::start();
    let limited = |setup: &mut Setup, nonces: bool| {
        allowed(setup);
        setup.resource.dpop_nonces = nonces;
        setup.resource.limits.failures_per_minute = NonZeroU32::new(2);
    };
    let server = spawn_server(&fake, |setup| limited(setup, false));
    let client = Prover::new();
    client.bind(&fake, "t", json!({}));
    for _ in 0..2 {
        let answer = server.call_with_proof("t", "no proof").await;
        assert_bad_proof(&answer, "counted");
    }
    let third = server.call_with_proof("t", "no proof").await;
    assert_eq!(third.status, 429, "{third:?}");
    let with_nonces = spawn_server(&fake, |setup| limited(setup, true));
    for _ in 0..4 {
        let answer = with_nonces.call_with_proof("t", &client.proof("t")).await;
        assert_refused(&answer, "DPoP", "use_dpop_nonce", "how every client begins");
    }
}

#[tokio::test]
async fn keys_do_not_multiply_what_a_principal_may_do() {
    let fake = FakeAuthorizationServer::start();
    let server: TestServer = spawn_server(&fake, |setup| {
        allowed(setup);
        setup.resource.limits.requests_per_minute = NonZeroU32::new(2);
    });
    for (number, status) in [(0, 200), (1, 200), (2, 429)] {
        let (client, token) = (Prover::new(), format!("t{number}"));
        client.bind(&fake, &token, json!({}));
        let answer = server.call_with_proof(&token, &client.proof(&token)).await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
}
