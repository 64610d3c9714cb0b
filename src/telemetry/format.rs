//! How values get into a log line: the one place where text from outside is escaped and cut.

use std::fmt::{self, Debug, Write};

use tracing::{Event, Subscriber, field::Field};
use tracing_subscriber::{
    field::MakeExt,
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{Writer, debug_fn},
    },
    registry::LookupSpan,
};

use super::printable::{LIMIT, Printable, is_harmless};

/// Writes the message and the fields of text lines, whoever logged them.
pub(super) fn text_fields() -> impl for<'writer> FormatFields<'writer> + 'static {
    debug_fn(write_field).delimited(" ")
}

fn write_field(writer: &mut Writer<'_>, field: &Field, value: &dyn Debug) -> fmt::Result {
    let value = Printable(value);
    match (field.name(), writer.has_ansi_escapes()) {
        ("message", _) => write!(writer, "{value:?}"),
        (name, false) => write!(writer, "{name}={value:?}"),
        // The name in italics, the sign dimmed.
        (name, true) => write!(writer, "\x1b[3m{name}\x1b[0m\x1b[2m=\x1b[0m{value:?}"),
    }
}

/// Writes JSON lines like `E`, in visible characters only, and cuts the values of very long ones.
pub(super) struct JsonLines<E>(pub(super) E);

/// The longest line that is left unchanged, in bytes.
const LONG_LINE: usize = 4 * 1024;

impl<S, N, E> FormatEvent<S, N> for JsonLines<E>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
    E: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        self.0
            .format_event(context, Writer::new(&mut line), event)?;
        write_json_line(&mut writer, line.trim_end())
    }
}

fn write_json_line(to: &mut impl Write, line: &str) -> fmt::Result {
    let cut = (line.len() > LONG_LINE).then(|| cut_values(line));
    // In JSON only strings contain characters beyond ASCII, and there they may be escaped.
    for character in cut.as_deref().unwrap_or(line).chars() {
        if is_harmless(character) {
            to.write_char(character)?;
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(to, "\\u{unit:04x}")?;
            }
        }
    }
    to.write_char('\n')
}

fn cut_values(line: &str) -> String {
    let Ok(mut members) = serde_json::from_str::<serde_json::Map<_, _>>(line) else {
        return line.chars().take(LONG_LINE).collect();
    };
    for value in members.values_mut() {
        if let serde_json::Value::String(text) = value
            && let Some((end, _)) = text.char_indices().nth(LIMIT)
        {
            text.truncate(end);
            text.push('…');
        }
    }
    serde_json::Value::Object(members).to_string()
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use serde_json::Value;
    use tracing::subscriber::with_default;
    use tracing_subscriber::{fmt::layer, layer::SubscriberExt, registry};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no panic").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Lines {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().expect("no panic").clone()).expect("UTF-8")
        }
    }

    /// Part of every value that a line can have.
    const HOSTILE: &str = "x\n2026-01-01T00:00:00Z  INFO forged\u{1b}[31m\u{9b}\u{2028}\u{202e}";

    fn log_all_ways() {
        #[derive(Debug, thiserror::Error)]
        #[error("{HOSTILE}")]
        struct Hostile;
        tracing::info!(text = HOSTILE, display = %HOSTILE, debug = ?HOSTILE, "{HOSTILE}");
        let error: &(dyn std::error::Error + 'static) = &Hostile;
        tracing::warn!(error, number = 7, "an error");
        tracing::info_span!("a span", field = %HOSTILE).in_scope(|| tracing::info!("inside"));
    }

    #[test]
    fn no_value_forges_a_text_line() {
        for ansi in [false, true] {
            let lines = Lines::default();
            let writer = lines.clone();
            let layer = layer()
                .with_ansi(ansi)
                .fmt_fields(text_fields())
                .with_writer(move || writer.clone());
            with_default(registry().with(layer), log_all_ways);
            let text = lines.text();
            assert_eq!(text.lines().count(), 3, "{text:?}");
            assert_eq!(text.matches(r"x\n2026-01-01T").count(), 6, "{text:?}");
            let own_escapes = text.matches("\u{1b}[").count();
            assert_eq!(text.matches('\u{1b}').count(), own_escapes, "{text:?}");
            assert!(!text.contains("\u{1b}[31m"), "{text:?}");
            let harmless = |c: char| is_harmless(c) || "\n\u{1b}".contains(c);
            assert!(text.chars().all(harmless), "{text:?}");
        }
    }

    #[test]
    fn json_lines_keep_their_values_in_visible_characters() {
        let lines = Lines::default();
        let writer = lines.clone();
        let layer = layer()
            .json()
            .flatten_event(true)
            .map_event_format(JsonLines)
            .with_writer(move || writer.clone());
        with_default(registry().with(layer), || {
            log_all_ways();
            tracing::info!(long = "é".repeat(5_000), "long");
        });
        let text = lines.text();
        let values: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        assert_eq!(values.len(), 4, "{text:?}");
        assert_eq!(values[0]["message"], HOSTILE);
        assert_eq!(values[0]["display"], HOSTILE);
        assert!(
            text.chars().all(|c| is_harmless(c) || c == '\n'),
            "{text:?}"
        );
        let long = values[3]["long"].as_str().expect("a text");
        assert_eq!(long.chars().count(), 1_001);
        assert!(long.ends_with('…'));
    }
}
