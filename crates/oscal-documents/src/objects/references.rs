//! What an object refers to, and what refers to it.

use std::collections::HashSet;

use uuid::Uuid;

use crate::document::Document;
use crate::json::cursor::decoded;
use crate::library::view::LibraryView;
use crate::objects::index::decoded_id;
use crate::objects::kind;
use crate::objects::object::Object;
use crate::objects::record::Mention;
use crate::resolve::locate::{Located, Locator};

/// The most references that are read of one object.
const MAX_READ: usize = 5_000;

/// A reference between two objects.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ObjectReference<'a> {
    /// The object that refers.
    pub from: Object<'a>,
    /// The member or the property that refers, such as `component-uuid`; `link` and `insert` in
    /// prose; for documents, what imports, such as `import-ssp`.
    pub via: String,
    /// The id, or the address of a document, as it is written.
    pub id: String,
    /// The objects that are meant: those of the same document, or else those of others. None if
    /// nothing that is loaded has the id.
    pub to: Vec<Object<'a>>,
}

impl<'a> LibraryView<'a> {
    /// What refers to an object, in the order of the documents. Roles are referred to only within
    /// their document.
    pub fn references_to(&self, object: Object<'a>) -> Vec<ObjectReference<'a>> {
        let id = object.id();
        let kind = object.kind();
        let is_uuid = Uuid::try_parse(&id).is_ok();
        let mut found = Vec::new();
        for document in self.documents() {
            if kind == "role" && !document.is(object.document()) {
                continue;
            }
            // What another document calls by a uuid that it defines itself is its own.
            if is_uuid && !document.is(object.document()) && document.defines(&id) {
                continue;
            }
            let objects = document.objects();
            for mention in objects.mentions_of(&id, document.json()) {
                let via = objects.member(mention.member);
                if is_uuid || kind::means(via, &kind) {
                    found.push(reference(document, mention, vec![object]));
                }
            }
        }
        if object.is_document() {
            found.extend(self.imports_of(object));
        }
        found
    }

    /// What an object, and what is in it, refers to: each once, in document order.
    pub fn references_from(&self, object: Object<'a>) -> Vec<ObjectReference<'a>> {
        let document = object.document();
        let objects = document.objects();
        let mut known = HashSet::new();
        let mut found = Vec::new();
        if object.is_document() {
            let locator = Locator::new(self);
            for (via, href) in document.imports() {
                let to = imported(&locator, document, &href);
                found.push(ObjectReference {
                    from: object,
                    via,
                    id: href,
                    to: to.into_iter().collect(),
                });
            }
        }
        let mentions = objects.mentions_in(object.record().span).iter();
        let mentions = mentions.filter(|mention| !object.is_document() || mention.owner == 0);
        for mention in mentions.take(MAX_READ) {
            let id = decoded_id(mention.id, document.json());
            let id = id.trim_start_matches('#').to_ascii_lowercase();
            if known.insert((mention.member, id.clone())) {
                let to = self.meant(document, objects.member(mention.member), &id);
                found.push(reference(document, *mention, to));
            }
        }
        found
    }

    /// What a document means by an id.
    pub(crate) fn meant(&self, document: &'a Document, via: &str, id: &str) -> Vec<Object<'a>> {
        let is_uuid = Uuid::try_parse(id).is_ok();
        let is_meant = |object: &Object<'a>| is_uuid || kind::means(via, &object.kind());
        let mut own = document.find_objects(id);
        own.retain(is_meant);
        if !own.is_empty() || via.starts_with("role") {
            return own;
        }
        let others = self.documents().filter(|other| !other.is(document));
        let found = others.flat_map(|other| other.find_objects(id));
        found.filter(is_meant).collect()
    }

    /// The documents that import this one.
    fn imports_of(&self, object: Object<'a>) -> Vec<ObjectReference<'a>> {
        let locator = Locator::new(self);
        let mut found = Vec::new();
        for document in self.documents() {
            for (via, href) in document.imports() {
                if imported(&locator, document, &href) == Some(object) {
                    found.push(ObjectReference {
                        from: Object::new(document, 0),
                        via,
                        id: href,
                        to: vec![object],
                    });
                }
            }
        }
        found
    }
}

/// The document that an import means.
fn imported<'a>(locator: &Locator<'_, 'a>, document: &Document, href: &str) -> Option<Object<'a>> {
    match locator.locate(document, href) {
        Located::Found(found) | Located::Alike(found) => Some(Object::new(found, 0)),
        Located::Guessed(_) | Located::Missing(_) | Located::Ambiguous(_) => None,
    }
}

impl Document {
    /// The addresses of the documents that it imports, with the members that hold them.
    fn imports(&self) -> Vec<(String, String)> {
        let imports = self.objects().imports();
        let texts = imports.map(|(member, span)| {
            let href = decoded(span.of(self.json())).into_owned();
            (member.to_owned(), href)
        });
        let mut known = HashSet::new();
        let texts = texts.filter(|import| known.insert(import.clone()));
        texts.collect()
    }

    fn defines(&self, id: &str) -> bool {
        self.objects().with_id(id, self.json()).next().is_some()
    }
}

fn reference<'a>(
    document: &'a Document,
    mention: Mention,
    to: Vec<Object<'a>>,
) -> ObjectReference<'a> {
    let id = decoded_id(mention.id, document.json());
    ObjectReference {
        from: Object::new(document, mention.owner),
        via: document.objects().member(mention.member).to_owned(),
        id: id.trim_start_matches('#').to_owned(),
        to,
    }
}
