//! Documents, and what implementations are written for, by name.

use oscal_documents::{ClaimedSource, DocumentInfo};
use rmcp::schemars::{self, JsonSchema};
use serde::Serialize;

/// A document by name.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct Named {
    pub(super) id: String,
    pub(super) title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schemars(default)]
    pub(super) version: String,
}

impl Named {
    pub(super) fn of(info: &DocumentInfo) -> Self {
        Self {
            id: info.id.clone(),
            title: info.title.clone(),
            version: info.version.clone(),
        }
    }

    /// Title, version and id.
    pub(super) fn text(&self) -> String {
        let Self { id, title, version } = self;
        match version.as_str() {
            "" => format!("{} ({id})", short(title)),
            _ => format!("{} {} ({id})", short(title), short(version)),
        }
    }
}

/// What an implementation is written for.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Source {
    /// As the document writes it
    href: String,
    /// The resource that href names
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<Named>,
    /// Found by nothing but its file name
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    guessed: bool,
    /// Why no loaded document is found
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

impl Source {
    pub(super) fn of(source: ClaimedSource) -> Self {
        let title = source.document_title.unwrap_or_default();
        let version = source.document_version.unwrap_or_default();
        let document = source.document.map(|id| Named { id, title, version });
        Self {
            href: short(&source.href),
            resource: source.resource.map(|resource| short(&resource)),
            document,
            guessed: source.guessed,
            problem: source.problem,
        }
    }

    pub(super) fn text(&self) -> String {
        let guess = if self.guessed {
            ", a guess by file name"
        } else {
            ""
        };
        match (&self.document, &self.resource) {
            (Some(document), _) => format!("{}{guess}", document.text()),
            (None, Some(resource)) => format!("`{}` ({resource})", self.href),
            (None, None) => format!("`{}`", self.href),
        }
    }
}

/// A text of any length, short enough for a line.
pub(super) fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.chars().take(200).collect()
}
