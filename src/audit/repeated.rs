//! Counts events that a stranger can cause at will, so that they cannot fill the disk.

use std::{collections::HashMap, net::IpAddr};

use super::event::{Event, Principal};

/// How many kinds of events are told apart in a minute.
const MAX_KINDS: usize = 1024;

/// What makes two events alike.
type Kind = (Option<&'static str>, Option<IpAddr>, Option<Principal>);

/// The events of the current minute.
#[derive(Default)]
pub(super) struct Repeated(HashMap<Kind, Later>);

/// The events after the first one.
#[derive(Default)]
struct Later {
    count: u64,
    last: Option<Event>,
}

impl Repeated {
    /// Returns the event if it is the first of its kind; counts it otherwise.
    pub(super) fn first(&mut self, event: Event) -> Option<Event> {
        let kind = (event.reason, event.client, event.principal.clone());
        let is_known = self.0.contains_key(&kind);
        let kind = match is_known || self.0.len() < MAX_KINDS {
            true => kind,
            false => (event.reason, None, None),
        };
        let later = self.0.entry(kind.clone()).or_default();
        if !is_known && kind.1 == event.client && kind.2 == event.principal {
            return Some(event);
        }
        later.count += 1;
        later.last = Some(Event {
            client: kind.1,
            principal: kind.2,
            request_id: None,
            trace_id: None,
            ..event
        });
        None
    }

    /// A record for each kind of which there was more than one. A new minute begins.
    pub(super) fn take(&mut self) -> impl Iterator<Item = Event> + use<> {
        std::mem::take(&mut self.0)
            .into_values()
            .filter_map(|later| {
                let mut event = later.last?;
                event.count = Some(later.count);
                Some(event)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(client: [u8; 4]) -> Event {
        let mut event = Event::new("request.refused");
        event.reason = Some("too_many_failures");
        event.client = Some(IpAddr::from(client));
        event
    }

    #[test]
    fn the_first_is_itself_and_the_others_are_counted() {
        let mut repeated = Repeated::default();
        for _minute in 0..2 {
            assert!(repeated.first(refused([192, 0, 2, 1])).is_some());
            assert!(repeated.first(refused([192, 0, 2, 2])).is_some());
            for _ in 0..5 {
                assert!(repeated.first(refused([192, 0, 2, 1])).is_none());
            }
            let counted: Vec<_> = repeated.take().collect();
            assert_eq!(counted.len(), 1);
            assert_eq!(counted[0].count, Some(5));
            assert_eq!(counted[0].client, Some(IpAddr::from([192, 0, 2, 1])));
        }
    }

    #[test]
    fn many_clients_are_counted_together() {
        let mut repeated = Repeated::default();
        for client in 0..5000_u32 {
            repeated.first(refused(client.to_be_bytes()));
        }
        assert!(repeated.0.len() <= MAX_KINDS + 1);
        let counted: Vec<_> = repeated.take().collect();
        assert_eq!(counted.len(), 1);
        assert_eq!(counted[0].count, Some(5000 - 1024));
        assert_eq!(counted[0].client, None);
    }
}
