//! Protected resource metadata (RFC 9728) as a tower service.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tower_service::Service;

use crate::resource_server::ResourceServer;

impl ResourceServer {
    /// A tower service that serves the protected resource metadata at both well-known paths (RFC
    /// 9728 §3.1), and answers all other requests with 404. In axum, use it as the fallback,
    /// outside what is protected:
    /// `Router::new().fallback_service(resource_server.metadata_service())`.
    pub fn metadata_service(&self) -> MetadataService {
        MetadataService {
            resource_server: self.clone(),
        }
    }
}

/// Serves the protected resource metadata. Made by [`ResourceServer::metadata_service`].
#[derive(Clone, Debug)]
pub struct MetadataService {
    resource_server: ResourceServer,
}

impl<A> Service<Request<A>> for MetadataService {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        let (method, path) = (request.method(), request.uri().path());
        let metadata = self.resource_server.metadata(method, path);
        let response = metadata.unwrap_or_else(|| {
            let mut missing = Response::new(Bytes::new());
            *missing.status_mut() = StatusCode::NOT_FOUND;
            missing
        });
        ready(Ok(response.map(Full::new)))
    }
}
