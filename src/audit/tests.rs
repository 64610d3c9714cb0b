//! Every way of tampering with a log is found where it was done.

use std::{fs, path::PathBuf};

use proptest::prelude::*;
use tempfile::TempDir;

use super::{
    AuditKey, AuditLog, Destination, Event, OnFailure,
    verify::{Fault, Report, verify},
};

fn key(byte: u8) -> AuditKey {
    AuditKey::new(&[byte; 32])
}

/// A log of this many events between its first and its last record.
fn log(folder: &TempDir, events: usize) -> PathBuf {
    let file = folder.path().join("audit.jsonl");
    let destination = Destination::File(file.clone());
    let log = AuditLog::begin(destination, Some(key(1)), OnFailure::Refuse);
    let log = log.expect("a writable folder");
    for _ in 0..events {
        log.record(Event::new("tool.call"));
    }
    log.end();
    file
}

fn lines(file: &PathBuf) -> Vec<String> {
    let text = fs::read_to_string(file).expect("readable");
    text.lines().map(|line| format!("{line}\n")).collect()
}

fn report(texts: &[&[String]]) -> Report {
    let folder = tempfile::tempdir().expect("a folder");
    let files = texts.iter().enumerate().map(|(number, lines)| {
        let file = folder.path().join(number.to_string());
        fs::write(&file, lines.concat()).expect("writable");
        file
    });
    verify(&key(1), &files.collect::<Vec<_>>()).expect("readable")
}

fn faults(lines: &[String]) -> Vec<(usize, Fault)> {
    let findings = report(&[lines]).findings;
    findings
        .into_iter()
        .map(|found| (found.line, found.fault))
        .collect()
}

#[test]
fn what_was_done_to_a_log_is_told_with_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = lines(&log(&folder, 4));
    assert_eq!(good.len(), 6, "{good:?}");
    assert_eq!(faults(&good), []);
    assert!(report(&[&good]).notes.is_empty());

    let mut changed = good.clone();
    changed[2] = changed[2].replace("tool.call", "tool.cull");
    assert_eq!(faults(&changed), [(3, Fault::Changed)]);

    let mut deleted = good.clone();
    deleted.drain(2..4);
    assert_eq!(faults(&deleted), [(3, Fault::Missing { count: 2, seq: 5 })]);

    let mut inserted = good.clone();
    inserted.insert(3, good[1].clone());
    let misplaced = Fault::Misplaced { seq: 2, last: 3 };
    assert_eq!(faults(&inserted)[0], (4, misplaced));

    let mut foreign = good.clone();
    foreign.insert(3, "{\"seq\":4,\"event\":\"tool.call\"}\n".to_owned());
    assert_eq!(faults(&foreign), [(4, Fault::NotARecord)]);

    let mut swapped = good.clone();
    swapped.swap(2, 3);
    assert_eq!(faults(&swapped)[0].0, 3);

    let mut cut = good.clone();
    let half = cut[5].len() / 2;
    cut[5].truncate(half);
    assert_eq!(faults(&cut), [(6, Fault::Cut)]);

    let short = report(&[&good[..4]]);
    assert_eq!(short.findings, []);
    assert!(short.notes[0].contains("no clean end"), "{:?}", short.notes);
}

#[test]
fn a_log_goes_on_after_a_restart_and_in_a_new_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = log(&folder, 1);
    assert_eq!(log(&folder, 1), file);
    let all = lines(&file);
    assert_eq!(all.len(), 6);
    assert_eq!(report(&[&all]).records, 6);
    assert_eq!(report(&[&all]).findings, []);
    let (older, newer) = all.split_at(4);
    assert_eq!(report(&[older, newer]).findings, []);
    assert_eq!(report(&[newer, older]).findings.len(), 1);
    let notes = report(&[newer]).notes;
    assert!(notes[0].contains("continues a file"), "{notes:?}");
}

#[test]
fn after_a_crash_in_the_middle_of_a_record_the_chain_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = log(&folder, 2);
    let text = fs::read_to_string(&file).expect("readable");
    fs::write(&file, &text[..text.len() - 20]).expect("writable");
    log(&folder, 1);
    let report = report(&[&lines(&file)]);
    assert_eq!(report.findings.len(), 1, "{:?}", report.findings);
    assert_eq!(report.findings[0].fault, Fault::Cut);
    assert!(
        report.notes[0].contains("did not end cleanly"),
        "{:?}",
        report.notes
    );
}

#[test]
fn another_key_fits_no_record() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = log(&folder, 1);
    let report = verify(&key(2), &[file]).expect("readable");
    assert_eq!((report.records, report.findings.len()), (0, 3));
}

#[test]
fn a_log_that_cannot_be_written_refuses_or_counts() {
    for on_failure in [OnFailure::Refuse, OnFailure::Continue] {
        let folder = tempfile::tempdir().expect("a folder");
        let full = Destination::File("/dev/full".into());
        assert!(
            AuditLog::begin(full, None, on_failure).is_err(),
            "at the start"
        );
        let file = folder.path().join("audit.jsonl");
        let destination = Destination::File(file.clone());
        let log = AuditLog::begin(destination, Some(key(1)), on_failure);
        let log = log.expect("a writable folder");
        let until = |is_failing: bool| {
            for _ in 0..1000 {
                if log.is_failing() == is_failing {
                    return;
                }
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            panic!("never {is_failing}");
        };
        let record = |count: usize| (0..count).for_each(|_| log.record(Event::new("tool.call")));
        record(1);
        std::thread::sleep(std::time::Duration::from_millis(300));
        fs::rename(&file, folder.path().join("old")).expect("renamed");
        std::os::unix::fs::symlink("/dev/full", &file).expect("a link");
        log.reopen();
        record(50_000);
        until(true);
        assert_eq!(log.refuses(), on_failure == OnFailure::Refuse);
        fs::remove_file(&file).expect("removed");
        for _ in 0..100 {
            log.reopen();
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        until(false);
        record(1);
        log.end();
        let all = [lines(&folder.path().join("old")), lines(&file)].concat();
        let report = report(&[&all]);
        assert_eq!(report.findings, [], "nothing is written twice or in part");
        let told = report
            .notes
            .iter()
            .any(|note| note.contains("could not be recorded"));
        assert!(told, "{:?}", report.notes);
    }
}

proptest! {
    #[test]
    fn takes_any_file(lines in proptest::collection::vec(any::<String>(), 0..5)) {
        let report = report(&[&lines]);
        prop_assert_eq!(report.records, 0);
    }
}
