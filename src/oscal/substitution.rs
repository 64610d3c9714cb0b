//! Parameters filled into prose.
//!
//! `{{ insert: param, ID }}` becomes, in this order: the values that the caller supplies, the
//! values that the catalog sets, `[Selection (one or more): a; b]`, the set values of the
//! parameters that this one aggregates, `[Assignment: label]`.

use std::collections::BTreeMap;

use super::budget::Budget;
use super::document::Document;
use super::element::{self, Param};
use super::insert::Insert;

/// Values of parameters by parameter id (or by the id that the parameter had in an earlier
/// revision, its `alt-identifier`), as a profile or a system security plan sets them.
pub type ParamValues = BTreeMap<String, Vec<String>>;

/// The deepest nesting of parameters in parameters. NIST's catalogs need 3.
const MAX_DEPTH: usize = 8;

/// The most parameters that one aggregates. NIST's catalogs need 9.
const MAX_AGGREGATED: usize = 100;

/// Writes prose with parameters filled in.
pub(super) struct Renderer<'a> {
    document: &'a Document,
    values: &'a ParamValues,
    budget: &'a Budget,
}

/// The parameters that are being expanded, innermost first.
struct Path<'p> {
    id: &'p str,
    depth: usize,
    outer: Option<&'p Path<'p>>,
}

impl<'a> Renderer<'a> {
    pub(super) fn new(document: &'a Document, values: &'a ParamValues, budget: &'a Budget) -> Self {
        Self {
            document,
            values,
            budget,
        }
    }

    /// The prose with parameters filled in.
    pub(super) fn filled(&self, prose: &str) -> String {
        let mut out = String::with_capacity(prose.len());
        self.fill(&mut out, prose, None);
        out
    }

    /// The same with the values that `set` knows of the parameters in the prose.
    pub(super) fn filled_with(
        &self,
        prose: &str,
        set: impl Fn(&str) -> Option<Vec<String>>,
    ) -> String {
        let mut values = ParamValues::new();
        let mut rest = prose;
        while let Some(insert) = Insert::first_in(rest)
            && !self.budget.is_spent()
        {
            if !values.contains_key(insert.id)
                && let Some(of_param) = set(insert.id)
            {
                values.insert(insert.id.to_owned(), of_param);
            }
            rest = &rest[insert.end..];
        }
        Renderer::new(self.document, &values, self.budget).filled(prose)
    }

    /// What a parameter stands for in prose.
    pub(super) fn param(&self, param: &Param) -> String {
        let mut out = String::new();
        let path = Path {
            id: &param.id,
            depth: 1,
            outer: None,
        };
        self.push_param(&mut out, param, &path);
        out
    }

    /// The values that are set: by the caller, or else in the catalog.
    pub(super) fn values<'v>(&'v self, param: &'v Param) -> &'v [String] {
        let former_ids = element::values(&param.props, "alt-identifier");
        [param.id.as_str()]
            .into_iter()
            .chain(former_ids)
            .find_map(|id| self.values.get(id).filter(|values| !values.is_empty()))
            .unwrap_or(&param.values)
    }

    /// Appends text as far as the budget allows.
    pub(super) fn push(&self, out: &mut String, text: &str) {
        self.budget.push(out, text);
    }

    fn fill(&self, out: &mut String, prose: &str, path: Option<&Path<'_>>) {
        let mut rest = prose;
        while let Some(insert) = Insert::first_in(rest) {
            self.push(out, &rest[..insert.start]);
            self.push_insert(out, &insert, path);
            rest = &rest[insert.end..];
            // NIST's catalogs have a space there: `{{ insert: param, x }} ; and`.
            if rest.starts_with([' ']) && rest[1..].starts_with([';', ',', '.', ')']) {
                rest = &rest[1..];
            }
        }
        self.push(out, rest);
    }

    fn push_insert(&self, out: &mut String, insert: &Insert<'_>, outer: Option<&Path<'_>>) {
        if self.budget.is_spent() {
            return self.push(out, "…");
        }
        let id = insert.id;
        let depth = outer.map_or(1, |outer| outer.depth + 1);
        let path = Path { id, depth, outer };
        if path.is_circular() {
            return self.push(out, &format!("[circular parameter: {id}]"));
        }
        if depth > MAX_DEPTH {
            return self.push(out, "[…]");
        }
        if let Some(param) = self.defined(id) {
            self.push_param(out, &param, &path);
        } else if let Some(values) = self.values.get(id) {
            self.push_list(out, values, ", ", &path);
        } else if insert.legacy {
            // Any text in double braces looks like this.
            self.push(out, insert.verbatim);
        } else {
            self.push(out, &format!("[unknown parameter: {id}]"));
        }
    }

    fn push_param(&self, out: &mut String, param: &Param, path: &Path<'_>) {
        let values = self.values(param);
        if !values.is_empty() {
            self.push_list(out, values, ", ", path);
        } else if let Some(select) = &param.select {
            self.push(out, "[Selection");
            self.push(
                out,
                match select.how_many.as_deref() {
                    Some("one-or-more") => " (one or more): ",
                    Some("one") => " (one): ",
                    _ => ": ",
                },
            );
            self.push_list(out, &select.choice, "; ", path);
            self.push(out, "]");
        } else if let Some(values) = self.aggregated(param, path) {
            self.push(out, &values);
        } else {
            self.push(out, "[Assignment: ");
            let label = param.label.as_deref().unwrap_or(&param.id);
            self.fill(out, label, Some(path));
            self.push(out, "]");
        }
    }

    fn push_list(&self, out: &mut String, items: &[String], separator: &str, path: &Path<'_>) {
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.push(out, separator);
            }
            self.fill(out, item.trim(), Some(path));
        }
    }

    /// The parameters that this one stands for together (SP 800-53: `ac-1_prm_1` for
    /// `ac-01_odp.01` and `ac-01_odp.02`), once at least one of them is set.
    fn aggregated(&self, param: &Param, path: &Path<'_>) -> Option<String> {
        let mut any_set = false;
        let mut parts: Vec<String> = Vec::new();
        for id in element::values(&param.props, "aggregates").take(MAX_AGGREGATED) {
            let Some(member) = self.defined(id) else {
                continue;
            };
            any_set |= !self.values(&member).is_empty();
            let mut part = String::new();
            let insert = Insert {
                id,
                ..Insert::default()
            };
            self.push_insert(&mut part, &insert, Some(path));
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
        any_set.then(|| parts.join(", "))
    }

    fn defined(&self, id: &str) -> Option<Param> {
        let span = self.document.catalog().param(id)?;
        self.budget.spend(span.len());
        serde_json::from_str(span.of(self.document.json())).ok()
    }
}

impl Path<'_> {
    fn is_circular(&self) -> bool {
        let mut outer = self.outer;
        while let Some(path) = outer {
            if path.id == self.id {
                return true;
            }
            outer = path.outer;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::super::document::tests::document_with_params;
    use super::*;

    fn values(values: &[(&str, &[&str])]) -> ParamValues {
        values
            .iter()
            .map(|(id, values)| {
                let values = values.iter().map(|value| (*value).to_owned()).collect();
                ((*id).to_owned(), values)
            })
            .collect()
    }

    fn filled(params: &Value, values: &ParamValues, prose: &str) -> String {
        let document = document_with_params(params);
        Renderer::new(&document, values, &Budget::for_item()).filled(prose)
    }

    #[test]
    fn inserts_become_what_is_known() {
        let params = json!([
            {"id": "mechanism", "label": "automated mechanisms"},
            {"id": "set", "label": "period", "values": ["24 hours", "at {{insert:param,mechanism}}"]},
            {"id": "bare"},
            {"id": "or", "select": {"how-many": "one-or-more", "choice": [
                "lock after {{ insert: param, mechanism }} ", "warn"]}},
            {"id": "xor", "select": {"how-many": "one", "choice": ["a", "b"]}},
            {"id": "any", "select": {"choice": ["a"]}},
            {"id": "new_odp", "label": "x", "props": [{"name": "alt-identifier", "value": "old_prm"}]},
            {"id": "both", "label": "people", "props": [
                {"name": "aggregates", "value": "new_odp"},
                {"name": "aggregates", "value": "bare"},
                {"name": "aggregates", "value": "gone"}]},
            {"id": "loop", "label": "see {{ insert: param, pool }}"},
            {"id": "pool", "values": ["see {{ insert: param, loop }}"]},
        ]);
        let none = ParamValues::new();
        for (prose, expected) in [
            (
                "Use {{ insert: param, mechanism }}.",
                "Use [Assignment: automated mechanisms].",
            ),
            (
                "{{insert:param,mechanism}}",
                "[Assignment: automated mechanisms]",
            ),
            (
                "{{  insert : param ,\n mechanism  }}",
                "[Assignment: automated mechanisms]",
            ),
            (
                "{{ xor }} ; {{ any }} .",
                "[Selection (one): a; b]; [Selection: a].",
            ),
            ("{{ mechanism }}", "[Assignment: automated mechanisms]"),
            (
                "{{ insert: param, set }}",
                "24 hours, at [Assignment: automated mechanisms]",
            ),
            ("{{ insert: param, bare }}", "[Assignment: bare]"),
            (
                "{{ insert: param, or }}",
                "[Selection (one or more): lock after [Assignment: automated mechanisms]; warn]",
            ),
            ("{{ insert: param, xor }}", "[Selection (one): a; b]"),
            ("{{ insert: param, any }}", "[Selection: a]"),
            ("{{ insert: param, both }}", "[Assignment: people]"),
            ("{{ insert: param, gone }}", "[unknown parameter: gone]"),
            (
                "{{ gone }} {{ }} {{ a b }} }} {{",
                "{{ gone }} {{ }} {{ a b }} }} {{",
            ),
            ("{{ {{ insert: param, bare }}", "{{ [Assignment: bare]"),
            (
                "{{ insert: param, loop }}",
                "[Assignment: see see [circular parameter: loop]]",
            ),
        ] {
            assert_eq!(filled(&params, &none, prose), expected, "{prose}");
        }

        let set = values(&[
            ("set", &["a week"]),
            ("or", &["warn"]),
            ("old_prm", &["admins"]),
            ("foreign", &["y"]),
            ("mechanism", &[]),
        ]);
        for (prose, expected) in [
            ("{{ insert: param, set }}", "a week"),
            ("{{ insert: param, or }}", "warn"),
            ("{{ insert: param, new_odp }}", "admins"),
            ("{{ insert: param, both }}", "admins, [Assignment: bare]"),
            ("{{ insert: param, foreign }}", "y"),
            (
                "{{ insert: param, mechanism }}",
                "[Assignment: automated mechanisms]",
            ),
        ] {
            assert_eq!(filled(&params, &set, prose), expected, "{prose}");
        }
    }

    #[test]
    fn parameters_that_multiply_each_other_are_bounded() {
        let choices = |next: usize| vec![format!("{{{{ insert: param, p{next} }}}}"); 100];
        let params: Vec<Value> = (0..20)
            .map(|n| json!({"id": format!("p{n}"), "select": {"choice": choices(n + 1)}}))
            .collect();
        let document = document_with_params(&Value::from(params));
        let none = ParamValues::new();
        let text =
            Renderer::new(&document, &none, &Budget::new(10_000)).filled("{{ p0 }} and more");
        assert!(text.len() <= 10_000 + '…'.len_utf8());
        assert_eq!(text.matches('…').count(), 1, "{text}");
    }

    proptest! {
        #[test]
        fn takes_any_text(prose in "[{}a-c :,insertparam\u{e9}]{0,60}") {
            filled(&json!([{"id": "a"}, {"id": "b", "label": "{{ a }}"}]), &ParamValues::new(), &prose);
        }

        #[test]
        fn never_exceeds_the_budget(
            nested in prop::collection::vec((0_usize..6, 0_usize..6), 6),
            budget in 0_usize..300,
        ) {
            let params: Vec<Value> = nested
                .iter()
                .enumerate()
                .map(|(n, (a, b))| json!({
                    "id": format!("p{n}"),
                    "select": {"choice": [
                        format!("{{{{ insert: param, p{a} }}}}"),
                        format!("é{{{{ p{b} }}}}"),
                    ]},
                }))
                .collect();
            let document = document_with_params(&Value::from(params));
            let none = ParamValues::new();
            let text = Renderer::new(&document, &none, &Budget::new(budget)).filled("é{{ insert: param, p0 }}é");
            prop_assert!(text.len() <= budget + '…'.len_utf8());
        }

        #[test]
        fn text_without_inserts_stays(prose in "[^{}]{0,60}") {
            prop_assert_eq!(filled(&json!([]), &ParamValues::new(), &prose), prose);
        }
    }
}
