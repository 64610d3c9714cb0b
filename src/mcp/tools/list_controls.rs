//! `list_controls`: the controls of a catalog in its order.

use std::cmp::Reverse;

use rmcp::{
    Json,
    handler::server::wrapper::Parameters,
    schemars::{self, JsonSchema},
    tool, tool_router,
};
use serde::{Deserialize, Serialize};

use crate::{
    mcp::{
        OscalServer,
        output::{MAX_LIMIT, Page, ToolError, document},
    },
    oscal::{Control, ControlFilter, Document, LibraryView},
};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListControls {
    /// Id of a catalog; by default the one with the most controls
    document: Option<String>,
    /// Only the group with this id, such as ac
    group: Option<String>,
    /// true: only withdrawn controls; false: only those in force; by default both
    withdrawn: Option<bool>,
    offset: Option<usize>,
    /// At most 200; 100 by default
    limit: Option<usize>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ControlList {
    /// Id of the catalog
    document: String,
    #[serde(flatten)]
    page: Page<ListedControl>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ListedControl {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    title: String,
    /// Id of the control that this one enhances
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    withdrawn: bool,
}

#[tool_router(router = list_controls_router, vis = "pub(super)")]
impl OscalServer {
    /// The controls of a catalog with their enhancements, in the catalog's order
    #[tool(annotations(
        title = "List controls",
        read_only_hint = true,
        destructive_hint = false,
        idempotent_hint = true,
        open_world_hint = false
    ))]
    async fn list_controls(
        &self,
        Parameters(asked): Parameters<ListControls>,
    ) -> Result<Json<ControlList>, ToolError> {
        let catalog = catalog(&self.documents(), asked.document.as_deref())?;
        let filter = ControlFilter {
            group: asked.group.as_deref(),
            withdrawn: asked.withdrawn,
        };
        let limit = asked.limit.unwrap_or(100).clamp(1, MAX_LIMIT);
        let page = catalog.list_controls(filter, asked.offset.unwrap_or(0), limit);
        Ok(Json(ControlList {
            document: catalog.info().id.clone(),
            page: Page {
                items: page.items.into_iter().map(ListedControl::of).collect(),
                total: page.total,
                offset: page.offset,
                limit: page.limit,
            },
        }))
    }
}

/// The catalog that a caller named, or the largest.
fn catalog<'a>(documents: &LibraryView<'a>, id: Option<&str>) -> Result<&'a Document, ToolError> {
    match id {
        Some(id) => {
            let named = document(documents, id)?;
            let has_controls = named.controls().len() > 0;
            has_controls
                .then_some(named)
                .ok_or_else(|| ToolError::NoCatalog(named.info().id.clone()))
        }
        None => documents
            .documents()
            .filter(|document| document.controls().len() > 0)
            .min_by_key(|document| Reverse(document.controls().len()))
            .ok_or(ToolError::NoCatalogLoaded),
    }
}

impl ListedControl {
    fn of(control: Control<'_>) -> Self {
        Self {
            id: control.id().to_owned(),
            label: control.label().map(str::to_owned),
            title: control.title().to_owned(),
            parent: control.parent().map(|parent| parent.id().to_owned()),
            withdrawn: control.is_withdrawn(),
        }
    }
}
