//! `compare`: what differs between two editions, and which implementations it affects.

mod answer;
mod differences;
mod fit;
mod markdown;

use std::sync::Arc;

use oscal_documents::{
    ChangeKind, Document, Impact, LibraryView, Model, compare_catalogs, compare_objects,
    control_key, impact,
};
use rmcp::{
    handler::server::wrapper::Parameters,
    schemars::{self, JsonSchema},
    tool, tool_router,
};
use serde::Deserialize;

use self::{
    answer::{Change, Comparison, Edition, ImpactAnswer, Summary},
    fit::Fit,
};
use crate::mcp::{
    answer::{Json, Page, ToolError, document},
    documents::{Access, Caller, Operation},
    server::OscalServer,
};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Compare {
    /// Id of the old edition: a catalog, profile, system security plan or other document
    old: String,
    /// Id of the new edition. Catalogs and profiles can be compared with each other; other
    /// documents with those of their model
    new: String,
    /// Only this control, with its whole text: id or label
    control: Option<String>,
    /// Only changes of this kind
    change: Option<Kind>,
    offset: Option<usize>,
    /// 20 by default, at most 200
    limit: Option<usize>,
}

// Plain comments, because doc comments would go into the schema.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Added,
    Removed,
    Withdrawn,
    Restored,
    Moved,
    Renamed,
    // Everything else.
    Changed,
    Text,
    Parameters,
}

/// What is compared: the documents themselves, or what profiles resolve to.
struct Compared {
    old: Arc<Document>,
    new: Arc<Document>,
    are_catalogs: bool,
}

#[tool_router(router = compare_router, vis = "pub(super)")]
impl OscalServer {
    /// What changed between two revisions of a catalog, two baselines or two versions of a system
    /// security plan (or other document): counts, then each change with a word diff ([-old-]{+new+}),
    /// and which loaded components and plans implement changed controls
    #[tool(annotations(title = "Compare", read_only_hint = true, open_world_hint = false))]
    async fn compare(
        &self,
        caller: Caller,
        Parameters(asked): Parameters<Compare>,
    ) -> Result<Json<Comparison>, ToolError> {
        let access = self.admit(&caller, Operation::Read)?;
        let compared = self.compared(&access, &asked).await?;
        let workers = &self.shared.workers;
        let work = move || asked.answer(&access.documents(), &compared);
        (workers.run(&workers.readings, 0, work)).await?
    }

    async fn compared(&self, access: &Access, asked: &Compare) -> Result<Compared, ToolError> {
        // Names first: the view of documents must not be kept while profiles are resolved.
        let (old, new) = {
            let documents = access.documents();
            let old = document(&documents, &asked.old)?;
            let new = document(&documents, &asked.new)?;
            (Arc::new(old.clone()), Arc::new(new.clone()))
        };
        let is_framework =
            |one: &Document| matches!(one.info().model, Model::Catalog | Model::Profile);
        let are_catalogs = is_framework(&old) && is_framework(&new);
        if !are_catalogs && old.info().model != new.info().model {
            return Err(ToolError::NotComparable {
                old: old.info().model,
                new: new.info().model,
            });
        }
        Ok(Compared {
            old: self.as_catalog(access, old).await?,
            new: self.as_catalog(access, new).await?,
            are_catalogs,
        })
    }

    /// What a profile resolves to; any other document as it is.
    async fn as_catalog(
        &self,
        access: &Access,
        document: Arc<Document>,
    ) -> Result<Arc<Document>, ToolError> {
        match document.info().model {
            Model::Profile => {
                self.resolved_catalog(access, &document.info().id, None)
                    .await
            }
            _ => Ok(document),
        }
    }
}

impl Compare {
    fn answer(
        &self,
        documents: &LibraryView<'_>,
        compared: &Compared,
    ) -> Result<Json<Comparison>, ToolError> {
        let old = document(documents, &self.old)?;
        let new = document(documents, &self.new)?;
        let answer = match compared.are_catalogs {
            true => self.of_catalogs(documents, compared, old, new)?,
            false => self.of_objects(documents, old, new)?,
        };
        let text = markdown::comparison(&answer);
        Ok(Json::with_text(&answer, text))
    }

    fn of_catalogs(
        &self,
        documents: &LibraryView<'_>,
        compared: &Compared,
        old: &Document,
        new: &Document,
    ) -> Result<Comparison, ToolError> {
        let mut comparison = compare_catalogs(&compared.old, &compared.new);
        let mut note = None;
        if let Some(reference) = &self.control {
            let key = control_key(reference);
            comparison.changes.retain(|change| {
                let controls = [change.old, change.new].into_iter().flatten();
                let mut names = controls.flat_map(|c| [Some(c.id()), c.label()]).flatten();
                names.any(|name| control_key(name) == key)
            });
            if comparison.changes.is_empty() {
                note = Some(self.unchanged(documents, &compared.new)?);
            }
        }
        let impact = impact(documents, &comparison, old, new);
        let page = self.page(&comparison.changes, |change| &change.kinds);
        let mut fit = Fit::new(self.control.is_some());
        Ok(Comparison {
            old: Edition::of(old),
            new: Edition::of(new),
            summary: Summary::of_controls(&comparison.counts),
            changes: page.map(|change| Change::of_control(change, &mut fit)),
            impact: self.shown(impact),
            note,
            truncated: fit.truncated(),
        })
    }

    fn of_objects(
        &self,
        documents: &LibraryView<'_>,
        old: &Document,
        new: &Document,
    ) -> Result<Comparison, ToolError> {
        let mut comparison = compare_objects(old, new);
        let mut note = None;
        if let Some(reference) = &self.control {
            let named = documents.find_controls(reference);
            let named = named.iter().map(|control| control.id());
            let keys: Vec<_> = named.chain([reference.as_str()]).map(control_key).collect();
            comparison.changes.retain(|change| {
                change
                    .control
                    .is_some_and(|control| keys.contains(&control_key(control)))
            });
            if comparison.changes.is_empty() {
                note = Some("nothing that is about this control differs".to_owned());
            }
        }
        let page = self.page(&comparison.changes, |change| &change.kinds);
        let mut fit = Fit::new(self.control.is_some());
        Ok(Comparison {
            old: Edition::of(old),
            new: Edition::of(new),
            summary: Summary::of_objects(&comparison),
            changes: page.map(|change| Change::of_object(change, &mut fit)),
            impact: None,
            note,
            truncated: fit.truncated(),
        })
    }

    /// That the control did not change, or that there is none of this name.
    fn unchanged(&self, documents: &LibraryView<'_>, new: &Document) -> Result<String, ToolError> {
        let reference = self.control.as_deref().unwrap_or_default();
        match new.find_controls(reference).first() {
            Some(control) => Ok(format!("{} is the same in both", control.id())),
            None => {
                let place = "is in either of the two".to_owned();
                Err(ToolError::unknown_control(
                    reference,
                    place,
                    new.controls(),
                    documents,
                ))
            }
        }
    }

    /// The changes of the kind that was asked for, as many as were asked for.
    fn page<'c, C>(&self, changes: &'c [C], kinds: fn(&C) -> &[ChangeKind]) -> Page<&'c C> {
        let is_wanted = |change: &&C| {
            let mut kinds = kinds(change).iter();
            self.change
                .is_none_or(|wanted| kinds.any(|kind| wanted.is(*kind)))
        };
        let wanted = changes.iter().filter(is_wanted);
        Page::cut(wanted, self.offset, self.limit, 20)
    }

    /// Later pages need not repeat it.
    fn shown(&self, impact: Impact) -> Option<ImpactAnswer> {
        (self.offset.unwrap_or(0) == 0).then(|| ImpactAnswer::of(impact))
    }
}

impl Kind {
    fn is(self, kind: ChangeKind) -> bool {
        match self {
            Self::Added => kind == ChangeKind::Added,
            Self::Removed => kind == ChangeKind::Removed,
            Self::Withdrawn => kind == ChangeKind::Withdrawn,
            Self::Restored => kind == ChangeKind::Restored,
            Self::Moved => kind == ChangeKind::Moved,
            Self::Renamed => kind == ChangeKind::Renamed,
            Self::Text => kind == ChangeKind::Text,
            Self::Parameters => kind == ChangeKind::Parameters,
            Self::Changed => !matches!(
                kind,
                ChangeKind::Added
                    | ChangeKind::Removed
                    | ChangeKind::Withdrawn
                    | ChangeKind::Restored
            ),
        }
    }
}
