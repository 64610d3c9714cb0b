//! The baselines of profiles. Each is resolved once, off the event loop, however many callers wait
//! for it, and kept for as long as there is room.

use std::{sync::Arc, time::Duration};

use moka::future::Cache;
use oscal_documents::{
    Baseline, Document, Library, Model, ResolveError, Resolved, resolve_profile,
};

use tracing::{Instrument, Span};

use super::clearance::Clearance;
use crate::mcp::{
    answer::{ToolError, document_of},
    workers::{NotDone, Workers},
};
use crate::traces::resolution;

/// Bytes of resolved catalogs that are kept. NIST's baselines take 1 to 4 MB, all of SP 800-53 takes 6.
const MAX_CATALOGS: u64 = 96 << 20;

/// Bytes of everything else that is kept: some 100 KB per profile.
const MAX_OUTLINES: u64 = 16 << 20;

/// How long an unused entry is kept.
const IDLE: Duration = Duration::from_secs(600);

/// The baselines of one state of the documents. Clones share them.
#[derive(Clone)]
pub(super) struct Baselines {
    outlines: Cache<Key, Cached<Baseline>>,
    catalogs: Cache<Key, Cached<ResolvedCatalog>>,
}

/// The catalog that a profile resolves to.
pub(super) struct ResolvedCatalog {
    pub(super) document: Arc<Document>,
    /// The imports that may be of other documents.
    pub(super) guesses: Vec<String>,
}

/// Errors are kept too: they do not go away while the documents stay the same.
type Cached<T> = Result<Arc<T>, Arc<ResolveError>>;

/// Everything the result depends on, in one state of the documents.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    profile: String,
    fallback: Option<String>,
    clearance: Clearance,
}

impl Default for Baselines {
    fn default() -> Self {
        Self {
            outlines: cache(MAX_OUTLINES, Baseline::memory),
            catalogs: cache(MAX_CATALOGS, |made| made.document.memory()),
        }
    }
}

/// Evicts the least used entries.
fn cache<T: Send + Sync + 'static>(bytes: u64, memory: fn(&T) -> usize) -> Cache<Key, Cached<T>> {
    /// For the entry itself, or for an error.
    const ENTRY: usize = 1 << 10;
    Cache::builder()
        .max_capacity(bytes)
        .weigher(move |_key, kept: &Cached<T>| {
            let bytes = kept.as_deref().map_or(0, memory).saturating_add(ENTRY);
            u32::try_from(bytes).unwrap_or(u32::MAX)
        })
        .time_to_idle(IDLE)
        .build()
}

impl Baselines {
    /// The baseline of a profile, with `fallback` for imports that are not found.
    pub(super) async fn outline(
        &self,
        workers: &Workers,
        library: &Library,
        clearance: Clearance,
        profile: &str,
        fallback: Option<&str>,
    ) -> Result<Arc<Baseline>, ToolError> {
        let key = Key::of(library, clearance, profile, fallback)?;
        let make = |resolved: Resolved<'_>| Ok(Baseline::of(resolved));
        made_once(&self.outlines, key, workers, library, make).await
    }

    /// The catalog that a profile makes.
    pub(super) async fn catalog(
        &self,
        workers: &Workers,
        library: &Library,
        clearance: Clearance,
        profile: &str,
        fallback: Option<&str>,
    ) -> Result<Arc<ResolvedCatalog>, ToolError> {
        let key = Key::of(library, clearance, profile, fallback)?;
        let make = |resolved: Resolved<'_>| {
            Ok(ResolvedCatalog {
                document: resolved.document()?.into(),
                guesses: resolved.guesses,
            })
        };
        made_once(&self.catalogs, key, workers, library, make).await
    }
}

impl Key {
    /// Keys contain only document ids, so a caller cannot create any number of them.
    fn of(
        library: &Library,
        clearance: Clearance,
        profile: &str,
        fallback: Option<&str>,
    ) -> Result<Self, ToolError> {
        let documents = clearance.view(library);
        let id = |name: &str, model| -> Result<String, ToolError> {
            Ok(document_of(&documents, name, model)?.info().id.clone())
        };
        let fallback = fallback.map(|name| id(name, Model::Catalog));
        Ok(Self {
            profile: id(profile, Model::Profile)?,
            fallback: fallback.transpose()?,
            clearance,
        })
    }
}

async fn made_once<T: Send + Sync + 'static>(
    cache: &Cache<Key, Cached<T>>,
    key: Key,
    workers: &Workers,
    library: &Library,
    make: fn(Resolved<'_>) -> Result<T, ResolveError>,
) -> Result<Arc<T>, ToolError> {
    if let Some(kept) = cache.get(&key).await {
        return Ok(kept?);
    }
    let (cache, workers, library) = (cache.clone(), workers.clone(), library.clone());
    let caller = Span::current();
    // In a separate task: if the caller that started it goes away, the others do not have to start
    // over.
    let made = tokio::spawn(async move {
        let asked = key.clone();
        let work = move || resolve(&library, &asked, make);
        let run = async {
            let span = resolution(&caller);
            workers
                .run(&workers.readings, 0, work)
                .instrument(span)
                .await
        };
        cache.try_get_with(key, run).await
    });
    match made.await {
        Ok(Ok(kept)) => Ok(kept?),
        Ok(Err(not_done)) => Err((*not_done).into()),
        Err(_ended) => Err(NotDone::Interrupted.into()),
    }
}

fn resolve<T>(
    library: &Library,
    key: &Key,
    make: fn(Resolved<'_>) -> Result<T, ResolveError>,
) -> Cached<T> {
    let documents = key.clearance.view(library);
    let unknown = || ResolveError::UnknownFallback(key.profile.clone());
    let profile = documents.document(&key.profile).ok_or_else(unknown);
    let resolved = profile.and_then(|profile| {
        let resolved = resolve_profile(&documents, profile, key.fallback.as_deref())?;
        make(resolved)
    });
    resolved.map(Arc::new).map_err(Arc::new)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use oscal_documents::{Limits, Listing, Schemas};
    use rmcp::model::Extensions;
    use serde_json::{Value, json};

    use super::*;
    use crate::mcp::documents::{Access, Caller, Operation, State, Trust};

    const PROFILE: &str = "22222222-2222-4222-8222-222222222222";
    const BROKEN: &str = "33333333-3333-4333-8333-333333333333";

    struct Documents(tempfile::TempDir);

    impl Documents {
        fn new() -> Self {
            let documents = Self(tempfile::tempdir().expect("a directory"));
            let profile = |uuid: &str, href: &str| {
                json!({"profile": {"uuid": uuid, "metadata": {"title": "p"},
                    "imports": [{"href": href}]}})
            };
            documents.write("b.json", &profile(PROFILE, "a.json"));
            documents.write("c.json", &profile(BROKEN, "gone.json"));
            documents.write_catalog("first");
            documents.write_plan("first");
            documents
        }

        fn write(&self, name: &str, document: &Value) {
            fs::write(self.0.path().join(name), document.to_string()).expect("written");
        }

        fn write_catalog(&self, title: &str) {
            let uuid = "11111111-1111-4111-8111-111111111111";
            let catalog = json!({"catalog": {"uuid": uuid, "metadata": {"title": title},
                "controls": [{"id": "a-1", "title": title}]}});
            self.write("a.json", &catalog);
        }

        fn write_plan(&self, title: &str) {
            let uuid = "44444444-4444-4444-8444-444444444444";
            let plan =
                json!({"system-security-plan": {"uuid": uuid, "metadata": {"title": title}}});
            self.write("d.json", &plan);
        }

        fn loaded(&self) -> Access {
            let library = Library::load(&[], Some(self.0.path()), Limits::default());
            access(State::new(library.expect("loads"), Schemas::default()))
        }

        fn loaded_after(&self, before: &Access) -> Access {
            let listing = Listing::of(self.0.path(), Limits::default()).expect("a directory");
            let library = &before.state.library;
            let library = library.reload(&[], &listing, &[].into(), Limits::default());
            access(before.state.followed_by(library))
        }
    }

    fn access(state: State) -> Access {
        let caller = Caller::of(&Extensions::new());
        let admitted = Trust::Local.admit(&caller, Operation::Read, Arc::new(state));
        admitted.expect("no authorization")
    }

    async fn catalog(access: &Access, workers: &Workers) -> Arc<Document> {
        let made = access.resolved_catalog(workers, PROFILE, None).await;
        made.expect("it resolves")
    }

    #[tokio::test]
    async fn many_callers_get_what_is_made_once() {
        let (access, workers) = (Documents::new().loaded(), Workers::default());
        let mut callers = tokio::task::JoinSet::new();
        for _ in 0..500 {
            let (access, workers) = (access.clone(), workers.clone());
            callers.spawn(async move { catalog(&access, &workers).await });
        }
        let first = catalog(&access, &workers).await;
        assert_eq!(first.controls().len(), 1);
        for made in callers.join_all().await {
            assert!(Arc::ptr_eq(&first, &made));
        }
    }

    #[tokio::test]
    async fn an_error_is_kept_and_nothing_is_made_for_an_unknown_id() {
        let (access, workers) = (Documents::new().loaded(), Workers::default());
        let baselines = &access.state.baselines;
        let error = async |profile: &str, fallback| {
            let made = access.baseline(&workers, profile, fallback).await;
            made.expect_err("an error")
        };
        let errors = [error(BROKEN, None).await, error(BROKEN, None).await];
        let [ToolError::Resolve(one), ToolError::Resolve(again)] = errors else {
            panic!("{errors:?}");
        };
        assert!(Arc::ptr_eq(&one, &again), "{one}");
        assert!(matches!(
            error("nope", None).await,
            ToolError::UnknownDocument(_)
        ));
        assert!(matches!(
            error(PROFILE, Some("nope")).await,
            ToolError::UnknownDocument(_)
        ));
        baselines.outlines.run_pending_tasks().await;
        assert_eq!(baselines.outlines.entry_count(), 1);
    }

    #[tokio::test]
    async fn a_change_that_does_not_concern_them_leaves_baselines_alone() {
        let (documents, workers) = (Documents::new(), Workers::default());
        let mut now = documents.loaded();
        let mut follow = async || {
            let before = catalog(&now, &workers).await;
            now = documents.loaded_after(&now);
            let after = catalog(&now, &workers).await;
            let control = after.controls().next().expect("a control");
            (Arc::ptr_eq(&before, &after), control.title().to_owned())
        };
        documents.write_plan("second");
        assert_eq!(follow().await, (true, "first".to_owned()));
        documents.write_catalog("second");
        assert_eq!(follow().await, (false, "second".to_owned()));
    }
}
