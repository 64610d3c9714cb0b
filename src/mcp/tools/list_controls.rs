//! `list_controls`: the controls of a catalog or baseline in its order.

use std::fmt::{self, Write};

use oscal_documents::{Baseline, BaselineControl, Control, ControlFilter, Document, control_key};
use rmcp::{
    handler::server::wrapper::Parameters,
    schemars::{self, JsonSchema},
    tool, tool_router,
};
use serde::{Deserialize, Serialize};

use crate::mcp::{
    answer::{Json, Page, ToolError, catalog, markdown},
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
    document_title: String,
    document_version: String,
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
    /// Title of the group
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    withdrawn: bool,
}

#[tool_router(router = list_controls_router, vis = "pub(super)")]
impl OscalServer {
    /// The controls of a catalog, a group or a profile's baseline by title, with enhancements, in
    /// order. For their text use get_control
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
        let list = match (&asked.document, &asked.profile) {
            (Some(_), Some(_)) => return Err(ToolError::EitherOr("document", "profile")),
            (_, Some(profile)) => asked.of_baseline(&*self.baseline(&access, profile, None).await?),
            (id, None) => asked.of_catalog(catalog(&access.documents(), id.as_deref())?),
        }?;
        Ok(Json::with_text(&list, list.text()))
    }
}

impl ListControls {
    fn filter(&self) -> ControlFilter<'_> {
        ControlFilter {
            group: self.group.as_deref(),
            withdrawn: self.withdrawn,
        }
    }

    fn of_catalog(&self, catalog: &Document) -> Result<ControlList, ToolError> {
        let matches = self.filter().matcher();
        let listed = catalog.controls().filter(|control| matches(*control));
        let page = Page::cut(listed, self.offset, self.limit, 100);
        self.list(catalog, page.map(ListedControl::of), || {
            let groups = catalog.groups();
            groups
                .map(|(id, title)| (id.to_owned(), title.to_owned()))
                .collect()
        })
    }

    fn of_baseline(&self, baseline: &Baseline) -> Result<ControlList, ToolError> {
        let matches = self.filter().baseline_matcher();
        let listed = baseline.controls().filter(matches);
        let page = Page::cut(listed, self.offset, self.limit, 100);
        self.list(
            baseline.profile(),
            page.map(ListedControl::in_baseline),
            || {
                let mut groups: Vec<(String, String)> = Vec::new();
                for selected in baseline.controls() {
                    for (id, title) in selected.groups() {
                        let id = id.unwrap_or_default();
                        // The controls of a group follow each other.
                        if !id.is_empty() && groups.iter().rev().all(|known| known.0 != id) {
                            groups.push((id.to_owned(), title.to_owned()));
                        }
                    }
                }
                groups
            },
        )
    }

    /// The list, unless it is empty because there is no such group.
    fn list(
        &self,
        of: &Document,
        page: Page<ListedControl>,
        groups: impl FnOnce() -> Vec<(String, String)>,
    ) -> Result<ControlList, ToolError> {
        let info = of.info();
        if let Some(group) = self.group.as_deref().filter(|_| page.total == 0) {
            let groups = groups();
            let key = control_key(group);
            if groups.iter().all(|(id, _)| control_key(id) != key) {
                return Err(ToolError::unknown_group(group, &info.title, &groups));
            }
        }
        Ok(ControlList {
            document: info.id.clone(),
            document_title: info.title.clone(),
            document_version: info.version.clone(),
            page,
        })
    }
}

impl ControlList {
    /// One line for each control, under the titles of their groups.
    fn text(&self) -> String {
        markdown::written(|out| self.write(out))
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        let title = markdown::name(&self.document_title, &self.document_version);
        let counted = markdown::counted(&self.page, "controls");
        writeln!(out, "# {title}\n\n{counted} ({})", self.document)?;
        let mut group = None;
        for (at, control) in self.page.items.iter().enumerate() {
            if at == 0 || group != control.group.as_deref() {
                group = control.group.as_deref();
                writeln!(out)?;
                if let Some(title) = group {
                    writeln!(out, "## {title}\n")?;
                }
            }
            let label = control.label.as_deref().unwrap_or(&control.id);
            let name = markdown::name(label, &control.title);
            let indent = if control.parent.is_some() { "  " } else { "" };
            let withdrawn = match control.withdrawn {
                true => " (withdrawn)",
                false => "",
            };
            writeln!(out, "{indent}- {name}{withdrawn}")?;
        }
        Ok(())
    }
}

impl ListedControl {
    fn of(control: Control<'_>) -> Self {
        Self {
            id: control.id().to_owned(),
            label: control.label().map(str::to_owned),
            title: control.title().to_owned(),
            parent: control.parent().map(|parent| parent.id().to_owned()),
            group: control.group().map(|(_, title)| title.to_owned()),
            withdrawn: control.is_withdrawn(),
        }
    }

    /// With the names of the baseline.
    fn in_baseline(selected: BaselineControl<'_>) -> Self {
        let name = selected.name();
        Self {
            label: name.label,
            title: name.title,
            withdrawn: name.withdrawn,
            group: selected
                .groups()
                .first()
                .map(|(_, title)| (*title).to_owned()),
            ..Self::of(selected.control)
        }
    }
}
