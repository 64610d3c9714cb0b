//! A tool's answer: JSON as structured content, and text for a model to read.

use std::marker::PhantomData;

use rmcp::{
    ErrorData,
    handler::server::tool::IntoCallToolResult,
    model::{CallToolResponse, CallToolResult, ContentBlock},
};
use serde::Serialize;

/// An answer of type `T`, ready to send. `rmcp`'s macro derives the tool's output schema from the
/// name of this type and from `T`.
///
/// Unlike `rmcp`'s type of the same name, it is built where the tool wants: a large answer takes a
/// millisecond, which a worker can spare and an event loop cannot.
pub(in crate::mcp) struct Json<T> {
    result: serde_json::Result<CallToolResult>,
    shape: PhantomData<fn() -> T>,
}

impl<T: Serialize> Json<T> {
    /// With Markdown as text, which says the same as `answer`.
    pub(in crate::mcp) fn with_text(answer: &T, markdown: String) -> Self {
        Self {
            result: result(answer, markdown),
            shape: PhantomData,
        }
    }
}

fn result(answer: &impl Serialize, text: String) -> serde_json::Result<CallToolResult> {
    let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
    result.structured_content = Some(serde_json::to_value(answer)?);
    Ok(result)
}

impl<T> IntoCallToolResult for Json<T> {
    fn into_call_tool_result(self) -> Result<CallToolResponse, ErrorData> {
        let failed = |_error| ErrorData::internal_error("the answer cannot be written", None);
        Ok(self.result.map_err(failed)?.into())
    }
}
