//! What a schema cannot check: duplicates, dangling references, unused parameters.

mod catalogs;
mod components;

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::document::Document;
use crate::document::model::Model;
use crate::library::view::LibraryView;
use crate::validation::finding::{Findings, Path, quoted_text};
use crate::validation::lint::catalogs::Catalogs;
use crate::validation::lint::components::Components;
use crate::validation::names::{Names, anchor, each_object, id_of, inserts, texts};

/// The places in a document that look wrong. Controls that it names are looked up in the catalogs
/// of `view` that contain at least one of them. `loaded` is the document, if it is a loaded one.
pub(super) fn lint(
    document: &Value,
    loaded: Option<&Document>,
    model: Option<Model>,
    view: &LibraryView<'_>,
    cap: usize,
) -> Findings {
    let names = Names::of(document);
    let mut lint = Lint {
        model,
        catalogs: Catalogs::naming(&names, view),
        components: Components::of(document, loaded, model, view),
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
    components: Components,
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
                    && !self.names.has_anchor(text)
                    && (noun != "component" || self.components.are_without(text))
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
