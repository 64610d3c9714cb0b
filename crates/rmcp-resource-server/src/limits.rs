//! The bounds on calls that ask the authorization server about a token: their number, their time,
//! one retry, and the circuit breaker.

use std::time::Duration;

use tokio::{
    sync::Semaphore,
    time::{Instant, sleep, timeout_at},
};

use crate::{
    breaker::Breaker,
    claims::Claims,
    connection::Connection,
    error::{AuthorizationServerError, VerifyError},
    metrics::{IntrospectionOutcome, Metrics},
};

/// The bounds for the calls to one endpoint.
pub(crate) struct Limits {
    timeout: Duration,
    max_in_flight: usize,
    turns: Semaphore,
    breaker: Breaker,
    metrics: Metrics,
}

impl Limits {
    /// The connection's timeout is for everything: waiting for a turn, connecting, the retry.
    pub(crate) fn new(connection: &Connection, max_in_flight: usize) -> Self {
        Self {
            timeout: connection.timeout,
            max_in_flight,
            turns: Semaphore::new(max_in_flight),
            breaker: Breaker::default(),
            metrics: connection.metrics.clone(),
        }
    }

    /// Runs one verification, counted and timed.
    pub(crate) async fn verify(
        &self,
        ask: impl Future<Output = Result<Claims, VerifyError>>,
    ) -> Result<Claims, VerifyError> {
        let begun = Instant::now();
        let result = self.verify_in_turn(begun, ask).await;
        let outcome = match &result {
            Ok(_) => IntrospectionOutcome::Active,
            Err(VerifyError::Token(_)) => IntrospectionOutcome::Inactive,
            Err(VerifyError::AuthorizationServer(error)) => IntrospectionOutcome::Failed(error),
        };
        self.metrics.introspected(outcome, begun.elapsed());
        result
    }

    async fn verify_in_turn(
        &self,
        begun: Instant,
        ask: impl Future<Output = Result<Claims, VerifyError>>,
    ) -> Result<Claims, VerifyError> {
        let limit = self.timeout;
        self.breaker
            .admit(begun)
            .map_err(|retry_after| AuthorizationServerError::CircuitOpen { retry_after })?;
        let _turn = timeout_at(begun + limit, self.turns.acquire())
            .await
            .map_err(|_elapsed| AuthorizationServerError::Overloaded {
                limit: self.max_in_flight,
            })?;
        let _counted = self.metrics.introspection_in_flight();
        let asked = Instant::now();
        let result = timeout_at(begun + limit, ask)
            .await
            .unwrap_or_else(|_elapsed| Err(AuthorizationServerError::TimedOut { limit }.into()));
        self.note_health(&result, asked.elapsed());
        result
    }

    /// Tells the circuit breaker. A call that had waited for its turn so long that little time was
    /// left says nothing about the server.
    fn note_health(&self, result: &Result<Claims, VerifyError>, asked_for: Duration) {
        let open = match result {
            Err(VerifyError::AuthorizationServer(AuthorizationServerError::TimedOut { limit }))
                if asked_for < *limit / 2 =>
            {
                return;
            }
            Err(VerifyError::AuthorizationServer(error)) if error.is_outage() => {
                self.breaker.failed(Instant::now())
            }
            _ => {
                self.breaker.succeeded();
                false
            }
        };
        self.metrics.circuit(open);
    }
}

/// Asks, and once more if the failure is one that may be over at once.
pub(crate) async fn with_one_retry<T, E, F>(
    is_transient: impl Fn(&E) -> bool,
    ask: impl Fn() -> F,
) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    /// Long enough for a connection table or a load balancer to notice a dead backend.
    const PAUSE: Duration = Duration::from_millis(100);
    match ask().await {
        Err(error) if is_transient(&error) => {
            sleep(PAUSE).await;
            ask().await
        }
        first => first,
    }
}

impl VerifyError {
    /// Whether a second attempt at once may succeed.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self, Self::AuthorizationServer(error) if error.is_transient())
    }
}

impl AuthorizationServerError {
    /// Whether a second attempt at once may succeed.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::Status { status: 502..=504 }
        )
    }

    /// Whether the server is down, rather than at odds with us. An answer below 500 never counts:
    /// a client can cause one.
    fn is_outage(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::TimedOut { .. } | Self::Status { status: 500.. }
        )
    }
}
