//! An audit log that anybody may have written, as `audit verify` reads it.
#![no_main]

use std::{path::Path, sync::LazyLock};

use libfuzzer_sys::fuzz_target;
use oscal_mcp_server::audit::{AuditKey, verify::Report};

static KEY: LazyLock<AuditKey> = LazyLock::new(|| AuditKey::new(&[1; 32]));

fuzz_target!(|log: &[u8]| {
    let mut report = Report::default();
    report.read(&KEY, Path::new("log"), log).expect("memory can be read");
    assert_eq!(report.records, 0, "nobody guesses a MAC");
});
