//! What has to be learnt from the authorization server before any token can be verified, and is
//! looked for in the background until the server is up.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, task::AbortHandle, time::sleep};

use crate::error::AuthorizationServerError;

/// A `T` that is known, or why it is not known yet.
pub(crate) struct Search<T> {
    state: watch::Sender<Result<Arc<T>, Arc<str>>>,
}

impl<T: Send + Sync + 'static> Search<T> {
    /// Nothing is known.
    pub(crate) fn new() -> Self {
        let (state, _) = watch::channel(Err("it has not been asked yet".into()));
        Self { state }
    }

    /// Takes what is `configured`, or makes attempts in the background until one succeeds; they
    /// end with what is returned. Must be called inside a Tokio runtime.
    pub(crate) fn begin<C, F>(
        self: &Arc<Self>,
        configured: Option<T>,
        context: &Arc<C>,
        attempt: impl Fn(Arc<C>) -> F + Send + Sync + 'static,
    ) -> SearchTask
    where
        C: Send + Sync + 'static,
        F: Future<Output = Result<T, String>> + Send,
    {
        if let Some(configured) = configured {
            self.settle(configured);
            return SearchTask(None);
        }
        let (search, context) = (self.clone(), context.clone());
        let task = tokio::spawn(async move { search.keep_on(|| attempt(context.clone())).await });
        SearchTask(Some(task.abort_handle()))
    }

    async fn keep_on<F>(&self, attempt: impl Fn() -> F)
    where
        F: Future<Output = Result<T, String>>,
    {
        const LONGEST_PAUSE: Duration = Duration::from_secs(10);
        let mut pause = Duration::from_millis(500);
        loop {
            match attempt().await {
                Ok(found) => {
                    self.settle(found);
                    tracing::info!("authorization server found");
                    return;
                }
                Err(why) => {
                    let _previous = self.state.send_replace(Err(why.into()));
                }
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// From now on it is `found`.
    pub(crate) fn settle(&self, found: T) -> Arc<T> {
        let found = Arc::new(found);
        let _previous = self.state.send_replace(Ok(found.clone()));
        found
    }

    /// What is known.
    pub(crate) fn found(&self) -> Result<Arc<T>, AuthorizationServerError> {
        self.part(Arc::clone)
    }

    /// A part of what is known.
    pub(crate) fn part<P>(
        &self,
        of: impl FnOnce(&Arc<T>) -> P,
    ) -> Result<P, AuthorizationServerError> {
        (self.state.borrow().as_ref().map(of)).map_err(|why| {
            AuthorizationServerError::NotDiscovered {
                last_failure: why.to_string(),
            }
        })
    }

    /// Whether it is known, or why not.
    pub(crate) fn readiness(&self) -> Result<(), Arc<str>> {
        self.state
            .borrow()
            .as_ref()
            .map(|_| ())
            .map_err(Clone::clone)
    }

    /// Waits until it is known.
    pub(crate) async fn ready(&self) {
        // The sender lives in `self`, so the channel is open.
        let _ = self.state.subscribe().wait_for(Result::is_ok).await;
    }
}

/// Ends the search, if there is one, when it is dropped.
pub(crate) struct SearchTask(Option<AbortHandle>);

impl Drop for SearchTask {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}
