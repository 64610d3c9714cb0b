//! Back-channel logout in an actix application.

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, Bytes, Data, PayloadConfig, ServiceConfig},
};

use super::convert::{parts, response};
use crate::{observe::client_address::ClientAddress, revocation::logout::BackChannelLogout};

impl BackChannelLogout {
    /// Receives logout tokens at `path`, for instance `/oauth/backchannel-logout`. Keep it outside the
    /// protected scope: the authorization server sends no access token.
    pub fn serve_at(self: &Arc<Self>, path: &str, config: &mut ServiceConfig) {
        let resource = web::resource(path)
            .app_data(Data::from(self.clone()))
            .app_data(PayloadConfig::new(Self::BODY_LIMIT))
            .route(web::post().to(receive));
        config.service(resource);
    }
}

async fn receive(
    request: HttpRequest,
    body: Bytes,
    logout: Data<BackChannelLogout>,
) -> HttpResponse {
    let client = ClientAddress::of(&parts(&request).extensions);
    response(logout.receive(&body, client).await)
}
