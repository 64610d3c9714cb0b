//! What answers are made of: their parts, errors, JSON and Markdown, and bounds that keep each one
//! small enough for a model's context.

mod advice;
mod error;
mod json;
pub(super) mod markdown;
mod named;
mod parts;
mod text;

pub(crate) use advice::advice;
pub(super) use error::ToolError;
pub(super) use json::Json;
pub(super) use named::{catalog, document, model};
pub(super) use parts::{ControlName, MAX_LIMIT, Page};
pub(super) use text::{cut, shortened};
