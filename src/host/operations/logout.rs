//! Where the authorization server tells of logouts (OpenID Connect Back-Channel Logout 1.0).

use std::{rc::Rc, sync::Arc};

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    guard::fn_guard,
    middleware::{Next, from_fn},
    web::{self, ServiceConfig},
};
use rmcp_resource_server::{BackChannelLogout, ResourceUrl};

use crate::host::connections::Connection;

/// Beside the endpoint: `/oauth/backchannel-logout` for `/mcp`.
pub(in crate::host) fn path_beside(endpoint: &str) -> String {
    let (parent, _) = endpoint
        .trim_end_matches('/')
        .rsplit_once('/')
        .unwrap_or_default();
    format!("{parent}/oauth/backchannel-logout")
}

/// Its public URL, to register at the authorization server: beside the resource's.
pub(crate) fn logout_url(resource: &ResourceUrl) -> String {
    let mut url = resource.url().clone();
    url.set_path(&path_beside(resource.url().path()));
    url.into()
}

pub(in crate::host) fn configure(
    config: &mut ServiceConfig,
    path: &str,
    logout: &Arc<BackChannelLogout>,
) {
    let exactly = path.to_owned();
    config.service(
        web::scope("")
            .guard(fn_guard(move |context| {
                context.head().uri.path() == exactly
            }))
            .configure(|config| logout.serve_at(path, config))
            .wrap(from_fn(let_body_in)),
    );
}

/// Whoever sends a logout token has no access token, and its body is let in nevertheless.
async fn let_body_in(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if let Some(connection) = request.conn_data::<Rc<Connection>>() {
        connection.want_body();
    }
    next.call(request).await
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
