//! Records which documents are served.

use std::collections::BTreeMap;

use oscal_documents::Library;

use super::{
    event::{Event, LoadedDocument},
    hash::sha256,
    log::AuditLog,
};

/// Records which documents are new, changed or gone.
pub(crate) fn record_changes(log: &AuditLog, before: &Library, after: &Library) {
    let loaded = |library: &Library| -> BTreeMap<String, LoadedDocument> {
        let view = library.view(|_| true);
        let documents = view.documents().map(|document| {
            let info = document.info();
            let loaded = LoadedDocument {
                id: info.id.clone(),
                model: info.model.root_key(),
                version: info.version.clone(),
                file: document.file().to_owned(),
                sha256: sha256(document.json()),
            };
            (info.id.clone(), loaded)
        });
        documents.collect()
    };
    let (before, after) = (loaded(before), loaded(after));
    let record = |event, document: &LoadedDocument| {
        let mut event = Event::new(event);
        event.document = Some(document.clone());
        log.record(event);
    };
    for (id, document) in &after {
        match before.get(id) {
            None => record("document.loaded", document),
            Some(old) if old.sha256 != document.sha256 => record("document.changed", document),
            Some(_) => {}
        }
    }
    for (_, document) in before.iter().filter(|(id, _)| !after.contains_key(*id)) {
        record("document.removed", document);
    }
}
