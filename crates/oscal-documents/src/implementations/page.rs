//! Pages of implementations.

use crate::control::page::Page;
use crate::implementations::found::found;
use crate::implementations::implementation::{Implementation, ImplementationFilter};
use crate::json::budget::Budget;
use crate::library::view::LibraryView;

/// How much text the implementations of a page may have.
const MAX_TEXT: usize = 8 << 20;

/// A page of the implementations that the filter lets pass, in the order of the documents.
pub fn implementations(
    view: &LibraryView<'_>,
    filter: ImplementationFilter<'_>,
    offset: usize,
    limit: usize,
) -> Page<Implementation> {
    let budget = Budget::new(MAX_TEXT);
    Page::cut(found(view, filter).into_iter(), offset, limit).map(|found| found.read(view, &budget))
}
