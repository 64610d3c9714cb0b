//! `--print-config`: the effective configuration as a `.env` file.

use std::{fmt::Write, path::Path};

use clap::CommandFactory;
use rmcp_resource_server::VerifierConfig;
use url::Url;

use super::{
    effective::{Config, Transport},
    parse::Parser,
};
use crate::options::{self, CLIENT_SECRET_VARIABLE, Given, Options, Origin};

/// One line for each option that was given, with its source; defaults appear as comments. Files are
/// named, not read.
pub(super) fn effective(given: &Given, config: &Config) -> String {
    let mut text = String::from(
        "# effective configuration: each value with its source; lines that start with # are \
         comments\n",
    );
    for argument in Options::command().get_arguments() {
        let id = argument.get_id().as_str();
        let Some(variable) = argument.get_env() else {
            continue;
        };
        let variable = variable.to_string_lossy();
        let _ = match given.value(id) {
            Some(value) => writeln!(
                text,
                "{}  # {}",
                line(&variable, &redacted(id, value)),
                given.origin(id)
            ),
            None => writeln!(text, "# {variable}={}  # default", options::default(id)),
        };
    }
    let _ = match given.origin(CLIENT_SECRET_VARIABLE) {
        Origin::Default => writeln!(text, "# {CLIENT_SECRET_VARIABLE}=  # default"),
        origin => writeln!(text, "# {CLIENT_SECRET_VARIABLE}=[redacted]  # {origin}"),
    };
    for (variable, value) in &given.opentelemetry {
        let value = match variable.contains("HEADERS") {
            true => "[redacted]".to_owned(),
            false => redacted(variable, value),
        };
        let _ = writeln!(text, "# {}  # variable", line(variable, &value));
    }
    let traces = if config.traces.is_some() {
        "exported"
    } else {
        "not exported"
    };
    let _ = writeln!(text, "# traces: {traces}");
    let authorization = match &config.transport {
        Transport::Stdio => "none: the transport is stdio",
        Transport::StreamableHttp(http) => match http.auth.as_ref().map(|auth| &auth.verifier) {
            Some(VerifierConfig::Introspection(_)) => "by introspection",
            Some(VerifierConfig::Jwt(_)) => "by JWT signature",
            Some(VerifierConfig::Userinfo(_)) => "by userinfo, for any audience",
            Some(other) => other.name(),
            None => "none: anyone who connects can do anything",
        },
    };
    let _ = writeln!(text, "# authorization: {authorization}");
    for warning in &config.warnings {
        let _ = writeln!(text, "# warning: {warning}");
    }
    text
}

/// The setting as a `.env` line, in quotes that the value does not contain. A value with both kinds
/// of quotes, or with control characters, cannot be written in `.env`.
fn line(variable: &str, value: &str) -> String {
    let quote = match (value.contains('"'), value.contains('\'')) {
        _ if value.contains(char::is_control) => None,
        (false, _) => Some('"'),
        (true, false) => Some('\''),
        (true, true) => None,
    };
    match quote {
        Some(quote) => format!("{variable}={quote}{value}{quote}"),
        None => format!("# {variable}={value:?}"),
    }
}

/// The value without anything that may be secret: a URL's user name, password or query, and a file
/// or directory name that does not exist.
fn redacted(id: &str, value: &str) -> String {
    const REDACTED: &str = "[redacted]";
    if id.ends_with("_file") || id.ends_with("_dir") {
        let exists = |path: &str| Path::new(path).exists();
        let all_exist = exists(value.trim())
            || id == "shared_store_key_file"
                && Parser::list(Some(value)).iter().all(|path| exists(path));
        return if all_exist { value } else { "[no such file]" }.to_owned();
    }
    let words = value.split_inclusive([',', ' ', '\t', '\r', '\n']);
    words
        .map(|word| {
            let bare = word.trim_end_matches([',', ' ', '\t', '\r', '\n']);
            let is_url = bare.contains("://") || bare.contains('@');
            let is_plain = Url::parse(bare).is_ok_and(|url| {
                url.username().is_empty() && url.password().is_none() && url.query().is_none()
            });
            match is_url && (!is_plain || bare.contains('@')) {
                true => format!("{}{}", without_secrets(bare, REDACTED), &word[bare.len()..]),
                false => word.to_owned(),
            }
        })
        .collect()
}

fn without_secrets(url: &str, redacted: &str) -> String {
    let (url, query) = match url.split_once('?') {
        Some((url, _)) => (url, format!("?{redacted}")),
        None => (url, String::new()),
    };
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), url),
    };
    match rest.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}{redacted}@{host}{query}"),
        None => format!("{scheme}{rest}{query}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_secret_is_redacted() {
        for (id, value, shown) in [
            (
                "auth_issuer_url",
                "https://as.example/x",
                "https://as.example/x",
            ),
            (
                "auth_issuer_url",
                "https://user:hush@as.example/x",
                "https://[redacted]@as.example/x",
            ),
            (
                "auth_issuer_url",
                "https://hush@as.example",
                "https://[redacted]@as.example",
            ),
            (
                "auth_issuer_url",
                "user:hush@as.example",
                "[redacted]@as.example",
            ),
            (
                "auth_issuer_url",
                "https://u:h@sh@as.example",
                "https://[redacted]@as.example",
            ),
            (
                "auth_introspection_url",
                "https://as.example/introspect?key=hush&x=@",
                "https://as.example/introspect?[redacted]",
            ),
            (
                "allowed_origins",
                "https://a.example, https://u:hush@b.example",
                "https://a.example, https://[redacted]@b.example",
            ),
            ("auth_client_secret_file", "hush", "[no such file]"),
            ("auth_client_secret_file", "/dev/null", "/dev/null"),
            (
                "shared_store_key_file",
                "/dev/null, /dev",
                "/dev/null, /dev",
            ),
            ("shared_store_key_file", "/dev/null,hush", "[no such file]"),
            (
                "shared_store",
                "redis://user:hush@store.example/1",
                "redis://[redacted]@store.example/1",
            ),
            ("documents_dir", "/dev", "/dev"),
            ("server_name", "OSCAL of ACME", "OSCAL of ACME"),
            ("auth_scope_hierarchy", "a>b, a>c", "a>b, a>c"),
        ] {
            assert_eq!(redacted(id, value), shown, "{value}");
        }
    }

    #[test]
    fn a_setting_is_quoted_so_that_it_means_itself() {
        for (value, shown) in [
            ("9000", r#"A="9000""#),
            ("say \"x\"", r#"A='say "x"'"#),
            ("it's", r#"A="it's""#),
            ("a\\b$c", r#"A="a\b$c""#),
            ("\"it's\"", r#"# A="\"it's\"""#),
            ("two\nlines", r#"# A="two\nlines""#),
        ] {
            assert_eq!(line("A", value), shown);
        }
    }
}
