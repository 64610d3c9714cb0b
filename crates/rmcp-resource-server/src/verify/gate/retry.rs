//! One retry, on a new connection.
//!
//! Pooled connections go stale silently: a load balancer drops them, or a node is lost. A call on
//! such a connection fails or gets no answer, and so would the next one. So the second attempt
//! never uses a pooled connection, and if it fares better, the whole pool is dropped.

use std::{pin::pin, time::Duration};

use tokio::{select, sync::Semaphore, time::sleep};

use crate::{
    authorization_server::http_client::HttpClient,
    error::{AuthorizationServerError, VerifyError},
};

/// Long enough for a connection table or a load balancer to notice a dead backend.
const PAUSE: Duration = Duration::from_millis(100);

/// What a failure says about the authorization server.
pub(crate) trait Failure {
    /// The authorization server's part in it.
    fn of_server(&self) -> Option<&AuthorizationServerError>;

    /// Whether the server is down, rather than in disagreement with us or with a token. No other
    /// answer counts, because a client can cause it: some servers answer a plain 500 to a token
    /// that they cannot parse.
    fn is_outage(&self) -> bool {
        use AuthorizationServerError as E;
        let timed_out = matches!(self.of_server(), Some(E::TimedOut { .. }));
        timed_out || self.is_transient()
    }

    /// Whether an immediate second attempt may succeed.
    fn is_transient(&self) -> bool {
        use AuthorizationServerError as E;
        let bad_gateway = matches!(self.of_server(), Some(E::Status { status: 502..=504 }));
        bad_gateway || self.broke_off()
    }

    /// Whether the connection failed or broke.
    fn broke_off(&self) -> bool {
        use AuthorizationServerError as E;
        matches!(self.of_server(), Some(E::Unreachable { .. }))
    }
}

/// Asks, and asks once more on a new connection if the failure may be over at once.
///
/// # Errors
///
/// Those of `ask`.
pub(crate) async fn with_one_retry<T, E, F>(
    http: &HttpClient,
    ask: impl Fn(HttpClient) -> F,
) -> Result<T, E>
where
    E: Failure,
    F: Future<Output = Result<T, E>>,
{
    let first = ask(http.clone()).await;
    match first {
        Err(failure) if failure.is_transient() => {
            sleep(PAUSE).await;
            let second = ask(http.on_a_new_connection()).await;
            let better = !matches!(&second, Err(again) if again.is_outage());
            if better && failure.broke_off() {
                http.drop_pool();
            }
            second
        }
        other => {
            http.note_exchange();
            other
        }
    }
}

/// Like [`with_one_retry`], but a first attempt without an answer after `patience` also gets a
/// companion: if it uses a pooled connection, that connection may be dead. The first answer counts.
/// `spare` bounds the companions, so that a slow server does not get twice the calls.
///
/// # Errors
///
/// Those of `ask`.
pub(super) async fn with_company<T, E, F>(
    http: &HttpClient,
    patience: Duration,
    spare: &Semaphore,
    ask: impl Fn(HttpClient) -> F,
) -> Result<T, E>
where
    E: Failure,
    F: Future<Output = Result<T, E>>,
{
    let may_be_stale = http.may_reuse_a_connection();
    let mut first = pin!(with_one_retry(http, &ask));
    let late = async {
        sleep(patience).await;
        let permit = spare.acquire().await;
        permit.expect("the semaphore is never closed")
    };
    let _permit = select! {
        answer = &mut first => return answer,
        permit = late, if may_be_stale => permit,
    };
    let second = ask(http.on_a_new_connection());
    select! {
        answer = &mut first => answer,
        answer = second => match answer {
            Err(failure) if failure.is_outage() => first.await,
            answer => {
                http.drop_pool();
                answer
            }
        },
    }
}

impl Failure for AuthorizationServerError {
    fn of_server(&self) -> Option<&AuthorizationServerError> {
        Some(self)
    }
}

impl Failure for VerifyError {
    fn of_server(&self) -> Option<&AuthorizationServerError> {
        match self {
            Self::AuthorizationServer(error) => Some(error),
            Self::Token(_) => None,
        }
    }
}
