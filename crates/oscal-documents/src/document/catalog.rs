//! Where a catalog's controls are in its text, and how to find them.

use std::collections::HashSet;
use std::convert::Infallible;

use crate::document::control_key::control_key;
use crate::document::element::{self, Element, Link, Param, Part, Prop};
use crate::document::error::DocumentError;
use crate::json::cursor::{Cursor, Span, find};
use crate::json::too_many::TooMany;
use crate::markup;

/// The most flaws that are named.
const MAX_FLAWS: usize = 20;

/// The outline of a catalog; empty for the other models.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    pub(crate) groups: Vec<Group>,
    /// In document order: a control comes before its enhancements.
    pub(crate) controls: Vec<ControlRecord>,
    /// Sorted by id. If an id is defined twice, the first definition counts.
    params: Vec<(Box<str>, Span)>,
    /// Indexes of controls, sorted by their ids.
    by_id: Vec<u32>,
    /// Canonical key of an id or label, and index of the control; sorted.
    by_key: Vec<(Box<str>, u32)>,
    /// What is wrong with single controls, in words.
    flaws: Vec<String>,
}

/// A group of controls.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) id: Option<Box<str>>,
    pub(crate) title: Box<str>,
    pub(crate) parent: Option<u32>,
    pub(crate) span: Span,
}

/// What is kept of a control; the rest is parsed from its spans when needed.
#[derive(Debug, Default)]
pub(crate) struct ControlRecord {
    pub(crate) id: Box<str>,
    pub(crate) label: Option<Box<str>>,
    pub(crate) title: Box<str>,
    pub(crate) class: Option<Box<str>>,
    pub(crate) group: Option<u32>,
    pub(crate) parent: Option<u32>,
    pub(crate) withdrawn: bool,
    pub(crate) span: Span,
    pub(crate) params: Span,
    pub(crate) links: Span,
    pub(crate) parts: Span,
}

impl Catalog {
    /// The controls with exactly this id, in document order. There is more than one if the catalog
    /// has several versions of a control.
    pub(crate) fn by_id(&self, id: &str) -> &[u32] {
        let id_of = |number: &u32| &*self.controls[*number as usize].id;
        let found = &self.by_id[self.by_id.partition_point(|number| id_of(number) < id)..];
        &found[..found.partition_point(|number| id_of(number) == id)]
    }

    /// What is wrong with single controls, in words.
    pub(crate) fn flaws(&self) -> &[String] {
        &self.flaws
    }

    /// The key and the indexes of the controls whose id or label has this key, in document order.
    pub(crate) fn by_key(&self, key: &str) -> &[(Box<str>, u32)] {
        let found = &self.by_key[self.by_key.partition_point(|(other, _)| **other < *key)..];
        &found[..found.partition_point(|(other, _)| **other == *key)]
    }

    /// The first definition of a parameter.
    pub(crate) fn param(&self, id: &str) -> Option<Span> {
        find(&self.params, id)
    }

    /// Whether a parameter belongs to the catalog or to a group rather than to a control.
    pub(crate) fn is_loose(&self, id: &str) -> bool {
        let Some(span) = self.param(id) else {
            return false;
        };
        let after = self
            .controls
            .partition_point(|control| control.span <= span);
        let before = after.checked_sub(1).map(|at| &self.controls[at]);
        let mut outer = std::iter::successors(before, |control| {
            control.parent.map(|parent| &self.controls[parent as usize])
        });
        !outer.any(|control| control.span.contains(span))
    }

    /// Its approximate size in memory, in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.controls.len() * (size_of::<ControlRecord>() + 100)
            + self.groups.len() * (size_of::<Group>() + 50)
            + self.params.len() * 64
            + self.by_key.len() * 48
    }

    pub(crate) fn param_count(&self) -> usize {
        self.params.len()
    }

    /// The group and the groups around it, from the inside out.
    pub(crate) fn groups_from(&self, group: Option<u32>) -> impl Iterator<Item = &Group> {
        let group_of = |number: u32| &self.groups[number as usize];
        std::iter::successors(group.map(group_of), move |group| group.parent.map(group_of))
    }
}

/// Collects the outline of a catalog while its text is scanned.
pub(crate) struct CatalogBuilder<'t> {
    text: &'t str,
    catalog: Catalog,
    ids: HashSet<Box<str>>,
}

impl<'t> CatalogBuilder<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self {
            text,
            catalog: Catalog::default(),
            ids: HashSet::new(),
        }
    }

    /// Takes a member of the catalog itself.
    pub(crate) fn member(
        &mut self,
        cursor: &mut Cursor<'t>,
        name: &str,
    ) -> Result<(), DocumentError> {
        self.container(cursor, name, None)
    }

    pub(crate) fn finish(self) -> Catalog {
        let mut catalog = self.catalog;
        catalog.drop_controls_without_id();
        catalog.params.sort_by(|a, b| a.0.cmp(&b.0));
        catalog.params.dedup_by(|later, first| later.0 == first.0);
        catalog.by_key.sort();
        catalog.by_key.dedup();
        let controls = &catalog.controls;
        let mut by_id: Vec<u32> = (0..).take(controls.len()).collect();
        by_id.sort_by(|a, b| controls[*a as usize].id.cmp(&controls[*b as usize].id));
        catalog.by_id = by_id;
        catalog.params.shrink_to_fit();
        catalog.by_key.shrink_to_fit();
        catalog.controls.shrink_to_fit();
        catalog
    }

    /// Takes a member that the catalog and its groups share.
    fn container(
        &mut self,
        cursor: &mut Cursor<'t>,
        name: &str,
        group: Option<u32>,
    ) -> Result<(), DocumentError> {
        match name {
            "groups" => cursor.array(|cursor| self.group(cursor, group)),
            "controls" => cursor.array(|cursor| self.control(cursor, group, None)),
            "params" => Ok(cursor.places("id", &mut self.catalog.params).map(drop)?),
            _ => Ok(()),
        }
    }

    fn group(&mut self, cursor: &mut Cursor<'t>, parent: Option<u32>) -> Result<(), DocumentError> {
        TooMany::if_full(&self.catalog.groups, "groups")?;
        let at = self.catalog.groups.len();
        let number = number(at);
        let start = cursor.offset();
        self.catalog.groups.push(Group {
            parent,
            ..Group::default()
        });
        cursor.object(|cursor, name| {
            match name {
                "id" => self.catalog.groups[at].id = cursor.string().map(Into::into),
                "title" => {
                    self.catalog.groups[at].title = title(cursor);
                }
                _ => self.container(cursor, name, Some(number))?,
            }
            Ok::<_, DocumentError>(())
        })?;
        self.catalog.groups[at].span = Span::new(start, cursor.offset());
        Ok(())
    }

    fn control(
        &mut self,
        cursor: &mut Cursor<'t>,
        group: Option<u32>,
        parent: Option<u32>,
    ) -> Result<(), DocumentError> {
        TooMany::if_full(&self.catalog.controls, "controls")?;
        let at = self.catalog.controls.len();
        let number = number(at);
        let start = cursor.offset();
        // Reserve the place first: a control comes before its enhancements, whatever the order of
        // its members.
        self.catalog.controls.push(ControlRecord::default());
        let mut record = ControlRecord {
            group,
            parent,
            ..ControlRecord::default()
        };
        let mut props = Span::default();
        cursor.object(|cursor, name| {
            match name {
                "id" => record.id = cursor.string().unwrap_or_default().into(),
                "title" => record.title = title(cursor),
                "class" => record.class = cursor.string().map(Into::into),
                "props" => props = cursor.skip(),
                "links" => record.links = cursor.skip(),
                "parts" => record.parts = cursor.skip(),
                "params" => record.params = cursor.places("id", &mut self.catalog.params)?,
                "controls" => {
                    cursor.array(|cursor| self.control(cursor, group, Some(number)))?;
                }
                _ => {}
            }
            Ok::<_, DocumentError>(())
        })?;
        record.span = Span::new(start, cursor.offset());
        self.check(&record);
        let props: Vec<Prop> = self.parse(&record.id, "props", props);
        record.label = element::label(&props).map(Into::into);
        record.withdrawn = element::values(&props, "status")
            .any(|status| status.eq_ignore_ascii_case("withdrawn"));
        if !record.id.is_empty() {
            let labels = element::values(&props, "label");
            for name in labels.chain([record.id.as_ref()]) {
                let key = control_key(name);
                if !key.is_empty() {
                    self.catalog.by_key.push((key.into(), number));
                }
            }
        }
        self.catalog.controls[at] = record;
        Ok(())
    }

    /// Notes what is wrong with a control. What cannot be read of it costs no other control.
    fn check(&mut self, record: &ControlRecord) {
        if record.id.is_empty() {
            let title = &record.title;
            self.flaw(|| format!("the control with title `{title:.60}` has no id; it is left out"));
        } else if !self.ids.insert(record.id.clone()) {
            let id = &record.id;
            self.flaw(|| format!("several controls have the id `{id:.60}`; all are served"));
        }
        self.parse::<Param>(&record.id, "params", record.params);
        self.parse::<Link>(&record.id, "links", record.links);
        self.parse::<Part>(&record.id, "parts", record.parts);
    }

    fn parse<T: Element>(&mut self, control: &str, member: &str, span: Span) -> Vec<T> {
        parsed_list(self.text, span).unwrap_or_else(|error| {
            self.flaw(|| {
                format!("{member} of control `{control:.60}`: {error}; the rest of them is served")
            });
            parse_list(self.text, span)
        })
    }

    fn flaw(&mut self, message: impl FnOnce() -> String) {
        let flaws = &mut self.catalog.flaws;
        match flaws.len() {
            MAX_FLAWS => flaws.push("and more of the kind".to_owned()),
            more if more > MAX_FLAWS => {}
            _ => flaws.push(message()),
        }
    }
}

impl Catalog {
    /// Without an id nothing can name a control. The controls within it move up.
    fn drop_controls_without_id(&mut self) {
        if self.controls.iter().all(|control| !control.id.is_empty()) {
            return;
        }
        let mut kept: Vec<ControlRecord> = Vec::with_capacity(self.controls.len());
        // Of each control, its new index or else that of the control around it.
        let mut places: Vec<Option<u32>> = Vec::with_capacity(self.controls.len());
        for mut control in std::mem::take(&mut self.controls) {
            control.parent = control.parent.and_then(|parent| places[parent as usize]);
            if control.id.is_empty() {
                places.push(control.parent);
            } else {
                places.push(Some(number(kept.len())));
                kept.push(control);
            }
        }
        self.controls = kept;
        for (_, control) in &mut self.by_key {
            *control = places[*control as usize].unwrap_or_default();
        }
    }
}

fn title(cursor: &mut Cursor<'_>) -> Box<str> {
    let title = cursor.string().unwrap_or_default();
    markup::plain(&title).into()
}

/// Parses an array of elements, leaving out what cannot be read; an absent one has none.
pub(crate) fn parse_list<T: Element>(text: &str, span: Span) -> Vec<T> {
    parsed_list(text, span).unwrap_or_else(|_| {
        let mut elements = Vec::new();
        let Ok(()) = Cursor::new(span.of(text)).array(|cursor| {
            elements.extend(T::read(cursor.skip().of(span.of(text))));
            Ok::<_, Infallible>(())
        });
        elements
    })
}

fn parsed_list<T: Element>(text: &str, span: Span) -> serde_json::Result<Vec<T>> {
    if span == Span::default() {
        return Ok(Vec::new());
    }
    serde_json::from_str(span.of(text))
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
