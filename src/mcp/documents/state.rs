//! What is served: documents, schemas, and what is derived from them.

use oscal_documents::{Library, Schemas};

use super::baselines::Baselines;

/// The most bytes of documents that are searched on the event loop, which takes a millisecond.
const MAX_SMALL: usize = 32 << 20;

/// One state of the documents. A change of the documents directory makes a new one.
pub(in crate::mcp) struct State {
    pub(in crate::mcp) library: Library,
    pub(in crate::mcp) schemas: Schemas,
    pub(super) baselines: Baselines,
    /// Whether everything can be scanned while others wait.
    pub(in crate::mcp) is_small: bool,
}

impl State {
    pub(in crate::mcp) fn new(library: Library, schemas: Schemas) -> Self {
        let view = library.view(|_| true);
        let bytes: usize = view.documents().map(|document| document.json().len()).sum();
        let is_small = bytes <= MAX_SMALL;
        Self {
            library,
            schemas,
            baselines: Baselines::default(),
            is_small,
        }
    }

    /// The next state. Keeps the baselines if the change does not affect them.
    pub(in crate::mcp) fn followed_by(&self, library: Library) -> Self {
        let mut next = Self::new(library, self.schemas.clone());
        if next.library.resolves_as(&self.library) {
            next.baselines = self.baselines.clone();
        }
        next
    }
}
