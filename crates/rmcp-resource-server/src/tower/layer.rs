//! The tower layer around [`ResourceServer`].

use std::{
    convert::Infallible,
    error::Error,
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_core::future::BoxFuture;
use http::{
    HeaderValue, Request, Response,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full, Limited};
use tokio::time::timeout;
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    admission::BodyFacts, resource_server::ResourceServer, session::stream_guard::GuardedBody,
};

impl ResourceServer {
    /// A tower layer that lets only authorized requests through: to rmcp's own
    /// `StreamableHttpService` under axum, or to any other service. The service finds the
    /// [`AccessToken`](crate::AccessToken) in the request's extensions.
    ///
    /// ```
    /// use std::{convert::Infallible, future::ready};
    ///
    /// use bytes::Bytes;
    /// use http::{Request, Response};
    /// use http_body_util::Full;
    /// use rmcp_resource_server::{AccessToken, ResourceServer};
    /// use tower::{Layer, service_fn};
    ///
    /// async fn whoami(request: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, Infallible> {
    ///     let token = request.extensions().get::<AccessToken>();
    ///     let subject = token.and_then(|token| token.subject()).unwrap_or_default();
    ///     Ok(Response::new(subject.to_owned().into()))
    /// }
    ///
    /// fn protected(resource_server: &ResourceServer) {
    ///     let service = resource_server.layer().layer(service_fn(whoami));
    ///     # let _ = service;
    /// }
    /// ```
    pub fn layer(&self) -> ProtectionLayer {
        ProtectionLayer {
            resource_server: self.clone(),
        }
    }
}

/// Lets only authorized requests through. Made by [`ResourceServer::layer`].
#[derive(Clone, Debug)]
pub struct ProtectionLayer {
    resource_server: ResourceServer,
}

impl<S> Layer<S> for ProtectionLayer {
    type Service = ProtectedTowerService<S>;

    fn layer(&self, service: S) -> Self::Service {
        ProtectedTowerService {
            service,
            resource_server: self.resource_server.clone(),
        }
    }
}

/// A service wrapped by [`ProtectionLayer`].
#[derive(Clone)]
pub struct ProtectedTowerService<S> {
    service: S,
    resource_server: ResourceServer,
}

impl<S, A, B> Service<Request<A>> for ProtectedTowerService<S>
where
    S: Service<Request<A>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    A: Body + Send + Unpin + 'static,
    A::Data: Send,
    A::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body<Data = Bytes>,
{
    type Response = Response<ProtectedBody<B>>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Self::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        // The service that is ready handles this request; its clone waits for the next one.
        let clone = self.service.clone();
        let mut service = std::mem::replace(&mut self.service, clone);
        let resource_server = self.resource_server.clone();
        Box::pin(async move {
            let (mut parts, mut body) = request.into_parts();
            let content_type = parts.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
            let facts = match BodyFacts::is_form(content_type) {
                true => read_form(&mut body).await,
                false => BodyFacts::default(),
            };
            let admission = match resource_server.admit(&mut parts, facts).await {
                Ok(admission) => admission,
                Err(refusal) => {
                    let refused = resource_server.refuse(&parts, &refusal);
                    return Ok(refused.map(ProtectedBody::refused));
                }
            };
            let request = Request::from_parts(parts, body);
            let response = admission.serve(service.call(request)).await?;
            let (mut head, body) = response.into_parts();
            Ok(match admission.finish(&mut head) {
                Ok(guard) => {
                    if guard.is_some() {
                        head.headers.remove(CONTENT_LENGTH);
                    }
                    Response::from_parts(head, ProtectedBody::served(GuardedBody::new(body, guard)))
                }
                Err(refused) => refused.map(ProtectedBody::refused),
            })
        })
    }
}

/// Reads a form. No MCP request is a form, so the body is not passed on.
async fn read_form<A>(body: &mut A) -> BodyFacts
where
    A: Body + Unpin,
    A::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let form = Limited::new(body, BodyFacts::FORM_LIMIT).collect();
    match timeout(BodyFacts::FORM_PATIENCE, form).await {
        Ok(Ok(form)) => BodyFacts::of_form(&form.to_bytes()),
        Ok(Err(_)) | Err(_) => BodyFacts::of_unread_form(),
    }
}

impl<S> fmt::Debug for ProtectedTowerService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ProtectedTowerService");
        shown.field("resource_server", &self.resource_server);
        shown.finish_non_exhaustive()
    }
}

pin_project_lite::pin_project! {
    /// The body of a response: that of a refusal, or that of the service behind, which ends with
    /// its token if it is an event stream.
    pub struct ProtectedBody<B> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project_lite::pin_project! {
    #[project = KindProjection]
    enum Kind<B> {
        Served { #[pin] body: GuardedBody<B> },
        Refused { body: Full<Bytes> },
    }
}

impl<B> ProtectedBody<B> {
    fn served(body: GuardedBody<B>) -> Self {
        let kind = Kind::Served { body };
        Self { kind }
    }

    fn refused(body: Bytes) -> Self {
        let kind = Kind::Refused { body: body.into() };
        Self { kind }
    }
}

impl<B: Body<Data = Bytes>> Body for ProtectedBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.project().kind.project() {
            KindProjection::Served { body } => body.poll_frame(context),
            KindProjection::Refused { body } => {
                let frame = Pin::new(body).poll_frame(context);
                frame.map_err(|never: Infallible| match never {})
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Served { body } => body.is_end_stream(),
            Kind::Refused { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Served { body } => body.size_hint(),
            Kind::Refused { body } => body.size_hint(),
        }
    }
}

impl<B> fmt::Debug for ProtectedBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProtectedBody").finish_non_exhaustive()
    }
}
