//! The work that a worker thread does for its connections once a second.

use std::{cell::RefCell, rc::Rc, sync::Arc, time::Duration};

use actix_web::rt;
use tokio::{
    select,
    time::{MissedTickBehavior, interval},
};

use super::{
    clock::Clock,
    connection::{Connection, Verdict},
    heartbeat::Heartbeat,
    process::{Connections, Ending},
};

const BUSY: &str = "503 Service Unavailable";

/// The connections of one worker thread.
pub(super) struct Worker {
    connections: RefCell<Vec<Rc<Connection>>>,
    clock: Rc<Clock>,
    all: Arc<Connections>,
}

impl Worker {
    /// Starts watching the connections of this thread.
    pub(super) fn start(all: Arc<Connections>, heartbeat: Heartbeat) -> Rc<Self> {
        let worker = Rc::new(Self {
            connections: RefCell::default(),
            clock: Rc::default(),
            all,
        });
        rt::spawn(worker.clone().watch(heartbeat));
        worker
    }

    async fn watch(self: Rc<Self>, heartbeat: Heartbeat) {
        let mut ending = self.all.watch_ending();
        let mut each_second = interval(Duration::from_secs(1));
        // While a worker has no time for its connections, their time stands still.
        each_second.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            select! {
                _ = each_second.tick() => {
                    self.clock.tick();
                    heartbeat.beat();
                    self.end_overdue();
                }
                changed = ending.changed() => {
                    if changed.is_err() {
                        return;
                    }
                }
            }
            if *ending.borrow() == Ending::Idle {
                self.end_idle();
            }
        }
    }

    fn end_overdue(&self) {
        for connection in &*self.connections.borrow() {
            if let Some(verdict) = connection.overdue() {
                self.all.metrics().timed_out();
                connection.judge(verdict);
            }
        }
    }

    fn end_idle(&self) {
        for connection in &*self.connections.borrow() {
            if connection.is_idle() && connection.verdict().is_none() {
                connection.judge(Verdict::EndIfIdle);
            }
        }
    }

    /// Admits a new connection. If there are too many, closes the one that has been idle longest;
    /// if all are busy, refuses the new one.
    pub(super) fn admit(self: &Rc<Self>) -> Rc<Connection> {
        let connection = Rc::new(Connection::new(self.clock.clone(), self.all.clone()));
        let open = self.all.opened();
        if open >= self.all.limits().connections {
            match self.most_expendable() {
                Some(idle) => {
                    self.all.metrics().evicted();
                    idle.judge(if idle.is_idle() {
                        Verdict::EndIfIdle
                    } else {
                        Verdict::Cut
                    });
                }
                None => {
                    self.all.metrics().refused();
                    connection.judge(Verdict::Told(BUSY));
                }
            }
        }
        let mut connections = self.connections.borrow_mut();
        connection.place.set(connections.len());
        connections.push(connection.clone());
        connection
    }

    fn most_expendable(&self) -> Option<Rc<Connection>> {
        let connections = self.connections.borrow();
        let expendable = connections.iter().filter_map(|connection| {
            let since = connection.expendable_since()?;
            Some((since, connection))
        });
        let (_, connection) = expendable.min_by_key(|(since, _)| *since)?;
        Some(connection.clone())
    }

    /// Forgets a closed connection.
    pub(super) fn forget(&self, connection: &Connection) {
        let mut connections = self.connections.borrow_mut();
        let place = connection.place.get();
        connections.swap_remove(place);
        if let Some(moved) = connections.get(place) {
            moved.place.set(place);
        }
        self.all.closed();
    }
}
