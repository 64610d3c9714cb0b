//! `resolve_profile`: the controls of a baseline, or the catalog that it makes.

use oscal_documents::{BaselineControl, Document, ParamChange, ParamState};
use rmcp::{
    handler::server::wrapper::Parameters,
    schemars::{self, JsonSchema},
    tool, tool_router,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::mcp::{
    answer::{Json, Page, ToolError},
    documents::{Caller, Operation},
    server::OscalServer,
};

/// The most entries of each list that is not paged.
const MAX_LISTED: usize = 50;

/// The most bytes of resolved controls in one answer.
const MAX_JSON: usize = 12_000;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ResolveProfile {
    /// Id of the profile
    profile: String,
    /// Id of a catalog to use for imports that cannot be found
    catalog: Option<String>,
    /// The controls as OSCAL JSON, as many as fit, instead of their names
    #[serde(default)]
    resolved: bool,
    offset: Option<usize>,
    /// 100 by default, at most 200
    limit: Option<usize>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Baseline {
    /// Id of the profile
    profile: String,
    title: String,
    /// Ids of imported documents
    sources: Vec<String>,
    controls: Page<Selected>,
    /// Parameters that the profile sets; the first 50
    parameters: Vec<ParameterChange>,
    parameter_count: usize,
    /// Selected by id, but in no source
    not_found: Vec<String>,
    warnings: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Selected {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    title: String,
    /// Changed by the profile
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    altered: bool,
    /// Not selected itself, but contains a selected enhancement
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    implied: bool,
    /// OSCAL JSON
    #[serde(skip_serializing_if = "Option::is_none")]
    json: Option<Value>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ParameterChange {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    control: Option<String>,
    old: Vec<String>,
    new: Vec<String>,
}

#[tool_router(router = resolve_profile_router, vis = "pub(super)")]
impl OscalServer {
    /// A profile's baseline: its controls in order, the parameters it sets, what was not found
    #[tool(annotations(
        title = "Resolve profile",
        read_only_hint = true,
        open_world_hint = false
    ))]
    async fn resolve_profile(
        &self,
        caller: Caller,
        Parameters(asked): Parameters<ResolveProfile>,
    ) -> Result<Json<Baseline>, ToolError> {
        let access = self.admit(&caller, Operation::Read)?;
        let (profile, fallback) = (&asked.profile, asked.catalog.as_deref());
        let baseline = self.baseline(&access, profile, fallback).await?;
        if !asked.resolved {
            return Ok(Json::of(&Baseline::of(&baseline, &asked)));
        }
        let catalog = self.resolved_catalog(&access, profile, fallback).await?;
        let workers = &self.shared.workers;
        let write = move || {
            let mut answer = Baseline::of(&baseline, &asked);
            add_json(&mut answer.controls, &catalog);
            Json::of(&answer)
        };
        Ok(workers.run(&workers.answers, 0, write).await?)
    }
}

impl Baseline {
    fn of(resolved: &oscal_documents::Baseline, asked: &ResolveProfile) -> Self {
        let controls = Page::cut(resolved.controls(), asked.offset, asked.limit, 100);
        let changes = &resolved.param_changes;
        let not_found = resolved.not_found.iter();
        let warnings = resolved.warnings.iter();
        let more = (resolved.more_warnings > 0)
            .then(|| format!("and {} more warnings", resolved.more_warnings));
        Self {
            profile: resolved.profile().info().id.clone(),
            title: resolved.profile().info().title.clone(),
            sources: resolved
                .sources()
                .map(|source| source.info().id.clone())
                .collect(),
            controls: controls.map(|selected| Selected::of(&selected)),
            parameters: changes
                .iter()
                .take(MAX_LISTED)
                .map(ParameterChange::of)
                .collect(),
            parameter_count: changes.len(),
            not_found: not_found
                .map(|missing| missing.control.clone())
                .take(MAX_LISTED)
                .collect(),
            warnings: warnings
                .map(|warning| warning.message.clone())
                .take(MAX_LISTED)
                .chain(more)
                .collect(),
        }
    }
}

/// Adds the resolved text of as many controls as fit, and shortens the page to these.
fn add_json(page: &mut Page<Selected>, catalog: &Document) {
    let mut left = MAX_JSON;
    for (index, selected) in page.items.iter_mut().enumerate() {
        let Some(control) = catalog.control(&selected.id) else {
            continue;
        };
        let size = control.json().len();
        if size > left && index > 0 {
            page.items.truncate(index);
            return;
        }
        left = left.saturating_sub(size);
        selected.json = control.value().ok();
    }
}

impl Selected {
    fn of(selected: &BaselineControl<'_>) -> Self {
        let name = selected.control.name();
        Self {
            id: name.id,
            label: name.label,
            title: name.title,
            altered: selected.altered,
            implied: selected.implied,
            json: None,
        }
    }
}

impl ParameterChange {
    fn of(change: &ParamChange) -> Self {
        let shown = |state: &ParamState| match (state.values.is_empty(), &state.label) {
            (true, Some(label)) => vec![format!("[Assignment: {label}]")],
            _ => state.values.clone(),
        };
        Self {
            id: change.param.clone(),
            control: change.control.clone(),
            old: shown(&change.old),
            new: shown(&change.new),
        }
    }
}
