//! OSCAL's three formats, all read into its JSON form.
//!
//! ```text
//! model.txt ─> facts ─┬─> xml  ─┬─> to_json
//!                     └─> yaml ─┘
//! ```
//!
//! `model.txt` has the names and types of OSCAL's models. `scripts/oscal-facts` makes it from
//! NIST's metaschema, so no schema is needed to read a document.

pub(crate) mod error;
pub(crate) mod facts;
pub(crate) mod format;
mod json_text;
mod xml;
mod yaml;

use std::borrow::Cow;

pub use crate::formats::format::Format;
pub use crate::formats::yaml::write::to_yaml;

use crate::formats::error::FormatError;

/// The JSON form of an OSCAL document, which for JSON is the text itself, unchecked.
///
/// ```
/// use oscal_documents::{Format, to_json};
///
/// let xml = r#"<catalog xmlns="http://csrc.nist.gov/ns/oscal/1.0" uuid="u">
///     <metadata><title>House <em>rules</em></title><version>1.10</version></metadata>
/// </catalog>"#;
/// let json = r#"{"catalog":{"uuid":"u","metadata":{"title":"House *rules*","version":"1.10"}}}"#;
/// assert_eq!(to_json(xml, Format::Xml)?, json);
///
/// // A value that OSCAL has as text stays text.
/// let yaml = "catalog:\n  uuid: u\n  metadata: {title: House *rules*, version: 1.10}";
/// assert_eq!(to_json(yaml, Format::Yaml)?, json);
///
/// let error = to_json("<catalog>\n<a></b>", Format::Xml).unwrap_err();
/// assert_eq!((error.line(), error.column()), (1, 1), "{error}");
/// # Ok::<(), oscal_documents::FormatError>(())
/// ```
///
/// # Errors
///
/// The text is not of this format, or uses what is not read, such as a document type declaration;
/// see [`FormatError`].
pub fn to_json(text: &str, format: Format) -> Result<Cow<'_, str>, FormatError> {
    match format {
        Format::Json => Ok(Cow::Borrowed(text)),
        Format::Yaml => yaml::read::to_json(text).map(Cow::Owned),
        Format::Xml => xml::to_json(text).map(Cow::Owned),
    }
}
