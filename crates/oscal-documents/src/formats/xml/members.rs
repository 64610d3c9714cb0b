//! The members of a JSON object while its element is read.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::formats::json_text::push_string;

/// The members of an object, each with its JSON text. Elements of one name become one array,
/// wherever they are.
#[derive(Default)]
pub(super) struct Members {
    members: Vec<Member>,
    /// Their places by their names, once there are more than a few.
    places: HashMap<Cow<'static, str>, usize>,
}

/// How many names are compared one by one. OSCAL's objects have fewer.
const FEW: usize = 32;

struct Member {
    name: Cow<'static, str>,
    json: String,
    shape: Shape,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    One,
    Array,
    /// One so far; a second one makes it an array.
    Open,
}

/// A member that can be there only once is there twice.
pub(super) struct Twice;

impl Members {
    /// The place to write the value of a member.
    pub(super) fn one(&mut self, name: impl Into<Cow<'static, str>>) -> Result<&mut String, Twice> {
        let name = name.into();
        if self.position(&name).is_some() {
            return Err(Twice);
        }
        Ok(self.add(name, Shape::One))
    }

    /// The place to write the next element of an array.
    pub(super) fn element(&mut self, name: &'static str) -> &mut String {
        match self.position(name) {
            Some(at) => self.next(at),
            None => self.add(name.into(), Shape::Array),
        }
    }

    /// The place to write a value of which it is not known whether there are more.
    pub(super) fn any(&mut self, name: &str) -> &mut String {
        match self.position(name) {
            Some(at) => self.next(at),
            None => self.add(name.to_owned().into(), Shape::Open),
        }
    }

    fn position(&self, name: &str) -> Option<usize> {
        if self.members.len() > FEW {
            return self.places.get(name).copied();
        }
        // Most elements follow one of their kind.
        self.members.iter().rposition(|member| member.name == name)
    }

    fn next(&mut self, at: usize) -> &mut String {
        let member = &mut self.members[at];
        member.shape = Shape::Array;
        member.json.push(',');
        &mut member.json
    }

    fn add(&mut self, name: Cow<'static, str>, shape: Shape) -> &mut String {
        let at = self.members.len();
        self.members.push(Member {
            name,
            json: String::new(),
            shape,
        });
        if at == FEW {
            let names = self.members.iter().map(|member| member.name.clone());
            self.places = names.zip(0..).collect();
        } else if at > FEW {
            self.places.insert(self.members[at].name.clone(), at);
        }
        &mut self.members[at].json
    }

    /// Appends the object.
    pub(super) fn write(self, out: &mut String) {
        out.push('{');
        for (at, Member { name, json, shape }) in self.members.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            push_string(out, name);
            out.push(':');
            if *shape == Shape::Array {
                out.push('[');
                out.push_str(json);
                out.push(']');
            } else {
                out.push_str(json);
            }
        }
        out.push('}');
    }
}
