//! A document with its index.

use std::fmt;
use std::sync::Arc;

use crate::document::Document;
use crate::document::entry::References;
#[cfg(test)]
use crate::document::error::DocumentError;
use crate::search::segment::Segment;

/// A document with the segment that searches use to find it.
#[derive(Clone)]
pub(crate) struct Indexed {
    pub(crate) document: Document,
    pub(super) segment: Arc<Segment>,
}

impl Indexed {
    /// Reads and indexes a document.
    ///
    /// # Errors
    ///
    /// Those of [`Document::parse`].
    #[cfg(test)]
    pub(crate) fn parse(
        file: impl Into<String>,
        text: String,
        built_in: bool,
    ) -> Result<Self, DocumentError> {
        let (document, references) = Document::with_references(file.into(), text, built_in)?;
        Ok(Self::of(document, &references))
    }

    /// Indexes a document and what its entries refer to.
    pub(crate) fn of(document: Document, references: &References) -> Self {
        let segment = Segment::of(&document, references).into();
        Self { document, segment }
    }

    /// The same document as it stands in a library; see [`Document::placed`].
    pub(crate) fn placed(
        &self,
        id: String,
        superseded_by: Option<String>,
        files: Arc<[Box<str>]>,
    ) -> Self {
        Self {
            document: self.document.placed(id, superseded_by, files),
            segment: Arc::clone(&self.segment),
        }
    }
}

impl fmt::Debug for Indexed {
    /// Without the segment.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.document.fmt(f)
    }
}
