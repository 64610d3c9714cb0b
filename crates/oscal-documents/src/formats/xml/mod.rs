//! Reads XML into OSCAL's JSON form.
//!
//! ```text
//! source: events without DTD and entities ─┬─> element: elements and attributes to members
//!                                          └─> prose: markup to Markdown
//! ```

mod element;
mod members;
mod prose;
mod source;
#[cfg(test)]
mod tests;
mod value;

use crate::formats::error::FormatError;
use crate::formats::xml::element::Elements;
use crate::formats::xml::source::Source;

/// The JSON form of an XML document.
///
/// # Errors
///
/// The text is not well-formed XML, not in OSCAL's namespace, nested too deeply, or has text,
/// attributes or declarations where OSCAL has none.
pub(super) fn to_json(text: &str) -> Result<String, FormatError> {
    Elements::of(Source::new(text)?).document()
}
