//! The data of an answer about mappings.

use std::collections::BTreeMap;

use oscal_documents::{
    ControlMap, Document, FoundMaps, FrameworkName, MappedControl, MappedCoverage, MappedLevel,
    MappingCoverage, MappingSummary, ThroughMapping,
};
use rmcp::schemars::{self, JsonSchema};
use serde::Serialize;

use crate::mcp::answer::{Page, Room};

/// The most bytes of descriptions and remarks together.
const MAX_TEXT: usize = 4_000;

/// The most mappings that are listed.
const MAX_MAPPINGS: usize = 20;

/// The most controls on each side of a map.
const MAX_CONTROLS: usize = 40;

#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct Mappings {
    /// The maps that were found, by relationship
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(default)]
    pub(super) by_relationship: BTreeMap<String, usize>,
    /// The mappings with such maps; the first 20
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub(super) mappings: Vec<Mapping>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) maps: Option<Page<Map>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) coverage: Option<Coverage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<String>,
    /// Whether something was cut to keep the answer small
    pub(super) truncated: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Framework {
    /// Id, if it is loaded
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) document: Option<String>,
    /// Title, or the address that the mapping gives
    pub(super) title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schemars(default)]
    pub(super) version: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Mapping {
    pub(super) document: String,
    pub(super) document_title: String,
    pub(super) from: Framework,
    pub(super) to: Framework,
    /// Maps in it, and those found
    pub(super) maps: usize,
    pub(super) found: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rationale: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) confidence: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Map {
    /// Id of the mapping collection
    pub(super) document: String,
    pub(super) from: Vec<Mapped>,
    /// How `from` relates to `to`: subset-of means that `to` requires more
    pub(super) relationship: String,
    pub(super) to: Vec<Mapped>,
    /// Title of the framework of `to`
    pub(super) framework: String,
    /// Read against the direction of the document
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    pub(super) inverted: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub(super) qualifiers: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rationale: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) confidence: Option<String>,
    /// Share of the document's target
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) coverage: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schemars(default)]
    pub(super) remarks: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Mapped {
    /// Id of the control, or of a statement of it
    pub(super) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) title: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Coverage {
    pub(super) framework: Framework,
    /// What the numbers rest on
    pub(super) basis: &'static str,
    pub(super) through: Vec<Through>,
    /// Controls of the framework
    pub(super) total: usize,
    /// Controls by what maps say: whole, part, unclear, no-relationship, unmapped
    pub(super) mapped: BTreeMap<&'static str, usize>,
    /// Controls by whether their counterparts are implemented: covered, partly-covered,
    /// not-covered; absent if nothing loaded implements a counterpart
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) through_implementations: Option<BTreeMap<&'static str, usize>>,
    /// Controls that are not fully mapped or, with implementations, not covered
    pub(super) gaps: Page<Gap>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Through {
    pub(super) document: String,
    pub(super) document_title: String,
    pub(super) from: Framework,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Gap {
    pub(super) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) title: Option<String>,
    pub(super) mapped: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) through_implementations: Option<&'static str>,
}

impl Mappings {
    pub(super) fn of(found: FoundMaps, note: Option<String>) -> Self {
        let summaries = &found.mappings;
        let mut room = Room::new(MAX_TEXT);
        room.truncated = found.unreadable > 0;
        let maps = oscal_documents::Page::map(found.maps, |map| Map::of(map, summaries, &mut room));
        let with_maps = summaries
            .iter()
            .filter(|one| maps.total == 0 || one.matching > 0);
        let mappings: Vec<_> = with_maps.map(Mapping::of).collect();
        room.truncated |= mappings.len() > MAX_MAPPINGS;
        let by_relationship = found.relationships.iter();
        let unreadable =
            (found.unreadable > 0).then(|| format!("{} maps cannot be read", found.unreadable));
        Self {
            by_relationship: by_relationship
                .map(|(relationship, count)| (relationship.to_string(), *count))
                .collect(),
            mappings: mappings.into_iter().take(MAX_MAPPINGS).collect(),
            maps: Some(maps.into()),
            coverage: None,
            note: note.or(unreadable),
            truncated: room.truncated,
        }
    }

    pub(super) fn covering(coverage: Coverage) -> Self {
        Self {
            coverage: Some(coverage),
            ..Self::default()
        }
    }
}

impl Framework {
    pub(super) fn of(name: &FrameworkName) -> Self {
        Self {
            document: name.document.clone(),
            title: name.title.clone(),
            version: name.version.clone(),
        }
    }

    pub(super) fn of_document(document: &Document) -> Self {
        let info = document.info();
        Self {
            document: Some(info.id.clone()),
            title: info.title.clone(),
            version: info.version.clone(),
        }
    }

    /// One that is not loaded.
    pub(super) fn named(name: &str) -> Self {
        Self {
            document: None,
            title: name.to_owned(),
            version: String::new(),
        }
    }
}

impl Mapping {
    fn of(summary: &MappingSummary) -> Self {
        let origin = summary.origin.clone();
        Self {
            document: summary.document.clone(),
            document_title: summary.document_title.clone(),
            from: Framework::of(&summary.from),
            to: Framework::of(&summary.to),
            maps: summary.maps,
            found: summary.matching,
            method: origin.method,
            rationale: origin.rationale,
            status: origin.status,
            confidence: origin.confidence,
        }
    }
}

impl Map {
    fn of(map: ControlMap, summaries: &[MappingSummary], room: &mut Room) -> Self {
        let summary = &summaries[map.mapping];
        let mut fit = |mut text: String| {
            room.fit(&mut text);
            text
        };
        let qualifiers = map.qualifiers.into_iter().map(|qualifier| {
            let words = [qualifier.subject, qualifier.predicate, qualifier.category];
            fit(format!("{}: {}", words.join(" "), qualifier.description))
        });
        let qualifiers = qualifiers.collect();
        let remarks = map
            .from
            .iter()
            .chain(&map.to)
            .filter(|item| !item.remarks.is_empty());
        let remarks = remarks.map(|item| format!("{}: {}", item.id, item.remarks));
        let remarks: Vec<_> = std::iter::once(map.remarks.clone())
            .filter(|remarks| !remarks.is_empty())
            .chain(remarks)
            .collect();
        let remarks = fit(remarks.join("\n"));
        let mut listed = |controls: Vec<MappedControl>| -> Vec<Mapped> {
            room.truncated |= controls.len() > MAX_CONTROLS;
            controls
                .into_iter()
                .take(MAX_CONTROLS)
                .map(Mapped::of)
                .collect()
        };
        Self {
            document: summary.document.clone(),
            from: listed(map.from),
            relationship: map.relationship.to_string(),
            to: listed(map.to),
            framework: summary.to.title.clone(),
            inverted: map.inverted,
            qualifiers,
            rationale: map.rationale,
            confidence: map.confidence,
            coverage: map.coverage,
            remarks,
        }
    }
}

impl Mapped {
    fn of(mapped: MappedControl) -> Self {
        let (label, title) = match mapped.control {
            Some(control) => (control.label, Some(control.title)),
            None => (None, None),
        };
        Self {
            id: mapped.id,
            label,
            title,
        }
    }
}

const BASIS: &str = "derived from the relationships of mappings; nothing loaded claims to implement \
                     this framework's controls by it";

impl Coverage {
    pub(super) fn of(
        coverage: MappingCoverage<'_>,
        framework: Framework,
        offset: Option<usize>,
        limit: Option<usize>,
    ) -> Self {
        let implemented = coverage.has_implementations;
        let mut mapped = BTreeMap::new();
        let mut through = BTreeMap::new();
        for control in &coverage.controls {
            *mapped.entry(level(control.level)).or_default() += 1;
            *through.entry(state(control.through)).or_default() += 1;
        }
        let gaps = coverage
            .controls
            .iter()
            .filter(|control| match implemented {
                true => control.through != ThroughMapping::Covered,
                false => control.level != MappedLevel::Whole,
            });
        let sources = coverage
            .through
            .iter()
            .map(|(document, title, from)| Through {
                document: document.clone(),
                document_title: title.clone(),
                from: Framework::of(from),
            });
        Self {
            framework,
            basis: match coverage.is_complete {
                true => BASIS,
                false => {
                    "derived from the relationships of mappings; the framework is not loaded, so \
                     controls that no map names are not counted"
                }
            },
            through: sources.take(MAX_MAPPINGS).collect(),
            total: coverage.controls.len(),
            mapped,
            through_implementations: implemented.then_some(through),
            gaps: Page::cut(gaps, offset, limit, 100).map(|control| Gap::of(control, implemented)),
        }
    }
}

impl Gap {
    fn of(control: &MappedCoverage<'_>, implemented: bool) -> Self {
        let name = control.control.map(oscal_documents::Control::name);
        let (label, title) = match name {
            Some(name) => (name.label, Some(name.title)),
            None => (None, None),
        };
        Self {
            id: control.id.clone(),
            label,
            title,
            mapped: level(control.level),
            through_implementations: implemented.then(|| state(control.through)),
        }
    }
}

fn level(level: MappedLevel) -> &'static str {
    match level {
        MappedLevel::Whole => "whole",
        MappedLevel::Part => "part",
        MappedLevel::NoRelationship => "no-relationship",
        MappedLevel::Unmapped => "unmapped",
        _ => "unclear",
    }
}

fn state(state: ThroughMapping) -> &'static str {
    match state {
        ThroughMapping::Covered => "covered",
        ThroughMapping::PartlyCovered => "partly-covered",
        _ => "not-covered",
    }
}
