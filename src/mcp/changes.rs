//! `notifications/resources/list_changed`: who is notified when the documents change.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use rmcp::{
    Peer, RoleServer,
    service::{ServiceError, SubscriptionContext},
};
use rmcp_resource_server::{AccessToken, Clock, SystemClock};
use tokio::{select, sync::watch, task::JoinHandle};

/// Who is notified when the documents change. This also decides the capability
/// `resources.listChanged`, so that the server promises nothing that the transport cannot carry.
///
/// The notification says that something changed, never what, and goes only to those who see the
/// change in `resources/list`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Announcements {
    /// Nobody: the documents do not change.
    #[default]
    Nobody,
    /// Callers of `subscriptions/listen` in MCP 2026-07-28. The answer is a stream of its own, over
    /// stateless HTTP too. Older clients have no channel there: each request stands alone.
    Listeners,
    /// Older clients as well: over stdio, and over HTTP with sessions.
    Everybody,
}

/// The changes of the documents.
#[derive(Default)]
pub(super) struct Changes(watch::Sender<Lists>);

/// How often the list of documents has changed, for those who see all documents and for everyone
/// else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Lists {
    all: u64,
    without_sensitive: u64,
}

impl Lists {
    fn seen_by(self, sees_all: bool) -> u64 {
        if sees_all {
            self.all
        } else {
            self.without_sensitive
        }
    }
}

impl Changes {
    /// Announces a change of the list to those who see all documents, and to the others.
    pub(super) fn announce(&self, all: bool, without_sensitive: bool) {
        self.0.send_if_modified(|lists| {
            lists.all += u64::from(all);
            lists.without_sensitive += u64::from(without_sensitive);
            all || without_sensitive
        });
    }

    fn listen(&self) -> Listener {
        let mut changes = self.0.subscribe();
        let known = *changes.borrow_and_update();
        Listener { changes, known }
    }

    /// Notifies one listener of each change that it may see, until it leaves or its access token
    /// expires.
    pub(super) async fn tell_listener(&self, subscription: &SubscriptionContext, sees_all: bool) {
        let mut listener = self.listen();
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
            while listener.changed(|| sees_all).await
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

/// Waits for changes.
struct Listener {
    changes: watch::Receiver<Lists>,
    known: Lists,
}

impl Listener {
    /// Waits for the next change that the listener may see at that time. Returns false if no more
    /// changes can come.
    async fn changed(&mut self, sees_all: impl Fn() -> bool) -> bool {
        while self.changes.changed().await.is_ok() {
            let now = *self.changes.borrow_and_update();
            let before = std::mem::replace(&mut self.known, now);
            let sees_all = sees_all();
            if now.seen_by(sees_all) != before.seen_by(sees_all) {
                return true;
            }
        }
        false
    }
}

/// The announcements to the client of one session. They stop when this is dropped.
#[derive(Default)]
pub(super) struct SessionAnnouncements(OnceLock<Announcing>);

struct Announcing {
    task: JoinHandle<()>,
    /// What the last request of the session was allowed to see: the owner may continue the session
    /// with other tokens, which can have other scopes.
    sees_all: Arc<AtomicBool>,
}

impl SessionAnnouncements {
    /// Starts notifying `peer` of changes, only once however often the client sends `initialized`.
    pub(super) fn begin(&self, changes: &Changes, peer: Peer<RoleServer>, sees_all: bool) {
        self.0.get_or_init(|| {
            let mut listener = changes.listen();
            let sees_all = Arc::new(AtomicBool::new(sees_all));
            let sees = sees_all.clone();
            let task = tokio::spawn(async move {
                while listener.changed(|| sees.load(Ordering::Relaxed)).await {
                    let told = peer.notify_resource_list_changed().await;
                    if let Err(ServiceError::TransportClosed) = told {
                        break;
                    }
                }
            });
            Announcing { task, sees_all }
        });
    }

    /// Records what a request of the session may see.
    pub(super) fn note(&self, sees_all: bool) {
        if let Some(announcing) = self.0.get() {
            announcing.sees_all.store(sees_all, Ordering::Relaxed);
        }
    }
}

impl Drop for SessionAnnouncements {
    fn drop(&mut self) {
        if let Some(announcing) = self.0.get() {
            announcing.task.abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_is_told_of_a_change_that_they_do_not_see() {
        let changes = Changes::default();
        let (mut auditor, mut reader) = (changes.listen(), changes.listen());
        changes.announce(true, false);
        assert!(auditor.changed(|| true).await);
        changes.announce(false, false);
        changes.announce(true, true);
        assert!(auditor.changed(|| true).await);
        assert!(reader.changed(|| false).await);
        changes.announce(true, false);
        drop(changes);
        assert!(auditor.changed(|| true).await);
        assert!(!reader.changed(|| false).await, "told of a hidden change");
    }
}
