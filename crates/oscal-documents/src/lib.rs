#![doc = include_str!("../README.md")]

mod assessments;
mod control;
mod document;
mod implementations;
mod json;
mod library;
mod objects;
mod resolve;
mod search;
#[cfg(feature = "validation")]
mod validation;

#[cfg(feature = "validation")]
pub use crate::validation::{
    Caps, Source, TooLarge, Validation,
    definition::UnknownDefinition,
    finding::{Finding, Findings},
    schema_outline::{OutlineError, SchemaOutline},
    schema_shape::{SchemaMember, SchemaShape},
    schemas::{ModelInfo, NoSchema, Schemas, SchemasError},
};
pub use crate::{
    assessments::{
        filter::{AssessmentFilter, assessment_kinds, date_of},
        item::{AssessmentItem, AssessmentLink, AssessmentSummary, Assessments, Inherited},
        query::assessments,
    },
    control::{
        Control, ControlName,
        lookup::ControlFilter,
        page::Page,
        substitution::ParamValues,
        view::{ControlView, LinkedControl, ParamView, PartView, Reference},
    },
    document::{
        Document,
        control_key::control_key,
        entry_kind::EntryKind,
        error::DocumentError,
        info::DocumentInfo,
        model::{Model, UnknownModel},
    },
    implementations::{
        coverage::{ControlCoverage, Coverage, CoverageCounts, coverage},
        implementation::{
            ComponentName, Implementation, ImplementationFilter, ImplementationKind,
            ImplementedStatement,
        },
        level::CoverageLevel,
        page::implementations,
    },
    library::{
        Library,
        listing::{Entries, EntryState, Listing, LoadError, limits::Limits},
        problem::Problem,
        view::{Contents, LibraryView},
    },
    objects::{
        object::{Object, ObjectContent},
        references::ObjectReference,
    },
    resolve::{
        baseline::Baseline,
        error::ResolveError,
        log::{NotFound, ParamChange, ParamState, Warning},
        resolved::{BaselineControl, Resolved, resolve_profile},
    },
    search::{Hit, Hits, Query},
};
