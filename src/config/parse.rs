//! Parsers of single options, which collect errors instead of stopping at the first.
//!
//! No error shows a value, even of an option that holds no secret: the wrong value may be a secret
//! meant for another option.

pub(super) mod error;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
    net::IpAddr,
    ops::RangeInclusive,
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use ipnet::IpNet;
use rmcp_resource_server::Scopes;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use url::Url;

use self::error::ConfigError;
use crate::{
    options::{self, Given, did_you_mean},
    traces::{self, TraceSettings},
};

/// Collects errors. A parser that finds one returns a placeholder, which is never used: one error
/// is enough to fail.
#[derive(Default)]
pub(super) struct Parser {
    errors: Vec<ConfigError>,
    /// Options that were given but could not be read. They get no further errors.
    unreadable: BTreeSet<String>,
}

impl Parser {
    /// Starts with the options that could not be read.
    pub(super) fn new(given: &Given) -> Self {
        let errors = given.unreadable.iter().map(|unreadable| ConfigError {
            option: unreadable.place.clone(),
            problem: unreadable.problem.clone(),
        });
        Self {
            errors: errors.collect(),
            unreadable: given
                .unreadable
                .iter()
                .filter_map(|u| u.id.clone())
                .collect(),
        }
    }

    pub(super) fn error(&mut self, id: &str, problem: impl Display) {
        if !self.unreadable.contains(id) {
            self.errors.push(ConfigError {
                option: options::name(id),
                problem: problem.to_string(),
            });
        }
    }

    /// The export of traces, by the standard variables.
    pub(super) fn traces(&mut self, variables: &BTreeMap<String, String>) -> Option<TraceSettings> {
        let errors = match traces::read(variables) {
            Ok(settings) => return settings,
            Err(errors) => errors,
        };
        self.errors
            .extend(errors.into_iter().map(|(name, problem)| ConfigError {
                option: name.to_owned(),
                problem,
            }));
        None
    }

    /// Variables that look like ours but are unknown. A misspelt safeguard protects nothing, so one
    /// that looks like an authorization option is an error if authorization is on.
    pub(super) fn unknown(&mut self, given: &Given, authorized: bool) -> Vec<String> {
        let mut warnings = given.notes.clone();
        for unknown in &given.unknown {
            let (option, problem) = (unknown.place.clone(), unknown.problem.clone());
            if authorized && unknown.of_authorization {
                self.errors.push(ConfigError { option, problem });
            } else {
                warnings.push(format!("{option} {problem}"));
            }
        }
        warnings
    }

    pub(super) fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    pub(super) fn finish(self) -> Vec<ConfigError> {
        self.errors
    }

    /// The value of `result`; an error is recorded under `id`.
    pub(super) fn result<T>(&mut self, id: &str, result: Result<T, impl Display>) -> Option<T> {
        result.map_err(|error| self.error(id, error)).ok()
    }

    /// An option that may be left out. An empty value counts as left out.
    pub(super) fn optional<T, E: Display>(
        &mut self,
        id: &str,
        value: Option<&str>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let value = value.map(str::trim).filter(|value| !value.is_empty())?;
        let parsed = parse(value);
        self.result(id, parsed)
    }

    pub(super) fn text(&mut self, id: &str, value: Option<&str>, default: &str) -> String {
        self.optional(id, value, |text| Ok::<_, String>(text.to_owned()))
            .unwrap_or_else(|| default.to_owned())
    }

    pub(super) fn choice<T>(
        &mut self,
        id: &str,
        value: Option<&str>,
        default: &str,
        choose: impl Fn(&str) -> Option<T>,
        choices: &str,
    ) -> T {
        self.optional(id, value, |text| {
            choose(text).ok_or_else(|| {
                let words = choices.split([' ', ',']).filter(|word| *word != "or");
                format!("must be {choices}{}", did_you_mean(text, words))
            })
        })
        .or_else(|| choose(default))
        .expect("the default is one of the choices")
    }

    pub(super) fn flag(&mut self, id: &str, value: Option<&str>, default: bool) -> bool {
        let default = if default { "true" } else { "false" };
        let choose = |text: &str| match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Some(true),
            "false" | "0" | "no" | "off" => Some(false),
            _ => None,
        };
        self.choice(id, value, default, choose, "true or false")
    }

    pub(super) fn number<T>(
        &mut self,
        id: &str,
        value: Option<&str>,
        default: T,
        range: RangeInclusive<T>,
    ) -> T
    where
        T: FromStr + PartialOrd + Display + Copy,
    {
        self.optional(id, value, |text| {
            match text.parse::<T>() {
            Ok(number) if range.contains(&number) => Ok(number),
            // Kubernetes sets <SERVICE>_PORT=tcp://10.0.0.1:8000 for a service of this name.
            _ if text.starts_with("tcp://") => Err(
                "is what Kubernetes sets for a service of this name: set enableServiceLinks: false \
                 in the pod, or rename the service"
                    .to_owned(),
            ),
            _ => Err(format!(
                "must be a whole number from {} to {}",
                range.start(),
                range.end()
            )),
        }
        })
        .unwrap_or(default)
    }

    pub(super) fn duration(
        &mut self,
        id: &str,
        value: Option<&str>,
        default: Duration,
        range: RangeInclusive<Duration>,
    ) -> Duration {
        self.optional(id, value, |text| match humantime::parse_duration(text) {
            Ok(duration) if range.contains(&duration) => Ok(duration),
            _ => Err(format!(
                "must be a duration from {} to {}, such as {}",
                humantime::format_duration(*range.start()),
                humantime::format_duration(*range.end()),
                humantime::format_duration(default),
            )),
        })
        .unwrap_or(default)
    }

    /// A number of bytes, such as `16KiB`, `1MiB` or `16384`.
    pub(super) fn bytes(
        &mut self,
        id: &str,
        value: Option<&str>,
        default: usize,
        range: RangeInclusive<usize>,
    ) -> usize {
        let parse = |text: &str| {
            let digits = text
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(text.len());
            let (number, unit) = text.split_at(digits);
            let factor = match unit.trim_start().to_ascii_lowercase().as_str() {
                "" | "b" => 1,
                "kib" => 1024,
                "mib" => 1024 * 1024,
                _ => return None,
            };
            let bytes = number.parse::<usize>().ok()?.checked_mul(factor)?;
            range.contains(&bytes).then_some(bytes)
        };
        self.optional(id, value, |text| {
            parse(text).ok_or_else(|| {
                format!(
                    "must be a size from {} to {}, such as {}",
                    shown_bytes(*range.start()),
                    shown_bytes(*range.end()),
                    shown_bytes(default),
                )
            })
        })
        .unwrap_or(default)
    }

    /// Items separated by commas or spaces.
    pub(super) fn list(value: Option<&str>) -> Vec<String> {
        value
            .unwrap_or_default()
            .split([',', ' ', '\t', '\n', '\r'])
            .filter(|element| !element.is_empty())
            .map(str::to_owned)
            .collect()
    }

    pub(super) fn directory(&mut self, id: &str, value: Option<&str>) -> Option<PathBuf> {
        self.optional(id, value, |text| {
            let path = PathBuf::from(text);
            match path.metadata() {
                Ok(metadata) if metadata.is_dir() => Ok(path),
                Ok(_) => Err("is not a directory".to_owned()),
                Err(error) => Err(format!("the directory cannot be read: {error}")),
            }
        })
    }

    pub(super) fn path(&mut self, id: &str, value: Option<&str>, default: &str) -> String {
        self.optional(id, value, |text| {
            let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
            if text.starts_with('/') && text.bytes().all(fine) && !text.contains("//") {
                // The route matches with and without a trailing slash; `/` alone is the root.
                Ok(text.trim_end_matches('/').to_owned())
            } else {
                Err("must begin with / and contain only letters, digits and - . _ ~ /")
            }
        })
        .unwrap_or_else(|| default.to_owned())
    }

    pub(super) fn log_level(&mut self, id: &str, value: Option<&str>) -> String {
        self.optional(id, value, |text| {
            // A directive without `=` that is not a level would be read as a module name.
            let levels = text
                .split(',')
                .all(|part| part.contains('=') || part.parse::<LevelFilter>().is_ok());
            if levels && text.parse::<Targets>().is_ok() {
                Ok(text.to_owned())
            } else {
                let levels = ["error", "warn", "info", "debug", "trace"];
                Err(format!(
                    "must be error, warn, info, debug, trace, or directives such as \
                     info,rmcp=debug{}",
                    did_you_mean(text, levels)
                ))
            }
        })
        .unwrap_or_else(|| "info".to_owned())
    }

    /// `Host` headers. An empty list means any host, and only `*` produces one.
    pub(super) fn hosts(
        &mut self,
        id: &str,
        value: Option<&str>,
        default: impl FnOnce() -> Vec<String>,
    ) -> Vec<String> {
        let hosts = Self::list(value);
        if hosts.is_empty() {
            return default();
        }
        if hosts == ["*"] {
            return Vec::new();
        }
        for (host, number) in hosts.iter().zip(1..) {
            let bare_ipv6 = host.parse::<IpAddr>().is_ok();
            let parses = Url::parse(&format!("http://{host}/"))
                .is_ok_and(|url| url.path() == "/" && url.username().is_empty());
            if host.contains(['/', '*', '@']) || !(bare_ipv6 || parses) {
                self.error(
                    id,
                    format!(
                        "entry {number} is not a host such as mcp.example.com or \
                         mcp.example.com:8443"
                    ),
                );
            }
        }
        hosts
    }

    /// Networks such as `10.0.0.0/8`; a bare address is a network of one.
    pub(super) fn networks(&mut self, id: &str, value: Option<&str>) -> Vec<IpNet> {
        let mut networks = Vec::new();
        for (text, number) in Self::list(value).into_iter().zip(1..) {
            match text
                .parse()
                .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
            {
                Ok(network) => networks.push(network),
                Err(_) => self.error(
                    id,
                    format!(
                        "entry {number} is neither a network such as 10.0.0.0/8 nor an address"
                    ),
                ),
            }
        }
        networks
    }

    /// Where the server listens: an address or a name, without port or scheme.
    pub(super) fn host(&mut self, id: &str, value: Option<&str>, default: &str) -> String {
        self.optional(id, value, |text| {
            let bare = text.trim_start_matches('[').trim_end_matches(']');
            let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            match bare.parse::<IpAddr>().is_ok() || text.bytes().all(is_name) {
                true => Ok(text.to_owned()),
                false => Err("must be an address or a host name, without a scheme or port"),
            }
        })
        .unwrap_or_else(|| default.to_owned())
    }

    /// A list of scopes.
    pub(super) fn scopes(&mut self, id: &str, value: Option<&str>) -> Scopes {
        let list = Self::list(value).join(" ");
        self.optional(id, Some(&list), str::parse)
            .unwrap_or_default()
    }
}

fn shown_bytes(bytes: usize) -> String {
    match bytes % 1024 {
        0 => format!("{}KiB", bytes / 1024),
        _ => format!("{bytes}"),
    }
}

/// Whether a server listening on `host` is reachable only from this machine.
pub(super) fn is_loopback_host(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => bare == "localhost",
    }
}
