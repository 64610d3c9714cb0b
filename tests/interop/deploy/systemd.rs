//! The systemd unit: accepted and rated by systemd.

use std::{fs, path::Path, process::Command};

use crate::{environment::needed, support::stderr, support::stdout};

/// systemd's rating in tenths: 0 is locked down, 100 open; "OK" starts below 50.
const WORST_EXPOSURE: &str = "--threshold=15";

#[test]
#[ignore = "interop: run scripts/interop"]
fn the_unit_is_valid_and_exposes_little() {
    let Some(analyze) = needed("/usr/bin/systemd-analyze".into(), "install systemd") else {
        return;
    };
    let unit =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/systemd/oscal-mcp-server.service");
    let rated = Command::new(&analyze)
        .args(["security", "--offline=yes", "--no-pager", WORST_EXPOSURE])
        .arg(&unit)
        .output()
        .expect("it runs");
    assert!(rated.status.success(), "{}", stdout(&rated));
    assert!(stdout(&rated).contains("Overall exposure level"));

    // systemd requires that the binary exists; here it is where the test build put it.
    let text = fs::read_to_string(unit).expect("readable");
    let installed = "ExecStart=/usr/local/bin/oscal-mcp-server\n";
    assert!(text.contains(installed));
    let built = format!("ExecStart={}\n", env!("CARGO_BIN_EXE_oscal-mcp-server"));
    let directory = tempfile::tempdir().expect("a temporary directory");
    let copy = directory.path().join("oscal-mcp-server.service");
    fs::write(&copy, text.replace(installed, &built)).expect("writable");
    let verified = Command::new(&analyze)
        .args(["verify", "--man=no"])
        .arg(&copy)
        .output()
        .expect("it runs");
    assert!(verified.status.success(), "{}", stderr(&verified));
    // To systemd, unknown settings are only a warning, but they protect nothing.
    assert!(
        !stderr(&verified).contains("oscal-mcp-server.service"),
        "{}",
        stderr(&verified)
    );
}
