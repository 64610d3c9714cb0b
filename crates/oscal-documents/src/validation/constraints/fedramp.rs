//! The values that FedRAMP allows in its documents, beside those that NIST allows.
//!
//! FedRAMP publishes them as data and calls them experimental, so a value that is not among them is a
//! warning. `scripts/oscal-facts` makes `fedramp.txt` of them.

use std::sync::OnceLock;

use crate::document::model::Model;
use crate::validation::constraints::checked::Constraints;
use crate::validation::constraints::nodes::{At, Nodes};
use crate::validation::constraints::reach;
use crate::validation::constraints::rules::{Demand, Rule};
use crate::validation::finding::{Findings, listed, quoted_text};

/// What `scripts/oscal-facts` wrote; it says what the lines mean.
const VALUES: &str = include_str!("fedramp.txt");

/// FedRAMP's namespace and its older spelling, and what stands for FedRAMP in `system` and
/// `identifier-type`.
const NAMES: [&str; 4] = [
    "https://fedramp.gov/ns/oscal",
    "http://fedramp.gov/ns/oscal",
    "https://fedramp.gov",
    "http://fedramp.gov",
];

/// It allows `tcp` and `udp` where NIST allows only `TCP` and `UDP`, so it is not checked: no value
/// could be right.
const CONTRADICTS_NIST: &str = "fedramp-transport-type";

/// What was checked of FedRAMP's values, and what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FedRamp {
    /// The version of FedRAMP's list of values.
    pub version: &'static str,
    /// Its value sets that concern the document's model.
    pub values: Constraints,
}

/// FedRAMP's value sets.
pub(super) struct ValueSets {
    version: &'static str,
    rules: Vec<Rule>,
}

impl ValueSets {
    /// The value sets, which are read once.
    pub(super) fn get() -> &'static Self {
        static SETS: OnceLock<ValueSets> = OnceLock::new();
        SETS.get_or_init(|| Self::read(VALUES))
    }

    fn read(lines: &'static str) -> Self {
        let version = lines.lines().find_map(|line| line.strip_prefix("version "));
        Self {
            version: version.unwrap_or_default(),
            rules: lines.lines().filter_map(rule).collect(),
        }
    }

    /// Checks a document, if it is one of FedRAMP's. `cap` is the most findings to keep.
    pub(super) fn check(&self, nodes: &Nodes<'_>, model: Model, cap: usize) -> Option<FedRamp> {
        let root = nodes.root().filter(|root| is_fedramps(nodes, *root))?;
        let (mut checked, mut not_checked) = (0, Vec::new());
        let mut broken: Vec<(At, &Rule, &[&str])> = Vec::new();
        for rule in self.rules.iter().filter(|rule| rule.restricts()) {
            let concerns = |target| reach::is_in(target, model);
            if !rule.target.as_ref().is_none_or(concerns) {
                continue;
            }
            let (Some(target), Some(Demand::OneOf { values, .. })) = (&rule.target, &rule.demand)
            else {
                not_checked.push(rule.id);
                continue;
            };
            checked += 1;
            for at in nodes.reached(target, root) {
                let text = nodes.text(at);
                if text.is_some_and(|text| !values.contains(&text.as_str())) {
                    broken.push((at, rule, values));
                }
            }
        }
        broken.sort_by_key(|(at, rule, _)| (*at, rule.id));
        let mut findings = Findings::new(cap);
        for (at, rule, values) in broken {
            findings.push_at(
                || nodes.pointer(at),
                rule.id,
                || self.message(&nodes.text(at).unwrap_or_default(), values),
            );
        }
        Some(FedRamp {
            version: self.version,
            values: Constraints {
                checked,
                not_checked,
                findings,
            },
        })
    }

    fn message(&self, value: &str, values: &[&str]) -> String {
        format!(
            "{} is not one of {} (a warning: FedRAMP calls its list, {}, experimental)",
            quoted_text(value),
            listed(values.iter().copied()),
            self.version
        )
    }

    /// The value sets of a definition's own members, in words.
    pub(super) fn described(&self, definition: usize) -> Vec<String> {
        let is_of = |rule: &&Rule| {
            let target = rule.target.as_ref();
            target.is_some_and(|target| reach::owners(target).contains(&definition))
        };
        let of_definition = self.rules.iter().filter(is_of);
        let in_words = |rule: &Rule| format!("{} (in FedRAMP's documents)", rule.described());
        of_definition.map(in_words).collect()
    }
}

fn rule(line: &'static str) -> Option<Rule> {
    let rule = Rule::read(line)?;
    let demand = match rule.id {
        CONTRADICTS_NIST => None,
        _ => rule.demand,
    };
    Some(Rule { demand, ..rule })
}

/// Whether a document is FedRAMP's: it uses one of FedRAMP's names as namespace or system, or it is a
/// profile of or a plan for one of FedRAMP's baselines.
fn is_fedramps(nodes: &Nodes<'_>, root: At) -> bool {
    let mut names = nodes.flags(&["ns", "system", "identifier-type"]);
    let imports = nodes.children(root, false, &["import", "import-profile"]);
    names.any(|name| NAMES.contains(&name.trim_end_matches('/')))
        || imports
            .into_iter()
            .any(|import| is_of_baseline(nodes, root, import))
}

fn is_of_baseline(nodes: &Nodes<'_>, root: At, import: At) -> bool {
    let Some(href) = nodes.flag(import, "href") else {
        return false;
    };
    let Some(uuid) = href.strip_prefix('#') else {
        return is_baselines(href);
    };
    let inner = |of: Vec<At>, name| -> Vec<At> {
        let inner = of
            .into_iter()
            .flat_map(|at| nodes.children(at, false, &[name]));
        inner.collect()
    };
    let mut resources = inner(inner(vec![root], "back-matter"), "resource");
    resources.retain(|resource| nodes.flag(*resource, "uuid") == Some(uuid));
    let addresses = inner(resources, "rlink").into_iter();
    addresses
        .filter_map(|link| nodes.flag(link, "href"))
        .any(is_baselines)
}

/// Whether an address has a part that begins with `fedramp`, as those of FedRAMP's baselines do, and of
/// their copies in other people's workspaces.
fn is_baselines(href: &str) -> bool {
    let is_fedramps = |part: &str| {
        let start = part.get(..7);
        start.is_some_and(|start| start.eq_ignore_ascii_case("fedramp"))
    };
    href.split('/').any(is_fedramps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_every_value_set_leads_somewhere() {
        let sets = ValueSets::get();
        assert_eq!(sets.rules.len(), 37);
        for rule in &sets.rules {
            let target = rule.target.as_ref().expect(rule.id);
            for way in &target.0 {
                let leads = |model: &Model| reach::way_is_in(way, *model);
                assert!(Model::ALL.iter().any(leads), "{}: {way:?}", rule.id);
            }
        }
    }

    #[test]
    fn a_pattern_that_is_not_evaluated_is_named_as_not_checked() {
        let sets = ValueSets::read(
            "version 7\nallowed-values\tfedramp-a\twarning\t//a[count(b)>1]\tno\tx\n\
             allowed-values\tfedramp-b\twarning\t//role/@id\tno\tx",
        );
        let document = serde_json::json!({"catalog": {"metadata": {
            "roles": [{"id": "y"}],
            "props": [{"name": "a", "ns": NAMES[1], "value": "b"}],
        }}});
        let nodes = Nodes::of(&document, Model::Catalog);
        let found = sets.check(&nodes, Model::Catalog, 5).expect("FedRAMP's");
        let Constraints {
            checked,
            not_checked,
            findings,
        } = found.values;
        assert_eq!(
            (found.version, checked, not_checked),
            ("7", 1, vec!["fedramp-a"])
        );
        assert_eq!(findings.items[0].path, "/catalog/metadata/roles/0/id");
    }
}
