//! Protected resource metadata (RFC 9728) in an actix application.

use actix_web::{
    HttpRequest, HttpResponse,
    guard::fn_guard,
    web::{self, Data, ServiceConfig},
};

use super::convert::{method, response};
use crate::{answer::metadata::WELL_KNOWN, resource_server::ResourceServer};

impl ResourceServer {
    /// Adds the protected resource metadata at both well-known paths (RFC 9728 §3.1):
    /// `App::new().configure(|config| resource_server.serve_metadata(config))`. Keep it outside the
    /// protected scope.
    pub fn serve_metadata(&self, config: &mut ServiceConfig) {
        let this = self.clone();
        // A guard compares the path because actix matches decoded paths against patterns, and
        // neither fits a path with percent-encoding. The prefix costs other requests less than a
        // pattern would.
        let is_metadata = fn_guard(move |context| this.has_metadata_at(context.head().uri.path()));
        let answers = web::resource(["", "/{path:.*}"])
            .app_data(Data::new(self.clone()))
            .route(web::route().to(answer));
        config.service(web::scope(WELL_KNOWN).guard(is_metadata).service(answers));
    }
}

async fn answer(request: HttpRequest, resource_server: Data<ResourceServer>) -> HttpResponse {
    let metadata = resource_server.metadata(&method(request.head()), request.uri().path());
    metadata.map_or_else(|| HttpResponse::NotFound().finish(), response)
}
