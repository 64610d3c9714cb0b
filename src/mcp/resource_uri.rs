//! The URIs of resources. They name documents by id: no part of a URI is ever used as a file path.

use std::str::FromStr;

const PREFIX: &str = "oscal://documents/";

/// The longest URI accepted.
const MAX_LENGTH: usize = 1_000;

/// A resource, and the form to send it in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ResourceUri {
    pub(super) resource: Named,
    /// `?format=`
    pub(super) form: Option<Form>,
}

/// What a URI names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Named {
    /// `oscal://documents/{id}`
    Document(String),
    /// `oscal://documents/{id}/controls/{control}`
    Control {
        document: String,
        /// Id or label in any common notation.
        control: String,
    },
}

/// The forms of resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Yaml,
    Markdown,
}

impl Form {
    pub(super) const NAMES: [(&'static str, Self); 3] = [
        ("json", Self::Json),
        ("markdown", Self::Markdown),
        ("yaml", Self::Yaml),
    ];
}

/// A URI that is not one of this server's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum MalformedUri {
    #[error(
        "not a resource of this server; resources are oscal://documents/{{id}} and \
         oscal://documents/{{id}}/controls/{{control}}"
    )]
    Foreign,
    #[error("a resource is asked for as ?format=json, ?format=yaml or ?format=markdown")]
    Form,
    #[error("the URI has more than {MAX_LENGTH} bytes")]
    TooLong,
    #[error("a % in the URI does not begin an escape such as %28, or the escapes are not UTF-8")]
    Escape,
}

impl FromStr for ResourceUri {
    type Err = MalformedUri;

    fn from_str(uri: &str) -> Result<Self, MalformedUri> {
        if uri.len() > MAX_LENGTH {
            return Err(MalformedUri::TooLong);
        }
        let path = uri.strip_prefix(PREFIX).ok_or(MalformedUri::Foreign)?;
        if path.contains('#') {
            return Err(MalformedUri::Foreign);
        }
        let (path, form) = match path.split_once('?') {
            Some((path, query)) => (path, Some(form(query)?)),
            None => (path, None),
        };
        let resource = match *path.split('/').collect::<Vec<_>>() {
            [id] if !id.is_empty() => Named::Document(decoded(id)?),
            [id, "controls", control] if !id.is_empty() && !control.is_empty() => Named::Control {
                document: decoded(id)?,
                control: decoded(control)?,
            },
            _ => return Err(MalformedUri::Foreign),
        };
        Ok(Self { resource, form })
    }
}

/// The URI of the document with this id, a uuid.
pub(super) fn of_document(id: &str) -> String {
    format!("{PREFIX}{id}")
}

fn form(query: &str) -> Result<Form, MalformedUri> {
    let name = query.strip_prefix("format=").unwrap_or_default();
    let mut known = Form::NAMES.into_iter();
    let found = known.find_map(|(known, form)| (known == name).then_some(form));
    found.ok_or(MalformedUri::Form)
}

fn decoded(segment: &str) -> Result<String, MalformedUri> {
    let mut pieces = segment.split('%');
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let digits = piece.get(..2).ok_or(MalformedUri::Escape)?;
        let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let byte = u8::from_str_radix(digits, 16).ok().filter(|_| is_hex);
        bytes.push(byte.ok_or(MalformedUri::Escape)?);
        bytes.extend_from_slice(&piece.as_bytes()[2..]);
    }
    String::from_utf8(bytes).ok().ok_or(MalformedUri::Escape)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_documents_and_controls() {
        let named = |resource, form| Ok(ResourceUri { resource, form });
        let document = |id: &str, form| named(Named::Document(id.to_owned()), form);
        let control = |document: &str, control: &str| {
            let (document, control) = (document.to_owned(), control.to_owned());
            named(Named::Control { document, control }, None)
        };
        for (path, expected) in [
            ("a-1", document("a-1", None)),
            ("%61%2F..", document("a/..", None)),
            ("a?format=json", document("a", Some(Form::Json))),
            ("a?format=yaml", document("a", Some(Form::Yaml))),
            ("a?format=markdown", document("a", Some(Form::Markdown))),
            ("a?format=xml", Err(MalformedUri::Form)),
            ("a?format=json&x=y", Err(MalformedUri::Form)),
            ("a/controls/AC-2(1)", control("a", "AC-2(1)")),
            ("a/controls/AC-2%20%281%29", control("a", "AC-2 (1)")),
            ("a/controls/%C3%A9+", control("a", "é+")),
            ("", Err(MalformedUri::Foreign)),
            ("a/", Err(MalformedUri::Foreign)),
            ("a/controls/", Err(MalformedUri::Foreign)),
            ("/controls/b", Err(MalformedUri::Foreign)),
            ("a/controls/b/c", Err(MalformedUri::Foreign)),
            ("../../etc/passwd", Err(MalformedUri::Foreign)),
            ("a?b", Err(MalformedUri::Form)),
            ("a#b", Err(MalformedUri::Foreign)),
            ("%", Err(MalformedUri::Escape)),
            ("%4", Err(MalformedUri::Escape)),
            ("%+4", Err(MalformedUri::Escape)),
            ("%é", Err(MalformedUri::Escape)),
            ("%FF", Err(MalformedUri::Escape)),
        ] {
            assert_eq!(format!("{PREFIX}{path}").parse(), expected, "{path}");
        }
        for uri in ["file:///etc/passwd", "documents/a", "", "OSCAL"] {
            assert_eq!(uri.parse::<ResourceUri>(), Err(MalformedUri::Foreign));
        }
        let long = of_document(&"a".repeat(MAX_LENGTH));
        assert_eq!(long.parse::<ResourceUri>(), Err(MalformedUri::TooLong));
    }

    proptest! {
        #[test]
        fn takes_any_text(path in "\\PC{0,40}", odd in "[%/0-9a-fé]{0,12}") {
            for path in [path, odd] {
                let _ = format!("{PREFIX}{path}").parse::<ResourceUri>();
            }
        }
    }
}
