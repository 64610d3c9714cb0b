//! What packages install beside the binary: manual pages and shell completions.

use std::process::Output;

use crate::support::{run, stderr, stdout};

/// The page of a subcommand, without roff's escapes for fonts and hyphens.
fn page(subcommand: &[&str]) -> String {
    let output = run(&[&["man"], subcommand].concat(), &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let page = stdout(&output);
    let fonts = ["\\fB", "\\fI", "\\fR"];
    let page = fonts.iter().fold(page, |page, font| page.replace(font, ""));
    page.replace('\\', "")
}

/// The long flags in a text, without those of every program.
fn flags(text: &str) -> Vec<String> {
    let mut flags: Vec<_> = text
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .filter(|word| word.starts_with("--") && word.len() > 4)
        .filter(|word| !["--help", "--version"].contains(word))
        .map(str::to_owned)
        .collect();
    flags.sort();
    flags.dedup();
    flags
}

#[test]
fn the_manual_page_has_every_option_of_the_help() {
    let help = stdout(&run(&["--help"], &[]));
    let page = page(&[]);
    assert!(page.contains(".TH oscal-mcp-server 1"), "{page}");
    assert!(flags(&help).len() > 50);
    assert_eq!(flags(&page), flags(&help));
}

#[test]
fn every_page_that_a_page_names_can_be_printed() {
    let mut pages = vec![String::new()];
    let mut printed = 0;
    while let Some(name) = pages.pop() {
        let subcommand: Vec<_> = name.split_whitespace().collect();
        let page = page(&subcommand);
        printed += 1;
        let (_, own) = page.split_once(".SH NAME\n").expect("a name");
        let own = own.split_whitespace().next().expect("a name");
        assert_eq!(
            own,
            [&["oscal-mcp-server"], &subcommand[..]].concat().join("-")
        );
        let others = page.split_whitespace().filter_map(|word| {
            let other = word.strip_suffix("(1)")?.strip_prefix(own)?;
            other
                .strip_prefix('-')
                .map(|other| format!("{name} {other}"))
        });
        pages.extend(others);
    }
    assert_eq!(printed, 8, "each subcommand has its page");
}

#[test]
fn every_shell_gets_completions_with_every_option() {
    let help = flags(&stdout(&run(&["--help"], &[])));
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = run(&["completions", shell], &[]);
        assert!(output.status.success(), "{shell}: {}", stderr(&output));
        let script = stdout(&output);
        for flag in &help {
            let written = match shell {
                "fish" => format!("-l {}", &flag[2..]),
                _ => flag.clone(),
            };
            assert!(script.contains(&written), "{shell}: {flag}");
        }
    }
}

#[test]
fn what_cannot_be_printed_is_an_error_that_quotes_nothing() {
    let refused = |output: Output, why: &str| {
        assert_eq!(output.status.code(), Some(2), "{why}");
        let text = stderr(&output);
        assert!(text.contains(why) && !text.contains("hush"), "{text}");
    };
    refused(run(&["completions", "hush"], &[]), "known: bash,");
    refused(run(&["completions"], &[]), "completions SHELL");
    refused(run(&["man", "hush"], &[]), "no such subcommand");
}
