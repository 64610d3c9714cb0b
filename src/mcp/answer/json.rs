//! What a tool answers: JSON as structured content, and the same as text for clients that read
//! text only.

use std::marker::PhantomData;

use rmcp::{
    ErrorData,
    handler::server::tool::IntoCallToolResult,
    model::{CallToolResponse, CallToolResult, ContentBlock},
};
use serde::Serialize;

/// An answer of the shape `T`, ready to be sent. `rmcp`'s macro reads the tool's output schema
/// from this name and `T`.
///
/// Unlike `rmcp`'s type of this name it is made where the tool wants: a large answer takes a
/// millisecond, which a worker has and an event loop has not.
pub(in crate::mcp) struct Json<T> {
    result: serde_json::Result<CallToolResult>,
    shape: PhantomData<fn() -> T>,
}

impl<T: Serialize> Json<T> {
    pub(in crate::mcp) fn of(answer: &T) -> Self {
        Self {
            result: result(answer),
            shape: PhantomData,
        }
    }
}

fn result(answer: &impl Serialize) -> serde_json::Result<CallToolResult> {
    let text = serde_json::to_string(answer)?;
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
