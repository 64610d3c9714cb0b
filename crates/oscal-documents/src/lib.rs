#![doc = include_str!("../README.md")]

mod assessments;
mod comparison;
mod control;
mod document;
mod formats;
mod framework;
mod implementations;
mod json;
mod library;
mod mappings;
mod markup;
mod objects;
mod resolve;
mod search;
#[cfg(feature = "validation")]
mod validation;

#[cfg(feature = "validation")]
pub use crate::validation::{
    Caps, Source, TooLarge, Validation,
    constraints::{checked::Constraints, fedramp::FedRamp},
    definition::UnknownDefinition,
    finding::{Finding, Findings},
    schema_outline::{OutlineError, SchemaOutline},
    schema_shape::{SchemaMember, SchemaShape},
    schemas::{ModelInfo, NoSchema, Schemas, SchemasError},
};
pub use crate::{
    assessments::{
        filter::{AssessmentFilter, date_of},
        item::{AssessmentItem, AssessmentLink, AssessmentSummary, Assessments, Inherited},
        query::assessments,
    },
    comparison::{
        catalogs::{CatalogComparison, ControlChange, compare_catalogs},
        change::{ChangeCounts, ChangeKind},
        detail::ControlDifference,
        impact::{AffectedImplementer, Impact, WrittenFor, impact},
        objects::{ObjectChange, ObjectComparison, compare_objects},
        params::{MemberDifference, ParameterDifference},
        parts::TextDifference,
        words::word_diff,
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
    formats::{Format, error::FormatError, format::UnknownFormat, to_json, to_yaml},
    implementations::{
        coverage::{
            claims::{Claim, Standing},
            counts::CoverageCounts,
            coverage, coverage_of_catalog,
            covered::{ControlCoverage, Coverage, DocumentCoverage},
        },
        found::components,
        implementation::{
            ComponentName, Exchange, ExchangeKind, Implementation, ImplementationFilter,
            ImplementationKind, ImplementedStatement, SetParam,
        },
        level::CoverageLevel,
        page::implementations,
        responsibility::{
            Responsibility, ResponsibilityKind, ResponsibilityPlace, Satisfied, responsibilities,
        },
        source::{ClaimedSource, ImportedProfile, ImportedProfileError, imported_profile},
    },
    library::{
        Library,
        listing::{Entries, EntryState, Listing, LoadError, limits::Limits},
        naming::Unnamed,
        problem::Problem,
        view::{Contents, LibraryView},
    },
    mappings::{
        collection::{FrameworkName, MappingOrigin},
        coverage::{
            CoveredFramework, MappedCoverage, MappedLevel, MappingCoverage, ThroughMapping,
            mapping_coverage,
        },
        query::{
            ControlMap, FoundMaps, MapQualifier, MappedControl, MappingFilter, MappingSummary,
            find_maps, mapped_frameworks,
        },
        relationship::Relationship,
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
