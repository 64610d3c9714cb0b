//! What a catalog contains before and after its controls.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use crate::document::Document;
use crate::resolve::json::{self, Object};

/// The name of this program in the catalogs that it writes.
const TOOL: &str = "oscal-mcp-server";

/// What a catalog contains before and after its controls.
pub(crate) struct Head<'s, 'a> {
    pub(crate) uuid: &'s str,
    pub(crate) profile: &'a Document,
    /// The profile's metadata.
    pub(crate) metadata: &'s Object,
    /// The imported documents, each after what it imports.
    pub(crate) sources: &'s [&'a Document],
}

impl Head<'_, '_> {
    /// The profile's metadata, plus which tool made the catalog, and from what.
    pub(super) fn metadata(&self) -> Object {
        let mut metadata = self.metadata.clone();
        let tool = json!({"name": "resolution-tool", "value": TOOL});
        json::extend(&mut metadata, "props", &[tool], true);
        let source = format!("urn:uuid:{}", self.profile.info().id);
        let source = json!({"href": source, "rel": "source-profile"});
        json::extend(&mut metadata, "links", &[source], true);
        metadata
    }

    /// The resources that are referenced or must always be kept, in the order of the sources. If
    /// several have the same uuid, the last one wins; one that must be kept wins over the others.
    pub(super) fn resources(&self, referenced: &HashSet<String>) -> Vec<String> {
        let mut last: HashMap<String, (usize, bool)> = HashMap::new();
        let mut resources = Vec::new();
        for document in self.sources.iter().copied().chain([self.profile]) {
            for (uuid, text) in document.resources_json() {
                let uuid = uuid.to_ascii_lowercase();
                let keep = text.contains("\"keep\"") && is_kept(text);
                if !keep && !referenced.contains(&uuid) {
                    continue;
                }
                let at = resources.len();
                let known = last.entry(uuid).or_insert((at, keep));
                if keep || !known.1 {
                    *known = (at, keep);
                }
                resources.push(text);
            }
        }
        let mut places: Vec<_> = last.into_values().map(|(at, _)| at).collect();
        places.sort_unstable();
        places
            .into_iter()
            .map(|at| resources[at].to_owned())
            .collect()
    }
}

/// Whether a resource has the property `keep` with the value `always`.
fn is_kept(resource: &str) -> bool {
    let resource: Value = serde_json::from_str(resource).unwrap_or_default();
    let props = resource.get("props").and_then(Value::as_array);
    props
        .into_iter()
        .flatten()
        .any(|prop| json::text(prop, "name") == "keep" && json::text(prop, "value") == "always")
}
