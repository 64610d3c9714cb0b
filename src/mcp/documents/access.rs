//! What a caller may do: scopes, and the documents the caller can see.

use std::sync::Arc;

use oscal_documents::{Baseline, Document, LibraryView};
use rmcp::{
    ErrorData,
    handler::server::common::{AsRequestContext, FromContextPart},
    model::Extensions,
};
use rmcp_resource_server::{AccessToken, NoAccessToken, Scopes};

use super::{clearance::Clearance, notices::Notices, state::State};
use crate::mcp::{answer::ToolError, workers::Workers};

/// The scopes that operations require if authorization is on. An empty set requires nothing.
#[derive(Debug, Clone, Default)]
pub struct ScopeRules {
    /// For reading documents.
    pub read: Scopes,
    /// For validating content.
    pub validate: Scopes,
    /// For security plans, assessments and plans of action, on top of reading.
    pub sensitive: Scopes,
}

/// Whom the server trusts. The code that builds the server must state it: a request without a token
/// proves nothing, because the token may be missing through a mistake in how the server is put
/// together.
pub(in crate::mcp) enum Trust {
    /// Everybody who can reach it; over stdio that is the user of this machine.
    Local,
    /// Requests with an access token, and nobody else.
    Authorized(ScopeRules),
}

/// Who sent a request: their access token, or why there is none.
pub(in crate::mcp) struct Caller {
    token: Result<AccessToken, NoAccessToken>,
    notices: Notices,
}

/// What one request may see.
#[derive(Clone)]
pub(in crate::mcp) struct Access {
    pub(in crate::mcp) state: Arc<State>,
    clearance: Clearance,
    /// What the answer has to say.
    pub(in crate::mcp) notices: Notices,
}

/// What a request is about to do.
#[derive(Debug, Clone, Copy)]
pub(in crate::mcp) enum Operation {
    Read,
    Validate,
}

impl ScopeRules {
    /// All scopes that any operation requires.
    pub fn all(&self) -> Scopes {
        self.read.union(&self.validate).union(&self.sensitive)
    }
}

impl Trust {
    /// Refuses a request without an access token, if one is required.
    pub(in crate::mcp) fn demand_token(
        &self,
        extensions: &Extensions,
    ) -> Result<(), NoAccessToken> {
        match self {
            Self::Local => Ok(()),
            Self::Authorized(_) => AccessToken::of(extensions).map(drop),
        }
    }

    /// Allows `caller` to do `operation`, or demands the missing token or scopes.
    pub(in crate::mcp) fn admit(
        &self,
        caller: &Caller,
        operation: Operation,
        state: Arc<State>,
    ) -> Result<Access, ToolError> {
        let notices = caller.notices.clone();
        let rules = match self {
            Self::Local => {
                return Ok(Access {
                    state,
                    clearance: Clearance::All,
                    notices,
                });
            }
            Self::Authorized(rules) => rules,
        };
        let token = caller.token.as_ref().map_err(|missing| *missing)?;
        token.require_scopes(match operation {
            Operation::Read => &rules.read,
            Operation::Validate => &rules.validate,
        })?;
        let sees_sensitive = rules.sensitive.iter().all(|scope| token.has_scope(scope));
        let clearance = match sees_sensitive {
            true => Clearance::All,
            false => Clearance::WithoutSensitive,
        };
        Ok(Access {
            state,
            clearance,
            notices,
        })
    }
}

impl Caller {
    /// The sender of the request with these extensions.
    pub(in crate::mcp) fn of(extensions: &Extensions) -> Self {
        Self {
            token: AccessToken::of(extensions).cloned(),
            notices: extensions.get().cloned().unwrap_or_default(),
        }
    }

    /// The access token, to tell callers who they are.
    pub(in crate::mcp) fn token(&self) -> Option<&AccessToken> {
        self.token.as_ref().ok()
    }
}

impl<C: AsRequestContext> FromContextPart<C> for Caller {
    fn from_context_part(context: &mut C) -> Result<Self, ErrorData> {
        Ok(Self::of(&context.as_request_context().extensions))
    }
}

impl Access {
    /// The documents that the caller can see. To the caller, others do not exist.
    pub(in crate::mcp) fn documents(&self) -> LibraryView<'_> {
        self.clearance.view(&self.state.library)
    }

    /// Whether the caller sees every document.
    pub(in crate::mcp) fn sees_all(&self) -> bool {
        self.clearance.sees_all()
    }

    /// The baseline of a profile, with `fallback` for imports that are not found.
    pub(in crate::mcp) async fn baseline(
        &self,
        workers: &Workers,
        profile: &str,
        fallback: Option<&str>,
    ) -> Result<Arc<Baseline>, ToolError> {
        let State {
            library, baselines, ..
        } = &*self.state;
        let outline = baselines.outline(workers, library, self.clearance, profile, fallback);
        let outline = outline.await?;
        self.notices.add(&outline.guesses);
        Ok(outline)
    }

    /// The catalog that a profile resolves to.
    pub(in crate::mcp) async fn resolved_catalog(
        &self,
        workers: &Workers,
        profile: &str,
        fallback: Option<&str>,
    ) -> Result<Arc<Document>, ToolError> {
        let State {
            library, baselines, ..
        } = &*self.state;
        let made = baselines.catalog(workers, library, self.clearance, profile, fallback);
        let made = made.await?;
        self.notices.add(&made.guesses);
        Ok(Arc::clone(&made.document))
    }
}
