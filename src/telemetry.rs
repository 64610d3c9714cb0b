//! Logs, on standard error: standard output belongs to MCP over stdio.

mod format;
mod printable;

use std::io::{IsTerminal, stderr};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

use self::format::{JsonLines, text_fields};
pub use self::printable::Printable;
use crate::config::LogConfig;

/// Sends log lines to standard error.
///
/// # Panics
///
/// Panics if the process has a log receiver already.
pub fn init(config: &LogConfig) {
    let registry = tracing_subscriber::registry().with(filter(&config.level));
    if config.json {
        let lines = tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            .map_event_format(JsonLines)
            .with_writer(stderr);
        registry.with(lines).init();
    } else {
        let lines = tracing_subscriber::fmt::layer()
            .with_ansi(stderr().is_terminal())
            .fmt_fields(text_fields())
            .with_writer(stderr);
        registry.with(lines).init();
    }
}

/// A plain level is meant for this server; the libraries below it say a step less, for their
/// `info` is of no use to an operator. Directives are taken as they are.
fn filter(level: &str) -> Targets {
    let Ok(own) = level.parse::<LevelFilter>() else {
        return level.parse().unwrap_or_default();
    };
    let libraries = match own {
        LevelFilter::TRACE => LevelFilter::DEBUG,
        LevelFilter::DEBUG => LevelFilter::INFO,
        LevelFilter::INFO => LevelFilter::WARN,
        less => less,
    };
    Targets::new()
        .with_default(libraries)
        .with_target("oscal_mcp_server", own)
        .with_target("rmcp_resource_server", own)
}
