//! The formats of OSCAL.

use std::fmt;
use std::str::FromStr;

/// A format that OSCAL documents are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// JSON.
    Json,
    /// YAML, which has the names and values of JSON.
    Yaml,
    /// XML, which has names of its own.
    Xml,
}

impl Format {
    /// The format that the extension of a file's name stands for.
    ///
    /// ```
    /// use oscal_documents::Format;
    ///
    /// assert_eq!(Format::of_file("a/plan.yml"), Some(Format::Yaml));
    /// assert_eq!(Format::of_file("a.b/README"), None);
    /// ```
    pub fn of_file(name: &str) -> Option<Self> {
        let (_, extension) = name.rsplit_once('.')?;
        match extension.to_ascii_lowercase().as_str() {
            "json" => Some(Self::Json),
            "yaml" | "yml" => Some(Self::Yaml),
            "xml" => Some(Self::Xml),
            _ => None,
        }
    }

    /// The name of a file without the extension, if that stands for a format.
    pub(crate) fn stem_of(name: &str) -> &str {
        let stem = name
            .rsplit_once('.')
            .filter(|_| Self::of_file(name).is_some());
        stem.map_or(name, |(stem, _)| stem)
    }

    /// The format that text is most likely in: XML begins with `<`, JSON with a bracket, and the
    /// first line of YAML has a colon or begins a YAML document.
    ///
    /// ```
    /// use oscal_documents::Format;
    ///
    /// assert_eq!(Format::of_text("<?xml version='1.0'?>"), Format::Xml);
    /// assert_eq!(Format::of_text(" {\"catalog\": 1}"), Format::Json);
    /// assert_eq!(Format::of_text("# mine\n\ncatalog:\n"), Format::Yaml);
    /// assert_eq!(Format::of_text("hello"), Format::Json);
    /// ```
    pub fn of_text(text: &str) -> Self {
        let text = text.trim_start_matches('\u{feff}').trim_start();
        match text.bytes().next() {
            Some(b'<') => Self::Xml,
            Some(b'{' | b'[' | b'"') | None => Self::Json,
            Some(_) => {
                let mut lines = text.lines().map(str::trim);
                let first = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
                let first = first.unwrap_or_default();
                let is_yaml = first.starts_with("---") || first.starts_with('%');
                if is_yaml || first.ends_with(':') || first.contains(": ") {
                    Self::Yaml
                } else {
                    Self::Json
                }
            }
        }
    }

    /// Its name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Yaml => "yaml",
            Self::Xml => "xml",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json => "JSON",
            Self::Yaml => "YAML",
            Self::Xml => "XML",
        })
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        let all = [Self::Json, Self::Yaml, Self::Xml];
        let mut all = all.into_iter();
        let found = all.find(|format| format.name().eq_ignore_ascii_case(name.trim()));
        found.ok_or(UnknownFormat)
    }
}

/// A name is none of the formats'.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a format; the formats are json, yaml and xml")]
pub struct UnknownFormat;
