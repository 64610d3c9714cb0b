//! A body that keeps a value alive while it is sent.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use actix_web::{
    body::{BodySize, MessageBody},
    web::Bytes,
};

pin_project_lite::pin_project! {
    /// The body `B`. Drops `T` along with itself: once all of it is written or buffered, or the
    /// client has gone away.
    pub(super) struct HoldingBody<B, T> {
        #[pin]
        body: B,
        _held: T,
    }
}

impl<B, T> HoldingBody<B, T> {
    pub(super) fn new(body: B, held: T) -> Self {
        Self { body, _held: held }
    }
}

impl<B: MessageBody, T> MessageBody for HoldingBody<B, T> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.project().body.poll_next(context)
    }
}
