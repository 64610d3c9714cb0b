//! What Kubernetes network policies allow, according to `NetworkPolicySpec` in networking/v1.

use std::{collections::BTreeMap, net::IpAddr};

use ipnet::IpNet;
use serde_json::Value;

/// The label that Kubernetes gives every namespace, with its name as the value.
pub(super) const NAMESPACE: &str = "kubernetes.io/metadata.name";

pub(super) type Labels = BTreeMap<String, String>;

/// One end of a connection.
#[derive(Debug, Clone)]
pub(super) enum Peer {
    Pod(Pod),
    /// Outside the cluster's pods: the Internet, a node, a cloud's metadata service.
    Address(IpAddr),
}

#[derive(Debug, Clone)]
pub(super) struct Pod {
    pub(super) namespace: Labels,
    pub(super) labels: Labels,
    /// Name, protocol and number.
    pub(super) ports: Vec<(String, String, u64)>,
    pub(super) address: IpAddr,
}

/// Whether `from` can connect to `port` of `to`: both ends must allow it.
pub(super) fn is_allowed(
    policies: &[&Value],
    from: &Peer,
    to: &Peer,
    protocol: &str,
    port: u64,
) -> bool {
    let connection = Connection { to, protocol, port };
    let permits = |end: &Peer, other: &Peer, direction: Direction| match end {
        Peer::Pod(pod) => connection.is_permitted(policies, pod, other, direction),
        Peer::Address(_) => true,
    };
    permits(from, to, Direction::EGRESS) && permits(to, from, Direction::INGRESS)
}

struct Direction {
    policy_type: &'static str,
    rules: &'static str,
    peers: &'static str,
}

impl Direction {
    const INGRESS: Self = Self {
        policy_type: "Ingress",
        rules: "ingress",
        peers: "from",
    };
    const EGRESS: Self = Self {
        policy_type: "Egress",
        rules: "egress",
        peers: "to",
    };

    /// Without `policyTypes`, a policy governs incoming connections, and also outgoing ones if it
    /// has rules for them.
    fn is_governed_by(&self, policy: &Value) -> bool {
        match policy["spec"]["policyTypes"].as_array() {
            Some(types) => types.iter().any(|name| name == self.policy_type),
            None => self.rules == "ingress" || !list(&policy["spec"][self.rules]).is_empty(),
        }
    }
}

struct Connection<'a> {
    to: &'a Peer,
    protocol: &'a str,
    port: u64,
}

impl Connection<'_> {
    /// A pod that no policy selects is open; otherwise it may do what any policy that selects it
    /// allows.
    fn is_permitted(
        &self,
        policies: &[&Value],
        pod: &Pod,
        other: &Peer,
        direction: Direction,
    ) -> bool {
        let mut governing = policies
            .iter()
            .filter(|policy| {
                pod.is_in(&policy["metadata"]["namespace"])
                    && selects(&policy["spec"]["podSelector"], &pod.labels)
                    && direction.is_governed_by(policy)
            })
            .peekable();
        governing.peek().is_none()
            || governing.any(|policy| {
                list(&policy["spec"][direction.rules]).iter().any(|rule| {
                    let (peers, ports) = (list(&rule[direction.peers]), list(&rule["ports"]));
                    let namespace = &policy["metadata"]["namespace"];
                    (peers.is_empty() || peers.iter().any(|peer| is_meant(peer, namespace, other)))
                        && (ports.is_empty() || ports.iter().any(|port| self.uses(port)))
                })
            })
    }

    fn uses(&self, allowed: &Value) -> bool {
        let protocol = allowed["protocol"].as_str().unwrap_or("TCP");
        if protocol != self.protocol {
            return false;
        }
        match (&allowed["port"], self.to) {
            (Value::Null, _) => true,
            (Value::String(name), Peer::Pod(pod)) => pod
                .ports
                .iter()
                .any(|(n, p, number)| n == name && p == protocol && *number == self.port),
            (Value::String(_), Peer::Address(_)) => false,
            (number, _) => {
                let first = number.as_u64().expect("a port");
                let last = allowed["endPort"].as_u64().unwrap_or(first);
                (first..=last).contains(&self.port)
            }
        }
    }
}

impl Pod {
    fn is_in(&self, namespace: &Value) -> bool {
        namespace == self.namespace[NAMESPACE].as_str()
    }
}

impl Peer {
    fn address(&self) -> IpAddr {
        match self {
            Self::Pod(pod) => pod.address,
            Self::Address(address) => *address,
        }
    }
}

/// Whether `peer`, in a policy of `namespace`, matches `other`.
fn is_meant(peer: &Value, namespace: &Value, other: &Peer) -> bool {
    if let Some(block) = peer.get("ipBlock") {
        let holds = |network: &Value| {
            let network: IpNet = network.as_str().expect("text").parse().expect("a network");
            network.contains(&other.address())
        };
        return holds(&block["cidr"]) && !list(&block["except"]).iter().any(holds);
    }
    let Peer::Pod(pod) = other else {
        return false;
    };
    let is_in_namespace = match peer.get("namespaceSelector") {
        Some(selector) => selects(selector, &pod.namespace),
        None => pod.is_in(namespace),
    };
    let is_pod = |selector| selects(selector, &pod.labels);
    is_in_namespace && peer.get("podSelector").is_none_or(is_pod)
}

/// `LabelSelector` of meta/v1. The empty one selects everything.
pub(super) fn selects(selector: &Value, labels: &Labels) -> bool {
    let has_all = |wanted: &serde_json::Map<String, Value>| {
        let mut wanted = wanted.iter();
        wanted.all(|(key, value)| labels.get(key).is_some_and(|label| value == label))
    };
    let fulfils = |expression: &Value| {
        let label = labels.get(expression["key"].as_str().expect("a key"));
        let values = list(&expression["values"]);
        let is_listed = label.is_some_and(|label| values.iter().any(|value| value == label));
        match expression["operator"].as_str() {
            Some("In") => is_listed,
            Some("NotIn") => !is_listed,
            Some("Exists") => label.is_some(),
            Some("DoesNotExist") => label.is_none(),
            other => panic!("no such operator: {other:?}"),
        }
    };
    selector["matchLabels"].as_object().is_none_or(has_all)
        && list(&selector["matchExpressions"]).iter().all(fulfils)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn labels(text: &str) -> Labels {
        let pairs = text.split_whitespace().filter_map(|p| p.split_once('='));
        pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
    }

    fn pod(namespace: &str, text: &str) -> Peer {
        Peer::Pod(Pod {
            namespace: labels(&format!("{NAMESPACE}={namespace} team=x")),
            labels: labels(text),
            ports: vec![("http".to_owned(), "TCP".to_owned(), 8000)],
            address: IpAddr::from([10, 1, 2, 3]),
        })
    }

    /// The peers that `own/app=a` may connect to under the policy, and those that may connect to
    /// it.
    fn allowed(spec: &Value) -> (String, String) {
        let mut policy = json!({"metadata": {"namespace": "own"}, "spec": spec});
        let selector = &mut policy["spec"]["podSelector"];
        if selector.is_null() {
            *selector = json!({"matchLabels": {"app": "a"}});
        }
        let own = pod("own", "app=a");
        let others = [
            ("near", pod("own", "app=b")),
            ("far", pod("other", "app=b")),
            ("public", Peer::Address(IpAddr::from([203, 0, 113, 1]))),
            ("private", Peer::Address(IpAddr::from([10, 9, 9, 9]))),
        ];
        let names = |is_in: &dyn Fn(&Peer) -> bool| {
            let others = others.iter().filter(|(_, other)| is_in(other));
            let names: Vec<_> = others.map(|(name, _)| *name).collect();
            names.join(" ")
        };
        (
            names(&|other| is_allowed(&[&policy], &own, other, "TCP", 8000)),
            names(&|other| is_allowed(&[&policy], other, &own, "TCP", 8000)),
        )
    }

    #[test]
    fn policies_mean_what_kubernetes_says() {
        const ALL: &str = "near far public private";
        for (spec, outgoing, incoming) in [
            (
                json!({"podSelector": {"matchLabels": {"app": "c"}}}),
                ALL,
                ALL,
            ),
            (json!({}), ALL, ""),
            (
                json!({"podSelector": {}, "policyTypes": ["Ingress"]}),
                "far public private",
                "",
            ),
            (json!({"policyTypes": ["Ingress", "Egress"]}), "", ""),
            (json!({"policyTypes": ["Egress"]}), "", ALL),
            (json!({"egress": [{"ports": [{"port": 1}]}]}), "", ""),
            (
                json!({"ingress": [{"from": [{"podSelector": {}}]}]}),
                ALL,
                "near",
            ),
            (
                json!({"ingress": [{"ports": [{"port": "http"}]}]}),
                ALL,
                ALL,
            ),
            (
                json!({"ingress": [{"ports": [{"port": "admin"}]}]}),
                ALL,
                "",
            ),
        ] {
            let (out, into) = allowed(&spec);
            assert_eq!(
                (out.as_str(), into.as_str()),
                (outgoing, incoming),
                "{spec}"
            );
        }
    }

    #[test]
    fn rules_mean_what_kubernetes_says() {
        let expression = |key: &str, operator: &str, values: &[&str]| {
            json!({"to": [{"namespaceSelector": {"matchExpressions": [
                {"key": key, "operator": operator, "values": values}]}}]})
        };
        for (rule, outgoing) in [
            (json!({}), "near far public private"),
            (json!({"to": [{"podSelector": {}}]}), "near"),
            (
                json!({"to": [{"podSelector": {"matchLabels": {"app": "c"}}}]}),
                "",
            ),
            (json!({"to": [{"namespaceSelector": {}}]}), "near far"),
            (
                json!({"to": [{"namespaceSelector": {"matchLabels": {NAMESPACE: "other"}},
                            "podSelector": {"matchLabels": {"app": "b"}}}]}),
                "far",
            ),
            (
                json!({"to": [{"namespaceSelector": {},
                            "podSelector": {"matchLabels": {"app": "b", "more": "x"}}}]}),
                "",
            ),
            (
                json!({"to": [{"podSelector": {}}, {"ipBlock": {"cidr": "203.0.113.0/24"}}]}),
                "near public",
            ),
            (
                json!({"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}]}),
                "public",
            ),
            (json!({"to": [{"ipBlock": {"cidr": "::/0"}}]}), ""),
            (expression(NAMESPACE, "In", &["other", "third"]), "far"),
            (expression(NAMESPACE, "NotIn", &["other"]), "near"),
            (expression("team", "Exists", &[]), "near far"),
            (expression("team", "DoesNotExist", &[]), ""),
            (
                json!({"ports": [{"port": 8000}]}),
                "near far public private",
            ),
            (json!({"ports": [{"port": "http"}]}), "near far"),
            (
                json!({"ports": [{"protocol": "TCP"}]}),
                "near far public private",
            ),
            (
                json!({"ports": [{"port": 7000, "endPort": 8000}]}),
                "near far public private",
            ),
            (
                json!({"ports": [{"port": 8001}, {"port": 8000, "protocol": "UDP"}]}),
                "",
            ),
        ] {
            let (out, _) = allowed(&json!({"policyTypes": ["Egress"], "egress": [rule]}));
            assert_eq!(out, outgoing, "{rule}");
        }
    }

    #[test]
    fn several_policies_add_up() {
        let policy = |port: u64| {
            json!({"metadata": {"namespace": "own"}, "spec": {"podSelector": {},
                   "policyTypes": ["Egress"], "egress": [{"ports": [{"port": port}]}]}})
        };
        let (one, other) = (policy(1), policy(2));
        let (own, far) = (pod("own", ""), pod("other", ""));
        for (port, expected) in [(1, true), (2, true), (3, false)] {
            let policies = [&one, &other];
            assert_eq!(is_allowed(&policies, &own, &far, "TCP", port), expected);
        }
    }
}
