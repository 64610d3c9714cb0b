//! Why a profile cannot be resolved.

use crate::document::Document;
use crate::document::error::DocumentError;
use crate::document::model::Model;

/// Why a profile cannot be resolved. Profiles are named by title and id.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum ResolveError {
    #[error("{document} is a {model}, not a profile")]
    NotAProfile { document: String, model: Model },
    #[error("{profile} has a directive that is not supported or not OSCAL 1.2: {source}")]
    Directive {
        profile: String,
        source: serde_json::Error,
    },
    #[error("{profile} contradicts itself: {why}")]
    Contradiction { profile: String, why: String },
    #[error("{profile} has no imports; a profile selects its controls by importing catalogs")]
    NoImports { profile: String },
    #[error(
        "{profile} imports `{href:.200}`, which is not among the documents: {wanted}; load it, or \
         name a loaded catalog or profile to use instead"
    )]
    ImportNotFound {
        profile: String,
        href: String,
        wanted: String,
    },
    #[error(
        "{profile} imports `{href:.200}`, and no document is at that place; with the same file \
         name there is: {candidates}; put the right one where the import says, or name a loaded \
         catalog or profile to use instead"
    )]
    ImportAmbiguous {
        profile: String,
        href: String,
        candidates: String,
    },
    #[error(
        "{profile} imports {document}, which is a {model}; only catalogs and profiles can be \
         imported"
    )]
    NotImportable {
        profile: String,
        document: String,
        model: Model,
    },
    #[error("no document has the id `{0:.60}`, which was given for missing imports")]
    UnknownFallback(String),
    #[error("profiles import each other in a circle: {0}")]
    Cycle(String),
    #[error(
        "more than {0} profiles import each other in a chain, or controls are nested as deeply"
    )]
    TooDeep(usize),
    #[error("the profile takes more work to resolve than any real one; split it")]
    TooLarge,
    #[error("the resolved catalog cannot be served: {0}")]
    Catalog(#[from] DocumentError),
}

/// A document's name in messages.
pub(crate) fn name(document: &Document) -> String {
    let info = document.info();
    if info.version.is_empty() {
        format!("`{:.80}` ({})", info.title, info.id)
    } else {
        format!("`{:.80}` {:.40} ({})", info.title, info.version, info.id)
    }
}
