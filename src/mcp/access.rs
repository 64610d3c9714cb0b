//! What a caller may do: scopes, and the documents that are there for it.

use std::sync::Arc;

use rmcp_resource_server::{Caller, Scopes};

use super::{output::ToolError, state::State};
use crate::oscal::{LibraryView, Model};

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

    /// Lets `caller` do `operation`, or demands the scopes it lacks. Without authorization everybody
    /// may do everything: over stdio it is the user's own machine.
    pub(super) fn admit(
        &self,
        Caller(caller): &Caller,
        operation: Operation,
        state: Arc<State>,
    ) -> Result<Access, ToolError> {
        let Some(token) = caller else {
            return Ok(Access {
                state,
                sees_sensitive: true,
            });
        };
        token.require_scopes(match operation {
            Operation::Read => &self.read,
            Operation::Validate => &self.validate,
        })?;
        Ok(Access {
            state,
            sees_sensitive: self.sensitive.iter().all(|scope| token.has_scope(scope)),
        })
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
