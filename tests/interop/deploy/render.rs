//! The manifests as rendered by kustomize, and the chart as rendered by helm.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};

use super::network_policy::{Labels, NAMESPACE, Pod};
use crate::{environment::installed, support::stderr};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// What an operator can apply, after changing hosts and images.
pub(super) const OVERLAYS: [&str; 2] = ["overlays/keycloak", "overlays/hosted"];

/// What an operator may add to an overlay; each changes something that other objects refer to.
pub(super) const CUSTOM: [&str; 5] = [
    "labels: [{pairs: {team: compliance}, includeSelectors: true, includeTemplates: true}]",
    "commonLabels: {team: compliance}",
    "namePrefix: a-\nnameSuffix: -z",
    "namespace: compliance",
    "images: [{name: oscal-mcp-server, newName: registry.example/oscal-mcp-server, newTag: '2'}]",
];

/// Kubernetes objects, each valid by the Kubernetes schemas.
pub(super) struct Objects(pub(super) Vec<Value>);

impl Objects {
    /// The objects of a folder in `deploy/kubernetes`.
    pub(super) fn of(folder: &str) -> Option<Self> {
        Self::build(&Path::new(ROOT).join("deploy/kubernetes").join(folder))
    }

    /// The objects of a folder in `deploy/kubernetes`, in a kustomization with these additional
    /// lines.
    pub(super) fn customized(folder: &str, lines: &str) -> Option<Self> {
        // kustomize accepts only relative paths.
        let directory = tempfile::tempdir().expect("a temporary directory");
        copy(
            &Path::new(ROOT).join("deploy/kubernetes"),
            &directory.path().join("kubernetes"),
        );
        let own = directory.path().join("own");
        fs::create_dir(&own).expect("writable");
        let text = format!(
            "apiVersion: kustomize.config.k8s.io/v1beta1\n\
             kind: Kustomization\n\
             resources: [../kubernetes/{folder}]\n\
             {lines}\n"
        );
        fs::write(own.join("kustomization.yaml"), text).expect("writable");
        Self::build(&own)
    }

    /// The objects of the chart with these values, as the release `oscal-mcp-server`.
    pub(super) fn chart(values: &str) -> Option<Self> {
        Self::release("oscal-mcp-server", values)
    }

    /// The objects of a release of the chart, and the namespace that must exist beforehand.
    pub(super) fn release(name: &str, values: &str) -> Option<Self> {
        let rendered = chart(name, values)?;
        assert!(rendered.status.success(), "{values}: {}", stderr(&rendered));
        let mut objects = Self::checked(values, &rendered.stdout)?;
        let labels = json!({"pod-security.kubernetes.io/enforce": "restricted",
                            "app.kubernetes.io/name": "oscal-mcp-server"});
        let metadata = json!({"name": "oscal-mcp", "labels": labels});
        objects
            .0
            .push(json!({"kind": "Namespace", "metadata": metadata}));
        Some(objects)
    }

    fn build(folder: &Path) -> Option<Self> {
        let kustomize = installed("deploy/kustomize")?;
        let built = Command::new(kustomize)
            .arg("build")
            .arg(folder)
            .output()
            .expect("kustomize runs");
        assert!(built.status.success(), "{}", stderr(&built));
        Self::checked(&folder.display().to_string(), &built.stdout)
    }

    /// `rendered` is YAML, and `what` is named if an object is not valid.
    fn checked(what: &str, rendered: &[u8]) -> Option<Self> {
        let python = installed("deploy/venv/bin/python")?;
        let checked = through(
            Command::new(python).arg(Path::new(ROOT).join("tests/interop/deploy/check.py")),
            rendered,
        );
        assert!(checked.status.success(), "{what}: {}", stderr(&checked));
        let objects = serde_json::from_slice(&checked.stdout).expect("JSON");
        Some(Self(objects))
    }

    pub(super) fn of_kind(&self, kind: &str) -> Vec<&Value> {
        self.0
            .iter()
            .filter(|object| object["kind"] == kind)
            .collect()
    }

    /// The object of this kind and name.
    pub(super) fn find(&self, kind: &str, name: &Value) -> Option<&Value> {
        let mut of_kind = self.of_kind(kind).into_iter();
        of_kind.find(|object| object["metadata"]["name"] == *name)
    }

    /// The only object of this kind.
    pub(super) fn only(&self, kind: &str) -> &Value {
        let [only] = self.of_kind(kind)[..] else {
            panic!("not one {kind}");
        };
        only
    }

    /// The server's variables.
    pub(super) fn variables(&self) -> Vec<(String, String)> {
        let container = &self.only("Deployment")["spec"]["template"]["spec"]["containers"][0];
        let sources = container["envFrom"].as_array().expect("sources");
        let data = sources.iter().flat_map(|source| {
            let name = &source["configMapRef"]["name"];
            let config_map = self.find("ConfigMap", name).expect("it is rendered");
            config_map["data"].as_object().expect("data")
        });
        data.map(|(name, value)| (name.clone(), value.as_str().expect("text").to_owned()))
            .collect()
    }

    /// A pod of the server.
    pub(super) fn pod(&self) -> Pod {
        let deployment = self.only("Deployment");
        let namespace = self.only("Namespace");
        let template = &deployment["spec"]["template"];
        let containers = template["spec"]["containers"].as_array();
        let ports = containers
            .expect("containers")
            .iter()
            .flat_map(|container| container["ports"].as_array().expect("ports"));
        let mut namespace_labels = labels(&namespace["metadata"]["labels"]);
        let name = namespace["metadata"]["name"].as_str().expect("a name");
        namespace_labels.insert(NAMESPACE.to_owned(), name.to_owned());
        Pod {
            namespace: namespace_labels,
            labels: labels(&template["metadata"]["labels"]),
            ports: ports
                .map(|port| {
                    (
                        port["name"].as_str().expect("a name").to_owned(),
                        port["protocol"].as_str().unwrap_or("TCP").to_owned(),
                        port["containerPort"].as_u64().expect("a number"),
                    )
                })
                .collect(),
            address: [10, 1, 1, 1].into(),
        }
    }
}

fn labels(object: &Value) -> Labels {
    let labels = object.as_object().expect("labels").iter();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    labels
        .map(|(key, value)| (key.clone(), text(value)))
        .collect()
}

/// The chart as rendered by helm, or helm's errors.
pub(super) fn chart(release: &str, values: &str) -> Option<Output> {
    let mut helm = Command::new(installed("helm/helm")?);
    helm.args(["template", release, "deploy/helm", "--namespace=oscal-mcp"])
        .args(["--values=-", "--kube-version=1.34.0"])
        .current_dir(ROOT);
    Some(through(&mut helm, values.as_bytes()))
}

/// Runs a program with this standard input.
pub(super) fn through(command: &mut Command, input: &[u8]) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(input).expect("it reads");
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("writable");
    for entry in fs::read_dir(from).expect("a folder") {
        let (from, to) = {
            let entry = entry.expect("readable");
            (entry.path(), to.join(entry.file_name()))
        };
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).expect("writable");
        }
    }
}
