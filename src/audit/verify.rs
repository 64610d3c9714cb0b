//! Checks an audit log for changed, deleted, inserted, reordered and cut records:
//! `oscal-mcp-server audit verify`.

use std::{
    fmt,
    fs::File,
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{AuditKey, chain::mac_of};

/// The longest line that is read. A record has a few kilobytes.
const MAX_LINE: u64 = 1 << 20;

/// Something that should not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub fault: Fault,
}

/// What is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// It ends before its end.
    #[error("the record is cut")]
    Cut,
    /// It is not a record.
    #[error("this is not a record of an audit log with a key")]
    NotARecord,
    /// The MAC does not fit.
    #[error("the record was changed, or written with another key")]
    Changed,
    /// Records between the last one and this one are missing.
    #[error("{count} records are missing before number {seq}")]
    Missing {
        /// How many.
        count: u64,
        /// The number of this record.
        seq: u64,
    },
    /// An intact record that does not follow the one before it.
    #[error("record {seq} does not follow record {last}: it was moved or inserted, or others were")]
    Misplaced {
        /// The number of this record.
        seq: u64,
        /// The number of the record before it.
        last: u64,
    },
}

/// What a check found.
#[derive(Debug, Default)]
pub struct Report {
    /// The records that are intact.
    pub records: u64,
    /// What should not be.
    pub findings: Vec<Finding>,
    /// What an auditor should know, and what may have an innocent reason.
    pub notes: Vec<String>,
    last: Option<Last>,
    /// Faulty lines since the last intact record. Each may have been a record once.
    faulty: u64,
}

#[derive(Debug)]
struct Last {
    seq: u64,
    mac: String,
    time: String,
    event: String,
}

/// Checks the files in this order, the oldest one first.
///
/// # Errors
///
/// A file cannot be read.
pub fn verify(key: &AuditKey, files: &[PathBuf]) -> io::Result<Report> {
    let mut report = Report::default();
    for file in files {
        File::open(file)
            .and_then(|opened| report.read(key, file, BufReader::new(opened)))
            .map_err(|error| {
                io::Error::new(error.kind(), format!("{}: {error}", file.display()))
            })?;
    }
    report.end();
    Ok(report)
}

/// Checks files and prints what was found. Returns whether all is well.
///
/// # Errors
///
/// A file cannot be read, or the output not written.
pub fn run(key: &AuditKey, files: &[PathBuf], output: &mut impl Write) -> io::Result<bool> {
    let report = verify(key, files)?;
    for finding in &report.findings {
        writeln!(output, "{finding}")?;
    }
    for note in &report.notes {
        writeln!(output, "note: {note}")?;
    }
    let is_sound = report.findings.is_empty() && report.records > 0;
    let verdict = match is_sound {
        true => "no sign of tampering",
        false => "NOT INTACT",
    };
    writeln!(
        output,
        "{verdict}: {} intact records, {} findings",
        report.records,
        report.findings.len()
    )?;
    Ok(is_sound)
}

impl Report {
    /// Checks one file, which continues those before it.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn read(
        &mut self,
        key: &AuditKey,
        file: &Path,
        mut reader: impl BufRead,
    ) -> io::Result<()> {
        let mut text = Vec::new();
        for line in 1.. {
            text.clear();
            let read = io::Read::take(&mut reader, MAX_LINE).read_until(b'\n', &mut text)?;
            if read == 0 {
                break;
            }
            let fault = match text.strip_suffix(b"\n") {
                Some(text) => self.record(key, &String::from_utf8_lossy(text)),
                None => Err(Fault::Cut),
            };
            if let Err(fault) = fault {
                self.faulty += u64::from(!fault.is_of_intact_record());
                let file = file.to_owned();
                self.findings.push(Finding { file, line, fault });
            }
        }
        Ok(())
    }

    fn record(&mut self, key: &AuditKey, line: &str) -> Result<(), Fault> {
        if line.is_empty() {
            return Err(Fault::NotARecord);
        }
        let Some(mac) = key.check(line) else {
            let is_cut = serde_json::from_str::<Value>(line).is_err();
            return Err(match (is_cut, mac_of(line)) {
                (true, _) => Fault::Cut,
                (false, None) => Fault::NotARecord,
                (false, Some(_)) => Fault::Changed,
            });
        };
        // Only we write records with a good MAC, so these members are there.
        let record: Value = serde_json::from_str(line).map_err(|_cause| Fault::NotARecord)?;
        let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
        let seq = record["seq"].as_u64().unwrap_or_default();
        let (event, prev) = (text("event"), text("prev"));
        let now = Last {
            seq,
            mac: mac.to_owned(),
            time: text("time"),
            event: event.clone(),
        };
        self.records += 1;
        let faulty = std::mem::take(&mut self.faulty);
        let last = self.last.replace(now);
        let Some(last) = last else {
            if !prev.is_empty() {
                let note = "the first record continues a file that was not given";
                self.notes
                    .push(format!("{note}: number {seq} of {}", text("time")));
            }
            return Ok(());
        };
        if event == "gap" {
            let lost = &record["lost"];
            self.notes.push(format!(
                "{lost} events before {} could not be recorded",
                text("time")
            ));
        }
        if event == "server.start" && last.event != "server.stop" {
            self.notes.push(format!(
                "the server that wrote record {} at {} did not end cleanly: later records may be missing",
                last.seq, last.time
            ));
        }
        match seq.checked_sub(last.seq) {
            _ if prev == last.mac && seq == last.seq + 1 => Ok(()),
            Some(more @ 2..) if more - 1 <= faulty => Ok(()),
            Some(more @ 2..) => Err(Fault::Missing {
                count: more - 1 - faulty,
                seq,
            }),
            _ => Err(Fault::Misplaced {
                seq,
                last: last.seq,
            }),
        }
    }

    fn end(&mut self) {
        if let Some(last) = &self.last
            && last.event != "server.stop"
        {
            self.notes.push(format!(
                "the last record, {} of {}, is no clean end: the server is running, or ended without \
                 one, or records are missing",
                last.seq, last.time
            ));
        }
    }
}

impl Fault {
    fn is_of_intact_record(&self) -> bool {
        matches!(self, Self::Missing { .. } | Self::Misplaced { .. })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.fault)
    }
}
