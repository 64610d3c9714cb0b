//! Traces of the whole server, as a collector decodes them.

use std::{fs, thread::sleep, time::Duration};

use dev_authorization_server::{FakeAuthorizationServer, Reply};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value as AnyValue},
    trace::v1::Span,
};
use prost::Message;
use serde_json::{Value, json};

use crate::support::{
    RESOURCE, SECRET, Server, over_stdio, protected_by, run, stderr, stdout, tool_call,
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";
const TOKEN: &str = "t0ken-of-alice";

/// A collector on a real socket: anything that answers and records.
struct Collector(FakeAuthorizationServer);

impl Collector {
    fn start() -> Self {
        let server = FakeAuthorizationServer::start();
        server.serve("/v1/traces", Reply::json(200, &json!({})));
        Self(server)
    }

    fn endpoint(&self) -> String {
        self.0.url("")
    }

    /// The bytes of all exports so far.
    fn bytes(&self) -> Vec<Vec<u8>> {
        let requests = self.0.requests_at("/v1/traces");
        requests.into_iter().map(|request| request.body).collect()
    }

    fn spans(&self) -> Vec<Span> {
        let decode = |bytes: Vec<u8>| ExportTraceServiceRequest::decode(&*bytes).expect("OTLP");
        let resources = self
            .bytes()
            .into_iter()
            .map(decode)
            .flat_map(|one| one.resource_spans);
        let scopes = resources.flat_map(|resource| resource.scope_spans);
        scopes.flat_map(|scope| scope.spans).collect()
    }

    /// Waits until `is_there`. Returns all spans.
    fn wait_until(&self, is_there: impl Fn(&[Span]) -> bool) -> Vec<Span> {
        for _ in 0..1_500 {
            let spans = self.spans();
            if is_there(&spans) {
                return spans;
            }
            sleep(Duration::from_millis(20));
        }
        panic!("not there: {:?}", self.spans());
    }

    /// Waits for `count` ended HTTP requests.
    fn requests(&self, count: usize) -> Vec<Span> {
        self.wait_until(|spans| {
            spans.iter().filter(|span| span.name == "POST /mcp").count() == count
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn attribute(span: &Span, key: &str) -> Option<String> {
    let found: &KeyValue = span
        .attributes
        .iter()
        .find(|attribute| attribute.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        AnyValue::StringValue(text) => Some(text.clone()),
        AnyValue::IntValue(number) => Some(number.to_string()),
        other => panic!("{key}: {other:?}"),
    }
}

fn one<'s>(spans: &'s [Span], name: &str) -> &'s Span {
    let found: Vec<_> = spans.iter().filter(|span| span.name == name).collect();
    assert_eq!(found.len(), 1, "{name}: {spans:?}");
    found[0]
}

fn assert_below(child: &Span, parent: &Span) {
    assert_eq!(
        child.parent_span_id, parent.span_id,
        "{} in {}",
        child.name, parent.name
    );
    assert_eq!(child.trace_id, parent.trace_id);
}

fn traced(endpoint: &str) -> Vec<(&str, &str)> {
    vec![
        SECRET,
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
    ]
}

fn protected(more: &[String], variables: &[(&str, &str)]) -> (FakeAuthorizationServer, Server) {
    let fake = FakeAuthorizationServer::start();
    fake.answer_token(TOKEN, fake.active_claims(RESOURCE, "mcp"));
    let mut flags = protected_by(fake.issuer());
    flags.extend_from_slice(more);
    let server = Server::start(&flags, variables);
    server.wait_for_log("authorization server found");
    (fake, server)
}

async fn call(server: &Server, token: &str, traceparent: &str) -> (u16, Value) {
    let request = server
        .call("search", &json!({"query": "what I typed"}))
        .bearer_auth(token);
    let request = request.header("traceparent", traceparent);
    let request = request.header("tracestate", "vendor=1");
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    (status, response.json().await.unwrap_or_default())
}

fn header() -> String {
    format!("00-{TRACE}-{PARENT}-01")
}

#[tokio::test]
async fn a_call_is_one_trace_from_the_client_to_the_authorization_server() {
    let collector = Collector::start();
    let endpoint = collector.endpoint();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let log = folder.path().join("audit.jsonl");
    let more = [
        "--log-level=debug".to_owned(),
        format!("--audit-log={}", log.display()),
    ];
    let mut variables = traced(&endpoint);
    variables.push(("OTEL_EXPORTER_OTLP_HEADERS", "api-key=c0llector-key"));
    variables.push((
        "OTEL_RESOURCE_ATTRIBUTES",
        "deployment.environment.name=test",
    ));
    let (fake, server) = protected(&more, &variables);
    assert_eq!(call(&server, TOKEN, &header()).await.0, 200);
    let spans = collector.wait_until(|spans| spans.len() >= 4);
    let request = one(&spans, "POST /mcp");
    assert_eq!(hex(&request.trace_id), TRACE);
    assert_eq!(hex(&request.parent_span_id), PARENT);
    assert_eq!(
        attribute(request, "http.response.status_code").as_deref(),
        Some("200")
    );
    let verification = one(&spans, "verify token");
    assert_below(verification, request);
    assert_eq!(
        attribute(verification, "token.cache").as_deref(),
        Some("miss")
    );
    assert_eq!(
        attribute(verification, "token.outcome").as_deref(),
        Some("accepted")
    );
    let introspections = fake.introspections();
    let asked = one(&spans, &format!("POST {}", introspections[0].path));
    assert_below(asked, verification);
    assert_eq!(
        attribute(asked, "server.address").as_deref(),
        Some("127.0.0.1")
    );
    let passed = format!("00-{TRACE}-{}-01", hex(&asked.span_id));
    assert_eq!(introspections[0].header("traceparent"), Some(&*passed));
    assert_eq!(introspections[0].header("tracestate"), Some("vendor=1"));
    let tool = one(&spans, "tools/call search");
    assert_below(tool, request);
    assert_eq!(
        attribute(tool, "mcp.method.name").as_deref(),
        Some("tools/call")
    );
    assert_eq!(
        attribute(tool, "gen_ai.tool.name").as_deref(),
        Some("search")
    );

    // Again, from the cache: nobody is asked.
    assert_eq!(call(&server, TOKEN, &header()).await.0, 200);
    let spans = collector.wait_until(|spans| spans.len() >= 7);
    let found: Vec<_> = spans
        .iter()
        .filter_map(|span| attribute(span, "token.cache"))
        .collect();
    assert_eq!(found, ["miss", "hit"]);
    assert_eq!(spans.len(), 7);

    let bytes = collector.bytes().concat();
    for secret in [TOKEN, SECRET.1, "what I typed", "alice", "c0llector-key"] {
        let is_in = |bytes: &[u8]| {
            bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes())
        };
        assert!(!is_in(&bytes), "{secret} in a span");
        if secret != "alice" {
            assert!(!server.log().contains(secret), "{secret} in the log");
        }
    }
    let is_keyed = |request: &dev_authorization_server::RecordedRequest| {
        request.header("api-key") == Some("c0llector-key")
    };
    assert!(collector.0.requests_at("/v1/traces").iter().all(is_keyed));
    assert!(
        bytes.windows(16).any(|part| part == b"oscal-mcp-server"),
        "service.name"
    );
    let lines = server.wait_for_log("request answered");
    assert!(
        lines.contains(&format!("\"trace_id\":\"{TRACE}\"")),
        "{lines}"
    );
    let records = fs::read_to_string(&log).expect("readable");
    let tool = records
        .lines()
        .find(|line| line.contains("tool.call"))
        .expect("a record");
    assert!(
        tool.contains(&format!("\"trace_id\":\"{TRACE}\"")),
        "{tool}"
    );
}

#[tokio::test]
async fn callers_who_wait_for_another_say_so() {
    let collector = Collector::start();
    let endpoint = collector.endpoint();
    let (fake, server) = protected(&[], &traced(&endpoint));
    let gate = fake.hold_introspections();
    let header = header();
    let (one, other) = (call(&server, TOKEN, &header), call(&server, TOKEN, &header));
    let release = async {
        while fake.introspection_count() == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // Both are underway, and a slow second one would find a hit instead.
        tokio::time::sleep(Duration::from_millis(300)).await;
        gate.open();
    };
    let ((one, _), (other, _), ()) = tokio::join!(one, other, release);
    assert_eq!((one, other), (200, 200));
    let spans = collector.requests(2);
    let mut found: Vec<_> = spans
        .iter()
        .filter_map(|span| attribute(span, "token.cache"))
        .collect();
    found.sort();
    assert_eq!(found, ["coalesced", "miss"]);
    let leader = spans
        .iter()
        .find(|span| attribute(span, "token.cache").as_deref() == Some("miss"));
    let asked = spans
        .iter()
        .find(|span| attribute(span, "server.port").is_some());
    assert_below(asked.expect("a span"), leader.expect("a span"));
}

#[tokio::test]
async fn the_context_in_meta_is_nearer_than_the_one_in_headers() {
    let collector = Collector::start();
    let endpoint = collector.endpoint();
    let (_fake, server) = protected(&[], &traced(&endpoint));
    let other = "0af7651916cd43dd8448eb211c80319c";
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "about", "arguments": {},
        "_meta": {"traceparent": format!("00-{other}-b7ad6b7169203331-01")}}});
    let request = server
        .call("about", &json!({}))
        .bearer_auth(TOKEN)
        .json(&body);
    let answer = request
        .header("traceparent", header())
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 200);
    let spans = collector.wait_until(|spans| spans.len() >= 4);
    let (request, tool) = (one(&spans, "POST /mcp"), one(&spans, "tools/call about"));
    assert_eq!(hex(&tool.trace_id), other);
    assert_eq!(hex(&tool.parent_span_id), "b7ad6b7169203331");
    assert_eq!(tool.links.len(), 1);
    assert_eq!(tool.links[0].span_id, request.span_id);
    assert_eq!(hex(&tool.links[0].trace_id), TRACE);
}

#[test]
fn over_stdio_the_context_comes_from_meta_and_the_last_spans_are_sent() {
    let collector = Collector::start();
    let endpoint = collector.endpoint();
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "about", "arguments": {}, "_meta": {"traceparent": header()}}});
    // With the default delay the call's span would leave after five seconds.
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint)];
    over_stdio(&[], &variables, &[call]);
    let spans = collector.spans();
    let tool = one(&spans, "tools/call about");
    assert_eq!(
        (&*hex(&tool.trace_id), &*hex(&tool.parent_span_id)),
        (TRACE, PARENT)
    );
    assert_eq!(
        attribute(tool, "network.transport").as_deref(),
        Some("pipe")
    );
}

#[test]
fn resolving_a_profile_and_validating_a_document_are_spans_of_their_calls() {
    let collector = Collector::start();
    let endpoint = collector.endpoint();
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint)];
    // The built-in profile, twice: it is resolved once.
    let profile = json!({"profile": "337dd73e-f866-417a-970a-fcc4652c57ca"});
    let calls = [
        tool_call("list_controls", &profile),
        tool_call("list_controls", &profile),
        tool_call(
            "validate_document",
            &json!({"content": {"catalog": {"uuid": "s3cret"}}}),
        ),
    ];
    over_stdio(&[], &variables, &calls);
    let spans = collector.spans();
    let resolution = one(&spans, "resolve profile");
    let mut calls = spans
        .iter()
        .filter(|span| span.name == "tools/call list_controls");
    assert_below(resolution, calls.next().expect("a call"));
    assert_below(
        one(&spans, "validate document"),
        one(&spans, "tools/call validate_document"),
    );
    let bytes = collector.bytes().concat();
    assert!(!bytes.windows(6).any(|part| part == b"s3cret"));
}

#[tokio::test]
async fn a_malformed_or_unsampled_context_is_harmless() {
    let collector = Collector::start();
    let endpoint = collector.endpoint();
    let (_fake, server) = protected(&[], &traced(&endpoint));
    // Not sampled: no span leaves, by the default sampler.
    let unsampled = header().replace("-01", "-00");
    assert_eq!(call(&server, TOKEN, &unsampled).await.0, 200);
    let malformed = [
        "",
        "00",
        "ff-x",
        &format!("00-{TRACE}-{PARENT}-01-x"),
        &"0-".repeat(500),
    ];
    for header in malformed {
        assert_eq!(call(&server, TOKEN, header).await.0, 200, "{header}");
    }
    let spans = collector.requests(malformed.len());
    for span in spans.iter().filter(|span| span.name == "POST /mcp") {
        assert_ne!(hex(&span.trace_id), TRACE);
        assert_eq!(span.parent_span_id, [0_u8; 0]);
    }
}

#[tokio::test]
async fn a_method_that_a_stranger_invents_names_no_span() {
    let collector = Collector::start();
    let endpoint = collector.endpoint();
    let (_fake, server) = protected(&[], &traced(&endpoint));
    let method = reqwest::Method::from_bytes(b"INVENTED").expect("a method");
    let url = format!("http://{}/mcp", server.address());
    let answer = reqwest::Client::new().request(method, url).send().await;
    assert_eq!(answer.expect("an answer").status(), 401);
    let spans = collector.wait_until(|spans| !spans.is_empty());
    let request = one(&spans, "HTTP /mcp");
    let method = attribute(request, "http.request.method");
    assert_eq!(method.as_deref(), Some("_OTHER"));
}

#[tokio::test]
async fn a_dead_collector_costs_one_line_and_no_request() {
    let dead = FakeAuthorizationServer::start();
    let endpoint = dead.url("/nothing-here");
    let (fake, mut server) = protected(&[], &traced(&endpoint));
    for _ in 0..3 {
        assert_eq!(call(&server, TOKEN, &header()).await.0, 200);
        server.wait_for_log("spans are lost");
    }
    fake.answer_token("unlucky", Reply::json(500, &json!({})));
    let (status, body) = call(&server, "unlucky", &header()).await;
    assert_eq!((status, &body["trace_id"]), (503, &json!(TRACE)));
    assert!(server.wait_for_log("request refused").contains(TRACE));
    assert_eq!(server.log().matches("spans are lost").count(), 1);
    server.terminate();
    assert!(server.wait().success());
}

#[tokio::test]
async fn without_an_endpoint_nothing_is_exported_and_the_clients_trace_is_still_named() {
    let collector = Collector::start();
    let endpoint = collector.endpoint();
    let off = [
        SECRET,
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint),
        ("OTEL_TRACES_EXPORTER", "none"),
    ];
    let (fake, mut server) = protected(&["--log-level=debug".to_owned()], &off);
    assert_eq!(call(&server, TOKEN, &header()).await.0, 200);
    assert!(server.wait_for_log("request answered").contains(TRACE));
    assert_eq!(fake.introspections()[0].header("traceparent"), None);
    fake.answer_token("unlucky", Reply::json(500, &json!({})));
    let (status, body) = call(&server, "unlucky", &header()).await;
    assert_eq!((status, &body["trace_id"]), (503, &json!(TRACE)));
    let (status, body) = call(&server, "wrong", &header()).await;
    assert_eq!((status, body.get("trace_id")), (401, None));
    assert_eq!(server.threads_named("OpenTelemetry"), 0);
    server.terminate();
    assert!(server.wait().success());
    assert_eq!(collector.bytes().len(), 0);
}

#[test]
fn variables_that_cannot_be_used_stop_the_server_and_headers_are_not_shown() {
    let endpoint = (
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "http://u:hush@localhost:4317/x?key=hush",
    );
    let grpc = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
    let output = run::<&str>(&[], &[endpoint, grpc]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("OTEL_EXPORTER_OTLP_PROTOCOL: gRPC is not supported"));
    let headers = ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=hush");
    let output = run(&["--print-config"], &[endpoint, headers]);
    let text = stdout(&output);
    assert!(
        text.contains("OTEL_EXPORTER_OTLP_HEADERS=\"[redacted]\""),
        "{text}"
    );
    assert!(text.contains("# traces: exported"), "{text}");
    assert!(!text.contains("hush"), "{text}");
}
