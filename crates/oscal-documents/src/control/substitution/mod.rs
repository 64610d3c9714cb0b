//! Fills parameters into prose.
//!
//! `{{ insert: param, ID }}` becomes, in this order: the values that the caller supplies, the
//! values that the catalog sets, `[Selection (one or more): a; b]`, what is known of the parameters
//! that this one aggregates, `[Assignment: label]`. Constraints follow within the brackets:
//! `[Assignment: frequency — constraint: at least every 30 days]`.

pub(crate) mod insert;
pub(crate) mod prose;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::control::substitution::insert::Insert;
use crate::document::Document;
use crate::document::element::{self, Param};
use crate::json::budget::Budget;
use crate::json::salvage;
use crate::markup::{unescaped, without_fragment_links};

/// Values of parameters by parameter id (or by the id that the parameter had in an earlier
/// revision, its `alt-identifier`), as a profile or a system security plan sets them.
pub type ParamValues = BTreeMap<String, Vec<String>>;

/// The deepest nesting of parameters within parameters. NIST's catalogs need 3.
const MAX_DEPTH: usize = 8;

/// The most parameters that one may aggregate. NIST's catalogs need 9.
const MAX_AGGREGATED: usize = 100;

/// Writes prose with parameters filled in.
pub(crate) struct Renderer<'a> {
    document: &'a Document,
    values: &'a ParamValues,
    budget: &'a Budget,
    /// Definitions that take precedence over those of the document.
    preferred: Vec<Param>,
}

/// The parameters being expanded, innermost first.
struct Path<'p> {
    id: &'p str,
    depth: usize,
    outer: Option<&'p Path<'p>>,
}

impl<'a> Renderer<'a> {
    pub(crate) fn new(document: &'a Document, values: &'a ParamValues, budget: &'a Budget) -> Self {
        Self {
            document,
            values,
            budget,
            preferred: Vec::new(),
        }
    }

    /// The same, with definitions that take precedence over others of the document with their ids:
    /// those of one of several versions of a control.
    pub(crate) fn preferring(self, preferred: Vec<Param>) -> Self {
        Self { preferred, ..self }
    }

    /// The prose as plain text with parameters filled in.
    pub(crate) fn filled(&self, prose: &str) -> String {
        let mut out = String::with_capacity(prose.len());
        self.fill(&mut out, prose, None);
        out
    }

    /// The same, with values from `set` for parameters in the prose.
    pub(crate) fn filled_with(
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

    /// The text that replaces a parameter in prose.
    pub(crate) fn param(&self, param: &Param) -> String {
        let mut out = String::new();
        let path = Path {
            id: &param.id,
            depth: 1,
            outer: None,
        };
        self.push_param(&mut out, param, &path);
        out
    }

    /// The values that are set: by the caller, or else by the catalog.
    pub(crate) fn values<'v>(&'v self, param: &'v Param) -> &'v [String] {
        let former_ids = element::values(&param.props, "alt-identifier");
        [param.id.as_str()]
            .into_iter()
            .chain(former_ids)
            .find_map(|id| self.values.get(id).filter(|values| !values.is_empty()))
            .unwrap_or(&param.values)
    }

    /// The values that are set, with parameters filled in.
    pub(crate) fn filled_values(&self, param: &Param) -> Vec<String> {
        let filled = |value: &String| {
            let mut out = String::new();
            self.fill_with(&mut out, value.trim(), None, as_it_is);
            out
        };
        self.values(param).iter().map(filled).collect()
    }

    /// What is known of parameters beyond the text that replaces them: the constraints of those that
    /// are set, and the guidelines of all, one per line.
    pub(crate) fn hints(&self, params: &[Param]) -> String {
        let mut out = String::new();
        for param in params {
            let is_set = !self.values(param).is_empty();
            let constraints = param.constraints.iter().filter(|_| is_set);
            let constraints = constraints.map(element::Constraint::text);
            let guidelines = param.guidelines.iter().map(|hint| hint.prose.clone());
            for hint in constraints.chain(guidelines) {
                self.push(&mut out, "\n");
                self.fill(&mut out, &hint, None);
            }
        }
        out
    }

    /// Appends as much text as the budget allows.
    pub(crate) fn push(&self, out: &mut String, text: &str) {
        self.budget.push(out, text);
    }

    /// Appends markup.
    fn fill(&self, out: &mut String, prose: &str, path: Option<&Path<'_>>) {
        self.fill_with(out, &without_fragment_links(prose), path, unescaped);
    }

    /// Appends text whose pieces between the parameters `plain` makes readable.
    fn fill_with(
        &self,
        out: &mut String,
        text: &str,
        path: Option<&Path<'_>>,
        plain: fn(&str) -> Cow<'_, str>,
    ) {
        let mut rest = text;
        while let Some(insert) = Insert::first_in(rest) {
            self.push(out, &plain(&rest[..insert.start]));
            self.push_insert(out, &insert, path);
            rest = &rest[insert.end..];
            // NIST's catalogs have a space there: `{{ insert: param, x }} ; and`.
            if rest.starts_with([' ']) && rest[1..].starts_with([';', ',', '.', ')']) {
                rest = &rest[1..];
            }
        }
        self.push(out, &plain(rest));
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
            self.push_values(out, values, &path);
        } else if insert.legacy {
            // Any text in double braces may look like this.
            self.push(out, insert.verbatim);
        } else {
            self.push(out, &format!("[unknown parameter: {id}]"));
        }
    }

    fn push_param(&self, out: &mut String, param: &Param, path: &Path<'_>) {
        let values = self.values(param);
        if !values.is_empty() {
            self.push_values(out, values, path);
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
            for (at, choice) in select.choice.iter().enumerate() {
                self.push(out, if at > 0 { "; " } else { "" });
                self.fill(out, choice.trim(), Some(path));
            }
            self.push_constraints(out, param, path);
            self.push(out, "]");
        } else if let Some(values) = self.aggregated(param, path) {
            self.push(out, &values);
        } else {
            self.push(out, "[Assignment: ");
            self.fill(out, &param.placeholder(), Some(path));
            self.push_constraints(out, param, path);
            self.push(out, "]");
        }
    }

    fn push_values(&self, out: &mut String, values: &[String], path: &Path<'_>) {
        for (at, value) in values.iter().enumerate() {
            self.push(out, if at > 0 { ", " } else { "" });
            self.fill_with(out, value.trim(), Some(path), as_it_is);
        }
    }

    fn push_constraints(&self, out: &mut String, param: &Param, path: &Path<'_>) {
        let texts = param.constraints.iter().map(element::Constraint::text);
        for (at, text) in texts.filter(|text| !text.is_empty()).enumerate() {
            self.push(out, if at > 0 { "; " } else { " — constraint: " });
            self.fill(out, &text, Some(path));
        }
    }

    /// The parameters that this one combines (SP 800-53: `ac-1_prm_1` for `ac-01_odp.01` and
    /// `ac-01_odp.02`), if at least one of them is set, or has constraints and this one has none.
    fn aggregated(&self, param: &Param, path: &Path<'_>) -> Option<String> {
        let has_own = !param.constraints.is_empty();
        let mut is_known = false;
        let mut parts: Vec<String> = Vec::new();
        for id in element::values(&param.props, "aggregates").take(MAX_AGGREGATED) {
            let Some(member) = self.defined(id) else {
                continue;
            };
            is_known |=
                !self.values(&member).is_empty() || (!has_own && !member.constraints.is_empty());
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
        is_known.then(|| parts.join(", "))
    }

    fn defined(&self, id: &str) -> Option<Param> {
        if let Some(param) = self.preferred.iter().find(|param| param.id == id) {
            return Some(param.clone());
        }
        let span = self.document.catalog().param(id)?;
        self.budget.spend(span.len());
        salvage::value(span.of(self.document.json()), |_noted_when_loaded| {})
    }
}

/// Values are strings, and not markup.
fn as_it_is(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text)
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
