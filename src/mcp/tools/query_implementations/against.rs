//! What implementations are compared with.

use std::sync::Arc;

use oscal_documents::{
    Baseline, Coverage, Document, DocumentInfo, ImplementationFilter, LibraryView, Model, coverage,
    coverage_of_catalog, imported_profile,
};

use super::question::{QueryImplementations, Show};
use crate::mcp::{
    answer::{ToolError, document, document_of},
    documents::Access,
    server::OscalServer,
};

/// What to compare with, by its id.
pub(super) struct Against {
    id: String,
    model: Model,
    /// The id of the plan that imports it, if the caller names no other document.
    plan: Option<String>,
    guessed: bool,
}

/// What to compare with.
pub(super) struct Comparison {
    what: What,
    pub(super) plan: Option<String>,
    /// Whether the profile that the plan imports was found by its file name only.
    pub(super) guessed: bool,
}

enum What {
    Profile(Arc<Baseline>),
    Catalog(Box<Document>),
}

impl Against {
    /// `None` if the caller asks for no gaps.
    pub(super) fn of(
        asked: &QueryImplementations,
        documents: &LibraryView<'_>,
    ) -> Result<Option<Self>, ToolError> {
        if asked.show == Some(Show::Responsibilities) {
            return Ok(None);
        }
        let named = match (&asked.gap_against, &asked.document, asked.show) {
            (Some(named), ..) => document_of(documents, named, Model::Profile)?,
            (None, Some(plan), Some(Show::Gaps)) => {
                document_of(documents, plan, Model::SystemSecurityPlan)?
            }
            (None, None, Some(Show::Gaps)) => only_plan(documents)?,
            _ => return Ok(None),
        };
        match named.info().model {
            Model::Profile | Model::Catalog => Ok(Some(Self::with(named, None, false))),
            Model::SystemSecurityPlan => {
                let imported = imported_profile(documents, named)?;
                let is_other = asked.document.is_some();
                let plan = (!is_other).then(|| named.info().id.clone());
                Ok(Some(Self::with(imported.document, plan, imported.guessed)))
            }
            model => Err(ToolError::NotABaseline {
                document: named.info().title.chars().take(100).collect(),
                model,
            }),
        }
    }

    fn with(document: &Document, plan: Option<String>, guessed: bool) -> Self {
        Self {
            id: document.info().id.clone(),
            model: document.info().model,
            plan,
            guessed,
        }
    }
}

/// The system security plan, if there is just one.
fn only_plan<'a>(documents: &LibraryView<'a>) -> Result<&'a Document, ToolError> {
    let mut plans = documents
        .documents()
        .filter(|document| document.info().model == Model::SystemSecurityPlan);
    match (plans.next(), plans.next()) {
        (Some(plan), None) => Ok(plan),
        _ => Err(ToolError::NoBaselineNamed),
    }
}

impl Comparison {
    pub(super) async fn of(
        against: Against,
        server: &OscalServer,
        access: &Access,
    ) -> Result<Self, ToolError> {
        let what = match against.model {
            Model::Profile => What::Profile(server.baseline(access, &against.id, None).await?),
            _ => What::Catalog(Box::new(
                document(&access.documents(), &against.id)?.clone(),
            )),
        };
        Ok(Self {
            what,
            plan: against.plan,
            guessed: against.guessed,
        })
    }

    pub(super) fn info(&self) -> &DocumentInfo {
        match &self.what {
            What::Profile(baseline) => baseline.profile().info(),
            What::Catalog(catalog) => catalog.info(),
        }
    }

    pub(super) fn coverage(
        &self,
        documents: &LibraryView<'_>,
        filter: ImplementationFilter<'_>,
    ) -> Coverage<'_> {
        match &self.what {
            What::Profile(baseline) => coverage(documents, baseline.controls(), filter),
            What::Catalog(catalog) => coverage_of_catalog(documents, catalog, filter),
        }
    }
}
