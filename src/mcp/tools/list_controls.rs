//! `list_controls`: the controls of a catalog or baseline in its order.

use oscal_documents::{Control, ControlFilter};
use rmcp::{
    handler::server::wrapper::Parameters,
    schemars::{self, JsonSchema},
    tool, tool_router,
};
use serde::{Deserialize, Serialize};

use crate::mcp::{
    answer::{Json, Page, ToolError, catalog},
    documents::{Caller, Operation},
    server::OscalServer,
};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListControls {
    /// Id of a catalog; by default the one with the most controls
    document: Option<String>,
    /// Id of a profile instead: the controls of its baseline
    profile: Option<String>,
    /// Only the group with this id, such as ac
    group: Option<String>,
    /// Only withdrawn controls, or only those in force
    withdrawn: Option<bool>,
    offset: Option<usize>,
    /// 100 by default, at most 200
    limit: Option<usize>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ControlList {
    /// Id of the catalog or profile
    document: String,
    #[serde(flatten)]
    page: Page<ListedControl>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ListedControl {
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
    /// The controls of a catalog or of a profile's baseline, with enhancements, in its order
    #[tool(annotations(
        title = "List controls",
        read_only_hint = true,
        open_world_hint = false
    ))]
    async fn list_controls(
        &self,
        caller: Caller,
        Parameters(asked): Parameters<ListControls>,
    ) -> Result<Json<ControlList>, ToolError> {
        let access = self.admit(&caller, Operation::Read)?;
        let filter = ControlFilter {
            group: asked.group.as_deref(),
            withdrawn: asked.withdrawn,
        };
        let matches = filter.matcher();
        let page = |controls: &mut dyn Iterator<Item = Control<'_>>| {
            let listed = controls.filter(|control| matches(*control));
            Page::cut(listed, asked.offset, asked.limit, 100).map(ListedControl::of)
        };
        let (id, page) = match (&asked.document, &asked.profile) {
            (Some(_), Some(_)) => return Err(ToolError::EitherOr("document", "profile")),
            (_, Some(profile)) => {
                let baseline = self.baseline(&access, profile, None).await?;
                let mut controls = baseline.controls().map(|listed| listed.control);
                (baseline.profile().info().id.clone(), page(&mut controls))
            }
            (id, None) => {
                let catalog = catalog(&access.documents(), id.as_deref())?;
                (catalog.info().id.clone(), page(&mut catalog.controls()))
            }
        };
        Ok(Json::of(&ControlList { document: id, page }))
    }
}

impl ListedControl {
    pub(super) fn of(control: Control<'_>) -> Self {
        Self {
            id: control.id().to_owned(),
            label: control.label().map(str::to_owned),
            title: control.title().to_owned(),
            parent: control.parent().map(|parent| parent.id().to_owned()),
            withdrawn: control.is_withdrawn(),
        }
    }
}
