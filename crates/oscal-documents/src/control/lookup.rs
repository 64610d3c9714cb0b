//! Looks up controls in their document.

use crate::control::Control;
use crate::control::page::Page;
use crate::document::Document;
use crate::document::control_key::control_key;

impl Document {
    /// All controls in document order, at any depth.
    pub fn controls(&self) -> impl ExactSizeIterator<Item = Control<'_>> {
        let count = u32::try_from(self.catalog().controls.len()).unwrap_or(u32::MAX);
        (0..count).map(|number| Control::new(self, number))
    }

    /// A page of the controls that match the filter, in document order.
    pub fn list_controls(
        &self,
        filter: ControlFilter<'_>,
        offset: usize,
        limit: usize,
    ) -> Page<Control<'_>> {
        let matches = filter.matcher();
        let controls = self.controls().filter(|control| matches(*control));
        Page::cut(controls, offset, limit)
    }

    /// The control with exactly this id; the first one if the document has several versions of it.
    pub fn control(&self, id: &str) -> Option<Control<'_>> {
        self.versions(id).next()
    }

    /// All versions of the control with exactly this id, in document order. A profile that combines
    /// catalogs may keep several.
    pub fn versions(&self, id: &str) -> impl ExactSizeIterator<Item = Control<'_>> {
        let numbers = self.catalog().by_id(id).iter();
        numbers.map(|number| Control::new(self, *number))
    }

    /// The controls with this id or label in any common notation: `AC-2(1)`, `ac-2.1`, `AC-2 (1)`,
    /// `AC-02(01)`. There is more than one only in a catalog with ids such as `a-1` and `a.1`, or
    /// with several versions of a control. If there is none, a number alone means the control that
    /// is numbered so: `6.3` is `CIS Safeguard 6.3` where all controls with such a number are
    /// safeguards, and none where they are `AC-6.3` and `AU-6.3`.
    pub fn find_controls(&self, reference: &str) -> Vec<Control<'_>> {
        match self.named_controls(reference) {
            named if named.is_empty() => self.numbered_controls(reference),
            named => named,
        }
    }

    /// Those with this id or label.
    pub(crate) fn named_controls(&self, reference: &str) -> Vec<Control<'_>> {
        let exact = self.versions(reference.trim());
        if exact.len() > 0 {
            return exact.collect();
        }
        self.controls_by_key(&control_key(reference)).collect()
    }

    /// The control that a number alone means, in all its versions. Its id, label or title ends with
    /// the number, and the words before it are those of all others with as many numbers.
    pub(crate) fn numbered_controls(&self, reference: &str) -> Vec<Control<'_>> {
        let wanted = control_key(reference);
        let is_number = wanted.starts_with(|c: char| c.is_ascii_digit()) && numbers(&wanted);
        let names: [fn(Control<'_>) -> String; 3] = [
            |control| control_key(control.id()),
            |control| control_key(control.label().unwrap_or_default()),
            |control| control_key(control.title().split(':').next().unwrap_or_default()),
        ];
        let mut found = names.iter().filter(|_| is_number);
        let id = found.find_map(|name| self.only_numbered(&wanted, *name));
        id.map_or_else(Vec::new, |id| self.versions(id).collect())
    }

    /// The id of the only control with this number in the key that `name` gives.
    fn only_numbered(&self, wanted: &str, name: fn(Control<'_>) -> String) -> Option<&str> {
        let depth = wanted.split('.').count();
        let (mut words, mut count, mut only) = (None, 0, None);
        for control in self.controls() {
            let key = name(control);
            let Some(start) = key.find(|c: char| c.is_ascii_digit()) else {
                continue;
            };
            let (before, number) = key.split_at(start);
            if before.is_empty() || !numbers(number) || number.split('.').count() != depth {
                continue;
            }
            if words.get_or_insert_with(|| before.to_owned()) != before {
                return None;
            }
            count += 1;
            if number == wanted
                && only
                    .replace(control.id())
                    .is_some_and(|id| id != control.id())
            {
                return None;
            }
        }
        // One name that ends with a number is no numbering.
        only.filter(|_| count > 1)
    }

    /// The controls whose id or label has this canonical key, in document order.
    pub(crate) fn controls_by_key(&self, key: &str) -> impl Iterator<Item = Control<'_>> {
        let found = self.catalog().by_key(key).iter();
        found.map(|(_, number)| Control::new(self, *number))
    }

    /// The control that an id names or belongs to: `ac-2_smt.k` belongs to `ac-2`.
    pub(crate) fn control_of_fragment(&self, fragment: &str) -> Option<Control<'_>> {
        let cuts = fragment.rmatch_indices(['_', '.']).map(|(at, _)| at);
        std::iter::once(fragment.len())
            .chain(cuts)
            .take(16)
            .find_map(|end| self.control(&fragment[..end]))
    }
}

/// Whether a key consists of numbers.
fn numbers(key: &str) -> bool {
    key.chars().all(|c| c == '.' || c.is_ascii_digit())
}

/// Which controls of a document to list.
///
/// ```
/// use oscal_documents::{ControlFilter, Document};
///
/// let text = r#"{"catalog": {
///     "uuid": "00000000-0000-4000-8000-000000000001",
///     "metadata": {"title": "House rules"},
///     "groups": [
///         {"id": "ac", "title": "Access", "controls": [{"id": "ac-1"}, {"id": "ac-2"}]},
///         {"id": "pe", "title": "Premises", "controls": [{"id": "pe-1"}]}
///     ]
/// }}"#;
/// let document = Document::parse("rules.json", text.to_owned(), false)?;
/// let filter = ControlFilter { group: Some("AC"), ..ControlFilter::default() };
/// let page = document.list_controls(filter, 0, 1);
/// assert_eq!((page.items[0].id(), page.total), ("ac-1", 2));
/// # Ok::<(), oscal_documents::DocumentError>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct ControlFilter<'f> {
    /// Only those in the group with this id, or in groups within it. Ignores case and leading
    /// zeros.
    pub group: Option<&'f str>,
    /// Only those that are (`true`) or are not (`false`) withdrawn.
    pub withdrawn: Option<bool>,
}

impl ControlFilter<'_> {
    /// A function that says whether a control matches; it computes the key of the group once.
    pub fn matcher(self) -> impl Fn(Control<'_>) -> bool {
        let group = self.group.map(control_key);
        move |control| {
            self.withdrawn
                .is_none_or(|withdrawn| withdrawn == control.is_withdrawn())
                && group.as_ref().is_none_or(|key| {
                    control
                        .groups()
                        .filter_map(|group| group.id.as_deref())
                        .any(|id| control_key(id) == *key)
                })
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::document::samples::catalog;

    #[test]
    fn controls_are_found_at_any_depth_and_in_any_writing() {
        let document = catalog(json!({
            "controls": [{"id": "loose", "title": "Loose"}],
            "groups": [{
                "id": "ac", "title": "Access",
                "groups": [{"title": "no id", "controls": [{
                    "controls": [
                        {"id": "ac-2.1", "title": "Automated", "props": [
                            {"name": "label", "value": "AC-02(01)", "class": "zero-padded"},
                            {"name": "label", "value": "AC-2(1)"},
                        ], "controls": [{"id": "ac-2.1.1"}]},
                        {"id": "ac-2.2", "props": [{"name": "status", "value": "withdrawn"}]},
                    ],
                    "id": "ac-2", "title": "Accounts", "class": "c",
                }]}],
            }],
        }));
        let ids: Vec<_> = document.controls().map(Control::id).collect();
        assert_eq!(ids, ["loose", "ac-2", "ac-2.1", "ac-2.1.1", "ac-2.2"]);
        for writing in ["AC-2(1)", "ac-2.1", "AC-2 (1)", "AC-02(01)", "ac-02.01"] {
            let found: Vec<_> = document
                .find_controls(writing)
                .into_iter()
                .map(Control::id)
                .collect();
            assert_eq!(found, ["ac-2.1"], "{writing}");
        }
        assert!(document.find_controls("").is_empty());
        assert!(document.find_controls("ac-3").is_empty());

        let control = document.control("ac-2.1").expect("the control");
        assert_eq!(control.label(), Some("AC-2(1)"));
        assert_eq!(control.group(), Some(("ac", "Access")));
        assert_eq!(control.parent().map(Control::id), Some("ac-2"));
        let below: Vec<_> = document
            .control("ac-2")
            .expect("the parent")
            .enhancements()
            .map(Control::id)
            .collect();
        assert_eq!(below, ["ac-2.1", "ac-2.2"]);
        assert_eq!(
            document
                .control_of_fragment("ac-2.1_smt.a")
                .map(Control::id),
            Some("ac-2.1")
        );
        assert_eq!(control.value().expect("a tree")["title"], "Automated");

        let ids = |filter: ControlFilter<'_>, offset, limit| {
            let page = document.list_controls(filter, offset, limit);
            (
                page.items.into_iter().map(Control::id).collect::<Vec<_>>(),
                page.total,
            )
        };
        let in_group = ControlFilter {
            group: Some("AC"),
            withdrawn: Some(false),
        };
        assert_eq!(ids(in_group, 0, 2), (vec!["ac-2", "ac-2.1"], 3));
        assert_eq!(ids(in_group, 2, 2), (vec!["ac-2.1.1"], 3));
        let withdrawn = ControlFilter {
            withdrawn: Some(true),
            ..ControlFilter::default()
        };
        assert_eq!(ids(withdrawn, 0, usize::MAX), (vec!["ac-2.2"], 1));
        assert_eq!(ids(ControlFilter::default(), 9, 9), (vec![], 5));
    }

    #[test]
    fn a_number_alone_means_the_control_that_is_numbered_so() {
        let found = |controls: serde_json::Value, reference: &str| {
            let document = catalog(json!({"controls": controls}));
            let found = document.find_controls(reference).into_iter();
            found
                .map(|control| control.id().to_owned())
                .collect::<Vec<_>>()
        };
        let label = |value: &str| json!([{"name": "label", "value": value}]);
        let by_label = json!([
            {"id": "x", "props": label("CIS Control 6")},
            {"id": "y", "props": label("CIS Safeguard 6.3")},
            {"id": "z", "props": label("CIS Safeguard 6.4")},
        ]);
        assert_eq!(found(by_label.clone(), "6.3"), ["y"]);
        assert_eq!(found(by_label.clone(), " 06.3 "), ["y"]);
        for reference in ["6.5", "3", "safeguard 6.3", "", ".", "x.6.3"] {
            assert_eq!(found(by_label.clone(), reference), [""; 0], "{reference}");
        }
        let by_id = json!([{"id": "a.5.15"}, {"id": "a.5.16"}]);
        assert_eq!(found(by_id, "5.15"), ["a.5.15"]);
        let by_title = json!([
            {"id": "x", "title": "CIS Safeguard 6.3: Require more"},
            {"id": "y", "title": "CIS Safeguard 6.4"},
            {"id": "z", "title": "Support IPv6"},
        ]);
        assert_eq!(found(by_title.clone(), "6.3"), ["x"]);
        assert_eq!(found(by_title, "6"), [""; 0]);
        let plain = json!([{"id": "x", "props": label("6.3")}, {"id": "c-6.3"}, {"id": "c-6.4"}]);
        assert_eq!(found(plain, "6.3"), ["x"]);
        for of_several in [
            json!([{"id": "ac-6.3"}, {"id": "ac-6.4"}, {"id": "au-6.1"}]),
            json!([{"id": "c-6.3"}, {"id": "c_6_3"}]),
            json!([{"id": "c-6.3"}]),
        ] {
            assert_eq!(found(of_several.clone(), "6.3"), [""; 0], "{of_several}");
        }
    }

    #[test]
    fn an_exact_id_is_never_ambiguous() {
        let document = catalog(json!({"controls": [{"id": "a-1"}, {"id": "a.1"}]}));
        let find = |reference| {
            document
                .find_controls(reference)
                .into_iter()
                .map(Control::id)
                .collect::<Vec<_>>()
        };
        assert_eq!(find("a.1"), ["a.1"]);
        assert_eq!(find("A1"), ["a-1", "a.1"]);
    }

    #[test]
    fn versions_of_a_control_are_all_found_the_first_one_first() {
        let document = catalog(json!({"controls": [
            {"id": "a-1", "title": "old", "controls": [{"id": "a-1.1"}]},
            {"id": "a-2"},
            {"id": "a-1", "title": "new"},
        ]}));
        let titles = |found: Vec<Control<'_>>| -> Vec<String> {
            found
                .iter()
                .map(|control| control.title().to_owned())
                .collect()
        };
        assert_eq!(titles(document.find_controls("a-1")), ["old", "new"]);
        assert_eq!(titles(document.find_controls("A-1")), ["old", "new"]);
        assert_eq!(document.control("a-1").map(Control::title), Some("old"));
        assert_eq!(document.controls().len(), 4);
    }
}
