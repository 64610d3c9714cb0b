//! An implementation of a control, and who provides it.

use serde::Serialize;

use crate::control::ControlName;

/// Who implements a control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImplementationKind {
    /// A component of a component definition.
    Component,
    /// A capability of a component definition.
    Capability,
    /// A system, in its security plan.
    Ssp,
}

/// Which implementations to return.
#[derive(Debug, Clone, Copy, Default)]
pub struct ImplementationFilter<'f> {
    /// Only those of the control with this id or label, in any common notation.
    pub control: Option<&'f str>,
    /// Only those of components with this uuid, or with this text in their title, in any case.
    pub component: Option<&'f str>,
    /// Only those of this kind.
    pub kind: Option<ImplementationKind>,
    /// Only those in the document with this id.
    pub document: Option<&'f str>,
}

/// How a component, capability or system implements a control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Implementation {
    /// Id of the document.
    pub document: String,
    /// Title of the document.
    pub document_title: String,
    /// Uuid of the implemented requirement.
    pub requirement: String,
    /// Who implements it.
    pub kind: ImplementationKind,
    /// The component or capability; none if a system security plan names none.
    pub component: Option<ComponentName>,
    /// The control as the document names it.
    pub control: String,
    /// The control in the first catalog that has it.
    pub control_name: Option<ControlName>,
    /// `implemented`, `partial`, `planned`, `alternative`, `not-applicable` or whatever else the
    /// document says. If only statements have a status, the overall result.
    pub status: Option<String>,
    /// How it is implemented, with parameters filled in.
    pub text: String,
    /// The same for parts of the control's statement.
    pub statements: Vec<ImplementedStatement>,
}

/// A component or capability.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ComponentName {
    /// Its uuid.
    pub uuid: String,
    /// Its title; for a capability, its name. Empty if the document lacks the component.
    pub title: String,
    /// The type of a component, such as `software`.
    #[serde(rename = "type")]
    pub component_type: Option<String>,
}

/// How a part of a control's statement is implemented.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImplementedStatement {
    /// Id of the part, such as `ac-2_smt.a`.
    pub statement: String,
    /// The status, if the document gives one.
    pub status: Option<String>,
    /// How it is implemented, with parameters filled in.
    pub text: String,
}
