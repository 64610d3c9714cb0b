//! Captured log lines.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use tracing::{Dispatch, Level};
use tracing_subscriber::fmt::{MakeWriter, fmt};

/// A buffer of log lines. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Logs(Arc<Mutex<Vec<u8>>>);

impl Logs {
    /// A receiver for one thread, like those of [`Self::receiver`].
    ///
    /// What the process logs elsewhere goes to a receiver that wants all of it and drops it.
    /// Otherwise, a test without a receiver that is the first to reach a log line would switch that
    /// line off for a moment, in all threads.
    pub(crate) fn subscriber(&self, level: Level) -> Dispatch {
        let _already_set = tracing::subscriber::set_global_default(tracing_subscriber::registry());
        self.receiver(level)
    }

    /// A receiver that writes everything at least as important as `level` here.
    pub(crate) fn receiver(&self, level: Level) -> Dispatch {
        let subscriber = fmt()
            .with_max_level(level)
            .with_ansi(false)
            .with_writer(self.clone())
            .finish();
        Dispatch::new(subscriber)
    }

    pub(crate) fn text(&self) -> String {
        let bytes = self.0.lock().expect("no panic while writing");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// All lines of this level that contain `part`.
    pub(crate) fn lines(&self, level: Level, part: &str) -> Vec<String> {
        let level = format!(" {level} ");
        let text = self.text();
        let lines = text.lines().filter(|line| line.contains(&level));
        lines
            .filter(|line| line.contains(part))
            .map(str::to_owned)
            .collect()
    }
}

impl Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .expect("no panic while writing")
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Logs {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
