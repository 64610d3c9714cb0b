//! How far a framework is covered through mappings.

use std::collections::HashMap;
use std::rc::Rc;

use crate::control::Control;
use crate::document::Document;
use crate::document::control_key::control_key;
use crate::framework::{Framework, Frameworks};
use crate::implementations::coverage::coverage_of_catalog;
use crate::implementations::implementation::ImplementationFilter;
use crate::implementations::level::CoverageLevel;
use crate::library::view::LibraryView;
use crate::mappings::collection::{FrameworkName, Mapping, Side, mappings};
use crate::mappings::element::{ItemElement, MapElement};
use crate::mappings::relationship::Relationship;

/// How much of a control the other framework requires, judged by relationships. Best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum MappedLevel {
    /// All: something equal to it, equivalent or a superset.
    Whole,
    /// A part: a subset, an intersection, or only a statement of it.
    Part,
    /// It is related in a way that OSCAL does not define.
    Unclear,
    /// Maps say that it has no counterpart.
    NoRelationship,
    /// No map names it.
    Unmapped,
}

/// Whether what implements the counterparts of a control also covers the control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ThroughMapping {
    /// All counterparts of a map are implemented, and together they require all of the control.
    Covered,
    /// Some are implemented, or they require only a part of it.
    PartlyCovered,
    /// None is implemented.
    NotCovered,
}

/// How far a framework is covered through mappings. Nothing here is claimed by an implementation:
/// it follows from relationships.
#[derive(Debug)]
#[non_exhaustive]
pub struct MappingCoverage<'a> {
    /// The mappings that were used: id and title of the collection, and the other framework.
    pub through: Vec<(String, String, FrameworkName)>,
    /// The framework's controls.
    pub controls: Vec<MappedCoverage<'a>>,
    /// Whether the framework is loaded, so that controls without any map are counted.
    pub is_complete: bool,
    /// Whether anything that is loaded implements a control of the other frameworks.
    pub has_implementations: bool,
    /// Maps that cannot be read.
    pub unreadable: usize,
}

/// How far a control is covered through mappings.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MappedCoverage<'a> {
    /// Its id.
    pub id: String,
    /// The control, if its catalog is loaded.
    pub control: Option<Control<'a>>,
    /// The best that any map says.
    pub level: MappedLevel,
    /// How many maps name it.
    pub maps: usize,
    /// What follows from implementations of its counterparts.
    pub through: ThroughMapping,
}

/// The framework whose coverage is asked for.
#[derive(Debug, Clone)]
pub enum CoveredFramework<'a, 'f> {
    /// A loaded catalog or profile, and its controls.
    Loaded(&'a Document, Vec<Control<'a>>),
    /// One that is not loaded, by words of its title or address in mappings.
    Named(&'f str),
}

/// How far a framework is covered through mappings, of all documents or of one mapping collection.
///
/// For each map, the other framework's side must be fully implemented for the control to be
/// covered; a relationship that leaves something out covers it only partly.
pub fn mapping_coverage<'a>(
    view: &LibraryView<'a>,
    framework: &CoveredFramework<'a, '_>,
    document: Option<&str>,
) -> MappingCoverage<'a> {
    let frameworks = Frameworks::new(view);
    let mappings = mappings(view, &frameworks, document);
    let mut implemented = Implemented::new(view);
    let mut counting = Counting::of(framework, &frameworks);
    let mut through = Vec::new();
    let mut unreadable = 0;
    for mapping in &mappings {
        for inverted in [false, true] {
            let (other, own) = match inverted {
                true => (&mapping.target, &mapping.source),
                false => (&mapping.source, &mapping.target),
            };
            if !counting.concerns(own) {
                continue;
            }
            let info = mapping.document.info();
            through.push((info.id.clone(), info.title.clone(), other.name.clone()));
            implemented.load(&other.framework);
            unreadable += counting.add(mapping, inverted, &implemented);
        }
    }
    MappingCoverage {
        through,
        controls: counting.controls,
        is_complete: matches!(framework, CoveredFramework::Loaded(..)),
        has_implementations: implemented.any,
        unreadable,
    }
}

/// The controls of a framework while maps are counted.
struct Counting<'a, 'f> {
    framework: Rc<Framework<'a>>,
    name: Option<&'f str>,
    controls: Vec<MappedCoverage<'a>>,
    by_key: HashMap<String, usize>,
}

impl<'a, 'f> Counting<'a, 'f> {
    fn of(framework: &CoveredFramework<'a, 'f>, frameworks: &Frameworks<'_, 'a>) -> Self {
        let (catalogs, name, controls) = match framework {
            CoveredFramework::Loaded(document, controls) => {
                (frameworks.of(document), None, controls.as_slice())
            }
            CoveredFramework::Named(name) => (Rc::default(), Some(*name), &[][..]),
        };
        let mut counting = Self {
            framework: catalogs,
            name,
            controls: Vec::new(),
            by_key: HashMap::new(),
        };
        for control in controls.iter().filter(|control| !control.is_withdrawn()) {
            counting.row(control.id(), Some(*control));
        }
        counting
    }

    /// Whether a side of a mapping is the framework.
    fn concerns(&self, side: &Side<'_>) -> bool {
        match self.name {
            Some(name) => side.is_named(name),
            None => side.framework.meets(&self.framework),
        }
    }

    /// The index of a control among those that are counted.
    fn row(&mut self, id: &str, control: Option<Control<'a>>) -> usize {
        let at = *self
            .by_key
            .entry(control_key(id))
            .or_insert(self.controls.len());
        if at == self.controls.len() {
            self.controls.push(MappedCoverage {
                id: id.to_owned(),
                control,
                level: MappedLevel::Unmapped,
                maps: 0,
                through: ThroughMapping::NotCovered,
            });
        }
        at
    }

    /// Counts the maps of a mapping. Returns how many cannot be read.
    fn add(&mut self, mapping: &Mapping<'a>, inverted: bool, known: &Implemented<'_, 'a>) -> usize {
        let (other, own) = match inverted {
            true => (&mapping.target, &mapping.source),
            false => (&mapping.source, &mapping.target),
        };
        if self.name.is_some() {
            for id in own.unmapped_ids() {
                self.row(id, None);
            }
        }
        let mut unreadable = 0;
        for span in &mapping.maps {
            let Some(map) = mapping.map(*span) else {
                unreadable += 1;
                continue;
            };
            let level = MappedLevel::of(&map, inverted);
            let (others, owns) = match inverted {
                true => (&map.targets, &map.sources),
                false => (&map.sources, &map.targets),
            };
            let implemented = known.of(others, &other.framework);
            let mut rows: Vec<_> = owns
                .iter()
                .filter_map(|item| {
                    let level = level.of_item(item);
                    Some((self.row_of(item, own)?, level))
                })
                .collect();
            rows.sort_unstable();
            rows.dedup_by_key(|(row, _)| *row);
            for (row, level) in rows {
                let row = &mut self.controls[row];
                row.maps += 1;
                row.level = row.level.min(level);
                row.through = row.through.min(level.through(implemented));
            }
        }
        unreadable
    }

    /// The control that an item of a map names; `None` if it is not among those asked for.
    fn row_of(&mut self, item: &ItemElement, own: &Side<'a>) -> Option<usize> {
        let control = own.framework.control(&item.id_ref);
        let id = match control {
            Some(control) => control.id(),
            None => {
                let id = item.id_ref.as_str();
                let statement = item.item_type == "statement";
                let part = id.split_once('_').filter(|_| statement);
                part.map_or(id, |(control, _)| control)
            }
        };
        match self.name {
            Some(_) if !control_key(id).is_empty() => Some(self.row(id, control)),
            Some(_) => None,
            None => self.by_key.get(&control_key(id)).copied(),
        }
    }
}

impl MappedLevel {
    /// How much of the framework's side of a map the other side requires.
    fn of(map: &MapElement, inverted: bool) -> Self {
        match map.relates(inverted) {
            Relationship::EqualTo | Relationship::EquivalentTo | Relationship::SupersetOf => {
                Self::Whole
            }
            Relationship::SubsetOf | Relationship::IntersectsWith => Self::Part,
            Relationship::NoRelationship => Self::NoRelationship,
            Relationship::Other(_) => Self::Unclear,
        }
    }

    /// A statement is only a part of its control.
    fn of_item(self, item: &ItemElement) -> Self {
        match self {
            Self::Whole if item.item_type == "statement" => Self::Part,
            level => level,
        }
    }

    fn through(self, implemented: Share) -> ThroughMapping {
        match (self, implemented) {
            (Self::Whole, Share::All) => ThroughMapping::Covered,
            (Self::Whole | Self::Part, Share::All | Share::Some) => ThroughMapping::PartlyCovered,
            _ => ThroughMapping::NotCovered,
        }
    }
}

/// How many of a map's controls are implemented.
#[derive(Clone, Copy, PartialEq)]
enum Share {
    All,
    Some,
    Nothing,
}

/// How far the controls of catalogs are implemented.
struct Implemented<'v, 'a> {
    view: &'v LibraryView<'a>,
    levels: HashMap<(&'a str, &'a str), CoverageLevel>,
    catalogs: Vec<&'a str>,
    any: bool,
}

impl<'v, 'a> Implemented<'v, 'a> {
    fn new(view: &'v LibraryView<'a>) -> Self {
        Self {
            view,
            levels: HashMap::new(),
            catalogs: Vec::new(),
            any: false,
        }
    }

    fn load(&mut self, framework: &Framework<'a>) {
        for catalog in &framework.catalogs {
            let id = catalog.info().id.as_str();
            if self.catalogs.contains(&id) {
                continue;
            }
            self.catalogs.push(id);
            let coverage = coverage_of_catalog(self.view, catalog, ImplementationFilter::default());
            for control in coverage.controls {
                self.any |= control.implementations > 0;
                self.levels
                    .insert((id, control.control.id()), control.level);
            }
        }
    }

    fn of(&self, items: &[ItemElement], framework: &Framework<'a>) -> Share {
        let (mut all, mut some) = (!items.is_empty(), false);
        for item in items {
            let control = framework.control(&item.id_ref);
            let level = control.and_then(|control| {
                let key = (control.document().info().id.as_str(), control.id());
                self.levels.get(&key).copied()
            });
            match level.unwrap_or(CoverageLevel::Missing) {
                level if level.is_covered() => some = true,
                CoverageLevel::Partial => (all, some) = (false, true),
                _ => all = false,
            }
        }
        match (all, some) {
            (true, _) => Share::All,
            (_, true) => Share::Some,
            _ => Share::Nothing,
        }
    }
}
