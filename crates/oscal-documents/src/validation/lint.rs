//! What a schema cannot check: duplicates, dangling references, unused parameters.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use crate::document::Document;
use crate::document::model::Model;
use crate::library::view::LibraryView;
use crate::validation::finding::{Findings, Path, quoted_text};
use crate::validation::names::{Names, anchor, each_object, id_of, inserts, texts};

/// The places in a document that look wrong. Controls that it names are looked up in the catalogs
/// of `view` that contain at least one of them.
pub(super) fn lint(
    document: &Value,
    model: Option<Model>,
    view: &LibraryView<'_>,
    cap: usize,
) -> Findings {
    let names = Names::of(document);
    let mut lint = Lint {
        model,
        catalogs: Catalogs::naming(&names, view),
        has_local_components: has_local_components(document, model),
        names: &names,
        seen: HashSet::new(),
        seen_uuids: HashSet::new(),
        found: Findings::new(cap),
    };
    each_object(document, "", &Path::Root, &mut |path, holder, object| {
        lint.object(path, holder, object);
    });
    lint.found
}

/// Whether a component that the document names must be in it. An assessment also names components
/// of the system, and a component definition those of imported definitions.
fn has_local_components(document: &Value, model: Option<Model>) -> bool {
    match model {
        Some(Model::SystemSecurityPlan) => true,
        Some(Model::ComponentDefinition) => {
            document["component-definition"]["import-component-definitions"].is_null()
        }
        _ => false,
    }
}

/// What kind of thing a member names by its uuid in the same document.
fn named_by(member: &str) -> Option<&'static str> {
    match member {
        "component-uuid" => Some("component"),
        "location-uuids" => Some("location"),
        "member-of-organizations" | "party-uuid" | "party-uuids" => Some("party"),
        "observation-uuid" => Some("observation"),
        "risk-uuid" => Some("risk"),
        _ => None,
    }
}

struct Lint<'d> {
    model: Option<Model>,
    catalogs: Catalogs<'d>,
    has_local_components: bool,
    names: &'d Names<'d>,
    seen: HashSet<(&'d str, &'d str)>,
    seen_uuids: HashSet<Cow<'d, str>>,
    found: Findings,
}

impl<'d> Lint<'d> {
    fn object(&mut self, path: &Path<'_>, holder: &'d str, object: &'d Map<String, Value>) {
        if let Some((holder, id)) = id_of(holder, object) {
            self.id(&path.member("id"), holder, id);
        }
        for (name, value) in object {
            let path = path.member(name);
            for (index, text) in texts(value) {
                match index {
                    None => self.text(&path, name, text),
                    Some(index) => self.text(&path.element(index), name, text),
                }
            }
        }
    }

    fn id(&mut self, path: &Path<'_>, holder: &'d str, id: &'d str) {
        if !self.seen.insert((holder, id)) {
            self.found.push(path, "duplicate-id", || {
                format!(
                    "another one of the {holder} also has the id {}",
                    quoted_text(id)
                )
            });
        } else if holder == "params"
            && self.model == Some(Model::Catalog)
            && !self.names.inserted.contains(id)
        {
            self.found.push(path, "unused-parameter", || {
                format!("no text inserts the parameter {}", quoted_text(id))
            });
        }
    }

    fn text(&mut self, path: &Path<'_>, name: &str, text: &'d str) {
        match name {
            "uuid" if !self.seen_uuids.insert(anchor(text)) => {
                self.found.push(path, "duplicate-uuid", || {
                    format!("another object also has the uuid {}", quoted_text(text))
                });
            }
            "href" => self.href(path, text),
            "role-id" | "role-ids" if !self.names.has_id("roles", text) => {
                self.dangling(path, "role", text);
            }
            "control-id" | "with-ids" if !self.catalogs.have_control(text) => {
                self.not_in_catalogs(path, "unknown-control", "control", text);
            }
            "statement-id" if !self.catalogs.have_part(text) => {
                self.not_in_catalogs(path, "unknown-statement", "statement", text);
            }
            "param-id" if !self.has_param(text) => {
                self.not_in_catalogs(path, "unknown-parameter", "parameter", text);
            }
            _ => {
                if let Some(noun) = named_by(name)
                    && (noun != "component" || self.has_local_components)
                    && !self.names.has_anchor(text)
                {
                    self.dangling(path, noun, text);
                }
                self.inserts(path, text);
            }
        }
    }

    fn inserts(&mut self, path: &Path<'_>, prose: &'d str) {
        // Any text in double braces may look like the older form.
        for insert in inserts(prose).filter(|insert| !insert.legacy) {
            if !self.has_param(insert.id) {
                self.found.push(path, "unknown-parameter", || {
                    format!(
                        "inserts the parameter {}, which is not defined",
                        quoted_text(insert.id)
                    )
                });
            }
        }
    }

    fn has_param(&self, id: &'d str) -> bool {
        let is_elsewhere = self.model != Some(Model::Catalog) && self.catalogs.have_param(id);
        is_elsewhere || self.names.has_id("params", id)
    }

    fn href(&mut self, path: &Path<'_>, href: &str) {
        let Some(id) = href.strip_prefix('#').filter(|id| !id.is_empty()) else {
            return;
        };
        if !self.names.has_anchor(id) && !self.catalogs.has_control_of(id) {
            self.found.push(path, "dangling-reference", || {
                format!("{} points to nothing in this document", quoted_text(href))
            });
        }
    }

    fn dangling(&mut self, path: &Path<'_>, noun: &str, id: &str) {
        self.found.push(path, "dangling-reference", || {
            format!("this document defines no {noun} {}", quoted_text(id))
        });
    }

    fn not_in_catalogs(&mut self, path: &Path<'_>, rule: &str, noun: &str, id: &str) {
        self.found.push(path, rule, || {
            format!(
                "no loaded catalog that this document uses has the {noun} {}",
                quoted_text(id)
            )
        });
    }
}

/// The loaded catalogs that a document uses. If there are none, every name counts as known.
struct Catalogs<'v> {
    documents: Vec<&'v Document>,
    /// Ids of the parts of controls that were looked up, by document and control.
    parts: HashMap<(&'v str, &'v str), HashSet<String>>,
}

impl<'v> Catalogs<'v> {
    fn naming(names: &Names<'_>, view: &LibraryView<'v>) -> Self {
        let is_named = |document: &&Document| {
            let mut ids = names.controls.iter();
            ids.any(|id| document.control(id).is_some())
        };
        Self {
            documents: view.documents().filter(is_named).collect(),
            parts: HashMap::new(),
        }
    }

    fn have_control(&self, id: &str) -> bool {
        self.documents.is_empty() || self.documents.iter().any(|d| d.control(id).is_some())
    }

    fn have_param(&self, id: &str) -> bool {
        let mut catalogs = self.documents.iter();
        self.documents.is_empty() || catalogs.any(|d| d.catalog().param(id).is_some())
    }

    fn has_control_of(&self, fragment: &str) -> bool {
        let mut catalogs = self.documents.iter();
        catalogs.any(|document| document.control_of_fragment(fragment).is_some())
    }

    fn have_part(&mut self, id: &str) -> bool {
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
