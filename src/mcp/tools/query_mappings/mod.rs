//! `query_mappings`: what corresponds to a control in another framework, and how far a framework is
//! covered through mappings.

mod answer;
mod markdown;

use std::sync::Arc;

use oscal_documents::{
    Baseline, Contents, Control, CoveredFramework, Document, FrameworkName, LibraryView,
    MappingFilter, Model, find_maps, mapped_frameworks, mapping_coverage,
};
use rmcp::{
    handler::server::wrapper::Parameters,
    schemars::{self, JsonSchema},
    tool, tool_router,
};
use serde::Deserialize;

use self::answer::{Coverage, Mappings};
use crate::mcp::{
    answer::{Json, MAX_LIMIT, ToolError, advice, document, shortened},
    documents::{Access, Caller, Operation},
    server::OscalServer,
};

/// The most frameworks that an error names.
const MAX_NAMED: usize = 12;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct QueryMappings {
    /// Id or label of a control
    control: Option<String>,
    /// Only to this framework: id of a catalog or profile, or words of its title: ISO 27001
    to: Option<String>,
    /// Only the mapping collection with this id
    document: Option<String>,
    /// equal-to, equivalent-to, subset-of, superset-of, intersects-with, no-relationship
    relationship: Option<String>,
    /// Instead of maps: which controls of this framework are covered through mappings. Named as in
    /// `to`
    coverage_of: Option<String>,
    offset: Option<usize>,
    /// 20 by default, 100 for coverage
    limit: Option<usize>,
}

#[tool_router(router = query_mappings_router, vis = "pub(super)")]
impl OscalServer {
    /// What a control is in another framework (what is AC-2 in ISO 27001?), in both directions, from
    /// mapping collections; or how far a framework is covered through mappings
    #[tool(annotations(
        title = "Query mappings",
        read_only_hint = true,
        open_world_hint = false
    ))]
    async fn query_mappings(
        &self,
        caller: Caller,
        Parameters(asked): Parameters<QueryMappings>,
    ) -> Result<Json<Mappings>, ToolError> {
        let access = self.admit(&caller, Operation::Read)?;
        let Some(framework) = &asked.coverage_of else {
            let answer = move |access: &Access| asked.maps(&access.documents());
            return self.pass_over(&access, answer).await;
        };
        if asked.control.is_some() || asked.to.is_some() || asked.relationship.is_some() {
            let others = "control, to and relationship";
            return Err(ToolError::EitherOr("coverage_of", others));
        }
        let profile = {
            let documents = access.documents();
            let found = named(&documents, framework);
            let found = found.filter(|document| document.info().model == Model::Profile);
            found.map(|document| document.info().id.clone())
        };
        let baseline = match profile {
            Some(profile) => Some(self.baseline(&access, &profile, None).await?),
            None => None,
        };
        // Reads all maps and implementations.
        let workers = &self.shared.workers;
        let work = move || asked.coverage(&access.documents(), baseline);
        (workers.run(&workers.readings, 0, work)).await?
    }
}

/// The catalog or profile with this name, if there is one.
fn named<'a>(documents: &LibraryView<'a>, name: &str) -> Option<&'a Document> {
    let found = document(documents, name).ok()?;
    matches!(found.info().model, Model::Catalog | Model::Profile).then_some(found)
}

impl QueryMappings {
    fn maps(&self, documents: &LibraryView<'_>) -> Result<Json<Mappings>, ToolError> {
        let collection = self.collection(documents)?;
        let to = self.to.as_deref().map(|to| match named(documents, to) {
            Some(document) => document.info().id.as_str(),
            None => to,
        });
        let filter = MappingFilter {
            control: self.control.as_deref(),
            to,
            document: collection,
            relationship: self.relationship.as_deref(),
        };
        let limit = self.limit.unwrap_or(20).clamp(1, MAX_LIMIT);
        let found = find_maps(documents, filter, self.offset.unwrap_or(0), limit);
        let nothing_to_read = found.mappings.is_empty();
        let note = match (&self.control, found.maps.total) {
            _ if nothing_to_read => return Err(no_mappings(documents)),
            (None, 0) if to.is_none() && self.relationship.is_none() => {
                Some("the mapping collections have no maps".to_owned())
            }
            (control, 0) => Some(self.nothing(documents, control.as_deref(), &found.mappings)?),
            _ => None,
        };
        let answer = Mappings::of(found, note);
        let text = markdown::mappings(&answer);
        Ok(Json::with_text(&answer, text))
    }

    /// Why no map was found.
    fn nothing(
        &self,
        documents: &LibraryView<'_>,
        control: Option<&str>,
        mappings: &[oscal_documents::MappingSummary],
    ) -> Result<String, ToolError> {
        // Without the framework: perhaps it is the framework that no mapping has.
        let known = mapped_frameworks(documents);
        if let Some(to) = &self.to {
            let filter = MappingFilter {
                to: named(documents, to)
                    .map(|found| found.info().id.as_str())
                    .or(Some(to)),
                document: self.document.as_deref(),
                ..MappingFilter::default()
            };
            if find_maps(documents, filter, 0, 1).maps.total == 0 {
                return Err(unknown_framework(to, &known));
            }
        }
        let Some(control) = control else {
            return Ok("no map has this relationship".to_owned());
        };
        if mappings.iter().any(|mapping| mapping.declares_unmapped) {
            let control = shortened(control);
            return Ok(format!("{control} is declared to have no counterpart"));
        }
        let filter = MappingFilter {
            control: Some(control),
            ..MappingFilter::default()
        };
        let elsewhere = find_maps(documents, filter, 0, 1).maps.total;
        let catalogs = documents.find_controls(control);
        match (elsewhere, catalogs.first()) {
            (0, None) => {
                let place = "is in a loaded map or catalog";
                Err(ToolError::no_such_control(control, place, documents))
            }
            (0, Some(found)) => {
                let (id, catalog) = (found.id(), &found.document().info().title);
                let known = listed(&known);
                Ok(format!(
                    "no loaded map names {id} of {catalog}; the maps are of {known}"
                ))
            }
            (elsewhere, _) => Ok(format!(
                "no map of this control fits; without `to`, `document` and `relationship` there are \
                 {elsewhere}"
            )),
        }
    }

    fn coverage(
        &self,
        documents: &LibraryView<'_>,
        baseline: Option<Arc<Baseline>>,
    ) -> Result<Json<Mappings>, ToolError> {
        let collection = self.collection(documents)?;
        let name = self.coverage_of.as_deref().unwrap_or_default();
        let covered = match (named(documents, name), &baseline) {
            (Some(profile), Some(baseline)) => {
                let selected = baseline.controls().filter(|selected| !selected.implied);
                let controls =
                    selected.filter_map(|selected| original(documents, selected.control));
                CoveredFramework::Loaded(profile, controls.collect())
            }
            (Some(catalog), None) => {
                CoveredFramework::Loaded(catalog, catalog.controls().collect())
            }
            (None, _) => CoveredFramework::Named(name),
        };
        let coverage = mapping_coverage(documents, &covered, collection);
        if coverage.through.is_empty() {
            let known = mapped_frameworks(documents);
            return Err(match known.is_empty() {
                true => no_mappings(documents),
                false => unknown_framework(name, &known),
            });
        }
        let framework = match named(documents, name) {
            Some(document) => answer::Framework::of_document(document),
            None => answer::Framework::named(name),
        };
        let coverage = Coverage::of(coverage, framework, self.offset, self.limit);
        let answer = Mappings::covering(coverage);
        let text = markdown::mappings(&answer);
        Ok(Json::with_text(&answer, text))
    }

    /// The id of the mapping collection that is asked for.
    fn collection<'a>(&self, documents: &LibraryView<'a>) -> Result<Option<&'a str>, ToolError> {
        let Some(name) = &self.document else {
            return Ok(None);
        };
        let found = document(documents, name)?;
        match found.info().model {
            Model::MappingCollection => Ok(Some(&found.info().id)),
            model => Err(ToolError::NotAMapping {
                document: found.info().id.clone(),
                model,
            }),
        }
    }
}

/// The control of a baseline in its loaded catalog.
fn original<'a>(documents: &LibraryView<'a>, control: Control<'_>) -> Option<Control<'a>> {
    let catalog = documents.document(&control.document().info().id)?;
    catalog.control(control.id())
}

fn no_mappings(documents: &LibraryView<'_>) -> ToolError {
    ToolError::NoMappings(match documents.contents() {
        Contents::Documents => "list_documents shows what is",
        _ => advice(documents).unwrap_or_default(),
    })
}

fn unknown_framework(name: &str, known: &[FrameworkName]) -> ToolError {
    ToolError::NoMappingTo {
        framework: shortened(name),
        known: listed(known),
    }
}

/// The first frameworks by title.
fn listed(frameworks: &[FrameworkName]) -> String {
    let titles = frameworks.iter().take(MAX_NAMED);
    let mut titles: Vec<_> = titles
        .map(|one| format!("{:?}", shortened(&one.title)))
        .collect();
    if frameworks.len() > MAX_NAMED {
        titles.push(format!("and {} others", frameworks.len() - MAX_NAMED));
    }
    titles.join(", ")
}
