//! A client id and a secret mean the same in a variable, a file and `.env`.

use std::{fs, process::Stdio};

use dev_authorization_server::FakeAuthorizationServer;

use crate::support::{RESOURCE, command, stderr};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    Variable,
    File,
    Dotenv,
}

/// Writes `value` of the option `variable` to one place. Returns the variables to set and the lines
/// for `.env`.
fn write(
    directory: &tempfile::TempDir,
    place: Place,
    variable: &str,
    value: &str,
) -> ((String, String), String) {
    let unset = ("UNUSED".to_owned(), String::new());
    match place {
        Place::Variable => ((variable.to_owned(), value.to_owned()), String::new()),
        Place::File => {
            let path = directory.path().join(variable);
            fs::write(&path, value).expect("writable");
            let path = path.display().to_string();
            ((format!("{variable}_FILE"), path), String::new())
        }
        Place::Dotenv => (unset, format!("{variable}='{value}'\n")),
    }
}

#[test]
fn rs_69_one_value_one_hygiene() {
    let fake = FakeAuthorizationServer::start();
    for place in [Place::Variable, Place::File, Place::Dotenv] {
        for (before, after, expected) in [
            ("", "", Some("")),
            ("", "\n", Some("")),
            ("", "\r\n", Some("")),
            ("\u{feff}", "", Some("")),
            ("\u{feff}", "\r\n", Some("")),
            ("", "$x ${HOME} \\n\"# ", Some("$x ${HOME} \\n\"# ")),
            ("", "\n\n", None),
            ("", "\nmore\n", None),
            ("\n", "", None),
            ("", "\t", None),
        ] {
            // In `.env` a value is one line.
            if place == Place::Dotenv && [before, after].concat().contains('\n') {
                continue;
            }
            let directory = tempfile::tempdir().expect("a temporary directory");
            let mut dotenv = String::new();
            let mut command = command(directory.path());
            for (variable, value) in [
                ("OSCAL_AUTH_CLIENT_ID", "my-id"),
                ("OSCAL_AUTH_CLIENT_SECRET", "my-secret"),
            ] {
                let value = format!("{before}{value}{after}");
                let ((name, value), lines) = write(&directory, place, variable, &value);
                command.env(name, value);
                dotenv.push_str(&lines);
            }
            fs::write(directory.path().join(".env"), dotenv).expect("writable");
            let asked = fake.introspection_count();
            let output = command
                .arg("doctor")
                .env("OSCAL_AUTH_ISSUER_URL", fake.issuer())
                .env("OSCAL_AUTH_RESOURCE_SERVER_URL", RESOURCE)
                .stdin(Stdio::null())
                .output()
                .expect("the binary runs");
            let case = format!("{place:?}, {before:?} before, {after:?} after");
            let Some(expected) = expected else {
                assert_eq!(output.status.code(), Some(2), "{case}");
                let text = stderr(&output);
                assert!(text.contains("has 2 errors"), "{case}: {text}");
                assert!(!text.contains("my-"), "{case}: {text}");
                continue;
            };
            assert_eq!(output.status.code(), Some(0), "{case}: {}", stderr(&output));
            let sent = fake.introspections()[asked].basic();
            let pair = (format!("my-id{expected}"), format!("my-secret{expected}"));
            assert_eq!(sent, Some(pair), "{case}");
        }
    }
}

#[test]
fn rs_69_an_empty_secret_is_an_error() {
    for (place, content, told) in [
        (Place::Variable, "", "is required"),
        (Place::Dotenv, "", "is required"),
        (Place::File, "", "names a file, but it is empty"),
        (
            Place::Variable,
            "\n",
            "OSCAL_AUTH_CLIENT_SECRET: has a value, but it is empty",
        ),
        (Place::Variable, "\u{feff}", "has a value, but it is empty"),
        (Place::File, "\u{feff}\r\n", "names a file, but it is empty"),
    ] {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let ((name, value), dotenv) = write(&directory, place, "OSCAL_AUTH_CLIENT_SECRET", content);
        fs::write(directory.path().join(".env"), dotenv).expect("writable");
        let output = command(directory.path())
            .envs(super::with(&[]))
            .env_remove("OSCAL_AUTH_CLIENT_SECRET")
            .env(name, value)
            .stdin(Stdio::null())
            .output()
            .expect("the binary runs");
        assert_eq!(output.status.code(), Some(2), "{place:?} {content:?}");
        let text = stderr(&output);
        assert!(text.contains(told), "{told} in:\n{text}");
    }
}
