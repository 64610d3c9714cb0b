//! What a caller may do: scopes, and the documents that are there for it.

use std::sync::Arc;

use oscal_documents::{LibraryView, Model};
use rmcp::{
    ErrorData,
    handler::server::common::{AsRequestContext, FromContextPart},
    model::Extensions,
};
use rmcp_resource_server::{AccessToken, NoAccessToken, Scopes};

use super::{output::ToolError, state::State};

/// The scopes that operations need, where there is authorization. Empty ones need nothing.
#[derive(Debug, Clone, Default)]
pub struct ScopeRules {
    /// For reading documents.
    pub read: Scopes,
    /// For validating content.
    pub validate: Scopes,
    /// For security plans, assessments and plans of action, on top of reading.
    pub sensitive: Scopes,
}

/// Whom the server trusts. Whoever makes it says so: what a request lacks proves nothing, for a
/// token may be missing because of a mistake in how the server is put together.
pub(super) enum Trust {
    /// Everybody who can reach it: over stdio it is the user's own machine.
    Local,
    /// Requests with an access token, and nobody else.
    Authorized(ScopeRules),
}

/// Whoever sent a request: their access token, or why there is none.
pub(super) struct Caller(Result<AccessToken, NoAccessToken>);

/// What one request may see.
#[derive(Clone)]
pub(super) struct Access {
    pub(super) state: Arc<State>,
    sees_sensitive: bool,
}

/// What a request is about to do.
#[derive(Debug, Clone, Copy)]
pub(super) enum Operation {
    Read,
    Validate,
}

impl ScopeRules {
    /// All scopes that are demanded somewhere.
    pub fn all(&self) -> Scopes {
        self.read.union(&self.validate).union(&self.sensitive)
    }
}

impl Trust {
    /// Refuses a request without an access token, where there must be one.
    pub(super) fn demand_token(&self, extensions: &Extensions) -> Result<(), NoAccessToken> {
        match self {
            Self::Local => Ok(()),
            Self::Authorized(_) => AccessToken::of(extensions).map(drop),
        }
    }

    /// Lets `caller` do `operation`, or demands the token or the scopes that are missing.
    pub(super) fn admit(
        &self,
        caller: &Caller,
        operation: Operation,
        state: Arc<State>,
    ) -> Result<Access, ToolError> {
        let rules = match self {
            Self::Local => {
                return Ok(Access {
                    state,
                    sees_sensitive: true,
                });
            }
            Self::Authorized(rules) => rules,
        };
        let token = caller.0.as_ref().map_err(|missing| *missing)?;
        token.require_scopes(match operation {
            Operation::Read => &rules.read,
            Operation::Validate => &rules.validate,
        })?;
        Ok(Access {
            state,
            sees_sensitive: rules.sensitive.iter().all(|scope| token.has_scope(scope)),
        })
    }
}

impl Caller {
    /// Whoever sent the request with these extensions.
    pub(super) fn of(extensions: &Extensions) -> Self {
        Self(AccessToken::of(extensions).cloned())
    }

    /// Their access token, to tell them who they are.
    pub(super) fn token(&self) -> Option<&AccessToken> {
        self.0.as_ref().ok()
    }
}

impl<C: AsRequestContext> FromContextPart<C> for Caller {
    fn from_context_part(context: &mut C) -> Result<Self, ErrorData> {
        Ok(Self::of(&context.as_request_context().extensions))
    }
}

impl Access {
    /// The documents that are there for the caller. Others are as if they did not exist.
    pub(super) fn documents(&self) -> LibraryView<'_> {
        self.state
            .library
            .view(|info| self.sees_sensitive || !is_sensitive(info.model))
    }

    /// Whether the caller sees every document.
    pub(super) fn sees_all(&self) -> bool {
        self.sees_sensitive
    }
}

/// Models that tell how a system is built and where it is weak.
pub(super) fn is_sensitive(model: Model) -> bool {
    matches!(
        model,
        Model::SystemSecurityPlan
            | Model::AssessmentPlan
            | Model::AssessmentResults
            | Model::PlanOfActionAndMilestones
    )
}
