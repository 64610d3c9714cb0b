//! The controls of all imports as one set: what happens to controls with the same id, and to groups
//! under merge as-is.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::json::budget::Budget;
use crate::resolve::directives::merge::Method;
use crate::resolve::error::{ResolveError, name};
use crate::resolve::log::Log;
use crate::resolve::tree::group::GroupMembers;
use crate::resolve::tree::version::{Version, param_state};
use crate::resolve::tree::{Body, Group, Node};

/// The deepest nesting of controls. Documents with deeper nesting cannot be loaded.
const MAX_DEPTH: usize = 48;

/// All occurrences of the controls of a profile's imports.
pub(crate) struct Combined<'s, 'a> {
    method: Method,
    /// By id, and by version if each version is kept.
    occurrences: HashMap<Key<'a>, Occurrences<'s, 'a>>,
    emitted: HashSet<Key<'a>>,
    /// Id of the profile.
    profile: &'s str,
    budget: &'s Budget,
    log: &'s mut Log,
}

/// Two occurrences with the same key are one control.
type Key<'a> = (&'a str, Option<*const Version<'a>>);

#[derive(Default)]
struct Occurrences<'s, 'a> {
    versions: Vec<&'s Arc<Version<'a>>>,
    children: Vec<&'s Node<'a>>,
    selected: bool,
}

impl<'s, 'a> Combined<'s, 'a> {
    pub(crate) fn of(
        bodies: &'s [Body<'a>],
        method: Method,
        profile: &'s str,
        budget: &'s Budget,
        log: &'s mut Log,
    ) -> Self {
        let mut combined = Self {
            method,
            occurrences: HashMap::new(),
            emitted: HashSet::new(),
            profile,
            budget,
            log,
        };
        let mut versions = HashSet::new();
        for node in bodies.iter().flat_map(Body::nodes) {
            let key = combined.key(node);
            let occurrences = combined.occurrences.entry(key).or_default();
            if versions.insert(Arc::as_ptr(&node.version)) {
                occurrences.versions.push(&node.version);
            }
            occurrences.children.extend(&node.children);
            occurrences.selected |= !node.implied;
        }
        combined
    }

    /// The controls without groups. Controls within selected controls stay in them.
    pub(crate) fn flat(mut self, bodies: &'s [Body<'a>]) -> Result<Body<'a>, ResolveError> {
        let outermost: Vec<_> = bodies.iter().flat_map(Body::outermost).collect();
        Ok(Body {
            controls: self.nodes(&outermost, 0)?,
            groups: Vec::new(),
        })
    }

    /// The controls in their groups. A group that is in several bodies becomes one, with the title
    /// and other members of the first.
    pub(crate) fn in_groups(mut self, bodies: &'s [Body<'a>]) -> Result<Body<'a>, ResolveError> {
        self.body(bodies.iter().collect())
    }

    fn body(&mut self, bodies: Vec<&'s Body<'a>>) -> Result<Body<'a>, ResolveError> {
        let controls: Vec<_> = bodies.iter().flat_map(|body| &body.controls).collect();
        let controls = self.nodes(&controls, 0)?;
        let mut places = HashMap::new();
        let mut same: Vec<(&Group<'a>, Vec<&Body<'a>>)> = Vec::new();
        for group in bodies.into_iter().flat_map(|body| &body.groups) {
            let at = *places.entry(group.own.key()).or_insert(same.len());
            match same.get_mut(at) {
                Some((first, bodies)) => {
                    bodies.push(&group.body);
                    self.warn_of_clash(&first.own, &group.own);
                }
                None => same.push((group, vec![&group.body])),
            }
        }
        let mut groups = Vec::new();
        for (first, bodies) in same {
            let body = self.body(bodies)?;
            if !body.is_empty() {
                groups.push(Group {
                    own: first.own.clone(),
                    body,
                });
            }
        }
        Ok(Body { controls, groups })
    }

    /// The nodes: each control once, with everything that occurs within it.
    fn nodes(
        &mut self,
        nodes: &[&'s Node<'a>],
        depth: usize,
    ) -> Result<Vec<Node<'a>>, ResolveError> {
        if depth > MAX_DEPTH {
            return Err(ResolveError::TooDeep(MAX_DEPTH));
        }
        let mut result = Vec::new();
        for node in nodes {
            let key = self.key(node);
            if !self.emitted.insert(key) {
                continue;
            }
            let Some(occurrences) = self.occurrences.remove(&key) else {
                continue;
            };
            if self.method == Method::UseFirst {
                self.warn_of_unused(&occurrences.versions);
            }
            let version = match &occurrences.versions[..] {
                [first, _, ..] if self.method == Method::Merge => {
                    let all = occurrences.versions.iter().copied().map(Arc::clone);
                    let merged = Version::merged(first, all.collect());
                    self.budget.spend(merged.weight());
                    Arc::new(merged)
                }
                _ => Arc::clone(&node.version),
            };
            if self.budget.is_spent() {
                return Err(ResolveError::TooLarge);
            }
            result.push(Node {
                version,
                implied: !occurrences.selected,
                children: self.nodes(&occurrences.children, depth + 1)?,
            });
        }
        Ok(result)
    }

    /// Warns if what profiles set in versions of a control is lost with these versions.
    fn warn_of_unused(&mut self, versions: &[&Arc<Version<'a>>]) {
        let Some((first, others)) = versions.split_first() else {
            return;
        };
        let changed = others.iter().filter(|version| !version.is_original());
        for version in changed {
            self.budget.spend(first.weight() + version.weight());
            let mut log = Log::default();
            version.object(&mut log);
            let first = first.object(&mut Log::default());
            for change in &log.changes {
                self.log
                    .warn_of_other(change, &param_state(&first, &change.param));
            }
        }
    }

    /// Warns if two groups become one although they have not only the id in common.
    fn warn_of_clash(&mut self, first: &GroupMembers<'a>, other: &GroupMembers<'a>) {
        if first.is(other) {
            return;
        }
        let (kept, lost) = (first.members(), other.members());
        self.budget.spend(64 * (2 + kept.len() + lost.len()));
        let differs = |member: &&String| kept.get(*member) != lost.get(*member);
        let members: Vec<_> = lost.keys().filter(differs).map(String::as_str).collect();
        if members.is_empty() {
            return;
        }
        let id = kept.get("id").and_then(|id| id.as_str()).unwrap_or("");
        let from = |group: &GroupMembers<'_>| group.document().map_or_else(String::new, name);
        let message = format!(
            "groups with the id `{id:.60}` become one: the {} of the first, {}, are used and not \
             those of {}",
            members.join(", "),
            from(first),
            from(other),
        );
        self.log.warn(self.profile, message);
    }

    fn key(&self, node: &Node<'a>) -> Key<'a> {
        let version = (self.method == Method::Keep).then_some(Arc::as_ptr(&node.version));
        (node.id(), version)
    }
}
