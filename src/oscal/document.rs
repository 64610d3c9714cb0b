//! An OSCAL document.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::catalog::Catalog;
use super::compact::compact;
use super::control::{Control, ControlFilter, Page};
use super::control_key::control_key;
use super::cursor::{Span, find};
use super::document_error::DocumentError;
use super::element::Resource;
use super::entry::Entries;
use super::model::Model;
use super::outline::Outline;
use super::search::Segment;
use super::tree_size::TreeSize;
use super::wellformed;

/// How many values a document may have. SP 800-53, 10 MB, has 210,000.
const MAX_VALUES: usize = 2_000_000;

/// An OSCAL document: its text, and what is needed to find things in it. Clones share them.
#[derive(Clone)]
pub struct Document {
    info: DocumentInfo,
    /// Shared with the same document under another id.
    content: Arc<Content>,
}

struct Content {
    file: String,
    text: Box<str>,
    catalog: Catalog,
    entries: Entries,
    resources: Vec<(Box<str>, Span)>,
    segment: Segment,
}

/// What a document is, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DocumentInfo {
    /// Names the document in the API: its uuid in lower case, so that it is the same after a
    /// restart and in every replica, and says nothing of where the document came from. Where
    /// documents of several models share a uuid, all but the first have the model after it:
    /// `UUID.system-security-plan`.
    pub id: String,
    /// The uuid as the document writes it.
    pub uuid: String,
    /// The model.
    pub model: Model,
    /// The title.
    pub title: String,
    /// The document's version; empty where it gives none.
    pub version: String,
    /// The version of OSCAL; empty where the document gives none.
    pub oscal_version: String,
    /// The time of the last change, as the document writes it; empty where it gives none.
    pub last_modified: String,
    /// How many there are of `controls`, `withdrawn-controls`, `groups`, `params`, `components`,
    /// `implemented-requirements`, `findings`, `imports`, `resources` and so on; without those
    /// that there are none of.
    pub counts: BTreeMap<&'static str, usize>,
    /// Whether the document comes with the program.
    pub built_in: bool,
}

impl Document {
    /// Reads a document. `file` is the name under which problems with it are reported.
    ///
    /// # Errors
    ///
    /// The text is not JSON, not an OSCAL document, or one that cannot be served without
    /// ambiguity; see [`DocumentError`].
    pub fn parse(
        file: impl Into<String>,
        text: String,
        built_in: bool,
    ) -> Result<Self, DocumentError> {
        let (mut document, references) = Self::read(file.into(), text, built_in)?;
        let segment = Segment::of(&document, &references);
        // Nobody else has the content yet.
        if let Some(content) = Arc::get_mut(&mut document.content) {
            content.segment = segment;
        }
        Ok(document)
    }

    /// Reads a document that searches do not find, which takes half the time and memory.
    ///
    /// # Errors
    ///
    /// Those of [`Document::parse`].
    pub(super) fn unindexed(
        file: String,
        text: String,
        built_in: bool,
    ) -> Result<Self, DocumentError> {
        Self::read(file, text, built_in).map(|(document, _)| document)
    }

    /// Numbers of entries and ids of the controls that they name come with the document.
    fn read(
        file: String,
        text: String,
        built_in: bool,
    ) -> Result<(Self, Vec<(u32, String)>), DocumentError> {
        if u32::try_from(text.len()).is_err() {
            return Err(DocumentError::TooLarge);
        }
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
        let text = if json.len() == text.len() {
            compact(text)
        } else {
            compact(json.to_owned())
        };
        let outline = Outline::of(&text)?;
        let document = Self {
            info: outline.info(built_in),
            content: Arc::new(Content {
                file,
                text,
                catalog: outline.catalog,
                entries: outline.entries,
                resources: outline.resources,
                segment: Segment::default(),
            }),
        };
        Ok((document, outline.references))
    }

    /// Whether this is the other one, not only equal to it.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.content, &other.content) && self.info.id == other.info.id
    }

    /// The same document under another id.
    pub(super) fn with_id(&self, id: String) -> Self {
        Self {
            info: DocumentInfo {
                id,
                ..self.info.clone()
            },
            content: self.content.clone(),
        }
    }

    /// About how many bytes of memory it takes.
    pub(crate) fn memory(&self) -> usize {
        let content = &*self.content;
        content.text.len()
            + content.catalog.memory()
            + content.segment.memory()
            + content.entries.iter().len() * 256
            + content.resources.len() * 96
    }

    /// Id, title, version and so on.
    pub fn info(&self) -> &DocumentInfo {
        &self.info
    }

    /// The name of the file below the documents directory, or of the built-in document. It is
    /// for operators and for imports by file name; a client sees the id.
    pub fn file(&self) -> &str {
        &self.content.file
    }

    /// The document as compact JSON.
    pub fn json(&self) -> &str {
        &self.content.text
    }

    /// The document as a JSON tree. A tree takes up to ten times the memory of the text: make it,
    /// use it, drop it.
    ///
    /// # Errors
    ///
    /// None in practice: the text was checked when the document was loaded.
    pub fn value(&self) -> serde_json::Result<Value> {
        serde_json::from_str(&self.content.text)
    }

    /// All controls in document order, at any depth.
    pub fn controls(&self) -> impl ExactSizeIterator<Item = Control<'_>> {
        let count = u32::try_from(self.content.catalog.controls.len()).unwrap_or(u32::MAX);
        (0..count).map(|number| Control::new(self, number))
    }

    /// A page of the controls that the filter lets pass, in document order.
    pub fn list_controls(
        &self,
        filter: ControlFilter<'_>,
        offset: usize,
        limit: usize,
    ) -> Page<Control<'_>> {
        let matches = filter.matcher();
        let controls = self.controls().filter(|control| matches(*control));
        Page::cut(controls, offset, limit)
    }

    /// Ids and titles of the groups that have an id, in document order.
    pub fn groups(&self) -> impl Iterator<Item = (&str, &str)> {
        self.content
            .catalog
            .groups
            .iter()
            .filter_map(|group| Some((group.id.as_deref()?, group.title.as_ref())))
    }

    /// The control with exactly this id.
    pub fn control(&self, id: &str) -> Option<Control<'_>> {
        let number = self.content.catalog.by_id(id)?;
        Some(Control::new(self, number))
    }

    /// The controls with this id or label in any usual writing: `AC-2(1)`, `ac-2.1`, `AC-2 (1)`,
    /// `AC-02(01)`. More than one only in a catalog with ids such as `a-1` and `a.1`; an exact id
    /// is never ambiguous.
    pub fn find_controls(&self, reference: &str) -> Vec<Control<'_>> {
        if let Some(control) = self.control(reference.trim()) {
            return vec![control];
        }
        self.controls_by_key(&control_key(reference)).collect()
    }

    /// The controls with an id or label of this canonical key, in document order.
    pub(super) fn controls_by_key(&self, key: &str) -> impl Iterator<Item = Control<'_>> {
        let found = self.content.catalog.by_key(key).iter();
        found.map(|(_, number)| Control::new(self, *number))
    }

    /// The control that an id names or is within: `ac-2_smt.k` is in `ac-2`.
    pub(super) fn control_of_fragment(&self, fragment: &str) -> Option<Control<'_>> {
        let cuts = fragment.rmatch_indices(['_', '.']).map(|(at, _)| at);
        std::iter::once(fragment.len())
            .chain(cuts)
            .take(16)
            .find_map(|end| self.control(&fragment[..end]))
    }

    /// The resource of the back matter with this uuid.
    pub(super) fn resource(&self, uuid: &str) -> Option<Resource> {
        serde_json::from_str(self.resource_json(uuid)?).ok()
    }

    /// The text of the resource with this uuid.
    pub(super) fn resource_json(&self, uuid: &str) -> Option<&str> {
        Some(find(&self.content.resources, uuid)?.of(self.json()))
    }

    /// Uuids and texts of the resources, in document order.
    pub(super) fn resources_json(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut resources: Vec<_> = self.content.resources.iter().collect();
        resources.sort_by_key(|(_, span)| *span);
        resources
            .into_iter()
            .map(|(uuid, span)| (uuid.as_ref(), span.of(self.json())))
    }

    pub(super) fn catalog(&self) -> &Catalog {
        &self.content.catalog
    }

    pub(super) fn entries(&self) -> &Entries {
        &self.content.entries
    }

    pub(super) fn segment(&self) -> &Segment {
        &self.content.segment
    }
}

impl fmt::Debug for Document {
    /// Without the text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("info", &self.info)
            .field("file", &self.content.file)
            .finish_non_exhaustive()
    }
}

impl Outline {
    fn info(&self, built_in: bool) -> DocumentInfo {
        let mut counts = BTreeMap::new();
        let withdrawn = self.catalog.controls.iter().filter(|c| c.withdrawn);
        for (name, count) in [
            ("controls", self.catalog.controls.len()),
            ("withdrawn-controls", withdrawn.count()),
            ("groups", self.catalog.groups.len()),
            ("params", self.catalog.param_count()),
            ("imports", self.imports),
            ("resources", self.resources.len()),
        ] {
            if count > 0 {
                counts.insert(name, count);
            }
        }
        for entry in self.entries.iter().skip(1) {
            *counts.entry(entry.kind.member()).or_default() += 1;
        }
        DocumentInfo {
            id: self.uuid.to_ascii_lowercase(),
            uuid: self.uuid.clone(),
            model: self.model,
            title: self.metadata.title.clone(),
            version: self.metadata.version.clone(),
            oscal_version: self.metadata.oscal_version.clone(),
            last_modified: self.metadata.last_modified.clone(),
            counts,
            built_in,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    pub(in super::super) const UUID: &str = "0A1B2C3D-0000-4000-8000-000000000001";

    pub(in super::super) fn parsed(document: &Value) -> Result<Document, DocumentError> {
        Document::parse("test.json", document.to_string(), false)
    }

    /// A catalog with these members next to its metadata.
    pub(in super::super) fn catalog(members: Value) -> Document {
        let mut catalog =
            json!({"uuid": UUID, "metadata": {"title": "Test catalog", "version": "1"}});
        if let (Value::Object(catalog), Value::Object(members)) = (&mut catalog, members) {
            catalog.extend(members);
        }
        parsed(&json!({"catalog": catalog})).expect("a catalog")
    }

    pub(in super::super) fn document_with_params(params: &Value) -> Document {
        catalog(json!({"params": params}))
    }

    #[test]
    fn all_models_are_read() {
        for model in Model::ALL {
            let document = json!({
                "$schema": "https://example.org/schema.json",
                model.root_key(): {
                    "uuid": UUID,
                    "metadata": {
                        "title": "A \"title\"", "version": "2",
                        "oscal-version": "1.2.0", "last-modified": "2026-01-01T00:00:00Z",
                    },
                },
            });
            let pretty = serde_json::to_string_pretty(&document).expect("serializes");
            let text = format!("\u{feff}{pretty}\n");
            let read = Document::parse("a.json", text, true).expect("a document");
            assert_eq!(
                *read.info(),
                DocumentInfo {
                    id: UUID.to_ascii_lowercase(),
                    uuid: UUID.to_owned(),
                    model,
                    title: "A \"title\"".to_owned(),
                    version: "2".to_owned(),
                    oscal_version: "1.2.0".to_owned(),
                    last_modified: "2026-01-01T00:00:00Z".to_owned(),
                    counts: BTreeMap::new(),
                    built_in: true,
                }
            );
            assert_eq!(read.value().expect("a tree"), document);
        }
    }

    #[test]
    fn what_cannot_be_served_is_named() {
        let with = |members: Value| {
            let mut root = json!({"uuid": UUID, "metadata": {"title": "t"}});
            if let (Value::Object(root), Value::Object(members)) = (&mut root, members) {
                root.extend(members);
            }
            json!({ "catalog": root }).to_string()
        };
        let meta = r#""metadata":{"title":"t"}"#;
        for (text, message) in [
            (String::new(), "not JSON: EOF"),
            (
                "{\"catalog\": }".to_owned(),
                "not JSON: expected value at line 1 column 13",
            ),
            (
                format!("{}{}", "[".repeat(200), "]".repeat(200)),
                "refused: nested deeper",
            ),
            (
                format!("[{}0]", r#"{"":0},"#.repeat(1_000_000)),
                "more than 2000000 values, which no real document has",
            ),
            (
                "{\"catalog\":{},\"catalog\":{}}".to_owned(),
                "refused: member `catalog` is written twice",
            ),
            ("[]".to_owned(), "none of the keys catalog, profile"),
            (
                "{\"$schema\":\"x\",\"definitions\":{}}".to_owned(),
                "a JSON schema",
            ),
            (
                format!(r#"{{"catalog":{{"uuid":"{UUID}",{meta}}},"profile":{{}}}}"#),
                "two OSCAL documents in one file, catalog and profile",
            ),
            ("{\"catalog\":7}".to_owned(), "catalog has no uuid"),
            (
                format!(r#"{{"profile":{{{meta}}}}}"#),
                "profile has no uuid",
            ),
            (
                format!(r#"{{"profile":{{"uuid":"7",{meta}}}}}"#),
                "uuid `7` is not a UUID",
            ),
            (
                format!(r#"{{"profile":{{"uuid":"{UUID}"}}}}"#),
                "profile has no metadata.title",
            ),
            (
                with(json!({"controls": [{"title": "x"}]})),
                "title `x` has no id",
            ),
            (
                with(json!({"controls": [{"id": "a"}], "groups": [{"controls": [{"id": "a"}]}]})),
                "two controls have the id `a`",
            ),
            (
                with(json!({"controls": [{"id": "a", "parts": [{"name": 5}]}]})),
                "parts of control `a`: invalid type: integer `5`",
            ),
        ] {
            let error = Document::parse("x", text.clone(), false)
                .expect_err(&text)
                .to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn takes_any_text(text in r#"\{"catalog":\{[\[\]{}:,"a\\é1 ]{0,30}"#) {
            assert!(Document::parse("x", text, false).is_err());
        }

        #[test]
        fn takes_any_catalog(members in super::super::compact::tests::any_json(), name in "controls|groups|params|back-matter|metadata") {
            let mut root = json!({"uuid": UUID, "metadata": {"title": "t"}});
            root[name] = json!([{"id": "a", "controls": members.clone()}, members]);
            if let Ok(document) = parsed(&json!({ "catalog": root })) {
                for control in document.controls() {
                    control.view(&BTreeMap::new());
                }
            }
        }
    }
}
