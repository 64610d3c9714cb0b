//! Counts the documents that are served, so that a server without any is noticed.

use std::sync::atomic::AtomicU64;

use oscal_documents::{Document, Library, Model};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};

/// Gauges of the loaded documents, shared by all clones.
#[derive(Debug, Clone, Default)]
pub struct DocumentMetrics {
    loaded: Family<DocumentLabels, Gauge<u64, AtomicU64>>,
    problems: Gauge<u64, AtomicU64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DocumentLabels {
    model: &'static str,
    source: &'static str,
}

impl DocumentMetrics {
    /// Registers every gauge under its public name.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "documents_loaded",
            "Documents served, by model and source (directory or built_in)",
            self.loaded.clone(),
        );
        registry.register(
            "document_problems",
            "Files that are not served, or served in an earlier version; the log and the about \
             tool list them",
            self.problems.clone(),
        );
    }

    /// Shows what `library` holds, with 0 for each missing model, so that alerts have a series.
    pub(in crate::mcp) fn show(&self, library: &Library) {
        let view = library.view(|_| true);
        for model in Model::ALL {
            for (source, built_in) in [("directory", false), ("built_in", true)] {
                let are_counted = view
                    .documents()
                    .map(Document::info)
                    .filter(|info| info.model == model && info.built_in == built_in);
                let labels = DocumentLabels {
                    model: model.root_key(),
                    source,
                };
                (self.loaded.get_or_create(&labels)).set(are_counted.count() as u64);
            }
        }
        let unserved = library.problems().len() + library.skipped().len();
        self.problems.set(unserved as u64);
    }
}
