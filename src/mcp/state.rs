//! What is served: documents, schemas, and what is made of them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::oscal::{Document, Library, ResolveError, Resolved, Schemas};

/// The most resolved catalogs kept; each takes as much memory as a catalog.
const MAX_RESOLVED: usize = 8;

/// One state of the documents. A change of the documents directory makes a new one.
pub(super) struct State {
    pub(super) library: Library,
    pub(super) schemas: Schemas,
    resolved: Mutex<HashMap<String, Arc<Document>>>,
}

impl State {
    pub(super) fn new(library: Library, schemas: Schemas) -> Self {
        Self {
            library,
            schemas,
            resolved: Mutex::default(),
        }
    }

    /// The resolved catalog of a profile, made once.
    pub(super) fn resolved_catalog(
        &self,
        resolved: &Resolved<'_>,
    ) -> Result<Arc<Document>, ResolveError> {
        let kept = || self.resolved.lock().unwrap_or_else(PoisonError::into_inner);
        let uuid = resolved.uuid();
        if let Some(document) = kept().get(&uuid) {
            return Ok(document.clone());
        }
        let document = Arc::new(resolved.document()?);
        let mut kept = kept();
        if kept.len() >= MAX_RESOLVED {
            kept.clear();
        }
        kept.insert(uuid, document.clone());
        Ok(document)
    }
}
