//! Tokens of node oidc-provider that are bound to a client's certificate, behind nginx, which
//! terminates TLS.

use std::{fs, net::IpAddr, path::Path};

use reqwest::{Certificate, Client, Identity, RequestBuilder};
use serde_json::{Value, json};

use super::{OidcProvider, RESOURCE, SCOPE, client_keys};
use crate::{
    proxy::nginx::Nginx,
    support::{Server, doctor, stdout},
};

const SECRET: (&str, &str) = ("OSCAL_AUTH_CLIENT_SECRET", "rs secret:+/%&");

/// The part of `deploy/nginx` that asks for certificates.
const ASK: (&str, &str) = ("#ssl_verify_client", "ssl_verify_client");

fn identity(folder: &Path) -> Identity {
    let pem = |name: &str| fs::read_to_string(folder.join(name)).expect("readable");
    let both = pem("certificate.pem") + &pem("key.pem");
    Identity::from_pem(both.as_bytes()).expect("a certificate and its key")
}

/// The certificate as nginx escapes it.
fn escaped(folder: &Path) -> String {
    let pem = fs::read_to_string(folder.join("certificate.pem")).expect("readable");
    url::form_urlencoded::byte_serialize(pem.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}

/// What the authorization server answers to a request for a token, by a client with this identity.
async fn grant(provider: &OidcProvider, ca: &Certificate, identity: Option<Identity>) -> Value {
    let mut builder = Client::builder().no_proxy().tls_certs_only([ca.clone()]);
    if let Some(identity) = identity {
        builder = builder.identity(identity);
    }
    let form = [
        ("grant_type", "client_credentials"),
        ("resource", RESOURCE),
        ("scope", SCOPE),
    ];
    let request = builder.build().expect("a client");
    let request = request
        .post(format!("{}/token", provider.issuer()))
        .basic_auth("machine-mtls", Some("machine-mtls-secret-0123456789"))
        .form(&form);
    let answer = request.send().await.expect("an answer");
    answer.json().await.expect("JSON")
}

async fn status(request: RequestBuilder, token: &str) -> u16 {
    let answer = request.bearer_auth(token).send().await.expect("an answer");
    let status = answer.status().as_u16();
    if status == 401 {
        let challenge = answer.headers()["www-authenticate"].to_str();
        assert!(
            challenge
                .expect("ASCII")
                .contains("error=\"invalid_token\"")
        );
    }
    status
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn tokens_bound_to_a_certificate_need_it_in_the_handshake_with_nginx() {
    let ca = client_keys::authority();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let [of_server, of_client, of_thief] =
        ["server", "client", "thief"].map(|name| folder.path().join(name));
    client_keys::certify(&ca, "localhost", &of_server);
    client_keys::certify(&ca, "client.example", &of_client);
    client_keys::certify(&ca, "thief.example", &of_thief);
    let variables = vec![
        ("RESOURCE", RESOURCE.to_owned()),
        ("TLS", of_server.display().to_string()),
    ];
    let certificate = Certificate::from_pem(ca.pem().as_bytes()).expect("a certificate");
    let started = OidcProvider::start_at("https://localhost", Some(certificate.clone()), variables);
    let Some(provider) = started else {
        return;
    };
    let without = grant(&provider, &certificate, None).await;
    assert_eq!(without["access_token"], json!(null), "{without}");
    let granted = grant(&provider, &certificate, Some(identity(&of_client))).await;
    let bound = granted["access_token"].as_str();
    let bound = bound.unwrap_or_else(|| panic!("no token: {granted}"));
    let bearer = provider.token("machine", RESOURCE).await;

    let flags = [
        "--auth-client-id=mcp-rs",
        &format!("--auth-issuer-url={}", provider.issuer()),
        &format!("--auth-ca-file={}", of_server.join("ca.pem").display()),
        &format!("--auth-resource-server-url={RESOURCE}"),
        &format!("--auth-required-scopes={SCOPE}"),
    ]
    .map(str::to_owned);
    let refusing = doctor(&flags, &[SECRET], Some(bound));
    assert_eq!(refusing.status.code(), Some(1), "{}", stdout(&refusing));
    assert!(stdout(&refusing).contains("--auth-client-certificate-header"));
    let more = [
        "--auth-client-certificate-header=Client-Cert",
        "--trusted-proxies=127.0.0.1",
    ]
    .map(str::to_owned);
    let flags = [&flags[..], &more].concat();
    let accepting = doctor(&flags, &[SECRET], Some(bound));
    let report = stdout(&accepting);
    assert_eq!(accepting.status.code(), Some(0), "{report}");
    assert!(
        report.contains("tls_client_certificate_bound_access_tokens: true;")
            && report.contains("bound to the client certificate"),
        "{report}"
    );

    let http = [
        "--transport=streamable-http",
        "--port=0",
        "--log-format=json",
    ]
    .map(str::to_owned);
    let server = Server::start(&[&http, &flags[..]].concat(), &[SECRET]);
    server.wait_for_log("authorization server found");
    let Some(nginx) = Nginx::start(server.address(), &[ASK]) else {
        return;
    };
    let plain = nginx.client(|builder| builder);
    let client = nginx.client(|builder| builder.identity(identity(&of_client)));
    let thief = nginx.client(|builder| builder.identity(identity(&of_thief)));
    let stolen = escaped(&of_client);
    for use_of_it in ["first", "cached"] {
        for (who, http, header, expected) in [
            ("the client", &client, None, 200),
            (
                "the client, who sends the header too",
                &client,
                Some(&*stolen),
                200,
            ),
            (
                "the client, who sends nonsense",
                &client,
                Some("nonsense"),
                200,
            ),
            ("another certificate", &thief, None, 401),
            (
                "another certificate and the header",
                &thief,
                Some(&*stolen),
                401,
            ),
            ("no certificate", &plain, None, 401),
            ("no certificate but the header", &plain, Some(&*stolen), 401),
        ] {
            let mut request = nginx.about(http, "/mcp");
            if let Some(header) = header {
                request = request.header("Client-Cert", header);
            }
            let found = status(request, bound).await;
            assert_eq!(found, expected, "{who}, {use_of_it}: {}", server.log());
        }
        for http in [&plain, &client, &thief] {
            let found = status(nginx.about(http, "/mcp"), &bearer).await;
            assert_eq!(found, 200, "a bearer token");
        }
    }
    let place = "/.well-known/oauth-protected-resource/mcp";
    let metadata = plain.get(nginx.url(place)).send().await.expect("an answer");
    let metadata: Value = metadata.json().await.expect("JSON");
    assert_eq!(
        metadata["tls_client_certificate_bound_access_tokens"],
        json!(true)
    );

    // Past nginx, the header is anybody's.
    let stranger: IpAddr = "127.0.0.2".parse().expect("an address");
    let direct = Client::builder().no_proxy().tls_certs_only([]);
    let direct = direct.local_address(stranger).build().expect("a client");
    let request = direct
        .post(format!("http://{}/mcp", server.address()))
        .header("Accept", "application/json, text/event-stream")
        .json(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
                      "params": {"name": "about", "arguments": {}}}));
    let request = request.header("Client-Cert", &stolen);
    assert_eq!(status(request, bound).await, 401);
    server.wait_for_log("127.0.0.2 set it, which is not a trusted proxy");
}
