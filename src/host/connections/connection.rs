//! The state of one connection, shared by its stream, its requests and its worker.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
    task::{Context, Waker},
};

use super::{
    clock::{Clock, Seconds},
    head::Announced,
    process::{Connections, Limits},
};

/// The most that is read of a body whose request is not authorized yet, in bytes.
const UNASKED_BODY: u64 = 16 * 1024;

/// How many bytes of a chunked body the parser gets at a time. It would take whatever follows the
/// body as further requests, and parse them all.
const PIECE: u64 = 4 * 1024;

/// One client's connection. Everything in it belongs to one worker thread.
pub(in crate::host) struct Connection {
    clock: Rc<Clock>,
    all: Arc<Connections>,
    /// Its index among the worker's connections.
    pub(super) place: Cell<usize>,
    phase: Cell<Phase>,
    /// When the phase began; in a head, when its first byte arrived.
    since: Cell<Seconds>,
    /// The part of the current request's body that the parser has not received.
    body: Cell<Announced>,
    body_wanted: Cell<bool>,
    /// How much of it may still be read before it is wanted.
    unasked: Cell<u64>,
    head_bytes: Cell<usize>,
    /// Whether a request has ever arrived on it.
    is_known: Cell<bool>,
    /// Since when writing is blocked because the client does not read.
    blocked_since: Cell<Option<Seconds>>,
    verdict: Cell<Option<Verdict>>,
    waker: RefCell<Option<Waker>>,
    /// This server stopped reading, so no socket event resumes it.
    stalled: Cell<bool>,
}

/// What the client may send now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// The head of a request.
    Head,
    /// The body of the current request. Anything after it waits for the answer.
    Request,
    /// Nothing that matters: the connection closes once the client has read the answer.
    Discard,
}

/// How a connection is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Cut at once.
    Cut,
    /// Cut after a response that says why.
    Told(&'static str),
    /// Closed unless a request has arrived.
    EndIfIdle,
}

impl Connection {
    pub(super) fn new(clock: Rc<Clock>, all: Arc<Connections>) -> Self {
        Self {
            since: Cell::new(clock.now()),
            clock,
            all,
            place: Cell::new(0),
            phase: Cell::new(Phase::Head),
            body: Cell::new(Announced::Length(0)),
            body_wanted: Cell::new(false),
            unasked: Cell::new(0),
            head_bytes: Cell::new(0),
            is_known: Cell::new(false),
            blocked_since: Cell::new(None),
            verdict: Cell::new(None),
            waker: RefCell::new(None),
            stalled: Cell::new(false),
        }
    }

    /// Lets in the body of the current request. Called once the request is authorized and there is
    /// memory for the body.
    pub(in crate::host) fn want_body(&self) {
        self.body_wanted.set(true);
        self.resume();
    }

    /// Records that the body of the current request was read to its end.
    pub(in crate::host) fn body_ended(&self) {
        self.body.set(Announced::Length(0));
    }

    /// Whether the end of a chunked body is still outstanding. actix-http would read on until that
    /// end after the answer, without a limit.
    pub(in crate::host) fn has_endless_body(&self) -> bool {
        self.body.get() == Announced::Unknown
    }

    /// Records that the answer to the current request is complete: the next request may come.
    pub(in crate::host) fn answered(&self) {
        let rest = self.body.replace(Announced::Length(0));
        self.enter(match rest {
            Announced::Length(0) => Phase::Head,
            _ => Phase::Discard,
        });
        self.resume();
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase.get()
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.phase.set(phase);
        self.since.set(self.clock.now());
        self.head_bytes.set(0);
        self.body_wanted.set(false);
    }

    /// Counts bytes of an unfinished head. Returns whether they are within the limit.
    pub(super) fn count_head(&self, bytes: usize) -> bool {
        if self.head_bytes.get() == 0 {
            self.since.set(self.clock.now());
        }
        let count = self.head_bytes.get() + bytes;
        self.head_bytes.set(count);
        count <= self.limits().head_bytes
    }

    /// Begins a request whose head is complete.
    pub(super) fn begin_request(&self, body: Announced) {
        self.enter(Phase::Request);
        self.is_known.set(true);
        self.body.set(body);
        self.unasked.set(UNASKED_BODY);
    }

    /// How many bytes of the body the parser may have now.
    pub(super) fn body_allowance(&self) -> usize {
        let bytes = match (self.body.get(), self.body_wanted.get()) {
            (Announced::Length(left), true) => left,
            (Announced::Length(left), false) => left.min(self.unasked.get()),
            (Announced::Unknown, true) => PIECE,
            (Announced::Unknown, false) => 0,
        };
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }

    /// Counts body bytes passed to the parser. Returns whether it must process them before it gets
    /// more.
    pub(super) fn spend_body(&self, bytes: usize) -> bool {
        let bytes = bytes as u64;
        match self.body.get() {
            Announced::Length(left) => {
                self.body.set(Announced::Length(left.saturating_sub(bytes)));
                self.unasked.set(self.unasked.get().saturating_sub(bytes));
                false
            }
            Announced::Unknown => bytes > 0,
        }
    }

    /// Whether the client still owes part of the body.
    pub(super) fn awaits_body(&self) -> bool {
        self.body.get() != Announced::Length(0)
    }

    /// Records whether the client reads what is written.
    pub(super) fn note_write(&self, blocked: bool) {
        if blocked {
            self.blocked_since.set(Some(self.clock.now()));
        } else if self.blocked_since.take().is_some() {
            self.resume();
        }
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.blocked_since.get().is_some()
    }

    pub(super) fn verdict(&self) -> Option<Verdict> {
        self.verdict.get()
    }

    /// Ends the connection as `verdict` says, once its task runs.
    pub(super) fn judge(&self, verdict: Verdict) {
        self.verdict.set(Some(verdict));
        self.wake();
    }

    /// Starts discarding what the client still sends, so that it can read the answer before the
    /// connection breaks.
    pub(super) fn discard(&self) {
        self.verdict.set(None);
        self.enter(Phase::Discard);
    }

    /// Whether no request has begun, so that nothing is lost by closing.
    pub(super) fn is_idle(&self) -> bool {
        self.phase.get() == Phase::Head && self.head_bytes.get() == 0
    }

    /// Whether it may be closed in favour of another client, and since when.
    pub(super) fn expendable_since(&self) -> Option<Seconds> {
        let expendable = self.verdict.get().is_none() && self.phase.get() != Phase::Request;
        expendable.then(|| self.since.get())
    }

    /// The verdict if a time limit has passed.
    pub(super) fn overdue(&self) -> Option<Verdict> {
        let limits = self.limits();
        let passed = |since: Seconds, limit: Seconds| self.clock.now() - since > limit;
        match self.verdict.get() {
            Some(Verdict::Cut) => return None,
            // It had a second to write the response.
            Some(Verdict::Told(_)) => return Some(Verdict::Cut),
            Some(Verdict::EndIfIdle) | None => {}
        }
        if self
            .blocked_since
            .get()
            .is_some_and(|since| passed(since, limits.write_seconds))
        {
            return Some(Verdict::Cut);
        }
        if self.is_blocked() {
            return None;
        }
        match self.phase.get() {
            Phase::Head if self.head_bytes.get() > 0 => {
                passed(self.since.get(), limits.head_seconds).then_some(Verdict::Told(TIMEOUT))
            }
            Phase::Head if !self.is_known.get() && self.verdict.get().is_none() => {
                passed(self.since.get(), limits.head_seconds).then_some(Verdict::EndIfIdle)
            }
            Phase::Discard => {
                passed(self.since.get(), limits.discard_seconds).then_some(Verdict::Cut)
            }
            Phase::Request if self.awaits_body() => {
                passed(self.since.get(), limits.body_seconds).then_some(Verdict::Told(TIMEOUT))
            }
            Phase::Head | Phase::Request => None,
        }
    }

    /// Stores the task's waker, to wake it when any of the above changes; `stalled` if nothing else
    /// would.
    pub(super) fn park(&self, context: &Context<'_>, stalled: bool) {
        self.stalled.set(stalled);
        let mut waker = self.waker.borrow_mut();
        if !waker
            .as_ref()
            .is_some_and(|waker| waker.will_wake(context.waker()))
        {
            *waker = Some(context.waker().clone());
        }
    }

    fn limits(&self) -> &Limits {
        self.all.limits()
    }

    fn resume(&self) {
        if self.stalled.take() {
            self.wake();
        }
    }

    fn wake(&self) {
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }
}

const TIMEOUT: &str = "408 Request Timeout";
