//! Records which documents are served.

use std::collections::BTreeMap;

use oscal_documents::{Document, Library, LibraryView};

use super::{
    event::{Event, LoadedDocument},
    hash::sha256,
    log::AuditLog,
};

/// Records which documents are new, changed or gone. Only these are hashed.
pub(crate) fn record_changes(log: &AuditLog, before: &Library, after: &Library) {
    let (before, after) = (before.view(|_| true), after.view(|_| true));
    let record = |event, document: &Document| {
        let info = document.info();
        let mut event = Event::new(event);
        event.document = Some(LoadedDocument {
            id: info.id.clone(),
            model: info.model.root_key(),
            version: info.version.clone(),
            file: document.file().to_owned(),
            sha256: sha256(document.json()),
        });
        log.record(event);
    };
    let mut gone = by_id(&before);
    for (id, document) in by_id(&after) {
        match gone.remove(id) {
            None => record("document.loaded", document),
            Some(old) if old.json() != document.json() => record("document.changed", document),
            Some(_) => {}
        }
    }
    for document in gone.into_values() {
        record("document.removed", document);
    }
}

fn by_id<'a>(view: &LibraryView<'a>) -> BTreeMap<&'a str, &'a Document> {
    let documents = view.documents();
    documents
        .map(|document| (&*document.info().id, document))
        .collect()
}
