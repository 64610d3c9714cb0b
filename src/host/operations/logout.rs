//! Where the authorization server tells of logouts (OpenID Connect Back-Channel Logout 1.0).

use std::sync::Arc;

use actix_web::web::ServiceConfig;
use rmcp_resource_server::BackChannelLogout;

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
    logout.serve_at(path, config);
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
