//! Three replicas, and Debian's redis-server as the store that they share.

mod redis;

use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use dev_authorization_server::FakeAuthorizationServer;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{sync::Semaphore, time::sleep};

use crate::{
    proxy::nginx::Nginx,
    support::{RESOURCE, SECRET, Server, protected_by},
};
use redis::Redis;

const ADMINISTRATOR: &str = "0123456789abcdef0123456789abcdef";

/// The rights that the documentation says a replica needs.
const ACL: &str = "~oscal-mcp:* resetchannels -@all +mget +set +del +pexpire +xadd +xread +xlen";

/// An authorization server, key files, and a token `good` of alice.
struct Fleet {
    fake: FakeAuthorizationServer,
    folder: TempDir,
}

impl Fleet {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        for (name, content) in [
            ("key", [7; 32].as_slice()),
            ("other-key", &[8; 32]),
            ("admin", ADMINISTRATOR.as_bytes()),
            ("password", b"hush"),
        ] {
            fs::write(folder.path().join(name), content).expect("writable");
        }
        let fake = FakeAuthorizationServer::start();
        let fleet = Self { fake, folder };
        fleet.knows("good", "alice");
        fleet
    }

    /// A token that was issued a minute ago.
    fn knows(&self, token: &str, subject: &str) {
        let mut claims = self.fake.active_claims(RESOURCE, "mcp");
        claims["sub"] = json!(subject);
        claims["iat"] = json!(claims["iat"].as_u64().expect("a time") - 60);
        self.fake.answer_token(token, claims);
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn replica(&self, more: &[String]) -> Server {
        let mut flags = protected_by(self.fake.issuer());
        flags.extend([
            "--admin-addr=127.0.0.1:0".to_owned(),
            format!("--admin-token-file={}", self.file("admin")),
            "--stateless-http=false".to_owned(),
            "--auth-cache-ttl=300s".to_owned(),
        ]);
        flags.extend_from_slice(more);
        let server = Server::start(&flags, &[SECRET]);
        server.wait_for_log("authorization server found");
        server
    }

    /// A replica that shares the store. A debug build on a machine with other work is slower than a
    /// store may be.
    fn sharing(&self, url: &str, key: &str, more: &[String]) -> Server {
        let mut flags = vec![
            format!("--shared-store={url}"),
            format!("--shared-store-key-file={}", self.file(key)),
            "--shared-store-timeout=500ms".to_owned(),
        ];
        flags.extend_from_slice(more);
        let server = self.replica(&flags);
        server.wait_for_log("the shared store is connected");
        server
    }

    fn three(&self, redis: &Redis) -> [Server; 3] {
        [(); 3].map(|()| self.sharing(&redis.url(), "key", &[]))
    }
}

/// The status of a call without a session.
async fn status(server: &Server, token: &str) -> u16 {
    let url = format!("http://{}/mcp", server.address());
    call(&Client::new(), &url, token).await
}

/// A call of the tool `about`, in the protocol version that has no sessions.
async fn call(http: &Client, url: &str, token: &str) -> u16 {
    const VERSION: &str = "2026-07-28";
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": VERSION,
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "about", "arguments": {}, "_meta": meta}});
    let request = http.post(url).bearer_auth(token).json(&body);
    let request = request
        .header("Accept", "application/json, text/event-stream")
        .header("MCP-Protocol-Version", VERSION)
        .header("Mcp-Method", "tools/call")
        .header("Mcp-Name", "about");
    request.send().await.expect("an answer").status().as_u16()
}

async fn revoke(server: &Server, subject: &str) {
    let url = format!("http://{}/admin/revoke", server.admin_address());
    let request = Client::new().post(url).bearer_auth(ADMINISTRATOR);
    let body = json!({"subject": subject}).to_string();
    let answer = request.body(body).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
}

/// Waits until all refuse the token, and returns how long that took.
async fn refused_by_all(replicas: &[Server], token: &str) -> Duration {
    let begun = Instant::now();
    for replica in replicas {
        while status(replica, token).await != 401 {
            assert!(begun.elapsed() < Duration::from_secs(20), "still accepted");
            sleep(Duration::from_millis(10)).await;
        }
    }
    begun.elapsed()
}

async fn readiness(server: &Server, expected: &str) {
    for _ in 0..500 {
        let answer = server.admin("/readyz").await;
        assert_eq!(answer.status(), 200, "always ready");
        if answer.text().await.expect("text") == expected {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("not {expected:?}");
}

/// Uses each of 1,000 tokens once on each replica, and returns how often the authorization server was
/// asked.
async fn questions(fleet: &Fleet, replicas: [Server; 3]) -> usize {
    let before = fleet.fake.introspection_count();
    let http = Client::new();
    for replica in &replicas {
        let url = format!("http://{}/mcp", replica.address());
        let at_a_time = Arc::new(Semaphore::new(16));
        let calls = (0..1_000).map(|number| {
            let (http, url, at_a_time) = (http.clone(), url.clone(), at_a_time.clone());
            tokio::spawn(async move {
                let _turn = at_a_time.acquire().await.expect("open");
                assert_eq!(call(&http, &url, &format!("t{number}")).await, 200);
            })
        });
        for call in calls.collect::<Vec<_>>() {
            call.await.expect("served");
        }
        // The last answers are on their way to the store.
        sleep(Duration::from_millis(200)).await;
    }
    fleet.fake.introspection_count() - before
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "interop: run scripts/interop"]
#[expect(clippy::print_stdout, reason = "a measurement, for --show-output")]
async fn a_thousand_tokens_on_three_replicas_are_a_thousand_questions() {
    let Some(redis) = Redis::start("port PORT\n") else {
        return;
    };
    let fleet = Fleet::new();
    for number in 0..1_000 {
        fleet.knows(&format!("t{number}"), "alice");
    }
    let alone = questions(&fleet, [(); 3].map(|()| fleet.replica(&[]))).await;
    let together = questions(&fleet, fleet.three(&redis)).await;
    println!("1,000 tokens on three replicas: {alone} questions alone, {together} with the store");
    assert_eq!(alone, 3_000);
    assert!((1_000..1_050).contains(&together), "{together}");
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn replicas_behind_nginx_outlive_each_other_and_the_store() {
    let Some(mut redis) = Redis::start("port PORT\n") else {
        return;
    };
    let fleet = Fleet::new();
    for token in ["bob", "carol", "dave"] {
        fleet.knows(token, token);
    }
    let replicas = fleet.three(&redis);
    let upstream = replicas.each_ref().map(Server::address);
    let upstream = upstream.join("; server ");
    let Some(nginx) = Nginx::start(&upstream, &[]) else {
        return;
    };
    let http = nginx.client(|builder| builder);
    let through_nginx = async |token: &str| {
        for _ in 0..9 {
            assert_eq!(call(&http, &nginx.url("/mcp"), token).await, 200, "{token}");
        }
    };

    // A session that moves with each request, and stays when a replica goes.
    let session = Session::open(&nginx, &http, "good").await;
    for _ in 0..6 {
        assert_eq!(session.list_tools("good").await, 200);
    }
    assert_eq!(session.list_tools("bob").await, 404, "not his");
    let [first, second, third] = replicas;
    drop(first);
    for _ in 0..6 {
        assert_eq!(session.list_tools("good").await, 200, "one replica less");
    }
    through_nginx("good").await;
    let replicas = [second, third, fleet.sharing(&redis.url(), "key", &[])];

    // A revocation on all of them.
    for replica in &replicas {
        assert_eq!(status(replica, "bob").await, 200);
    }
    revoke(&replicas[0], "bob").await;
    let took = refused_by_all(&replicas, "bob").await;
    assert!(took < Duration::from_secs(1), "{took:?}");

    // Without the store; what is revoked meanwhile arrives afterwards.
    for replica in &replicas {
        assert_eq!(status(replica, "carol").await, 200);
    }
    redis.kill();
    through_nginx("good").await;
    for replica in &replicas {
        readiness(replica, "ready, without the shared store\n").await;
    }
    through_nginx("dave").await;
    revoke(&replicas[1], "carol").await;
    assert_eq!(status(&replicas[0], "carol").await, 200, "it cannot know");
    redis.run();
    for replica in &replicas {
        readiness(replica, "ready\n").await;
        replica.wait_for_log("the shared store works again");
    }
    refused_by_all(&replicas, "carol").await;
    // The store came back empty. A new replica learns what others know.
    let fresh = [fleet.sharing(&redis.url(), "key", &[])];
    refused_by_all(&fresh, "bob").await;
    refused_by_all(&fresh, "carol").await;
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn garbage_and_entries_of_another_key_are_worth_nothing() {
    let Some(redis) = Redis::start("port PORT\n") else {
        return;
    };
    let fleet = Fleet::new();
    fleet.knows("bob", "bob");
    let other_fleet = fleet.sharing(&redis.url(), "other-key", &[]);
    assert_eq!(status(&other_fleet, "good").await, 200);
    revoke(&other_fleet, "alice").await;
    let one = fleet.sharing(&redis.url(), "key", &[]);
    assert_eq!(status(&one, "good").await, 200, "not revoked by us");
    assert_eq!(status(&one, "bob").await, 200);
    sleep(Duration::from_millis(200)).await;
    assert_eq!(fleet.fake.introspection_count(), 3);

    let names = redis.command(&["KEYS", "oscal-mcp:a1:*"]);
    assert_eq!(names.len(), 3, "{names:?}");
    for (name, next) in names.iter().zip(names.iter().cycle().skip(1)) {
        // Each entry at the name of another one.
        redis.command(&["COPY", next, name, "REPLACE"]);
    }
    let another = fleet.sharing(&redis.url(), "key", &[]);
    assert_eq!(status(&another, "good").await, 200);
    assert_eq!(fleet.fake.introspection_count(), 4, "it asked");
    for name in &names {
        redis.command(&["SET", name, "garbage"]);
    }
    for _ in 0..100 {
        redis.command(&["XADD", "oscal-mcp:r1", "*", "n", "garbage"]);
    }
    let last = [fleet.sharing(&redis.url(), "key", &[])];
    assert_eq!(status(&last[0], "good").await, 200);
    assert_eq!(fleet.fake.introspection_count(), 5, "it asked");
    last[0].wait_for_log("that were not made with our keys");
    revoke(&one, "bob").await;
    refused_by_all(&last, "bob").await;
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn the_store_has_tls_and_a_user_with_few_rights() {
    let fleet = Fleet::new();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let ca = CertifiedIssuer::self_signed(params, key).expect("a certificate");
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(["localhost".to_owned()]).expect("a host name");
    let certificate = params.signed_by(&key, &ca).expect("signed");
    for (name, content) in [
        ("ca.pem", ca.pem()),
        ("store.pem", certificate.pem()),
        ("store.key", key.serialize_pem()),
    ] {
        fs::write(fleet.folder.path().join(name), content).expect("writable");
    }
    let (certificate, key, ca) = (
        fleet.file("store.pem"),
        fleet.file("store.key"),
        fleet.file("ca.pem"),
    );
    let settings = format!(
        "port 0\ntls-port PORT\ntls-cert-file {certificate}\ntls-key-file {key}\n\
         tls-ca-cert-file {ca}\ntls-auth-clients no\n\
         user default off\nuser oscal on >hush {ACL}\n"
    );
    let Some(redis) = Redis::start(&settings) else {
        return;
    };
    let url = format!("rediss://oscal@localhost:{}", redis.port);
    let flags = [
        format!("--shared-store-ca-file={ca}"),
        format!("--shared-store-password-file={}", fleet.file("password")),
    ];
    let replicas = [(); 2].map(|()| fleet.sharing(&url, "key", &flags));
    for replica in &replicas {
        assert_eq!(status(replica, "good").await, 200);
        sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(fleet.fake.introspection_count(), 1);
    let session = Session::at(&replicas[0], "good").await;
    assert_eq!(session.moved_to(&replicas[1]).list_tools("good").await, 200);
    revoke(&replicas[0], "alice").await;
    refused_by_all(&replicas, "good").await;
    for replica in &replicas {
        let text = replica.admin("/metrics").await.text().await.expect("text");
        let failed = |line: &&str| {
            line.contains("shared_store_operations_total")
                && line.contains("outcome=\"failed\"")
                && !line.ends_with(" 0")
        };
        let failed: Vec<_> = text.lines().filter(failed).collect();
        assert!(failed.is_empty(), "{failed:?}");
    }
}

/// A session of a protocol version that has sessions.
struct Session {
    http: Client,
    url: String,
    id: String,
}

impl Session {
    /// Opens one through nginx.
    async fn open(nginx: &Nginx, http: &Client, token: &str) -> Self {
        Self::open_at(http.clone(), nginx.url("/mcp"), token).await
    }

    async fn at(server: &Server, token: &str) -> Self {
        let url = format!("http://{}/mcp", server.address());
        Self::open_at(Client::new(), url, token).await
    }

    async fn open_at(http: Client, url: String, token: &str) -> Self {
        let mut session = Self {
            http,
            url,
            id: String::new(),
        };
        let initialize = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        }});
        let opened = session.send(token, &initialize).send().await;
        let opened = opened.expect("an answer");
        assert_eq!(opened.status(), 200);
        let id = opened.headers()["mcp-session-id"].to_str().expect("ASCII");
        session.id = id.to_owned();
        let _body = opened.text().await;
        let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        let answer = session.send(token, &initialized).send().await;
        assert_eq!(answer.expect("an answer").status(), 202);
        session
    }

    fn moved_to(&self, server: &Server) -> Self {
        Self {
            http: self.http.clone(),
            url: format!("http://{}/mcp", server.address()),
            id: self.id.clone(),
        }
    }

    async fn list_tools(&self, token: &str) -> u16 {
        let list = json!({"jsonrpc": "2.0", "id": 8, "method": "tools/list", "params": {}});
        let answer = self.send(token, &list).send().await.expect("an answer");
        answer.status().as_u16()
    }

    fn send(&self, token: &str, message: &Value) -> RequestBuilder {
        let mut request = self.http.request(Method::POST, &self.url);
        if !self.id.is_empty() {
            request = request.header("Mcp-Session-Id", &self.id);
        }
        request
            .bearer_auth(token)
            .header("MCP-Protocol-Version", "2025-06-18")
            .header("Accept", "application/json, text/event-stream")
            .json(message)
    }
}
