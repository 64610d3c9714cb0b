//! A part of a list.

use serde::Serialize;

/// A part of a list.
///
/// ```
/// use oscal_documents::Page;
///
/// let page = Page::cut("abcde".chars(), 2, 2);
/// assert_eq!((page.items, page.total), (vec!['c', 'd'], 5));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Page<T> {
    /// The items from `offset` on.
    pub items: Vec<T>,
    /// How many items the whole list has.
    pub total: usize,
    /// How many items come before these.
    pub offset: usize,
    /// The most items that were asked for.
    pub limit: usize,
}

impl<T> Page<T> {
    /// Cuts a page from a list.
    pub fn cut(list: impl Iterator<Item = T>, offset: usize, limit: usize) -> Self {
        let mut total = 0;
        let items = list
            .inspect(|_| total += 1)
            .enumerate()
            .filter(|(at, _)| *at >= offset && at - offset < limit)
            .map(|(_, item)| item)
            .collect();
        Self {
            items,
            total,
            offset,
            limit,
        }
    }

    /// The page with `other` applied to each item.
    pub fn map<U>(self, other: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(other).collect(),
            total: self.total,
            offset: self.offset,
            limit: self.limit,
        }
    }
}
