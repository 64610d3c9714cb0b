//! Resources, prompts, completion, and changes in the documents directory.

mod changes;
mod prompts;
pub(crate) mod session;

use std::fs;

use dev_authorization_server::FakeAuthorizationServer;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{RESOURCE, SECRET, Server, protected_by};
use session::{Session, request};

const CATALOG: &str = "11111111-1111-4111-8111-111111111111";
const PROFILE: &str = "22222222-2222-4222-8222-222222222222";
const PLAN: &str = "33333333-3333-4333-8333-333333333333";

fn catalog(title: &str) -> Value {
    json!({"catalog": {
        "uuid": CATALOG, "metadata": {"title": title, "version": "1", "oscal-version": "1.2.0"},
        "groups": [{"id": "xy", "title": "Looking", "controls": [
            {
                "id": "xy-2", "title": "Look around", "props": [{"name": "label", "value": "XY-2"}],
                "params": [{"id": "xy-2_prm", "label": "interval"}],
                "links": [{"href": "#xy-3", "rel": "related"}],
                "parts": [
                    {"id": "xy-2_smt", "name": "statement",
                     "prose": "Look every {{ insert: param, xy-2_prm }}."},
                    {"id": "xy-2_gdn", "name": "guidance", "prose": "Left, then right."},
                    {"id": "xy-2_obj", "name": "assessment-objective", "prose": "Determine."},
                ],
                "controls": [{"id": "xy-2.1", "title": "Look again",
                              "props": [{"name": "label", "value": "XY-2(1)"}]}],
            },
            {"id": "xy-3", "title": "Listen", "props": [{"name": "label", "value": "XY-3"}]},
        ]}],
    }})
}

fn profile() -> Value {
    json!({"profile": {
        "uuid": PROFILE, "metadata": {"title": "Looking baseline", "version": "1"},
        "imports": [{"href": "catalog.json", "include-all": {}}],
        "modify": {"set-parameters": [{"param-id": "xy-2_prm", "values": ["hour"]}]},
    }})
}

fn plan() -> Value {
    json!({"system-security-plan": {
        "uuid": PLAN, "metadata": {"title": "Secret plan", "version": "1"},
        "control-implementation": {"description": "d", "implemented-requirements": [
            {"uuid": "44444444-4444-4444-8444-444444444444", "control-id": "xy-2",
             "by-components": [{"component-uuid": "55555555-5555-4555-8555-555555555555",
                "uuid": "66666666-6666-4666-8666-666666666666", "description": "The guard looks.",
                "implementation-status": {"state": "partial"}}]},
        ]},
    }})
}

fn documents() -> (TempDir, String) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    write(&directory, "catalog.json", &catalog("Sample").to_string());
    write(&directory, "profile.json", &profile().to_string());
    write(&directory, "plan.json", &plan().to_string());
    let flag = format!("--documents-dir={}", directory.path().display());
    (directory, flag)
}

fn write(directory: &TempDir, name: &str, text: &str) {
    fs::write(directory.path().join(name), text).expect("writable");
}

fn uri(path: &str) -> String {
    format!("oscal://documents/{path}")
}

#[test]
fn documents_and_controls_are_resources() {
    let (_directory, flag) = documents();
    let mut session = Session::start(&[&flag]);
    let capabilities = &session.initialized["capabilities"];
    assert_eq!(capabilities["resources"], json!({"listChanged": true}));
    assert!(capabilities["prompts"].is_object() && capabilities["completions"].is_object());

    let listed = session.result("resources/list", &json!({}));
    let resources = listed["resources"].as_array().expect("a list");
    assert_eq!(resources.len(), 3, "{listed}");
    let text = serde_json::from_str::<Value>(&catalog("Sample").to_string()).expect("JSON");
    assert_eq!(
        resources[0],
        json!({
            "uri": uri(CATALOG), "name": CATALOG, "title": "Sample",
            "description": "catalog, version 1, OSCAL 1.2.0",
            "mimeType": "application/json", "size": text.to_string().len(),
        })
    );
    let templates = session.result("resources/templates/list", &json!({}));
    assert_eq!(
        [0, 1].map(|at| &templates["resourceTemplates"][at]["uriTemplate"]),
        [
            "oscal://documents/{id}{?format}",
            "oscal://documents/{id}/controls/{control}{?format}"
        ]
    );

    let read = session.result("resources/read", &json!({"uri": uri(CATALOG)}));
    let contents = &read["contents"][0];
    assert_eq!(contents["mimeType"], "application/json");
    let sent: Value = serde_json::from_str(contents["text"].as_str().expect("text")).expect("JSON");
    assert_eq!(sent, text);

    for control in ["xy-2", "XY-2", "xy%2002", "%58Y-02"] {
        let uri = uri(&format!("{CATALOG}/controls/{control}"));
        let read = session.result("resources/read", &json!({"uri": uri}));
        let contents = &read["contents"][0];
        assert_eq!(contents["uri"], uri);
        assert_eq!(contents["mimeType"], "text/markdown");
        assert_eq!(
            contents["text"],
            "# XY-2 Look around\n\n- Id: xy-2\n- From: Sample, version 1\n- Group: Looking\n\n\
             ## Statement\n\nLook every [Assignment: interval].\n\n\
             ## Guidance\n\nLeft, then right.\n\n\
             ## Parameters\n\n- xy-2_prm: [Assignment: interval]\n\n\
             ## Related controls\n\n- XY-3 Listen\n\n\
             ## Enhancements\n\n- XY-2(1) Look again\n"
        );
    }
}

#[test]
fn many_documents_come_in_pages_and_large_ones_not_whole() {
    let (directory, flag) = documents();
    for number in 0..60 {
        let uuid = format!("77777777-7777-4777-8777-7777777777{number:02}");
        let mut document = catalog(&"long ".repeat(if number == 0 { 250_000 } else { 1 }));
        document["catalog"]["uuid"] = json!(uuid);
        write(
            &directory,
            &format!("z{number}.json"),
            &document.to_string(),
        );
    }
    let mut session = Session::start(&[&flag]);
    let first = session.result("resources/list", &json!({}));
    let next = first["nextCursor"].as_str().expect("a cursor");
    let second = session.result("resources/list", &json!({"cursor": next}));
    let count = |page: &Value| page["resources"].as_array().expect("a list").len();
    assert_eq!((count(&first), count(&second)), (50, 13));
    assert!(second.get("nextCursor").is_none(), "{second}");
    for cursor in ["", "-1", "x", "99999999999999999999999"] {
        let error = session.error("resources/list", &json!({"cursor": cursor}));
        assert_eq!(error["code"], -32602, "{error}");
    }
    let past = session.result("resources/list", &json!({"cursor": u64::MAX.to_string()}));
    assert_eq!(count(&past), 0);

    let large = "77777777-7777-4777-8777-777777777700";
    let error = session.error("resources/read", &json!({"uri": uri(large)}));
    let message = error["message"].as_str().expect("a message");
    for hint in [
        "list_controls",
        "get_control",
        &uri(&format!("{large}/controls/{{control}}")),
    ] {
        assert!(message.contains(hint), "{message}");
    }
    let control = uri(&format!("{large}/controls/xy-3"));
    session.result("resources/read", &json!({"uri": control}));
}

#[test]
fn hostile_uris_are_errors() {
    let (_directory, flag) = documents();
    let mut session = Session::start(&[&flag]);
    let (malformed, unknown) = (-32602, -32002);
    for (path, code) in [
        ("../../etc/passwd".to_owned(), malformed),
        ("..%2F..%2Fetc%2Fpasswd".to_owned(), unknown),
        ("catalog.json".to_owned(), unknown),
        ("x".repeat(100_000), malformed),
        (format!("{CATALOG}%"), malformed),
        (format!("{CATALOG}%zz"), malformed),
        (format!("{CATALOG}%FF"), malformed),
        (format!("{CATALOG}%00"), unknown),
        (format!("{CATALOG}/controls"), malformed),
        (format!("{CATALOG}/controls/xy-2/.."), malformed),
        (format!("{CATALOG}/controls/zz-1"), unknown),
        (format!("{PROFILE}/controls/%2F"), unknown),
        (format!("{CATALOG}?x"), malformed),
        (String::new(), malformed),
    ] {
        let error = session.error("resources/read", &json!({"uri": uri(&path)}));
        assert_eq!(error["code"], code, "{path:.60}: {error}");
        assert_eq!(error["data"]["uri"], uri(&path), "{path:.60}");
        assert!(
            error["message"].as_str().expect("a message").len() < 400,
            "{error}"
        );
    }
    for uri in ["file:///etc/passwd", "", "oscal://", "http://127.0.0.1/"] {
        let error = session.error("resources/read", &json!({"uri": uri}));
        assert_eq!(error["code"], malformed, "{error}");
    }
}

#[tokio::test]
async fn hidden_documents_are_as_unknown_ones() {
    let (_directory, flag) = documents();
    let fake = FakeAuthorizationServer::start();
    for (token, scopes) in [
        ("auditor", "oscal:read oscal:sensitive"),
        ("reader", "oscal:read"),
        ("nobody", "other"),
    ] {
        fake.answer_token(token, fake.active_claims(RESOURCE, scopes));
    }
    let mut flags = protected_by(fake.issuer());
    flags.extend([
        flag,
        "--auth-scope-read=oscal:read".to_owned(),
        "--auth-scope-sensitive=oscal:sensitive".to_owned(),
    ]);
    let server = Server::start(&flags, &[SECRET]);
    server.wait_for_log("authorization server found");
    let ask = async |token: &str, method: &str, params: &Value| {
        let sent = server
            .call("", &json!({}))
            .json(&request(1, method, params));
        let response = sent.bearer_auth(token).send().await.expect("an answer");
        let status = response.status().as_u16();
        (status, response.json::<Value>().await.expect("JSON"))
    };
    let unknown = PLAN.replace('3', "8");
    for (method, about, sees) in [
        (
            "resources/read",
            json!({"uri": uri("PLAN")}),
            "The guard looks.",
        ),
        (
            "prompts/get",
            json!({"name": "review_ssp_gaps", "arguments": {"ssp": "PLAN", "profile": PROFILE}}),
            "Secret plan",
        ),
    ] {
        let params = |id: &str| -> Value {
            serde_json::from_str(&about.to_string().replace("PLAN", id)).expect("JSON")
        };
        let (_, seen) = ask("auditor", method, &params(PLAN)).await;
        assert!(seen.to_string().contains(sees), "{seen}");
        let (_, hidden) = ask("reader", method, &params(PLAN)).await;
        let (_, absent) = ask("reader", method, &params(&unknown)).await;
        assert!(hidden["error"].is_object(), "{hidden}");
        assert_eq!(
            hidden.to_string().replace(PLAN, &unknown),
            absent.to_string()
        );
    }
    let complete = json!({"ref": {"type": "ref/prompt", "name": "review_ssp_gaps"},
                          "argument": {"name": "ssp", "value": ""}});
    let draft = json!({"name": "draft_implementation_statement",
                       "arguments": {"control": "xy-2"}});
    for (method, params, needle) in [
        ("resources/list", json!({}), PLAN),
        ("completion/complete", complete, PLAN),
        ("prompts/get", draft, "The guard looks."),
    ] {
        let (_, all) = ask("auditor", method, &params).await;
        let (_, some) = ask("reader", method, &params).await;
        assert!(all.to_string().contains(needle), "{all}");
        assert!(some["result"].is_object(), "{some}");
        assert!(!some.to_string().contains(needle), "{some}");
        let (status, _) = ask("nobody", method, &params).await;
        assert_eq!(status, 403, "{method}");
    }
}
