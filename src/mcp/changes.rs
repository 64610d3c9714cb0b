//! `notifications/resources/list_changed`: who is told that other documents are served.

use std::sync::OnceLock;

use rmcp::{
    Peer, RoleServer,
    service::{ServiceError, SubscriptionContext},
};
use rmcp_resource_server::{AccessToken, Clock, SystemClock};
use tokio::{select, sync::watch, task::JoinHandle};

/// Who is told when the documents change. It decides on the capability `resources.listChanged`,
/// so that nothing is promised that the transport cannot carry.
///
/// The notification says that something changed, never what: it is the same for all callers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Announcements {
    /// Nobody: the documents do not change.
    #[default]
    Nobody,
    /// Whoever calls `subscriptions/listen` of MCP 2026-07-28; its answer is a stream of its own,
    /// over stateless HTTP too. Older clients have no channel there: each request stands alone.
    Listeners,
    /// Older clients as well: over stdio, and over HTTP with sessions.
    Everybody,
}

/// The changes of the documents.
pub(super) struct Changes(watch::Sender<()>);

impl Changes {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(()))
    }

    pub(super) fn announce(&self) {
        self.0.send_replace(());
    }

    /// Tells one listener of each change, until it leaves or its access token ends.
    pub(super) async fn tell_listener(&self, subscription: &SubscriptionContext) {
        let mut changes = self.0.subscribe();
        let token = AccessToken::of(&subscription.request_context().extensions);
        let expires_at = token.ok().and_then(AccessToken::expires_at);
        let expired = async {
            match expires_at {
                Some(at) => {
                    let left = at.duration_since(SystemClock.now());
                    tokio::time::sleep(left.unwrap_or_default()).await;
                }
                None => std::future::pending().await,
            }
        };
        let told = async {
            while changes.changed().await.is_ok()
                && subscription
                    .sink()
                    .notify_resource_list_changed()
                    .await
                    .is_ok()
            {}
        };
        select! {
            () = subscription.cancelled() => {}
            () = expired => {}
            () = told => {}
        }
    }
}

/// The announcements to the client of one session. They end when this is dropped.
#[derive(Default)]
pub(super) struct SessionAnnouncements(OnceLock<JoinHandle<()>>);

impl SessionAnnouncements {
    /// Begins to tell `peer` of changes; once, however often the client says `initialized`.
    pub(super) fn begin(&self, changes: &Changes, peer: Peer<RoleServer>) {
        self.0.get_or_init(|| {
            let mut changes = changes.0.subscribe();
            tokio::spawn(async move {
                while changes.changed().await.is_ok() {
                    let told = peer.notify_resource_list_changed().await;
                    if let Err(ServiceError::TransportClosed) = told {
                        break;
                    }
                }
            })
        });
    }
}

impl Drop for SessionAnnouncements {
    fn drop(&mut self) {
        if let Some(task) = self.0.get() {
            task.abort();
        }
    }
}
