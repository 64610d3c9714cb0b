//! `query_implementations`: who implements which control, and what is left to do.

use oscal_documents::{
    Baseline, ControlCoverage, CoverageLevel, ImplementationFilter, ImplementationKind,
    LibraryView, coverage, implementations,
};
use rmcp::{
    handler::server::wrapper::Parameters,
    schemars::{self, JsonSchema},
    tool, tool_router,
};
use serde::{Deserialize, Serialize};

use crate::mcp::{
    answer::{Json, MAX_LIMIT, Page, ToolError, cut, document},
    documents::{Access, Caller, Operation},
    server::OscalServer,
};

/// The most bytes of text of one answer's implementations together.
const MAX_TEXT: usize = 10_000;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct QueryImplementations {
    /// Id or label of a control
    control: Option<String>,
    /// Uuid of a component or capability, or a part of its title
    component: Option<String>,
    kind: Option<Kind>,
    /// Only the document with this id
    document: Option<String>,
    /// Id of a profile: list instead the controls of its baseline that are not, or not wholly,
    /// implemented
    gap_against: Option<String>,
    offset: Option<usize>,
    /// 20 by default, 100 for gaps
    limit: Option<usize>,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Component,
    Capability,
    Ssp,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Answer {
    #[serde(skip_serializing_if = "Option::is_none")]
    implementations: Option<Page<Implementation>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage: Option<Counts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gaps: Option<Page<Gap>>,
    /// Whether text was cut to keep the answer small
    truncated: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Implementation {
    control: String,
    /// component, capability or ssp
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    component: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    component_uuid: Option<String>,
    /// implemented, partial, planned, alternative or not-applicable
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    text: String,
    statements: Vec<Statement>,
    document: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Statement {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    text: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Counts {
    /// Controls of the baseline
    total: usize,
    implemented: usize,
    /// Has a statement, but no status
    stated: usize,
    partial: usize,
    planned: usize,
    not_applicable: usize,
    missing: usize,
    /// implemented or stated
    percent_covered: f64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Gap {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    title: String,
    /// partial, planned, not-applicable or missing
    level: String,
}

#[tool_router(router = query_implementations_router, vis = "pub(super)")]
impl OscalServer {
    /// How components, capabilities and systems implement controls; or, against a profile, coverage
    /// and gaps
    #[tool(annotations(
        title = "Query implementations",
        read_only_hint = true,
        open_world_hint = false
    ))]
    async fn query_implementations(
        &self,
        caller: Caller,
        Parameters(asked): Parameters<QueryImplementations>,
    ) -> Result<Json<Answer>, ToolError> {
        let access = self.admit(&caller, Operation::Read)?;
        let baseline = match &asked.gap_against {
            Some(profile) => Some(self.baseline(&access, profile, None).await?),
            None => None,
        };
        let answer = move |access: &Access| {
            let answer = asked.answer(&access.documents(), baseline.as_deref())?;
            Ok(Json::of(&answer))
        };
        self.pass_over(&access, answer).await
    }
}

impl QueryImplementations {
    fn answer(
        &self,
        documents: &LibraryView<'_>,
        baseline: Option<&Baseline>,
    ) -> Result<Answer, ToolError> {
        let named = self.document.as_deref();
        let named = named.map(|name| document(documents, name)).transpose()?;
        let filter = ImplementationFilter {
            control: self.control.as_deref(),
            component: self.component.as_deref(),
            kind: self.kind.map(ImplementationKind::from),
            document: named.map(|document| &*document.info().id),
        };
        let Some(baseline) = baseline else {
            let limit = self.limit.unwrap_or(20).clamp(1, MAX_LIMIT);
            let page = implementations(documents, filter, self.offset.unwrap_or(0), limit);
            return Ok(Answer::listing(page));
        };
        let coverage = coverage(documents, baseline.controls(), filter);
        let counts = coverage.counts;
        let gaps = Page::cut(coverage.gaps(), self.offset, self.limit, 100);
        Ok(Answer {
            implementations: None,
            gaps: Some(gaps.map(|gap| Gap::of(gap, baseline))),
            coverage: Some(Counts {
                total: counts.total,
                implemented: counts.implemented,
                stated: counts.stated,
                partial: counts.partial,
                planned: counts.planned,
                not_applicable: counts.not_applicable,
                missing: counts.missing,
                percent_covered: counts.percent(counts.implemented + counts.stated),
            }),
            truncated: false,
        })
    }
}

impl From<Kind> for ImplementationKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Component => Self::Component,
            Kind::Capability => Self::Capability,
            Kind::Ssp => Self::Ssp,
        }
    }
}

impl Answer {
    fn listing(mut page: oscal_documents::Page<oscal_documents::Implementation>) -> Self {
        let (mut left, mut truncated) = (MAX_TEXT, false);
        let mut fit = |text: &mut String| {
            truncated |= cut(text, left);
            left = left.saturating_sub(text.len());
        };
        for found in &mut page.items {
            fit(&mut found.text);
            for statement in &mut found.statements {
                fit(&mut statement.text);
            }
        }
        Self {
            implementations: Some(Page {
                items: page.items.into_iter().map(Implementation::of).collect(),
                total: page.total,
                offset: page.offset,
                limit: page.limit,
            }),
            coverage: None,
            gaps: None,
            truncated,
        }
    }
}

impl Implementation {
    fn of(found: oscal_documents::Implementation) -> Self {
        let (component, component_uuid) = match found.component {
            Some(component) => (Some(component.title), Some(component.uuid)),
            None => (None, None),
        };
        Self {
            control: found.control,
            kind: match found.kind {
                ImplementationKind::Component => "component",
                ImplementationKind::Capability => "capability",
                ImplementationKind::Ssp => "ssp",
            },
            component,
            component_uuid,
            status: found.status,
            text: found.text,
            statements: found
                .statements
                .into_iter()
                .map(|statement| Statement {
                    id: statement.statement,
                    status: statement.status,
                    text: statement.text,
                })
                .collect(),
            document: found.document,
        }
    }
}

impl Gap {
    fn of(control: ControlCoverage<'_>, baseline: &Baseline) -> Self {
        let own = baseline.control(control.control.id());
        let name = own.map_or_else(|| control.control.name(), |own| own.name());
        Self {
            id: name.id,
            label: name.label,
            title: name.title,
            level: level(control.level).to_owned(),
        }
    }
}

fn level(level: CoverageLevel) -> &'static str {
    use CoverageLevel as L;
    match level {
        L::Implemented => "implemented",
        L::Stated => "stated",
        L::Partial => "partial",
        L::Planned => "planned",
        L::NotApplicable => "not-applicable",
        L::Missing => "missing",
    }
}
