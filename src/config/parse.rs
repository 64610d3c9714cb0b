//! Parsers of single options, which collect errors instead of stopping at the first.

use std::{
    fmt::Display, net::IpAddr, ops::RangeInclusive, path::PathBuf, str::FromStr, time::Duration,
};

use ipnet::IpNet;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use url::Url;

use super::{AllowedOrigins, ConfigError};
use crate::options;

/// Collects what is wrong. A parser that finds an error returns a stand-in, which is never used:
/// one error is enough to end.
#[derive(Default)]
pub(super) struct Parser {
    errors: Vec<ConfigError>,
}

impl Parser {
    pub(super) fn error(&mut self, id: &str, problem: impl Display) {
        self.errors.push(ConfigError {
            option: options::name(id),
            problem: problem.to_string(),
        });
    }

    pub(super) fn finish(self) -> Vec<ConfigError> {
        self.errors
    }

    /// The value of `result`, or its error entered for `id`.
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
            choose(text).ok_or_else(|| format!("{text:?} is not known here; use {choices}"))
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
        self.optional(id, value, |text| match text.parse::<T>() {
            Ok(number) if range.contains(&number) => Ok(number),
            // Kubernetes sets <SERVICE>_PORT=tcp://10.0.0.1:8000 for a service of this name.
            _ if text.starts_with("tcp://") => Err(format!(
                "{text:?} is what Kubernetes sets for a service of this name: set \
                 enableServiceLinks: false in the pod, or rename the service"
            )),
            _ => Err(format!(
                "{text:?} is not a whole number from {} to {}",
                range.start(),
                range.end()
            )),
        })
        .unwrap_or(default)
    }

    /// A number of bytes, such as 512KiB.
    pub(super) fn bytes(
        &mut self,
        id: &str,
        value: Option<&str>,
        default: usize,
        range: RangeInclusive<usize>,
    ) -> usize {
        self.optional(id, value, |text| match parse_bytes(text) {
            Some(bytes) if range.contains(&bytes) => Ok(bytes),
            _ => Err(format!(
                "{text:?} is not a number of bytes from {} to {}, such as 512KiB",
                range.start(),
                range.end()
            )),
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
                "{text:?} is not a duration from {} to {}, such as {}",
                humantime::format_duration(*range.start()),
                humantime::format_duration(*range.end()),
                humantime::format_duration(default),
            )),
        })
        .unwrap_or(default)
    }

    /// Elements separated by commas or spaces.
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
                Ok(_) => Err(format!("{text:?} is not a directory")),
                Err(error) => Err(format!("the directory {text:?} cannot be read: {error}")),
            }
        })
    }

    pub(super) fn path(&mut self, id: &str, value: Option<&str>, default: &str) -> String {
        self.optional(id, value, |text| {
            let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
            if text.starts_with('/') && text.bytes().all(fine) && !text.contains("//") {
                // The route serves both forms; `/` alone is the root.
                Ok(text.trim_end_matches('/').to_owned())
            } else {
                Err(format!(
                    "{text:?} must begin with / and hold letters, digits, and - . _ ~ / only"
                ))
            }
        })
        .unwrap_or_else(|| default.to_owned())
    }

    pub(super) fn log_level(&mut self, id: &str, value: Option<&str>) -> String {
        self.optional(id, value, |text| {
            // A directive without `=` that is no level would be taken for the name of a module.
            let levels = text
                .split(',')
                .all(|part| part.contains('=') || part.parse::<LevelFilter>().is_ok());
            if levels && text.parse::<Targets>().is_ok() {
                Ok(text.to_owned())
            } else {
                Err(format!(
                    "{text:?} is neither error, warn, info, debug, trace nor directives such as \
                     info,rmcp=debug"
                ))
            }
        })
        .unwrap_or_else(|| "info".to_owned())
    }

    /// Host headers; empty means any, and that is reached by `*` only.
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
        for host in &hosts {
            let bare_ipv6 = host.parse::<IpAddr>().is_ok();
            let parses = Url::parse(&format!("http://{host}/"))
                .is_ok_and(|url| url.path() == "/" && url.username().is_empty());
            if host.contains(['/', '*', '@']) || !(bare_ipv6 || parses) {
                self.error(
                    id,
                    format!(
                        "{host:?} is not a host such as mcp.example.com or mcp.example.com:8443"
                    ),
                );
            }
        }
        hosts
    }

    /// Networks such as `10.0.0.0/8`; an address stands for itself.
    pub(super) fn networks(&mut self, id: &str, value: Option<&str>) -> Vec<IpNet> {
        let mut networks = Vec::new();
        for text in Self::list(value) {
            match text
                .parse()
                .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
            {
                Ok(network) => networks.push(network),
                Err(_) => self.error(
                    id,
                    format!("{text:?} is neither a network such as 10.0.0.0/8 nor an address"),
                ),
            }
        }
        networks
    }

    pub(super) fn origins(&mut self, id: &str, value: Option<&str>) -> AllowedOrigins {
        let given = Self::list(value);
        if given == ["*"] {
            return AllowedOrigins::Any;
        }
        let origins = given
            .iter()
            .filter_map(|text| {
                let origin = Url::parse(text).ok().filter(|url| {
                    url.has_host()
                        && url.path().trim_end_matches('/').is_empty()
                        && url.query().is_none()
                        && url.fragment().is_none()
                });
                match origin {
                    Some(url) if url.origin().is_tuple() => {
                        Some(url.origin().ascii_serialization())
                    }
                    _ => {
                        self.error(
                            id,
                            format!("{text:?} is not an origin such as https://app.example.com"),
                        );
                        None
                    }
                }
            })
            .collect();
        AllowedOrigins::Only(origins)
    }
}

/// A whole number, of bytes or of the unit behind it.
fn parse_bytes(text: &str) -> Option<usize> {
    let digits = text.find(|character: char| !character.is_ascii_digit());
    let (number, unit) = text.split_at(digits.unwrap_or(text.len()));
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        _ => return None,
    };
    number.parse::<usize>().ok()?.checked_mul(factor)
}

/// Whether only this machine reaches a server that listens on `host`.
pub(super) fn is_loopback_host(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => bare == "localhost",
    }
}
