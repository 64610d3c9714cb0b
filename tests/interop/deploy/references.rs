//! References among the rendered manifests. Kustomize's rewriting, or a slip, can leave a reference
//! dangling while every object is still valid.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::{Value, json};

use super::{
    chart::CHARTS,
    network_policy::{Labels, selects},
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
    let checks = [
        names_that_lead_nowhere(objects),
        selectors_that_miss_the_pods(objects),
        ports_that_lead_nowhere(objects),
        volumes_that_hold_nothing(objects),
    ];
    checks.concat()
}

/// The failed checks. Each is a pair: whether it holds, and what to report otherwise.
fn broken(checks: Vec<(bool, String)>) -> Vec<String> {
    let broken = checks.into_iter().filter(|(holds, _)| !holds);
    broken.map(|(_, what)| what).collect()
}

fn pod_spec(objects: &Objects) -> &Value {
    &objects.only("Deployment")["spec"]["template"]["spec"]
}

fn names_that_lead_nowhere(objects: &Objects) -> Vec<String> {
    let spec = pod_spec(objects);
    let exists = |kind: &str, name: &Value| {
        let holds = objects.find(kind, name).is_some();
        (holds, format!("no {kind} {name}"))
    };
    let target = &objects.only("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"];
    let mut checks = vec![
        exists(target["kind"].as_str().expect("a kind"), &target["name"]),
        exists("ServiceAccount", &spec["serviceAccountName"]),
    ];
    for source in items(&spec["containers"][0]["envFrom"]) {
        checks.push(exists("ConfigMap", &source["configMapRef"]["name"]));
    }
    for volume in items(&spec["volumes"]) {
        if let Some(claim) = volume.get("persistentVolumeClaim") {
            checks.push(exists("PersistentVolumeClaim", &claim["claimName"]));
        }
    }
    let namespace = &objects.only("Namespace")["metadata"]["name"];
    for object in &objects.0 {
        let (kind, own) = (&object["kind"], &object["metadata"]["namespace"]);
        let holds = kind == "Namespace" || own == namespace;
        checks.push((holds, format!("{kind} is in the namespace {own}")));
    }
    broken(checks)
}

fn selectors_that_miss_the_pods(objects: &Objects) -> Vec<String> {
    let labels = objects.pod().labels;
    let of_service = json!({"matchLabels": objects.only("Service")["spec"]["selector"]});
    let deployment = &objects.only("Deployment")["spec"]["selector"];
    let mut selectors = vec![("Service", &of_service), ("Deployment", deployment)];
    for object in objects.of_kind("PodDisruptionBudget") {
        selectors.push(("PodDisruptionBudget", &object["spec"]["selector"]));
    }
    for object in objects.of_kind("NetworkPolicy") {
        selectors.push(("NetworkPolicy", &object["spec"]["podSelector"]));
    }
    for constraint in items(&pod_spec(objects)["topologySpreadConstraints"]) {
        selectors.push(("topology spread", &constraint["labelSelector"]));
    }
    let checks = selectors.into_iter().map(|(kind, selector)| {
        let holds = selects(selector, &labels) && !selects(selector, &Labels::new());
        (
            holds,
            format!("{kind} selects {selector}, the pods have {labels:?}"),
        )
    });
    broken(checks.collect())
}

fn ports_that_lead_nowhere(objects: &Objects) -> Vec<String> {
    let container = &pod_spec(objects)["containers"][0];
    let is_among = |port: &Value, ports: &Value| {
        let port = port.as_str().expect("the name of a port");
        names(ports).contains(port)
    };
    let service = objects.only("Service");
    let mut checks = Vec::new();
    for port in items(&service["spec"]["ports"]) {
        let holds = is_among(&port["targetPort"], &container["ports"]);
        checks.push((holds, format!("the Service leads to no port: {port}")));
    }
    for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
        let holds = is_among(&container[probe]["httpGet"]["port"], &container["ports"]);
        checks.push((holds, format!("{probe} asks no port")));
    }
    let template = &objects.only("Deployment")["spec"]["template"];
    let scraped = &template["metadata"]["annotations"]["prometheus.io/port"];
    let ports = objects.pod().ports;
    let admin = ports.iter().find(|(name, ..)| name == "admin");
    let number = scraped.as_str().and_then(|text| text.parse().ok());
    let holds = number.is_some() && admin.map(|&(.., number)| number) == number;
    checks.push((holds, format!("Prometheus scrapes {scraped}")));

    let ingress = &objects.only("Ingress")["spec"];
    let rule = &ingress["rules"][0];
    let holds = ingress["tls"][0]["hosts"] == json!([rule["host"]]);
    checks.push((holds, "the certificate is for another host".to_owned()));
    for path in items(&rule["http"]["paths"]) {
        let backend = &path["backend"]["service"];
        let holds = backend["name"] == service["metadata"]["name"]
            && is_among(&backend["port"]["name"], &service["spec"]["ports"]);
        checks.push((holds, format!("the Ingress leads to no Service: {backend}")));
    }
    broken(checks)
}

fn volumes_that_hold_nothing(objects: &Objects) -> Vec<String> {
    let spec = pod_spec(objects);
    let mounts_of = |container: &Value| {
        let mounts = items(&container["volumeMounts"]).iter();
        mounts
            .map(|mount| mount["name"].as_str().expect("a name").to_owned())
            .collect::<Vec<_>>()
    };
    let first = items(&spec["initContainers"]);
    let filled: Vec<_> = first.iter().flat_map(mounts_of).collect();
    let mounted: Vec<_> = items(&spec["containers"])
        .iter()
        .flat_map(mounts_of)
        .collect();
    let volumes = names(&spec["volumes"]);
    let mut checks = Vec::new();
    for name in filled.iter().chain(&mounted) {
        let holds = volumes.contains(name.as_str());
        checks.push((holds, format!("no volume {name}")));
    }
    for volume in items(&spec["volumes"]) {
        let name = volume["name"].as_str().expect("a name").to_owned();
        let holds = mounted.contains(&name);
        checks.push((holds, format!("the server does not mount {name}")));
        let holds = volume.get("emptyDir").is_none() || filled.contains(&name);
        checks.push((holds, format!("nothing fills {name}")));
    }
    let mounts = items(&spec["containers"][0]["volumeMounts"]).iter();
    let paths: Vec<_> = mounts
        .map(|mount| mount["mountPath"].as_str().expect("a path"))
        .collect();
    for (name, value) in objects.variables() {
        if name.ends_with("_DIR") || name.ends_with("_FILE") {
            let holds = paths.iter().any(|path| Path::new(&value).starts_with(path));
            checks.push((holds, format!("{name}={value} is not mounted")));
        }
    }
    broken(checks)
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
    cases.extend(CHARTS.map(Objects::chart));
    cases.extend(CHARTS.map(|values| Objects::release("another", values)));
    for objects in cases {
        let Some(objects) = objects else {
            return;
        };
        let mut faults = faults(&objects);
        // The value `existingClaim` of a chart names it.
        if objects.of_kind("Ingress")[0]["metadata"]["labels"]["helm.sh/chart"].is_string() {
            faults.retain(|fault| fault != "no PersistentVolumeClaim \"oscal-documents\"");
        }
        let settings = objects.variables();
        assert_eq!(faults, Vec::<String>::new(), "with {settings:?}");
    }
}

/// Secrets and CA certificates are not rendered: the operator creates them beforehand.
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

/// Kubernetes reads an image without a tag as `:latest`, which changes over time.
#[test]
#[ignore = "interop: run scripts/interop"]
fn every_image_is_named_with_a_tag() {
    let folders = OVERLAYS.into_iter().chain(["fill-documents"]);
    for objects in folders.map(Objects::of).chain(CHARTS.map(Objects::chart)) {
        let Some(objects) = objects else {
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
        assert!(images > 0, "{:?}", objects.0);
    }
}
