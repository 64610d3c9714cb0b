//! `query_assessments`: what assessments found, what is to be done, and what a system consists of.

mod item;
mod text;

use std::collections::BTreeMap;

use oscal_documents::{
    AssessmentFilter, AssessmentSummary, Assessments, EntryKind, LibraryView, Model, assessments,
    date_of,
};
use rmcp::{
    handler::server::wrapper::Parameters,
    schemars::{self, JsonSchema},
    tool, tool_router,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use self::item::Item;
use crate::mcp::{
    answer::{Json, MAX_LIMIT, Page, ToolError, advice, document, shortened},
    documents::{Access, Caller, Operation},
    server::OscalServer,
};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct QueryAssessments {
    /// Default: findings, risks and POA&M items
    kind: Option<Kind>,
    /// Id or label of a control
    control: Option<String>,
    /// not-satisfied, open and so on; unresolved: all but satisfied and closed
    state: Option<String>,
    /// Uuid of a component or inventory item, or a part of its title
    component: Option<String>,
    /// Only deadlines before this date: 2026-12-31
    due_before: Option<String>,
    /// Only the document with this id
    document: Option<String>,
    offset: Option<usize>,
    /// 20 by default
    limit: Option<usize>,
}

// What can be asked for. Plain comments, because doc comments would go into the schema.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Finding,
    Observation,
    Risk,
    PoamItem,
    Result,
    Task,
    Activity,
    InventoryItem,
    User,
    LeveragedAuthorization,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Answer {
    /// Of all that match, whatever their kind: counts, controls that are not satisfied
    #[schemars(with = "Map<String, Value>")]
    summary: Summary,
    /// A page: items, total, offset, limit
    #[schemars(with = "Map<String, Value>")]
    items: Page<Item>,
    /// Why there may be none
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// Whether text was cut to keep the answer small
    truncated: bool,
}

/// Of all that match, whatever their kind.
#[derive(Debug, Serialize)]
struct Summary {
    /// Numbers by kind and state.
    counts: BTreeMap<String, BTreeMap<String, usize>>,
    /// Controls with findings that are not satisfied.
    unresolved_controls: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_deadline: Option<String>,
    /// How many documents were read.
    documents: usize,
}

#[tool_router(router = query_assessments_router, vis = "pub(super)")]
impl OscalServer {
    /// What assessments found and what is to be done: findings, observations, risks, POA&M items,
    /// tasks, by control, state, component and deadline, with counts. Of system security plans:
    /// inventory items, users, and leveraged authorizations with what is inherited
    #[tool(annotations(
        title = "Query assessments",
        read_only_hint = true,
        open_world_hint = false
    ))]
    async fn query_assessments(
        &self,
        caller: Caller,
        Parameters(asked): Parameters<QueryAssessments>,
    ) -> Result<Json<Answer>, ToolError> {
        let access = self.admit(&caller, Operation::Read)?;
        let find = move |access: &Access| {
            let answer = asked.answer(&access.documents())?;
            Ok(Json::with_text(&answer, text::answer(&answer)))
        };
        self.pass_over(&access, find).await
    }
}

impl QueryAssessments {
    fn answer(&self, documents: &LibraryView<'_>) -> Result<Answer, ToolError> {
        if let Some(id) = &self.document {
            let named = document(documents, id)?;
            if !is_read(named.info().model) {
                return Err(ToolError::Argument {
                    field: "document",
                    problem: format!(
                        "a {} has no assessments; list_documents shows which have",
                        named.info().model
                    ),
                });
            }
        }
        let due_before = self.due_before.as_deref().map(date).transpose()?;
        let filter = AssessmentFilter {
            kind: self.kind.map(EntryKind::from),
            control: self.control.as_deref(),
            state: self.state.as_deref(),
            component: self.component.as_deref(),
            document: self.document.as_deref(),
            due_before,
        };
        let limit = self.limit.unwrap_or(20).clamp(1, MAX_LIMIT);
        let found = assessments(documents, &filter, self.offset.unwrap_or(0), limit);
        let is_empty = found.page.total == 0;
        if is_empty && found.summary.documents > 0 {
            self.check_control(documents, &found)?;
        }
        let note = is_empty.then(|| self.why_empty(documents, &found.summary));
        Ok(Answer::of(found, note))
    }

    /// Refuses a control that is in no catalog and no assessment.
    fn check_control(
        &self,
        documents: &LibraryView<'_>,
        found: &Assessments,
    ) -> Result<(), ToolError> {
        match &self.control {
            Some(control)
                if found.summary.counts.is_empty()
                    && documents.find_controls(control).is_empty() =>
            {
                let place = "is in a loaded catalog or assessment";
                Err(ToolError::no_such_control(control, place, documents))
            }
            _ => Ok(()),
        }
    }

    fn why_empty(&self, documents: &LibraryView<'_>, summary: &AssessmentSummary) -> String {
        if summary.documents == 0 {
            return advice(documents).map_or_else(
                || {
                    "no assessment plan, assessment results, POA&M or system security plan is \
                     loaded that you may see"
                        .to_owned()
                },
                str::to_owned,
            );
        }
        let only_document = AssessmentFilter {
            document: self.document.as_deref(),
            ..AssessmentFilter::default()
        };
        let all = assessments(documents, &only_document, 0, 1);
        match counted(&all.summary).is_empty() {
            true => "the documents list none".to_owned(),
            false => format!(
                "nothing matches all filters; without them there are {}",
                text::counts(&counted(&all.summary))
            ),
        }
    }
}

impl Answer {
    fn of(found: Assessments, note: Option<String>) -> Self {
        let is_alone = found.page.items.len() == 1;
        let mut space = item::Space::new(is_alone);
        let summary = Summary {
            counts: counted(&found.summary),
            unresolved_controls: found.summary.unresolved_controls,
            next_deadline: found.summary.next_deadline,
            documents: found.summary.documents,
        };
        let page = found.page.map(|item| Item::of(item, &mut space));
        Self {
            summary,
            items: page.into(),
            note,
            truncated: space.room.truncated,
        }
    }
}

/// Numbers by names of kinds and states.
fn counted(summary: &AssessmentSummary) -> BTreeMap<String, BTreeMap<String, usize>> {
    let states = |states: &BTreeMap<String, usize>| {
        let named = states.iter().map(|(state, count)| {
            let state = match state.is_empty() {
                true => "no state",
                false => state,
            };
            (shortened(state), *count)
        });
        named.collect()
    };
    let counts = summary.counts.iter();
    counts
        .map(|(kind, of_kind)| (kind.to_string(), states(of_kind)))
        .collect()
}

fn is_read(model: Model) -> bool {
    matches!(
        model,
        Model::SystemSecurityPlan
            | Model::AssessmentPlan
            | Model::AssessmentResults
            | Model::PlanOfActionAndMilestones
    )
}

/// The date that a caller wrote.
fn date(text: &str) -> Result<&str, ToolError> {
    date_of(text).ok_or_else(|| ToolError::Argument {
        field: "due_before",
        problem: format!("{:?} is not a date such as 2026-12-31", shortened(text)),
    })
}

impl From<Kind> for EntryKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Finding => Self::Finding,
            Kind::Observation => Self::Observation,
            Kind::Risk => Self::Risk,
            Kind::PoamItem => Self::PoamItem,
            Kind::Result => Self::Result,
            Kind::Task => Self::Task,
            Kind::Activity => Self::Activity,
            Kind::InventoryItem => Self::InventoryItem,
            Kind::User => Self::User,
            Kind::LeveragedAuthorization => Self::LeveragedAuthorization,
        }
    }
}
