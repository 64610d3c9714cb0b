//! Loads documents and schemas, and logs what cannot be served.

use std::path::Path;

use oscal_documents::{Library, Limits, LoadError, Schemas, SchemasError};

use crate::{config::BuiltInDocuments, content::BUILT_IN, mcp::advice};

/// Loads the documents of `directory` and the built-in ones, and logs what cannot be served.
///
/// # Errors
///
/// The directory cannot be used.
pub fn load_library(
    directory: Option<&Path>,
    built_in_documents: BuiltInDocuments,
) -> Result<Library, LoadError> {
    let built_in = built_in(directory, built_in_documents);
    let library = Library::load(built_in, directory, Limits::default())?;
    for problem in library.problems() {
        tracing::warn!(file = problem.file, "not served: {}", problem.message);
    }
    not_loaded(&library);
    let view = library.view(|_| true);
    if let Some(advice) = advice(&view) {
        let directory = directory.map(|directory| directory.display().to_string());
        tracing::warn!(directory, "{advice}");
    }
    tracing::info!(
        documents = view.documents().len(),
        controls = view.documents().map(|d| d.controls().len()).sum::<usize>(),
        problems = library.problems().len(),
        "documents loaded"
    );
    Ok(library)
}

/// The built-in documents that are served.
pub(crate) fn built_in(
    directory: Option<&Path>,
    wanted: BuiltInDocuments,
) -> &'static [(&'static str, &'static str)] {
    let served = match wanted {
        BuiltInDocuments::Auto => directory.is_none(),
        BuiltInDocuments::Always => true,
        BuiltInDocuments::Never => false,
    };
    if served { &BUILT_IN } else { &[] }
}

/// Logs the files in other formats than OSCAL's, in one line however many they are.
pub(crate) fn not_loaded(library: &Library) {
    const NAMED: usize = 10;
    let files = library.skipped();
    if files.is_empty() {
        return;
    }
    let named = files.iter().take(NAMED).map(|problem| &*problem.file);
    let mut named = named.collect::<Vec<_>>().join(", ");
    if files.len() > NAMED {
        named += ", and more; the about tool lists them";
    }
    tracing::warn!(
        files = files.len(),
        "not loaded, because their names do not end in .json, .yaml, .yml or .xml: {named}"
    );
}

/// Loads the schemas of `directory`, if one is given, and logs what cannot be used.
///
/// # Errors
///
/// The directory cannot be used.
pub(crate) fn load_schemas(directory: Option<&Path>) -> Result<Schemas, SchemasError> {
    let Some(directory) = directory else {
        return Ok(Schemas::default());
    };
    let schemas = Schemas::load(directory)?;
    for problem in schemas.problems() {
        tracing::warn!(file = problem.file, "not used: {}", problem.message);
    }
    let models = schemas.models();
    let loaded = models.iter().filter(|model| model.schema_version.is_some());
    tracing::info!(models = loaded.count(), "schemas loaded");
    Ok(schemas)
}
