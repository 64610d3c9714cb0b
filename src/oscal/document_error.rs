//! Why a text is not served as a document.

use super::model::Model;

/// How many controls a document may have, or groups, or parameters, and so on. SP 800-53 has
/// 1,196 controls with 1,600 parameters.
const MAX_ITEMS: usize = 100_000;

/// Why a text is not served as a document.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum DocumentError {
    #[error("not JSON: {0}")]
    NotJson(serde_json::Error),
    #[error("refused: {0}")]
    Refused(serde_json::Error),
    #[error("larger than 4 GiB; split it")]
    TooLarge,
    #[error("more than {0} values, which no real document has; split it")]
    TooManyValues(usize),
    #[error("a JSON schema and not an OSCAL document; move it to a directory for schemas")]
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
    #[error("the control with title `{title:.60}` has no id")]
    ControlWithoutId { title: String },
    #[error("two controls have the id `{0:.60}`")]
    DuplicateControl(String),
    #[error("{member} of control `{control:.60}`: {source}")]
    Control {
        control: String,
        member: &'static str,
        source: serde_json::Error,
    },
}

impl DocumentError {
    /// An error if there are so many of these that there may not be another one.
    pub(super) fn if_too_many<T>(items: &[T], what: &'static str) -> Result<(), Self> {
        if items.len() < MAX_ITEMS {
            Ok(())
        } else {
            Err(Self::TooMany(what))
        }
    }
}
