//! Reads which catalog or profile the parts of a document are written for.

use std::convert::Infallible;

use crate::document::Document;
use crate::document::entry::Entry;
use crate::document::model::Model;
use crate::json::cursor::{Cursor, Span};

/// The `source` of each control implementation of a component definition, in document order; or the
/// `import-profile` of a system security plan.
pub(crate) struct SourceHrefs(Vec<(Span, Option<String>)>);

impl SourceHrefs {
    pub(crate) fn of(document: &Document) -> Self {
        let mut hrefs = Vec::new();
        let is_plan = document.info().model == Model::SystemSecurityPlan;
        root_members(document, |cursor, name| match name {
            "import-profile" if is_plan => {
                let start = cursor.offset();
                let href = member(cursor, "href");
                hrefs.push((Span::new(start, cursor.offset()), href));
            }
            "components" | "capabilities" if !is_plan => {
                each(cursor, |cursor| owner(cursor, &mut hrefs));
            }
            _ => {}
        });
        Self(hrefs)
    }

    /// The profile that a system security plan imports.
    pub(crate) fn of_plan(&self) -> Option<&str> {
        self.0.first()?.1.as_deref()
    }

    /// The source of the control implementation that a requirement is in.
    pub(crate) fn of_requirement(&self, requirement: &Entry) -> Option<&str> {
        let after = self
            .0
            .partition_point(|(span, _)| *span <= requirement.span);
        let (span, href) = self.0.get(after.checked_sub(1)?)?;
        href.as_deref().filter(|_| span.contains(requirement.span))
    }
}

/// The documents that a profile imports, or that a resolved catalog was made from.
pub(crate) fn imports(document: &Document) -> Vec<String> {
    let mut hrefs = Vec::new();
    let model = document.info().model;
    root_members(document, |cursor, name| match (model, name) {
        (Model::Profile, "imports") => each(cursor, |cursor| hrefs.extend(member(cursor, "href"))),
        (Model::Catalog, "metadata") => members(cursor, |cursor, name| {
            if name == "links" {
                each(cursor, |cursor| hrefs.extend(source_profile(cursor)));
            }
        }),
        _ => {}
    });
    hrefs
}

fn source_profile(cursor: &mut Cursor<'_>) -> Option<String> {
    let (mut href, mut rel) = (None, None);
    members(cursor, |cursor, name| match name {
        "href" => href = cursor.string(),
        "rel" => rel = cursor.string(),
        _ => {}
    });
    href.filter(|_| rel.as_deref() == Some("source-profile"))
}

/// A component or capability.
fn owner(cursor: &mut Cursor<'_>, hrefs: &mut Vec<(Span, Option<String>)>) {
    members(cursor, |cursor, name| {
        if name == "control-implementations" {
            each(cursor, |cursor| {
                let start = cursor.offset();
                let source = member(cursor, "source");
                hrefs.push((Span::new(start, cursor.offset()), source));
            });
        }
    });
}

fn root_members(document: &Document, mut read: impl FnMut(&mut Cursor<'_>, &str)) {
    members(&mut Cursor::new(document.json()), |cursor, _root| {
        members(cursor, &mut read);
    });
}

/// The string member of an object, if it is not empty.
fn member(cursor: &mut Cursor<'_>, wanted: &str) -> Option<String> {
    let mut found = None;
    members(cursor, |cursor, name| {
        if name == wanted {
            found = cursor.string();
        }
    });
    found.filter(|text| !text.trim().is_empty())
}

fn members(cursor: &mut Cursor<'_>, mut read: impl FnMut(&mut Cursor<'_>, &str)) {
    let Ok(()) = cursor.object(|cursor, name| {
        read(cursor, name);
        Ok::<_, Infallible>(())
    });
}

fn each(cursor: &mut Cursor<'_>, mut read: impl FnMut(&mut Cursor<'_>)) {
    let Ok(()) = cursor.array(|cursor| {
        read(cursor);
        Ok::<_, Infallible>(())
    });
}
