//! Ends an event stream when its token is no longer good.
//!
//! A request is checked when it begins, but a stream may stay open for hours, and nothing in rmcp
//! looks at the token again. So the token is verified repeatedly while the stream is open, through
//! the same cache and policy as a new request, and the stream ends as soon as the token is bad. The
//! client connects again and gets the precise answer.
//!
//! While the authorization server cannot be asked, the token stays good until its `exp`: an outage
//! must not make all clients connect again at once (checklist 71). A token without `exp` gets an
//! hour.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use http_body::{Body, Frame, SizeHint};
use tokio::{
    select,
    time::{Instant, sleep},
};

use crate::{
    error::{TokenError, VerifyError},
    observe::metrics::GaugeGuard,
    resource_server::ResourceServer,
    token::{access_token::AccessToken, bearer::BearerToken, presented::Presented},
};

/// How long a stream stays open if nothing can be learned about a token with unknown expiry.
const LONGEST_DOUBT: Duration = Duration::from_secs(60 * 60);

/// Says when the token of a stream is no longer good. For an adapter to another body type; see
/// [`GuardedBody`].
pub struct StreamGuard {
    // `None` once it has ended, and the stream with it.
    no_longer_good: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    _counted: GaugeGuard,
}

impl StreamGuard {
    pub(crate) fn new(
        resource_server: ResourceServer,
        bearer: BearerToken,
        token: &AccessToken,
    ) -> Self {
        let _counted = resource_server.metrics().stream();
        let token = token.clone();
        Self {
            no_longer_good: Some(Box::pin(async move {
                let why = until_no_longer_good(&resource_server, &bearer, token).await;
                tracing::info!(
                    reason = why.reason(),
                    error = %why,
                    "event stream ended: its token is no longer good"
                );
                resource_server.metrics().stream_cut();
            })),
            _counted,
        }
    }

    /// Whether the stream must end now. If not, the task is woken when it must.
    pub fn must_end(&mut self, context: &mut Context<'_>) -> bool {
        let Some(no_longer_good) = &mut self.no_longer_good else {
            return true;
        };
        let ended = no_longer_good.as_mut().poll(context).is_ready();
        if ended {
            self.no_longer_good = None;
        }
        ended
    }
}

impl fmt::Debug for StreamGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamGuard").finish_non_exhaustive()
    }
}

/// Verifies the token repeatedly, and returns why it is no longer good.
async fn until_no_longer_good(
    resource_server: &ResourceServer,
    bearer: &BearerToken,
    mut token: AccessToken,
) -> VerifyError {
    // A stream needs no new proof, but must not go on with a token of another binding.
    let bound = token.bound();
    let presented = Presented::from(bound);
    let mut answered = Instant::now();
    let mut revocations = resource_server.marks().subscribe();
    loop {
        // The client connects again, and the authorization server says what it thinks now.
        if resource_server.is_presented_revoked(&token, bearer) {
            return TokenError::Revoked.into();
        }
        let expires_at = token.expires_at();
        let now = resource_server.now();
        let left = expires_at.map(|exp| exp.duration_since(now).unwrap_or_default());
        let pause = resource_server.stream_recheck();
        select! {
            () = sleep(left.map_or(pause, |left| left.min(pause))) => {}
            Ok(()) = revocations.changed() => continue,
        }
        match resource_server.authorize_presented(bearer, presented).await {
            // It is no longer bound: a bearer token would be accepted, but the stream is another's.
            Ok(renewed) if renewed.bound() != bound => {
                return TokenError::OtherCertificate.into();
            }
            Ok(renewed) => {
                token = renewed;
                answered = Instant::now();
            }
            Err(error @ VerifyError::Token(_)) => return error,
            Err(error @ VerifyError::AuthorizationServer(_)) => match expires_at {
                Some(exp) if exp <= resource_server.now() => return TokenError::Expired.into(),
                None if answered.elapsed() >= LONGEST_DOUBT => return error,
                _ => tracing::debug!(%error, "the token of an event stream cannot be verified now"),
            },
        }
        // A clock that does not advance must not make this a busy loop.
        sleep(Duration::from_millis(10)).await;
    }
}

pin_project_lite::pin_project! {
    /// A body that ends early when its guard says so. Without a guard it is the plain body.
    #[derive(Debug)]
    pub struct GuardedBody<B> {
        #[pin]
        body: B,
        guard: Option<StreamGuard>,
    }
}

impl<B> GuardedBody<B> {
    /// Guards `body` with `guard`.
    pub fn new(body: B, guard: Option<StreamGuard>) -> Self {
        Self { body, guard }
    }
}

impl<B: Body> Body for GuardedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        if let Some(guard) = this.guard
            && guard.must_end(context)
        {
            return Poll::Ready(None);
        }
        this.body.poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match self.guard {
            Some(_) => SizeHint::default(),
            None => self.body.size_hint(),
        }
    }
}
