//! NIST's constraints, as rules that can be evaluated.

use std::collections::HashSet;
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::json;

use crate::document::model::Model;
use crate::formats::facts::Facts;
use crate::validation::constraints::metapath::{Condition, Path};
use crate::validation::constraints::reach;

/// What `scripts/oscal-facts` wrote; it says what the lines mean.
const CONSTRAINTS: &str = include_str!("constraints.txt");

/// The constraints by the numbers of their definitions.
pub(super) struct Rules(Vec<Vec<Rule>>);

/// A constraint.
pub(super) struct Rule {
    pub(super) id: &'static str,
    pub(super) is_warning: bool,
    pub(super) target_text: &'static str,
    /// What it is about, from a value of its definition; `None` if that cannot be evaluated.
    pub(super) target: Option<Path>,
    /// `None` if that cannot be evaluated.
    pub(super) demand: Option<Demand>,
}

/// What a constraint demands of its targets.
pub(super) enum Demand {
    OneOf {
        others: bool,
        values: Vec<&'static str>,
    },
    Holds(&'static str, Condition),
    Count(usize, usize),
    Index(&'static str, Keys),
    HasKey(&'static str, Keys),
    Unique(Keys),
    Matches(&'static str, Box<Validator>),
    Type(&'static str),
}

/// Where the parts of a key are, from a target.
pub(super) struct Keys(pub(super) Vec<Key>);

pub(super) struct Key {
    pub(super) path: Path,
    /// Whether the key is what follows `#`.
    pub(super) is_fragment: bool,
}

impl Rules {
    /// The constraints, which are read once.
    pub(super) fn get() -> &'static Self {
        static RULES: OnceLock<Rules> = OnceLock::new();
        RULES.get_or_init(|| Self::read(CONSTRAINTS))
    }

    fn read(lines: &'static str) -> Self {
        let facts = Facts::get();
        let mut rules: Vec<Vec<Rule>> = Vec::new();
        rules.resize_with(facts.numbers().len(), Vec::new);
        let mut definition = None;
        for line in lines.lines().filter(|line| !line.starts_with('#')) {
            if let Some(name) = line.strip_prefix("= ") {
                definition = facts.number(name);
            } else if let (Some(number), Some(rule)) = (definition, Rule::read(line)) {
                rules[number].push(rule);
            }
        }
        Self(rules)
    }

    /// Those of a definition.
    pub(super) fn of(&self, definition: usize) -> &[Rule] {
        &self.0[definition]
    }

    /// How many constraints of a model are checked, and the ids of the others. What only suggests
    /// values is not counted.
    pub(super) fn extent(&self, model: Model) -> (usize, Vec<&'static str>) {
        let reached = reach::definitions(model);
        let rules = || reached.iter().flat_map(|number| self.of(*number));
        let indexes: HashSet<_> = rules().filter_map(Rule::index).collect();
        let (mut checked, mut others) = (0, Vec::new());
        for rule in rules().filter(|rule| rule.restricts()) {
            let has_index = match &rule.demand {
                Some(Demand::HasKey(name, _)) => indexes.contains(name),
                _ => true,
            };
            if rule.target.is_some() && rule.demand.is_some() && has_index {
                checked += 1;
            } else {
                others.push(rule.id);
            }
        }
        others.sort_unstable();
        (checked, others)
    }
}

impl Rule {
    /// `None` if the line is not a constraint.
    pub(super) fn read(line: &'static str) -> Option<Self> {
        let mut fields = line.split('\t');
        let (kind, id, level) = (fields.next()?, fields.next()?, fields.next()?);
        let target = fields.next()?;
        Some(Self {
            id,
            is_warning: level != "error",
            target_text: target,
            target: Path::parse(target),
            demand: Demand::read(kind, fields),
        })
    }

    /// The constraint in words.
    pub(super) fn described(&self) -> String {
        let demand = match &self.demand {
            None => "is not checked".to_owned(),
            Some(Demand::OneOf { others, values }) => {
                let verb = if *others { "such as" } else { "one of" };
                format!("{verb} {}", values.join(", "))
            }
            Some(Demand::Holds(test, _)) => format!("fulfils {test}"),
            Some(Demand::Count(least, usize::MAX)) => format!("at least {least}"),
            Some(Demand::Count(0, most)) => format!("at most {most}"),
            Some(Demand::Count(least, most)) => format!("{least} to {most}"),
            Some(Demand::Index(name, _)) => format!("unique in {name}"),
            Some(Demand::HasKey(name, _)) => format!("refers to something in {name}"),
            Some(Demand::Unique(_)) => "unique".to_owned(),
            Some(Demand::Matches(regex, _)) => format!("matches {regex}"),
            Some(Demand::Type(name)) => format!("of type {name}"),
        };
        format!("{}: {} {demand}", self.id, self.target_text)
    }

    /// Whether a document can break it.
    pub(super) fn restricts(&self) -> bool {
        !matches!(self.demand, Some(Demand::OneOf { others: true, .. }))
    }

    /// The name of the index that it fills.
    fn index(&self) -> Option<&'static str> {
        match self.demand {
            Some(Demand::Index(name, _)) if self.target.is_some() => Some(name),
            _ => None,
        }
    }
}

impl Demand {
    fn read(kind: &str, mut fields: impl Iterator<Item = &'static str>) -> Option<Self> {
        match kind {
            "allowed-values" => Some(Self::OneOf {
                others: fields.next()? == "yes",
                values: fields.collect(),
            }),
            "expect" => {
                let test = fields.next()?;
                Some(Self::Holds(test, Condition::parse(test)?))
            }
            "has-cardinality" => {
                let least = fields.next()?.parse().unwrap_or(0);
                Some(Self::Count(
                    least,
                    fields.next()?.parse().unwrap_or(usize::MAX),
                ))
            }
            "index" => Some(Self::Index(fields.next()?, Keys::read(fields)?)),
            "index-has-key" => Some(Self::HasKey(fields.next()?, Keys::read(fields)?)),
            "is-unique" => Some(Self::Unique(Keys::read(fields)?)),
            "matches" => match fields.next()? {
                "regex" => {
                    let regex = fields.next()?;
                    // The whole value has to match.
                    let schema = json!({"pattern": format!("^(?:{regex})$")});
                    let validator = jsonschema::validator_for(&schema).ok()?;
                    Some(Self::Matches(regex, Box::new(validator)))
                }
                _ => Some(Self::Type(fields.next()?)),
            },
            _ => None,
        }
    }
}

impl Keys {
    fn read(fields: impl Iterator<Item = &'static str>) -> Option<Self> {
        let key = |field: &'static str| {
            let (path, pattern) = match field.split_once('~') {
                Some((path, pattern)) => (path, Some(pattern)),
                None => (field, None),
            };
            let is_fragment = match pattern {
                None => false,
                Some("#(.*)") => true,
                Some(_) => return None,
            };
            let path = Path::parse(path)?;
            Some(Key { path, is_fragment })
        };
        fields.map(key).collect::<Option<_>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_needs_other_documents_is_not_checked() {
        let rules = Rules::get();
        let names = CONSTRAINTS
            .lines()
            .filter_map(|line| line.strip_prefix("= "));
        for name in names {
            assert!(Facts::get().number(name).is_some(), "{name}");
        }
        let extent = |model| {
            let (checked, others) = rules.extent(model);
            (checked > 30, others)
        };
        for model in Model::ALL {
            let (is_checked, others) = extent(model);
            assert!(is_checked, "{model}");
            let known: &[&str] = match model {
                Model::SystemSecurityPlan => &[
                    "oscal-by-component-uuid-index",
                    "oscal-ssp-by-component-uuid-index",
                ],
                _ => &[],
            };
            assert_eq!(others, known, "{model}");
        }
    }
}
