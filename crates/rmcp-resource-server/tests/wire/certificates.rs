//! Tokens that are bound to a client's certificate (mutual TLS, RFC 8705 §3), behind a proxy that
//! passes the certificate on.

use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use dev_authorization_server::{FakeAuthorizationServer, SigningKey};
use http::HeaderName;
use reqwest::{Client, Method, RequestBuilder};
use rmcp_resource_server::{ClientCertificateHeader, Dpop, SessionKey, TokenVerifier};
use serde_json::json;
use tokio::time::timeout;
use tracing::Level;

use crate::support::{
    ABSENT, Answer, LIST_TOOLS, Logs, Prover, Session, Setup, ShownCertificate, TestServer,
    call_tool, fake_with_good_token, initialize_by, jwt_claims, jwt_verifier, spawn_server,
    spawn_server_with,
};

const HEADER: &str = "Client-Cert";

/// The proxy that is trusted, and from where the clients of these tests connect.
const PROXY: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

fn behind_proxy(setup: &mut Setup) {
    let name = HeaderName::from_static("client-cert");
    let header = ClientCertificateHeader::new(name, |peer| peer == PROXY);
    setup.resource.client_certificate_header = Some(header);
}

/// A server behind the proxy, and a client with a certificate and a token that is bound to it, `t`.
fn with_bound_token() -> (FakeAuthorizationServer, TestServer, ShownCertificate) {
    let fake = fake_with_good_token();
    let server = spawn_server(&fake, behind_proxy);
    let client = ShownCertificate::new();
    client.bind(&fake, "t", json!({}));
    (fake, server, client)
}

/// Calls with these values of the header.
async fn call<V: TokenVerifier>(server: &TestServer<V>, token: &str, values: &[&str]) -> Answer {
    let mut request = server.request().bearer_auth(token);
    for value in values {
        request = request.header(HEADER, *value);
    }
    server.send(request).await
}

#[tokio::test]
async fn rs_65_a_token_bound_to_a_certificate_is_accepted_with_it_alone() {
    let (fake, server, client) = with_bound_token();
    let thief = ShownCertificate::new();
    client.bind(&fake, "said-otherwise", json!({"token_type": ABSENT}));
    for token in ["t", "said-otherwise"] {
        for use_of_it in ["first", "cached"] {
            for form in [client.sequence(), client.escaped()] {
                let answer = call(&server, token, &[&form]).await;
                answer.assert_served(use_of_it);
                let seen = answer.tool_result();
                assert_eq!(seen["certificate"], client.thumbprint());
                assert_eq!(
                    (&seen["key"], &seen["subject"]),
                    (&json!(null), &json!("alice"))
                );
            }
            for form in [thief.sequence(), thief.escaped()] {
                let answer = call(&server, token, &[&form]).await;
                answer.assert_invalid_token("another certificate");
            }
            let answer = call(&server, token, &[]).await;
            answer.assert_invalid_token("no certificate");
        }
    }
    assert_eq!(fake.introspection_count(), 2, "once for each token");
}

#[tokio::test]
async fn rs_65_a_certificate_counts_only_from_a_trusted_proxy() {
    let (_fake, server, client) = with_bound_token();
    let from = |address| {
        let builder = Client::builder().no_proxy().tls_certs_only([]);
        builder.local_address(address).build().expect("a client")
    };
    for (peer, status) in [(STRANGER, 401), (PROXY, 200)] {
        let http = from(peer);
        for form in [client.sequence(), client.escaped()] {
            let request = call_tool(http.post(server.url("/mcp")), "whoami");
            let request = request.header(HEADER, &form).bearer_auth("t");
            // What names the proxy in another header makes nobody the proxy.
            let request = request
                .header("X-Forwarded-For", "127.0.0.1")
                .header("Forwarded", "for=127.0.0.1");
            let answer = server.send(request).await;
            assert_eq!(answer.status, status, "{peer}: {answer:?}");
            if status == 401 {
                answer.assert_invalid_token("a stranger");
            }
        }
        let request = call_tool(http.post(server.url("/mcp")), "whoami");
        let request = request.header(HEADER, "anything").bearer_auth("good");
        let answer = server.send(request).await;
        answer.assert_served("a bearer token");
    }
}

#[tokio::test]
async fn rs_65_what_is_no_certificate_or_not_one_is_refused() {
    let (_fake, server, client) = with_bound_token();
    let (sequence, escaped) = (client.sequence(), client.escaped());
    let two = format!("{sequence}, {sequence}");
    let chain = format!("{escaped}{escaped}");
    let cut = &sequence[..sequence.len() - 40];
    let long = ":".repeat(20_000);
    for values in [
        &[&*sequence, &*sequence][..],
        &[&sequence, &escaped],
        &["", &sequence],
        &[&sequence, ""],
        &[&two],
        &[&chain],
        &[cut],
        &[&sequence[1..]],
        &[&escaped[1..]],
        &["::"],
        &[":MA==:"],
        &["-"],
        &[""],
        &["%"],
        &["\u{e9}"],
        &[&long],
    ] {
        let answer = call(&server, "t", values).await;
        answer.assert_invalid_token(&format!("{values:?}"));
        let answer = call(&server, "good", values).await;
        answer.assert_served("a bearer token needs no certificate");
    }
    let answer = call(&server, "t", &[&sequence]).await;
    answer.assert_served("the certificate that the others were made of");
}

#[tokio::test]
async fn rs_65_without_the_header_and_for_other_bindings_nothing_changes() {
    let fake = fake_with_good_token();
    let client = ShownCertificate::new();
    let off = spawn_server(&fake, |_| {});
    let on = spawn_server(&fake, behind_proxy);
    let thumbprint = client.thumbprint();
    client.bind(&fake, "t", json!({}));
    let answer = call(&off, "t", &[&client.sequence()]).await;
    answer.assert_invalid_token("certificates are not known here");
    for (token, cnf) in [
        ("padded", json!({"x5t#S256": format!("{thumbprint}=")})),
        ("short", json!({"x5t#S256": &thumbprint[1..]})),
        ("list", json!({"x5t#S256": [&thumbprint]})),
        ("sha-1", json!({"x5t": &thumbprint})),
        ("more", json!({"x5t#S256": &thumbprint, "kid": "x"})),
        ("key", json!({"jkt": &thumbprint})),
        ("both", json!({"jkt": &thumbprint, "x5t#S256": &thumbprint})),
        ("other", json!({"other": &thumbprint})),
        ("empty", json!({})),
        ("text", json!(&thumbprint)),
    ] {
        client.bind(&fake, token, json!({"cnf": cnf}));
        for use_of_it in ["first", "cached"] {
            let answer = call(&on, token, &[&client.sequence()]).await;
            answer.assert_invalid_token(&format!("{token}, {use_of_it}"));
        }
    }
    client.bind(&fake, "dpop", json!({"token_type": "DPoP"}));
    let answer = call(&on, "dpop", &[&client.sequence()]).await;
    answer.assert_invalid_token("its type demands another proof");
    for values in [&[][..], &[&*client.sequence()]] {
        let answer = call(&on, "good", values).await;
        assert_eq!(answer.tool_result()["certificate"], json!(null));
    }
}

#[tokio::test]
async fn rs_65_a_token_bound_to_a_key_and_a_certificate_needs_both() {
    let fake = fake_with_good_token();
    let server = spawn_server(&fake, |setup| {
        behind_proxy(setup);
        setup.resource.dpop = Dpop::Allowed;
    });
    let (key, other_key) = (Prover::new(), Prover::new());
    let (certificate, other) = (ShownCertificate::new(), ShownCertificate::new());
    let both = json!({"jkt": key.jkt(), "x5t#S256": certificate.thumbprint()});
    certificate.bind(&fake, "t", json!({"cnf": both, "token_type": "DPoP"}));
    let with_proof = async |prover: &Prover, shown: Option<&ShownCertificate>| {
        let mut request = server.request().header("Authorization", "DPoP t");
        request = request.header("DPoP", prover.proof("t"));
        if let Some(shown) = shown {
            request = request.header(HEADER, shown.sequence());
        }
        server.send(request).await
    };
    for use_of_it in ["first", "cached"] {
        let answer = with_proof(&key, Some(&certificate)).await;
        answer.assert_served(use_of_it);
        let seen = answer.tool_result();
        assert_eq!(seen["key"], key.jkt());
        assert_eq!(seen["certificate"], certificate.thumbprint());
        for (prover, shown) in [
            (&key, None),
            (&key, Some(&other)),
            (&other_key, Some(&certificate)),
        ] {
            let answer = with_proof(prover, shown).await;
            assert_eq!(answer.status, 401, "{answer:?}");
            assert_eq!(answer.json()["error"], "invalid_token");
        }
        let answer = call(&server, "t", &[&certificate.sequence()]).await;
        assert_eq!(answer.status, 401, "without a proof: {answer:?}");
    }
    // A refused request does not use up its proof.
    let proof = key.proof("t");
    for (shown, status) in [(&other, 401), (&certificate, 200), (&certificate, 401)] {
        let request = server.request().header("Authorization", "DPoP t");
        let request = request.header("DPoP", &proof);
        let answer = server.send(request.header(HEADER, shown.sequence())).await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
}

#[tokio::test]
async fn rs_65_a_jwt_bound_to_a_certificate_needs_it() {
    let fake = FakeAuthorizationServer::start();
    let issuer = SigningKey::new("ES256", "as");
    let verifier = jwt_verifier(&fake, &[&issuer], |_| {}).await;
    let server = spawn_server_with(&fake, verifier, behind_proxy);
    let (client, thief) = (ShownCertificate::new(), ShownCertificate::new());
    let cnf = json!({"x5t#S256": client.thumbprint()});
    let bound = issuer.token(&jwt_claims(&fake, json!({"cnf": cnf})));
    for use_of_it in ["first", "cached"] {
        let answer = call(&server, &bound, &[&client.sequence()]).await;
        answer.assert_served(use_of_it);
        for values in [&[][..], &[&*thief.sequence()]] {
            let answer = call(&server, &bound, values).await;
            answer.assert_invalid_token(use_of_it);
        }
    }
}

#[tokio::test]
async fn rs_25_metadata_says_that_tokens_may_be_bound_to_certificates() {
    let fake = FakeAuthorizationServer::start();
    let path = "/.well-known/oauth-protected-resource/mcp";
    let member = "tls_client_certificate_bound_access_tokens";
    let metadata = spawn_server(&fake, behind_proxy).get(path).await.json();
    assert_eq!(metadata[member], json!(true));
    assert_eq!(metadata["bearer_methods_supported"], json!(["header"]));
    let metadata = spawn_server(&fake, |_| {}).get(path).await.json();
    assert_eq!(metadata.get(member), None);
}

#[tokio::test]
async fn handlers_see_no_certificate_whoever_set_the_header() {
    let (_fake, server, client) = with_bound_token();
    for token in ["t", "good"] {
        let request = call_tool(server.http.post(server.url("/mcp")), "dump");
        let request = request.header(HEADER, client.sequence());
        let answer = server.send(request.bearer_auth(token)).await;
        answer.assert_served(token);
        let body = answer.body.to_ascii_lowercase();
        assert!(!body.contains("client-cert"), "{answer:?}");
        assert!(!answer.body.contains(&client.sequence()), "{answer:?}");
    }
}

#[tokio::test]
async fn log_lines_say_why_a_certificate_does_not_count() {
    let fake = fake_with_good_token();
    let logs = Logs::default();
    let server = spawn_server(&fake, |setup| {
        behind_proxy(setup);
        setup.logs = Some(logs.subscriber(Level::TRACE));
    });
    let (client, thief) = (ShownCertificate::new(), ShownCertificate::new());
    client.bind(&fake, "hidden-token", json!({}));
    let stranger = Client::builder().no_proxy().local_address(STRANGER);
    let stranger = stranger.tls_certs_only([]).build().expect("a client");
    let request = call_tool(stranger.post(server.url("/mcp")), "whoami");
    let request = request.header(HEADER, client.sequence());
    server.send(request.bearer_auth("hidden-token")).await;
    let sequence = client.sequence();
    for values in [
        &[][..],
        &[&*thief.sequence()],
        &[&sequence, &sequence],
        &[&sequence[1..]],
        &[&":".repeat(20_000)],
    ] {
        call(&server, "hidden-token", values).await;
    }
    for (reason, words) in [
        (
            "without_certificate",
            "no certificate came with the request",
        ),
        (
            "other_certificate",
            "another one than the token is bound to",
        ),
        (
            "invalid_certificate",
            "127.0.0.2 set it, which is not a trusted proxy",
        ),
        ("invalid_certificate", "there is more than one header"),
        ("invalid_certificate", "it is neither a byte sequence"),
        ("invalid_certificate", "it is longer than 16384 bytes"),
    ] {
        let lines = logs.lines(Level::INFO, words);
        assert_eq!(lines.len(), 1, "{words}: {}", logs.text());
        assert!(lines[0].contains(reason), "{lines:?}");
    }
    let text = logs.text();
    assert!(!text.contains("hidden-token"), "{text}");
    assert!(!text.contains(&sequence[1..100]), "{text}");
}

fn with_sessions(setup: &mut Setup) {
    behind_proxy(setup);
    setup.stateful = true;
    setup.resource.session_key = SessionKey::random();
    setup.resource.stream_recheck = Duration::from_millis(50);
    setup.introspection.cache.ttl = Duration::ZERO;
}

/// Adds a token and a certificate.
fn shown(request: RequestBuilder, client: &ShownCertificate, token: &str) -> RequestBuilder {
    let request = request.header(HEADER, client.sequence());
    request.bearer_auth(token)
}

#[tokio::test]
async fn rs_16_a_session_follows_the_certificate() {
    let fake = fake_with_good_token();
    let (client, other) = (ShownCertificate::new(), ShownCertificate::new());
    for subject in [json!("alice"), json!(ABSENT)] {
        let claims = json!({"sub": subject, "username": "alice"});
        client.bind(&fake, "t", claims.clone());
        client.bind(&fake, "refreshed", claims.clone());
        other.bind(&fake, "others", claims.clone());
        let server = spawn_server(&fake, with_sessions);
        let opened = initialize_by(&server, |request| shown(request, &client, "t")).await;
        opened.assert_served("initialize");
        let id = opened.header("mcp-session-id").expect("a session id");
        let session = Session::known(&server, id);
        let call = async |method: Method, certificate: &ShownCertificate, token: &str| {
            let request = session.request(method);
            let request = request.header("Content-Type", "application/json");
            let request = request.body(LIST_TOOLS);
            server.send(shown(request, certificate, token)).await
        };
        for token in ["t", "refreshed"] {
            let answer = call(Method::POST, &client, token).await;
            answer.assert_served(token);
            let answer = call(Method::POST, &other, token).await;
            answer.assert_invalid_token("a stolen token and session id");
        }
        for method in [Method::POST, Method::GET, Method::DELETE] {
            let answer = call(method.clone(), &other, "others").await;
            answer.assert_no_such_session(method.as_str());
            let answer = call(method, &client, "good").await;
            answer.assert_no_such_session("the same user with an unbound token");
        }
    }
}

#[tokio::test]
async fn a_stream_ends_when_the_token_is_bound_otherwise() {
    let fake = fake_with_good_token();
    let (client, other) = (ShownCertificate::new(), ShownCertificate::new());
    let server = spawn_server(&fake, with_sessions);
    for change in ["another certificate", "no certificate"] {
        client.bind(&fake, "t", json!({}));
        let opened = initialize_by(&server, |request| shown(request, &client, "t")).await;
        let id = opened.header("mcp-session-id").expect("a session id");
        let session = Session::known(&server, id);
        let initialized = r#"{"jsonrpc": "2.0", "method": "notifications/initialized"}"#;
        let request = session.request(Method::POST).body(initialized);
        let request = request.header("Content-Type", "application/json");
        let answer = server.send(shown(request, &client, "t")).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        let request = shown(session.request(Method::GET), &client, "t");
        let mut stream = request.send().await.expect("an answer");
        assert_eq!(stream.status(), 200);
        let asked = fake.introspection_count();
        fake.wait_for_introspections(asked + 2).await;
        stream.chunk().await.expect("it is open after two rechecks");
        match change {
            "another certificate" => other.bind(&fake, "t", json!({})),
            _ => client.bind(&fake, "t", json!({"cnf": ABSENT})),
        }
        let reading = async { while stream.chunk().await.expect("no break").is_some() {} };
        let ended = timeout(Duration::from_secs(10), reading).await;
        assert!(ended.is_ok(), "still open: {change}");
    }
}
