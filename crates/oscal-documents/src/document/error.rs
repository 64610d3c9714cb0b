//! Why text is not accepted as a document.

use crate::document::model::Model;
use crate::formats::Format;
use crate::formats::error::FormatError;
use crate::json::too_many::{MAX_ITEMS, TooMany};

/// Why text is not accepted as a document.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum DocumentError {
    #[error("not JSON: {0}")]
    NotJson(serde_json::Error),
    #[error("refused: {0}")]
    Refused(serde_json::Error),
    #[error("{0} that cannot be read: {1}")]
    Format(Format, FormatError),
    #[error("larger than 4 GiB; split it")]
    TooLarge,
    #[error("more than {0} values, which no real document has; split it")]
    TooManyValues(usize),
    #[error("a JSON schema, not an OSCAL document; move it to a directory for schemas")]
    Schema,
    #[error(
        "not an OSCAL document: its root has none of the keys {}",
        Model::ALL.map(Model::root_key).join(", ")
    )]
    NoModel,
    #[error("two OSCAL documents in one file, {0} and {1}; split it")]
    SeveralModels(Model, Model),
    #[error("not an OSCAL document: {model} has no {member}")]
    Missing { model: Model, member: &'static str },
    #[error("not an OSCAL document: uuid `{0}` is not a UUID")]
    Uuid(String),
    #[error("more than {MAX_ITEMS} {0}; split it")]
    TooMany(&'static str),
}

impl From<TooMany> for DocumentError {
    fn from(TooMany(what): TooMany) -> Self {
        Self::TooMany(what)
    }
}
