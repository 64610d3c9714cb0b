//! The single scan of a document that finds out what it is and where its parts are.

use uuid::{Uuid, fmt::Hyphenated};

use crate::document::catalog::{Catalog, CatalogBuilder};
use crate::document::entry::{Entries, EntriesBuilder, References};
use crate::document::error::DocumentError;
use crate::document::model::Model;
use crate::json::cursor::{Cursor, Span};
use crate::json::faults::Faults;

/// What the scan found.
pub(crate) struct Outline {
    pub(crate) model: Model,
    pub(crate) uuid: String,
    pub(crate) metadata: Metadata,
    pub(crate) catalog: Catalog,
    /// What is left out of the catalog.
    pub(crate) faults: Faults,
    pub(crate) entries: Entries,
    pub(crate) references: References,
    /// Uuids and spans of the resources in the back matter, sorted.
    pub(crate) resources: Vec<(Box<str>, Span)>,
    /// The number of imports of a profile.
    pub(crate) imports: usize,
}

#[derive(Default)]
pub(crate) struct Metadata {
    pub(crate) title: String,
    pub(crate) version: String,
    pub(crate) oscal_version: String,
    pub(crate) last_modified: String,
}

impl Outline {
    /// Scans well-formed, compact text.
    ///
    /// # Errors
    ///
    /// The text is not an OSCAL document, or not one that can be served; see [`DocumentError`].
    pub(crate) fn of(text: &str) -> Result<Self, DocumentError> {
        let mut models = Vec::new();
        let mut schema = false;
        let mut builder = Builder::new(text);
        Cursor::new(text).object(|cursor, name| {
            schema |= matches!(name, "$schema" | "$id");
            let Some(model) = Model::from_root_key(name) else {
                return Ok(());
            };
            models.push(model);
            cursor.object(|cursor, name| builder.member(model, cursor, name))
        })?;
        match models[..] {
            [model] => builder.finish(model),
            [] if schema => Err(DocumentError::Schema),
            [] => Err(DocumentError::NoModel),
            [first, second, ..] => Err(DocumentError::SeveralModels(first, second)),
        }
    }
}

struct Builder<'t> {
    uuid: Option<String>,
    metadata: Metadata,
    catalog: CatalogBuilder<'t>,
    entries: EntriesBuilder<'t>,
    resources: Vec<(Box<str>, Span)>,
    imports: usize,
}

impl<'t> Builder<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            uuid: None,
            metadata: Metadata::default(),
            catalog: CatalogBuilder::new(text),
            entries: EntriesBuilder::new(text),
            resources: Vec::new(),
            imports: 0,
        }
    }

    fn member(
        &mut self,
        model: Model,
        cursor: &mut Cursor<'t>,
        name: &str,
    ) -> Result<(), DocumentError> {
        match (name, model) {
            ("uuid", _) => {
                self.uuid = cursor.string();
                Ok(())
            }
            ("metadata", _) => self.metadata(cursor),
            ("back-matter", _) => self.back_matter(cursor),
            ("imports", Model::Profile) => cursor.array(|_| {
                self.imports += 1;
                Ok(())
            }),
            (_, Model::Catalog) => self.catalog.member(cursor, name),
            _ => self.entries.member(cursor, name),
        }
    }

    fn metadata(&mut self, cursor: &mut Cursor<'t>) -> Result<(), DocumentError> {
        let metadata = &mut self.metadata;
        cursor.object(|cursor, name| {
            let member = match name {
                "title" => &mut metadata.title,
                "version" => &mut metadata.version,
                "oscal-version" => &mut metadata.oscal_version,
                "last-modified" => &mut metadata.last_modified,
                "remarks" => return self.entries.member(cursor, name),
                _ => return Ok(()),
            };
            *member = cursor.string().unwrap_or_default();
            Ok(())
        })
    }

    fn back_matter(&mut self, cursor: &mut Cursor<'t>) -> Result<(), DocumentError> {
        cursor.object(|cursor, name| {
            if name == "resources" {
                cursor.places("uuid", &mut self.resources)?;
            }
            Ok(())
        })
    }

    fn finish(mut self, model: Model) -> Result<Outline, DocumentError> {
        let uuid = self.uuid.ok_or(DocumentError::Missing {
            model,
            member: "uuid",
        })?;
        if !is_uuid(&uuid) {
            return Err(DocumentError::Uuid(uuid.chars().take(40).collect()));
        }
        if self.metadata.title.trim().is_empty() {
            let member = "metadata.title";
            return Err(DocumentError::Missing { model, member });
        }
        self.resources.sort_by(|a, b| a.0.cmp(&b.0));
        let (catalog, faults) = self.catalog.finish();
        let (entries, references) = self
            .entries
            .finish(&uuid.to_ascii_lowercase(), &self.metadata.title);
        Ok(Outline {
            model,
            uuid,
            metadata: self.metadata,
            catalog,
            faults,
            entries,
            references,
            resources: self.resources,
            imports: self.imports,
        })
    }
}

/// Whether this is a UUID as in RFC 9562 section 4, of any version: with hyphens, and without
/// braces or `urn:uuid:`.
fn is_uuid(text: &str) -> bool {
    text.len() == Hyphenated::LENGTH && Uuid::try_parse(text).is_ok()
}
