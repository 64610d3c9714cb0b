//! The queue in front of an endpoint. It is bounded, refuses at once when it is full, and reserves
//! a share for callers who presented a good token before.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::{
    select,
    sync::{Semaphore, SemaphorePermit},
};

use super::known::Standing;
use crate::observe::client_address::source;

/// How many strangers may wait. Each takes some 20 KiB.
const STRANGERS_PLACES: usize = 512;

/// How many strangers from one address may wait, so that one address cannot fill the queue.
const PLACES_PER_ADDRESS: usize = STRANGERS_PLACES / 2;

/// How many known callers may wait.
const KNOWN_PLACES: usize = 512;

/// One turn in this many is reserved for known callers.
const RESERVED_PART: usize = 8;

/// Hands out the turns to call an endpoint.
pub(super) struct Queue {
    turns: Semaphore,
    /// Additional turns, for known callers.
    reserved: Semaphore,
    strangers: Semaphore,
    known: Semaphore,
    addresses: Mutex<HashMap<IpAddr, usize>>,
}

/// The queue is full.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Queue {
    pub(super) fn new(max_in_flight: usize) -> Self {
        let reserved = max_in_flight / RESERVED_PART;
        Self {
            turns: Semaphore::new(max_in_flight - reserved),
            reserved: Semaphore::new(reserved),
            strangers: Semaphore::new(STRANGERS_PLACES),
            known: Semaphore::new(KNOWN_PLACES),
            addresses: Mutex::default(),
        }
    }

    /// Waits for a turn, which is held until it is dropped.
    ///
    /// # Errors
    ///
    /// [`Full`], at once.
    pub(super) async fn turn(
        &self,
        standing: Standing,
        address: Option<IpAddr>,
    ) -> Result<SemaphorePermit<'_>, Full> {
        match standing {
            Standing::Known => {
                if let Some(turn) = free(&self.turns).or_else(|| free(&self.reserved)) {
                    return Ok(turn);
                }
                let _place = free(&self.known).ok_or(Full)?;
                let turn = select! {
                    turn = self.reserved.acquire() => turn,
                    turn = self.turns.acquire() => turn,
                };
                Ok(turn.expect("the semaphores are never closed"))
            }
            Standing::Stranger => {
                if let Some(turn) = free(&self.turns) {
                    return Ok(turn);
                }
                let _place = free(&self.strangers).ok_or(Full)?;
                let _place_of_address =
                    address.map(|address| self.place_of(address)).transpose()?;
                let turn = self.turns.acquire().await;
                Ok(turn.expect("the semaphores are never closed"))
            }
        }
    }

    fn place_of(&self, address: IpAddr) -> Result<PlaceOfAddress<'_>, Full> {
        let address = source(address);
        let mut addresses = self.addresses();
        let taken = addresses.entry(address).or_default();
        if *taken >= PLACES_PER_ADDRESS {
            return Err(Full);
        }
        *taken += 1;
        drop(addresses);
        Ok(PlaceOfAddress {
            queue: self,
            address,
        })
    }

    fn addresses(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        let addresses = self.addresses.lock();
        addresses.unwrap_or_else(PoisonError::into_inner)
    }
}

fn free(semaphore: &Semaphore) -> Option<SemaphorePermit<'_>> {
    semaphore.try_acquire().ok()
}

/// Counts one waiting stranger from an address until it is dropped.
struct PlaceOfAddress<'q> {
    queue: &'q Queue,
    address: IpAddr,
}

impl Drop for PlaceOfAddress<'_> {
    fn drop(&mut self) {
        let mut addresses = self.queue.addresses();
        if let Some(taken) = addresses.get_mut(&self.address) {
            *taken -= 1;
            if *taken == 0 {
                addresses.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{pin::Pin, task::Poll};

    use futures_util::{FutureExt, poll};

    use super::*;

    type Turn<'q> = Pin<Box<dyn Future<Output = Result<SemaphorePermit<'q>, Full>> + 'q>>;

    /// Asks for a turn; waiting begins when it is polled.
    async fn ask<'q>(
        queue: &'q Queue,
        standing: Standing,
        address: &str,
    ) -> Poll<Result<Turn<'q>, Full>> {
        let address = Some(address.parse().expect("an address"));
        let mut turn: Turn<'q> = Box::pin(queue.turn(standing, address));
        match poll!(&mut turn) {
            Poll::Pending => Poll::Ready(Ok(turn)),
            Poll::Ready(Ok(permit)) => {
                permit.forget();
                Poll::Pending
            }
            Poll::Ready(Err(full)) => Poll::Ready(Err(full)),
        }
    }

    /// How many of `count` callers get a turn, a place and a refusal.
    async fn crowd<'q>(
        queue: &'q Queue,
        standing: Standing,
        address: &str,
        count: usize,
        waiting: &mut Vec<Turn<'q>>,
    ) -> (usize, usize, usize) {
        let (mut turns, mut places, mut refused) = (0, 0, 0);
        for _ in 0..count {
            match ask(queue, standing, address).await {
                Poll::Pending => turns += 1,
                Poll::Ready(Ok(turn)) => {
                    waiting.push(turn);
                    places += 1;
                }
                Poll::Ready(Err(Full)) => refused += 1,
            }
        }
        (turns, places, refused)
    }

    #[tokio::test]
    async fn rs_67_strangers_leave_turns_and_places_to_known_callers() {
        let queue = Queue::new(64);
        let mut waiting = Vec::new();
        let strangers = Standing::Stranger;
        for (address, standing, expected) in [
            ("192.0.2.1", strangers, (56, 256, 688)),
            ("192.0.2.2", strangers, (0, 256, 744)),
            ("192.0.2.3", strangers, (0, 0, 1000)),
            ("192.0.2.1", Standing::Known, (8, 512, 480)),
        ] {
            let found = crowd(&queue, standing, address, 1000, &mut waiting).await;
            assert_eq!(found, expected, "{address} {standing:?}");
        }
        waiting.clear();
        assert!(queue.addresses().is_empty(), "nothing is left behind");
        let again = crowd(&queue, strangers, "192.0.2.3", 10, &mut waiting).await;
        assert_eq!(again, (0, 10, 0));
    }

    #[tokio::test]
    async fn rs_67_a_turn_that_ends_goes_to_who_waits() {
        let queue = Queue::new(1);
        let first = queue.turn(Standing::Stranger, None).await.expect("free");
        let mut known = Box::pin(queue.turn(Standing::Known, None));
        assert!((&mut known).now_or_never().is_none());
        drop(first);
        assert!(known.await.is_ok());
    }
}
