//! What is claimed for which catalog or profile, and whether it counts for a baseline.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use crate::document::control_key::control_key;
use crate::implementations::found::Found;
use crate::implementations::implementation::{ImplementationFilter, ImplementationKind};
use crate::implementations::source::{ClaimedSource, Sources};

/// Whether the implementations written for a source count for a baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Standing {
    /// They count: the source is a catalog of the baseline, or a profile or resolved catalog of it.
    Matches,
    /// They count, as they do not say what they are written for.
    NoSource,
    /// They count because the caller chose so, though the source is not loaded or is another
    /// catalog.
    Assumed,
    /// They do not count: they are written for another catalog.
    OtherCatalog,
    /// They do not count: what they are written for is not loaded.
    NotLoaded,
}

impl Standing {
    /// Whether the implementations count.
    pub fn counts(self) -> bool {
        matches!(self, Self::Matches | Self::NoSource | Self::Assumed)
    }
}

/// What is claimed for one source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Claim {
    /// What the implementations are written for; none if they do not say it.
    pub source: Option<ClaimedSource>,
    /// Whether they count.
    pub standing: Standing,
    /// How many implemented requirements there are.
    pub requirements: usize,
    /// How many different controls they are about.
    pub controls: usize,
    /// How many of those controls the baseline selects, by their ids.
    pub selected: usize,
}

/// Judges requirements by their sources.
pub(super) struct Judge<'s, 'v, 'a, 'f> {
    pub(super) sources: &'s mut Sources<'v, 'a>,
    pub(super) filter: ImplementationFilter<'f>,
}

impl<'a> Judge<'_, '_, 'a, '_> {
    /// Whether a requirement counts for the controls of a catalog of the baseline.
    pub(super) fn standing(&mut self, found: &Found<'a>, catalog: &str) -> Standing {
        let Some(source) = found.source else {
            return Standing::NoSource;
        };
        // A plan is written for one profile. Whoever names both knows that they belong together.
        let is_named_plan = self.filter.document.is_some() && found.kind == ImplementationKind::Ssp;
        match self.sources.is_of(source, catalog) {
            Some(true) => Standing::Matches,
            _ if self.filter.any_source => Standing::Assumed,
            None if is_named_plan => Standing::Assumed,
            Some(false) => Standing::OtherCatalog,
            None => Standing::NotLoaded,
        }
    }
}

/// Collects claims by source.
#[derive(Default)]
pub(super) struct Claims<'a>(BTreeMap<Option<SourceKey>, Collected<'a>>);

/// Sources that are the same document are one, however they are written.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum SourceKey {
    Document(String),
    Href(String),
}

struct Collected<'a> {
    source: Option<usize>,
    standing: Option<Standing>,
    requirements: usize,
    controls: HashSet<&'a str>,
}

impl<'a> Claims<'a> {
    /// Adds a requirement. `standing` is how it stands to the control of the baseline with its id,
    /// or to any.
    pub(super) fn add(&mut self, found: &Found<'a>, standing: Standing, sources: &Sources<'_, '_>) {
        let key = found.source.map(|number| {
            let source = &sources.all[number].source;
            match &source.document {
                Some(id) => SourceKey::Document(id.clone()),
                None => SourceKey::Href(source.href.clone()),
            }
        });
        let collected = self.0.entry(key).or_insert_with(|| Collected {
            source: found.source,
            standing: None,
            requirements: 0,
            controls: HashSet::new(),
        });
        collected.requirements += 1;
        collected.controls.insert(found.control);
        collected.standing = Some(
            collected
                .standing
                .map_or(standing, |known| known.min(standing)),
        );
    }

    pub(super) fn finish(
        self,
        sources: &Sources<'_, '_>,
        is_selected: impl Fn(&str) -> bool,
    ) -> Vec<Claim> {
        let claims = self.0.into_values().map(|collected| {
            let keys: HashSet<_> = collected.controls.into_iter().map(control_key).collect();
            Claim {
                source: collected
                    .source
                    .map(|number| sources.all[number].source.clone()),
                standing: collected.standing.unwrap_or(Standing::NoSource),
                requirements: collected.requirements,
                controls: keys.len(),
                selected: keys.iter().filter(|key| is_selected(key)).count(),
            }
        });
        let mut claims: Vec<_> = claims.collect();
        claims.sort_by_key(|claim| (claim.standing, std::cmp::Reverse(claim.requirements)));
        claims
    }
}
