//! How far the controls of a baseline are implemented.

pub(crate) mod claims;
pub(crate) mod counts;
pub(crate) mod covered;
mod tally;

use crate::document::Document;
use crate::implementations::coverage::covered::Coverage;
use crate::implementations::coverage::tally::{Selected, Tally};
use crate::implementations::implementation::ImplementationFilter;
use crate::library::view::LibraryView;
use crate::resolve::resolved::BaselineControl;

/// How well the implementations that match the filter cover the controls of a baseline.
///
///
/// Components of a system security plan act together: a control is implemented if each of them
/// implements its part of each statement. Components of component definitions are alternatives: the
/// best counts, unless a plan says something about the control. Only implementations count that are
/// written for the catalogs of the baseline, or for profiles of them; see
/// [`ImplementationFilter::any_source`]. With a control in the filter, only that control is
/// considered.
///
/// ```
/// use oscal_documents::{ImplementationFilter, Library, Limits, coverage, resolve_profile};
///
/// # const CATALOG: &str = r#"{"catalog": {
/// #     "uuid": "00000000-0000-4000-8000-000000000001", "metadata": {"title": "House rules"},
/// #     "controls": [{"id": "ac-1", "title": "Keys"}, {"id": "ac-2", "title": "Guests"}]}}"#;
/// # const PROFILE: &str = r#"{"profile": {
/// #     "uuid": "00000000-0000-4000-8000-000000000002", "metadata": {"title": "A house"},
/// #     "imports": [{"href": "rules.json", "include-all": {}}]}}"#;
/// # const COMPONENTS: &str = r#"{"component-definition": {
/// #     "uuid": "00000000-0000-4000-8000-000000000003", "metadata": {"title": "Locks"},
/// #     "components": [{"uuid": "c", "type": "hardware", "title": "Front door", "description": "",
/// #         "control-implementations": [{"implemented-requirements": [
/// #             {"uuid": "r", "control-id": "ac-1", "description": "Keys are numbered."}]}]}]}}"#;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // A catalog with `ac-1` and `ac-2`, a profile of both, and a component that implements `ac-1`.
/// let documents = [("rules.json", CATALOG), ("house.json", PROFILE), ("locks.json", COMPONENTS)];
/// let library = Library::load(&documents, None, Limits::default())?;
/// let view = library.view(|_| true);
/// let profile = view
///     .document("00000000-0000-4000-8000-000000000002")
///     .ok_or("no profile")?;
/// let baseline = resolve_profile(&view, profile, None)?;
/// let coverage = coverage(&view, baseline.controls, ImplementationFilter::default());
/// let gaps: Vec<_> = coverage.gaps().map(|gap| gap.control.id()).collect();
/// assert_eq!(gaps, ["ac-2"]);
/// # Ok(())
/// # }
/// ```
pub fn coverage<'a>(
    view: &LibraryView<'_>,
    baseline: impl IntoIterator<Item = BaselineControl<'a>>,
    filter: ImplementationFilter<'_>,
) -> Coverage<'a> {
    let selected = baseline.into_iter().map(Selected::of);
    Tally::of(view, filter).against(selected)
}

/// The same for all controls of a catalog that are not withdrawn.
pub fn coverage_of_catalog<'a>(
    view: &LibraryView<'_>,
    catalog: &'a Document,
    filter: ImplementationFilter<'_>,
) -> Coverage<'a> {
    let controls = catalog.controls().filter(|control| !control.is_withdrawn());
    let selected = controls.map(Selected::in_catalog);
    Tally::of(view, filter).against(selected)
}
