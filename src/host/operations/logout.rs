//! Where the authorization server tells of logouts (OpenID Connect Back-Channel Logout 1.0).

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Data, PayloadConfig, ServiceConfig},
};
use rmcp_resource_server::BackChannelLogout;

use crate::host::client_address::client_address;

/// Beside the endpoint: `/oauth/backchannel-logout` for `/mcp`.
pub(in crate::host) fn path_beside(endpoint: &str) -> String {
    let (parent, _) = endpoint
        .trim_end_matches('/')
        .rsplit_once('/')
        .unwrap_or_default();
    format!("{parent}/oauth/backchannel-logout")
}

pub(in crate::host) fn configure(
    config: &mut ServiceConfig,
    path: &str,
    logout: &Arc<BackChannelLogout>,
) {
    let resource = web::resource(path)
        .app_data(Data::from(logout.clone()))
        .app_data(PayloadConfig::new(BackChannelLogout::BODY_LIMIT))
        .route(web::post().to(receive));
    config.service(resource);
}

async fn receive(
    request: HttpRequest,
    body: Bytes,
    logout: Data<BackChannelLogout>,
) -> HttpResponse {
    let answer = logout.receive(&body, client_address(&request)).await;
    let (parts, body) = answer.into_parts();
    let status = StatusCode::from_u16(parts.status.as_u16());
    let mut response = HttpResponse::build(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    for (name, value) in &parts.headers {
        response.insert_header((name.as_str(), value.as_bytes()));
    }
    response.body(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_beside_the_endpoint() {
        for (endpoint, expected) in [
            ("/mcp", "/oauth/backchannel-logout"),
            ("/mcp/", "/oauth/backchannel-logout"),
            ("/", "/oauth/backchannel-logout"),
            ("/tools/oscal", "/tools/oauth/backchannel-logout"),
        ] {
            assert_eq!(path_beside(endpoint), expected, "{endpoint}");
        }
    }
}
