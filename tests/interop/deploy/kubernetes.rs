//! The manifests, rendered by kustomize: valid to the Kubernetes schemas, fit for a restricted
//! namespace, and with settings that the binary takes.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::{
    environment::installed,
    support::{command, stderr, stdout},
};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Renders a folder below `deploy/kubernetes` and validates it; the objects by kind and name.
fn rendered(folder: &str) -> Option<BTreeMap<String, Value>> {
    let kustomize = installed("deploy/kustomize")?;
    let python = installed("deploy/venv/bin/python")?;
    let built = Command::new(kustomize)
        .arg("build")
        .arg(Path::new(ROOT).join("deploy/kubernetes").join(folder))
        .output()
        .expect("kustomize runs");
    assert!(built.status.success(), "{}", stderr(&built));
    let mut check = Command::new(python)
        .arg(Path::new(ROOT).join("tests/interop/deploy/check.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python runs");
    let mut stdin = check.stdin.take().expect("piped");
    stdin.write_all(&built.stdout).expect("it reads");
    drop(stdin);
    let checked = check.wait_with_output().expect("it ends");
    assert!(checked.status.success(), "{folder}: {}", stderr(&checked));
    let objects: Vec<Value> = serde_json::from_slice(&checked.stdout).expect("JSON");
    let name = |object: &Value| {
        let text = |pointer| object.pointer(pointer).and_then(Value::as_str);
        format!(
            "{} {}",
            text("/kind").expect("a kind"),
            text("/metadata/name").expect("a name")
        )
    };
    Some(objects.into_iter().map(|o| (name(&o), o)).collect())
}

fn pod_of(objects: &BTreeMap<String, Value>) -> &Value {
    &objects["Deployment oscal-mcp-server"]["spec"]["template"]["spec"]
}

#[test]
#[ignore = "interop: run scripts/interop"]
fn manifests_are_valid_kubernetes_objects() {
    for (folder, count) in [("base", 9), ("overlays/keycloak", 10)] {
        let Some(objects) = rendered(folder) else {
            return;
        };
        assert_eq!(objects.len(), count, "{:?}", objects.keys());
        for object in objects.values() {
            let labels = &object["metadata"]["labels"];
            assert_eq!(labels["app.kubernetes.io/name"], "oscal-mcp-server");
        }
        let label = serde_json::json!({"app.kubernetes.io/name": "oscal-mcp-server"});
        for (object, selector) in [
            ("Deployment", "/spec/selector/matchLabels"),
            ("Deployment", "/spec/template/metadata/labels"),
            ("Service", "/spec/selector"),
            ("PodDisruptionBudget", "/spec/selector/matchLabels"),
        ] {
            let object = &objects[&format!("{object} oscal-mcp-server")];
            assert_eq!(object.pointer(selector), Some(&label), "{selector}");
        }
    }
}

/// Pod Security Standards, level restricted, and that what belongs together has the same names.
#[test]
#[ignore = "interop: run scripts/interop"]
fn pods_meet_the_restricted_standard() {
    let Some(objects) = rendered("overlays/keycloak") else {
        return;
    };
    let namespace = &objects["Namespace oscal-mcp"]["metadata"]["labels"];
    assert_eq!(
        namespace["pod-security.kubernetes.io/enforce"],
        "restricted"
    );
    let pod = pod_of(&objects);
    let security = &pod["securityContext"];
    assert_eq!(security["runAsNonRoot"], true);
    assert!(security["runAsUser"].as_u64() > Some(0));
    assert_eq!(security["seccompProfile"]["type"], "RuntimeDefault");
    for absent in ["hostNetwork", "hostPID", "hostIPC", "initContainers"] {
        assert!(pod.get(absent).is_none(), "{absent}");
    }
    assert_eq!(pod["automountServiceAccountToken"], false);
    assert_eq!(pod["enableServiceLinks"], false);
    for volume in pod["volumes"].as_array().expect("volumes") {
        let kinds: Vec<_> = volume.as_object().expect("an object").keys().collect();
        assert_eq!(kinds, ["name", "projected"], "a kind of volume allowed");
    }

    let containers = pod["containers"].as_array().expect("containers");
    assert_eq!(containers.len(), 1);
    let container = &containers[0];
    let security = &container["securityContext"];
    assert_eq!(security["allowPrivilegeEscalation"], false);
    assert_eq!(security["readOnlyRootFilesystem"], true);
    assert_eq!(security["capabilities"]["drop"], serde_json::json!(["ALL"]));
    assert!(security["capabilities"].get("add").is_none());
    for (list, what) in [
        ("requests", "cpu"),
        ("requests", "memory"),
        ("limits", "memory"),
    ] {
        assert!(
            container["resources"][list][what].is_string(),
            "{list} {what}"
        );
    }
    let ports = container["ports"].as_array().expect("ports");
    for port in ports {
        assert!(port.get("hostPort").is_none());
    }
    for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
        assert_eq!(container[probe]["httpGet"]["port"], "admin", "{probe}");
    }
    for mount in container["volumeMounts"].as_array().expect("mounts") {
        assert_eq!(mount["readOnly"], true);
        assert!(
            mount.get("subPath").is_none(),
            "rotation would not reach it"
        );
    }
}

/// The server may reach name resolution and the authorization server, and nothing else.
#[test]
#[ignore = "interop: run scripts/interop"]
fn the_network_is_closed_but_for_names_and_the_authorization_server() {
    let Some(objects) = rendered("overlays/keycloak") else {
        return;
    };
    let policies = objects
        .iter()
        .filter(|(name, _)| name.starts_with("NetworkPolicy "));
    let mut peers = Vec::new();
    for (name, policy) in policies {
        let selected = &policy["spec"]["podSelector"]["matchLabels"];
        assert_eq!(
            selected["app.kubernetes.io/name"], "oscal-mcp-server",
            "{name}"
        );
        for rule in policy["spec"]["egress"].as_array().expect("egress") {
            let ports = rule["ports"].as_array().expect("ports, not all of them");
            for peer in rule["to"].as_array().expect("peers, not all of them") {
                let namespace = &peer["namespaceSelector"]["matchLabels"];
                let namespace = namespace["kubernetes.io/metadata.name"].as_str();
                assert!(peer["podSelector"]["matchLabels"].is_object(), "{name}");
                for port in ports {
                    peers.push((namespace.expect("a namespace"), port["port"].as_u64()));
                }
            }
        }
    }
    peers.sort_unstable();
    assert_eq!(
        peers,
        [
            ("keycloak", Some(8443)),
            ("kube-system", Some(53)),
            ("kube-system", Some(53)),
        ]
    );
}

#[test]
#[ignore = "interop: run scripts/interop"]
fn the_binary_takes_the_environment_of_the_pod() {
    let Some(objects) = rendered("overlays/keycloak") else {
        return;
    };
    let pod = pod_of(&objects);
    let container = &pod["containers"][0];
    assert!(container.get("args").is_none() && container.get("env").is_none());
    let mut variables = BTreeMap::new();
    for source in container["envFrom"].as_array().expect("sources") {
        let name = source["configMapRef"]["name"]
            .as_str()
            .expect("a ConfigMap");
        let data = objects[&format!("ConfigMap {name}")]["data"].as_object();
        for (name, value) in data.expect("data") {
            variables.insert(name.clone(), value.as_str().expect("text").to_owned());
        }
    }
    assert!(!variables.contains_key("OSCAL_AUTH_CLIENT_SECRET"));

    let directory = tempfile::tempdir().expect("a temporary directory");
    let mount_path = container["volumeMounts"][0]["mountPath"]
        .as_str()
        .expect("a path");
    mount(&pod["volumes"][0]["projected"], directory.path());
    let mounted = directory.path().to_str().expect("UTF-8");
    for value in variables.values_mut() {
        *value = value.replace(mount_path, mounted);
    }

    let output = command(directory.path())
        .arg("--print-config")
        .envs(&variables)
        .output()
        .expect("the binary runs");
    assert!(output.status.success(), "{}", stderr(&output));
    let printed = stdout(&output);
    for (name, value) in &variables {
        let line = format!("{name}={value:?}  # variable");
        assert!(printed.contains(&line), "{line} in\n{printed}");
    }
    assert!(
        printed.contains("# authorization: by introspection"),
        "{printed}"
    );
    assert!(!printed.contains("# warning"), "{printed}");
    let port = |name: &str| {
        let ports = container["ports"].as_array().expect("ports");
        let port = ports.iter().find(|port| port["name"] == name).expect(name);
        format!(":{}", port["containerPort"])
    };
    assert_eq!(format!(":{}", variables["OSCAL_MCP_PORT"]), port("http"));
    assert!(variables["OSCAL_ADMIN_ADDR"].ends_with(&port("admin")));

    let resource = &variables["OSCAL_AUTH_RESOURCE_SERVER_URL"];
    let rule = &objects["Ingress oscal-mcp-server"]["spec"]["rules"][0];
    let host = rule["host"].as_str().expect("a host");
    let path = rule["http"]["paths"][0]["path"].as_str().expect("a path");
    assert_eq!(*resource, format!("https://{host}{path}"));
}

/// Writes the files that a projected volume has, as its sources name them.
fn mount(projected: &Value, folder: &Path) {
    for source in projected["sources"].as_array().expect("sources") {
        let (_, source) = source
            .as_object()
            .expect("an object")
            .iter()
            .next()
            .expect("one");
        for item in source["items"].as_array().expect("items") {
            let file: PathBuf = folder.join(item["path"].as_str().expect("a path"));
            let content = match item["key"].as_str() {
                Some("ca.crt") => rcgen::generate_simple_self_signed(["keycloak".to_owned()])
                    .expect("a certificate")
                    .cert
                    .pem(),
                _ => "https://mcp.example.com/mcp".to_owned(),
            };
            fs::write(file, content).expect("writable");
        }
    }
}
