//! Adapts bodies between `http-body` and actix-web.

use std::{
    error::Error,
    pin::Pin,
    task::{Context, Poll, ready},
};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use bytes::Bytes;
use http_body::Body;

use crate::session::stream_guard::StreamGuard;

pin_project_lite::pin_project! {
    /// An `http-body` body as an actix-web body.
    pub(crate) struct HttpBody<B> {
        #[pin]
        body: B,
    }
}

impl<B> HttpBody<B> {
    pub(crate) fn new(body: B) -> Self {
        Self { body }
    }
}

impl<B> MessageBody for HttpBody<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn Error>>,
{
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        match self.body.size_hint().exact() {
            Some(size) => BodySize::Sized(size),
            None => BodySize::Stream,
        }
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        loop {
            match ready!(self.as_mut().project().body.poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => return Poll::Ready(Some(Ok(data))),
                    Err(_trailers) => {}
                },
                Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                None => return Poll::Ready(None),
            }
        }
    }
}

pin_project_lite::pin_project! {
    /// An actix-web body that ends early when its guard says so.
    pub(crate) struct GuardedMessage {
        #[pin]
        body: BoxBody,
        guard: StreamGuard,
    }
}

impl GuardedMessage {
    pub(crate) fn new(body: BoxBody, guard: StreamGuard) -> Self {
        Self { body, guard }
    }
}

impl MessageBody for GuardedMessage {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.project();
        if this.guard.must_end(context) {
            return Poll::Ready(None);
        }
        this.body.poll_next(context)
    }
}
