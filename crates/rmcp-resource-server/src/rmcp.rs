//! Passes the access token to rmcp handlers, and their errors about it to clients.

use rmcp::{
    ErrorData,
    handler::server::common::{AsRequestContext, FromContextPart},
    model::Extensions,
};
use serde_json::json;

use crate::token::access_token::{AccessToken, InsufficientScope};

/// A handler asked for the access token of a request that has none.
///
/// Over HTTP this is a mistake in how the server is put together, never an anonymous caller: behind
/// [`ResourceServer::protect`](crate::ResourceServer::protect), no request without a token reaches
/// a handler. So treat it as a refusal. `?` does that in a handler that returns [`ErrorData`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoAccessToken {
    /// The request came over stdio, or from inside the process.
    #[error("this needs an access token, but the request did not come over HTTP")]
    NotHttp,
    /// No [`ResourceServer`](crate::ResourceServer) saw the HTTP request.
    #[error(
        "the MCP endpoint is not protected: with actix-web, serve it with ActixMcp and wrap that \
         in ResourceServer::protect(); with tower, wrap it in ResourceServer::layer()"
    )]
    NotProtected,
}

impl AccessToken {
    /// The access token of the request that an rmcp handler is serving.
    ///
    /// For handlers that are not tools; a tool takes an `AccessToken` argument.
    ///
    /// # Errors
    ///
    /// [`NoAccessToken`] says what is wrong with the server, or that this is not HTTP. **A missing
    /// token does not prove that the caller may be trusted.** A server that also runs over stdio
    /// must know how it was started:
    ///
    /// ```
    /// # use rmcp::{ErrorData, RoleServer, ServerHandler, model::*, service::RequestContext};
    /// use rmcp_resource_server::AccessToken;
    ///
    /// struct Notes {
    ///     /// Set in `main`, where the transport is chosen.
    ///     authorized: bool,
    /// }
    ///
    /// impl ServerHandler for Notes {
    ///     async fn list_resources(
    ///         &self,
    ///         _request: Option<PaginatedRequestParams>,
    ///         context: RequestContext<RoleServer>,
    ///     ) -> Result<ListResourcesResult, ErrorData> {
    ///         if self.authorized {
    ///             let token = AccessToken::of(&context.extensions)?;
    ///             token.require_scope("notes:read")?;
    ///         }
    ///         Ok(ListResourcesResult::default())
    ///     }
    /// }
    /// ```
    pub fn of(extensions: &Extensions) -> Result<&Self, NoAccessToken> {
        let parts = extensions.get::<http::request::Parts>();
        let parts = parts.ok_or(NoAccessToken::NotHttp)?;
        let token = parts.extensions.get::<Self>();
        token.ok_or(NoAccessToken::NotProtected)
    }
}

/// As a tool argument, an access token makes the tool available only to authorized requests.
///
/// ```
/// use rmcp::{tool, tool_router};
/// use rmcp_resource_server::AccessToken;
///
/// struct Greeter;
///
/// #[tool_router]
/// impl Greeter {
///     /// Greets whoever calls
///     #[tool]
///     async fn greet(&self, caller: AccessToken) -> String {
///         format!("Hello, {}!", caller.user().unwrap_or("machine"))
///     }
/// }
/// ```
impl<C: AsRequestContext> FromContextPart<C> for AccessToken {
    fn from_context_part(context: &mut C) -> Result<Self, ErrorData> {
        let token = Self::of(&context.as_request_context().extensions)?;
        Ok(token.clone())
    }
}

/// An internal error, because the client cannot do anything about it. Over stdio, where the request
/// itself is out of place, it is an invalid request.
impl From<NoAccessToken> for ErrorData {
    fn from(error: NoAccessToken) -> Self {
        match error {
            NoAccessToken::NotHttp => Self::invalid_request(error.to_string(), None),
            _ => {
                tracing::error!("a request was refused: {error}");
                Self::internal_error(error.to_string(), None)
            }
        }
    }
}

/// What a client sees of a missing scope if the answer is an event stream, whose status has already
/// been sent: an invalid request whose `data` names the scopes, as a challenge would (RFC 6750
/// §3.1). Otherwise the client gets 403 and never sees this; see
/// [`require_scopes`](AccessToken::require_scopes).
impl From<InsufficientScope> for ErrorData {
    fn from(error: InsufficientScope) -> Self {
        let data = json!({
            "error": "insufficient_scope",
            "scope": error.needed().to_string(),
        });
        Self::invalid_request(error.to_string(), Some(data))
    }
}

#[cfg(test)]
mod tests {
    use rmcp::model::ErrorCode;

    use super::*;

    /// Covers stdio. The errors of a request over HTTP are tested over HTTP.
    #[test]
    fn without_http_there_is_no_access_token_and_the_request_is_in_the_wrong_place() {
        let missing = AccessToken::of(&Extensions::new()).expect_err("no HTTP request");
        assert_eq!(missing, NoAccessToken::NotHttp);
        let error = ErrorData::from(missing);
        assert_eq!(error.code, ErrorCode::INVALID_REQUEST);
        assert!(error.message.contains("did not come over HTTP"), "{error}");
    }
}
