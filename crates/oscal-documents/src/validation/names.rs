//! The names that a document defines and uses: the first of the two passes for warnings.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::control::substitution::insert::Insert;
use crate::validation::finding::Path;

/// The members whose objects have an `id` that must be unique within the member.
const WITH_ID: [&str; 5] = ["controls", "groups", "params", "parts", "roles"];

/// The names in a document.
#[derive(Default)]
pub(super) struct Names<'d> {
    /// Ids, with the member that contains the objects.
    ids: HashSet<(&'d str, &'d str)>,
    /// Ids and uuids: what a link may point to.
    anchors: HashSet<Cow<'d, str>>,
    /// Parameters that any text or parameter inserts.
    pub(super) inserted: HashSet<&'d str>,
    /// Controls of other documents that this one names.
    pub(super) controls: HashSet<&'d str>,
}

impl<'d> Names<'d> {
    pub(super) fn of(document: &'d Value) -> Self {
        let mut names = Self::default();
        each_object(document, "", &Path::Root, &mut |_, holder, object| {
            names.object(holder, object);
        });
        names
    }

    pub(super) fn has_id(&self, holder: &'d str, id: &'d str) -> bool {
        self.ids.contains(&(holder, id))
    }

    /// Whether an object has this id or uuid.
    pub(super) fn has_anchor(&self, id: &str) -> bool {
        self.anchors.contains(&anchor(id))
    }

    fn object(&mut self, holder: &'d str, object: &'d Map<String, Value>) {
        if let Some((holder, id)) = id_of(holder, object) {
            self.ids.insert((holder, id));
            self.anchors.insert(anchor(id));
        }
        let is_aggregate =
            holder == "props" && object.get("name").is_some_and(|name| name == "aggregates");
        for (name, value) in object {
            for (_, text) in texts(value) {
                match name.as_str() {
                    "uuid" => drop(self.anchors.insert(anchor(text))),
                    "control-id" | "with-ids" => drop(self.controls.insert(text)),
                    "value" if is_aggregate => drop(self.inserted.insert(text)),
                    _ => self.inserted.extend(inserts(text).map(|insert| insert.id)),
                }
            }
        }
    }
}

/// The id of an object that must be unique, and the member that contains the object.
pub(super) fn id_of<'d>(
    holder: &'d str,
    object: &'d Map<String, Value>,
) -> Option<(&'d str, &'d str)> {
    if !WITH_ID.contains(&holder) {
        return None;
    }
    Some((holder, object.get("id")?.as_str()?))
}

/// The form for comparing ids and uuids: uuids in lower case (RFC 9562 section 4).
pub(super) fn anchor(id: &str) -> Cow<'_, str> {
    let is_uuid = id.len() == 36 && id.as_bytes()[8] == b'-';
    if is_uuid && id.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(id.to_ascii_lowercase())
    } else {
        Cow::Borrowed(id)
    }
}

/// The text of a member, or the texts in its array with their indexes.
pub(super) fn texts(value: &Value) -> impl Iterator<Item = (Option<usize>, &str)> {
    let elements = value.as_array().map_or(&[][..], Vec::as_slice);
    let elements = elements.iter().enumerate();
    let elements = elements.filter_map(|(index, element)| Some((Some(index), element.as_str()?)));
    value
        .as_str()
        .map(|text| (None, text))
        .into_iter()
        .chain(elements)
}

/// The places in prose where parameters go.
pub(super) fn inserts(prose: &str) -> impl Iterator<Item = Insert<'_>> {
    let mut rest = prose;
    std::iter::from_fn(move || {
        let insert = Insert::first_in(rest)?;
        rest = &rest[insert.end..];
        Some(insert)
    })
}

/// Visits all objects in document order, each with the name of the member that contains it.
pub(super) fn each_object<'d>(
    value: &'d Value,
    holder: &'d str,
    path: &Path<'_>,
    visit: &mut impl FnMut(&Path<'_>, &'d str, &'d Map<String, Value>),
) {
    match value {
        Value::Object(object) => {
            visit(path, holder, object);
            for (name, member) in object {
                each_object(member, name, &path.member(name), visit);
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                each_object(element, holder, &path.element(index), visit);
            }
        }
        _ => {}
    }
}
