//! Who can talk to whom under the rendered network policies: the flows that must work, and those
//! that must not.

use std::net::IpAddr;

use super::{
    chart::{HOSTED, KEYCLOAK},
    network_policy::{Labels, NAMESPACE, Peer, Pod, is_allowed},
    render::{CUSTOM, OVERLAYS, Objects},
};

/// A connection between the server and somebody else.
struct Flow {
    outgoing: bool,
    other: Peer,
    protocol: &'static str,
    port: u64,
    what: String,
}

fn to(other: &Peer, protocol: &'static str, port: u64) -> Flow {
    flow(true, other, protocol, port)
}

fn from(other: &Peer, port: u64) -> Flow {
    flow(false, other, "TCP", port)
}

fn flow(outgoing: bool, other: &Peer, protocol: &'static str, port: u64) -> Flow {
    let direction = if outgoing { "to" } else { "from" };
    Flow {
        outgoing,
        other: other.clone(),
        protocol,
        port,
        what: format!("{direction} {}, {protocol} {port}", name(other)),
    }
}

fn name(peer: &Peer) -> String {
    match peer {
        Peer::Pod(pod) => format!("{:?} in {:?}", pod.labels, pod.namespace),
        Peer::Address(address) => address.to_string(),
    }
}

/// A pod in a namespace that has the label `namespace_label` in addition to its name.
fn pod_in(namespace: &str, namespace_label: &str, labels: &[(&str, &str)]) -> Peer {
    let mut namespace = Labels::from([(NAMESPACE.to_owned(), namespace.to_owned())]);
    namespace.insert(namespace_label.to_owned(), "true".to_owned());
    let labels = labels.iter();
    Peer::Pod(Pod {
        namespace,
        labels: labels
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect(),
        ports: Vec::new(),
        address: [10, 1, 2, 2].into(),
    })
}

fn pod(namespace: &str, labels: &[(&str, &str)]) -> Peer {
    pod_in(namespace, "x", labels)
}

fn address(text: &str) -> Peer {
    Peer::Address(text.parse::<IpAddr>().expect("an address"))
}

/// The labels of CoreDNS in every common distribution.
const DNS: [(&str, &str); 1] = [("k8s-app", "kube-dns")];

/// Flows that must work with any authorization server.
fn needed() -> Vec<Flow> {
    let node_local = pod("kube-system", &[("k8s-app", "node-local-dns")]);
    let mut flows = Vec::new();
    for resolver in [
        pod("kube-system", &DNS),
        node_local,
        address("169.254.20.10"),
    ] {
        flows.push(to(&resolver, "UDP", 53));
        flows.push(to(&resolver, "TCP", 53));
    }
    let ingress_controller = [("app.kubernetes.io/name", "ingress-nginx")];
    flows.push(from(&pod("ingress-nginx", &ingress_controller), 8000));
    flows.push(from(
        &pod_in("agents", "oscal-mcp-server/clients", &[]),
        8000,
    ));
    let prometheus = [("app.kubernetes.io/name", "prometheus")];
    flows.push(from(&pod("monitoring", &prometheus), 9090));
    flows.push(from(
        &pod_in("other", "oscal-mcp-server/metrics", &[]),
        9090,
    ));
    flows
}

/// Flows that must not work with any authorization server. `own` is the server's namespace.
fn forbidden(own: &str) -> Vec<Flow> {
    let mut flows = Vec::new();
    // A cloud's metadata service, the Kubernetes API, other private networks.
    for private in [
        "169.254.169.254",
        "fd00:ec2::254",
        "10.96.0.1",
        "192.168.1.1",
        "172.20.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "fe80::1",
    ] {
        for port in [53, 80, 443, 6443, 8443] {
            flows.push(to(&address(private), "TCP", port));
        }
        flows.push(to(&address(private), "UDP", 53));
    }
    for public in ["203.0.113.10", "2001:db8::10"] {
        for port in [25, 53, 80, 8443] {
            flows.push(to(&address(public), "TCP", port));
        }
        flows.push(to(&address(public), "UDP", 53));
        flows.push(to(&address(public), "UDP", 443));
        flows.push(from(&address(public), 8000));
        flows.push(from(&address(public), 9090));
    }
    let own_label = [("app.kubernetes.io/name", "oscal-mcp-server")];
    let false_dns = [DNS[0], own_label[0]];
    for stranger in [
        pod("default", &[]),
        pod("default", &DNS),
        pod("default", &false_dns),
        pod("default", &[("app", "keycloak")]),
        pod(own, &[]),
        pod(own, &DNS),
        pod(own, &own_label),
        pod("kube-system", &[("k8s-app", "metrics-server")]),
        pod("keycloak", &[("app", "postgres")]),
    ] {
        for port in [53, 80, 443, 5432, 8000, 8443, 9090] {
            flows.push(to(&stranger, "TCP", port));
        }
        flows.push(to(&stranger, "UDP", 53));
        flows.push(from(&stranger, 8000));
        flows.push(from(&stranger, 9090));
    }
    flows.push(to(&pod("kube-system", &DNS), "TCP", 9153));
    flows.push(from(&pod("ingress-nginx", &[]), 9090));
    flows.push(from(
        &pod_in("agents", "oscal-mcp-server/clients", &[]),
        9090,
    ));
    flows.push(from(&pod("monitoring", &[]), 8000));
    flows.push(from(&pod("keycloak", &[("app", "keycloak")]), 8000));
    flows.push(to(&pod("keycloak", &[("app", "keycloak")]), "TCP", 9000));
    flows
}

/// The authorization server of an overlay.
fn authorization_server(folder: &str) -> Vec<Flow> {
    match folder {
        "overlays/keycloak" => vec![to(&pod("keycloak", &[("app", "keycloak")]), "TCP", 8443)],
        "overlays/hosted" => ["203.0.113.10", "2001:db8::10", "8.8.8.8"]
            .map(|public| to(&address(public), "TCP", 443))
            .into(),
        "base" => Vec::new(),
        other => panic!("{other} has no authorization server"),
    }
}

fn check(folder: &str, case: &str, objects: &Objects) {
    let server = Peer::Pod(objects.pod());
    let policies = objects.of_kind("NetworkPolicy");
    let passes = |flow: &Flow| {
        let (from, to) = match flow.outgoing {
            true => (&server, &flow.other),
            false => (&flow.other, &server),
        };
        is_allowed(&policies, from, to, flow.protocol, flow.port)
    };
    let own = &objects.only("Namespace")["metadata"]["name"];
    let own = own.as_str().expect("a name");
    let mut must_work = needed();
    let mut must_not = forbidden(own);
    for other in OVERLAYS {
        let flows = authorization_server(other);
        match other == folder {
            true => must_work.extend(flows),
            false => must_not.extend(flows),
        }
    }
    let told = |flows: Vec<&Flow>| -> Vec<String> {
        flows.into_iter().map(|flow| flow.what.clone()).collect()
    };
    let blocked = told(must_work.iter().filter(|flow| !passes(flow)).collect());
    let open = told(must_not.iter().filter(|flow| passes(flow)).collect());
    assert_eq!(blocked, Vec::<String>::new(), "{folder} {case}: blocked");
    assert_eq!(open, Vec::<String>::new(), "{folder} {case}: open");
}

#[test]
#[ignore = "interop: run scripts/interop"]
fn network_policies_let_through_what_must_work_and_nothing_else() {
    for folder in ["base", OVERLAYS[0], OVERLAYS[1]] {
        let Some(objects) = Objects::of(folder) else {
            return;
        };
        check(folder, "as it is", &objects);
    }
    for (values, folder) in [(KEYCLOAK, OVERLAYS[0]), (HOSTED, OVERLAYS[1])] {
        let Some(objects) = Objects::chart(values) else {
            return;
        };
        check(folder, "as a chart", &objects);
    }
}

#[test]
#[ignore = "interop: run scripts/interop"]
fn network_policies_still_hold_below_an_operators_own_overlay() {
    for folder in OVERLAYS {
        for lines in CUSTOM {
            let Some(objects) = Objects::customized(folder, lines) else {
                return;
            };
            check(folder, lines, &objects);
        }
    }
}
