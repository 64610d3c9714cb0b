//! Elements and attributes as members of JSON objects.

use crate::formats::error::FormatError;
use crate::formats::facts::{Child, Definition, Element, Facts, Kind, Scalar};
use crate::formats::json_text::push_string;
use crate::formats::xml::members::{Members, Twice};
use crate::formats::xml::prose::{self, Prose};
use crate::formats::xml::source::{Node, Source, Tag, is_space};
use crate::formats::xml::value::push_value;

/// Reads elements as OSCAL's models define them. What they do not define becomes members of the
/// same names, so that a validation can say so.
pub(super) struct Elements<'t> {
    source: Source<'t>,
    facts: &'static Facts,
}

impl<'t> Elements<'t> {
    pub(super) fn of(source: Source<'t>) -> Self {
        Self {
            source,
            facts: Facts::get(),
        }
    }

    /// The document as JSON.
    pub(super) fn document(mut self) -> Result<String, FormatError> {
        let mut members = Members::default();
        while let Node::Start(tag) = self.source.next()? {
            if !tag.is_oscal {
                let message = format!(
                    "not OSCAL: the root element `{:.40}` is not in the namespace \
                     http://csrc.nist.gov/ns/oscal/1.0",
                    tag.full_name()
                );
                return Err(self.source.error(message, tag.offset));
            }
            self.child(self.facts.document(), tag, &mut members, &mut None)?;
        }
        let mut json = String::new();
        members.write(&mut json);
        Ok(json)
    }

    /// Reads an element that has begun in one of this definition.
    fn child(
        &mut self,
        within: &'static Definition,
        tag: Tag<'t>,
        members: &mut Members,
        prose: &mut Option<Prose>,
    ) -> Result<(), FormatError> {
        if !tag.is_oscal {
            return self.unknown(&tag, members.any(tag.full_name()));
        }
        match within.element(tag.name()) {
            Some(Element::Child(child)) => self.value(child, &tag, members),
            Some(Element::Wrapper(child)) => self.wrapper(child, members),
            None if within.prose().is_some() && prose::is_block(tag.name()) => {
                let prose = prose.get_or_insert_default();
                prose::block(&mut self.source, &tag, prose)
            }
            None => self.unknown(&tag, members.any(tag.name())),
        }
    }

    fn value(
        &mut self,
        child: &'static Child,
        tag: &Tag<'t>,
        members: &mut Members,
    ) -> Result<(), FormatError> {
        let place = if child.is_array {
            members.element(child.member)
        } else {
            let place = members.one(child.member);
            place.map_err(|Twice| self.twice(tag.name(), tag.offset))?
        };
        match child.of {
            Kind::Object(number) => self.object(self.facts.definition(number), tag, place),
            Kind::Scalar(of) => {
                let mut extra = Vec::new();
                self.source.attributes(tag, |name, _| {
                    extra.push(name.to_owned());
                    Ok(())
                })?;
                if let Some(name) = extra.first() {
                    let message = format!("`{name:.40}` is no attribute of `{}`", tag.name());
                    return Err(self.source.error(message, tag.offset));
                }
                self.scalar(of, place)
            }
        }
    }

    /// Reads the elements in one that JSON does not have.
    fn wrapper(&mut self, child: &'static Child, members: &mut Members) -> Result<(), FormatError> {
        loop {
            let offset = self.source.offset();
            match self.source.next()? {
                Node::Start(tag) if tag.is_oscal && child.is_called(tag.name()) => {
                    self.value(child, &tag, members)?;
                }
                Node::Start(tag) => {
                    let message = format!("`{:.40}` does not belong here", tag.full_name());
                    return Err(self.source.error(message, offset));
                }
                Node::Text(text) => self.no_text(&text, offset)?,
                Node::End | Node::Eof => return Ok(()),
            }
        }
    }

    /// Reads the rest of an element that has begun.
    fn object(
        &mut self,
        definition: &'static Definition,
        tag: &Tag<'t>,
        out: &mut String,
    ) -> Result<(), FormatError> {
        let mut members = Members::default();
        self.source.attributes(tag, |name, value| {
            let of = definition.flag(name).unwrap_or(Scalar::Text);
            let place = members.one(name.to_owned());
            let place = place.map_err(|Twice| format!("`{name:.40}` is there twice"))?;
            push_value(place, of, value);
            Ok(())
        })?;
        if let Some((member, of)) = definition.text {
            let place = members.one(member);
            let place = place.map_err(|Twice| self.twice(member, tag.offset))?;
            self.scalar(of, place)?;
        } else {
            self.children(definition, &mut members)?;
        }
        members.write(out);
        Ok(())
    }

    fn children(
        &mut self,
        definition: &'static Definition,
        members: &mut Members,
    ) -> Result<(), FormatError> {
        let mut prose = None;
        loop {
            let offset = self.source.offset();
            match self.source.next()? {
                Node::Start(tag) => self.child(definition, tag, members, &mut prose)?,
                Node::Text(text) => self.no_text(&text, offset)?,
                Node::End | Node::Eof => break,
            }
        }
        if let (Some(prose), Some(child)) = (prose, definition.prose()) {
            let place = members.one(child.member);
            let offset = self.source.offset();
            let place = place.map_err(|Twice| self.twice(child.member, offset))?;
            push_string(place, &prose.finish());
        }
        Ok(())
    }

    /// Reads the content of an element up to its end.
    fn scalar(&mut self, of: Scalar, out: &mut String) -> Result<(), FormatError> {
        match of {
            Scalar::Line => push_string(out, &prose::line(&mut self.source)?),
            Scalar::Prose => push_string(out, &prose::multiline(&mut self.source)?),
            _ => {
                let mut value = String::new();
                loop {
                    let offset = self.source.offset();
                    match self.source.next()? {
                        Node::Text(text) => value.push_str(&text),
                        Node::Start(tag) => {
                            let message = format!("`{:.40}` in a plain value", tag.full_name());
                            return Err(self.source.error(message, offset));
                        }
                        Node::End | Node::Eof => break,
                    }
                }
                push_value(out, of, &value);
            }
        }
        Ok(())
    }

    /// Reads an element that OSCAL does not define: text alone as a string, else as an object.
    fn unknown(&mut self, tag: &Tag<'t>, out: &mut String) -> Result<(), FormatError> {
        let (mut members, mut is_empty) = (Members::default(), true);
        self.source.attributes(tag, |name, value| {
            is_empty = false;
            push_string(members.any(name), value);
            Ok(())
        })?;
        let mut value = String::new();
        loop {
            match self.source.next()? {
                Node::Text(text) => value.push_str(&text),
                Node::Start(tag) => {
                    is_empty = false;
                    self.unknown(&tag, members.any(tag.full_name()))?;
                }
                Node::End | Node::Eof => break,
            }
        }
        let value = value.trim_matches(is_space);
        if is_empty {
            push_value(out, Scalar::Text, value);
        } else {
            if !value.is_empty() {
                push_value(members.any("STRVALUE"), Scalar::Text, value);
            }
            members.write(out);
        }
        Ok(())
    }

    fn no_text(&self, text: &str, offset: usize) -> Result<(), FormatError> {
        let Some(at) = text.find(|c| !is_space(c)) else {
            return Ok(());
        };
        Err(self.source.error("text between elements", offset + at))
    }

    fn twice(&self, name: &str, offset: usize) -> FormatError {
        let message = format!("`{name:.40}` is there twice");
        self.source.error(message, offset)
    }
}
