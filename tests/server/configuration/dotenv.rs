//! The `.env` file in the working directory.

use std::{
    ffi::OsStr,
    fs,
    os::unix::ffi::OsStrExt,
    process::{Output, Stdio},
};

use tempfile::TempDir;

use crate::support::{command, stderr, stdout};

fn directory_with(dotenv: &[u8]) -> TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    fs::write(directory.path().join(".env"), dotenv).expect("writable");
    directory
}

fn run(directory: &TempDir, flags: &[&str], variables: &[(&str, &OsStr)]) -> Output {
    command(directory.path())
        .args(flags)
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .expect("the binary runs")
}

fn has_line(text: &str, line: &str) -> bool {
    text.lines().any(|found| found == line)
}

#[test]
fn flag_wins_over_variable_over_dotenv_and_each_value_names_its_source() {
    let directory = directory_with(
        b"# of this machine\nOSCAL_MCP_PORT=1001\nexport OSCAL_MCP_PATH='/from-dotenv'  # why\r\n\
          OSCAL_MCP_SERVER_NAME=dotenv\nOSCAL_SCHEMAS_DIR=/nonexistent\n\
          OSCAL_AUTH_CLIENT_SECRET='hush'\n",
    );
    let output = run(
        &directory,
        &["--print-config", "--port=1003"],
        &[
            ("OSCAL_MCP_PORT", "1002".as_ref()),
            ("OSCAL_MCP_SERVER_NAME", "variable".as_ref()),
            // An empty variable counts as not given, and hides the file.
            ("OSCAL_SCHEMAS_DIR", "".as_ref()),
        ],
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    for line in [
        "OSCAL_MCP_PORT=\"1003\"  # flag --port",
        "OSCAL_MCP_SERVER_NAME=\"variable\"  # variable OSCAL_MCP_SERVER_NAME",
        "OSCAL_MCP_PATH=\"/from-dotenv\"  # .env line 3",
        "# OSCAL_SCHEMAS_DIR=none  # default",
        "# OSCAL_AUTH_CLIENT_SECRET=[redacted]  # .env line 6",
    ] {
        assert!(has_line(&text, line), "{line} in:\n{text}");
    }
    assert!(!text.contains("hush"), "{text}");

    let again = directory_with(text.as_bytes());
    let output = run(&again, &["--print-config"], &[]);
    let text = stdout(&output);
    let line = "OSCAL_MCP_PORT=\"1003\"  # .env line 4";
    assert!(has_line(&text, line), "what was shown is a .env: {text}");
}

#[test]
fn a_line_that_cannot_be_read_is_named_by_number_and_key_only() {
    for (line, told) in [
        (
            "OSCAL_AUTH_CLIENT_SECRET=\"ab$XYZZY1",
            "line 2 (OSCAL_AUTH_CLIENT_SECRET): the quote",
        ),
        (
            "OSCAL_AUTH_CLIENT_SECRET='ab'XYZZY1'",
            "(OSCAL_AUTH_CLIENT_SECRET): there is text after",
        ),
        (
            "OSCAL_AUTH_CLIENT_SECRET=ab #XYZZY1",
            "(OSCAL_AUTH_CLIENT_SECRET): the value has a #",
        ),
        (
            "OSCAL_AUTH_CLIENT_SECRET= XYZZY1",
            "(OSCAL_AUTH_CLIENT_SECRET): the value has spaces",
        ),
        (
            "OSCAL_AUTH_CLIENT_SECRET =XYZZY1",
            "line 2 (OSCAL_AUTH_CLIENT_SECRET): the text before =",
        ),
        (
            "OSCAL_AUTH_CLIENT_SECRET: XYZZY1",
            "line 2 (OSCAL_AUTH_CLIENT_SECRET): it is not",
        ),
        (
            "OSCAL_AUTH_CLIENT_SECRET XYZZY1",
            "line 2 (OSCAL_AUTH_CLIENT_SECRET): it is not",
        ),
        ("XYZZY1", ".env line 2: it is not of the form NAME=value"),
        ("XYZZY1/+==", ".env line 2: the text before = is not a name"),
        (
            "OSCAL_AUTH_CLIENT_SECRET=a\u{1}XYZZY1",
            "(OSCAL_AUTH_CLIENT_SECRET): it has a control",
        ),
        (
            "OSCAL_MCP_PORT=XYZZY1",
            ".env line 2 (OSCAL_MCP_PORT): this name is already set on line 1",
        ),
        (
            "OSCAL_AUTH_CLIENT_SECRETS=XYZZY1",
            ".env line 2 (OSCAL_AUTH_CLIENT_SECRETS): is not an option of this server and has no \
             effect; did you mean OSCAL_AUTH_CLIENT_SECRET?",
        ),
    ] {
        let directory = directory_with(format!("OSCAL_MCP_PORT=1\n{line}\n").as_bytes());
        let output = run(
            &directory,
            &["--print-config", "--transport=streamable-http"],
            &[],
        );
        assert_eq!(output.status.code(), Some(2), "{line}: {}", stdout(&output));
        let text = stderr(&output);
        assert!(text.contains(told), "{told} in:\n{text}");
        assert!(!text.contains("XYZZY1"), "{text}");
    }
}

#[test]
fn other_errors_are_reported_with_those_of_the_file() {
    let directory = directory_with(b"OSCAL_MCP_PORT=x\nOSCAL_MCP_TRANSPORT='\n");
    let output = run(&directory, &["--log-level=loud"], &[]);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(2));
    for named in [
        ".env line 2 (OSCAL_MCP_TRANSPORT): the quote",
        "--log-level (LOG_LEVEL)",
        "--port (OSCAL_MCP_PORT)",
        "has 3 errors",
    ] {
        assert!(text.contains(named), "{named} in:\n{text}");
    }
}

#[test]
fn files_that_are_no_text_are_refused_and_directories_are_not_read() {
    for (content, told) in [
        (
            &b"OSCAL_AUTH_CLIENT_SECRET=\xffXYZZY1\n"[..],
            "line 1 (OSCAL_AUTH_CLIENT_SECRET): it is not UTF-8",
        ),
        (b"\xff\xfeL\0O\0", ".env: it is UTF-16 text"),
    ] {
        let output = run(&directory_with(content), &["--print-config"], &[]);
        assert_eq!(output.status.code(), Some(2));
        let text = stderr(&output);
        assert!(text.contains(told) && !text.contains("XYZZY1"), "{text}");
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    fs::create_dir(directory.path().join(".env")).expect("a directory");
    let output = run(&directory, &["--print-config"], &[]);
    assert_eq!(output.status.code(), Some(0));
    assert!(stdout(&output).contains("# warning: .env is a directory"));
}

#[test]
fn only_options_of_this_server_are_taken_from_the_file() {
    let directory = directory_with(b"DATABASE_URL=x\nOSCAL_MCP_PRT=1\nXYZZY1=\n");
    let output = run(&directory, &["--print-config"], &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.contains("has no effect here: line 1, 3"), "{text}");
    assert!(
        text.contains(".env line 2 (OSCAL_MCP_PRT) is not an option of this server"),
        "{text}"
    );
    assert!(text.contains("did you mean OSCAL_MCP_PORT?"), "{text}");
    assert!(!text.contains("XYZZY1"), "{text}");
}

#[test]
fn a_variable_that_is_not_utf_8_is_an_error_that_names_it() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for variable in ["OSCAL_AUTH_CLIENT_SECRET", "OSCAL_MCP_PORT"] {
        let value = OsStr::from_bytes(b"\xffXYZZY1");
        let output = run(&directory, &["--print-config"], &[(variable, value)]);
        assert_eq!(output.status.code(), Some(2));
        let text = stderr(&output);
        let told = format!("{variable}: its value is not UTF-8 text");
        assert!(text.contains(&told) && !text.contains("XYZZY1"), "{text}");
    }
}
