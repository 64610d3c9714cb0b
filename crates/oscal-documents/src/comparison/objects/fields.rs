//! The members of an object, each with a name that stays the same when others come or go.

use std::collections::HashMap;
use std::convert::Infallible;

use crate::document::Document;
use crate::document::entry_kind::EntryKind;
use crate::document::model::Model;
use crate::json::budget::floor_char_boundary;
use crate::json::cursor::{Cursor, decoded};

/// Objects deeper than this are taken as one text.
const MAX_DEPTH: usize = 12;

/// The longest name of an element, in bytes.
const MAX_NAME: usize = 60;

/// The members that can name an element of a list, most telling first.
const NAMING: [&str; 11] = [
    "statement-id",
    "component-uuid",
    "param-id",
    "control-id",
    "role-id",
    "name",
    "title",
    "id",
    "href",
    "identifier",
    "uuid",
];

/// Titles of a document's objects by their uuids.
pub(super) struct Names(HashMap<String, String>);

impl Names {
    pub(super) fn of(document: &Document) -> Self {
        let entries = document.entries().iter();
        let titled = entries.filter(|entry| {
            entry.kind != EntryKind::Document && !entry.id.is_empty() && !entry.title.is_empty()
        });
        Self(
            titled
                .map(|entry| {
                    (
                        entry.id.to_ascii_lowercase(),
                        entry.title.as_ref().to_owned(),
                    )
                })
                .collect(),
        )
    }

    /// The title of an object with this uuid, or the text as it is.
    fn shown(&self, text: String) -> String {
        match self.0.get(&text.to_ascii_lowercase()) {
            Some(title) => title.clone(),
            None => text,
        }
    }
}

/// The members of an object with their texts, in its order: `statements[ac-1_smt.a].description`.
/// Uuids and objects that are compared on their own are left out; a reference to an object is its
/// title.
pub(super) fn fields(json: &str, names: &Names) -> Vec<(String, String)> {
    let mut walk = Walk {
        names,
        found: Vec::new(),
    };
    let root = Cursor::new(json).peek() == b'{' && is_document(json);
    walk.value(
        json,
        &mut String::new(),
        if root { Place::Root } else { Place::Object },
        0,
    );
    walk.found
}

/// Whether this is the text of a document rather than of an object in it.
fn is_document(json: &str) -> bool {
    let mut found = false;
    let Ok(()) = Cursor::new(json).object(|cursor, name| {
        found |= Model::from_root_key(name).is_some() && cursor.peek() == b'{';
        Ok::<_, Infallible>(())
    });
    found
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// The object whose member is the document.
    Root,
    /// The document.
    Document,
    Metadata,
    Object,
}

struct Walk<'n> {
    names: &'n Names,
    found: Vec<(String, String)>,
}

impl Walk<'_> {
    fn value(&mut self, json: &str, path: &mut String, place: Place, depth: usize) {
        match json.as_bytes().first() {
            Some(b'{') if depth < MAX_DEPTH => self.object(json, path, place, depth),
            Some(b'[') if depth < MAX_DEPTH => self.array(json, path, depth),
            Some(b'"') => {
                let text = self.names.shown(decoded(json).into_owned());
                self.found.push((path.clone(), text));
            }
            Some(_) => self.found.push((path.clone(), json.to_owned())),
            None => {}
        }
    }

    fn object(&mut self, json: &str, path: &mut String, place: Place, depth: usize) {
        let Ok(()) = Cursor::new(json).object(|cursor, name| {
            let value = cursor.skip().of(json);
            let is_list_of_entries =
                EntryKind::of_member(name).is_some() && value.starts_with("[{");
            let passed_over = match place {
                Place::Root => Model::from_root_key(name).is_none(),
                Place::Metadata => matches!(name, "last-modified" | "version" | "published"),
                Place::Document | Place::Object => name == "uuid",
            };
            // The title of an object is a change of its own.
            let is_title = depth == 0 && name == "title" && place == Place::Object;
            if passed_over || is_title || is_list_of_entries {
                return Ok::<_, Infallible>(());
            }
            let inner = match (place, name) {
                (Place::Root, _) => Place::Document,
                (Place::Document, "metadata") => Place::Metadata,
                _ => Place::Object,
            };
            let before = path.len();
            if place != Place::Root {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(&name[..floor_char_boundary(name, MAX_NAME)]);
            }
            self.value(value, path, inner, depth + 1);
            path.truncate(before);
            Ok(())
        });
    }

    fn array(&mut self, json: &str, path: &mut String, depth: usize) {
        let mut scalars: Vec<String> = Vec::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        let Ok(()) = Cursor::new(json).array(|cursor| {
            let element = cursor.skip().of(json);
            if !element.starts_with('{') {
                scalars.push(self.names.shown(decoded(element).into_owned()));
                return Ok::<_, Infallible>(());
            }
            let mut name = self.name(element);
            let number = known.entry(name.clone()).or_default();
            *number += 1;
            if *number > 1 {
                name += &format!(" {number}");
            }
            let before = path.len();
            *path += &format!("[{name}]");
            self.value(element, path, Place::Object, depth + 1);
            path.truncate(before);
            Ok(())
        });
        if !scalars.is_empty() {
            self.found.push((path.clone(), scalars.join("; ")));
        }
    }

    /// What names an element of a list.
    fn name(&self, element: &str) -> String {
        let mut best: Option<(usize, String)> = None;
        let Ok(()) = Cursor::new(element).object(|cursor, name| {
            let rank = NAMING.iter().position(|naming| *naming == name);
            if let Some(rank) = rank.filter(|rank| best.as_ref().is_none_or(|b| *rank < b.0)) {
                best = cursor.string().map(|text| (rank, text)).or(best.take());
            }
            Ok::<_, Infallible>(())
        });
        let mut name = best.map_or_else(String::new, |(_, text)| self.names.shown(text));
        name.truncate(floor_char_boundary(&name, MAX_NAME));
        name
    }
}
