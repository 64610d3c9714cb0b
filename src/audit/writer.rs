//! Writes the records, one after the other.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{Receiver, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use serde::Serialize;
use serde_json::Value;

use super::{
    AuditKey,
    event::Event,
    queue::{Message, State},
    repeated::Repeated,
};

/// How often a record says that the log is alive and complete.
const CHECKPOINT: Duration = Duration::from_secs(60);

/// How long the first record of a batch waits for others. Waking this thread for each record would cost
/// requests more than the record does.
const GATHERING: Duration = Duration::from_millis(5);

/// How long to wait before trying again to write.
const PAUSE: Duration = Duration::from_millis(200);

/// The most that waits in memory, in bytes.
const MAX_WAITING: usize = 1 << 20;

/// Where the log goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Destination {
    Stderr,
    File(PathBuf),
}

pub(super) struct Writer {
    destination: Destination,
    /// `None` for standard error.
    file: Option<File>,
    key: Option<AuditKey>,
    state: Arc<State>,
    /// The number of the next record.
    next: u64,
    /// The MAC of the last record.
    prev: String,
    /// Lines that are not written yet, and how much of them is.
    waiting: Vec<u8>,
    written: usize,
    checkpoint: Instant,
    repeated: Repeated,
}

/// A record as it is written, but for its MAC.
#[derive(Serialize)]
struct Record<'e> {
    seq: u64,
    #[serde(flatten)]
    event: &'e Event,
    #[serde(skip_serializing_if = "Option::is_none")]
    prev: Option<&'e str>,
}

/// How a log that is already there ends.
#[derive(Default)]
struct End {
    seq: u64,
    mac: String,
    is_cut: bool,
}

impl Writer {
    /// Opens the log and writes its first record.
    pub(super) fn open(
        destination: Destination,
        key: Option<AuditKey>,
        state: Arc<State>,
    ) -> io::Result<Self> {
        let mut writer = Self {
            destination,
            file: None,
            key,
            state,
            next: 1,
            prev: String::new(),
            waiting: Vec::new(),
            written: 0,
            checkpoint: Instant::now() + CHECKPOINT,
            repeated: Repeated::default(),
        };
        let end = writer.reopen()?;
        let mut event = Event::new("server.start");
        event.version = Some(env!("CARGO_PKG_VERSION"));
        if let Some(end) = end {
            writer.next = end.seq + 1;
            writer.prev = end.mac;
            if end.is_cut {
                writer.waiting.push(b'\n');
                event.reason = Some("the record before this one was cut");
            }
        }
        writer.add(&event);
        writer.flush()?;
        Ok(writer)
    }

    /// Opens the file, and reads how it ends.
    fn reopen(&mut self) -> io::Result<Option<End>> {
        let Destination::File(path) = &self.destination else {
            return Ok(None);
        };
        let mut options = OpenOptions::new();
        // Only the server's user may read who asked for what.
        let options = options.create(true).append(true).read(true).mode(0o600);
        let mut file = options.open(path)?;
        let end = end_of(&mut file)?;
        self.file = Some(file);
        Ok(end)
    }

    pub(super) fn write_all(mut self, messages: &Receiver<Message>) {
        loop {
            let mut message = self.next_message(messages);
            if message.is_some() {
                thread::sleep(GATHERING);
            }
            let mut is_over = false;
            while let Some(taken) = message {
                is_over |= self.take(taken);
                message = match self.has_room() {
                    true => messages.try_recv().ok(),
                    false => None,
                };
            }
            if self.state.is_renamed.swap(false, Ordering::Relaxed) {
                self.begin_file();
            }
            if Instant::now() >= self.checkpoint {
                self.add_repeated();
                self.add(&Event::new("checkpoint"));
                self.checkpoint = Instant::now() + CHECKPOINT;
            }
            let result = self.flush();
            self.note(result.as_ref().err());
            if is_over {
                return;
            }
        }
    }

    fn next_message(&self, messages: &Receiver<Message>) -> Option<Message> {
        if !self.has_room() {
            thread::sleep(PAUSE);
            return None;
        }
        let wait = match self.waiting.is_empty() {
            true => self.checkpoint.saturating_duration_since(Instant::now()),
            false => PAUSE,
        };
        match messages.recv_timeout(wait) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Message::End),
        }
    }

    /// What waits in memory is bounded, as the queue is.
    fn has_room(&self) -> bool {
        self.waiting.len() < MAX_WAITING
    }

    /// Returns whether it was the last message.
    fn take(&mut self, message: Message) -> bool {
        match message {
            Message::Record(event) => self.add(&event),
            Message::Repeated(event) => {
                if let Some(event) = self.repeated.first(*event) {
                    self.add(&event);
                }
            }
            Message::Wake => {}
            Message::End => {
                self.add_repeated();
                self.add(&Event::new("server.stop"));
                return true;
            }
        }
        false
    }

    fn add_repeated(&mut self) {
        for event in self.repeated.take() {
            self.add(&event);
        }
    }

    /// Adds a record to the lines that wait.
    fn add(&mut self, event: &Event) {
        let lost = self.state.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let mut gap = Event::new("gap");
            gap.lost = Some(lost);
            self.append(&gap);
        }
        self.append(event);
    }

    fn append(&mut self, event: &Event) {
        let record = Record {
            seq: self.next,
            event,
            prev: self.key.is_some().then_some(&self.prev),
        };
        let start = self.waiting.len();
        serde_json::to_writer(&mut self.waiting, &record).expect("texts and numbers");
        self.next += 1;
        if let Some(key) = &self.key {
            self.prev = key.seal(&mut self.waiting, start);
        }
        self.waiting.push(b'\n');
    }

    /// Writes what waits. What a failed attempt has written is not written again.
    fn flush(&mut self) -> io::Result<()> {
        while self.written < self.waiting.len() {
            let rest = &self.waiting[self.written..];
            let result = match &mut self.file {
                Some(file) => file.write(rest),
                None => io::stderr().write(rest),
            };
            match result {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => self.written += written,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.waiting.clear();
        self.written = 0;
        Ok(())
    }

    /// Goes on in a new file. What waits belongs to the file that was renamed, if that can be
    /// written.
    fn begin_file(&mut self) {
        if self.flush().is_err() {
            // The new file gets the whole of a line of which the old one has a part.
            let written = &self.waiting[..self.written];
            let end = written.iter().rposition(|byte| *byte == b'\n');
            self.written = end.map_or(0, |end| end + 1);
        }
        match self.reopen() {
            Ok(_end) => self.add(&Event::new("log.reopened")),
            Err(error) => self.note(Some(&error)),
        }
    }

    /// Tells recorders, and the operator once, whether the log can be written.
    fn note(&self, error: Option<&io::Error>) {
        let was_failing = self
            .state
            .is_failing
            .swap(error.is_some(), Ordering::Relaxed);
        self.state.failing.set(error.is_some().into());
        match error {
            Some(error) if !was_failing => {
                tracing::error!(%error, "the audit log cannot be written");
            }
            None if was_failing => tracing::info!("the audit log can be written again"),
            _ => {}
        }
    }
}

/// The last record of a log; `None` if it has none.
fn end_of(file: &mut File) -> io::Result<Option<End>> {
    const TAIL: u64 = 1 << 16;
    let length = file.metadata()?.len();
    if length == 0 {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail)?;
    let tail = String::from_utf8_lossy(&tail);
    let is_cut = !tail.ends_with('\n');
    let mut lines = tail.lines().rev().skip(usize::from(is_cut));
    let end = lines.find_map(|line| {
        let record: Value = serde_json::from_str(line).ok()?;
        Some(End {
            seq: record["seq"].as_u64()?,
            mac: record["mac"].as_str().unwrap_or_default().to_owned(),
            is_cut,
        })
    });
    Ok(Some(end.unwrap_or(End {
        is_cut,
        ..End::default()
    })))
}
