//! Why a tool call failed.

use std::sync::Arc;

use oscal_documents::{LibraryView, OutlineError, ResolveError, TooLarge, UnknownModel};
use rmcp::{
    ErrorData,
    handler::server::tool::IntoCallToolResult,
    model::{CallToolResponse, CallToolResult, ContentBlock},
};
use rmcp_resource_server::{InsufficientScope, NoAccessToken};

use super::{advice::advice, text::shortened};
use crate::mcp::workers::NotDone;

/// Why a tool call failed, in words that a model can act on.
#[derive(Debug, thiserror::Error)]
pub(in crate::mcp) enum ToolError {
    #[error("no document has the id {0:?}; list_documents shows the ids")]
    UnknownDocument(String),
    #[error("no control {reference:?} {place}; {advice}")]
    UnknownControl {
        reference: String,
        place: String,
        advice: &'static str,
    },
    #[error("the document {0:?} is not a catalog: it has no controls of its own")]
    NoCatalog(String),
    #[error("no catalog is loaded: {0}")]
    NoCatalogLoaded(&'static str),
    #[error("{name:?} is {error}")]
    UnknownModel { name: String, error: UnknownModel },
    #[error("nothing has the id {id:?}; {advice}")]
    UnknownObject { id: String, advice: String },
    #[error("{field}: {problem}")]
    Argument {
        field: &'static str,
        problem: String,
    },
    #[error("give either {0} or {1}, not both and not neither")]
    EitherOr(&'static str, &'static str),
    #[error("this answer would have {size} bytes; {advice}")]
    AnswerTooLarge { size: usize, advice: &'static str },
    #[error(transparent)]
    Resolve(#[from] Arc<ResolveError>),
    #[error(transparent)]
    Outline(#[from] OutlineError),
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    #[error(transparent)]
    NotDone(#[from] NotDone),
    #[error(transparent)]
    Token(#[from] NoAccessToken),
    #[error(transparent)]
    Scope(#[from] InsufficientScope),
}

impl ToolError {
    /// No control has this name.
    pub(in crate::mcp) fn unknown_control(
        reference: &str,
        place: String,
        documents: &LibraryView<'_>,
    ) -> Self {
        let advice = advice(documents);
        Self::UnknownControl {
            reference: shortened(reference),
            place,
            advice: advice.unwrap_or("try search with words of its title"),
        }
    }
}

impl IntoCallToolResult for ToolError {
    fn into_call_tool_result(self) -> Result<CallToolResponse, ErrorData> {
        Ok(CallToolResult::error(vec![ContentBlock::text(self.to_string())]).into())
    }
}

/// Unlike tools, resources, prompts and completion cannot return an error as a result.
impl From<ToolError> for ErrorData {
    fn from(error: ToolError) -> Self {
        match error {
            ToolError::Token(error) => error.into(),
            ToolError::Scope(error) => error.into(),
            _ => Self::invalid_params(error.to_string(), None),
        }
    }
}
