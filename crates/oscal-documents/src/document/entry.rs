//! What users look for besides controls: components, implemented requirements, findings and so on,
//! with their titles and descriptions.

use crate::document::element::SetParameter;
use crate::document::entry_kind::EntryKind;
use crate::document::error::DocumentError;
use crate::json::cursor::{Cursor, Span, decoded, find};
use crate::json::too_many::TooMany;

/// The document itself or something described in it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) kind: EntryKind,
    /// The uuid.
    pub(crate) id: Box<str>,
    pub(crate) title: Box<str>,
    /// The control that an implemented requirement is about.
    pub(crate) control: Option<Box<str>>,
    /// The span of its object; empty for the document.
    pub(crate) span: Span,
    /// The entry that this one is in.
    parent: u32,
    /// Spans of strings with prose.
    prose: Vec<Span>,
    /// Ids and spans of the parameters that it sets, sorted.
    set_parameters: Vec<(Box<str>, Span)>,
}

impl Entry {
    fn new(kind: EntryKind, parent: u32) -> Self {
        Self {
            kind,
            id: Box::default(),
            title: Box::default(),
            control: None,
            span: Span::default(),
            parent,
            prose: Vec::new(),
            set_parameters: Vec::new(),
        }
    }

    /// Titles within the entry, descriptions and remarks, one per line.
    pub(crate) fn prose(&self, text: &str) -> String {
        let strings: Vec<_> = self.prose.iter().map(|s| decoded(s.of(text))).collect();
        strings.join("\n")
    }
}

/// The entries of a document; the first one is the document.
#[derive(Debug)]
pub(crate) struct Entries(Vec<Entry>);

impl Entries {
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Entry> {
        self.0.iter()
    }

    pub(crate) fn at(&self, number: usize) -> &Entry {
        &self.0[number]
    }

    /// The entry around this one; for the document, the document itself.
    pub(crate) fn outer(&self, entry: &Entry) -> &Entry {
        self.at(entry.parent as usize)
    }

    /// The entry's own title, or else what it is about and where it is.
    pub(crate) fn title(&self, entry: &Entry) -> String {
        if entry.title.is_empty() {
            let about = entry.control.as_deref().unwrap_or(entry.kind.name());
            format!("{}: {about}", self.outer_title(entry))
        } else {
            entry.title.as_ref().to_owned()
        }
    }

    /// The values of a parameter as set by the entry, or else by the entries around it.
    pub(crate) fn values(&self, entry: &Entry, param: &str, text: &str) -> Option<Vec<String>> {
        let mut entry = entry;
        loop {
            if let Some(span) = find(&entry.set_parameters, param) {
                let set: SetParameter = serde_json::from_str(span.of(text)).ok()?;
                return Some(set.values);
            }
            if entry.kind == EntryKind::Document {
                return None;
            }
            entry = self.outer(entry);
        }
    }

    /// The title of the innermost entry around this one that has one.
    pub(crate) fn outer_title(&self, entry: &Entry) -> &str {
        let mut outer = self.outer(entry);
        while outer.title.is_empty() && outer.kind != EntryKind::Document {
            outer = self.outer(outer);
        }
        &outer.title
    }
}

/// Indexes of entries and ids of the controls that they name, sorted.
pub(crate) type References = Vec<(u32, String)>;

/// Collects the entries while a document's text is scanned.
pub(crate) struct EntriesBuilder {
    entries: Vec<Entry>,
    references: References,
}

impl EntriesBuilder {
    pub(crate) fn new() -> Self {
        Self {
            entries: vec![Entry::new(EntryKind::Document, 0)],
            references: Vec::new(),
        }
    }

    /// Takes a member of the document's root object.
    pub(crate) fn member(
        &mut self,
        cursor: &mut Cursor<'_>,
        name: &str,
    ) -> Result<(), DocumentError> {
        self.member_of(0, cursor, name)
    }

    /// The entries, with the document's own identity. Also the sorted indexes of entries, with the
    /// ids of the controls that they name.
    pub(crate) fn finish(mut self, id: &str, title: &str) -> (Entries, References) {
        self.entries[0].id = id.into();
        self.entries[0].title = title.into();
        for entry in &mut self.entries {
            entry.prose.shrink_to_fit();
            entry.set_parameters.sort_by(|a, b| a.0.cmp(&b.0));
        }
        self.entries.shrink_to_fit();
        self.references.sort();
        (Entries(self.entries), self.references)
    }

    /// Adds the prose of a member to the entry `owner`, and the entries within it to the list.
    fn member_of(
        &mut self,
        owner: u32,
        cursor: &mut Cursor<'_>,
        name: &str,
    ) -> Result<(), DocumentError> {
        match (cursor.peek(), name) {
            (_, "props" | "links") => Ok(()),
            (_, "set-parameters") => cursor.array(|cursor| self.set_parameter(owner, cursor)),
            (b'{', _) => cursor.object(|cursor, name| self.member_of(owner, cursor, name)),
            (b'[', _) => {
                let kind = EntryKind::of_member(name);
                cursor.array(|cursor| match (kind, cursor.peek()) {
                    (Some(kind), b'{') => self.entry(kind, owner, cursor),
                    _ => self.member_of(owner, cursor, ""),
                })
            }
            (b'"', "control-id" | "id-ref") => {
                let control = cursor.string().unwrap_or_default();
                self.references.push((owner, control));
                Ok(())
            }
            (
                b'"',
                "title" | "description" | "purpose" | "remarks" | "prose" | "statement"
                | "rationale" | "caveats",
            ) => {
                self.entries[owner as usize].prose.push(cursor.skip());
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Takes a parameter that `owner` sets, with its constraints and guidelines as prose.
    fn set_parameter(&mut self, owner: u32, cursor: &mut Cursor<'_>) -> Result<(), DocumentError> {
        let start = cursor.offset();
        let mut id = None;
        cursor.object(|cursor, name| match name {
            "param-id" => {
                id = cursor.string();
                Ok(())
            }
            "constraints" | "guidelines" => self.member_of(owner, cursor, name),
            _ => Ok(()),
        })?;
        if let Some(id) = id {
            let set = &mut self.entries[owner as usize].set_parameters;
            TooMany::if_full(set, "param-id")?;
            set.push((id.into(), Span::new(start, cursor.offset())));
        }
        Ok(())
    }

    fn entry(
        &mut self,
        kind: EntryKind,
        parent: u32,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), DocumentError> {
        TooMany::if_full(&self.entries, "components and other entries")?;
        let at = self.entries.len();
        let number = u32::try_from(at).unwrap_or(u32::MAX);
        let start = cursor.offset();
        self.entries.push(Entry::new(kind, parent));
        cursor.object(|cursor, name| {
            match (cursor.peek(), name) {
                (b'"', "uuid") => self.entries[at].id = text(cursor),
                (b'"', "title") => self.entries[at].title = text(cursor),
                (b'"', "control-id") => {
                    let control = text(cursor);
                    self.references.push((number, control.clone().into()));
                    self.entries[at].control = Some(control);
                }
                _ => self.member_of(number, cursor, name)?,
            }
            Ok::<_, DocumentError>(())
        })?;
        self.entries[at].span = Span::new(start, cursor.offset());
        Ok(())
    }
}

fn text(cursor: &mut Cursor<'_>) -> Box<str> {
    cursor.string().unwrap_or_default().into()
}
