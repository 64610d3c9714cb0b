//! The manifests, rendered by kustomize, and the chart, rendered by helm: valid by the Kubernetes schemas, fit for a restricted
//! namespace, and with settings that the binary accepts.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

use super::{
    chart::{CHARTS, HOSTED, documented},
    render::{OVERLAYS, Objects, through},
};
use crate::{
    environment::installed,
    support::{command, stderr, stdout},
};

const VOLUME: &str = "components: [../kubernetes/components/documents-volume]";

#[test]
#[ignore = "interop: run scripts/interop"]
fn manifests_are_valid_kubernetes_objects() {
    for (objects, count) in [
        (Objects::of("base"), 9),
        (Objects::of("overlays/keycloak"), 10),
        (Objects::of("overlays/hosted"), 10),
        (Objects::customized("base", VOLUME), 10),
        (Objects::of("fill-documents"), 1),
        (Objects::chart(HOSTED), 9),
    ] {
        let Some(Objects(objects)) = objects else {
            return;
        };
        assert_eq!(objects.len(), count, "{objects:?}");
        for object in &objects {
            let label = &object["metadata"]["labels"]["app.kubernetes.io/name"];
            let is_job = object["kind"] == "Job";
            assert_eq!(label == "oscal-mcp-server", !is_job, "{object}");
        }
    }
}

#[test]
#[ignore = "interop: run scripts/interop"]
fn the_fips_overlay_changes_only_the_image() {
    let (Some(fips), Some(other)) = (
        Objects::of("overlays/fips"),
        Objects::of("overlays/keycloak"),
    ) else {
        return;
    };
    let image = |objects: &Objects| {
        let containers = &objects.only("Deployment")["spec"]["template"]["spec"]["containers"];
        containers[0]["image"]
            .as_str()
            .expect("an image")
            .to_owned()
    };
    assert_eq!(image(&fips), format!("{}-fips", image(&other)));
    let text = json!(fips.0)
        .to_string()
        .replace(&image(&fips), &image(&other));
    assert_eq!(text, json!(other.0).to_string());
}

/// The admission controller's checks and more: nothing writable, no token, bounded memory.
#[test]
#[ignore = "interop: run scripts/interop"]
fn pods_meet_the_restricted_standard() {
    let Some(judge) = installed("deploy/podsecurity") else {
        return;
    };
    for objects in [
        Objects::of("overlays/keycloak"),
        Objects::of("overlays/hosted"),
        Objects::customized("base", VOLUME),
        Objects::of("fill-documents"),
    ]
    .into_iter()
    .chain(CHARTS.map(Objects::chart))
    {
        let Some(objects) = objects else {
            return;
        };
        let json = json!(objects.0).to_string();
        let judged = through(&mut Command::new(&judge), json.as_bytes());
        assert!(judged.status.success(), "{}", stderr(&judged));
        assert_eq!(stdout(&judged), "1\n", "one pod is judged");

        let namespaces = objects.of_kind("Namespace");
        for namespace in namespaces {
            let labels = &namespace["metadata"]["labels"];
            assert_eq!(labels["pod-security.kubernetes.io/enforce"], "restricted");
        }
        for kind in ["Deployment", "Job"] {
            for workload in objects.of_kind(kind) {
                is_closed(&workload["spec"]["template"]["spec"]);
            }
        }
    }
}

fn is_closed(pod: &Value) {
    assert_eq!(pod["automountServiceAccountToken"], false);
    let containers = |key: &str| pod[key].as_array().cloned().unwrap_or_default();
    for container in [containers("initContainers"), containers("containers")].concat() {
        let security = &container["securityContext"];
        assert_eq!(security["readOnlyRootFilesystem"], true);
        for (list, what) in [
            ("requests", "cpu"),
            ("requests", "memory"),
            ("limits", "memory"),
        ] {
            let amount = &container["resources"][list][what];
            assert!(amount.is_string(), "{list} {what}");
        }
        for mount in container["volumeMounts"].as_array().expect("mounts") {
            // The server writes nothing. Only the container that copies documents writes them.
            let is_target = container["name"] == "documents" && mount["mountPath"] == "/target";
            assert!(mount["readOnly"] == true || is_target, "{mount}");
            assert!(
                mount.get("subPath").is_none(),
                "rotation would not reach it"
            );
        }
    }
}

#[test]
#[ignore = "interop: run scripts/interop"]
fn the_binary_takes_the_environment_of_the_pod() {
    let overlays = OVERLAYS.map(Objects::of).into_iter();
    let charts = CHARTS.into_iter().chain([documented()]);
    for objects in overlays.chain(charts.map(Objects::chart)) {
        let Some(objects) = objects else {
            return;
        };
        takes_environment_of(&objects);
    }
}

fn takes_environment_of(objects: &Objects) {
    let pod = &objects.only("Deployment")["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    assert!(container.get("args").is_none() && container.get("env").is_none());
    let mut variables: BTreeMap<_, _> = objects.variables().into_iter().collect();
    assert!(!variables.contains_key("OSCAL_AUTH_CLIENT_SECRET"));

    let directory = tempfile::tempdir().expect("a temporary directory");
    let root = directory.path();
    for mount in container["volumeMounts"].as_array().expect("mounts") {
        let volumes = pod["volumes"].as_array().expect("volumes");
        let volume = volumes
            .iter()
            .find(|volume| volume["name"] == mount["name"]);
        let path = mount["mountPath"].as_str().expect("a path");
        let mounted = root.join(&path[1..]);
        fs::create_dir_all(&mounted).expect("writable");
        if let Some(projected) = volume.expect("a volume").get("projected") {
            fill(projected, &mounted);
        } else {
            // What the documents image contains.
            fs::create_dir(mounted.join("documents")).expect("writable");
            fs::create_dir(mounted.join("schemas")).expect("writable");
        }
        for value in variables
            .values_mut()
            .filter(|value| value.starts_with(path))
        {
            *value = root.join(&value[1..]).display().to_string();
        }
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
    let rule = &objects.only("Ingress")["spec"]["rules"][0];
    let host = rule["host"].as_str().expect("a host");
    let path = rule["http"]["paths"][0]["path"].as_str().expect("a path");
    assert_eq!(*resource, format!("https://{host}{path}"));
}

/// Writes the files of a projected volume, as its sources name them.
fn fill(projected: &Value, folder: &Path) {
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
                Some("audit-key") => "k".repeat(32),
                _ => "https://mcp.example.com/mcp".to_owned(),
            };
            fs::write(file, content).expect("writable");
        }
    }
}
