//! The baselines of profiles. Each is resolved once, off the event loop, however many callers wait
//! for it, and kept as long as there is room.

use std::{sync::Arc, time::Duration};

use moka::future::Cache;

use super::{
    access::Access,
    output::{ToolError, document, shortened},
    workers::{NotDone, Workers},
};
use crate::oscal::{Baseline, Document, ResolveError, Resolved, resolve_profile};

/// Bytes of resolved catalogs that are kept. NIST's baselines have 1 to 5 MB.
const MAX_CATALOGS: u64 = 64 << 20;

/// Bytes of what else is kept: some 100 KB for each profile.
const MAX_OUTLINES: u64 = 16 << 20;

/// How long what nobody asks for is kept.
const IDLE: Duration = Duration::from_secs(600);

/// The baselines of one state of the documents. Clones share them.
#[derive(Clone)]
pub(super) struct Baselines {
    outlines: Cache<Key, Kept<Baseline>>,
    catalogs: Cache<Key, Kept<Document>>,
}

/// An error is kept as well: as long as the documents are the same, it does not go away.
type Kept<T> = Result<Arc<T>, Arc<ResolveError>>;

/// What the result depends on, in one state of the documents.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    profile: String,
    fallback: Option<String>,
    sees_all: bool,
}

impl Default for Baselines {
    fn default() -> Self {
        Self {
            outlines: cache(MAX_OUTLINES, Baseline::memory),
            catalogs: cache(MAX_CATALOGS, Document::memory),
        }
    }
}

/// Evicts what is used least.
fn cache<T: Send + Sync + 'static>(bytes: u64, memory: fn(&T) -> usize) -> Cache<Key, Kept<T>> {
    /// Of the entry itself, or of an error.
    const ENTRY: usize = 1 << 10;
    Cache::builder()
        .max_capacity(bytes)
        .weigher(move |_key, kept: &Kept<T>| {
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
        access: &Access,
        profile: &str,
        fallback: Option<&str>,
    ) -> Result<Arc<Baseline>, ToolError> {
        let key = Key::of(access, profile, fallback)?;
        let make = |resolved: Resolved<'_>| Ok(Baseline::of(resolved));
        made_once(&self.outlines, key, workers, access, make).await
    }

    /// The catalog that a profile makes.
    pub(super) async fn catalog(
        &self,
        workers: &Workers,
        access: &Access,
        profile: &str,
        fallback: Option<&str>,
    ) -> Result<Arc<Document>, ToolError> {
        let key = Key::of(access, profile, fallback)?;
        let make = |resolved: Resolved<'_>| resolved.document();
        made_once(&self.catalogs, key, workers, access, make).await
    }
}

impl Key {
    /// Only ids of documents get into keys, so that a caller cannot make up any number of them.
    fn of(access: &Access, profile: &str, fallback: Option<&str>) -> Result<Self, ToolError> {
        let documents = access.documents();
        let fallback = fallback.map(|id| match documents.document(id) {
            Some(document) => Ok(document.info().id.clone()),
            None => Err(ResolveError::UnknownFallback(shortened(id))),
        });
        Ok(Self {
            profile: document(&documents, profile)?.info().id.clone(),
            fallback: fallback.transpose().map_err(Arc::new)?,
            sees_all: access.sees_all(),
        })
    }
}

async fn made_once<T: Send + Sync + 'static>(
    cache: &Cache<Key, Kept<T>>,
    key: Key,
    workers: &Workers,
    access: &Access,
    make: fn(Resolved<'_>) -> Result<T, ResolveError>,
) -> Result<Arc<T>, ToolError> {
    if let Some(kept) = cache.get(&key).await {
        return Ok(kept?);
    }
    let (cache, workers, access) = (cache.clone(), workers.clone(), access.clone());
    // In a task of its own: if the caller for whom it is made goes away, the others do not have to
    // begin again.
    let made = tokio::spawn(async move {
        let asked = key.clone();
        let work = move || resolve(&access, &asked, make);
        let run = workers.run(&workers.readings, 0, work);
        cache.try_get_with(key, run).await
    });
    match made.await {
        Ok(Ok(kept)) => Ok(kept?),
        Ok(Err(not_done)) => Err((*not_done).into()),
        Err(_ended) => Err(NotDone::Interrupted.into()),
    }
}

fn resolve<T>(
    access: &Access,
    key: &Key,
    make: fn(Resolved<'_>) -> Result<T, ResolveError>,
) -> Kept<T> {
    let documents = access.documents();
    let unknown = || ResolveError::UnknownFallback(key.profile.clone());
    let profile = documents.document(&key.profile).ok_or_else(unknown);
    let resolved = profile.and_then(|profile| {
        let resolved = resolve_profile(&documents, profile, key.fallback.as_deref())?;
        make(resolved)
    });
    resolved.map(Arc::new).map_err(Arc::new)
}
