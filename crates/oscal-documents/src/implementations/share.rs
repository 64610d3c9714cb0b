//! What a requirement says about one component or about the system, and how far that goes.

use std::collections::{HashMap, HashSet};

use crate::control::substitution::ParamValues;
use crate::implementations::items::Items;
use crate::implementations::level::CoverageLevel;
use crate::implementations::requirement::{ByComponent, Requirement, Statement, joined, states};

/// What a requirement says about one component, or about the system.
#[derive(Default)]
pub(super) struct Share {
    pub(super) text: String,
    pub(super) values: ParamValues,
    pub(super) statements: Vec<StatementShare>,
    pub(super) level: Option<CoverageLevel>,
    own_status: Option<String>,
}

pub(super) struct StatementShare {
    pub(super) id: String,
    pub(super) text: String,
    pub(super) status: Option<String>,
    pub(super) level: Option<CoverageLevel>,
    pub(super) values: ParamValues,
}

/// Whose part of a requirement is meant.
#[derive(Clone, Copy)]
pub(super) enum Whose<'w> {
    /// All of it.
    All,
    /// That of the components with these uuids.
    Components(&'w HashSet<&'w str>),
}

impl Whose<'_> {
    fn includes(self, by: &ByComponent) -> bool {
        match self {
            Self::All => true,
            Self::Components(uuids) => uuids.contains(by.component_uuid.as_str()),
        }
    }
}

/// The states that apply to what has none of its own.
struct Outer<'r> {
    /// Those of the requirement.
    own: Vec<&'r str>,
    /// Those of components for the whole control.
    of_components: HashMap<&'r str, Vec<&'r str>>,
}

impl<'r> Outer<'r> {
    fn of(requirement: &'r Requirement) -> Self {
        let mut of_components = HashMap::new();
        for by in &requirement.by_components {
            let states = by.states();
            if !states.is_empty() {
                of_components
                    .entry(by.component_uuid.as_str())
                    .or_insert(states);
            }
        }
        Self {
            own: states(
                requirement.implementation_status.as_ref(),
                &requirement.props,
            ),
            of_components,
        }
    }

    /// For a component in a statement: those of the component for the whole control, of the
    /// statement, or of the requirement.
    fn within<'s>(&'s self, by: &ByComponent, of_statement: &'s [&'r str]) -> &'s [&'r str] {
        match self.of_components.get(by.component_uuid.as_str()) {
            Some(states) => states,
            None if of_statement.is_empty() => &self.own,
            None => of_statement,
        }
    }
}

impl Requirement {
    /// What it says about a component, or outside components.
    pub(super) fn share_of(&self, component: Option<&str>) -> Share {
        match component {
            None => self.share_outside_components(),
            Some(uuid) => self.share_of_component(uuid),
        }
    }

    fn share_outside_components(&self) -> Share {
        let outer = Outer::of(self);
        let statements = self.statements.iter().map(|statement| {
            let states = statement.states();
            StatementShare {
                id: statement.statement_id.clone(),
                text: joined(&statement.description, &statement.remarks),
                status: written(&states),
                level: statement.level(Whose::All, &outer),
                values: ParamValues::new(),
            }
        });
        Share {
            text: joined(&self.description, &self.remarks),
            values: ParamValues::new(),
            statements: statements.collect(),
            level: self.level(Whose::All, None),
            own_status: written(&outer.own),
        }
    }

    fn share_of_component(&self, uuid: &str) -> Share {
        let uuids = HashSet::from([uuid]);
        let whose = Whose::Components(&uuids);
        let outer = Outer::of(self);
        let mut share = Share {
            level: self.level(whose, None),
            own_status: written(&outer.own),
            ..Share::default()
        };
        for by in self.by_components.iter().filter(|by| whose.includes(by)) {
            share.text = joined(&share.text, &by.text());
            share.own_status = written(&by.states()).or(share.own_status);
            share.values.extend(by.values());
        }
        for statement in &self.statements {
            let of_statement = statement.states();
            for by in statement
                .by_components
                .iter()
                .filter(|by| whose.includes(by))
            {
                share.statements.push(StatementShare {
                    id: statement.statement_id.clone(),
                    text: by.text(),
                    status: written(&by.states()).or_else(|| written(&of_statement)),
                    level: by.level(outer.within(by, &of_statement)),
                    values: by.values(),
                });
            }
        }
        share
    }

    /// How far it implements its control, as what acts together: components statement by
    /// statement, and statements for the control. `items` are those of the control; with them,
    /// items that no statement addresses count as missing. `None` if nothing is said.
    pub(super) fn level(&self, whose: Whose<'_>, items: Option<&Items>) -> Option<CoverageLevel> {
        let outer = Outer::of(self);
        let by_components = self.by_components.iter().filter(|by| whose.includes(by));
        let mut whole: Vec<_> = by_components
            .filter_map(|by| by.level(&outer.own))
            .collect();
        let is_about = match whose {
            Whose::All => true,
            Whose::Components(_) => self.all_by_components().any(|(_, by)| whose.includes(by)),
        };
        whole.extend(of_states(&outer.own).filter(|_| is_about));
        if whole.is_empty() && matches!(whose, Whose::All) && says(&self.description) {
            whole.push(CoverageLevel::Stated);
        }
        let mut addressed = HashSet::new();
        let mut levels: Vec<_> = self
            .statements
            .iter()
            .filter_map(|statement| {
                let level = statement.level(whose, &outer)?;
                addressed.insert(statement.statement_id.as_str());
                Some(level)
            })
            .collect();
        // Text on the whole control introduces its statements, which say how far they are.
        let introduces = whole.iter().all(|level| *level == CoverageLevel::Stated);
        if levels.is_empty() || !introduces {
            levels.append(&mut whole);
        } else if items.is_some_and(|items| items.lack_any_of(&addressed)) {
            let rest = whole.first().copied();
            levels.push(rest.unwrap_or(CoverageLevel::Missing));
        }
        CoverageLevel::together(levels)
    }

    /// Whether only its statements say anything, so that it may leave out some.
    pub(super) fn is_by_statement(&self) -> bool {
        !self.statements.is_empty()
    }
}

impl Statement {
    fn states(&self) -> Vec<&str> {
        states(self.implementation_status.as_ref(), &self.props)
    }

    fn level(&self, whose: Whose<'_>, outer: &Outer<'_>) -> Option<CoverageLevel> {
        let of_statement = self.states();
        let by_components = self.by_components.iter().filter(|by| whose.includes(by));
        let mut levels: Vec<_> = by_components
            .filter_map(|by| by.level(outer.within(by, &of_statement)))
            .collect();
        if levels.is_empty() && matches!(whose, Whose::Components(_)) {
            return None;
        }
        levels.extend(of_states(&of_statement));
        if levels.is_empty() {
            let text = says(&self.description);
            levels.extend(of_states(&outer.own).or(text.then_some(CoverageLevel::Stated)));
        }
        CoverageLevel::together(levels)
    }
}

impl ByComponent {
    fn states(&self) -> Vec<&str> {
        states(self.implementation_status.as_ref(), &self.props)
    }

    /// `outer` applies if the component has no state of its own.
    fn level(&self, outer: &[&str]) -> Option<CoverageLevel> {
        of_states(&self.states())
            .or_else(|| of_states(outer))
            .or((!self.inherited.is_empty()).then_some(CoverageLevel::Inherited))
            .or(says(&self.description).then_some(CoverageLevel::Stated))
    }
}

impl Share {
    /// The status as it is written, or else the overall result of the statements' statuses.
    pub(super) fn status(&self) -> Option<String> {
        if let Some(status) = &self.own_status {
            return Some(status.clone());
        }
        let mut statuses = self.statements.iter().filter_map(|s| s.status.as_ref());
        let first = statuses.next()?;
        let all_same = self
            .statements
            .iter()
            .all(|s| s.status.as_ref() == Some(first));
        if all_same {
            return Some(first.clone());
        }
        let told = self.level.filter(|level| *level != CoverageLevel::Stated);
        told.map(|level| level.name().to_owned())
    }
}

fn of_states(states: &[&str]) -> Option<CoverageLevel> {
    CoverageLevel::together(states.iter().map(|state| CoverageLevel::of_status(state)))
}

/// States as they are written.
fn written(states: &[&str]) -> Option<String> {
    (!states.is_empty()).then(|| states.join(", "))
}

/// Whether a text says something. What tools write until somebody does, does not.
fn says(text: &str) -> bool {
    let text = text.trim().trim_start_matches("<!--").trim_start();
    let start: String = text.chars().take(64).collect::<String>().to_lowercase();
    let is_placeholder = |known: &str| {
        let rest = start.strip_prefix(known);
        rest.is_some_and(|rest| {
            known.contains(' ') || rest.trim_matches(['.', '-', '>', ' ']).is_empty()
        })
    };
    !text.is_empty() && !PLACEHOLDERS.iter().any(|known| is_placeholder(known))
}

/// The beginnings of compliance-trestle's texts, and words that stand alone.
const PLACEHOLDERS: &[&str] = &[
    "add control implementation description here",
    "add implementation prose for the main",
    "replace_me",
    "to be determined",
    "tbd",
    "tba",
    "todo",
];
