//! The marks that revocations left.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use tokio::sync::watch;

use super::Revocation;
use crate::token::claims::Claims;

/// How many marks are kept. A mark takes some 200 bytes.
pub(crate) const MAX_MARKS: usize = 100_000;

/// How long a mark is kept: longer than access tokens live.
pub(crate) const LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The marks of one resource server.
pub(crate) struct Marks {
    /// Whether there is any mark: all that a request costs if there is none.
    is_marked: AtomicBool,
    kept: RwLock<Kept>,
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct Kept {
    by_kind: [HashMap<Box<str>, Mark>; KINDS],
    /// In the order in which they were made.
    order: VecDeque<(Instant, Kind, Box<str>)>,
    /// Stands for the marks that there was no room for.
    everybody: Option<Mark>,
}

#[derive(Debug, Clone, Copy)]
struct Mark {
    made: Instant,
    /// Tokens issued before this are revoked.
    issued_before: SystemTime,
}

const KINDS: usize = 5;

#[derive(Debug, Clone, Copy)]
enum Kind {
    Subject,
    /// Only tokens that name no session.
    SubjectWithoutSession,
    Session,
    Client,
    Token,
}

/// What the marks say about a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing.
    Clear,
    /// It may be revoked, and was verified before that. Verify it again.
    Stale,
    /// It is revoked.
    Revoked,
}

impl Marks {
    pub(crate) fn new() -> Self {
        Self {
            is_marked: AtomicBool::new(false),
            kept: RwLock::default(),
            changed: watch::Sender::new(()),
        }
    }

    /// Adds the mark of a revocation that happened at `issued_before` by the authorization server's
    /// clock or ours, and that we learn of now.
    pub(crate) fn add(&self, revocation: &Revocation, made: Instant, issued_before: SystemTime) {
        let mark = Mark {
            made,
            issued_before,
        };
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        match revocation {
            Revocation::Subject(subject) => kept.add(Kind::Subject, subject, mark),
            Revocation::Session { id, subject } => {
                kept.add(Kind::Session, id, mark);
                if let Some(subject) = subject {
                    kept.add(Kind::SubjectWithoutSession, subject, mark);
                }
            }
            Revocation::Client(client_id) => kept.add(Kind::Client, client_id, mark),
            Revocation::Token(fingerprint) => kept.add(Kind::Token, fingerprint, mark),
        }
        drop(kept);
        self.is_marked.store(true, Ordering::Release);
        self.changed.send_replace(());
    }

    /// Judges claims. `fingerprint` is that of the token, as far as it is known.
    pub(crate) fn judge(
        &self,
        claims: &Claims,
        fingerprint: impl FnOnce() -> Option<String>,
    ) -> Verdict {
        if !self.is_marked.load(Ordering::Acquire) {
            return Verdict::Clear;
        }
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        kept.judge(claims, fingerprint)
    }

    /// Wakes at each new mark.
    pub(crate) fn subscribe(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }
}

impl Kept {
    fn add(&mut self, kind: Kind, name: &str, mark: Mark) {
        while let Some((made, ..)) = self.order.front() {
            let is_over = mark.made.saturating_duration_since(*made) >= LIFETIME;
            if !is_over && self.order.len() < MAX_MARKS {
                break;
            }
            let Some((made, kind, name)) = self.order.pop_front() else {
                break;
            };
            let marks = &mut self.by_kind[kind as usize];
            let Some(oldest) = marks.get(&name).copied() else {
                continue;
            };
            if oldest.made != made {
                continue;
            }
            marks.remove(&name);
            if !is_over {
                tracing::error!(
                    "more than {MAX_MARKS} revocations in a week: all older tokens are refused or \
                     verified again"
                );
                self.everybody = Some(oldest);
            }
        }
        self.order.push_back((mark.made, kind, name.into()));
        self.by_kind[kind as usize].insert(name.into(), mark);
    }

    fn judge(&self, claims: &Claims, fingerprint: impl FnOnce() -> Option<String>) -> Verdict {
        let find = |kind: Kind, name: Option<&str>| self.by_kind[kind as usize].get(name?);
        let tokens = &self.by_kind[Kind::Token as usize];
        if !tokens.is_empty() && fingerprint().is_some_and(|name| tokens.contains_key(&*name)) {
            return Verdict::Revoked;
        }
        let subject = claims.subject.as_deref();
        let session = claims.session.as_deref();
        let without_session = subject.filter(|_| session.is_none());
        let marks = [
            find(Kind::Subject, subject),
            find(Kind::SubjectWithoutSession, without_session),
            find(Kind::Client, claims.client_id.as_deref()),
            self.everybody.as_ref(),
        ];
        // Keycloak says that a token is active until its logout token has been answered, so it is not
        // asked. Whoever logs in again in the same second has another session.
        let session = find(Kind::Session, session).map(|mark| mark.judge(claims, true));
        let others = marks.into_iter().flatten();
        others
            .map(|mark| mark.judge(claims, claims.verified_alone))
            .chain(session)
            .max_by_key(|verdict| *verdict as u8)
            .unwrap_or(Verdict::Clear)
    }
}

impl Mark {
    /// Times of issue are whole seconds. With `its_second_too`, what was issued in the second of the
    /// revocation is revoked; otherwise the authorization server knows better.
    fn judge(&self, claims: &Claims, its_second_too: bool) -> Verdict {
        let second = |time: SystemTime| {
            let since = time.duration_since(SystemTime::UNIX_EPOCH);
            since.map_or(0, |since| since.as_secs())
        };
        let marked = second(self.issued_before);
        match claims.issued_at.map(second) {
            Some(issued) if issued < marked || (issued == marked && its_second_too) => {
                Verdict::Revoked
            }
            Some(_) if claims.verified_alone => Verdict::Clear,
            None if claims.verified_alone => Verdict::Revoked,
            _ => match claims.asked_at {
                Some(asked) if asked <= self.made => Verdict::Stale,
                _ => Verdict::Clear,
            },
        }
    }
}

impl fmt::Debug for Marks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Marks").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const MARKED: u64 = 1_800_000_000;

    fn claims(more: Value) -> Claims {
        let mut members = json!({"sub": "alice", "client_id": "app", "sid": "s-1"});
        for (name, value) in more.as_object().expect("an object") {
            members[name] = value.clone();
        }
        Claims::from_members(members.as_object().expect("an object").clone()).expect("claims")
    }

    fn marked(revocation: &Revocation, made: Instant) -> Marks {
        let marks = Marks::new();
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(MARKED * 1000 + 500);
        marks.add(revocation, made, time);
        marks
    }

    fn session(subject: Option<&str>) -> Revocation {
        Revocation::Session {
            id: "s-1".to_owned(),
            subject: subject.map(str::to_owned),
        }
    }

    #[test]
    fn a_mark_concerns_its_own() {
        let now = Instant::now();
        let subject = || Revocation::Subject("alice".to_owned());
        let client = Revocation::Client("app".to_owned());
        let token = Revocation::Token("f1ngerprint".to_owned());
        for (revocation, changes, concerned) in [
            (subject(), json!({}), true),
            (subject(), json!({"sub": "bob"}), false),
            (subject(), json!({"sub": null}), false),
            (client.clone(), json!({"sub": "bob"}), true),
            (client, json!({"client_id": "other"}), false),
            (session(None), json!({}), true),
            (session(None), json!({"sid": null}), false),
            (session(Some("alice")), json!({}), true),
            (session(Some("alice")), json!({"sid": "s-2"}), false),
            (session(Some("alice")), json!({"sid": null}), true),
            (
                session(Some("alice")),
                json!({"sid": null, "sub": "bob"}),
                false,
            ),
            (token, json!({}), true),
            (Revocation::Token("other".to_owned()), json!({}), false),
        ] {
            let marks = marked(&revocation, now);
            let mut claims = claims(changes.clone());
            claims.issued_at = Some(SystemTime::UNIX_EPOCH);
            let verdict = marks.judge(&claims, || Some("f1ngerprint".to_owned()));
            assert_eq!(
                verdict == Verdict::Revoked,
                concerned,
                "{revocation:?} {changes}"
            );
        }
    }

    #[test]
    fn what_was_learned_before_a_mark_counts_no_more() {
        let now = Instant::now();
        let marks = marked(&Revocation::Subject("alice".to_owned()), now);
        let (before, after) = (
            now.checked_sub(Duration::from_secs(1)),
            now + Duration::from_secs(1),
        );
        for (iat, alone, asked_at, expected) in [
            (Some(MARKED - 1), false, Some(after), Verdict::Revoked),
            (Some(MARKED - 1), true, None, Verdict::Revoked),
            (Some(MARKED), false, before, Verdict::Stale),
            (Some(MARKED), false, Some(now), Verdict::Stale),
            (Some(MARKED), false, Some(after), Verdict::Clear),
            (Some(MARKED), false, None, Verdict::Clear),
            (Some(MARKED), true, Some(after), Verdict::Revoked),
            (Some(MARKED + 1), true, before, Verdict::Clear),
            (None, true, Some(after), Verdict::Revoked),
            (None, false, before, Verdict::Stale),
            (None, false, Some(after), Verdict::Clear),
        ] {
            let mut claims = claims(json!({"iat": iat}));
            (claims.verified_alone, claims.asked_at) = (alone, asked_at);
            let verdict = marks.judge(&claims, || None);
            assert_eq!(verdict, expected, "{iat:?} {alone} {asked_at:?}");
        }
    }

    #[test]
    fn no_mark_is_lost_for_want_of_room() {
        let now = Instant::now();
        let marks = Marks::new();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(MARKED);
        for number in 0..MAX_MARKS + 10 {
            marks.add(&Revocation::Subject(format!("user-{number}")), now, time);
        }
        for subject in ["user-0", "user-9", "user-10", "user-100000"] {
            let claims = claims(json!({"sub": subject, "iat": MARKED - 1}));
            assert_eq!(marks.judge(&claims, || None), Verdict::Revoked, "{subject}");
        }
        let kept = marks.kept.read().expect("no panic");
        assert_eq!(kept.order.len(), MAX_MARKS);
    }

    #[test]
    fn a_mark_ends_after_a_week_unless_it_is_renewed() {
        let now = Instant::now();
        let marks = Marks::new();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(MARKED);
        let mark =
            |subject: &str, made| marks.add(&Revocation::Subject(subject.to_owned()), made, time);
        mark("alice", now);
        mark("bob", now);
        mark("alice", now + LIFETIME / 2);
        mark("carol", now + LIFETIME);
        let verdict = |subject: &str| {
            let claims = claims(json!({"sub": subject, "iat": MARKED - 1}));
            marks.judge(&claims, || None)
        };
        assert_eq!(verdict("alice"), Verdict::Revoked);
        assert_eq!(verdict("bob"), Verdict::Clear);
    }
}
