//! How far the controls of a baseline are implemented.

use serde::Serialize;

use crate::control::{Control, ControlName};
use crate::document::model::Model;
use crate::implementations::coverage::claims::Claim;
use crate::implementations::coverage::counts::CoverageCounts;
use crate::implementations::level::CoverageLevel;

/// How far the controls of a baseline are implemented.
#[derive(Debug)]
#[non_exhaustive]
pub struct Coverage<'a> {
    /// The controls in the order of the baseline, except withdrawn ones and those that no profile
    /// selects.
    pub controls: Vec<ControlCoverage<'a>>,
    /// How many controls are at each level.
    pub counts: CoverageCounts,
    /// The controls that the baseline selects although their catalog marks them as withdrawn.
    pub withdrawn: Vec<ControlName>,
    /// What is claimed for which catalog or profile, what counts first.
    pub claims: Vec<Claim>,
    /// The same for each document by itself, in the order of the documents.
    pub documents: Vec<DocumentCoverage>,
    /// The controls that documents implement for the catalogs of the baseline, but that it does not
    /// select.
    pub not_selected: Vec<String>,
    /// What documents implement for the catalogs of the baseline, but no catalog has.
    pub unknown: Vec<String>,
}

/// How far a control is implemented.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ControlCoverage<'a> {
    /// The control in its catalog.
    pub control: Control<'a>,
    /// Its names in the baseline.
    pub name: ControlName,
    /// The level: what a system security plan says, or else the best that a component says.
    pub level: CoverageLevel,
    /// The number of implementations that count.
    pub implementations: usize,
    /// The number of implementations that do not count, as they are written for another catalog, or
    /// for one that is not loaded.
    pub not_counted: usize,
    /// The states of the implementations that count, as they are written, each once.
    pub states: Vec<String>,
}

/// How far a document covers a baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DocumentCoverage {
    /// Id of the document.
    pub document: String,
    /// Its title.
    pub title: String,
    /// Its version; empty if it gives none.
    pub version: String,
    /// Its model.
    pub model: Model,
    /// How many controls are at each level.
    pub counts: CoverageCounts,
}

impl<'a> Coverage<'a> {
    /// The controls that are not, or only partly, implemented. Controls that are not applicable are
    /// not among them.
    pub fn gaps(&self) -> impl Iterator<Item = &ControlCoverage<'a>> {
        self.controls
            .iter()
            .filter(|control| control.level.is_gap())
    }

    /// The controls at a level.
    pub fn at(&self, level: CoverageLevel) -> impl Iterator<Item = &ControlCoverage<'a>> {
        self.controls
            .iter()
            .filter(move |control| control.level == level)
    }
}
