//! Documents in XML and YAML: served, validated, converted and read as resources.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    resources::session::Session,
    support::{over_stdio, run, stderr, stdout, tool_call},
};

const CATALOG: &str = "00000000-0000-4000-8000-000000000001";

/// A catalog that is there in XML alone, and a profile in YAML that imports it.
fn documents() -> (TempDir, String) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    fs::write(directory.path().join("rules.xml"), xml("House rules")).expect("written");
    let profile = "profile:
  uuid: 00000000-0000-4000-8000-000000000002
  metadata: {title: A small house, version: 1.10, oscal-version: 1.1.3, last-modified: 2026-01-01T00:00:00Z}
  imports:
  - href: rules.xml
    include-controls: [{with-ids: [k-1]}]
  modify:
    set-parameters: [{param-id: k-1_prm, values: [7]}]
";
    fs::write(directory.path().join("small.yaml"), profile).expect("written");
    let flag = format!("--documents-dir={}", directory.path().display());
    (directory, flag)
}

fn xml(title: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<catalog xmlns=\"http://csrc.nist.gov/ns/oscal/1.0\" uuid=\"{CATALOG}\">
  <metadata>
    <title>{title}</title>
    <last-modified>2026-01-01T00:00:00Z</last-modified>
    <version>1.10</version>
    <oscal-version>1.1.3</oscal-version>
  </metadata>
  <control id=\"k-1\">
    <title>Review <em>keys</em></title>
    <param id=\"k-1_prm\"><label>days</label></param>
    <prop name=\"label\" value=\"K-1\"/>
    <part name=\"statement\" id=\"k-1_smt\">
      <p>Review keys every <insert type=\"param\" id-ref=\"k-1_prm\"/> days.</p>
      <ul><li>all of them</li></ul>
    </part>
  </control>
</catalog>
"
    )
}

fn answers(flag: &str, calls: &[(&str, Value)]) -> Vec<(String, Value)> {
    let calls: Vec<_> = calls
        .iter()
        .map(|(tool, asked)| tool_call(tool, asked))
        .collect();
    let (answers, _) = over_stdio(&[flag], &[], &calls);
    let answers = answers[1..].iter().map(|answer| {
        let text = answer["result"]["content"][0]["text"]
            .as_str()
            .unwrap_or_default();
        (
            text.to_owned(),
            answer["result"]["structuredContent"].clone(),
        )
    });
    answers.collect()
}

#[test]
fn an_xml_only_catalog_and_a_yaml_profile_answer_questions() {
    let (_directory, flag) = documents();
    let answers = answers(
        &flag,
        &[
            ("search", json!({"query": "review keys"})),
            (
                "get_control",
                json!({"control": "K-1", "profile": "small house"}),
            ),
            ("list_documents", json!({})),
            ("about", json!({})),
        ],
    );
    assert_eq!(answers[0].1["items"][0]["id"], "k-1");
    assert!(
        answers[1]
            .0
            .contains("Review keys every 7 days.\n* all of them"),
        "{}",
        answers[1].0
    );
    assert_eq!(answers[2].1["items"][0]["files"], json!(["rules.xml"]));
    assert_eq!(answers[2].1["items"][1]["version"], "1.10");
    assert_eq!(answers[3].1["problem_count"], 0);
}

#[test]
fn resources_come_in_the_form_that_is_asked_for_and_follow_the_file() {
    let (directory, flag) = documents();
    let mut session = Session::start(&[&flag]);
    let mut read = |path: &str| {
        let uri = format!("oscal://documents/{CATALOG}{path}");
        let read = session.result("resources/read", &json!({"uri": uri}));
        let contents = &read["contents"][0];
        let text = |name: &str| contents[name].as_str().expect("text").to_owned();
        (text("mimeType"), text("text"))
    };
    for (path, mime_type, part) in [
        ("", "application/json", "\"title\":\"House rules\""),
        (
            "?format=json",
            "application/json",
            "\"title\":\"House rules\"",
        ),
        (
            "?format=yaml",
            "application/yaml",
            "\n    version: \"1.10\"\n",
        ),
        (
            "?format=markdown",
            "text/markdown",
            "# House rules\n\n# K-1 Review *keys*\n",
        ),
        ("/controls/K-1", "text/markdown", "# K-1 Review *keys*\n"),
        (
            "/controls/K-1?format=json",
            "application/json",
            "{\"id\":\"k-1\",",
        ),
        ("/controls/K-1?format=yaml", "application/yaml", "id: k-1\n"),
    ] {
        let (given, text) = read(path);
        assert_eq!(given, mime_type, "{path}");
        assert!(text.contains(part), "{path}: {text}");
    }
    let profile = "oscal://documents/00000000-0000-4000-8000-000000000002?format=markdown";
    let error = session.error("resources/read", &json!({"uri": profile}));
    assert!(
        error["message"]
            .as_str()
            .is_some_and(|m| m.contains("only catalogs")),
        "{error}"
    );
    let complete = json!({
        "ref": {"type": "ref/resource", "uri": "oscal://documents/{id}{?format}"},
        "argument": {"name": "format", "value": "y"}});
    let values = session.result("completion/complete", &complete);
    assert_eq!(values["completion"]["values"], json!(["yaml"]));

    fs::write(directory.path().join("rules.xml"), xml("New rules")).expect("written");
    session.wait_for_notification();
    let uri = format!("oscal://documents/{CATALOG}");
    let read = session.result("resources/read", &json!({"uri": uri}));
    assert!(read.to_string().contains("New rules"), "{read}");
}

#[test]
fn content_of_any_format_is_validated_and_converted() {
    let (_directory, flag) = documents();
    let yaml = "catalog:\n  uuid: x\n  controls:\n  - id: k-1\n";
    let bomb = "<!DOCTYPE a [<!ENTITY b 'c'>]><catalog>&b;</catalog>";
    let answers = answers(
        &flag,
        &[
            (
                "validate_document",
                json!({"content": xml("T"), "convert_to": "yaml"}),
            ),
            (
                "validate_document",
                json!({"content": yaml, "convert_to": "json"}),
            ),
            (
                "validate_document",
                json!({"content": bomb, "convert_to": "json"}),
            ),
            (
                "validate_document",
                json!({"content": yaml, "format": "xml"}),
            ),
            (
                "validate_document",
                json!({"document": "rules.xml", "convert_to": "yaml"}),
            ),
            (
                "validate_document",
                json!({"content": yaml, "format": "toml"}),
            ),
            (
                "validate_document",
                json!({"content": yaml, "convert_to": "xml"}),
            ),
        ],
    );
    let (text, verdict) = &answers[0];
    assert_eq!(
        (&verdict["model"], &verdict["format"]),
        (&json!("catalog"), &json!("xml"))
    );
    assert!(
        text.contains("It is xml; the paths below are those of its JSON form."),
        "{text}"
    );
    assert!(
        text.contains(" checked, 0 findings, 0 not checked."),
        "{text}"
    );
    let converted = verdict["converted"].as_str().expect("YAML");
    assert!(
        converted.starts_with(&format!("catalog:\n  uuid: \"{CATALOG}\"\n")),
        "{converted}"
    );
    let (text, verdict) = &answers[1];
    assert_eq!(
        verdict["converted"],
        r#"{"catalog":{"uuid":"x","controls":[{"id":"k-1"}]}}"#
    );
    assert_eq!(verdict["constraints"]["finding_count"], 1);
    let rule = "oscal-catalog-control-require-statement-when-not-withdrawn";
    assert_eq!(verdict["constraints"]["findings"][0]["rule"], rule);
    assert!(text.contains("- /catalog/controls/0: "), "{text}");
    for (answer, message) in [
        (
            2,
            "XML that cannot be read: line 1, column 1: a document type declaration",
        ),
        (
            3,
            "XML that cannot be read: line 1, column 1: text outside the root element",
        ),
    ] {
        let errors = &answers[answer].1["errors"];
        assert!(
            errors[0]["message"]
                .as_str()
                .is_some_and(|m| m.contains(message)),
            "{errors}"
        );
    }
    assert_eq!(answers[2].1["converted"], Value::Null);
    assert!(
        answers[4].1["converted"]
            .as_str()
            .is_some_and(|yaml| yaml.contains("Review *keys*"))
    );
    assert!(
        answers[5]
            .0
            .contains("format: not a format; the formats are json, yaml and xml")
    );
    assert!(
        answers[6]
            .0
            .contains("convert_to: only json and yaml can be written")
    );
}

#[test]
fn fedramps_values_are_counted_on_their_own_and_only_for_its_documents() {
    let (_directory, flag) = documents();
    let plan = |profile: &str| {
        json!({"content": {"system-security-plan": {
            "import-profile": {"href": profile},
            "system-characteristics": {"security-sensitivity-level": "low"},
        }}})
    };
    let answers = answers(
        &flag,
        &[
            (
                "validate_document",
                plan("FedRAMP_rev5_LOW-baseline_profile.json"),
            ),
            ("validate_document", plan("ours.json")),
        ],
    );
    let (text, verdict) = &answers[0];
    let counts = "FedRAMP's value sets, experimental (fedramp2.1.0-oscal1.0.4): 28 checked, 1 findings, 1 not checked.";
    assert!(text.contains(counts), "{text}");
    let finding = "## Values that FedRAMP does not allow: 1\n\n- \
                   /system-security-plan/system-characteristics/security-sensitivity-level: `low` is not one of \
                   `fips-199-low`";
    assert!(text.contains(finding), "{text}");
    let fedramp = &verdict["fedramp"];
    assert_eq!(fedramp["version"], "fedramp2.1.0-oscal1.0.4");
    assert_eq!(fedramp["not_checked"], json!(["fedramp-transport-type"]));
    assert_eq!(fedramp["findings"][0]["rule"], "fedramp-security-level");
    let (text, others) = &answers[1];
    assert!(!text.contains("FedRAMP"), "{text}");
    assert_eq!(others["fedramp"], Value::Null);
    for same in ["errors", "constraints", "warnings", "valid"] {
        assert_eq!(verdict[same], others[same], "{same}");
    }
}

#[test]
fn convert_writes_json_or_yaml_and_says_what_is_wrong() {
    let (directory, _) = documents();
    let path = |name: &str| directory.path().join(name).display().to_string();
    let yaml = run(&["convert", &path("rules.xml"), "--to", "yaml"], &[]);
    assert!(yaml.status.success(), "{}", stderr(&yaml));
    let yaml = stdout(&yaml);
    assert!(yaml.starts_with("catalog:\n  uuid: \"00000000"), "{yaml}");
    fs::write(path("again.yml"), &yaml).expect("written");
    let [one, two] = ["rules.xml", "again.yml"].map(|file| {
        let json = run(&["convert", &path(file), "--to", "json"], &[]);
        serde_json::from_str::<Value>(&stdout(&json)).expect("JSON")
    });
    assert_eq!(one, two);
    assert_eq!(one["catalog"]["metadata"]["version"], "1.10");

    fs::write(path("bad.xml"), "<a>\n<b></a>").expect("written");
    let bad = run(&["convert", &path("bad.xml"), "--to", "json"], &[]);
    assert_eq!(bad.status.code(), Some(1));
    assert!(
        stderr(&bad).contains("bad.xml: XML that cannot be read: line "),
        "{}",
        stderr(&bad)
    );
    for arguments in [
        &["convert", "x.xml"][..],
        &["convert", "x.xml", "--to", "toml"],
    ] {
        let wrong = run(arguments, &[]);
        assert_eq!(wrong.status.code(), Some(2), "{}", stderr(&wrong));
        assert!(stderr(&wrong).contains("json"), "{}", stderr(&wrong));
    }
}
