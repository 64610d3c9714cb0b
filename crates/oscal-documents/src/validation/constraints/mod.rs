//! What NIST's metaschema demands of documents and JSON Schema cannot say, and which values FedRAMP
//! allows.
//!
//! ```text
//! constraints.txt ─┐
//!     fedramp.txt ─┴> metapath ─> rules ─┐
//!                     document ─> nodes ─┴─> check, fedramp
//! ```
//!
//! `scripts/oscal-facts` makes `constraints.txt` from NIST's metaschema and `fedramp.txt` from FedRAMP's
//! list of values.

pub(crate) mod checked;
mod datatype;
pub(crate) mod fedramp;
mod metapath;
mod nodes;
mod reach;
mod rules;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::document::model::Model;
use crate::formats::facts::Facts;
use crate::validation::constraints::checked::Constraints;
use crate::validation::constraints::fedramp::{FedRamp, ValueSets};
use crate::validation::constraints::nodes::{At, Nodes};
use crate::validation::constraints::rules::{Demand, Key, Keys, Rule, Rules};
use crate::validation::finding::{Findings, listed, quoted_text, shortened};

/// Checks a document by NIST's constraints and, if it is one of FedRAMP's, by FedRAMP's values. `cap`
/// is the most findings to keep of each.
pub(super) fn check(document: &Value, model: Model, cap: usize) -> (Constraints, Option<FedRamp>) {
    let nodes = Nodes::of(document, model);
    let fedramp = ValueSets::get().check(&nodes, model, cap);
    (by_metaschema(&nodes, model, cap), fedramp)
}

fn by_metaschema(nodes: &Nodes<'_>, model: Model, cap: usize) -> Constraints {
    let (checked, not_checked) = Rules::get().extent(model);
    let mut check = Check {
        nodes,
        broken: Vec::new(),
        indexes: HashMap::new(),
        references: Vec::new(),
        limited: BTreeMap::new(),
    };
    check.run();
    let mut broken = check.broken;
    broken.sort_by_key(|(at, rule, _)| (*at, rule.id));
    let mut findings = Findings::new(cap);
    for (at, rule, fault) in broken {
        findings.push_at(
            || nodes.pointer(at),
            rule.id,
            || message(nodes, at, rule, &fault),
        );
    }
    Constraints {
        checked,
        not_checked,
        findings,
    }
}

/// The constraints of a definition in words, as many as fit into a description. `name` is the last
/// part of the definition's name.
pub(super) fn described(name: &str) -> Vec<String> {
    const MAX_BYTES: usize = 4_000;
    let Some(number) = Facts::get().number_like(name) else {
        return Vec::new();
    };
    let (mut described, mut bytes) = (Vec::new(), 0);
    let nists = Rules::get().of(number).iter().map(Rule::described);
    let lines: Vec<_> = nists.chain(ValueSets::get().described(number)).collect();
    let total = lines.len();
    for (at, line) in lines.into_iter().enumerate() {
        bytes += line.len();
        if bytes > MAX_BYTES {
            described.push(format!("and {} more", total - at));
            break;
        }
        described.push(line);
    }
    described
}

/// What is wrong with a value.
enum Fault {
    Value,
    Count(usize),
    SameAs(At),
    Missing(String),
}

struct Check<'n, 'd> {
    nodes: &'n Nodes<'d>,
    broken: Vec<(At, &'static Rule, Fault)>,
    /// The keys of each index, with the value that has it.
    indexes: HashMap<&'static str, HashMap<Vec<String>, At>>,
    /// What has to be in an index.
    references: Vec<(&'static Rule, At)>,
    /// The rules that limit a value.
    limited: BTreeMap<At, Vec<&'static Rule>>,
}

impl Check<'_, '_> {
    fn run(&mut self) {
        let rules = Rules::get();
        for (at, definition) in self.nodes.defined() {
            for rule in rules.of(definition) {
                if let (Some(target), Some(demand)) = (&rule.target, &rule.demand) {
                    let targets = self.nodes.reached(target, at);
                    self.rule(rule, demand, at, &targets);
                }
            }
        }
        for (rule, at) in std::mem::take(&mut self.references) {
            self.reference(rule, at);
        }
        for (at, rules) in std::mem::take(&mut self.limited) {
            self.value(at, &rules);
        }
    }

    fn rule(&mut self, rule: &'static Rule, demand: &'static Demand, at: At, targets: &[At]) {
        match demand {
            Demand::OneOf { .. } => {
                for target in targets {
                    self.limited.entry(*target).or_default().push(rule);
                }
            }
            Demand::Holds(_, condition) => {
                let fails = |target: &&At| !self.nodes.holds(condition, **target);
                let failing: Vec<_> = targets.iter().filter(fails).copied().collect();
                self.fault(rule, failing);
            }
            Demand::Count(least, most) => {
                if targets.len() < *least || targets.len() > *most {
                    self.broken.push((at, rule, Fault::Count(targets.len())));
                }
            }
            Demand::Index(name, keys) => {
                let mut index = self.indexes.remove(name).unwrap_or_default();
                self.unique(rule, keys, targets, &mut index, false);
                self.indexes.insert(name, index);
            }
            Demand::Unique(keys) => {
                self.unique(rule, keys, targets, &mut HashMap::new(), true);
            }
            Demand::HasKey(..) => {
                let references = targets.iter().map(|target| (rule, *target));
                self.references.extend(references);
            }
            Demand::Matches(_, validator) => {
                self.each_text(rule, targets, |text| validator.is_valid(&Value::from(text)));
            }
            Demand::Type(name) => {
                self.each_text(rule, targets, |text| datatype::is_of(name, text));
            }
        }
    }

    fn each_text(&mut self, rule: &'static Rule, targets: &[At], fits: impl Fn(&str) -> bool) {
        let is_wrong = |at: &&At| self.nodes.text(**at).is_some_and(|text| !fits(&text));
        let wrong: Vec<_> = targets.iter().filter(is_wrong).copied().collect();
        self.fault(rule, wrong);
    }

    fn fault(&mut self, rule: &'static Rule, targets: Vec<At>) {
        let faults = targets.into_iter().map(|at| (at, rule, Fault::Value));
        self.broken.extend(faults);
    }

    /// Finds targets with the same key as one in `index`, to which their keys are added. A key
    /// without any part is none.
    fn unique(
        &mut self,
        rule: &'static Rule,
        keys: &Keys,
        targets: &[At],
        index: &mut HashMap<Vec<String>, At>,
        with_gaps: bool,
    ) {
        for target in targets {
            let parts = keys.0.iter().map(|key| self.parts(key, *target));
            let parts: Vec<_> = parts.map(|mut parts| parts.pop()).collect();
            let is_whole = parts.iter().all(Option::is_some);
            if !(is_whole || with_gaps && parts.iter().any(Option::is_some)) {
                continue;
            }
            let key = parts.into_iter().map(Option::unwrap_or_default).collect();
            let first = *index.entry(key).or_insert(*target);
            // Several indexes of one name may have the same values.
            if first != *target {
                self.broken.push((*target, rule, Fault::SameAs(first)));
            }
        }
    }

    /// The values of a part of a key.
    fn parts(&self, key: &Key, target: At) -> Vec<String> {
        let reached = self.nodes.reached(&key.path, target).into_iter();
        let texts = reached.filter_map(|at| self.nodes.text(at));
        let parts = texts.filter_map(|text| match key.is_fragment {
            true => text.strip_prefix('#').map(str::to_owned),
            false => Some(text),
        });
        parts
            .map(|part| super::names::anchor(&part).into_owned())
            .collect()
    }

    fn reference(&mut self, rule: &'static Rule, at: At) {
        let Some(Demand::HasKey(name, keys)) = &rule.demand else {
            return;
        };
        let [key] = &keys.0[..] else {
            return;
        };
        let index = self.indexes.get(name);
        for part in self.parts(key, at) {
            // Some references have no pattern that takes the `#` away; no id begins with one.
            let part = part.trim_start_matches('#').to_owned();
            let known = index.is_some_and(|index| index.contains_key(std::slice::from_ref(&part)));
            if !known {
                self.broken.push((at, rule, Fault::Missing(part)));
            }
        }
    }

    /// Checks a value that rules limit: it has to be among the values of all of them, unless all
    /// allow others.
    fn value(&mut self, at: At, rules: &[&'static Rule]) {
        let Some(text) = self.nodes.text(at) else {
            return;
        };
        let mut strict = None;
        for rule in rules {
            if let Some(Demand::OneOf { others, values }) = &rule.demand {
                if values.contains(&text.as_str()) {
                    return;
                }
                if !others {
                    strict.get_or_insert(*rule);
                }
            }
        }
        if let Some(rule) = strict {
            self.broken.push((at, rule, Fault::Value));
        }
    }
}

fn message(nodes: &Nodes<'_>, at: At, rule: &Rule, fault: &Fault) -> String {
    let value = || quoted_text(&nodes.text(at).unwrap_or_default());
    let target = rule.target_text;
    let mut message = match (&rule.demand, fault) {
        (_, Fault::Missing(key)) => {
            format!(
                "refers to {}, which is not defined in this document",
                quoted_text(key)
            )
        }
        (_, Fault::SameAs(first)) => {
            let first = shortened(&nodes.pointer(*first), 200);
            format!("has the same key as {first}; it has to be unique")
        }
        (Some(Demand::Count(least, most)), Fault::Count(count)) => match count < least {
            true => format!("has {count} of {target:.120}; at least {least} needed"),
            false => format!("has {count} of {target:.120}; at most {most} allowed"),
        },
        (Some(Demand::OneOf { values, .. }), _) => {
            let values = listed(values.iter().copied());
            format!("{} is not one of {values}", value())
        }
        (Some(Demand::Holds(test, _)), _) => format!("does not fulfil {test:.200}"),
        (Some(Demand::Matches(regex, _)), _) => format!("{} does not match {regex}", value()),
        (Some(Demand::Type(name)), _) => format!("{} is not of type {name}", value()),
        _ => "is not as it should be".to_owned(),
    };
    if rule.is_warning {
        message += " (NIST's metaschema calls this a warning)";
    }
    message
}
