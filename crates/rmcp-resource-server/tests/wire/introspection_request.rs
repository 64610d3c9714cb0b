//! What is sent to the authorization server.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use dev_authorization_server::{ExpectedClient, FakeAuthorizationServer, RecordedRequest, Reply};
use reqwest::ClientBuilder;
use rmcp_resource_server::{
    ClientCredentials, EndpointUrl, IntrospectionConfig, IntrospectionVerifier, Secret, Source,
    StartError,
};
use serde_json::json;
use url::form_urlencoded::byte_serialize;

use crate::support::{RESOURCE, SCOPE, altered, fake_with_good_token, spawn_server};

fn value(text: &str) -> Source {
    Source::Value(Secret::from(text))
}

fn basic(id: &str, secret: &str) -> ClientCredentials {
    ClientCredentials::secret_basic(id, secret)
}

fn post(id: &str, secret: &str) -> ClientCredentials {
    ClientCredentials::SecretPost {
        id: value(id),
        secret: value(secret),
    }
}

/// The `Authorization: Basic` of a request, only base64-decoded.
fn basic_pair(request: &RecordedRequest) -> String {
    let header = request.header("authorization").expect("an Authorization");
    let pair = header.strip_prefix("Basic ").expect("Basic");
    let pair = BASE64_STANDARD.decode(pair).expect("base64");
    String::from_utf8(pair).expect("UTF-8")
}

#[tokio::test]
async fn rs_26_introspection_is_a_form_encoded_post() {
    let fake = FakeAuthorizationServer::start();
    let server = spawn_server(&fake, |_| {});
    let tokens = [
        "plain",
        "a+b/c~d-e._f==",
        "%41".trim_start_matches('%'),
        "+/+",
    ];
    for (index, token) in tokens.into_iter().enumerate() {
        fake.answer_token(token, altered(&fake, json!({})));
        server.call(token).await.assert_served(token);
        let asked = fake.introspections();
        assert_eq!(asked.len(), index + 1);
        let request = &asked[index];
        assert_eq!(request.method, "POST");
        assert_eq!(
            request.header("content-type"),
            Some("application/x-www-form-urlencoded")
        );
        assert_eq!(request.header("accept"), Some("application/json"));
        assert_eq!(request.header("accept-encoding"), Some("identity"));
        assert_eq!(request.form_value("token").as_deref(), Some(token));
        assert_eq!(
            request.form_value("token_type_hint").as_deref(),
            Some("access_token")
        );
        assert_eq!(request.form().len(), 2, "{:?}", request.form());
        assert_eq!(request.query, None);
    }
}

#[tokio::test]
async fn the_endpoints_own_query_is_kept_and_gets_no_token() {
    let fake = fake_with_good_token();
    let server = spawn_server(&fake, |setup| {
        let endpoint = format!("{}?tenant=a%20b", fake.introspection_url());
        setup.introspection.endpoint = Some(endpoint.parse().expect("an endpoint"));
    });
    server.call("good").await.assert_served("good");
    let asked = fake.introspections();
    assert_eq!(asked[0].query.as_deref(), Some("tenant=a%20b"));
}

#[tokio::test]
async fn rs_27_introspection_caller_is_authenticated() {
    let (id, secret) = ("mcp", "hush");
    for (credentials, in_header, in_form) in [
        (basic(id, secret), true, false),
        (post(id, secret), false, true),
        (ClientCredentials::None { id: None }, false, false),
    ] {
        let fake = fake_with_good_token();
        let server = spawn_server(&fake, |setup| {
            setup.introspection.credentials = credentials.clone();
        });
        server.call("good").await.assert_served("good");
        let request = &fake.introspections()[0];
        let pair = (id.to_owned(), secret.to_owned());
        assert_eq!(
            request.basic(),
            in_header.then_some(pair),
            "{credentials:?}"
        );
        let sent_secret = request.form_value("client_secret");
        assert_eq!(sent_secret.as_deref(), in_form.then_some(secret));
        if in_form {
            assert_eq!(request.form_value("client_id").as_deref(), Some(id));
        }
    }
}

#[tokio::test]
async fn rs_27_missing_credential_files_are_refused_at_start() {
    let fake = fake_with_good_token();
    let start = |credentials| {
        let issuer = fake.issuer().parse().expect("an issuer");
        IntrospectionVerifier::start(IntrospectionConfig::new(issuer, credentials)).map(|_| ())
    };
    let missing = Source::File("/nonexistent/secret".into());
    let refused = start(ClientCredentials::SecretBasic {
        id: value("mcp"),
        secret: missing.clone(),
    });
    let error = refused.expect_err("there is no secret");
    assert!(matches!(error, StartError::Credentials(_)));
    assert!(error.to_string().contains("/nonexistent/secret"), "{error}");

    let refused = start(ClientCredentials::SecretPost {
        id: missing,
        secret: value("hush"),
    });
    assert!(refused.is_err(), "there is no id");
    assert!(start(ClientCredentials::None { id: None }).is_ok());
}

#[tokio::test]
async fn rs_27_credentials_that_cannot_work_are_refused_at_start() {
    let fake = fake_with_good_token();
    let raw = |id, secret| ClientCredentials::SecretBasicRaw {
        id: value(id),
        secret: value(secret),
    };
    let mut started = Vec::new();
    for (case, credentials) in [
        ("no secret", basic("mcp", "")),
        ("no id", basic("", "hush")),
        ("no secret to post", post("mcp", "")),
        ("no id to post", post("", "hush")),
        ("a colon in a raw id", raw("http://mcp", "hush")),
    ] {
        let issuer = fake.issuer().parse().expect("an issuer");
        let config = IntrospectionConfig::new(issuer, credentials);
        if IntrospectionVerifier::start(config).is_ok() {
            started.push(case);
        }
    }
    assert_eq!(started, Vec::<&str>::new());
}

#[tokio::test]
async fn rs_28_basic_credentials_are_form_encoded() {
    // A space as %20, for servers that only percent-decode; by then a plus sign is %2B.
    let encoded = |text: &str| {
        let form: String = byte_serialize(text.as_bytes()).collect();
        form.replace('+', "%20")
    };
    let id = "http://127.0.0.1/mcp";
    for secret in [
        "a:b",
        "a%b",
        "a%3Ab",
        "a+b",
        "a b",
        "é",
        ":%+ é&=\"\\/?#",
        "秘密",
        "~.-_*",
    ] {
        let fake = fake_with_good_token();
        fake.require_client(ExpectedClient::basic(id, secret));
        let server = spawn_server(&fake, |setup| {
            setup.introspection.credentials = basic(id, secret);
        });
        server.call("good").await.assert_served(secret);
        let pair = basic_pair(&fake.introspections()[0]);
        let (sent_id, sent_secret) = pair.split_once(':').expect("a pair");
        assert_eq!(sent_id, encoded(id));
        assert_eq!(sent_secret, encoded(secret), "{secret}");
    }
}

#[tokio::test]
async fn rs_28_raw_basic_is_sent_as_it_is() {
    let (id, secret) = ("my client", "s:%+ é&");
    let fake = fake_with_good_token();
    fake.require_client(ExpectedClient::RawBasic {
        id: id.to_owned(),
        secret: secret.to_owned(),
    });
    let server = spawn_server(&fake, |setup| {
        setup.introspection.credentials = ClientCredentials::SecretBasicRaw {
            id: value(id),
            secret: value(secret),
        };
    });
    server.call("good").await.assert_served("raw");
    let pair = basic_pair(&fake.introspections()[0]);
    assert_eq!(pair, format!("{id}:{secret}"));
}

#[tokio::test]
async fn rs_29_one_client_authentication_method_per_request() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("secret");
    for in_form in [false, true] {
        std::fs::write(&file, "old").expect("writable");
        let (id, secret) = (value("mcp"), Source::File(file.clone()));
        let fake = fake_with_good_token();
        fake.answer_token("other", altered(&fake, json!({})));
        let expected = |secret: &str| {
            let (id, secret) = ("mcp".to_owned(), secret.to_owned());
            match in_form {
                true => ExpectedClient::Post { id, secret },
                false => ExpectedClient::Basic { id, secret },
            }
        };
        let server = spawn_server(&fake, |setup| {
            setup.introspection.credentials = match in_form {
                true => ClientCredentials::SecretPost { id, secret },
                false => ClientCredentials::SecretBasic { id, secret },
            };
        });

        fake.require_client(expected("old"));
        fake.answer_next(Reply::status(503));
        server.call("good").await.assert_served("after a 503");
        assert_eq!(fake.introspection_count(), 2);

        let gate = fake.hold_introspections();
        let call = server.call("other");
        let rotate = async {
            fake.wait_for_introspections(3).await;
            std::fs::write(&file, "new").expect("writable");
            fake.require_client(expected("new"));
            gate.open();
        };
        tokio::join!(call, rotate).0.assert_served("after a 401");
        assert_eq!(fake.introspection_count(), 4);

        for request in fake.introspections() {
            let form = request.form();
            let has = |field: &str| form.iter().any(|(name, _)| name == field);
            assert_eq!(has("client_secret"), in_form, "{form:?}");
            assert_eq!(has("client_id"), in_form, "{form:?}");
            assert!(!has("client_assertion"));
            assert_eq!(request.header("authorization").is_some(), !in_form);
        }
    }
}

#[tokio::test]
async fn rs_31_redirects_are_not_followed() {
    let fake = FakeAuthorizationServer::start();
    let second = FakeAuthorizationServer::start();
    second.answer_by_default(second.active_claims(RESOURCE, SCOPE));
    let server = spawn_server(&fake, |_| {});
    for status in [301, 302, 303, 307, 308] {
        let token = format!("t{status}");
        fake.answer_token(&token, Reply::redirect(status, &second.introspection_url()));
        server.call(&token).await.assert_unavailable(&token);
    }
    assert_eq!(fake.introspection_count(), 5);
    assert_eq!(second.requests().len(), 0);
}

#[tokio::test]
async fn rs_35_endpoint_never_depends_on_token_or_request() {
    let fake = FakeAuthorizationServer::start();
    let second = FakeAuthorizationServer::start();
    second.answer_by_default(second.active_claims(RESOURCE, SCOPE));
    let part = |part: serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
    let header = part(json!({
        "alg": "RS256", "kid": "k", "jku": second.url("/jwks"), "x5u": second.url("/x5u"),
    }));
    let payload = part(json!({"iss": second.issuer(), "aud": RESOURCE, "sub": "alice"}));
    let token = format!("{header}.{payload}.c2ln");
    fake.answer_token(&token, altered(&fake, json!({})));
    let server = spawn_server(&fake, |setup| {
        setup.introspection.cache.ttl = std::time::Duration::ZERO;
    });
    let elsewhere = second.address().to_string();
    let requests = [
        server.request(),
        server.request().header("Host", &elsewhere),
        server.request().header("X-Forwarded-Host", &elsewhere),
        server.request().header("X-Forwarded-Proto", "https"),
        server
            .request()
            .header("Forwarded", format!("host={elsewhere}")),
        server.request().header("X-Original-URL", second.url("/")),
    ];
    let count = requests.len();
    for request in requests {
        let answer = server.send(request.bearer_auth(&token)).await;
        answer.assert_served("a JWT-shaped token");
    }
    assert_eq!(fake.introspection_count(), count);
    assert_eq!(second.requests().len(), 0);
}

#[tokio::test]
async fn the_http_client_can_be_changed_by_the_author() {
    let fake = fake_with_good_token();
    let address = fake.address();
    let server = spawn_server(&fake, |setup| {
        let url = format!("http://as.test:{}/introspect", address.port());
        let endpoint = EndpointUrl::parse_allowing_http(&url).expect("an endpoint");
        setup.introspection.endpoint = Some(endpoint);
        let resolve = move |builder: ClientBuilder| builder.resolve("as.test", address);
        setup.introspection.authorization_server.http_client = Some(Arc::new(resolve));
    });
    server
        .call("good")
        .await
        .assert_served("the name is resolved by the hook");
    assert_eq!(fake.introspection_count(), 1);
}
