//! A single scan of JSON text that is known to be well-formed and compact.
//!
//! It finds where things are; `serde_json` parses the relevant values from their [`Span`]s. Text
//! that is malformed or not compact yields nonsense, but no panic and no endless loop.

use std::borrow::Cow;

use crate::json::too_many::TooMany;

/// The byte range of a JSON value in the text of its document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// Offsets beyond 4 GiB do not occur: such documents are rejected.
    pub(crate) fn new(start: usize, end: usize) -> Self {
        let offset = |at| u32::try_from(at).unwrap_or(u32::MAX);
        Self {
            start: offset(start),
            end: offset(end),
        }
    }

    /// The JSON text of the value; empty for the default span, which stands for an absent value.
    pub(crate) fn of(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize)
            .unwrap_or("")
    }

    /// Whether the other range is within this one.
    pub(crate) fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    pub(crate) fn start(self) -> u32 {
        self.start
    }

    pub(crate) fn end(self) -> u32 {
        self.end
    }

    pub(crate) fn is_empty(self) -> bool {
        self.start == self.end
    }

    pub(crate) fn len(self) -> usize {
        self.end.saturating_sub(self.start) as usize
    }
}

#[derive(Clone)]
pub(crate) struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Cursor<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// A cursor before the value at this offset.
    pub(crate) fn at(text: &'t str, at: usize) -> Self {
        Self { text, at }
    }

    /// The offset of the next value.
    pub(crate) fn offset(&self) -> usize {
        self.at
    }

    /// The first byte of the next value; 0 at the end.
    pub(crate) fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    /// Reads an object. `member` gets each member's name, with the cursor before its value, and may
    /// read the value or leave it. A value that is not an object is skipped.
    pub(crate) fn object<E>(
        &mut self,
        mut member: impl FnMut(&mut Self, &str) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.peek() != b'{' {
            self.skip();
            return Ok(());
        }
        self.at += 1;
        while self.peek() == b'"' {
            let name = decoded(self.skip().of(self.text));
            self.pass(b':');
            let before = self.at;
            member(self, &name)?;
            if self.at == before {
                self.skip();
            }
            self.pass(b',');
        }
        self.pass(b'}');
        Ok(())
    }

    /// Reads an array. `element` is called with the cursor before each element, and may read the
    /// element or leave it. A value that is not an array is skipped.
    pub(crate) fn array<E>(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.peek() != b'[' {
            self.skip();
            return Ok(());
        }
        self.at += 1;
        while !matches!(self.peek(), b']' | 0) {
            let before = self.at;
            element(self)?;
            if self.at == before {
                self.skip();
            }
            self.pass(b',');
            if self.at == before {
                break;
            }
        }
        self.pass(b']');
        Ok(())
    }

    /// Reads an array of objects. Adds to `places` those with an id, which is the string member
    /// `id_member`.
    ///
    /// # Errors
    ///
    /// There are more of them than a document may have.
    pub(crate) fn places(
        &mut self,
        id_member: &'static str,
        places: &mut Vec<(Box<str>, Span)>,
    ) -> Result<Span, TooMany> {
        let array = self.at;
        self.array(|cursor| {
            let object = cursor.at;
            let mut id = None;
            cursor.object(|cursor, name| {
                if name == id_member {
                    id = cursor.string();
                }
                Ok::<_, TooMany>(())
            })?;
            if let Some(id) = id {
                TooMany::if_full(places, id_member)?;
                places.push((id.into(), Span::new(object, cursor.at)));
            }
            Ok(())
        })?;
        Ok(Span::new(array, self.at))
    }

    /// Reads a value of any kind; returns the text of a string, or `None`.
    pub(crate) fn string(&mut self) -> Option<String> {
        let value = self.skip().of(self.text);
        value.starts_with('"').then(|| decoded(value).into_owned())
    }

    /// Skips a value of any kind.
    pub(crate) fn skip(&mut self) -> Span {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut depth = 0_u32;
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b'"' => {
                    self.skip_string();
                    if depth == 0 {
                        break;
                    }
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' if depth > 1 => {
                    depth -= 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    self.at += usize::from(depth == 1);
                    break;
                }
                b',' if depth == 0 => break,
                _ => self.at += 1,
            }
        }
        Span::new(start, self.at)
    }

    fn skip_string(&mut self) {
        self.at += 1;
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            self.at += if *byte == b'\\' { 2 } else { 1 };
            if *byte == b'"' {
                return;
            }
        }
    }

    fn pass(&mut self, byte: u8) {
        if self.peek() == byte {
            self.at += 1;
        }
    }
}

/// The span of an id in a list sorted by id.
pub(crate) fn find(places: &[(Box<str>, Span)], id: &str) -> Option<Span> {
    let found = places.binary_search_by(|(other, _)| other.as_ref().cmp(id));
    found.ok().map(|at| places[at].1)
}

/// The text that a JSON string stands for.
pub(crate) fn decoded(string: &str) -> Cow<'_, str> {
    if string.contains('\\') {
        Cow::Owned(serde_json::from_str(string).unwrap_or_default())
    } else {
        Cow::Borrowed(string.trim_matches('"'))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::json::any::any_json;

    /// Rebuilds a value from what the cursor reports.
    fn rebuild(cursor: &mut Cursor<'_>, text: &str) -> Value {
        match cursor.peek() {
            b'{' => {
                let mut members = serde_json::Map::new();
                let passed = cursor.object(|cursor, name| {
                    members.insert(name.to_owned(), rebuild(cursor, text));
                    Ok::<_, TooMany>(())
                });
                assert!(passed.is_ok());
                Value::Object(members)
            }
            b'[' => {
                let mut elements = Vec::new();
                let passed = cursor.array(|cursor| {
                    elements.push(rebuild(cursor, text));
                    Ok::<_, TooMany>(())
                });
                assert!(passed.is_ok());
                Value::Array(elements)
            }
            _ => serde_json::from_str(cursor.skip().of(text)).expect("a scalar"),
        }
    }

    #[test]
    fn values_left_by_the_caller_are_skipped() {
        let text = r#"{"a":{"x":[1,"]}"]},"b":"\"","c":-1.5e3,"d":"end"}"#;
        let mut names = String::new();
        let mut last = None;
        let passed = Cursor::new(text).object(|cursor, name| {
            names.push_str(name);
            if name == "d" {
                last = cursor.string();
            }
            Ok::<_, TooMany>(())
        });
        assert!(passed.is_ok());
        assert_eq!((names.as_str(), last.as_deref()), ("abcd", Some("end")));
    }

    proptest! {
        #[test]
        fn sees_what_serde_json_sees(value in any_json()) {
            let text = value.to_string();
            let mut cursor = Cursor::new(&text);
            prop_assert_eq!(rebuild(&mut cursor, &text), value);
            prop_assert_eq!(cursor.offset(), text.len());
        }

        #[test]
        fn ends_on_any_text(text in r#"[\[\]{}:,"a\\é1 ]{0,40}"#) {
            let mut cursor = Cursor::new(&text);
            prop_assert!(cursor.object(|cursor, _| cursor.array(|_| Ok::<_, TooMany>(()))).is_ok());
            let mut cursor = Cursor::new(&text);
            prop_assert!(cursor.array(|cursor| cursor.object(|_, _| Ok::<_, TooMany>(()))).is_ok());
            cursor.skip().of(&text);
        }
    }
}
