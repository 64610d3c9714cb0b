//! Validation of documents, and outlines of schemas.
//!
//! ```text
//! text ─ wellformed ─> Value ─┬─ Schemas::validate: the schema's verdict, explained
//!                             ├─ constraints: what NIST's metaschema and FedRAMP demand beyond it
//!                             └─ lint: duplicates, dangling references, unused parameters
//! ```
//!
//! The schemas are NIST's, loaded from a directory; none come with the program. Warnings need no
//! schema, so they work without one.

pub(crate) mod constraints;
mod datatype;
pub(crate) mod definition;
mod explain;
pub(crate) mod finding;
mod lint;
mod names;
mod place;
mod schema;
pub(crate) mod schema_outline;
pub(crate) mod schema_shape;
pub(crate) mod schemas;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde_json::Value;

use crate::document::Document;
use crate::document::model::Model;
use crate::formats::{Format, to_json};
use crate::json::tree_size::TreeSize;
use crate::json::wellformed;
use crate::library::view::LibraryView;
use crate::validation::constraints::checked::Constraints;
use crate::validation::constraints::fedramp::FedRamp;
use crate::validation::explain::explain;
use crate::validation::finding::{Findings, Path, shortened};
use crate::validation::schemas::{NoSchema, Schemas};

/// What to validate.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// Text of unknown origin, in the format that it looks like.
    Text(&'a str),
    /// Text of unknown origin in this format.
    TextIn(Format, &'a str),
    /// Parsed JSON of unknown origin.
    Tree(&'a Value),
    /// A loaded document.
    Document(&'a Document),
}

impl Source<'_> {
    fn format(&self) -> Format {
        match self {
            Self::Text(text) => Format::of_text(text),
            Self::TextIn(format, _) => *format,
            Self::Tree(_) | Self::Document(_) => Format::Json,
        }
    }
}

/// Limits on what is read and returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Bytes of a text. Default: 16 MiB.
    pub text_bytes: usize,
    /// Memory for the document's tree in bytes, which can be a hundred times its text. Default: 128
    /// MiB; SP 800-53 takes some 60 MiB.
    pub tree_bytes: usize,
    /// Errors to return. Default: 50.
    pub errors: usize,
    /// Findings about constraints to return, of NIST's and of FedRAMP's. Default: 50 of each.
    pub constraints: usize,
    /// Warnings to return. Default: 50.
    pub warnings: usize,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            text_bytes: 16 << 20,
            tree_bytes: 128 << 20,
            errors: 50,
            constraints: 50,
            warnings: 50,
        }
    }
}

impl Caps {
    /// The approximate size of a tree, in bytes.
    ///
    /// # Errors
    ///
    /// The tree takes more than [`tree_bytes`](Self::tree_bytes).
    pub fn bytes_of(self, tree: &Value) -> Result<usize, TooLarge> {
        self.fits(TreeSize::of_tree(tree))
    }

    fn fits(self, size: TreeSize) -> Result<usize, TooLarge> {
        let (needed, limit) = (size.bytes, self.tree_bytes);
        if needed > limit {
            return Err(TooLarge::Tree { needed, limit });
        }
        Ok(needed)
    }
}

/// The result of a validation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Validation {
    /// The document as JSON, if it was parsed for the validation; a [`Source::Tree`] is the caller's.
    pub document: Option<Value>,
    /// The format of the text. All paths are those of its JSON form.
    pub format: Format,
    /// The model of the document, if it is one of OSCAL's.
    pub model: Option<Model>,
    /// The OSCAL version that the document names.
    pub oscal_version: Option<String>,
    /// The OSCAL version of the schema, if there is a schema: that of the document where it is
    /// loaded, or else the next newer one, or else the newest.
    pub schema_version: Option<String>,
    /// What the schema does not allow, or why there was no schema. Text that cannot be read, or does
    /// not belong to a model, is an error that needs no schema.
    pub errors: Result<Findings, NoSchema>,
    /// What was checked and found of NIST's constraints beyond the schema; `None` if the document
    /// is of no model. They need no schema.
    pub constraints: Option<Constraints>,
    /// What was checked and found of the values that FedRAMP allows, as warnings; `None` if the
    /// document is not one of FedRAMP's.
    pub fedramp: Option<FedRamp>,
    /// What the schema allows but looks wrong. NIST's own files have such places.
    pub warnings: Findings,
}

impl Validation {
    /// Whether the document is valid; unknown without a schema.
    pub fn is_valid(&self) -> Option<bool> {
        self.errors.as_ref().ok().map(|errors| errors.total == 0)
    }
}

/// A document is too large to be validated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum TooLarge {
    #[error("the content has {given} bytes; at most {limit} are validated; split it")]
    Bytes { given: usize, limit: usize },
    #[error(
        "the document has so many values that it would take {} MiB to validate; at most {} MiB are \
         used; split it", .needed >> 20, .limit >> 20
    )]
    Tree { needed: usize, limit: usize },
}

impl Schemas {
    /// Validates a document as the given `model`, or else as the model of its root key.
    ///
    /// References to controls are looked up in the catalogs of `view`. Nothing is ever fetched.
    ///
    /// ```
    /// use oscal_documents::{Caps, Library, Schemas, Source};
    ///
    /// let text = r##"{"catalog": {
    ///     "uuid": "00000000-0000-4000-8000-000000000001",
    ///     "controls": [{"id": "ac-1", "links": [{"href": "#ac-9"}]}]
    /// }}"##;
    /// // Without schemas, which `Schemas::load` reads from a directory, there is no verdict.
    /// let schemas = Schemas::default();
    /// let library = Library::default();
    /// let view = library.view(|_| true);
    /// let found = schemas.validate(Source::Text(text), None, &view, Caps::default())?;
    /// assert_eq!(found.is_valid(), None);
    /// assert_eq!(found.warnings.total, 1, "ac-9 is nowhere");
    /// # Ok::<(), oscal_documents::TooLarge>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The document is larger than `caps` allow.
    pub fn validate(
        &self,
        source: Source<'_>,
        model: Option<Model>,
        view: &LibraryView<'_>,
        caps: Caps,
    ) -> Result<Validation, TooLarge> {
        let format = source.format();
        let document = match parse(source, format, caps)? {
            Ok(document) => document,
            Err(message) => {
                let mut errors = Findings::new(caps.errors);
                errors.push(&Path::Root, format.name(), || message);
                return Ok(Validation {
                    document: None,
                    format,
                    model: None,
                    oscal_version: None,
                    schema_version: None,
                    errors: Ok(errors),
                    constraints: None,
                    fedramp: None,
                    warnings: Findings::new(caps.warnings),
                });
            }
        };
        let found = model_of(&document);
        let version = found.and_then(|model| {
            let version = document[model.root_key()]["metadata"]["oscal-version"].as_str()?;
            Some(shortened(version, 40))
        });
        let wanted = version.as_deref().unwrap_or_default();
        let schema = found.or(model);
        let schema = schema.and_then(|model| self.schema_of(model, wanted).ok());
        let loaded = match source {
            Source::Document(document) => Some(document),
            Source::Tree(_) | Source::Text(_) | Source::TextIn(..) => None,
        };
        let checked = found.map(|model| constraints::check(&document, model, caps.constraints));
        let (constraints, fedramp) = checked.unzip();
        Ok(Validation {
            format,
            model: found,
            schema_version: schema.map(|schema| schema.version.clone()),
            errors: self.errors(&document, found, model, wanted, caps.errors),
            constraints,
            fedramp: fedramp.flatten(),
            warnings: lint::lint(&document, loaded, found, view, caps.warnings),
            oscal_version: version,
            document: match document {
                Cow::Owned(parsed) => Some(parsed),
                Cow::Borrowed(_) => None,
            },
        })
    }

    fn errors(
        &self,
        document: &Value,
        found: Option<Model>,
        named: Option<Model>,
        version: &str,
        cap: usize,
    ) -> Result<Findings, NoSchema> {
        let mut errors = Findings::new(cap);
        let Some(model) = found else {
            errors.push(&Path::Root, "model", || no_model(document, named));
            return Ok(errors);
        };
        if let Some(named) = named.filter(|named| *named != model) {
            errors.push(&Path::Root, "model", || {
                format!("is a {model}, not a {named}; the rest is checked as a {model}")
            });
        }
        let schema = self.schema_of(model, version)?;
        let compiled = schema.compiled().map_err(|cause| NoSchema::Broken {
            file: schema.file.clone(),
            cause,
        })?;
        if !compiled.validator.is_valid(document) {
            errors.append(explain(
                schema,
                compiled,
                document,
                cap - errors.items.len(),
            ));
        }
        Ok(errors)
    }
}

/// Parses the document, once. Says in words what is wrong with it.
fn parse(
    source: Source<'_>,
    format: Format,
    caps: Caps,
) -> Result<Result<Cow<'_, Value>, String>, TooLarge> {
    let not_json = |error: serde_json::Error| format!("not JSON: {error}");
    let text = match source {
        Source::Document(document) => {
            caps.fits(TreeSize::of_text(document.json()))?;
            return Ok(document.value().map(Cow::Owned).map_err(not_json));
        }
        Source::Tree(tree) => {
            caps.bytes_of(tree)?;
            return Ok(Ok(Cow::Borrowed(tree)));
        }
        Source::Text(text) | Source::TextIn(_, text) => {
            text.strip_prefix('\u{feff}').unwrap_or(text)
        }
    };
    if text.len() > caps.text_bytes {
        return Err(TooLarge::Bytes {
            given: text.len(),
            limit: caps.text_bytes,
        });
    }
    let text = match to_json(text, format) {
        Ok(text) => text,
        Err(error) => return Ok(Err(format!("{format} that cannot be read: {error}"))),
    };
    caps.fits(TreeSize::of_text(&text))?;
    Ok(wellformed::parse(&text).map(Cow::Owned).map_err(not_json))
}

fn model_of(document: &Value) -> Option<Model> {
    let mut members = document.as_object()?.keys();
    members.find_map(|name| Model::from_root_key(name))
}

fn no_model(document: &Value, named: Option<Model>) -> String {
    let Some(members) = document.as_object() else {
        return "is not a JSON object; an OSCAL document is an object with a member named after its \
                model"
            .to_owned();
    };
    if let Some(named) = named {
        return format!("`{named}`, the member that holds the document, is missing");
    }
    let models = Model::ALL.map(Model::root_key);
    let meant = members
        .keys()
        .find_map(|name| finding::closest(name, models));
    match meant {
        Some(meant) => format!("has no member of an OSCAL model; did you mean `{meant}`?"),
        None => format!(
            "has none of the members that hold an OSCAL document: {}",
            finding::listed(models)
        ),
    }
}
