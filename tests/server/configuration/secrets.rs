//! No message shows what was written: any of it may be a secret.

use std::{ffi::OsString, fs, process::Stdio};

use super::with;
use crate::support::{command, run, stderr, stdout};

/// What must never appear.
const SECRET: &str = "XYZZY1";

/// Flags and variables of all options, taken from the help.
fn options() -> Vec<(String, String)> {
    let help = stdout(&run(&["--help"], &[]));
    let mut found = Vec::new();
    let mut flag = String::new();
    for line in help.lines().map(str::trim) {
        if line.starts_with("--") {
            flag = line.split([' ', '[']).next().unwrap_or_default().to_owned();
        }
        if let Some((_, rest)) = line.split_once("[env: ") {
            found.push((flag.clone(), rest.trim_end_matches([']', '=']).to_owned()));
        }
    }
    assert!(found.len() > 40, "{found:?}");
    found
}

#[test]
fn rs_69_no_error_shows_the_value_of_any_option() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let forms = [
        SECRET.to_owned(),
        format!("https://user:{SECRET}@as.example.com"),
        format!("http://{SECRET}.example.com/{SECRET}?{SECRET}#{SECRET}"),
        format!("a,{SECRET} \u{e9}{SECRET}, \"{SECRET}\""),
        format!("{SECRET}\n{SECRET}\n"),
        format!("-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n"),
    ];
    let mut options = options();
    options.push((String::new(), "OSCAL_AUTH_CLIENT_SECRET".to_owned()));
    // Each option alone, with the forms and the three places taking turns; and all options together
    // in each form and place.
    let alone = options.iter().enumerate().map(|(turn, option)| {
        let form = &forms[turn % forms.len()];
        (std::slice::from_ref(option), form, turn / forms.len() % 3)
    });
    let together = forms
        .iter()
        .flat_map(|form| (0..3).map(move |place| (form, place)));
    let together = together.map(|(form, place)| (&options[..], form, place));
    for (options, form, place) in alone.chain(together) {
        let mut command = command(directory.path());
        // One certain error, so that no server starts.
        command.env("LOG_LEVEL", "x").envs(with(&[]));
        let mut dotenv = String::new();
        for (flag, variable) in options {
            match place {
                0 if !flag.is_empty() => {
                    command.arg(format!("{flag}={form}"));
                }
                1 => {
                    command.env(variable, form);
                }
                _ => {
                    command.env_remove(variable);
                    let value = form.replace(['\n', '"'], "");
                    dotenv.push_str(&format!("{variable}=\"{value}\"\n"));
                }
            }
        }
        fs::write(directory.path().join(".env"), dotenv).expect("writable");
        let output = command.stdin(Stdio::null()).output().expect("it runs");
        assert_eq!(output.status.code(), Some(2), "{options:?}={form}");
        let text = stderr(&output) + &stdout(&output);
        assert!(!text.contains(SECRET), "{options:?}={form}:\n{text}");
    }
}

#[test]
fn rs_69_no_error_about_the_command_line_shows_it() {
    for (arguments, told) in [
        (
            vec![SECRET],
            "Argument 1 is neither an option nor a sub-command",
        ),
        (vec!["--port=1", SECRET], "Argument 2 is neither"),
        (
            vec!["--auth-client-secret=XYZZY1"],
            "use the variable OSCAL_AUTH_CLIENT_SECRET",
        ),
        (
            vec!["--auth-client-secret", SECRET],
            "Argument 1 would show the client secret",
        ),
        (vec!["--XYZZY1"], "Argument 1 is not an option."),
        (vec!["-XYZZY1"], "Argument 1 is not an option."),
        (
            vec!["--prot", SECRET],
            "Argument 1 is not an option; did you mean --port?",
        ),
        (vec!["--port"], "--port needs a value."),
        (
            vec!["--print-config=XYZZY1"],
            "--print-config takes no value.",
        ),
        (vec!["--port=1", "--port=XYZZY1"], "--port is given twice"),
        (vec!["doctor", SECRET], "Argument 2 is neither"),
        (
            vec!["doctor", "--token", SECRET],
            "did you mean --token-file?",
        ),
        (
            vec!["healthcheck", "--XYZZY1"],
            "Argument 2 is not an option.",
        ),
        (
            vec!["--port=1", "doctor", SECRET],
            "The sub-command doctor must come first",
        ),
    ] {
        let output = run(&arguments, &[]);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let text = stderr(&output);
        assert!(text.contains(told), "{told} in:\n{text}");
        assert!(text.contains("Try --help."), "{text}");
        assert!(!text.contains(SECRET), "{text}");
    }
    let output = run(&[OsString::from("--port"), not_utf_8()], &[]);
    assert_eq!(output.status.code(), Some(2));
    let text = stderr(&output);
    assert!(
        text.contains("not UTF-8") && !text.contains(SECRET),
        "{text}"
    );
}

fn not_utf_8() -> OsString {
    use std::os::unix::ffi::OsStringExt;
    OsString::from_vec([b"\xff", SECRET.as_bytes()].concat())
}

#[test]
fn a_token_in_place_of_its_file_is_not_shown() {
    let output = run(&["doctor", "--token-file", SECRET], &with(&[]));
    assert_eq!(output.status.code(), Some(2));
    let text = stderr(&output);
    assert!(
        text.contains("--token-file: the file cannot be read: No such file"),
        "{text}"
    );
    assert!(!text.contains(SECRET), "{text}");
}

#[test]
fn print_config_shows_no_password_query_or_misplaced_secret() {
    // Over stdio the authorization options are not checked, but they are shown.
    let output = run(
        &["--print-config"],
        &with(&[
            ("OSCAL_MCP_TRANSPORT", "stdio"),
            (
                "OSCAL_AUTH_ISSUER_URL",
                "https://user:XYZZY1@as.example.com",
            ),
            (
                "OSCAL_AUTH_INTROSPECTION_URL",
                "https://as.example.com/?key=XYZZY1",
            ),
            ("OSCAL_AUTH_CLIENT_SECRET_FILE", SECRET),
            ("OSCAL_AUTH_CLIENT_KEY_FILE", "Cargo.toml"),
            ("OSCAL_AUTH_CLIENT_SECRET", SECRET),
        ]),
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    for shown in [
        "OSCAL_AUTH_ISSUER_URL=\"https://[redacted]@as.example.com\"",
        "OSCAL_AUTH_INTROSPECTION_URL=\"https://as.example.com/?[redacted]\"",
        "OSCAL_AUTH_CLIENT_SECRET_FILE=\"[no such file]\"",
    ] {
        assert!(text.contains(shown), "{shown} in:\n{text}");
    }
    assert!(!text.contains(SECRET), "{text}");
}
