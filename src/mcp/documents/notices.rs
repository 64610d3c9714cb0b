//! Notices about documents that every tool adds to its answer.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use rmcp::model::{CallToolResponse, ContentBlock};
use serde_json::Value;

/// The member of structured content that lists them.
const MEMBER: &str = "warnings";

/// What the answer to one request has to say. Clones share it.
#[derive(Debug, Clone, Default)]
pub(in crate::mcp) struct Notices(Arc<Mutex<BTreeSet<String>>>);

impl Notices {
    pub(super) fn add(&self, notices: &[String]) {
        if !notices.is_empty() {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.extend(notices.iter().cloned());
        }
    }

    /// All of them, in a stable order.
    pub(in crate::mcp) fn take(&self) -> BTreeSet<String> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *all)
    }

    /// Adds them to a tool's answer, unless it says them already.
    pub(in crate::mcp) fn add_to(&self, answer: &mut CallToolResponse) {
        let CallToolResponse::Complete(result) = answer else {
            return;
        };
        for notice in self.take() {
            let texts = result.content.iter().filter_map(ContentBlock::as_text);
            let mut texts = texts.map(|text| &text.text);
            // In JSON text, quotation marks would be escaped; notices have none.
            if !texts.any(|text| text.contains(&notice)) {
                let text = format!("Warning: {notice}");
                result.content.push(ContentBlock::text(text));
            }
            if let Some(Value::Object(members)) = &mut result.structured_content {
                let list = members
                    .entry(MEMBER)
                    .or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(list) = list
                    && !list.iter().any(|known| known == &notice)
                {
                    list.push(notice.into());
                }
            }
        }
    }
}
