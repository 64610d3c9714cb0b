//! Streams that would otherwise outlast the shutdown.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use actix_web::{
    body::{BodySize, MessageBody},
    web::Bytes,
};

use super::process::{Connections, Ending};

pin_project_lite::pin_project! {
    /// The body `B`, an event stream that no request waits for. It ends properly when idle
    /// connections are closed, so that its client opens another elsewhere.
    pub(in crate::host) struct StandingStream<B> {
        #[pin]
        body: B,
        ended: Pin<Box<dyn Future<Output = ()>>>,
    }
}

impl<B> StandingStream<B> {
    pub(in crate::host) fn new(body: B, connections: &Connections) -> Self {
        let mut ending = connections.watch_ending();
        let ended = Box::pin(async move {
            // Fails if there are no connections any more.
            let _ = ending.wait_for(|stage| *stage == Ending::Idle).await;
        });
        Self { body, ended }
    }
}

impl<B: MessageBody> MessageBody for StandingStream<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.project();
        if this.ended.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        this.body.poll_next(context)
    }
}
