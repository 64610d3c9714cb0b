//! An object, as the answer shows it.

use std::collections::BTreeMap;

use oscal_documents::{LibraryView, Object, ObjectReference};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::mcp::answer::Page;

/// The most bytes of an object's own JSON.
const MAX_JSON: usize = 6_000;

/// The most references that an object makes.
const MAX_REFERENCES: usize = 30;

#[derive(Debug, Serialize)]
pub(super) struct Detail {
    #[serde(flatten)]
    pub(super) name: Name,
    pub(super) document_version: String,
    pub(super) model: &'static str,
    /// What it is in, from the outside in
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) within: Vec<Inner>,
    /// As OSCAL writes it
    pub(super) data: Map<String, Value>,
    /// Members that are left out, with their numbers of elements
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) left_out: BTreeMap<String, usize>,
    pub(super) refers_to: Vec<Reference>,
    pub(super) referred_by: Page<Reference>,
}

/// What an object is called, and where it is.
#[derive(Debug, Serialize)]
pub(super) struct Name {
    pub(super) kind: String,
    pub(super) id: String,
    pub(super) title: String,
    pub(super) document: String,
    pub(super) document_title: String,
}

/// An object around another.
#[derive(Debug, Serialize)]
pub(super) struct Inner {
    pub(super) kind: String,
    pub(super) id: String,
    pub(super) title: String,
}

/// The other end of a reference.
#[derive(Debug, Serialize)]
pub(super) struct Reference {
    pub(super) via: String,
    pub(super) id: String,
    /// Absent if nothing that is loaded has the id
    #[serde(flatten)]
    pub(super) object: Option<Other>,
    /// How many others have the id
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) others: Option<usize>,
}

#[derive(Debug, Serialize)]
pub(super) struct Other {
    pub(super) kind: String,
    pub(super) title: String,
    pub(super) document: String,
    pub(super) document_title: String,
}

impl Detail {
    pub(super) fn of(
        documents: &LibraryView<'_>,
        object: Object<'_>,
        offset: Option<usize>,
        limit: Option<usize>,
    ) -> Self {
        let info = object.document().info();
        let outer = std::iter::successors(object.outer(), |object| object.outer());
        let mut within: Vec<_> = outer
            .filter(|outer| !outer.is_document())
            .map(Inner::of)
            .collect();
        within.reverse();
        let mut content = object.content(MAX_JSON);
        let made = documents.references_from(object);
        if let Some(more @ 1..) = made.len().checked_sub(MAX_REFERENCES) {
            content
                .left_out
                .insert("further references".to_owned(), more);
        }
        let made = made.into_iter();
        let referring = documents.references_to(object).into_iter();
        let referring = referring.map(Reference::from);
        Self {
            name: Name::of(object),
            document_version: info.version.clone(),
            model: info.model.root_key(),
            within,
            data: content.members,
            left_out: content.left_out,
            refers_to: made.map(Reference::to).take(MAX_REFERENCES).collect(),
            referred_by: Page::cut(referring, offset, limit, 40),
        }
    }
}

impl Name {
    pub(super) fn of(object: Object<'_>) -> Self {
        let info = object.document().info();
        Self {
            kind: object.kind(),
            id: object.id(),
            title: object.title(),
            document: info.id.clone(),
            document_title: info.title.clone(),
        }
    }
}

impl Inner {
    fn of(object: Object<'_>) -> Self {
        Self {
            kind: object.kind(),
            id: object.id(),
            title: object.title(),
        }
    }
}

impl Reference {
    /// What a reference means.
    fn to(reference: ObjectReference<'_>) -> Self {
        let others = reference.to.len().checked_sub(1);
        Self {
            via: reference.via,
            id: reference.id,
            object: reference.to.first().map(|object| Other::of(*object)),
            others: others.filter(|others| *others > 0),
        }
    }

    /// Who refers.
    fn from(reference: ObjectReference<'_>) -> Self {
        Self {
            via: reference.via,
            id: reference.from.id(),
            object: Some(Other::of(reference.from)),
            others: None,
        }
    }
}

impl Other {
    fn of(object: Object<'_>) -> Self {
        let info = object.document().info();
        Self {
            kind: object.kind(),
            title: object.title(),
            document: info.id.clone(),
            document_title: info.title.clone(),
        }
    }
}
