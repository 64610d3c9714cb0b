//! The server itself: what it serves, who may use it, and what all its clones share.

use std::sync::{Arc, PoisonError, RwLock};

use oscal_documents::{Baseline, Document, Library, Schemas};
use rmcp::{RoleServer, service::RequestContext};
use rmcp_resource_server::NoAccessToken;

use super::{
    answer::ToolError,
    changes::{Announcements, Changes, SessionAnnouncements},
    documents::{Access, Caller, Clearance, DocumentMetrics, Operation, ScopeRules, State, Trust},
    tool_metrics::ToolMetrics,
    workers::Workers,
};
use crate::audit::{AuditLog, record_changes};

/// The MCP server. It is cloned for each request or session; all clones serve the same documents.
pub struct OscalServer {
    pub(super) shared: Arc<Shared>,
    pub(super) announcements: Announcements,
    pub(super) session: SessionAnnouncements,
    pub(super) audit: Option<AuditLog>,
}

/// What all clones share.
pub(super) struct Shared {
    pub(super) name: String,
    trust: Trust,
    state: RwLock<Arc<State>>,
    pub(super) changes: Changes,
    pub(super) workers: Workers,
    tool_metrics: ToolMetrics,
    document_metrics: DocumentMetrics,
}

impl OscalServer {
    /// Serves `library` under `name` to everybody who can reach it; `schemas` are for validation.
    ///
    /// For stdio, and for HTTP that deliberately has no authorization. It ignores access tokens.
    pub fn local(name: impl Into<String>, library: Library, schemas: Schemas) -> Self {
        Self::trusting(Trust::Local, name.into(), library, schemas)
    }

    /// Likewise for holders of an access token with the scopes of an operation. Refuses a request
    /// without a token, even if a mistake in the HTTP host lets it get here.
    pub fn authorized(
        name: impl Into<String>,
        library: Library,
        schemas: Schemas,
        scopes: ScopeRules,
    ) -> Self {
        Self::trusting(Trust::Authorized(scopes), name.into(), library, schemas)
    }

    fn trusting(trust: Trust, name: String, library: Library, schemas: Schemas) -> Self {
        let document_metrics = DocumentMetrics::default();
        document_metrics.show(&library);
        Self {
            shared: Arc::new(Shared {
                name,
                trust,
                state: RwLock::new(Arc::new(State::new(library, schemas))),
                changes: Changes::default(),
                workers: Workers::default(),
                tool_metrics: ToolMetrics::default(),
                document_metrics,
            }),
            announcements: Announcements::default(),
            session: SessionAnnouncements::default(),
            audit: None,
        }
    }

    /// Notifies these clients when the documents are replaced. By default nobody is notified.
    #[must_use]
    pub fn announcing_to(mut self, announcements: Announcements) -> Self {
        self.announcements = announcements;
        self
    }

    /// Records in `audit` what is asked, and which documents are served. By default nothing is.
    #[must_use]
    pub fn audited_by(mut self, audit: Option<AuditLog>) -> Self {
        if let Some(log) = &audit {
            record_changes(log, &Library::default(), &self.library());
        }
        self.audit = audit;
        self
    }

    /// The audit log, if there is one.
    pub(crate) fn audit(&self) -> Option<&AuditLog> {
        self.audit.as_ref()
    }

    /// The documents that are being served.
    pub fn library(&self) -> Library {
        self.state().library.clone()
    }

    /// Whether it serves only holders of an access token.
    pub fn is_authorized(&self) -> bool {
        matches!(self.shared.trust, Trust::Authorized(_))
    }

    /// Its counters of tool calls.
    pub fn tool_metrics(&self) -> &ToolMetrics {
        &self.shared.tool_metrics
    }

    /// Its gauges of loaded documents.
    pub fn document_metrics(&self) -> &DocumentMetrics {
        &self.shared.document_metrics
    }

    /// Serves `library` from now on. Running requests keep the documents they began with. Clients
    /// are notified if the list of resources has changed.
    pub fn replace_library(&self, library: Library) {
        let previous = self.state();
        let (all, without_sensitive) = changed_lists(&previous.library, &library);
        self.shared.document_metrics.show(&library);
        if let Some(log) = &self.audit {
            record_changes(log, &previous.library, &library);
        }
        let state = Arc::new(previous.followed_by(library));
        *(self.shared.state.write()).unwrap_or_else(PoisonError::into_inner) = state;
        self.shared.changes.announce(all, without_sensitive);
    }

    /// Allows `caller` to do `operation` on the current documents.
    pub(super) fn admit(&self, caller: &Caller, operation: Operation) -> Result<Access, ToolError> {
        let access = self.shared.trust.admit(caller, operation, self.state())?;
        self.session.note(access.sees_all());
        Ok(access)
    }

    /// Refuses a request without an access token, if one is required. For requests that need no
    /// scope.
    pub(super) fn demand_token(
        &self,
        context: &RequestContext<RoleServer>,
    ) -> Result<(), NoAccessToken> {
        self.shared.trust.demand_token(&context.extensions)
    }

    /// Allows the sender of a request to read documents.
    pub(super) fn admit_reader(
        &self,
        context: &RequestContext<RoleServer>,
    ) -> Result<Access, ToolError> {
        self.admit(&Caller::of(&context.extensions), Operation::Read)
    }

    /// The baseline of a profile, with `fallback` for imports that are not found.
    pub(super) async fn baseline(
        &self,
        access: &Access,
        profile: &str,
        fallback: Option<&str>,
    ) -> Result<Arc<Baseline>, ToolError> {
        (access.baseline(&self.shared.workers, profile, fallback)).await
    }

    /// The catalog that a profile resolves to.
    pub(super) async fn resolved_catalog(
        &self,
        access: &Access,
        profile: &str,
        fallback: Option<&str>,
    ) -> Result<Arc<Document>, ToolError> {
        (access.resolved_catalog(&self.shared.workers, profile, fallback)).await
    }

    /// Does work that scans all documents: here, or on a worker thread if there are many.
    pub(super) async fn pass_over<T: Send + 'static>(
        &self,
        access: &Access,
        work: impl FnOnce(&Access) -> Result<T, ToolError> + Send + 'static,
    ) -> Result<T, ToolError> {
        if access.state.is_small {
            return work(access);
        }
        let access = access.clone();
        let workers = &self.shared.workers;
        (workers.run(&workers.readings, 0, move || work(&access))).await?
    }

    fn state(&self) -> Arc<State> {
        let state = self.shared.state.read();
        state.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Clone for OscalServer {
    /// For another session.
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
            announcements: self.announcements,
            audit: self.audit.clone(),
            session: SessionAnnouncements::default(),
        }
    }
}

/// Whether `resources/list` differs between the two: for those who see all documents, and for
/// everyone else.
fn changed_lists(one: &Library, other: &Library) -> (bool, bool) {
    let differ = |clearance: Clearance| {
        let listed = |library: &Library| -> Vec<_> {
            let view = clearance.view(library);
            let documents = view.documents();
            documents
                .map(|d| (d.info().clone(), d.json().len()))
                .collect()
        };
        listed(one) != listed(other)
    };
    (differ(Clearance::All), differ(Clearance::WithoutSensitive))
}
