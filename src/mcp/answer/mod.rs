//! What answers are made of: shared parts, errors, JSON and Markdown, and limits that keep each
//! answer small enough for a model's context.

mod advice;
mod error;
mod json;
pub(super) mod markdown;
mod named;
mod near;
mod parts;
mod text;

pub(crate) use advice::advice;
pub(super) use error::ToolError;
pub(super) use json::Json;
pub(super) use named::{catalog, document, document_of, model, preference};
pub(super) use parts::{ControlName, MAX_LIMIT, Page};
pub(super) use text::{Room, cut, shortened};
