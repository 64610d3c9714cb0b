//! Markup as OSCAL's Markdown.
//!
//! See <https://pages.nist.gov/metaschema/specification/datatypes/#markup-data-types>. Escaped are
//! the characters that NIST's own converter escapes, and a backslash that would escape.

use crate::formats::error::FormatError;
use crate::formats::xml::source::{Node, Source, Tag, is_space};

/// Paragraphs, lists and so on, as they become one text.
#[derive(Default)]
pub(super) struct Prose {
    text: String,
}

impl Prose {
    pub(super) fn finish(self) -> String {
        self.text
    }

    fn add(&mut self, block: &str) {
        self.join(block, "\n\n");
    }

    fn join(&mut self, block: &str, separator: &str) {
        if block.is_empty() {
            return;
        }
        if !self.text.is_empty() {
            self.text.push_str(separator);
        }
        self.text.push_str(block);
    }
}

/// Whether an element is a paragraph or another block of prose.
pub(super) fn is_block(name: &str) -> bool {
    matches!(
        name,
        "p" | "ul"
            | "ol"
            | "table"
            | "pre"
            | "blockquote"
            | "hr"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
    )
}

/// Reads the prose of an element that has begun, up to its end, as one line.
pub(super) fn line(source: &mut Source<'_>) -> Result<String, FormatError> {
    let mut out = Inline::default();
    inline(source, &mut out)?;
    Ok(out.finish())
}

/// Reads the prose of an element that has begun, up to its end, as paragraphs.
pub(super) fn multiline(source: &mut Source<'_>) -> Result<String, FormatError> {
    let mut prose = Prose::default();
    blocks(source, &mut prose, "\n\n")?;
    Ok(prose.finish())
}

/// Reads a block that has begun.
pub(super) fn block(
    source: &mut Source<'_>,
    tag: &Tag<'_>,
    prose: &mut Prose,
) -> Result<(), FormatError> {
    match tag.name() {
        "ul" => prose.add(&list(source, "* ")?),
        "ol" => prose.add(&list(source, "1. ")?),
        "table" => {
            let mut rows = Vec::new();
            table(source, &mut rows)?;
            prose.add(&rows.join("\n"));
        }
        "pre" => {
            let text = verbatim(source)?;
            let fence = fence(&text, 3);
            let text = text.strip_suffix('\n').unwrap_or(&text);
            prose.add(&format!("{fence}\n{text}\n{fence}"));
        }
        "blockquote" => {
            let mut inner = Prose::default();
            blocks(source, &mut inner, "\n\n")?;
            prose.add(&indented(&inner.text, "> ", "> "));
        }
        "hr" => {
            verbatim(source)?;
            prose.add("---");
        }
        name => {
            let mut digits = name.strip_prefix('h').unwrap_or_default().bytes();
            let level = digits
                .next()
                .map_or(0, |digit| usize::from(digit.wrapping_sub(b'0')));
            let text = line(source)?;
            match level {
                1..=6 => prose.add(&format!("{} {text}", "#".repeat(level))),
                _ => prose.add(&text),
            }
        }
    }
    Ok(())
}

/// Reads blocks and text between them, up to the end of the element.
fn blocks(source: &mut Source<'_>, prose: &mut Prose, tight: &str) -> Result<(), FormatError> {
    let mut loose = Inline::default();
    loop {
        match source.next()? {
            Node::Text(text) => loose.text(&text),
            Node::Start(tag) if is_block(tag.name()) => {
                prose.add(&std::mem::take(&mut loose).finish());
                if matches!(tag.name(), "ul" | "ol") {
                    let mut inner = Prose::default();
                    block(source, &tag, &mut inner)?;
                    prose.join(&inner.text, tight);
                } else {
                    block(source, &tag, prose)?;
                }
            }
            Node::Start(tag) => element(source, &tag, &mut loose)?,
            Node::End | Node::Eof => break,
        }
    }
    prose.add(&loose.finish());
    Ok(())
}

/// Reads the items of a list.
fn list(source: &mut Source<'_>, marker: &str) -> Result<String, FormatError> {
    let mut items = Prose::default();
    let indent = " ".repeat(marker.len());
    loop {
        match source.next()? {
            Node::Start(_) => {
                let mut item = Prose::default();
                blocks(source, &mut item, "\n")?;
                items.join(&indented(&item.text, marker, &indent), "\n");
            }
            Node::Text(_) => {}
            Node::End | Node::Eof => return Ok(items.text),
        }
    }
}

/// Reads the rows of a table, in `thead` and `tbody` too.
fn table(source: &mut Source<'_>, rows: &mut Vec<String>) -> Result<(), FormatError> {
    loop {
        match source.next()? {
            Node::Start(tag) if tag.name() == "tr" => {
                let (row, columns) = row(source)?;
                rows.push(row);
                if rows.len() == 1 {
                    rows.push(format!("|{}", " --- |".repeat(columns)));
                }
            }
            Node::Start(_) => table(source, rows)?,
            Node::Text(_) => {}
            Node::End | Node::Eof => return Ok(()),
        }
    }
}

/// Reads the cells of a row. Also returns how many there are.
fn row(source: &mut Source<'_>) -> Result<(String, usize), FormatError> {
    let (mut row, mut columns) = ("|".to_owned(), 0);
    loop {
        match source.next()? {
            Node::Start(_) => {
                let cell = line(source)?.replace('|', "\\|");
                row += &format!(" {cell} |");
                columns += 1;
            }
            Node::Text(_) => {}
            Node::End | Node::Eof => return Ok((row, columns)),
        }
    }
}

/// Reads text with its white space, up to the end of the element.
fn verbatim(source: &mut Source<'_>) -> Result<String, FormatError> {
    let mut out = String::new();
    let mut depth = 0_u32;
    loop {
        match source.next()? {
            Node::Text(text) => out.push_str(&text),
            Node::Start(_) => depth += 1,
            Node::End if depth > 0 => depth -= 1,
            Node::End | Node::Eof => return Ok(out),
        }
    }
}

/// Reads text and elements in it, up to the end of the element.
fn inline(source: &mut Source<'_>, out: &mut Inline) -> Result<(), FormatError> {
    loop {
        match source.next()? {
            Node::Text(text) => out.text(&text),
            Node::Start(tag) => element(source, &tag, out)?,
            Node::End | Node::Eof => return Ok(()),
        }
    }
}

/// Reads an element within a line.
fn element(source: &mut Source<'_>, tag: &Tag<'_>, out: &mut Inline) -> Result<(), FormatError> {
    let attribute = |source: &Source<'_>, wanted: &str| {
        let mut found = None;
        source.attributes(tag, |name, value| {
            if name == wanted {
                found = Some(value.to_owned());
            }
            Ok(())
        })?;
        Ok::<_, FormatError>(found)
    };
    match tag.name() {
        "em" | "i" => out.marked(source, "*"),
        "strong" | "b" => out.marked(source, "**"),
        "q" => out.marked(source, "\""),
        "sub" => out.marked(source, "~"),
        "sup" => out.marked(source, "^"),
        "code" => {
            let text = verbatim(source)?;
            out.code(&text);
            Ok(())
        }
        "a" => {
            let href = attribute(source, "href")?.unwrap_or_default();
            let title = attribute(source, "title")?;
            out.raw("[");
            let inner = line(source)?;
            out.raw(&format!(
                "{inner}]({}{})",
                destination(&href),
                titled(title)
            ));
            Ok(())
        }
        "img" => {
            let src = attribute(source, "src")?.unwrap_or_default();
            let alt = attribute(source, "alt")?.unwrap_or_default();
            let title = attribute(source, "title")?;
            verbatim(source)?;
            out.raw(&format!("![{alt}]({}{})", destination(&src), titled(title)));
            Ok(())
        }
        "insert" => {
            let kind = attribute(source, "type")?.unwrap_or_else(|| "param".to_owned());
            let id = attribute(source, "id-ref")?;
            // Until the first release of OSCAL.
            let id = id.map_or_else(|| attribute(source, "param-id"), |id| Ok(Some(id)))?;
            verbatim(source)?;
            out.raw(&format!(
                "{{{{ insert: {kind}, {} }}}}",
                id.unwrap_or_default()
            ));
            Ok(())
        }
        "br" => {
            verbatim(source)?;
            out.text(" ");
            Ok(())
        }
        _ => {
            // A paragraph in a line, or something unknown: its text counts.
            out.text(" ");
            inline(source, out)?;
            out.text(" ");
            Ok(())
        }
    }
}

/// Text in one line.
#[derive(Default)]
struct Inline {
    out: String,
    /// White space that becomes a space before the next text.
    is_open: bool,
}

impl Inline {
    /// Appends text, escaped, with single spaces.
    fn text(&mut self, text: &str) {
        let mut rest = text;
        while !rest.is_empty() {
            let is_space_byte = |byte: u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
            let word = rest.bytes().position(is_space_byte).unwrap_or(rest.len());
            if word > 0 {
                self.space();
                push_escaped(&mut self.out, &rest[..word]);
            }
            let after = rest[word..].trim_start_matches(is_space);
            self.is_open |= after.len() < rest.len() - word;
            rest = after;
        }
    }

    /// Appends Markdown.
    fn raw(&mut self, text: &str) {
        self.space();
        self.out.push_str(text);
    }

    fn space(&mut self) {
        if std::mem::take(&mut self.is_open) && !self.out.is_empty() {
            self.out.push(' ');
        }
    }

    /// Reads an element and appends its text between marks. White space at its ends goes outside,
    /// since a mark next to white space is none.
    fn marked(&mut self, source: &mut Source<'_>, mark: &str) -> Result<(), FormatError> {
        let mut inner = Self::default();
        // A letter in front shows whether white space comes first.
        inner.out.push('x');
        inline(source, &mut inner)?;
        let text = &inner.out[1..];
        let trimmed = text.trim_start_matches(' ');
        if trimmed.is_empty() {
            self.is_open |= inner.is_open;
            return Ok(());
        }
        self.is_open |= trimmed.len() < text.len();
        self.raw(&format!("{mark}{trimmed}{mark}"));
        self.is_open = inner.is_open;
        Ok(())
    }

    fn code(&mut self, text: &str) {
        let words: Vec<_> = text
            .split(is_space)
            .filter(|word| !word.is_empty())
            .collect();
        let text = words.join(" ");
        if text.is_empty() {
            return;
        }
        let fence = fence(&text, 1);
        // A backtick at an end needs a space, which CommonMark takes away again.
        let pad = if text.starts_with('`') || text.ends_with('`') {
            " "
        } else {
            ""
        };
        self.raw(&format!("{fence}{pad}{text}{pad}{fence}"));
    }

    fn finish(self) -> String {
        self.out
    }
}

/// Appends a word with what would be markup escaped.
fn push_escaped(out: &mut String, word: &str) {
    let is_special = |byte: u8| matches!(byte, b'`' | b'~' | b'^' | b'*' | b'"' | b'\\');
    let mut rest = word;
    while let Some(at) = rest.bytes().position(is_special) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        let next = special.as_bytes().get(1);
        if special.as_bytes()[0] != b'\\' || next.is_some_and(u8::is_ascii_punctuation) {
            out.push('\\');
        }
        out.push_str(&special[..1]);
        rest = &special[1..];
    }
    out.push_str(rest);
}

/// Backticks that do not end within the text: at least `least`.
fn fence(text: &str, least: usize) -> String {
    let runs = text.split(|c| c != '`').map(str::len);
    let longest = runs.max().unwrap_or(0);
    let count = if longest < least { least } else { longest + 1 };
    "`".repeat(count)
}

/// Where a link goes. White space and unpaired brackets would end it.
fn destination(href: &str) -> String {
    let href = href.trim_matches(is_space);
    if href.contains(|c: char| is_space(c) || matches!(c, '(' | ')' | '<' | '>')) {
        let escape = |c: char| match c {
            ' ' | '\t' | '\n' | '\r' => "%20".to_owned(),
            '(' => "%28".to_owned(),
            ')' => "%29".to_owned(),
            '<' => "%3C".to_owned(),
            '>' => "%3E".to_owned(),
            other => other.to_string(),
        };
        return href.chars().map(escape).collect();
    }
    href.to_owned()
}

fn titled(title: Option<String>) -> String {
    match title {
        Some(title) => format!(" \"{}\"", title.replace('"', "\\\"")),
        None => String::new(),
    }
}

/// The lines with `first` before the first one and `other` before the others, unless they are empty.
fn indented(text: &str, first: &str, other: &str) -> String {
    let mut out = String::new();
    for (number, line) in text.split('\n').enumerate() {
        let prefix = if number == 0 { first } else { other };
        if number > 0 {
            out.push('\n');
        }
        out.push_str(if line.is_empty() {
            prefix.trim_end()
        } else {
            prefix
        });
        out.push_str(line);
    }
    out
}
