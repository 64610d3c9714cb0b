//! Hands the access token to rmcp handlers.

use actix_web::{HttpMessage, HttpRequest};
use rmcp::{
    ErrorData,
    handler::server::common::{AsRequestContext, FromContextPart},
    model::Extensions,
};
use rmcp_actix_web::transport::on_request_extensions;

use crate::access_token::AccessToken;

/// Passes the access token from the actix request on to rmcp: give it to
/// [`on_request_fn`](rmcp_actix_web::transport::StreamableHttpServiceBuilder::on_request_fn).
pub fn forward_access_token(request: &HttpRequest, extensions: &mut Extensions) {
    if let Some(token) = request.extensions().get::<AccessToken>() {
        extensions.insert(token.clone());
    }
}

impl AccessToken {
    /// The access token of the request that an rmcp handler serves:
    /// `AccessToken::of(&context.extensions)`. `None` over stdio and where nothing is protected.
    pub fn of(extensions: &Extensions) -> Option<&Self> {
        on_request_extensions(extensions)?.get::<Self>()
    }
}

/// As an argument of a tool, an access token makes the tool available to authorized requests only.
impl<C: AsRequestContext> FromContextPart<C> for AccessToken {
    fn from_context_part(context: &mut C) -> Result<Self, ErrorData> {
        Self::of(&context.as_request_context().extensions)
            .cloned()
            .ok_or_else(|| ErrorData::invalid_request("this needs an authorized request", None))
    }
}

/// As an argument of a tool, the access token if there is one: over stdio there is none.
#[derive(Debug, Clone)]
pub struct Caller(pub Option<AccessToken>);

impl<C: AsRequestContext> FromContextPart<C> for Caller {
    fn from_context_part(context: &mut C) -> Result<Self, ErrorData> {
        Ok(Self(
            AccessToken::of(&context.as_request_context().extensions).cloned(),
        ))
    }
}
