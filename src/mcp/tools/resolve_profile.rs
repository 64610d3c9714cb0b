//! `resolve_profile`: the controls of a baseline, or the catalog that it makes.

use std::fmt::Write;

use oscal_documents::{BaselineControl, Document, ParamChange, ParamState};
use rmcp::{
    handler::server::wrapper::Parameters,
    schemars::{self, JsonSchema},
    tool, tool_router,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::mcp::{
    answer::{Json, Page, ToolError, cut, markdown},
    documents::{Caller, Operation},
    server::OscalServer,
};

/// The most entries of each list that is not paged.
const MAX_LISTED: usize = 50;

/// The most bytes of constraints and guidelines in one answer.
const MAX_HINTS: usize = 8_000;

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
    version: String,
    /// Ids of imported documents
    sources: Vec<String>,
    /// Their titles and versions, in the same order
    source_titles: Vec<String>,
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
    /// The catalog marks it as withdrawn
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    withdrawn: bool,
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
    /// Values, or what has to be chosen
    old: Vec<String>,
    new: Vec<String>,
    /// Limits on its values
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    constraints: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    guidelines: Vec<String>,
}

#[tool_router(router = resolve_profile_router, vis = "pub(super)")]
impl OscalServer {
    /// A profile's baseline: its controls in order, the parameters it sets with their constraints,
    /// what was not found. For mere titles use list_controls
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
            let answer = Baseline::of(&baseline, &asked);
            return Ok(Json::with_text(&answer, answer.text()));
        }
        let catalog = self.resolved_catalog(&access, profile, fallback).await?;
        let workers = &self.shared.workers;
        let write = move || {
            let mut answer = Baseline::of(&baseline, &asked);
            add_json(&mut answer.controls, &catalog);
            Json::with_text(&answer, answer.text())
        };
        Ok(workers.run(&workers.answers, 0, write).await?)
    }
}

impl Baseline {
    fn of(resolved: &oscal_documents::Baseline, asked: &ResolveProfile) -> Self {
        let controls = Page::cut(resolved.controls(), asked.offset, asked.limit, 100);
        let changes = &resolved.param_changes;
        let mut left = MAX_HINTS;
        let not_found = resolved.not_found.iter();
        let warnings = resolved.warnings.iter();
        let more = (resolved.more_warnings > 0)
            .then(|| format!("and {} more warnings", resolved.more_warnings));
        Self {
            profile: resolved.profile().info().id.clone(),
            title: resolved.profile().info().title.clone(),
            version: resolved.profile().info().version.clone(),
            sources: resolved
                .sources()
                .map(|source| source.info().id.clone())
                .collect(),
            source_titles: resolved
                .sources()
                .map(|source| markdown::name(&source.info().title, &source.info().version))
                .collect(),
            controls: controls.map(|selected| Selected::of(&selected)),
            parameters: changes
                .iter()
                .take(MAX_LISTED)
                .map(|change| ParameterChange::of(change, &mut left))
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

impl Baseline {
    /// The controls and what the profile changes, for reading.
    fn text(&self) -> String {
        markdown::written(|out| self.write(out))
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "# {}", markdown::name(&self.title, &self.version))?;
        writeln!(out, "\nProfile {}; from:", self.profile)?;
        for (title, id) in self.source_titles.iter().zip(&self.sources) {
            writeln!(out, "- {title} ({id})")?;
        }
        for warning in &self.warnings {
            writeln!(out, "- Warning: {warning}")?;
        }
        if !self.not_found.is_empty() {
            writeln!(
                out,
                "- Selected, but in no source: {}",
                self.not_found.join(", ")
            )?;
        }
        let counted = markdown::counted(&self.controls, "controls");
        writeln!(out, "\n## Controls\n\n{counted}\n")?;
        for control in &self.controls.items {
            let label = control.label.as_deref().unwrap_or(&control.id);
            let marks = [
                (control.withdrawn, "withdrawn"),
                (control.altered, "changed"),
                (control.implied, "not selected itself"),
            ];
            let marks: Vec<_> = marks.into_iter().filter(|mark| mark.0).collect();
            let marks: Vec<_> = marks.into_iter().map(|(_, mark)| mark).collect();
            let name = markdown::name(label, &control.title);
            match marks.is_empty() {
                true => writeln!(out, "- {name}")?,
                false => writeln!(out, "- {name} ({})", marks.join(", "))?,
            }
        }
        if self
            .controls
            .items
            .iter()
            .any(|control| control.json.is_some())
        {
            writeln!(out, "\nTheir OSCAL JSON is in the structured content.")?;
        }
        if self.parameters.is_empty() {
            return Ok(());
        }
        writeln!(out, "\n## Parameters that it sets\n")?;
        if self.parameter_count > self.parameters.len() {
            writeln!(
                out,
                "The first {} of {}; get_control shows those of a control.\n",
                self.parameters.len(),
                self.parameter_count
            )?;
        }
        for parameter in &self.parameters {
            writeln!(out, "- {}", parameter.line())?;
        }
        Ok(())
    }
}

/// Adds the resolved text of as many controls as fit, and shortens the page to these. The catalog
/// has the controls of the baseline in the same order.
fn add_json(page: &mut Page<Selected>, catalog: &Document) {
    let mut left = MAX_JSON;
    let controls = catalog.controls().skip(page.offset);
    let mut fitting = 0;
    for (selected, control) in page.items.iter_mut().zip(controls) {
        let size = control.json().len();
        if size > left && fitting > 0 {
            break;
        }
        left = left.saturating_sub(size);
        selected.json = control.value().ok();
        fitting += 1;
    }
    page.items.truncate(fitting);
}

impl Selected {
    fn of(selected: &BaselineControl<'_>) -> Self {
        let name = selected.name();
        Self {
            id: name.id,
            label: name.label,
            title: name.title,
            withdrawn: name.withdrawn,
            altered: selected.altered,
            implied: selected.implied,
            json: None,
        }
    }
}

impl ParameterChange {
    /// With as many hints as `left` bytes hold.
    fn of(change: &ParamChange, left: &mut usize) -> Self {
        let shown = |state: &ParamState| match state.values.is_empty() {
            true => vec![state.text(&change.param)],
            false => state.values.clone(),
        };
        let mut fitting = |hints: &Vec<String>| {
            let mut hints = hints.clone();
            hints.retain_mut(|hint| {
                let is_cut = cut(hint, *left);
                *left = left.saturating_sub(hint.len());
                !is_cut || hint.len() > '…'.len_utf8()
            });
            hints
        };
        Self {
            id: change.param.clone(),
            control: change.control.clone(),
            old: shown(&change.old),
            new: shown(&change.new),
            constraints: fitting(&change.new.constraints),
            guidelines: fitting(&change.new.guidelines),
        }
    }

    fn line(&self) -> String {
        let control = self.control.as_ref();
        let control = control.map_or_else(String::new, |control| format!(" of {control}"));
        let new = self.new.join(", ");
        let mut line = match new == self.old.join(", ") {
            true => format!("{}{control}: {new}", self.id),
            false => format!("{}{control}: {} → {new}", self.id, self.old.join(", ")),
        };
        // Otherwise the text has them.
        for constraint in self.constraints.iter().filter(|_| !new.starts_with('[')) {
            line += &format!(" (constraint: {constraint})");
        }
        for guideline in &self.guidelines {
            line += &format!(" ({guideline})");
        }
        line
    }
}
