//! Session ids where there are no sessions.

use actix_web::{dev::ServiceRequest, http::header::HeaderName, web::Data};

const MCP_SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");

/// Among the application's data where the server has no sessions.
pub(super) struct SessionsOff;

/// Takes a session id out of a request to a server without sessions. It is not one of ours:
/// managed runtimes give every request one of their own, to find the way back to the same
/// instance. Further in it would count as somebody else's session.
pub(super) fn forget_session_id(request: &mut ServiceRequest) {
    if request.headers().contains_key(&MCP_SESSION_ID)
        && request.app_data::<Data<SessionsOff>>().is_some()
    {
        request.headers_mut().remove(&MCP_SESSION_ID);
    }
}
