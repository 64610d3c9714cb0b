//! The data types of OSCAL in words.
//!
//! See <https://pages.nist.gov/metaschema/specification/datatypes/>.

use serde_json::Value;

use crate::validation::finding::{quoted, shortened};

/// What a value of a data type looks like.
pub(super) fn described(definition: &str) -> Option<&'static str> {
    let description = match definition {
        "Base64Datatype" => "Base64 text (RFC 4648)",
        "DateDatatype" => "a date, such as 2026-01-31",
        "DateTimeDatatype" => "a date and time, such as 2026-01-31T08:30:00",
        "DateTimeWithTimezoneDatatype" => {
            "a date and time with time zone, such as 2026-01-31T08:30:00Z or 2026-01-31T08:30:00-05:00"
        }
        "DecimalDatatype" => "a decimal number",
        "EmailAddressDatatype" => "an email address, such as name@example.org",
        "IntegerDatatype" => "a whole number",
        "MarkupLineDatatype" => "a non-empty line of text",
        "StringDatatype" => "a non-empty line of text without whitespace at its ends",
        "TokenDatatype" => "a token: a letter or `_`, then letters, digits, `.`, `-` and `_`",
        "URIDatatype" => "an absolute URI, such as https://example.org/a",
        "URIReferenceDatatype" => {
            "a URI reference, such as https://example.org/a, ./a.json or #uuid"
        }
        "UUIDDatatype" => "a UUID of version 4 or 5, such as 11111111-2222-4000-8000-333333333333",
        _ => return None,
    };
    Some(description)
}

/// Says that a value does not have the data type, or else does not match the pattern or format.
pub(super) fn mismatch(value: &Value, definition: &str, pattern: &str) -> String {
    let value = quoted(value);
    if let Some(description) = described(definition) {
        format!("{value} is not {description}")
    } else {
        format!("{value} does not match `{}`", shortened(pattern, 100))
    }
}
