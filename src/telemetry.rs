//! Logs, on standard error: over stdio, standard output belongs to MCP.

mod format;
mod lines;
mod printable;
mod volume;

use std::{
    io::{IsTerminal, stderr},
    sync::OnceLock,
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::counter::ConstCounter,
    registry::Registry,
};
use rmcp_resource_server::SPANS as VERIFICATION_SPANS;
use tracing::{Metadata, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    Layer,
    filter::{Targets, filter_fn},
    layer::SubscriberExt,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

use self::format::{JsonLines, text_fields};
pub use self::printable::Printable;
use crate::{
    config::LogConfig,
    traces::{SPANS, Traces},
};
use lines::Lines;
use volume::Volume;

/// Sends log lines to standard error, without ever waiting for the reader, and spans to `traces`.
///
/// # Panics
///
/// Panics if the process already has a log subscriber, or if no thread can be started.
pub fn init(config: &LogConfig, traces: Option<&Traces>) {
    let lines = Lines::begin().expect("a thread");
    let volume = Volume::begin().expect("a thread");
    let registry = tracing_subscriber::registry()
        .with(filter(&config.level, traces.is_some()))
        .with(volume.clone());
    if config.json {
        let layer = tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            .map_event_format(JsonLines)
            .with_writer(lines.clone());
        install(registry, layer, traces);
    } else {
        let layer = tracing_subscriber::fmt::layer()
            .with_ansi(stderr().is_terminal())
            .fmt_fields(text_fields())
            .with_writer(lines.clone());
        install(registry, layer, traces);
    }
    let _ = LOGS.set(Logs { lines, volume });
    // The standard library's hook writes to standard error, and blocks.
    std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
}

/// Only traces have spans: no log line names them, and no log line gets into a trace.
fn install<S, L>(subscriber: S, lines: L, traces: Option<&Traces>)
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    L: Layer<S> + Send + Sync,
{
    match traces {
        None => subscriber.with(lines).init(),
        Some(traces) => {
            let lines = lines.with_filter(filter_fn(is_event));
            // Libraries have spans too, and nobody checked what those contain.
            let is_ours = |target: &str| target == SPANS || target == VERIFICATION_SPANS;
            let is_exported = filter_fn(move |of| of.is_span() && is_ours(of.target()));
            let spans = traces.layer().with_filter(is_exported);
            subscriber.with(lines).with(spans).init();
        }
    }
}

fn is_event(of: &Metadata<'_>) -> bool {
    of.is_event()
}

/// Waits until all log lines are written, for a second at most. Call it before the process ends.
pub fn flush() {
    if let Some(logs) = LOGS.get() {
        logs.lines.flush();
    }
}

/// Registers the counter of lines that were not written.
pub(crate) fn register(registry: &mut Registry) {
    registry.register_collector(Box::new(Unwritten));
}

/// One for the process: all logs go to the same destination.
static LOGS: OnceLock<Logs> = OnceLock::new();

struct Logs {
    lines: Lines,
    volume: Volume,
}

#[derive(Debug)]
struct Unwritten;

impl Collector for Unwritten {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let (dropped, left_out) = LOGS.get().map_or((0, 0), |logs| {
            (logs.lines.dropped(), logs.volume.left_out())
        });
        for (name, help, count) in [
            (
                "log_lines_dropped",
                "Log lines dropped because nobody read standard error",
                dropped,
            ),
            (
                "log_lines_left_out",
                "Log lines suppressed because there were too many of their kind",
                left_out,
            ),
        ] {
            let counter = ConstCounter::new(count);
            let encoder = encoder.encode_descriptor(name, help, None, counter.metric_type())?;
            counter.encode(encoder)?;
        }
        Ok(())
    }
}

/// A plain level applies to this server; the libraries below it log one level less, because their
/// `info` is of no use to an operator. Directives are used unchanged.
///
/// Spans are made only if they are exported, whatever the level.
fn filter(level: &str, is_traced: bool) -> Targets {
    let spans = if is_traced {
        LevelFilter::INFO
    } else {
        LevelFilter::OFF
    };
    lines(level)
        .with_target(SPANS, spans)
        .with_target(VERIFICATION_SPANS, spans)
}

fn lines(level: &str) -> Targets {
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
