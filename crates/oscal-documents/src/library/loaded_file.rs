//! What is known about a file since it was read.

use std::sync::Arc;

use crate::document::Document;
use crate::document::model::Model;
use crate::library::listing::source_file::Stamp;
use crate::search::indexed::Indexed;

/// What is known about a file since it was read.
#[derive(Debug, Clone)]
pub(super) struct LoadedFile {
    pub(super) name: String,
    /// `None` if the file cannot be reached.
    pub(super) stamp: Option<Stamp>,
    pub(super) outcome: Outcome,
}

#[derive(Debug, Clone)]
pub(super) enum Outcome {
    /// Copies of a document share it.
    Document(Arc<Indexed>),
    /// Not read: all files together are too large.
    LeftOut,
    /// It cannot be served. Holds what it served before.
    Refused {
        message: String,
        kept: Option<Arc<Indexed>>,
    },
}

impl LoadedFile {
    pub(super) fn served(&self) -> Option<&Arc<Indexed>> {
        match &self.outcome {
            Outcome::Document(document) => Some(document),
            Outcome::Refused { kept, .. } => kept.as_ref(),
            Outcome::LeftOut => None,
        }
    }
}

/// Uuid and model. The revisions of a document share it.
pub(super) type Key = (String, Model);

pub(super) fn key(document: &Document) -> Key {
    let info = document.info();
    (info.uuid.to_ascii_lowercase(), info.model)
}
