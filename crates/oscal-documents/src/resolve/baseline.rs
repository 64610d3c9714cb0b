//! A resolved profile that can be kept.

use std::sync::Arc;

use crate::control::Control;
use crate::document::Document;
use crate::resolve::log::{NotFound, ParamChange, Warning};
use crate::resolve::own::OwnNames;
use crate::resolve::resolved::{BaselineControl, Resolved};

/// A [`Resolved`] profile together with the documents that it refers to, so that it outlives the
/// library.
///
/// ```
/// use oscal_documents::{Baseline, Library, Limits, resolve_profile};
///
/// # const CATALOG: &str = r#"{"catalog": {
/// #     "uuid": "00000000-0000-4000-8000-000000000001", "metadata": {"title": "House rules"},
/// #     "controls": [{"id": "ac-1", "title": "Keys"}, {"id": "ac-2", "title": "Guests"}]}}"#;
/// # const PROFILE: &str = r#"{"profile": {
/// #     "uuid": "00000000-0000-4000-8000-000000000002", "metadata": {"title": "A small house"},
/// #     "imports": [{"href": "rules.json", "include-controls": [{"with-ids": ["ac-1"]}]}]}}"#;
/// fn baseline(library: Library) -> Result<Baseline, Box<dyn std::error::Error>> {
///     let view = library.view(|_| true);
///     let profile = view
///         .document("00000000-0000-4000-8000-000000000002")
///         .ok_or("no profile")?;
///     Ok(Baseline::of(resolve_profile(&view, profile, None)?))
/// }
///
/// # let documents = [("rules.json", CATALOG), ("small.json", PROFILE)];
/// # let library = Library::load(&documents, None, Limits::default())?;
/// let baseline = baseline(library)?;
/// assert_eq!(baseline.profile().info().title, "A small house");
/// assert_eq!(baseline.controls().len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Baseline {
    profile: Document,
    sources: Vec<Document>,
    controls: Vec<Selected>,
    /// The parameters that profiles change.
    pub param_changes: Vec<ParamChange>,
    /// The controls that profiles select by id but their sources lack.
    pub not_found: Vec<NotFound>,
    /// Directives that have no effect, or a different one than they seem to have.
    pub warnings: Vec<Warning>,
    /// How many more warnings were left out.
    pub more_warnings: usize,
    /// The imports that may be of other documents; see [`Resolved::guesses`].
    pub guesses: Vec<String>,
}

/// A control by its position.
#[derive(Debug)]
struct Selected {
    source: u32,
    number: u32,
    implied: bool,
    altered: bool,
    own: Option<Arc<OwnNames>>,
}

impl Baseline {
    /// Keeps a resolved profile.
    pub fn of(resolved: Resolved<'_>) -> Self {
        // The controls of a baseline come from few documents, and mostly from the same one as the
        // last.
        let mut last = 0;
        let sources = &resolved.sources;
        let controls = resolved.controls.iter().filter_map(|selected| {
            let document = selected.control.document();
            let is_it = |at: &usize| std::ptr::eq(sources[*at], document);
            last = Some(last)
                .filter(|at| *at < sources.len() && is_it(at))
                .or_else(|| (0..sources.len()).find(is_it))?;
            Some(Selected {
                source: u32::try_from(last).ok()?,
                number: selected.control.number(),
                implied: selected.implied,
                altered: selected.altered,
                own: selected.own.clone(),
            })
        });
        let controls = controls.collect();
        Self {
            profile: resolved.profile.clone(),
            sources: sources.iter().copied().cloned().collect(),
            controls,
            param_changes: resolved.param_changes,
            not_found: resolved.not_found,
            warnings: resolved.warnings,
            more_warnings: resolved.more_warnings,
            guesses: resolved.guesses,
        }
    }

    /// The profile.
    pub fn profile(&self) -> &Document {
        &self.profile
    }

    /// The imported catalogs and profiles, each after what it imports.
    pub fn sources(&self) -> impl ExactSizeIterator<Item = &Document> {
        self.sources.iter()
    }

    /// The controls of the baseline, in its order.
    pub fn controls(&self) -> impl ExactSizeIterator<Item = BaselineControl<'_>> {
        self.controls.iter().map(|selected| BaselineControl {
            control: Control::new(&self.sources[selected.source as usize], selected.number),
            implied: selected.implied,
            altered: selected.altered,
            own: selected.own.clone(),
        })
    }

    /// The control with exactly this id; the first one if there are several versions of it.
    pub fn control(&self, id: &str) -> Option<BaselineControl<'_>> {
        self.controls().find(|selected| selected.control.id() == id)
    }

    /// Its approximate size in memory, in bytes, without the documents.
    pub fn memory(&self) -> usize {
        let changes = self.param_changes.iter().map(|change| {
            let states = [&change.old, &change.new].map(|state| {
                let texts = [
                    &state.values,
                    &state.choices,
                    &state.constraints,
                    &state.guidelines,
                ];
                let texts = texts.into_iter().flatten().map(|text| 24 + text.len());
                texts.sum::<usize>() + state.label.as_ref().map_or(0, String::len)
            });
            size_of::<ParamChange>() + states.iter().sum::<usize>() + 64
        });
        let warnings = self.warnings.iter().map(|warning| warning.message.len());
        let own = self.controls.iter().filter_map(|c| c.own.as_ref());
        size_of_val(&*self.controls)
            + own.map(|own| own.memory()).sum::<usize>()
            + changes.sum::<usize>()
            + warnings.sum::<usize>()
            + (self.warnings.len() + self.not_found.len()) * 160
    }
}
