//! What refers to what in the rendered manifests: by kustomize's rewriting, or by a slip, a reference
//! may lead nowhere, and every object is valid still.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::{Value, json};

use super::{
    network_policy::selects,
    render::{CUSTOM, OVERLAYS, Objects},
};

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn names(list: &Value) -> BTreeSet<&str> {
    let names = items(list).iter().map(|item| &item["name"]);
    names.map(|name| name.as_str().expect("a name")).collect()
}

/// Everything that is wrong with the references among `objects`.
fn faults(objects: &Objects) -> Vec<String> {
    let mut faults = Vec::new();
    let mut expect = |holds: bool, what: &str| {
        if !holds {
            faults.push(what.to_owned());
        }
    };
    let deployment = objects.only("Deployment");
    let (name, template) = (
        &deployment["metadata"]["name"],
        &deployment["spec"]["template"],
    );
    let (spec, pod) = (&template["spec"], objects.pod());
    let container = &spec["containers"][0];
    let namespace = &objects.only("Namespace")["metadata"]["name"];
    for object in &objects.0 {
        let own = &object["metadata"]["namespace"];
        let kind = &object["kind"];
        expect(
            kind == "Namespace" || own == namespace,
            &format!("{kind} is in the namespace {own}"),
        );
    }

    // Who selects the pods.
    let mut selectors = vec![("Deployment", &deployment["spec"]["selector"])];
    for object in objects.of_kind("PodDisruptionBudget") {
        selectors.push(("PodDisruptionBudget", &object["spec"]["selector"]));
    }
    for object in objects.of_kind("NetworkPolicy") {
        selectors.push(("NetworkPolicy", &object["spec"]["podSelector"]));
    }
    for constraint in items(&spec["topologySpreadConstraints"]) {
        selectors.push(("topology spread", &constraint["labelSelector"]));
    }
    let service = objects.only("Service");
    let service_selector = json!({"matchLabels": service["spec"]["selector"]});
    selectors.push(("Service", &service_selector));
    for (kind, selector) in selectors {
        expect(
            selects(selector, &pod.labels) && !selects(selector, &Default::default()),
            &format!("{kind} selects {selector}, the pods have {:?}", pod.labels),
        );
    }

    // Ports and what leads to them.
    let port_names = names(&container["ports"]);
    let has_port = |port: &Value| port.as_str().is_some_and(|port| port_names.contains(port));
    for port in items(&service["spec"]["ports"]) {
        expect(
            has_port(&port["targetPort"]),
            "the Service leads to no port",
        );
    }
    for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
        let port = &container[probe]["httpGet"]["port"];
        expect(has_port(port), &format!("{probe} asks no port"));
    }
    let admin = pod.ports.iter().find(|(name, ..)| name == "admin");
    let scraped = template["metadata"]["annotations"]["prometheus.io/port"].as_str();
    expect(
        admin.map(|(.., number)| number.to_string()).as_deref() == scraped,
        "Prometheus scrapes another port",
    );
    let ingress = &objects.only("Ingress")["spec"];
    let rule = &ingress["rules"][0];
    expect(
        ingress["tls"][0]["hosts"] == json!([rule["host"]]),
        "the certificate is for another host",
    );
    for path in items(&rule["http"]["paths"]) {
        let backend = &path["backend"]["service"];
        let port = backend["port"]["name"].as_str().expect("a name");
        expect(
            backend["name"] == service["metadata"]["name"]
                && names(&service["spec"]["ports"]).contains(port),
            "the Ingress leads to no Service",
        );
    }

    // Other names.
    let target = &objects.only("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"];
    expect(
        target["kind"] == "Deployment" && target["name"] == *name,
        "the autoscaler has no target",
    );
    let account = &spec["serviceAccountName"];
    expect(
        objects.find("ServiceAccount", account).is_some(),
        "no such service account",
    );
    for source in items(&container["envFrom"]) {
        let name = &source["configMapRef"]["name"];
        expect(
            objects.find("ConfigMap", name).is_some(),
            "no such ConfigMap",
        );
    }

    // Volumes and mounts.
    let volumes = names(&spec["volumes"]);
    let containers = || {
        items(&spec["initContainers"])
            .iter()
            .chain(items(&spec["containers"]))
    };
    let mounted: BTreeSet<_> = containers()
        .flat_map(|container| names(&container["volumeMounts"]))
        .collect();
    expect(
        volumes == mounted,
        &format!("volumes {volumes:?}, mounted {mounted:?}"),
    );
    for volume in items(&spec["volumes"]) {
        let claim = &volume["persistentVolumeClaim"]["claimName"];
        expect(
            claim.is_null() || objects.find("PersistentVolumeClaim", claim).is_some(),
            "no such claim",
        );
        let name = volume["name"].as_str().expect("a name");
        let is_filled = volume.get("emptyDir").is_none()
            || items(&spec["initContainers"])
                .iter()
                .any(|container| names(&container["volumeMounts"]).contains(name));
        expect(is_filled, &format!("nothing fills {name}"));
    }
    let mounts: Vec<_> = items(&container["volumeMounts"])
        .iter()
        .map(|mount| mount["mountPath"].as_str().expect("a path"))
        .collect();
    for (name, value) in objects.variables() {
        if name.ends_with("_DIR") || name.ends_with("_FILE") {
            let is_mounted = mounts
                .iter()
                .any(|mount| Path::new(&value).starts_with(mount));
            expect(is_mounted, &format!("{name}={value} is not mounted"));
        }
    }
    faults
}

#[test]
#[ignore = "interop: run scripts/interop"]
fn every_reference_leads_somewhere() {
    let mut cases = vec![Objects::of("base")];
    let components = ["documents-volume", "documents-image"];
    let components =
        components.map(|name| format!("components: [../kubernetes/components/{name}]"));
    let with_prefix = format!("{}\nnamePrefix: a-", components[0]);
    cases.extend(
        components
            .iter()
            .chain([&with_prefix])
            .map(|lines| Objects::customized("base", lines)),
    );
    for folder in OVERLAYS {
        cases.push(Objects::of(folder));
        cases.extend(CUSTOM.map(|lines| Objects::customized(folder, lines)));
    }
    for objects in cases {
        let Some(objects) = objects else {
            return;
        };
        let faults = faults(&objects);
        let settings = objects.variables();
        assert_eq!(faults, Vec::<String>::new(), "with {settings:?}");
    }
}

/// Secrets and CA certificates are not rendered: the operator makes them first.
#[test]
#[ignore = "interop: run scripts/interop"]
fn what_has_to_be_created_before_is_named_at_the_head_of_each_overlay() {
    for folder in OVERLAYS {
        let Some(objects) = Objects::of(folder) else {
            return;
        };
        let file = format!("deploy/kubernetes/{folder}/kustomization.yaml");
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file));
        let text = text.expect("readable");
        let spec = &objects.only("Deployment")["spec"]["template"]["spec"];
        let mut needed = Vec::new();
        for source in items(&spec["volumes"])
            .iter()
            .flat_map(|v| items(&v["projected"]["sources"]))
        {
            for (kind, command) in [("secret", "secret generic"), ("configMap", "configmap")] {
                let source = &source[kind];
                if source.is_object() && source["optional"] != true {
                    needed.push((command, source));
                }
            }
        }
        let ca_file = objects
            .variables()
            .into_iter()
            .find(|(name, _)| name == "OSCAL_AUTH_CA_FILE");
        let ca = json!({"name": "authorization-server-ca", "items": [{"key": "ca.crt"}]});
        needed.extend(ca_file.map(|_| ("configmap", &ca)));
        assert!(!needed.is_empty());
        for (command, source) in needed {
            let create = format!("{command} {}", source["name"].as_str().expect("a name"));
            let (_, rest) = text
                .split_once(&create)
                .unwrap_or_else(|| panic!("{folder}: {create}"));
            for item in items(&source["items"]) {
                let key = format!("{}=", item["key"].as_str().expect("a key"));
                assert!(rest.contains(&key), "{folder}: {key}");
            }
        }
    }
}

/// Kubernetes takes an image without a tag for `:latest`, which is another one tomorrow.
#[test]
#[ignore = "interop: run scripts/interop"]
fn overlays_name_every_image_with_a_tag() {
    for folder in OVERLAYS.into_iter().chain(["fill-documents"]) {
        let Some(objects) = Objects::of(folder) else {
            return;
        };
        let workloads = objects
            .0
            .iter()
            .filter(|object| object["spec"]["template"].is_object());
        let mut images = 0;
        for workload in workloads {
            let spec = &workload["spec"]["template"]["spec"];
            for container in items(&spec["containers"])
                .iter()
                .chain(items(&spec["initContainers"]))
            {
                let image = container["image"].as_str().expect("an image");
                assert!(
                    image
                        .rsplit('/')
                        .next()
                        .is_some_and(|name| name.contains(':')),
                    "{image}"
                );
                images += 1;
            }
        }
        assert!(images > 0, "{folder}");
    }
}
