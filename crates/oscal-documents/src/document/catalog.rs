//! Where a catalog's controls are in its text, and how to find them.

use std::collections::HashSet;

use crate::document::control_key::control_key;
use crate::document::element::{self, Link, Part, Prop};
use crate::document::error::DocumentError;
use crate::json::cursor::{Cursor, Span, find};
use crate::json::faults::Faults;
use crate::json::salvage;
use crate::json::too_many::TooMany;
use crate::markup;

/// The outline of a catalog; empty for the other models.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    pub(crate) groups: Vec<Group>,
    /// In document order: a control comes before its enhancements.
    pub(crate) controls: Vec<ControlRecord>,
    /// Sorted by id. If an id is defined twice, the first definition counts.
    params: Vec<(Box<str>, Span)>,
    /// Indexes of controls, sorted by their ids, and by their order if an id is defined twice.
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
    /// The controls with exactly this id, in document order. There is more than one if the catalog
    /// has several versions of a control.
    pub(crate) fn by_id(&self, id: &str) -> &[u32] {
        let id_of = |number: &u32| &*self.controls[*number as usize].id;
        let found = &self.by_id[self.by_id.partition_point(|number| id_of(number) < id)..];
        &found[..found.partition_point(|number| id_of(number) == id)]
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
    faults: Faults,
}

impl<'t> CatalogBuilder<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self {
            text,
            catalog: Catalog::default(),
            ids: HashSet::new(),
            faults: Faults::default(),
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

    /// The outline, and what is left out of it.
    pub(crate) fn finish(self) -> (Catalog, Faults) {
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
        (catalog, self.faults)
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
        let params = self.catalog.params.len();
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
        if record.id.is_empty() {
            self.drop_from(at, params, &record.title);
            return Ok(());
        }
        self.check(&record);
        let props: Vec<Prop> = self.list(&record.id, "props", props);
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

    /// Leaves out a control without id, with the controls and parameters in it.
    fn drop_from(&mut self, at: usize, params: usize, title: &str) {
        for inner in self.catalog.controls.drain(at..) {
            self.ids.remove(&inner.id);
        }
        self.catalog.params.truncate(params);
        let by_key = &mut self.catalog.by_key;
        while by_key
            .pop_if(|(_, number)| *number as usize >= at)
            .is_some()
        {}
        let fault = || format!("the control with title `{title:.60}` has no id; it is left out");
        self.faults.note(fault);
    }

    /// Notes what nobody will see of a control, and an id that is used before.
    fn check(&mut self, record: &ControlRecord) {
        if !self.ids.insert(record.id.clone()) {
            let id = &record.id;
            let fault =
                || format!("several controls have the id `{id:.60}`; it means the first one");
            self.faults.note(fault);
        }
        self.list::<element::Param>(&record.id, "params", record.params);
        self.list::<Link>(&record.id, "links", record.links);
        self.list::<Part>(&record.id, "parts", record.parts);
    }

    fn list<T: serde::de::DeserializeOwned>(
        &mut self,
        control: &str,
        member: &'static str,
        span: Span,
    ) -> Vec<T> {
        salvage::list(self.text, span, |error| {
            self.faults.note(|| {
                let error = error.to_string();
                let what = error
                    .rsplit_once(" at line ")
                    .map_or(&*error, |(what, _)| what);
                format!("{member} of control `{control:.60}`: {what:.100}; this is left out")
            });
        })
    }
}

/// Parses an array of elements; an absent one has none. What is malformed is left out.
pub(crate) fn parse_list<T: serde::de::DeserializeOwned>(text: &str, span: Span) -> Vec<T> {
    salvage::list(text, span, |_noted_when_loaded| {})
}

fn title(cursor: &mut Cursor<'_>) -> Box<str> {
    let title = cursor.string().unwrap_or_default();
    markup::plain(&title).into()
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
