//! XML as events: well-formed, with namespaces, without document type and entities.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::name::{Namespace, NamespaceResolver, ResolveResult};

use crate::formats::error::FormatError;

/// The namespace of all versions of OSCAL since 1.0.0.
const OSCAL: Namespace<'static> = Namespace("http://csrc.nist.gov/ns/oscal/1.0");

/// The deepest nesting of elements, as in JSON.
const MAX_DEPTH: usize = 100;

/// The most attributes of an element. OSCAL has up to 8.
const MAX_ATTRIBUTES: usize = 100;

/// XML text as events.
pub(super) struct Source<'t> {
    text: &'t str,
    reader: Reader<&'t [u8]>,
    names: NamespaceResolver,
    /// The open elements: whether they declare namespaces.
    open: Vec<bool>,
    /// The namespaces of the element that has just ended are dropped at the next event.
    is_ended: bool,
    has_root: bool,
}

pub(super) enum Node<'t> {
    Start(Tag<'t>),
    End,
    /// A piece of text; more may follow.
    Text(Cow<'t, str>),
    Eof,
}

/// The start of an element.
pub(super) struct Tag<'t> {
    start: BytesStart<'t>,
    /// Whether it is in OSCAL's namespace.
    pub(super) is_oscal: bool,
    /// Where it begins.
    pub(super) offset: usize,
}

impl Tag<'_> {
    /// The name without prefix.
    pub(super) fn name(&self) -> &str {
        self.start.local_name().into_inner()
    }

    /// The name as it is written.
    pub(super) fn full_name(&self) -> &str {
        self.start.name().into_inner()
    }
}

impl<'t> Source<'t> {
    /// # Errors
    ///
    /// The text has a character that XML does not allow.
    pub(super) fn new(text: &'t str) -> Result<Self, FormatError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if let Some(at) = text.find(|c| !is_allowed(c)) {
            let message = "a control character, which XML does not allow";
            return Err(FormatError::at(message, text, at));
        }
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Ok(Self {
            text,
            reader,
            names: NamespaceResolver::default(),
            open: Vec::new(),
            is_ended: false,
            has_root: false,
        })
    }

    /// The next event. Comments and processing instructions are passed over.
    pub(super) fn next(&mut self) -> Result<Node<'t>, FormatError> {
        if std::mem::take(&mut self.is_ended) {
            self.names.pop();
        }
        loop {
            let offset = self.offset();
            let event = self.reader.read_event().map_err(|error| {
                let at = usize::try_from(self.reader.error_position()).unwrap_or(usize::MAX);
                self.error(format!("not well-formed: {error}"), at)
            })?;
            match event {
                Event::Start(start) | Event::Empty(start) => return self.start(start, offset),
                Event::End(_) => {
                    self.is_ended = self.open.pop() == Some(true);
                    return Ok(Node::End);
                }
                Event::Text(text) => {
                    let text = text.xml10_content();
                    if !self.open.is_empty() {
                        return Ok(Node::Text(text));
                    }
                    if let Some(at) = text.find(|c| !is_space(c)) {
                        return Err(self.error("text outside the root element", offset + at));
                    }
                }
                Event::CData(text) if !self.open.is_empty() => {
                    return Ok(Node::Text(text.xml10_content()));
                }
                Event::GeneralRef(reference) if !self.open.is_empty() => {
                    return Ok(Node::Text(self.resolved(&reference, offset)?));
                }
                Event::CData(_) | Event::GeneralRef(_) => {
                    return Err(self.error("text outside the root element", offset));
                }
                Event::Decl(declaration) => self.declaration(&declaration, offset)?,
                Event::DocType(_) => {
                    let message = "a document type declaration, which is not read; remove it";
                    return Err(self.error(message, offset));
                }
                Event::Comment(_) | Event::PI(_) => {}
                Event::Eof if !self.open.is_empty() => {
                    return Err(self.error("the text ends within an element", offset));
                }
                Event::Eof if !self.has_root => {
                    return Err(self.error("no element", offset));
                }
                Event::Eof => return Ok(Node::Eof),
            }
        }
    }

    /// Where the next event begins.
    pub(super) fn offset(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }

    pub(super) fn error(&self, message: impl Into<String>, offset: usize) -> FormatError {
        FormatError::at(message, self.text, offset)
    }

    /// Gives each attribute's name and value to `take`, except for namespaces and what tells
    /// readers of XML about the document.
    pub(super) fn attributes(
        &self,
        tag: &Tag<'_>,
        mut take: impl FnMut(&str, &str) -> Result<(), String>,
    ) -> Result<(), FormatError> {
        let error = |message: String| self.error(message, tag.offset);
        for attribute in tag.start.attributes() {
            let attribute =
                attribute.map_err(|cause| error(format!("not well-formed: {cause}")))?;
            let name = attribute.key;
            if name.as_namespace_binding().is_some() {
                continue;
            }
            let (namespace, local) = self.names.resolve_attribute(name);
            let name = match namespace {
                ResolveResult::Unbound => local.into_inner(),
                ResolveResult::Bound(Namespace(uri)) if is_about_xml(uri) => continue,
                ResolveResult::Bound(_) => name.into_inner(),
                ResolveResult::Unknown(prefix) => {
                    return Err(error(format!("the prefix `{prefix:.40}` is not declared")));
                }
            };
            let value = value(&attribute).map_err(error)?;
            take(name, &value).map_err(error)?;
        }
        Ok(())
    }

    fn start(&mut self, start: BytesStart<'t>, offset: usize) -> Result<Node<'t>, FormatError> {
        if self.open.len() == MAX_DEPTH {
            let message = format!("nested deeper than {MAX_DEPTH} levels");
            return Err(self.error(message, offset));
        }
        if self.open.is_empty() && std::mem::replace(&mut self.has_root, true) {
            return Err(self.error("a second root element", offset));
        }
        let raw = start.attributes_raw();
        // Each takes four bytes or more.
        if raw.len() > 4 * MAX_ATTRIBUTES {
            let mut attributes = start.attributes();
            let attributes = attributes.with_checks(false).take(MAX_ATTRIBUTES + 1);
            if attributes.count() > MAX_ATTRIBUTES {
                let message = format!("an element with more than {MAX_ATTRIBUTES} attributes");
                return Err(self.error(message, offset));
            }
        }
        let declares = raw.contains("xmlns");
        if declares {
            let pushed = self.names.push(&start);
            pushed.map_err(|error| self.error(error.to_string(), offset))?;
        }
        self.open.push(declares);
        let is_oscal = match self.names.resolve_element(start.name()).0 {
            ResolveResult::Bound(namespace) => namespace == OSCAL,
            ResolveResult::Unbound => false,
            ResolveResult::Unknown(prefix) => {
                let message = format!("the prefix `{prefix:.40}` is not declared");
                return Err(self.error(message, offset));
            }
        };
        Ok(Node::Start(Tag {
            start,
            is_oscal,
            offset,
        }))
    }

    fn declaration(&self, given: &BytesDecl<'_>, offset: usize) -> Result<(), FormatError> {
        if offset > 0 {
            return Err(self.error("an XML declaration that is not at the start", offset));
        }
        let encoding = match given.encoding() {
            None => return Ok(()),
            Some(Ok(encoding)) => encoding,
            Some(Err(error)) => return Err(self.error(error.to_string(), offset)),
        };
        let read = ["utf-8", "us-ascii", "ascii"];
        if read.iter().any(|name| encoding.eq_ignore_ascii_case(name)) {
            return Ok(());
        }
        let message = format!("the encoding is `{encoding:.40}`; save it as UTF-8");
        Err(self.error(message, offset))
    }

    /// The character that a reference stands for.
    fn resolved(
        &self,
        reference: &BytesRef<'t>,
        offset: usize,
    ) -> Result<Cow<'t, str>, FormatError> {
        if let Some(character) = reference.resolve_char_ref().ok().flatten() {
            if is_allowed(character) {
                return Ok(Cow::Owned(character.to_string()));
            }
        } else if let Some(text) = resolve_xml_entity(reference) {
            return Ok(Cow::Borrowed(text));
        }
        let message = format!(
            "`&{:.40};`, which is neither a character nor one of the five entities of XML",
            &**reference
        );
        Err(self.error(message, offset))
    }
}

/// The value of an attribute.
fn value<'a>(attribute: &Attribute<'a>) -> Result<Cow<'a, str>, String> {
    let value = attribute
        .normalized_value_with(XmlVersion::Implicit1_0, 1, resolve_xml_entity)
        .map_err(|error| error.to_string())?;
    if value.chars().all(is_allowed) {
        Ok(value)
    } else {
        Err("a character in an attribute that XML does not allow".to_owned())
    }
}

/// Whether attributes of a namespace say nothing about OSCAL: `xml:lang`, `xsi:schemaLocation`.
fn is_about_xml(namespace: &str) -> bool {
    matches!(
        namespace,
        "http://www.w3.org/XML/1998/namespace" | "http://www.w3.org/2001/XMLSchema-instance"
    )
}

/// XML 1.0 section 2.2.
fn is_allowed(c: char) -> bool {
    c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}') || matches!(c, '\t' | '\n' | '\r')
}

/// White space as in XML 1.0 section 2.3.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}
