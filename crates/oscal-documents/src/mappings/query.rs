//! What corresponds to a control in another framework.

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use crate::control::page::Page;
use crate::control::{Control, ControlName};
use crate::document::control_key::control_key;
use crate::framework::{Framework, Frameworks};
use crate::json::cursor::Span;
use crate::library::view::LibraryView;
use crate::mappings::collection::{FrameworkName, Mapping, MappingOrigin, Side, mappings, quality};
use crate::mappings::element::{ItemElement, MapElement};
use crate::mappings::relationship::Relationship;

/// Which maps to return, and how to read them.
#[derive(Debug, Clone, Copy, Default)]
pub struct MappingFilter<'f> {
    /// Only those of the control with this id or label, in any common notation. The map is read
    /// from its side.
    pub control: Option<&'f str>,
    /// Only those to this framework, and read towards it: the id of a loaded catalog or profile, or
    /// words that are all in its title, version or address.
    pub to: Option<&'f str>,
    /// Only those in the mapping collection with this id.
    pub document: Option<&'f str>,
    /// Only those with this relationship, in the direction in which the map is read.
    pub relationship: Option<&'f str>,
}

/// The maps that match a filter.
#[derive(Debug)]
#[non_exhaustive]
pub struct FoundMaps {
    /// All mappings that were looked at, whether or not they have a map that matches; one that is
    /// read in both directions is there twice.
    pub mappings: Vec<MappingSummary>,
    /// How many of the maps have which relationship.
    pub relationships: BTreeMap<Relationship, usize>,
    /// Maps that cannot be read.
    pub unreadable: usize,
    /// The maps, in the order of the documents.
    pub maps: Page<ControlMap>,
}

/// The relations between two frameworks, in the direction in which they are read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MappingSummary {
    /// Id of the mapping collection.
    pub document: String,
    /// Title of the mapping collection.
    pub document_title: String,
    /// Where the maps lead from.
    pub from: FrameworkName,
    /// Where they lead to.
    pub to: FrameworkName,
    /// How it was made.
    pub origin: MappingOrigin,
    /// How many maps it has.
    pub maps: usize,
    /// How many of them match the filter.
    pub matching: usize,
    /// Whether it declares that the control that was asked for has no counterpart.
    pub declares_unmapped: bool,
}

/// A relation between a set of controls and a set of controls of another framework.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ControlMap {
    /// Index of its mapping, in the direction in which it is read, in [`FoundMaps::mappings`].
    pub mapping: usize,
    /// Its uuid.
    pub uuid: String,
    /// How `from` relates to `to`.
    pub relationship: Relationship,
    /// Whether it is read against the direction of the document: `from` are its targets.
    pub inverted: bool,
    /// Where it leads from.
    pub from: Vec<MappedControl>,
    /// Where it leads to.
    pub to: Vec<MappedControl>,
    /// The matching rationale, if the map has its own.
    pub rationale: Option<String>,
    /// What restricts it. Their subjects, `source` and `target`, are those of the direction in
    /// which it is read.
    pub qualifiers: Vec<MapQualifier>,
    /// How sure the authors are.
    pub confidence: Option<String>,
    /// The share of the document's target that the authors claim to cover.
    pub coverage: Option<String>,
    /// Remarks.
    pub remarks: String,
}

/// A control, or a statement of one, in a map.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MappedControl {
    /// `control` or `statement`.
    pub item_type: String,
    /// The id as the map writes it.
    pub id: String,
    /// The control, if its catalog is loaded.
    pub control: Option<ControlName>,
    /// Remarks.
    pub remarks: String,
}

/// What restricts a map.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MapQualifier {
    /// `source`, `target` or `both`.
    pub subject: String,
    /// Such as `has-requirement` or `has-incompatibility`.
    pub predicate: String,
    /// Such as `restricted`, `addressable` or `blocked`.
    pub category: String,
    /// Description and remarks.
    pub description: String,
}

/// A map that was found.
struct Found {
    mapping: usize,
    summary: usize,
    span: Span,
    inverted: bool,
}

/// Which directions of a mapping may be read.
#[derive(Clone, Copy)]
struct Directions {
    forward: bool,
    backward: bool,
}

/// A page of the maps that match the filter.
///
/// ```
/// use oscal_documents::{Library, Limits, MappingFilter, find_maps};
///
/// const MAPPING: &str = r#"{"mapping-collection": {
///     "uuid": "00000000-0000-4000-8000-000000000001", "metadata": {"title": "House to ISO"},
///     "mappings": [{"uuid": "m",
///         "source-resource": {"type": "catalog", "href": "house.json"},
///         "target-resource": {"type": "catalog", "href": "iso-27001.json"},
///         "maps": [{"uuid": "e", "relationship": "subset-of",
///             "sources": [{"type": "control", "id-ref": "ac-1"}],
///             "targets": [{"type": "control", "id-ref": "a.5.15"}]}]}]}}"#;
///
/// let library = Library::load(&[("mapping.json", MAPPING)], None, Limits::default())?;
/// let view = library.view(|_| true);
/// let filter = MappingFilter { control: Some("AC-1"), to: Some("ISO 27001"), ..Default::default() };
/// let found = find_maps(&view, filter, 0, 10);
/// assert_eq!(found.maps.items[0].to[0].id, "a.5.15");
///
/// let back = MappingFilter { control: Some("A.5.15"), ..MappingFilter::default() };
/// let found = find_maps(&view, back, 0, 10);
/// assert_eq!(found.maps.items[0].relationship.name(), "superset-of");
/// # Ok::<(), oscal_documents::LoadError>(())
/// ```
pub fn find_maps(
    view: &LibraryView<'_>,
    filter: MappingFilter<'_>,
    offset: usize,
    limit: usize,
) -> FoundMaps {
    let frameworks = Frameworks::new(view);
    let mappings = mappings(view, &frameworks, filter.document);
    let relationship = filter.relationship.map(Relationship::from);
    let mut result = FoundMaps {
        mappings: Vec::new(),
        relationships: BTreeMap::new(),
        unreadable: 0,
        maps: Page::cut(std::iter::empty(), offset, limit),
    };
    let to = filter
        .to
        .and_then(|to| view.document(to))
        .map(|to| frameworks.of(to));
    let mut found = Vec::new();
    for (number, mapping) in mappings.iter().enumerate() {
        let directions = Directions::of(mapping, |side| {
            let behind = to.as_ref().is_some_and(|to| to.meets(&side.framework));
            behind || filter.to.is_none_or(|to| side.is_named(to))
        });
        let asked = filter.control.map(|control| {
            [&mapping.source, &mapping.target].map(|side| Asked::of(control, side, view))
        });
        let mut both = [Vec::new(), Vec::new()];
        for span in mapping.maps.iter().copied().filter(|_| directions.any()) {
            let Some(map) = mapping.map(span) else {
                result.unreadable += 1;
                continue;
            };
            let Some(inverted) = directions.read(&map, asked.as_ref()) else {
                continue;
            };
            let relates = map.relates(inverted);
            if relationship
                .as_ref()
                .is_none_or(|wanted| *wanted == relates)
            {
                *result.relationships.entry(relates).or_default() += 1;
                both[usize::from(inverted)].push(span);
            }
        }
        let declares_unmapped = asked.is_some_and(|[of_source, of_target]| {
            of_source.is_declared(&mapping.source) || of_target.is_declared(&mapping.target)
        });
        // A mapping without a matching map is shown in the direction in which it would be read.
        let nothing = both.iter().all(Vec::is_empty);
        let backward = directions.backward && !directions.forward;
        for (inverted, spans) in [false, true].into_iter().zip(both) {
            if spans.is_empty() && !(nothing && inverted == backward) {
                continue;
            }
            let summary = result.mappings.len();
            result
                .mappings
                .push(mapping.summary(inverted, spans.len(), declares_unmapped));
            found.extend(spans.into_iter().map(|span| Found {
                mapping: number,
                summary,
                span,
                inverted,
            }));
        }
    }
    result.maps = Page::cut(found.into_iter(), offset, limit).map(|found| {
        let mapping = &mappings[found.mapping];
        let map = mapping.map(found.span).unwrap_or_default();
        map.shown(found.summary, mapping, found.inverted)
    });
    result
}

impl Mapping<'_> {
    fn summary(&self, inverted: bool, matching: usize, declares_unmapped: bool) -> MappingSummary {
        let (from, to) = match inverted {
            true => (&self.target, &self.source),
            false => (&self.source, &self.target),
        };
        MappingSummary {
            document: self.document.info().id.clone(),
            document_title: self.document.info().title.clone(),
            from: from.name.clone(),
            to: to.name.clone(),
            origin: self.origin.clone(),
            maps: self.maps.len(),
            matching,
            declares_unmapped,
        }
    }
}

/// The frameworks that the mappings of the view relate, each once.
pub fn mapped_frameworks(view: &LibraryView<'_>) -> Vec<FrameworkName> {
    let mut names: Vec<FrameworkName> = Vec::new();
    for mapping in mappings(view, &Frameworks::new(view), None) {
        for side in [mapping.source, mapping.target] {
            if !names.contains(&side.name) {
                names.push(side.name);
            }
        }
    }
    names
}

impl Directions {
    fn of<'a>(mapping: &Mapping<'a>, is_wanted: impl Fn(&Side<'a>) -> bool) -> Self {
        Self {
            forward: is_wanted(&mapping.target),
            backward: is_wanted(&mapping.source),
        }
    }

    fn any(self) -> bool {
        self.forward || self.backward
    }

    /// Whether to read a map backward; `None` if it does not concern the control.
    fn read(self, map: &MapElement, asked: Option<&[Asked<'_>; 2]>) -> Option<bool> {
        let names = |side: usize, items: &[ItemElement]| {
            asked.is_none_or(|asked| items.iter().any(|item| asked[side].is(&item.id_ref)))
        };
        if self.forward && names(0, &map.sources) {
            Some(false)
        } else {
            (self.backward && names(1, &map.targets)).then_some(true)
        }
    }
}

/// A control that was asked for, on one side of a mapping.
struct Asked<'a> {
    side: Rc<Framework<'a>>,
    /// Its ids there, and what the caller wrote.
    ids: Vec<String>,
    /// The canonical keys of these.
    keys: HashSet<String>,
}

impl<'a> Asked<'a> {
    fn of(reference: &str, side: &Side<'a>, view: &LibraryView<'a>) -> Self {
        let catalogs = side.framework.catalogs.iter();
        let mut controls: Vec<_> = catalogs.flat_map(|c| c.find_controls(reference)).collect();
        if side.framework.catalogs.is_empty() {
            // The catalog is not loaded; another edition of it may be.
            controls = view.find_controls(reference);
        }
        let ids = controls.into_iter().map(Control::id).chain([reference]);
        let ids: Vec<_> = ids.map(str::to_owned).collect();
        let keys = ids.iter().map(|id| control_key(id));
        Self {
            keys: keys.filter(|key| !key.is_empty()).collect(),
            ids,
            side: side.framework.clone(),
        }
    }

    /// Whether an id names the control or a part of it.
    fn is(&self, id: &str) -> bool {
        if self.keys.contains(&control_key(id)) {
            return true;
        }
        let owner = match self.side.control(id) {
            Some(control) => control.id(),
            None => id.split_once('_').map_or(id, |(control, _)| control),
        };
        self.keys.contains(&control_key(owner))
    }

    fn is_declared(&self, side: &Side<'_>) -> bool {
        self.ids.iter().any(|id| side.declares_unmapped(id))
            || side.unmapped_ids().any(|id| self.is(id))
    }
}

impl MapElement {
    /// How the side that is read first relates to the other.
    pub(super) fn relates(&self, inverted: bool) -> Relationship {
        let written = Relationship::from(self.relationship.as_str());
        match inverted {
            true => written.inverse(),
            false => written,
        }
    }

    fn shown(self, number: usize, mapping: &Mapping<'_>, inverted: bool) -> ControlMap {
        let relationship = self.relates(inverted);
        let sources = items(self.sources, &mapping.source);
        let targets = items(self.targets, &mapping.target);
        let (from, to) = match inverted {
            true => (targets, sources),
            false => (sources, targets),
        };
        let subject = |subject: String| match (inverted, subject.as_str()) {
            (true, "source") => "target".to_owned(),
            (true, "target") => "source".to_owned(),
            _ => subject,
        };
        let qualifiers = self.qualifiers.into_iter().map(|qualifier| MapQualifier {
            subject: subject(qualifier.subject),
            predicate: qualifier.predicate,
            category: qualifier.category,
            description: match qualifier.remarks.as_str() {
                "" => qualifier.description,
                remarks => format!("{} {remarks}", qualifier.description)
                    .trim()
                    .to_owned(),
            },
        });
        ControlMap {
            mapping: number,
            uuid: self.uuid,
            relationship,
            inverted,
            from,
            to,
            rationale: Some(self.matching_rationale).filter(|text| !text.is_empty()),
            qualifiers: qualifiers.collect(),
            confidence: quality(&self.confidence_score),
            coverage: quality(&self.coverage),
            remarks: self.remarks,
        }
    }
}

fn items(items: Vec<ItemElement>, side: &Side<'_>) -> Vec<MappedControl> {
    let shown = items.into_iter().map(|item| MappedControl {
        control: side.framework.control(&item.id_ref).map(Control::name),
        item_type: item.item_type,
        id: item.id_ref,
        remarks: item.remarks,
    });
    shown.collect()
}
