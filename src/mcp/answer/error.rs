//! Why a tool call failed.

use std::{cmp::Reverse, sync::Arc};

use oscal_documents::{
    Control, Document, ImportedProfileError, LibraryView, Model, OutlineError, ResolveError,
    TooLarge, UnknownModel,
};
use rmcp::{
    ErrorData,
    handler::server::tool::IntoCallToolResult,
    model::{CallToolResponse, CallToolResult, ContentBlock},
};
use rmcp_resource_server::{InsufficientScope, NoAccessToken};

use super::{
    advice::advice,
    markdown,
    near::{near_controls, near_groups},
    text::shortened,
};
use crate::mcp::workers::NotDone;

/// Why a tool call failed, in words that a model can act on.
#[derive(Debug, thiserror::Error)]
pub(in crate::mcp) enum ToolError {
    #[error("no document has the id, title or file name {0:?}; list_documents shows all")]
    UnknownDocument(String),
    #[error(
        "no document has the id, title or file name {name:?}; like it are {near}; list_documents \
         shows all"
    )]
    UnlikeDocument { name: String, near: String },
    #[error("{name:?} could be any of {candidates}; name one by its id")]
    AmbiguousDocument { name: String, candidates: String },
    #[error("no control {reference:?} {place}; {advice}")]
    UnknownControl {
        reference: String,
        place: String,
        advice: String,
    },
    #[error(
        "the baseline {baseline:?} does not select {control}, which the catalog {catalog:?} \
         ({catalog_id}) has; leave out profile to read it there"
    )]
    NotSelected {
        control: String,
        baseline: String,
        catalog: String,
        catalog_id: String,
    },
    #[error("no group {group:?} is in {place:?}; {advice}")]
    UnknownGroup {
        group: String,
        place: String,
        advice: String,
    },
    #[error("the document {0} is not a catalog: it has no controls of its own")]
    NoCatalog(String),
    #[error("no catalog is loaded: {0}")]
    NoCatalogLoaded(&'static str),
    #[error(
        "the old document is a {old} and the new one a {new}; compare takes two catalogs or profiles, \
         or two documents of one other model"
    )]
    NotComparable { old: Model, new: Model },
    #[error("the document {document:?} is a {model}; document takes a mapping-collection")]
    NotAMapping { document: String, model: Model },
    #[error("no mapping collection is loaded: {0}")]
    NoMappings(&'static str),
    #[error("no loaded mapping is of {framework:?}; the mapped frameworks are {known}")]
    NoMappingTo { framework: String, known: String },
    #[error("{name:?} is {error}")]
    UnknownModel { name: String, error: UnknownModel },
    #[error("nothing is loaded that implements controls: {what}; {advice}")]
    NoImplementations {
        what: &'static str,
        advice: &'static str,
    },
    #[error(
        "{document:?} is a {model} and implements nothing; name a component definition or a system \
         security plan in document, and what to compare it with in gap_against"
    )]
    ImplementsNothing { document: String, model: Model },
    #[error(
        "{document:?} is a {model}; gap_against takes a profile, a catalog, or a system security \
         plan for the profile that it imports"
    )]
    NotABaseline { document: String, model: Model },
    #[error("name a profile or catalog in gap_against, or a system security plan in document")]
    NoBaselineNamed,
    #[error("no component has the uuid {component:?} or a title with it; {near}")]
    UnknownComponent { component: String, near: String },
    #[error("{control:?} is a control of {catalog}, but {baseline} does not select it")]
    OutsideBaseline {
        control: String,
        catalog: String,
        baseline: String,
    },
    #[error(transparent)]
    ImportedProfile(#[from] ImportedProfileError),
    #[error("nothing has the id {id:?}; {advice}")]
    UnknownObject { id: String, advice: String },
    #[error("{field}: {problem}")]
    Argument {
        field: &'static str,
        problem: String,
    },
    #[error("give exactly one of {0} and {1}")]
    EitherOr(&'static str, &'static str),
    #[error("this answer would have {size} bytes; {advice}")]
    AnswerTooLarge { size: usize, advice: &'static str },
    #[error(transparent)]
    Resolve(#[from] Arc<ResolveError>),
    #[error(transparent)]
    Outline(#[from] OutlineError),
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    #[error(transparent)]
    NotDone(#[from] NotDone),
    #[error(transparent)]
    Token(#[from] NoAccessToken),
    #[error(transparent)]
    Scope(#[from] InsufficientScope),
}

impl ToolError {
    /// No control of any catalog has this name.
    pub(in crate::mcp) fn no_such_control(
        reference: &str,
        place: &str,
        documents: &LibraryView<'_>,
    ) -> Self {
        let all = documents.documents().flat_map(Document::controls);
        Self::unknown_control(reference, place.to_owned(), all, documents)
    }

    /// No control of `scope` has this name.
    pub(in crate::mcp) fn unknown_control<'a>(
        reference: &str,
        place: String,
        scope: impl Iterator<Item = Control<'a>>,
        documents: &LibraryView<'_>,
    ) -> Self {
        let near = near_controls(reference, scope);
        let advice = match (near, advice(documents)) {
            (Some(near), None) => near,
            (Some(near), Some(advice)) => format!("{near} {advice}"),
            (None, advice) => advice
                .unwrap_or("try search with words of its title")
                .to_owned(),
        };
        Self::UnknownControl {
            reference: shortened(reference),
            place,
            advice,
        }
    }

    /// The baseline, which resolves to `resolved`, has no control of this name. A catalog may.
    pub(in crate::mcp) fn not_in_baseline(
        reference: &str,
        resolved: &Document,
        documents: &LibraryView<'_>,
    ) -> Self {
        let baseline = shortened(&resolved.info().title);
        let mut found = documents.find_controls(reference);
        found.sort_by_key(|control| {
            let document = control.document();
            let is_old = document.info().superseded_by.is_some();
            (is_old, Reverse(document.controls().len()))
        });
        let of_catalog = found.first();
        let Some(control) = of_catalog else {
            let place = format!("is in the baseline {baseline:?}, nor in any loaded catalog");
            return Self::unknown_control(reference, place, resolved.controls(), documents);
        };
        let catalog = control.document().info();
        Self::NotSelected {
            control: markdown::control_name(&control.name()),
            baseline,
            catalog: shortened(&catalog.title),
            catalog_id: catalog.id.clone(),
        }
    }

    /// None of `groups`, with their ids and titles, has this id.
    pub(in crate::mcp) fn unknown_group(
        group: &str,
        place: &str,
        groups: &[(String, String)],
    ) -> Self {
        let advice = near_groups(group, groups);
        Self::UnknownGroup {
            group: shortened(group),
            place: shortened(place),
            advice: advice.unwrap_or_else(|| "leave out group to see all controls".to_owned()),
        }
    }
}

impl IntoCallToolResult for ToolError {
    fn into_call_tool_result(self) -> Result<CallToolResponse, ErrorData> {
        Ok(CallToolResult::error(vec![ContentBlock::text(self.to_string())]).into())
    }
}

/// Unlike tools, resources, prompts and completion cannot return an error as a result.
impl From<ToolError> for ErrorData {
    fn from(error: ToolError) -> Self {
        match error {
            ToolError::Token(error) => error.into(),
            ToolError::Scope(error) => error.into(),
            _ => Self::invalid_params(error.to_string(), None),
        }
    }
}
