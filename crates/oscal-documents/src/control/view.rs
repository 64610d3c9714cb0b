//! A control prepared for reading.

use serde::Serialize;

use crate::control::substitution::prose::is_assessment;
use crate::control::substitution::{ParamValues, Renderer};
use crate::control::{Control, ControlName};
use crate::document::Document;
use crate::document::element::{self, Constraint, Link, Param, Part};
use crate::json::budget::Budget;
use crate::markup;

impl Control<'_> {
    /// The control prepared for reading, with these parameter values filled in.
    pub fn view(self, values: &ParamValues) -> ControlView {
        ControlView::of(self, values)
    }
}

/// A control prepared for reading: its text with parameters filled in, and everything that it links
/// to.
///
/// ```
/// use oscal_documents::{Document, ParamValues};
///
/// let text = r#"{"catalog": {
///     "uuid": "00000000-0000-4000-8000-000000000001",
///     "metadata": {"title": "House rules"},
///     "controls": [{
///         "id": "ac-1", "title": "Keys",
///         "params": [{"id": "who", "label": "holders"}],
///         "parts": [{"name": "statement", "prose": "Keys are held by {{ insert: param, who }}."}]
///     }]
/// }}"#;
/// let document = Document::parse("rules.json", text.to_owned(), false)?;
/// let control = document.find_controls("AC-01")[0];
/// let view = control.view(&ParamValues::new());
/// assert_eq!(view.statement(), Some("Keys are held by [Assignment: holders]."));
///
/// let values = ParamValues::from([("who".to_owned(), vec!["the tenants".to_owned()])]);
/// let view = control.view(&values);
/// assert_eq!(view.statement(), Some("Keys are held by the tenants."));
/// # Ok::<(), oscal_documents::DocumentError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ControlView {
    /// Id of the document that the control is in.
    pub document: String,
    /// Id, such as `ac-2.1`.
    pub id: String,
    /// Label, such as `AC-2(1)`.
    pub label: Option<String>,
    /// Title.
    pub title: String,
    /// Class, such as `SP800-53-enhancement`.
    pub class: Option<String>,
    /// Id of the group.
    pub group: Option<String>,
    /// Title of the group.
    pub group_title: Option<String>,
    /// The control that this one enhances.
    pub parent: Option<ControlName>,
    /// Whether the catalog marks the control as withdrawn.
    pub withdrawn: bool,
    /// Where a withdrawn control went.
    pub moved_to: Vec<LinkedControl>,
    /// Statement, guidance, assessment objectives, assessment methods and others, in document
    /// order.
    pub parts: Vec<PartView>,
    /// Parameters.
    pub params: Vec<ParamView>,
    /// Controls that this one links to, other than `moved_to`.
    pub related: Vec<LinkedControl>,
    /// Controls directly below this one.
    pub enhancements: Vec<ControlName>,
    /// Publications and sites that the control links to.
    pub references: Vec<Reference>,
}

impl ControlView {
    /// The statement: what the control requires.
    pub fn statement(&self) -> Option<&str> {
        self.part("statement")
    }

    /// The guidance on the control.
    pub fn guidance(&self) -> Option<&str> {
        self.part("guidance")
    }

    fn part(&self, name: &str) -> Option<&str> {
        let part = self.parts.iter().find(|part| part.name == name)?;
        Some(&part.text)
    }

    pub(crate) fn of(control: Control<'_>, values: &ParamValues) -> Self {
        let document = control.document();
        let budget = Budget::for_item();
        let mut renderer = Renderer::new(document, values, &budget);
        if document.versions(control.id()).len() > 1 {
            renderer = renderer.preferring(control.params());
        }
        let group = control.group();
        let mut view = Self {
            document: document.info().id.clone(),
            id: control.id().to_owned(),
            label: control.label().map(str::to_owned),
            title: control.title().to_owned(),
            class: control.class().map(str::to_owned),
            group: group.map(|(id, _)| id.to_owned()),
            group_title: group.map(|(_, title)| title.to_owned()),
            parent: control.parent().map(Control::name),
            withdrawn: control.is_withdrawn(),
            moved_to: Vec::new(),
            parts: Vec::new(),
            params: Vec::new(),
            related: Vec::new(),
            enhancements: control.enhancements().map(Control::name).collect(),
            references: Vec::new(),
        };
        for link in control.links() {
            view.add_link(document, link);
        }
        for part in control.parts() {
            view.parts.push(PartView::of(&renderer, &part));
        }
        for param in control.params() {
            view.params.push(ParamView::of(&renderer, param));
        }
        view
    }

    fn add_link(&mut self, document: &Document, link: Link) {
        let Some(target) = link.href.strip_prefix('#') else {
            self.references.push(Reference {
                rel: link.rel,
                title: link.text.unwrap_or_else(|| link.href.clone()),
                citation: None,
                href: Some(link.href),
            });
            return;
        };
        let control = document.control_of_fragment(target).map(Control::name);
        if control.is_none()
            && let Some(resource) = document.resource(target)
        {
            self.references.push(Reference {
                rel: link.rel,
                title: resource
                    .title
                    .or(resource.description)
                    .unwrap_or_else(|| target.to_owned()),
                citation: resource.citation.map(|citation| citation.text),
                href: resource.rlinks.into_iter().next().map(|link| link.href),
            });
            return;
        }
        let list = if link.is_successor() {
            &mut self.moved_to
        } else {
            &mut self.related
        };
        list.push(LinkedControl {
            target: target.to_owned(),
            control,
            rel: link.rel,
        });
    }
}

/// A control, or a part of one, that a link points to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkedControl {
    /// The relation, such as `related`, `required` or `incorporated-into`.
    pub rel: String,
    /// The id that the link names, such as `ac-2_smt.k`.
    pub target: String,
    /// The control with that id, if the document has it.
    pub control: Option<ControlName>,
}

/// A part of a control as plain text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartView {
    /// The kind of part: `statement`, `guidance`, `assessment-objective`, `assessment-method` ...
    pub name: String,
    /// Label, such as `AC-02(01)-Examine`.
    pub label: Option<String>,
    /// Title; for an assessment method its name, such as `EXAMINE`.
    pub title: Option<String>,
    /// Prose, then labelled items, one per line, nested items indented by two spaces.
    pub text: String,
}

impl PartView {
    fn of(renderer: &Renderer<'_>, part: &Part) -> Self {
        let method = || element::values(&part.props, "method").next();
        let title = part.title.as_deref().or_else(method);
        Self {
            name: part.name.clone(),
            label: element::label(&part.props).map(str::to_owned),
            title: title.map(|title| markup::plain(title).into_owned()),
            text: renderer.part(part),
        }
    }

    /// Whether it says how to assess the control, rather than what the control requires: an
    /// objective, a method or the objects of an assessment.
    pub fn is_assessment(&self) -> bool {
        is_assessment(&self.name)
    }
}

/// A parameter of a control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ParamView {
    /// Id, such as `ac-02.01_odp`.
    pub id: String,
    /// Label, such as `automated mechanisms`.
    pub label: Option<String>,
    /// The text that replaces it in the control's text.
    pub text: String,
    /// The values that are set.
    pub values: Vec<String>,
    /// The choices, if there are any.
    pub choices: Vec<String>,
    /// `one` or `one-or-more`, if there are choices.
    pub how_many: Option<String>,
    /// Limits on its values.
    pub constraints: Vec<String>,
    /// Hints on how to set it.
    pub guidelines: Vec<String>,
}

impl ParamView {
    fn of(renderer: &Renderer<'_>, param: Param) -> Self {
        let filled = |prose: &String| renderer.filled(prose.trim());
        let select = param.select.as_ref();
        let constraints = param.constraints.iter().map(Constraint::text);
        Self {
            text: renderer.param(&param),
            values: renderer.filled_values(&param),
            choices: select
                .map(|select| select.choice.iter().map(filled).collect())
                .unwrap_or_default(),
            how_many: select.and_then(|select| select.how_many.clone()),
            constraints: constraints
                .filter(|text| !text.is_empty())
                .map(|text| renderer.filled(&text))
                .collect(),
            guidelines: param.guidelines.iter().map(|g| filled(&g.prose)).collect(),
            label: param.label.as_ref().map(filled),
            id: param.id,
        }
    }
}

/// A publication or site that a control links to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reference {
    /// The relation, mostly `reference`.
    pub rel: String,
    /// Title, or else its description or address.
    pub title: String,
    /// How to cite it.
    pub citation: Option<String>,
    /// Where it is.
    pub href: Option<String>,
}
