//! Between a verifier and the store that replicas share, if there is one: before the authorization
//! server is asked, another replica's answer is looked for; after it was asked, the others are told.

#[cfg(feature = "redis")]
use std::time::SystemTime;

use crate::{
    authorization_server::server::AuthorizationServer,
    token::{bearer::BearerToken, claims::Claims},
    verify::{
        cache::{CacheConfig, Key, Verified},
        gate::{Caller, Gate},
    },
};
#[cfg(feature = "redis")]
use crate::{
    clock::Clock,
    shared_store::{
        answers::{Answers, Life},
        keys::EntryName,
    },
};

/// The other replicas.
pub(super) struct Elsewhere {
    #[cfg(feature = "redis")]
    answers: Option<Answers>,
    #[cfg(feature = "redis")]
    clock: std::sync::Arc<dyn Clock>,
}

/// Nothing was found. Says where to put the answer.
pub(super) struct NotFound {
    #[cfg(feature = "redis")]
    place: Option<Place>,
}

#[cfg(feature = "redis")]
struct Place {
    name: EntryName,
    context: Vec<String>,
    asked_at: SystemTime,
}

#[cfg(feature = "redis")]
impl Elsewhere {
    pub(super) fn new(server: &AuthorizationServer, cache: &CacheConfig) -> Self {
        let life = Life {
            longest: cache.ttl,
            without_expiry: cache.ttl_without_expiry,
        };
        let store = server.shared_store.as_ref();
        Self {
            answers: store.and_then(|store| Answers::new(store, life, server.clock.clone())),
            clock: server.clock.clone(),
        }
    }

    /// Another replica's answer, if there is one that may still be used.
    pub(super) async fn look(
        &self,
        gate: &Gate,
        caller: &Caller,
        context: impl FnOnce() -> Option<Vec<String>>,
        token: &BearerToken,
    ) -> Result<Verified, NotFound> {
        let Some(answers) = &self.answers else {
            return Err(NotFound { place: None });
        };
        let Some(context) = context() else {
            return Err(NotFound { place: None });
        };
        let name = answers.name(&context, token);
        if let Some(found) = answers.find(&caller.token, &name).await {
            gate.is_good(caller);
            return Ok(Verified {
                claims: found.claims,
                left: Some(found.left),
            });
        }
        Err(NotFound {
            place: Some(Place {
                name,
                context,
                asked_at: self.clock.now(),
            }),
        })
    }

    /// Tells the others what was found out, unless it was found out elsewhere than was intended: the
    /// endpoint may have moved meanwhile.
    pub(super) fn tell(
        &self,
        place: NotFound,
        claims: &Claims,
        context: impl FnOnce() -> Option<Vec<String>>,
    ) {
        if let (Some(answers), Some(place)) = (&self.answers, place.place)
            && context().as_ref() == Some(&place.context)
        {
            answers.keep(place.name, claims, place.asked_at);
        }
    }

    /// Uses no answer of others about this token for a while: a revocation may concern it.
    pub(super) fn doubt(&self, key: Key, context: &[String], token: &BearerToken) {
        if let Some(answers) = &self.answers {
            answers.doubt(key, answers.name(context, token));
        }
    }
}

#[cfg(not(feature = "redis"))]
impl Elsewhere {
    pub(super) fn new(_server: &AuthorizationServer, _cache: &CacheConfig) -> Self {
        Self {}
    }

    pub(super) async fn look(
        &self,
        _gate: &Gate,
        _caller: &Caller,
        _context: impl FnOnce() -> Option<Vec<String>>,
        _token: &BearerToken,
    ) -> Result<Verified, NotFound> {
        Err(NotFound {})
    }

    pub(super) fn tell(
        &self,
        _place: NotFound,
        _claims: &Claims,
        _context: impl FnOnce() -> Option<Vec<String>>,
    ) {
    }

    pub(super) fn doubt(&self, _key: Key, _context: &[String], _token: &BearerToken) {}
}
