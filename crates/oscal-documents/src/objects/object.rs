//! An object of a loaded document.

use std::collections::BTreeMap;
use std::convert::Infallible;

use serde_json::{Map, Value};

use crate::document::Document;
use crate::json::budget::floor_char_boundary;
use crate::json::cursor::{Cursor, Span, decoded};
use crate::objects::index::decoded_id;
use crate::objects::kind;
use crate::objects::record::Record;

/// The longest title, in characters. Objects without one are called by the beginning of their text.
const MAX_TITLE: usize = 120;

/// Something with an id in a document: a component, a party, a finding, a part of a control and so
/// on. Cheap to copy; nothing is parsed until it is needed.
#[derive(Debug, Clone, Copy)]
pub struct Object<'a> {
    document: &'a Document,
    number: u32,
}

impl<'a> Object<'a> {
    pub(super) fn new(document: &'a Document, number: u32) -> Self {
        Self { document, number }
    }

    /// The document that the object is in.
    pub fn document(self) -> &'a Document {
        self.document
    }

    /// The uuid or id, as the document writes it.
    pub fn id(self) -> String {
        decoded_id(self.record().id, self.document.json()).into_owned()
    }

    /// What it is, by OSCAL's names: `component`, `party`, `finding`, `poam-item`, `parameter`. The
    /// document itself is a `document`.
    pub fn kind(self) -> String {
        if self.is_document() {
            return "document".to_owned();
        }
        kind::of_member(self.document.objects().member(self.record().member))
    }

    /// Its title or name, or else the control that it is about or the beginning of its text. Empty
    /// if it has none of these.
    pub fn title(self) -> String {
        if self.is_document() {
            return self.document.info().title.clone();
        }
        let text = decoded(self.record().title.of(self.document.json()));
        let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some((end, _)) = line.char_indices().nth(MAX_TITLE) {
            line.truncate(end);
            line.push('…');
        }
        line
    }

    /// The innermost object around it; none around the document.
    pub fn outer(self) -> Option<Object<'a>> {
        let outer = self.record().outer;
        (!self.is_document()).then(|| Self::new(self.document, outer))
    }

    /// Whether it is the document itself.
    pub fn is_document(self) -> bool {
        self.number == 0
    }

    /// The object as compact JSON, with all that is in it.
    pub fn json(self) -> &'a str {
        self.record().span.of(self.document.json())
    }

    /// The object's members, up to about `limit` bytes of JSON. Of a document, only its metadata,
    /// its imports, and what is as short.
    pub fn content(self, limit: usize) -> ObjectContent {
        let mut content = ObjectContent::default();
        let mut left = limit;
        let text = self.json();
        let Ok(()) = Cursor::new(text).object(|cursor, name| {
            let is_text = cursor.peek() == b'"';
            let member = cursor.skip();
            let is_asked = is_text || !self.is_document() || is_head(name);
            if is_asked && member.len() <= left {
                let value = serde_json::from_str(member.of(text)).unwrap_or_default();
                content.members.insert(name.to_owned(), value);
            } else if is_text {
                let mut whole = decoded(member.of(text)).into_owned();
                whole.truncate(floor_char_boundary(&whole, left));
                whole.push('…');
                content.members.insert(name.to_owned(), whole.into());
            } else {
                content
                    .left_out
                    .insert(name.to_owned(), elements(member, text));
                return Ok::<_, Infallible>(());
            }
            left = left.saturating_sub(member.len());
            Ok(())
        });
        content
    }

    pub(super) fn record(self) -> &'a Record {
        &self.document.objects().objects()[self.number as usize]
    }
}

impl PartialEq for Object<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number && self.document.is(other.document)
    }
}

/// The members of an object.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ObjectContent {
    /// As OSCAL writes them. Long text is cut, and ends with `…`.
    pub members: Map<String, Value>,
    /// The members that are left out, with the numbers of their elements.
    pub left_out: BTreeMap<String, usize>,
}

/// Whether a member of a document says what the document is.
fn is_head(name: &str) -> bool {
    matches!(name, "metadata" | "system-id" | "provenance") || name.starts_with("import")
}

/// The number of elements of an array, or of members of an object.
fn elements(value: Span, text: &str) -> usize {
    let mut count = 0;
    let mut cursor = Cursor::at(text, value.start() as usize);
    let counted = match cursor.peek() {
        b'{' => cursor.object(|_, _| {
            count += 1;
            Ok::<_, Infallible>(())
        }),
        _ => cursor.array(|_| {
            count += 1;
            Ok(())
        }),
    };
    let Ok(()) = counted;
    count
}
