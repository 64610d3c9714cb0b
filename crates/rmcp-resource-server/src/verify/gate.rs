//! Stands between callers and an endpoint of the authorization server. It protects the server from
//! us, and callers from waiting for a server that does not answer.
//!
//! In this order: after a 429 the server is left alone ([`hold_off`]); while it is down, nobody
//! waits for it ([`breaker`], [`probe`]); the calls in flight and the calls that wait are bounded,
//! with a share for callers who presented a good token before ([`queue`], [`known`]); a failed call
//! is retried once on a new connection ([`retry`]). One time limit covers everything.

mod breaker;
mod hold_off;
mod known;
mod probe;
mod queue;
mod retry;

use std::{future, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use tokio::{
    select,
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, sleep, timeout_at},
};

use self::{
    breaker::{Breaker, Circuit},
    known::{KnownCallers, Standing},
    probe::{Found, News},
    queue::{Full, Queue},
};
pub(crate) use self::{
    hold_off::HoldOff,
    retry::{Failure, with_one_retry},
};
use crate::{
    authorization_server::{
        background::Background, http_client::HttpClient, server::AuthorizationServer,
    },
    clock::Clock,
    error::{AuthorizationServerError, TokenError, VerifyError},
    observe::metrics::{IntrospectionOutcome, Metrics},
    token::claims::Claims,
    verify::cache::Key,
};

/// The error while the server is down. The server is used again within half a second of its return.
const CIRCUIT_OPEN: AuthorizationServerError = AuthorizationServerError::CircuitOpen {
    retry_after: Duration::from_secs(1),
};

/// Guards one endpoint.
pub(crate) struct Gate {
    timeout: Duration,
    max_in_flight: usize,
    queue: Queue,
    /// Permits for second connections, for calls that may hang on a stale one.
    spare: Semaphore,
    breaker: Breaker,
    hold_off: HoldOff,
    known: KnownCallers,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
}

/// The caller whose token is in question.
#[derive(Clone, Copy)]
pub(crate) struct Caller {
    /// Identifies the token.
    pub(crate) token: Key,
    /// The remote end of the connection that carried the token, if known.
    pub(crate) peer: Option<SocketAddr>,
}

impl Gate {
    /// The connection's timeout covers everything: waiting for a turn, connecting, the retry.
    pub(crate) fn new(
        server: &AuthorizationServer,
        max_in_flight: usize,
        hold_off: HoldOff,
    ) -> Self {
        Self {
            timeout: server.timeout,
            max_in_flight,
            queue: Queue::new(max_in_flight),
            spare: Semaphore::new((max_in_flight / 8).max(1)),
            breaker: Breaker::new(server.timeout),
            hold_off,
            known: KnownCallers::new(server.clock.monotonic()),
            clock: server.clock.clone(),
            metrics: server.metrics.clone(),
        }
    }

    /// Finds out in the background whether the server is down, whenever calls suggest it. `probe`
    /// asks one question that does not depend on any client. `gate` returns this gate from
    /// `context`. Must be called inside a Tokio runtime.
    pub(crate) fn begin_probing<C, F>(
        context: &Arc<C>,
        gate: impl Fn(&C) -> &Self + Send + Sync + 'static,
        probe: impl Fn(Arc<C>) -> F + Send + Sync + 'static,
    ) -> Background
    where
        C: Send + Sync + 'static,
        F: Future<Output = Result<Claims, VerifyError>> + Send,
    {
        let context = context.clone();
        Background::spawn(async move {
            let gate = gate(&context);
            loop {
                gate.breaker.in_doubt().await;
                let one = || async {
                    match probe(context.clone()).await {
                        Err(failure) if failure.is_outage() => Found::Outage,
                        Ok(_) | Err(_) => Found::Answer,
                    }
                };
                let tell = |news| gate.tell(news);
                probe::probe_until_closed(&gate.breaker, gate.timeout, one, tell).await;
            }
        })
    }

    /// Runs one verification; counts and times it.
    pub(crate) async fn verify(
        &self,
        caller: Caller,
        ask: impl Future<Output = Result<Claims, VerifyError>>,
    ) -> Result<Claims, VerifyError> {
        let begun = Instant::now();
        let result = self.verify_in_turn(begun, caller, ask).await;
        let outcome = match &result {
            Ok(_) => IntrospectionOutcome::Active,
            Err(VerifyError::Token(_)) => IntrospectionOutcome::Inactive,
            Err(VerifyError::AuthorizationServer(error)) => IntrospectionOutcome::Failed(error),
        };
        self.metrics.introspected(outcome, begun.elapsed());
        result
    }

    /// Asks one question, and repeats it on a new connection if that may help.
    pub(crate) async fn ask<T, E, F>(
        &self,
        http: &HttpClient,
        ask: impl Fn(HttpClient) -> F,
    ) -> Result<T, E>
    where
        E: Failure,
        F: Future<Output = Result<T, E>>,
    {
        let patience = self.breaker.patience_with_a_connection();
        retry::with_company(http, patience, &self.spare, ask).await
    }

    /// Whether the server is considered down.
    pub(crate) fn is_open(&self) -> bool {
        self.breaker.circuit() == Circuit::Open
    }

    /// Waits until the server is considered down.
    pub(crate) async fn opened(&self) {
        self.breaker.reached(Circuit::Open).await;
    }

    /// Whether the token was active when it was last asked about.
    pub(super) fn was_good(&self, token: &Key) -> bool {
        self.known.standing(token, None) == Standing::Known
    }

    /// Records that the token is active, as another replica found out.
    #[cfg(feature = "redis")]
    pub(crate) fn is_good(&self, caller: &Caller) {
        let now = self.clock.monotonic();
        self.known.remember(&caller.token, caller.peer, now);
    }

    async fn verify_in_turn(
        &self,
        begun: Instant,
        caller: Caller,
        ask: impl Future<Output = Result<Claims, VerifyError>>,
    ) -> Result<Claims, VerifyError> {
        if let Some(retry_after) = self.hold_off.left(&caller.token) {
            return Err(AuthorizationServerError::RateLimited { retry_after }.into());
        }
        let standing = self.known.standing(&caller.token, caller.peer);
        let _turn = self.turn(begun, standing, caller.peer).await?;
        let _counted = self.metrics.introspection_in_flight();
        let asked = Instant::now();
        let limit = self.timeout;
        let result = timeout_at(begun + limit, self.watched(asked, ask))
            .await
            .unwrap_or_else(|_elapsed| Err(AuthorizationServerError::TimedOut { limit }.into()));
        self.note(&caller, &result, asked);
        result
    }

    /// Waits for a turn. Gives up when too little time for the call would be left, or when the
    /// server is found to be down meanwhile.
    async fn turn(
        &self,
        begun: Instant,
        standing: Standing,
        peer: Option<SocketAddr>,
    ) -> Result<SemaphorePermit<'_>, AuthorizationServerError> {
        let is_trial = self.is_open();
        if !self.breaker.admits(standing, begun) {
            return Err(CIRCUIT_OPEN);
        }
        let found_down = async {
            if is_trial {
                future::pending::<()>().await;
            }
            self.opened().await;
        };
        let turn = self.queue.turn(standing, peer.map(|peer| peer.ip()));
        select! {
            biased;
            turn = timeout_at(begun + self.timeout / 3, turn) => match turn {
                Ok(Ok(turn)) => Ok(turn),
                Ok(Err(Full)) | Err(_) => Err(AuthorizationServerError::Overloaded {
                    limit: self.max_in_flight,
                }),
            },
            () = found_down => Err(CIRCUIT_OPEN),
        }
    }

    /// Raises the alarm if an answer takes long, and gives up if the server is then found to be
    /// down.
    async fn watched(
        &self,
        asked: Instant,
        ask: impl Future<Output = Result<Claims, VerifyError>>,
    ) -> Result<Claims, VerifyError> {
        let is_trial = self.is_open();
        let mut ask = pin!(ask);
        select! {
            answer = &mut ask => return answer,
            () = sleep(self.breaker.patience()) => self.breaker.hangs(asked),
        }
        if is_trial {
            return Err(CIRCUIT_OPEN.into());
        }
        select! {
            answer = &mut ask => answer,
            () = self.opened() => Err(CIRCUIT_OPEN.into()),
        }
    }

    /// Learns from the outcome of a call that started at `asked`.
    fn note(&self, caller: &Caller, result: &Result<Claims, VerifyError>, asked: Instant) {
        let now = Instant::now();
        match result {
            Ok(_) => {
                let (token, peer) = (&caller.token, caller.peer);
                self.known.remember(token, peer, self.clock.monotonic());
            }
            Err(VerifyError::Token(TokenError::Inactive)) => {
                self.known.forget(&caller.token, caller.peer);
            }
            Err(VerifyError::AuthorizationServer(AuthorizationServerError::RateLimited {
                retry_after,
            })) => self.hold_off.begin(&caller.token, *retry_after),
            Err(_) => {}
        }
        match result {
            Err(VerifyError::AuthorizationServer(AuthorizationServerError::CircuitOpen {
                ..
            })) => {}
            Err(failure) if failure.is_outage() => self.breaker.failed(now),
            Ok(_) | Err(_) => {
                if let Some(recovery) = self.breaker.answered(now, now.duration_since(asked)) {
                    self.tell(News::Closed(recovery));
                }
            }
        }
    }

    fn tell(&self, news: News) {
        match news {
            News::Opened => {
                self.metrics.circuit(true);
                tracing::error!(
                    "the authorization server is down: it does not answer our own probe either. \
                     Requests that need it get 503 at once until it answers again, which is \
                     noticed within half a second"
                );
            }
            News::Closed(recovery) => {
                self.metrics.circuit(false);
                tracing::info!(
                    after = ?recovery.was_open_for,
                    refused = recovery.refused,
                    "the authorization server answers again"
                );
            }
        }
    }
}
