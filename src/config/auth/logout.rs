//! Whether logouts at the authorization server are received here, and whose.

use rmcp_resource_server::{
    AuthorizationServer, BackChannelLogoutConfig, ClientCredentials, EndpointUrl,
};

use crate::{config::parse::Parser, options::Given};

/// `None` if it is off, or after an error.
pub(in crate::config) fn resolve(
    parser: &mut Parser,
    given: &Given,
    server: &AuthorizationServer,
    jwks_url: Option<EndpointUrl>,
    own: Option<&ClientCredentials>,
    allowed: &[String],
) -> Option<BackChannelLogoutConfig> {
    let options = &given.options;
    let is_on = parser.flag(
        "auth_back_channel_logout",
        options.auth_back_channel_logout.as_deref(),
        false,
    );
    let mut clients = Parser::list(options.auth_back_channel_logout_clients.as_deref());
    if !is_on {
        return None;
    }
    if clients.is_empty() {
        let own = own.and_then(|credentials| credentials.read().ok());
        let own = own.map(|auth| auth.client_id().to_owned());
        clients = own.filter(|id| !id.is_empty()).into_iter().collect();
        clients.extend(allowed.iter().cloned());
    }
    if clients.is_empty() {
        parser.error(
            "auth_back_channel_logout_clients",
            "is needed: name the clients whose users log out, as they are known at the \
             authorization server",
        );
        return None;
    }
    let mut config = BackChannelLogoutConfig::new(server.clone(), clients);
    config.jwks_url = jwks_url;
    Some(config)
}
