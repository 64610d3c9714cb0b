//! Looks up what must be known about the authorization server before any token can be verified. It
//! searches in the background until the server is up, and looks again when the result may have
//! changed: every hour, and when what it found does not answer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    select,
    sync::{Notify, watch},
    time::{Instant, sleep},
};

use crate::{
    authorization_server::background::Background,
    error::AuthorizationServerError,
    observe::change::{Change, ChangeHook},
};

/// How often to look again even though what is known works well.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(60 * 60);

/// The minimum time between two looks, once something is known. Clients can cause a look with
/// tokens to which the server answers 404.
const LEAST_INTERVAL: Duration = Duration::from_secs(10);

/// How often to report an unsuccessful search again.
const TOLD_AGAIN_AFTER: Duration = Duration::from_secs(5 * 60);

/// A `T` that is known, or the reason why it is not known yet.
pub(crate) struct BackgroundDiscovery<T> {
    state: watch::Sender<State<T>>,
    /// What is known has answered that it is not there (any more).
    gone: AtomicBool,
    again: Notify,
    looks: watch::Sender<Looks>,
    on_change: Option<ChangeHook>,
}

enum State<T> {
    Unknown(Arc<str>),
    Known(Arc<T>),
    /// It is gone; the text says why nothing else was found.
    Lost(Arc<T>, Arc<str>),
}

#[derive(Clone, Copy, Default)]
struct Looks {
    done: u64,
    /// The minimum time since the last look has not passed yet.
    resting: bool,
}

impl<T: Send + Sync + 'static> BackgroundDiscovery<T> {
    /// Starts out with nothing known. `on_change` learns when what is known is replaced.
    pub(crate) fn new(on_change: Option<ChangeHook>) -> Self {
        Self {
            state: watch::Sender::new(State::Unknown("it has not been asked yet".into())),
            gone: AtomicBool::new(false),
            again: Notify::new(),
            looks: watch::Sender::new(Looks::default()),
            on_change,
        }
    }

    /// Takes what is `configured` for good, or looks for it in the background. `look` gets what is
    /// known and returns its replacement, if any. Must be called inside a Tokio runtime.
    pub(crate) fn begin<C, F>(
        self: &Arc<Self>,
        configured: Option<T>,
        context: &Arc<C>,
        look: impl Fn(Arc<C>, Option<Arc<T>>) -> F + Send + Sync + 'static,
    ) -> Option<Background>
    where
        C: Send + Sync + 'static,
        F: Future<Output = Result<Option<T>, String>> + Send,
    {
        if let Some(configured) = configured {
            self.settle(configured);
            self.looks.send_modify(|looks| looks.resting = true);
            return None;
        }
        let (search, context) = (self.clone(), context.clone());
        Some(Background::spawn(async move {
            let look = |known| look(context.clone(), known);
            search.find(&look).await;
            search.look_again_for_ever(&look).await;
        }))
    }

    async fn find<F>(&self, look: &(impl Fn(Option<Arc<T>>) -> F + Sync))
    where
        F: Future<Output = Result<Option<T>, String>> + Send,
    {
        const LONGEST_PAUSE: Duration = Duration::from_secs(10);
        let mut pause = Duration::from_millis(500);
        let mut told = Told::default();
        loop {
            match look(None).await {
                Ok(Some(found)) => {
                    self.settle(found);
                    tracing::info!("authorization server found");
                    return;
                }
                Ok(None) => {}
                Err(why) => {
                    told.tell(&why);
                    self.state.send_replace(State::Unknown(why.into()));
                }
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn look_again_for_ever<F>(&self, look: &(impl Fn(Option<Arc<T>>) -> F + Sync))
    where
        F: Future<Output = Result<Option<T>, String>> + Send,
    {
        let mut told = Told::default();
        loop {
            let is_lost = matches!(*self.state.borrow(), State::Lost(..));
            select! {
                () = sleep(if is_lost { LEAST_INTERVAL } else { LOOK_AGAIN_AFTER }) => {}
                () = self.again.notified() => {}
            }
            match look(self.found().ok()).await {
                Ok(Some(found)) => {
                    self.settle(found);
                    tracing::warn!("the authorization server's metadata names another endpoint");
                    if let Some(on_change) = &self.on_change {
                        on_change(Change::EndpointMoved);
                    }
                }
                Ok(None) => self.found_well(),
                Err(why) => {
                    told.tell(&why);
                    if self.gone.load(Ordering::Relaxed) {
                        self.lose(why.into());
                    }
                }
            }
            self.looks.send_modify(|looks| {
                looks.done += 1;
                looks.resting = true;
            });
            sleep(LEAST_INTERVAL).await;
            self.looks.send_modify(|looks| looks.resting = false);
        }
    }

    /// Records `found` as known from now on.
    pub(crate) fn settle(&self, found: T) -> Arc<T> {
        let found = Arc::new(found);
        self.gone.store(false, Ordering::Relaxed);
        self.state.send_replace(State::Known(found.clone()));
        found
    }

    /// What is known does not answer, perhaps because it has moved: looks again soon.
    pub(crate) fn doubt(&self) {
        if !self.looks.borrow().resting {
            self.again.notify_one();
        }
    }

    /// What is known answers that it is not there: looks again soon, unless it did so a moment ago.
    pub(crate) fn is_gone(&self) {
        self.gone.store(true, Ordering::Relaxed);
        self.doubt();
    }

    /// Waits until the pending look is over.
    pub(crate) async fn looked_again(&self) {
        let mut looks = self.looks.subscribe();
        let before = *looks.borrow();
        if !before.resting {
            // The sender lives in `self`, so the channel is open.
            let _ = looks.wait_for(|looks| looks.done > before.done).await;
        }
    }

    /// What is known works well.
    pub(crate) fn found_well(&self) {
        if self.gone.load(Ordering::Relaxed) {
            self.gone.store(false, Ordering::Relaxed);
            self.state.send_if_modified(|state| match state {
                State::Lost(known, _) => {
                    *state = State::Known(known.clone());
                    true
                }
                State::Known(_) | State::Unknown(_) => false,
            });
        }
    }

    fn lose(&self, why: Arc<str>) {
        self.state.send_if_modified(|state| match state {
            State::Known(known) | State::Lost(known, _) => {
                *state = State::Lost(known.clone(), why);
                true
            }
            State::Unknown(_) => false,
        });
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
        match &*self.state.borrow() {
            State::Known(known) | State::Lost(known, _) => Ok(of(known)),
            State::Unknown(why) => Err(AuthorizationServerError::NotDiscovered {
                last_failure: why.to_string(),
            }),
        }
    }

    /// Whether it is known and there; the error says why not.
    pub(crate) fn readiness(&self) -> Result<(), Arc<str>> {
        match &*self.state.borrow() {
            State::Known(_) => Ok(()),
            State::Unknown(why) => Err(why.clone()),
            State::Lost(_, why) => Err(format!(
                "the endpoint named before is gone (HTTP 404 or 410), and {why}"
            )
            .into()),
        }
    }

    /// Waits until it is known.
    pub(crate) async fn ready(&self) {
        let mut state = self.state.subscribe();
        // The sender lives in `self`, so the channel is open.
        let _ = state
            .wait_for(|state| matches!(state, State::Known(_)))
            .await;
    }
}

/// Keeps a long outage from filling the log: logs each explanation once, and after that only that
/// nothing has changed.
#[derive(Default)]
struct Told {
    why: String,
    at: Option<Instant>,
}

impl Told {
    fn tell(&mut self, why: &str) {
        if self.why != why {
            tracing::warn!(why, "no authorization server metadata or keys");
            why.clone_into(&mut self.why);
        } else if self.at.is_some_and(|at| at.elapsed() >= TOLD_AGAIN_AFTER) {
            tracing::warn!("still no authorization server metadata or keys, for the same reason");
        } else {
            return;
        }
        self.at = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Answers looks from a list, and then says that nothing has changed.
    struct Script(Mutex<Vec<Result<Option<u32>, String>>>);

    struct Scene {
        search: Arc<BackgroundDiscovery<u32>>,
        script: Arc<Script>,
        _background: Option<Background>,
    }

    impl Scene {
        async fn begin() -> Self {
            let search = Arc::new(BackgroundDiscovery::new(None));
            let script = Arc::new(Script(Mutex::new(vec![Ok(Some(1))])));
            let look = async |script: Arc<Script>, _known| {
                let next = script.0.lock().expect("no panic").pop();
                next.unwrap_or(Ok(None))
            };
            let background = search.begin(None, &script, look);
            search.ready().await;
            Self {
                search,
                script,
                _background: background,
            }
        }

        fn next(&self, answer: Result<Option<u32>, &str>) {
            let answer = answer.map_err(str::to_owned);
            self.script.0.lock().expect("no panic").push(answer);
        }

        fn found(&self) -> u32 {
            *self.search.found().expect("known")
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_known_is_looked_at_each_hour() {
        let scene = Scene::begin().await;
        scene.next(Ok(Some(2)));
        sleep(LOOK_AGAIN_AFTER - Duration::from_secs(1)).await;
        assert_eq!(scene.found(), 1);
        sleep(Duration::from_secs(2)).await;
        assert_eq!(scene.found(), 2);
        scene.next(Err("down"));
        sleep(LOOK_AGAIN_AFTER * 2).await;
        assert_eq!(scene.found(), 2, "a failure replaces nothing");
        assert_eq!(scene.search.readiness(), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_gone_is_looked_for_at_once_and_then_seldom() {
        let scene = Scene::begin().await;
        scene.next(Ok(Some(2)));
        scene.search.is_gone();
        scene.search.looked_again().await;
        assert_eq!(scene.found(), 2, "waited for");
        scene.next(Ok(Some(3)));
        scene.search.is_gone();
        scene.search.looked_again().await;
        assert_eq!(scene.found(), 2, "looked a moment ago");
        sleep(LEAST_INTERVAL * 2).await;
        scene.search.is_gone();
        scene.search.looked_again().await;
        assert_eq!(scene.found(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn readiness_tells_when_nothing_takes_the_place_of_what_is_gone() {
        let scene = Scene::begin().await;
        for again in [true, false] {
            scene.next(Err("no metadata"));
            scene.search.is_gone();
            scene.search.looked_again().await;
            let why = scene.search.readiness().expect_err("lost");
            assert!(why.contains("404") && why.contains("no metadata"), "{why}");
            assert_eq!(scene.found(), 1, "it is asked all the same");
            if again {
                scene.search.found_well();
                assert_eq!(scene.search.readiness(), Ok(()), "it answers again");
                sleep(LEAST_INTERVAL * 2).await;
            }
        }
        sleep(LEAST_INTERVAL * 3).await;
        assert_eq!(scene.search.readiness(), Ok(()), "the metadata confirms it");
    }

    #[tokio::test(start_paused = true)]
    async fn doubt_changes_no_readiness() {
        let scene = Scene::begin().await;
        scene.next(Err("down"));
        scene.search.doubt();
        sleep(Duration::from_secs(1)).await;
        assert_eq!(scene.script.0.lock().expect("no panic").len(), 0, "looked");
        assert_eq!(scene.search.readiness(), Ok(()));
    }
}
