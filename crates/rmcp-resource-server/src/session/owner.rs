//! Whose request is being served, for what rmcp calls without saying so.

use crate::token::access_token::AccessToken;

tokio::task_local! {
    /// The token of the request that this task serves. The middleware sets it for what opens, restores
    /// and closes sessions, and learns nothing else about the request.
    pub(crate) static OWNER: AccessToken;
}
