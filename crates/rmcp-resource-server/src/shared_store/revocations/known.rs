//! Which notices a replica has, and which of them the store lacks.

use std::{
    collections::HashMap,
    time::{Duration, Instant, SystemTime},
};

use super::notice::{Notice, NoticeId};
use crate::revocation::marks::MAX_MARKS;

/// How long to wait before a notice is put into the store again.
const AGAIN_AFTER: Duration = Duration::from_secs(2);

/// How many notices to put into the store at once: fewer than are read at once, so that a replica reads
/// what it wrote, and what others did meanwhile, before it writes more.
pub(super) const AT_ONCE: usize = 500;

/// The notices of this replica and of others.
#[derive(Default)]
pub(super) struct Known {
    notices: HashMap<NoticeId, Entry>,
    /// Those that were not seen in the store since the last reading of all, with the time to put them
    /// there.
    missing: HashMap<NoticeId, Instant>,
}

struct Entry {
    notice: Notice,
    is_own: bool,
}

impl Known {
    /// Notes what this replica revoked itself; somebody puts it into the store at once.
    pub(super) fn revoked(&mut self, notice: Notice, now: Instant, wall: SystemTime) {
        self.missing.insert(notice.id, now + AGAIN_AFTER);
        self.insert(notice, true, wall);
    }

    /// Notes what was read in the store. Returns whether it is new.
    pub(super) fn seen(&mut self, notice: &Notice, wall: SystemTime) -> bool {
        self.missing.remove(&notice.id);
        if self.notices.contains_key(&notice.id) {
            return false;
        }
        self.insert(notice.clone(), false, wall);
        true
    }

    /// The store is about to be read from its beginning.
    pub(super) fn begin_reading(&mut self, now: Instant, wall: SystemTime) {
        self.forget_old(wall);
        // One that is just being put there keeps its time.
        for id in self.notices.keys() {
            self.missing.entry(*id).or_insert(now);
        }
    }

    /// Everything was read: what is still missing is not there. Each replica puts there what it
    /// revoked itself. After a while, which is not the same for all, also what it only learned: its
    /// replica may be gone.
    pub(super) fn end_reading(&mut self, now: Instant, patience: Duration) {
        for (id, due) in &mut self.missing {
            let is_own = self.notices.get(id).is_some_and(|entry| entry.is_own);
            let earliest = if is_own { now } else { now + patience };
            *due = earliest.max(*due);
        }
    }

    /// Putting a notice into the store has failed, or may have.
    pub(super) fn failed(&mut self, id: &NoticeId, now: Instant) {
        if let Some(time) = self.missing.get_mut(id) {
            *time = now;
        }
    }

    /// Some of the notices that are to be put into the store now.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Notice> {
        if self.missing.is_empty() {
            return Vec::new();
        }
        let mut due = Vec::new();
        self.missing.retain(|id, time| {
            let Some(entry) = self.notices.get(id) else {
                return false;
            };
            if *time <= now && due.len() < AT_ONCE {
                *time = now + AGAIN_AFTER;
                due.push(entry.notice.clone());
            }
            true
        });
        due
    }

    fn insert(&mut self, notice: Notice, is_own: bool, wall: SystemTime) {
        if self.notices.len() >= MAX_MARKS {
            self.forget_old(wall);
        }
        // One that has no room is carried out, too; it only counts as new when it is read again.
        if self.notices.len() < MAX_MARKS {
            self.notices.insert(notice.id, Entry { notice, is_own });
        }
    }

    fn forget_old(&mut self, wall: SystemTime) {
        self.notices
            .retain(|_id, entry| !entry.notice.is_over(wall));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::revocation::{Revocation, marks::LIFETIME};

    fn notice(time: SystemTime) -> Notice {
        Notice::new(Revocation::Subject("alice".to_owned()), time)
    }

    #[test]
    fn what_the_store_lacks_is_put_there_again() {
        let (now, wall) = (Instant::now(), SystemTime::UNIX_EPOCH + LIFETIME);
        let at = |seconds| now + Duration::from_secs(seconds);
        let (own, learned) = (notice(wall), notice(wall));
        let mut known = Known::default();
        known.revoked(own.clone(), now, wall);
        assert!(known.due(now).is_empty(), "it is being put there");
        assert_eq!(
            known.due(at(2)),
            std::slice::from_ref(&own),
            "that may have failed"
        );
        assert!(known.seen(&learned, wall) && !known.seen(&learned, wall));
        assert!(!known.seen(&own, wall), "our own is never news");
        assert!(known.due(at(60)).is_empty(), "both are there");

        known.begin_reading(at(60), wall);
        known.end_reading(at(60), Duration::from_secs(3));
        assert_eq!(known.due(at(60)), std::slice::from_ref(&own));
        assert!(!known.seen(&own, wall));
        assert_eq!(known.due(at(63)), std::slice::from_ref(&learned));
        assert!(known.due(at(64)).is_empty());
        assert_eq!(known.due(at(65)), [learned]);
    }

    #[test]
    fn what_is_revoked_during_a_reading_is_not_put_there_twice() {
        let (now, wall) = (Instant::now(), SystemTime::UNIX_EPOCH + LIFETIME);
        let mut known = Known::default();
        let own = notice(wall);
        known.begin_reading(now, wall);
        known.revoked(own.clone(), now, wall);
        known.end_reading(now, Duration::ZERO);
        assert!(known.due(now).is_empty(), "it is on its way");
        assert_eq!(known.due(now + AGAIN_AFTER), [own]);
    }

    #[test]
    fn old_ones_are_forgotten() {
        let (now, wall) = (Instant::now(), SystemTime::UNIX_EPOCH + LIFETIME);
        let mut known = Known::default();
        known.revoked(notice(SystemTime::UNIX_EPOCH), now, wall);
        known.begin_reading(now, wall);
        assert!(known.notices.is_empty() && known.due(now).is_empty());
    }

    #[test]
    fn many_are_put_there_bit_by_bit_and_each_once() {
        let (now, wall) = (Instant::now(), SystemTime::UNIX_EPOCH + LIFETIME);
        let mut known = Known::default();
        for _ in 0..AT_ONCE + 10 {
            known.revoked(notice(wall), now, wall);
        }
        let later = now + AGAIN_AFTER;
        assert_eq!(known.due(later).len(), AT_ONCE);
        assert_eq!(known.due(later).len(), 10);
        assert!(known.due(later).is_empty());
    }

    #[test]
    fn what_could_not_be_put_there_is_due_at_once() {
        let (now, wall) = (Instant::now(), SystemTime::UNIX_EPOCH + LIFETIME);
        let (mut known, own) = (Known::default(), notice(wall));
        known.revoked(own.clone(), now, wall);
        known.failed(&own.id, now);
        assert_eq!(known.due(now), std::slice::from_ref(&own));
        known.seen(&own, wall);
        known.failed(&own.id, now);
        assert!(known.due(now).is_empty(), "it is there");
    }
}
