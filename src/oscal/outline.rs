//! The single pass over a document that notes what it is and where its parts are.

use super::catalog::{Catalog, CatalogBuilder};
use super::cursor::{Cursor, Span};
use super::document_error::DocumentError;
use super::entry::{Entries, EntriesBuilder};
use super::model::Model;

/// What the pass found.
pub(super) struct Outline {
    pub(super) model: Model,
    pub(super) uuid: String,
    pub(super) metadata: Metadata,
    pub(super) catalog: Catalog,
    pub(super) entries: Entries,
    /// Numbers of entries and ids of the controls that they name.
    pub(super) references: Vec<(u32, String)>,
    /// Uuids and places of the resources in the back matter, sorted.
    pub(super) resources: Vec<(Box<str>, Span)>,
    /// Imports of a profile.
    pub(super) imports: usize,
}

#[derive(Default)]
pub(super) struct Metadata {
    pub(super) title: String,
    pub(super) version: String,
    pub(super) oscal_version: String,
    pub(super) last_modified: String,
}

impl Outline {
    /// Passes over well-formed, compact text.
    ///
    /// # Errors
    ///
    /// The text is no OSCAL document, or not one that can be served; see [`DocumentError`].
    pub(super) fn of(text: &str) -> Result<Self, DocumentError> {
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
    entries: EntriesBuilder,
    resources: Vec<(Box<str>, Span)>,
    imports: usize,
}

impl<'t> Builder<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            uuid: None,
            metadata: Metadata::default(),
            catalog: CatalogBuilder::new(text),
            entries: EntriesBuilder::new(),
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
        let (entries, references) = self
            .entries
            .finish(&uuid.to_ascii_lowercase(), &self.metadata.title);
        Ok(Outline {
            model,
            uuid,
            metadata: self.metadata,
            catalog: self.catalog.finish(),
            entries,
            references,
            resources: self.resources,
            imports: self.imports,
        })
    }
}

/// Whether this is a UUID as RFC 9562 section 4 writes it, of any version.
fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
