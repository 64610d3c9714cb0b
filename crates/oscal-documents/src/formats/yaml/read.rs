//! Reads YAML into OSCAL's JSON form, in one pass.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, StrInput, Tag};

use crate::formats::error::FormatError;
use crate::formats::facts::{Definition, Facts, Kind, Scalar};
use crate::formats::json_text::push_string;
use crate::formats::yaml::scalar::Plain;

/// The deepest nesting, as in JSON.
const MAX_DEPTH: u32 = 100;

/// The most bytes of JSON that aliases may stand for.
const MAX_ALIAS_BYTES: usize = 8 << 20;

/// How many names of a mapping are compared one by one.
const FEW: usize = 16;

/// The JSON form of a YAML document.
///
/// # Errors
///
/// The text is not YAML, has a name twice in a mapping, a name that is no scalar, a tag or a value
/// that JSON does not have, several documents, or more nesting or aliases than is read.
pub(crate) fn to_json(text: &str) -> Result<String, FormatError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
        at: Marker::default(),
        facts: Facts::get(),
        out: String::with_capacity(text.len()),
        depth: 0,
        deepest: 0,
        anchors: HashMap::new(),
        alias_bytes: 0,
    };
    reader.document()?;
    Ok(reader.out)
}

struct Reader<'t> {
    parser: Parser<'t, StrInput<'t>>,
    /// Where the last event begins.
    at: Marker,
    facts: &'static Facts,
    out: String,
    depth: u32,
    /// The deepest nesting since the outermost open anchor.
    deepest: u32,
    anchors: HashMap<usize, Anchored>,
    /// What aliases have stood for so far.
    alias_bytes: usize,
}

/// A value with an anchor: its place in the JSON and how deep it is.
#[derive(Clone, Copy)]
struct Anchored {
    start: usize,
    end: usize,
    height: u32,
}

/// What a value is, if the models say so.
#[derive(Clone, Copy)]
enum Place {
    Unknown,
    Value(Scalar),
    Object(&'static Definition),
}

impl<'t> Reader<'t> {
    fn document(&mut self) -> Result<(), FormatError> {
        let mut documents = 0;
        loop {
            match self.next()? {
                Event::DocumentStart(_) => {
                    documents += 1;
                    if documents > 1 {
                        return Err(self.error("a second YAML document in one file; split it"));
                    }
                    let event = self.next()?;
                    self.node(event, Place::Object(self.facts.document()))?;
                }
                Event::StreamEnd if documents == 0 => return Err(self.error("no YAML document")),
                Event::StreamEnd => return Ok(()),
                _ => {}
            }
        }
    }

    fn next(&mut self) -> Result<Event<'t>, FormatError> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => {
                self.at = span.start;
                Ok(event)
            }
            Some(Err(error)) => Err(not_yaml(&error)),
            None => Ok(Event::StreamEnd),
        }
    }

    fn node(&mut self, event: Event<'t>, place: Place) -> Result<(), FormatError> {
        let (anchor, start, outer) = (anchor_of(&event), self.out.len(), self.deepest);
        self.deepest = self.depth;
        match event {
            Event::Scalar(text, style, _, tag) => {
                self.scalar(&text, style, tag.as_deref(), place)?;
            }
            Event::SequenceStart(_, tag) => {
                self.collection(tag.as_deref(), "seq")?;
                self.sequence(place)?;
                self.depth -= 1;
            }
            Event::MappingStart(_, tag) => {
                self.collection(tag.as_deref(), "map")?;
                self.mapping(place)?;
                self.depth -= 1;
            }
            Event::Alias(id) => self.alias(id)?,
            _ => return Err(self.error("not YAML: a value is missing")),
        }
        if anchor > 0 {
            let height = self.deepest - self.depth;
            let end = self.out.len();
            self.anchors.insert(anchor, Anchored { start, end, height });
        }
        self.deepest = self.deepest.max(outer);
        Ok(())
    }

    fn collection(&mut self, tag: Option<&Tag>, kind: &str) -> Result<(), FormatError> {
        if let Some(tag) = tag.filter(|tag| !(tag.is_yaml_core_schema() && tag.suffix == kind)) {
            return Err(self.unknown_tag(tag));
        }
        self.enter(1)
    }

    /// Goes deeper, if that is allowed.
    fn enter(&mut self, levels: u32) -> Result<(), FormatError> {
        if self.depth + levels > MAX_DEPTH {
            return Err(self.error(format!("nested deeper than {MAX_DEPTH} levels")));
        }
        self.depth += levels;
        self.deepest = self.deepest.max(self.depth);
        Ok(())
    }

    fn sequence(&mut self, place: Place) -> Result<(), FormatError> {
        self.out.push('[');
        let mut is_first = true;
        loop {
            match self.next()? {
                Event::SequenceEnd => break,
                event => {
                    if !std::mem::take(&mut is_first) {
                        self.out.push(',');
                    }
                    self.node(event, place)?;
                }
            }
        }
        self.out.push(']');
        Ok(())
    }

    fn mapping(&mut self, place: Place) -> Result<(), FormatError> {
        self.out.push('{');
        let mut names = Names::default();
        loop {
            let name = match self.next()? {
                Event::MappingEnd => break,
                Event::Scalar(name, ..) => name,
                _ => return Err(self.error("a name that is not plain text")),
            };
            if !names.is_empty() {
                self.out.push(',');
            }
            push_string(&mut self.out, &name);
            self.out.push(':');
            let of = self.member(place, &name);
            if !names.add(name) {
                return Err(self.error("a name that is there twice"));
            }
            let event = self.next()?;
            self.node(event, of)?;
        }
        self.out.push('}');
        Ok(())
    }

    /// What a member of an object is.
    fn member(&self, place: Place, name: &str) -> Place {
        let Place::Object(definition) = place else {
            return Place::Unknown;
        };
        match definition.member(name) {
            Some(Kind::Object(number)) => Place::Object(self.facts.definition(number)),
            Some(Kind::Scalar(of)) => Place::Value(of),
            None => Place::Unknown,
        }
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        place: Place,
    ) -> Result<(), FormatError> {
        let plain = match tag {
            // `!` alone means text.
            Some(tag) if tag.handle.is_empty() && tag.suffix == "!" => Plain::Text,
            Some(tag) if tag.is_yaml_core_schema() => match (&*tag.suffix, Plain::of(text)) {
                ("str", _) => Plain::Text,
                ("null", plain @ Plain::Null)
                | ("bool", plain @ Plain::Boolean(_))
                | ("int" | "float", plain @ (Plain::Number(_) | Plain::NoNumber)) => plain,
                _ => return Err(self.unknown_tag(tag)),
            },
            Some(tag) => return Err(self.unknown_tag(tag)),
            None if style != ScalarStyle::Plain => Plain::Text,
            None => Plain::typed(
                text,
                match place {
                    Place::Value(of) => Some(of),
                    Place::Unknown | Place::Object(_) => None,
                },
            ),
        };
        match plain {
            Plain::Null => self.out.push_str("null"),
            Plain::Boolean(value) => self.out.push_str(if value { "true" } else { "false" }),
            Plain::Number(number) => self.out.push_str(&number.to_string()),
            Plain::Text => push_string(&mut self.out, text),
            Plain::NoNumber => {
                let message = format!("`{text:.40}`, a number that JSON does not have");
                return Err(self.error(message));
            }
        }
        Ok(())
    }

    /// Writes what an alias stands for.
    fn alias(&mut self, id: usize) -> Result<(), FormatError> {
        let Some(Anchored { start, end, height }) = self.anchors.get(&id).copied() else {
            return Err(self.error("an alias for what contains it"));
        };
        self.enter(height)?;
        self.depth -= height;
        self.alias_bytes += end - start;
        if self.alias_bytes > MAX_ALIAS_BYTES {
            let most = MAX_ALIAS_BYTES >> 20;
            return Err(self.error(format!("aliases for more than {most} MiB of content")));
        }
        self.out.extend_from_within(start..end);
        Ok(())
    }

    fn unknown_tag(&self, tag: &Tag) -> FormatError {
        let handle = if tag.is_yaml_core_schema() {
            "!!"
        } else {
            &tag.handle
        };
        let suffix = &tag.suffix;
        self.error(format!(
            "the tag `{handle:.40}{suffix:.40}`, which does not fit"
        ))
    }

    fn error(&self, message: impl Into<String>) -> FormatError {
        FormatError::new(message, self.at.line(), self.at.col() + 1)
    }
}

fn anchor_of(event: &Event<'_>) -> usize {
    match event {
        Event::Scalar(_, _, anchor, _)
        | Event::SequenceStart(anchor, _)
        | Event::MappingStart(anchor, _) => *anchor,
        _ => 0,
    }
}

fn not_yaml(error: &ScanError) -> FormatError {
    let at = error.marker();
    FormatError::new(
        format!("not YAML: {}", error.info()),
        at.line(),
        at.col() + 1,
    )
}

/// The names of a mapping.
#[derive(Default)]
struct Names<'t> {
    few: Vec<Cow<'t, str>>,
    many: HashSet<Cow<'t, str>>,
}

impl<'t> Names<'t> {
    fn is_empty(&self) -> bool {
        self.few.is_empty()
    }

    /// Whether the name was not there.
    fn add(&mut self, name: Cow<'t, str>) -> bool {
        if self.few.contains(&name) {
            return false;
        }
        if self.few.len() < FEW {
            self.few.push(name);
            return true;
        }
        self.many.insert(name)
    }
}
