//! Pages of implementations.

use crate::control::page::Page;
use crate::implementations::found::found;
use crate::implementations::implementation::{Implementation, ImplementationFilter};
use crate::implementations::read::read;
use crate::implementations::source::Sources;
use crate::json::budget::Budget;
use crate::library::view::LibraryView;

/// The most text in the implementations of a page, in bytes.
const MAX_TEXT: usize = 8 << 20;

/// A page of the implementations that match the filter, in the order of the documents.
///
/// ```
/// use oscal_documents::{ImplementationFilter, Library, Limits, implementations};
///
/// const COMPONENTS: &str = r#"{"component-definition": {
///     "uuid": "00000000-0000-4000-8000-000000000003", "metadata": {"title": "Locks"},
///     "components": [{"uuid": "c", "type": "hardware", "title": "Front door", "description": "",
///         "control-implementations": [{"implemented-requirements": [
///             {"uuid": "r", "control-id": "ac-1", "description": "Keys are numbered."}]}]}]}}"#;
///
/// let library = Library::load(&[("locks.json", COMPONENTS)], None, Limits::default())?;
/// let filter = ImplementationFilter {
///     control: Some("AC-1"),
///     ..ImplementationFilter::default()
/// };
/// let page = implementations(&library.view(|_| true), filter, 0, 10);
/// assert_eq!(page.items[0].text, "Keys are numbered.");
/// # Ok::<(), oscal_documents::LoadError>(())
/// ```
pub fn implementations(
    view: &LibraryView<'_>,
    filter: ImplementationFilter<'_>,
    offset: usize,
    limit: usize,
) -> Page<Implementation> {
    let budget = Budget::new(MAX_TEXT);
    let mut sources = Sources::new(view);
    let found = found(view, &mut sources, filter);
    let each = found.iter().flat_map(|found| {
        let count = found.components.len().max(1);
        (0..count).map(move |number| (found, found.components.get(number)))
    });
    let page = Page::cut(each, offset, limit);
    page.map(|(found, component)| read(found, component, &mut sources, &budget))
}
