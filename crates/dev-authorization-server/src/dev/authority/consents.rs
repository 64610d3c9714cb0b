//! The authorization requests that wait for the developer's decision.

use super::{bounded::Bounded, secret};
use crate::dev::error::OAuthError;

const MAX_UNDECIDED: usize = 1_000;

/// What a consent page asks the developer to decide.
#[derive(Clone)]
pub(in crate::dev) struct AuthorizationRequest {
    pub(in crate::dev) client_id: String,
    pub(in crate::dev) client_name: Option<String>,
    pub(in crate::dev) redirect_uri: String,
    pub(in crate::dev) resource: String,
    pub(in crate::dev) scopes: Vec<String>,
    pub(in crate::dev) state: Option<String>,
    pub(in crate::dev) challenge: String,
}

/// The requests that wait for a decision, by the unguessable ticket in their page. The ticket
/// proves that the decision was made on that page: other sites can neither read nor frame it.
pub(in crate::dev) struct Consents(Bounded<AuthorizationRequest>);

impl Default for Consents {
    fn default() -> Self {
        Self(Bounded::new(MAX_UNDECIDED))
    }
}

impl Consents {
    /// Keeps `request` until it is decided, and returns the ticket for its page.
    pub(in crate::dev) fn ask(&mut self, request: AuthorizationRequest) -> String {
        let ticket = secret::random();
        self.0.insert(ticket.clone(), request);
        ticket
    }

    /// The request behind a page. Each ticket is good for one decision.
    pub(in crate::dev) fn take(
        &mut self,
        ticket: &str,
    ) -> Result<AuthorizationRequest, OAuthError> {
        self.0
            .remove(ticket)
            .ok_or_else(|| OAuthError::invalid_request("this page was already used or is too old"))
    }
}
