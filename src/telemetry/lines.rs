//! Where log lines go: to standard error, written by a separate thread.
//!
//! A pipe that nobody reads blocks its writers. So threads that serve requests only add to a
//! bounded buffer, and what does not fit is dropped and counted. (tracing-appender does the same
//! per line, but falls back to standard output if it cannot finish, and that belongs to MCP.)

use std::{
    io::{self, Write, stderr},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use tracing_subscriber::fmt::MakeWriter;

/// A few thousand lines, for moments in which nobody reads.
const CAPACITY: usize = 1 << 20;

/// How long the process waits at its end for the remaining lines.
const PATIENCE: Duration = Duration::from_secs(1);

/// Lines on their way to standard error. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Lines(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    dropped: AtomicU64,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    writing: bool,
}

impl Lines {
    /// Starts writing to standard error.
    ///
    /// # Errors
    ///
    /// The operating system cannot start a thread.
    pub(super) fn begin() -> io::Result<Self> {
        let lines = Self::default();
        let shared = lines.0.clone();
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || shared.write_to(&mut stderr()))?;
        Ok(lines)
    }

    /// How many lines have been dropped so far.
    pub(super) fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }

    /// Waits until everything is written, but not for long.
    pub(super) fn flush(&self) {
        let busy = |state: &mut State| state.writing || !state.waiting.is_empty();
        let state = self.0.lock();
        // A timeout changes nothing: the process ends.
        let _ = self.0.changed.wait_timeout_while(state, PATIENCE, busy);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, line: &[u8]) {
        let mut state = self.lock();
        if state.waiting.len() + line.len() > CAPACITY {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let was_empty = state.waiting.is_empty();
        state.waiting.extend_from_slice(line);
        if was_empty {
            self.changed.notify_all();
        }
    }

    fn write_to(&self, out: &mut impl Write) {
        let mut told = 0;
        loop {
            let mut state = self.lock();
            state.writing = false;
            self.changed.notify_all();
            let waiting = |state: &mut State| state.waiting.is_empty();
            let state = self.changed.wait_while(state, waiting);
            let mut state = state.unwrap_or_else(PoisonError::into_inner);
            let lines = std::mem::take(&mut state.waiting);
            state.writing = true;
            drop(state);
            // If this fails, nobody is left to tell, and the next lines may find a reader.
            let _ = out.write_all(&lines);
            let dropped = self.dropped.load(Ordering::Relaxed);
            if dropped > told {
                tracing::warn!(
                    lines = dropped - told,
                    "log lines were dropped: nobody read them"
                );
                told = dropped;
            }
        }
    }
}

/// One line: everything written during its lifetime.
pub(super) struct Line<'a> {
    lines: &'a Shared,
    text: Vec<u8>,
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// A whole line is added at once; anything else when this is dropped.
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.text.is_empty() && bytes.ends_with(b"\n") {
            self.lines.add(bytes);
        } else {
            self.text.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        if !self.text.is_empty() {
            self.lines.add(&self.text);
        }
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        Line {
            lines: &self.0,
            text: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_reads_is_bounded_and_counted() {
        let lines = Lines::default();
        for _ in 0..3 * CAPACITY / 100 {
            let mut line = [b'x'; 100];
            line[99] = b'\n';
            lines.make_writer().write_all(&line).expect("never fails");
        }
        assert!(lines.0.lock().waiting.len() <= CAPACITY);
        let kept = CAPACITY as u64 / 100;
        assert_eq!(lines.dropped(), 3 * CAPACITY as u64 / 100 - kept);
        lines.flush();
    }

    #[test]
    fn a_line_in_pieces_stays_one_line() {
        let lines = Lines::default();
        let (mut one, mut other) = (lines.make_writer(), lines.make_writer());
        for piece in ["a", "b\n"] {
            one.write_all(piece.as_bytes()).expect("never fails");
            other.write_all(b"c").expect("never fails");
        }
        drop((one, other));
        assert_eq!(lines.0.lock().waiting, b"ab\ncc");
    }
}
