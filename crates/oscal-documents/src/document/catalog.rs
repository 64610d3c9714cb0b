//! Where a catalog's controls are in its text, and how to find them.

use std::collections::HashSet;

use crate::document::control_key::control_key;
use crate::document::element::{self, Link, Part, Prop};
use crate::document::error::DocumentError;
use crate::json::cursor::{Cursor, Span, find};
use crate::json::too_many::TooMany;

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
    /// The control with exactly this id.
    pub(crate) fn by_id(&self, id: &str) -> Option<u32> {
        let found = self
            .by_id
            .binary_search_by(|number| self.controls[*number as usize].id.as_ref().cmp(id));
        found.ok().map(|at| self.by_id[at])
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
                    self.catalog.groups[at].title = cursor.string().unwrap_or_default().into();
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
                "title" => record.title = cursor.string().unwrap_or_default().into(),
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
        self.check(&record)?;
        let props: Vec<Prop> = self.parse(&record.id, "props", props)?;
        record.label = element::label(&props).map(Into::into);
        record.withdrawn = element::values(&props, "status")
            .any(|status| status.eq_ignore_ascii_case("withdrawn"));
        let labels = element::values(&props, "label");
        for name in labels.chain([record.id.as_ref()]) {
            let key = control_key(name);
            if !key.is_empty() {
                self.catalog.by_key.push((key.into(), number));
            }
        }
        self.catalog.controls[at] = record;
        Ok(())
    }

    /// Whatever is parsed when a control is needed must be readable then.
    fn check(&mut self, record: &ControlRecord) -> Result<(), DocumentError> {
        if record.id.is_empty() {
            return Err(DocumentError::ControlWithoutId {
                title: record.title.as_ref().to_owned(),
            });
        }
        if !self.ids.insert(record.id.clone()) {
            return Err(DocumentError::DuplicateControl(
                record.id.as_ref().to_owned(),
            ));
        }
        self.parse::<element::Param>(&record.id, "params", record.params)?;
        self.parse::<Link>(&record.id, "links", record.links)?;
        self.parse::<Part>(&record.id, "parts", record.parts)?;
        Ok(())
    }

    fn parse<T: serde::de::DeserializeOwned>(
        &self,
        control: &str,
        member: &'static str,
        span: Span,
    ) -> Result<Vec<T>, DocumentError> {
        parse_list(self.text, span).map_err(|source| DocumentError::Control {
            control: control.to_owned(),
            member,
            source,
        })
    }
}

/// Parses an array of elements; an absent one has none.
pub(crate) fn parse_list<T: serde::de::DeserializeOwned>(
    text: &str,
    span: Span,
) -> serde_json::Result<Vec<T>> {
    if span == Span::default() {
        return Ok(Vec::new());
    }
    serde_json::from_str(span.of(text))
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
