//! An implementation of a control, and who provides it.

use serde::Serialize;

use crate::control::ControlName;
use crate::implementations::level::CoverageLevel;
use crate::implementations::source::ClaimedSource;

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
    /// Whether, for coverage, implementations count whatever catalog they are written for.
    /// Otherwise only those count that are written for the catalogs of the baseline, or for
    /// profiles and resolved catalogs of them.
    pub any_source: bool,
}

/// How a component, capability or system implements a control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Implementation {
    /// Id of the document.
    pub document: String,
    /// Title of the document.
    pub document_title: String,
    /// Version of the document; empty if it gives none.
    pub document_version: String,
    /// Uuid of the implemented requirement.
    pub requirement: String,
    /// Who implements it.
    pub kind: ImplementationKind,
    /// The component or capability; none if a system security plan names none.
    pub component: Option<ComponentName>,
    /// The control as the document names it.
    pub control: String,
    /// The control in the catalog that the document is written for, or in the first that has it.
    pub control_name: Option<ControlName>,
    /// What the document is written for, if it says so.
    pub source: Option<ClaimedSource>,
    /// The status as the document writes it, whatever that is. If only statements have one, the
    /// overall result.
    pub status: Option<String>,
    /// What that means.
    pub level: CoverageLevel,
    /// How it is implemented, with parameters filled in.
    pub text: String,
    /// The same for parts of the control's statement.
    pub statements: Vec<ImplementedStatement>,
    /// The values that the document gives to parameters for this control.
    pub set_parameters: Vec<SetParam>,
    /// Who is responsible, as properties say: FedRAMP's `control-origination`, for example.
    pub origination: Vec<String>,
    /// What is provided to other systems or asked of them, and what is inherited from them.
    pub exchanges: Vec<Exchange>,
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
#[non_exhaustive]
pub struct ImplementedStatement {
    /// Id of the part, such as `ac-2_smt.a`.
    pub statement: String,
    /// The status as the document writes it, if it gives one.
    pub status: Option<String>,
    /// What is said of the part comes to this level.
    pub level: CoverageLevel,
    /// How it is implemented, with parameters filled in.
    pub text: String,
}

/// A parameter that an implementation sets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SetParam {
    /// Id of the parameter.
    pub param: String,
    /// Its values.
    pub values: Vec<String>,
}

/// What passes between a leveraged system and those that build on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exchange {
    /// Which way.
    pub kind: ExchangeKind,
    /// The part of the control's statement, unless it is about the whole control.
    pub statement: Option<String>,
    /// Its uuid.
    pub uuid: String,
    /// The uuid of what is inherited or satisfied, or for a responsibility of what is provided.
    pub refers_to: Option<String>,
    /// The description.
    pub text: String,
}

/// Which way something passes between systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExchangeKind {
    /// The system provides it to others (`export.provided`).
    Provided,
    /// The system asks it of others (`export.responsibilities`).
    Responsibility,
    /// The system inherits it (`inherited`).
    Inherited,
    /// The system meets a responsibility that another asks of it (`satisfied`).
    Satisfied,
}
