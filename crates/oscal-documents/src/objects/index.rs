//! Where the objects of a document are, and where it refers to objects.

use std::ops::Range;

use crate::json::cursor::{Span, decoded};
use crate::objects::record::{Mention, Record};
use crate::objects::scan::Scan;

/// The objects of a document that have an id, and its references, both in document order.
#[derive(Debug, Default)]
pub(crate) struct ObjectIndex {
    objects: Vec<Record>,
    references: Vec<Mention>,
    /// Hashes of ids, and indexes of objects; sorted.
    by_id: Vec<(u32, u32)>,
    /// Hashes of the ids that are referred to, and indexes of references; sorted.
    by_target: Vec<(u32, u32)>,
    /// Names of members, which records and mentions have numbers of.
    members: Vec<Box<str>>,
    /// Strings by which the document imports others.
    imports: Vec<(u16, Span)>,
}

impl ObjectIndex {
    /// Scans the compact text of a document.
    pub(crate) fn of(text: &str) -> Self {
        let scan = Scan::of(text);
        let hashed = |spans: &mut dyn Iterator<Item = Span>| {
            let hashes = spans.map(|span| hash(&decoded_id(span, text)));
            let mut hashed: Vec<_> = hashes.zip(0..).collect();
            hashed.sort_unstable();
            hashed
        };
        Self {
            by_id: hashed(&mut scan.objects.iter().map(|record| record.id)),
            by_target: hashed(&mut scan.references.iter().map(|mention| mention.id)),
            objects: scan.objects,
            references: scan.references,
            members: scan.members,
            imports: scan.imports,
        }
    }

    pub(super) fn objects(&self) -> &[Record] {
        &self.objects
    }

    pub(super) fn member(&self, number: u16) -> &str {
        self.members
            .get(usize::from(number))
            .map_or("", AsRef::as_ref)
    }

    /// The objects with this id, in any case and in document order.
    pub(super) fn with_id<'i>(
        &'i self,
        id: &'i str,
        text: &'i str,
    ) -> impl Iterator<Item = u32> + 'i {
        let found = of_hash(&self.by_id, hash(id)).iter().map(|(_, at)| *at);
        found.filter(move |at| is_id(self.objects[*at as usize].id, id, text))
    }

    /// The references to this id, in document order.
    pub(super) fn mentions_of<'i>(
        &'i self,
        id: &'i str,
        text: &'i str,
    ) -> impl Iterator<Item = Mention> + 'i {
        let found = of_hash(&self.by_target, hash(id)).iter();
        let found = found.map(|(_, at)| self.references[*at as usize]);
        found.filter(move |mention| is_id(mention.id, id, text))
    }

    /// The references within a place.
    pub(super) fn mentions_in(&self, place: Span) -> &[Mention] {
        let within: Range<usize> = self.references.partition_point(|m| m.id < place)
            ..self
                .references
                .partition_point(|m| m.id.start() < place.end());
        self.references.get(within).unwrap_or(&[])
    }

    /// The strings by which it imports other documents, with the members that hold them.
    pub(super) fn imports(&self) -> impl Iterator<Item = (&str, Span)> {
        self.imports
            .iter()
            .map(|(member, span)| (self.member(*member), *span))
    }
}

/// An id as it is compared. Ids within prose have no quotes around them.
pub(super) fn decoded_id(span: Span, text: &str) -> std::borrow::Cow<'_, str> {
    decoded(span.of(text))
}

fn is_id(span: Span, id: &str, text: &str) -> bool {
    decoded_id(span, text)
        .trim_start_matches('#')
        .eq_ignore_ascii_case(id)
}

fn of_hash(sorted: &[(u32, u32)], hash: u32) -> &[(u32, u32)] {
    let found = &sorted[sorted.partition_point(|(other, _)| *other < hash)..];
    &found[..found.partition_point(|(other, _)| *other == hash)]
}

/// FNV-1a of an id in lower case, without the `#` of a fragment.
fn hash(id: &str) -> u32 {
    let bytes = id.trim_start_matches('#').bytes();
    bytes.fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0193)
    })
}
