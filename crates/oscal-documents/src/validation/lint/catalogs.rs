//! The loaded catalogs that a document uses.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::document::Document;
use crate::library::view::LibraryView;
use crate::validation::finding::Path;
use crate::validation::names::{Names, each_object};

/// The loaded catalogs that a document uses. If there are none, every name counts as known.
pub(super) struct Catalogs<'v> {
    documents: Vec<&'v Document>,
    /// Ids of the parts of controls that were looked up, by document and control.
    parts: HashMap<(&'v str, &'v str), HashSet<String>>,
}

impl<'v> Catalogs<'v> {
    pub(super) fn naming(names: &Names<'_>, view: &LibraryView<'v>) -> Self {
        let is_named = |document: &&Document| {
            let mut ids = names.controls.iter();
            ids.any(|id| document.control(id).is_some())
        };
        Self {
            documents: view.documents().filter(is_named).collect(),
            parts: HashMap::new(),
        }
    }

    pub(super) fn have_control(&self, id: &str) -> bool {
        self.documents.is_empty() || self.documents.iter().any(|d| d.control(id).is_some())
    }

    pub(super) fn have_param(&self, id: &str) -> bool {
        let mut catalogs = self.documents.iter();
        self.documents.is_empty() || catalogs.any(|d| d.catalog().param(id).is_some())
    }

    pub(super) fn has_control_of(&self, fragment: &str) -> bool {
        let mut catalogs = self.documents.iter();
        catalogs.any(|document| document.control_of_fragment(fragment).is_some())
    }

    pub(super) fn have_part(&mut self, id: &str) -> bool {
        if self.documents.is_empty() {
            return true;
        }
        let controls = self
            .documents
            .iter()
            .filter_map(|document| document.control_of_fragment(id));
        for control in controls {
            let key = (control.document().info().id.as_str(), control.id());
            let parts = self.parts.entry(key).or_insert_with(|| {
                let mut ids = HashSet::new();
                let control = control.value().unwrap_or_default();
                each_object(&control, "", &Path::Root, &mut |_, holder, object| {
                    let id = object.get("id").and_then(Value::as_str);
                    ids.extend(id.filter(|_| holder == "parts").map(str::to_owned));
                });
                ids
            });
            if parts.contains(id) {
                return true;
            }
        }
        false
    }
}
