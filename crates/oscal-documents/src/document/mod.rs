//! An OSCAL document.

pub(crate) mod catalog;
pub(crate) mod control_key;
pub(crate) mod element;
pub(crate) mod entry;
pub(crate) mod entry_kind;
pub(crate) mod error;
pub(crate) mod info;
pub(crate) mod model;
mod outline;
#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use crate::document::catalog::Catalog;
use crate::document::element::Resource;
use crate::document::entry::{Entries, References};
use crate::document::error::DocumentError;
use crate::document::info::DocumentInfo;
use crate::document::outline::Outline;
use crate::formats::{Format, to_json};
use crate::json::compact::compact;
use crate::json::cursor::{Span, find};
use crate::json::digest::{digest, loose_digest};
use crate::json::faults::Faults;
use crate::json::tree_size::TreeSize;
use crate::json::wellformed;
use crate::objects::index::ObjectIndex;

/// How many values a document may have. SP 800-53, at 10 MB, has 210,000.
const MAX_VALUES: usize = 2_000_000;

/// An OSCAL document: its text as JSON, and an outline for finding things in it. Clones share both.
///
/// ```
/// use oscal_documents::{Document, Model};
///
/// let text = r#"{"catalog": {
///     "uuid": "00000000-0000-4000-8000-000000000001",
///     "metadata": {"title": "House rules"},
///     "controls": [{"id": "ac-1", "title": "Keys"}]
/// }}"#;
/// let document = Document::parse("rules.json", text.to_owned(), false)?;
/// assert_eq!(document.info().model, Model::Catalog);
/// assert_eq!(document.info().counts["controls"], 1);
/// assert_eq!(document.control("ac-1").map(|control| control.title()), Some("Keys"));
///
/// let error = Document::parse("x.json", "{}".to_owned(), false).unwrap_err();
/// assert!(error.to_string().starts_with("not an OSCAL document"));
/// # Ok::<(), oscal_documents::DocumentError>(())
/// ```
#[derive(Clone)]
pub struct Document {
    info: DocumentInfo,
    /// The names of its files, at least one.
    files: Arc<[Box<str>]>,
    /// Shared with the same document under other ids.
    content: Arc<Content>,
}

struct Content {
    text: Box<str>,
    /// The format that it was read from.
    format: Format,
    /// Made when it is needed.
    digest: OnceLock<u128>,
    loose_digest: OnceLock<u128>,
    /// What was left out because it is malformed.
    faults: Faults,
    catalog: Catalog,
    entries: Entries,
    resources: Vec<(Box<str>, Span)>,
    /// Made when somebody first asks for an object.
    objects: OnceLock<ObjectIndex>,
}

impl Document {
    /// Reads a document in the format that the extension of `file` stands for, or else in the one
    /// that the text looks like. `file` is the name that problems with it are reported under, and
    /// `built_in` marks documents that come with the program. Searches find only the documents of a
    /// [`Library`](crate::Library).
    ///
    /// # Errors
    ///
    /// The text is not of its format, not an OSCAL document, or one that cannot be served without
    /// ambiguity; see [`DocumentError`].
    pub fn parse(
        file: impl Into<String>,
        text: String,
        built_in: bool,
    ) -> Result<Self, DocumentError> {
        Self::with_references(file.into(), text, built_in).map(|(document, _)| document)
    }

    /// Reads a document, and what its entries refer to.
    ///
    /// # Errors
    ///
    /// Those of [`Document::parse`].
    pub(crate) fn with_references(
        file: String,
        text: String,
        built_in: bool,
    ) -> Result<(Self, References), DocumentError> {
        if u32::try_from(text.len()).is_err() {
            return Err(DocumentError::TooLarge);
        }
        let format = Format::of_file(&file).unwrap_or_else(|| Format::of_text(&text));
        let text = match to_json(&text, format) {
            Ok(Cow::Owned(json)) => json,
            Ok(Cow::Borrowed(_)) => text,
            Err(error) => return Err(DocumentError::Format(format, error)),
        };
        if TreeSize::of_text(&text).values > MAX_VALUES {
            return Err(DocumentError::TooManyValues(MAX_VALUES));
        }
        let json = text.strip_prefix('\u{feff}').unwrap_or(&text);
        wellformed::check(json).map_err(|error| {
            if error.is_data() {
                DocumentError::Refused(error)
            } else {
                DocumentError::NotJson(error)
            }
        })?;
        let text = if format != Format::Json {
            // The readers write no white space.
            text.into_boxed_str()
        } else if json.len() == text.len() {
            compact(text)
        } else {
            compact(json.to_owned())
        };
        let outline = Outline::of(&text)?;
        let document = Self {
            info: DocumentInfo::of(&outline, built_in),
            files: [file.into()].into(),
            content: Arc::new(Content {
                text,
                format,
                digest: OnceLock::new(),
                loose_digest: OnceLock::new(),
                faults: outline.faults,
                catalog: outline.catalog,
                entries: outline.entries,
                resources: outline.resources,
                objects: OnceLock::new(),
            }),
        };
        Ok((document, outline.references))
    }

    /// Whether both are the same document, not just equal ones.
    pub(crate) fn is(&self, other: &Self) -> bool {
        let (one, two) = (&self.info, &other.info);
        self.is_copy_of(other)
            && (&one.id, &one.superseded_by) == (&two.id, &two.superseded_by)
            && self.files == other.files
    }

    /// Whether both share their content.
    pub(crate) fn is_copy_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.content, &other.content)
    }

    /// The same document as it stands in a library: with its id, the id of the newest revision if
    /// it is an older one, and the names of all its files.
    pub(crate) fn placed(
        &self,
        id: String,
        superseded_by: Option<String>,
        files: Arc<[Box<str>]>,
    ) -> Self {
        Self {
            info: DocumentInfo {
                id,
                superseded_by,
                ..self.info.clone()
            },
            files,
            content: self.content.clone(),
        }
    }

    /// A digest of what it says, however it is written.
    pub(crate) fn digest(&self) -> u128 {
        let content = &self.content;
        *content.digest.get_or_init(|| digest(&content.text))
    }

    /// Whether it says the same as a document that was read from another format. The white space
    /// and the escapes of its prose do not matter, nor do the formats that its links name.
    pub(crate) fn is_twin_of(&self, other: &Self) -> bool {
        let loose = |document: &Self| {
            let content = &document.content;
            *(content.loose_digest).get_or_init(|| loose_digest(&content.text))
        };
        self.format() != other.format() && loose(self) == loose(other)
    }

    /// The format that it was read from.
    pub fn format(&self) -> Format {
        self.content.format
    }

    /// What was left out because it is malformed.
    pub(crate) fn faults(&self) -> &Faults {
        &self.content.faults
    }

    /// Its approximate size in memory, in bytes.
    pub fn memory(&self) -> usize {
        let content = &*self.content;
        content.text.len()
            + content.catalog.memory()
            + content.entries.iter().len() * 256
            + content.resources.len() * 96
    }

    /// Id, title, version and so on.
    pub fn info(&self) -> &DocumentInfo {
        &self.info
    }

    /// The name of its file below the documents directory, or of the built-in document. If several
    /// files are copies of it, the first one.
    pub fn file(&self) -> &str {
        self.files.first().map_or("", AsRef::as_ref)
    }

    /// The names of all files that contain it, in order.
    pub fn files(&self) -> impl ExactSizeIterator<Item = &str> {
        self.files.iter().map(AsRef::as_ref)
    }

    /// The document as compact JSON.
    pub fn json(&self) -> &str {
        &self.content.text
    }

    /// The document as a JSON tree, which takes up to ten times the memory of the text. Drop it
    /// soon after use.
    ///
    /// # Errors
    ///
    /// None in practice: the text was checked when the document was loaded.
    pub fn value(&self) -> serde_json::Result<Value> {
        serde_json::from_str(&self.content.text)
    }

    /// Ids and titles of the groups that have an id, in document order.
    pub fn groups(&self) -> impl Iterator<Item = (&str, &str)> {
        self.content
            .catalog
            .groups
            .iter()
            .filter_map(|group| Some((group.id.as_deref()?, group.title.as_ref())))
    }

    /// The resource of the back matter with this uuid.
    pub(crate) fn resource(&self, uuid: &str) -> Option<Resource> {
        serde_json::from_str(self.resource_json(uuid)?).ok()
    }

    /// The text of the resource with this uuid.
    pub(crate) fn resource_json(&self, uuid: &str) -> Option<&str> {
        Some(find(&self.content.resources, uuid)?.of(self.json()))
    }

    /// Uuids and texts of the resources, in document order.
    pub(crate) fn resources_json(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut resources: Vec<_> = self.content.resources.iter().collect();
        resources.sort_by_key(|(_, span)| *span);
        resources
            .into_iter()
            .map(|(uuid, span)| (uuid.as_ref(), span.of(self.json())))
    }

    pub(crate) fn catalog(&self) -> &Catalog {
        &self.content.catalog
    }

    /// Where the objects with an id are, and what refers to them.
    pub(crate) fn objects(&self) -> &ObjectIndex {
        let content = &*self.content;
        (content.objects).get_or_init(|| ObjectIndex::of(&content.text))
    }

    pub(crate) fn entries(&self) -> &Entries {
        &self.content.entries
    }
}

impl fmt::Debug for Document {
    /// Without the text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("info", &self.info)
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}
