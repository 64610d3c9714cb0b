//! A resolved profile.

use std::sync::Arc;

use crate::control::lookup::ControlFilter;
use crate::control::substitution::ParamValues;
use crate::control::{Control, ControlName};
use crate::document::Document;
use crate::document::control_key::control_key;
use crate::library::view::LibraryView;
use crate::resolve::directives::profile::Profile;
use crate::resolve::error::{ResolveError, name};
use crate::resolve::json::Object;
use crate::resolve::log::{Log, NotFound, ParamChange, Warning};
use crate::resolve::output::catalog::Output;
use crate::resolve::output::head::Head;
use crate::resolve::output::identity::uuid_of;
use crate::resolve::own::{Altered, Groups, OwnNames, groups_within};
use crate::resolve::resolver::Resolver;
use crate::resolve::tree::{Body, Node, Tree};

/// A resolved profile.
pub struct Resolved<'a> {
    /// The profile.
    pub profile: &'a Document,
    /// The imported catalogs and profiles, each after what it imports.
    pub sources: Vec<&'a Document>,
    /// The controls of the baseline, in its order.
    pub controls: Vec<BaselineControl<'a>>,
    /// The parameters that profiles change.
    pub param_changes: Vec<ParamChange>,
    /// The controls that profiles select by id but their sources lack.
    pub not_found: Vec<NotFound>,
    /// Directives that have no effect, or a different one than they seem to have.
    pub warnings: Vec<Warning>,
    /// How many more warnings were left out.
    pub more_warnings: usize,
    /// The imports that may be of other documents: only the file name is the same. Tell everyone
    /// who sees something of the result.
    pub guesses: Vec<String>,
    metadata: Object,
    tree: Tree<'a>,
}

/// A control of a baseline. The catalog's names of it are those of `control`; a profile may give it
/// others.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BaselineControl<'a> {
    /// The control in its catalog.
    pub control: Control<'a>,
    /// Whether no profile selects it: it is there only because it contains a selected enhancement.
    pub implied: bool,
    /// Whether it differs from the catalog, because a profile changes it or several versions of it
    /// were combined.
    pub altered: bool,
    /// Names that differ from those in the catalog.
    pub(crate) own: Option<Arc<OwnNames>>,
}

impl ControlFilter<'_> {
    /// A function that says whether a control of a baseline matches, by its groups there.
    pub fn baseline_matcher(self) -> impl Fn(&BaselineControl<'_>) -> bool {
        let group = self.group.map(control_key);
        move |selected| {
            self.withdrawn
                .is_none_or(|withdrawn| withdrawn == selected.is_withdrawn())
                && group.as_ref().is_none_or(|key| {
                    let groups = selected.groups();
                    let mut ids = groups.into_iter().filter_map(|(id, _)| id);
                    ids.any(|id| control_key(id) == *key)
                })
        }
    }
}

impl BaselineControl<'_> {
    /// The title in the baseline.
    pub fn title(&self) -> &str {
        let own = self.own_altered();
        own.map_or_else(|| self.control.title(), |own| &own.title)
    }

    /// The label in the baseline.
    pub fn label(&self) -> Option<&str> {
        match self.own_altered() {
            Some(own) => own.label.as_deref(),
            None => self.control.label(),
        }
    }

    /// Whether it is withdrawn. A profile can select a control all the same.
    pub fn is_withdrawn(&self) -> bool {
        let own = self.own_altered();
        own.map_or_else(|| self.control.is_withdrawn(), |own| own.withdrawn)
    }

    /// Id, label and title in the baseline.
    pub fn name(&self) -> ControlName {
        ControlName {
            id: self.control.id().to_owned(),
            label: self.label().map(str::to_owned),
            title: self.title().to_owned(),
            withdrawn: self.is_withdrawn(),
        }
    }

    /// Ids and titles of the groups around it, from the inside out: those that the profile makes, or
    /// else those of the catalog.
    pub fn groups(&self) -> Vec<(Option<&str>, &str)> {
        match self.own.as_ref().and_then(|own| own.groups.as_ref()) {
            Some(groups) => groups
                .iter()
                .map(|(id, title)| (id.as_deref(), title.as_str()))
                .collect(),
            None => self
                .control
                .groups()
                .map(|group| (group.id.as_deref(), group.title.as_ref()))
                .collect(),
        }
    }

    fn own_altered(&self) -> Option<&Altered> {
        self.own.as_ref()?.altered.as_ref()
    }
}

/// Resolves a profile with the documents of the view. Imports are found by their place
/// relative to the importing file or to a directory around it (`trestle://`), by uuid, or by the
/// longest common end of the path. If a document has nothing but the file name in common with an
/// import, it is taken if it is the only one and the name is no common one such as `catalog.json`,
/// and is among the [`guesses`](Resolved::guesses). The document with the id `fallback` replaces
/// imports that are missing, ambiguous or guessed.
///
/// ```
/// use oscal_documents::{Library, Limits, resolve_profile};
///
/// const CATALOG: &str = r#"{"catalog": {
///     "uuid": "00000000-0000-4000-8000-000000000001", "metadata": {"title": "House rules"},
///     "controls": [{"id": "ac-1", "title": "Keys"}, {"id": "ac-2", "title": "Guests"}]}}"#;
/// const PROFILE: &str = r#"{"profile": {
///     "uuid": "00000000-0000-4000-8000-000000000002", "metadata": {"title": "A small house"},
///     "imports": [{"href": "rules.json", "include-controls": [{"with-ids": ["ac-1", "ac-9"]}]}]}}"#;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let documents = [("rules.json", CATALOG), ("small.json", PROFILE)];
/// let library = Library::load(&documents, None, Limits::default())?;
/// let view = library.view(|_| true);
/// let profile = view
///     .document("00000000-0000-4000-8000-000000000002")
///     .ok_or("no profile")?;
/// let resolved = resolve_profile(&view, profile, None)?;
/// let ids: Vec<_> = resolved.controls.iter().map(|c| c.control.id()).collect();
/// assert_eq!(ids, ["ac-1"]);
/// assert_eq!(resolved.not_found[0].control, "ac-9");
/// // The catalog that the profile stands for.
/// assert_eq!(resolved.document()?.controls().len(), 1);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// The profile, or one that it imports, cannot be resolved; see [`ResolveError`].
pub fn resolve_profile<'a>(
    view: &LibraryView<'a>,
    profile: &'a Document,
    fallback: Option<&str>,
) -> Result<Resolved<'a>, ResolveError> {
    let fallback = match fallback {
        None => None,
        Some(id) => Some(
            view.document(id)
                .ok_or_else(|| ResolveError::UnknownFallback(id.to_owned()))?,
        ),
    };
    let mut directives = Profile::of(profile)?;
    let metadata = std::mem::take(&mut directives.metadata);
    let mut resolver = Resolver::new(view, fallback);
    let tree = resolver.resolve(profile, directives)?;
    let mut log = resolver.log;
    if let Some(fallback) = fallback
        && !resolver.fallback_used
    {
        let message = format!("all imports were found, so {} is not used", name(fallback));
        log.warn(&profile.info().id, message);
    }
    let controls = baseline(&tree, &mut log);
    warn_of_withdrawn(&controls, &profile.info().id, &mut log);
    Ok(Resolved {
        profile,
        sources: resolver.sources,
        controls,
        param_changes: log.changes,
        not_found: resolver.not_found,
        warnings: log.warnings,
        more_warnings: log.more_warnings,
        guesses: resolver.guesses,
        metadata,
        tree,
    })
}

/// The controls of a tree. Logs changes to them and to other parameters.
fn baseline<'a>(tree: &Tree<'a>, log: &mut Log) -> Vec<BaselineControl<'a>> {
    let mut controls = Vec::new();
    add_body(&tree.body, None, &mut controls, log);
    for source in &tree.params {
        for param in source.modifications.iter().flat_map(|m| m.params()) {
            if source.catalog.catalog().is_loose(param) {
                log.start_version();
                tree.param(param, log);
            }
        }
    }
    controls
}

/// Adds the controls of a body. `groups` are those around it, if the profile makes any of them.
fn add_body<'a>(
    body: &Body<'a>,
    groups: Option<&Groups>,
    controls: &mut Vec<BaselineControl<'a>>,
    log: &mut Log,
) {
    add_nodes(&body.controls, groups, controls, log);
    for group in &body.groups {
        let own = groups.is_some() || group.own.is_custom();
        let groups = own.then(|| groups_within(group, groups));
        add_body(&group.body, groups.as_ref(), controls, log);
    }
}

fn add_nodes<'a>(
    nodes: &[Node<'a>],
    groups: Option<&Groups>,
    controls: &mut Vec<BaselineControl<'a>>,
    log: &mut Log,
) {
    for node in nodes {
        let altered = !node.version.is_original();
        let mut own = OwnNames::default();
        if altered {
            log.start_version();
            own.altered = Some(Altered::of(&node.version.object(log)));
        }
        own.groups = groups.cloned();
        let has_own = own.altered.is_some() || own.groups.is_some();
        controls.push(BaselineControl {
            control: node.version.control(),
            implied: node.implied,
            altered,
            own: has_own.then(|| Arc::new(own)),
        });
        add_nodes(&node.children, groups, controls, log);
    }
}

/// Warns of withdrawn controls in one line, however many they are.
fn warn_of_withdrawn(controls: &[BaselineControl<'_>], profile: &str, log: &mut Log) {
    const NAMED: usize = 10;
    let withdrawn = controls
        .iter()
        .filter(|selected| selected.is_withdrawn() && !selected.implied);
    let ids: Vec<_> = withdrawn.map(|selected| selected.control.id()).collect();
    if ids.is_empty() {
        return;
    }
    let named: Vec<_> = ids
        .iter()
        .take(NAMED)
        .map(|id| format!("`{id:.60}`"))
        .collect();
    let more = match ids.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message = format!("selects withdrawn controls: {}{more}", named.join(", "));
    log.warn(profile, message);
}

impl Resolved<'_> {
    /// The values that profiles set, for viewing controls of the source catalogs. The resolved
    /// catalog already contains them.
    pub fn param_values(&self) -> ParamValues {
        let set = self.param_changes.iter();
        let set = set.filter(|change| !change.new.values.is_empty());
        set.map(|change| (change.param.clone(), change.new.values.clone()))
            .collect()
    }

    /// The uuid of the resolved catalog. It stays the same while the uuids, versions and
    /// modification times of the profile and its sources do.
    pub fn uuid(&self) -> String {
        let documents = self.sources.iter().copied().chain([self.profile]);
        let texts = documents.flat_map(|document| {
            let info = document.info();
            [&info.id, &info.version, &info.last_modified].map(String::as_str)
        });
        uuid_of(texts).to_string()
    }

    /// The resolved catalog as compact JSON.
    ///
    /// Its metadata is the profile's. Parameters outside controls, and resources of the back
    /// matter, are included only if something refers to them. A control may be there in several
    /// versions.
    ///
    /// # Errors
    ///
    /// None at present: whatever cannot be changed is left as it is, with a warning.
    pub fn catalog(&self) -> Result<String, ResolveError> {
        let head = Head {
            uuid: &self.uuid(),
            profile: self.profile,
            metadata: &self.metadata,
            sources: &self.sources,
        };
        Ok(Output::of(&self.tree).catalog(&head))
    }

    /// The resolved catalog as a document, whose controls can be viewed and listed as in any other
    /// catalog. Keep it: building it takes milliseconds.
    ///
    /// # Errors
    ///
    /// The result is too large for a document, or the profile's metadata is not OSCAL.
    pub fn document(&self) -> Result<Document, ResolveError> {
        let file = format!("resolved {}", self.profile.file());
        let built_in = self.profile.info().built_in;
        Ok(Document::parse(file, self.catalog()?, built_in)?)
    }
}
