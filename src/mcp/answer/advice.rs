//! What to do if documents are missing.

use oscal_documents::{Contents, LibraryView};

/// How to load more documents, for a caller who does not find what they need.
pub(crate) fn advice(documents: &LibraryView<'_>) -> Option<&'static str> {
    match documents.contents() {
        Contents::Documents => None,
        Contents::BuiltInOnly => Some(
            "only the built-in documents are loaded; to load others, start the server with \
             --documents-dir (OSCAL_DOCUMENTS_DIR) and a directory of OSCAL files, such as \
             one made by scripts/fetch-oscal-content",
        ),
        Contents::Nothing => Some(
            "no documents are loaded; start the server with --documents-dir (OSCAL_DOCUMENTS_DIR) \
             and a directory of OSCAL files, such as one made by scripts/fetch-oscal-content",
        ),
    }
}
