//! Session ids on a server without sessions.

use actix_web::{dev::ServiceRequest, http::header::HeaderName, web::Data};

const MCP_SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");

/// In the application data of a server without sessions.
pub(super) struct SessionsOff;

/// Removes the session id from a request to a server without sessions. The id is not ours: managed
/// runtimes add one of their own to every request, to route it to the same instance. Further in, it
/// would count as somebody else's session.
pub(super) fn forget_session_id(request: &mut ServiceRequest) {
    if request.headers().contains_key(&MCP_SESSION_ID)
        && request.app_data::<Data<SessionsOff>>().is_some()
    {
        request.headers_mut().remove(&MCP_SESSION_ID);
    }
}
