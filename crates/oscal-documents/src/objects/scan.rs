//! The scan that finds the objects and references of a document.

use std::collections::HashMap;
use std::convert::Infallible;

use uuid::Uuid;

use crate::control::substitution::insert::Insert;
use crate::document::model::Model;
use crate::json::cursor::{Cursor, Span};
use crate::objects::record::{Mention, Record};

/// The most references that are indexed of a document. SP 800-53 has 20,000.
const MAX_REFERENCES: usize = 1_000_000;

/// Members that name an object, the best first.
const TITLES: [&str; 12] = [
    "title",
    "name",
    "full-name",
    "control-id",
    "statement-id",
    "filename",
    "short-name",
    "description",
    "prose",
    "text",
    "statement",
    "remarks",
];

/// What a scan finds, in document order.
#[derive(Default)]
pub(super) struct Scan<'t> {
    text: &'t str,
    pub(super) objects: Vec<Record>,
    pub(super) references: Vec<Mention>,
    pub(super) members: Vec<Box<str>>,
    pub(super) imports: Vec<(u16, Span)>,
    numbers: HashMap<Box<str>, u16>,
}

/// What an object says of itself while its members are read.
#[derive(Default)]
struct Own {
    id: Option<Span>,
    title: Option<(usize, Span)>,
    /// The name and the value of a property.
    name: Option<Span>,
    value: Option<Span>,
}

impl<'t> Scan<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let mut scan = Self {
            text,
            ..Self::default()
        };
        let Ok(()) = Cursor::new(text).object(|cursor, name| {
            if Model::from_root_key(name).is_some() {
                scan.object(cursor, name, 0);
            }
            Ok::<_, Infallible>(())
        });
        scan.drop_nameless();
        scan
    }

    /// Reads an object that the member `member` holds or lists, within the object `outer`.
    fn object(&mut self, cursor: &mut Cursor<'t>, member: &str, outer: u32) {
        let start = cursor.offset();
        // Reserve the place first: an object comes before those in it.
        let at = self.objects.len();
        let owner = index(at);
        let number = self.number(member);
        self.objects.push(Record {
            outer,
            member: number,
            ..Record::default()
        });
        let mut own = Own::default();
        let Ok(()) = cursor.object(|cursor, name| {
            match cursor.peek() {
                b'{' => self.object(cursor, name, owner),
                b'[' => self.array(cursor, name, owner),
                b'"' => {
                    let span = cursor.skip();
                    own.take(name, span);
                    self.string(member, name, span, owner);
                }
                _ => {}
            }
            Ok::<_, Infallible>(())
        });
        if member == "props" {
            self.property(&own, owner);
        }
        let record = &mut self.objects[at];
        record.id = own.id.unwrap_or_default();
        record.title = own.title.map(|(_, span)| span).unwrap_or_default();
        record.span = Span::new(start, cursor.offset());
    }

    /// Drops the objects without an id. What was in them, or mentioned by them, goes to the object
    /// around them.
    fn drop_nameless(&mut self) {
        let mut kept: Vec<u32> = Vec::with_capacity(self.objects.len());
        let mut named = Vec::new();
        for (at, record) in self.objects.iter().enumerate() {
            if at > 0 && record.id.is_empty() {
                kept.push(kept[record.outer as usize]);
                continue;
            }
            kept.push(index(named.len()));
            let outer = kept[record.outer as usize];
            named.push(Record { outer, ..*record });
        }
        self.objects = named;
        for mention in &mut self.references {
            mention.owner = kept[mention.owner as usize];
        }
        self.references.sort_by_key(|mention| mention.id);
        self.references.shrink_to_fit();
    }

    fn array(&mut self, cursor: &mut Cursor<'t>, name: &str, owner: u32) {
        let Ok(()) = cursor.array(|cursor| {
            match cursor.peek() {
                b'{' => self.object(cursor, name, owner),
                b'[' => self.array(cursor, name, owner),
                b'"' => {
                    let span = cursor.skip();
                    self.string("", name, span, owner);
                }
                _ => {}
            }
            Ok::<_, Infallible>(())
        });
    }

    /// Notes what a string refers to. `holder` is the member that holds the string's object.
    fn string(&mut self, holder: &str, name: &str, span: Span, owner: u32) {
        let text = span.of(self.text);
        if name == "source" && holder == "control-implementations" {
            let member = self.number(name);
            self.imports.push((member, span));
        } else if name == "href" {
            if holder.starts_with("import") || holder.ends_with("-resource") {
                let member = self.number(holder);
                self.imports.push((member, span));
            }
            if text.starts_with("\"#") {
                self.mention(span, owner, name);
            }
        } else if is_reference(name) {
            self.mention(span, owner, name);
        } else if text.contains("(#") || text.contains("{{") {
            self.prose(span, owner);
        }
    }

    /// Notes the links and the parameters in prose.
    fn prose(&mut self, span: Span, owner: u32) {
        let text = span.of(self.text);
        let start = span.start() as usize;
        let mut from = 0;
        while let Some(at) = text[from..].find("(#") {
            let link = from + at + 2;
            let Some(end) = text[link..].find(')').map(|end| link + end) else {
                break;
            };
            self.mention(Span::new(start + link, start + end), owner, "link");
            from = end;
        }
        let mut from = 0;
        while let Some(insert) = Insert::first_in(&text[from..]) {
            let Some(at) = insert.verbatim.find(insert.id) else {
                break;
            };
            let id = start + from + insert.start + at;
            self.mention(Span::new(id, id + insert.id.len()), owner, "insert");
            from += insert.end;
        }
    }

    /// A property refers to something if its value is a uuid, or its name says that it is an id of
    /// a control.
    fn property(&mut self, own: &Own, owner: u32) {
        let (Some(name), Some(value)) = (own.name, own.value) else {
            return;
        };
        let name = name.of(self.text).trim_matches('"');
        let is_uuid = Uuid::try_parse(value.of(self.text).trim_matches('"')).is_ok();
        if is_uuid || name.ends_with("control-id") {
            self.mention(value, owner, name);
        }
    }

    fn mention(&mut self, id: Span, owner: u32, member: &str) {
        if self.references.len() < MAX_REFERENCES && !id.is_empty() {
            let member = self.number(member);
            self.references.push(Mention { id, owner, member });
        }
    }

    /// The number of a member's name.
    fn number(&mut self, member: &str) -> u16 {
        if let Some(number) = self.numbers.get(member) {
            return *number;
        }
        let Ok(number) = u16::try_from(self.members.len()) else {
            return u16::MAX;
        };
        self.members.push(member.into());
        self.numbers.insert(member.into(), number);
        number
    }
}

impl Own {
    fn take(&mut self, name: &str, span: Span) {
        match name {
            "uuid" => self.id = Some(span),
            "id" => self.id = self.id.or(Some(span)),
            "value" => self.value = Some(span),
            _ => {}
        }
        if name == "name" {
            self.name = Some(span);
        }
        if let Some(rank) = TITLES.iter().position(|title| *title == name)
            && self.title.is_none_or(|(best, _)| rank < best)
        {
            self.title = Some((rank, span));
        }
    }
}

/// Whether a string member of this name, or the strings that it lists, are ids of objects.
fn is_reference(name: &str) -> bool {
    let listed = name.strip_suffix('s').unwrap_or(name);
    name == "member-of-organizations"
        || ((listed.ends_with("-id") || listed.ends_with("-uuid")) && name != "system-id")
        || listed == "id-ref"
}

fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
