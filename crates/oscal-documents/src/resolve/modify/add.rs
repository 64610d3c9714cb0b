//! Where a profile adds to a control.

use serde_json::Value;

use crate::resolve::directives::modify::{Add, Position};
use crate::resolve::json::{self, Object};

/// Finds the parameter or part `target` in a container and adds there. Returns whether it was
/// found.
pub(crate) fn insert_at(
    container: &mut Object,
    kind: &str,
    target: &str,
    add: &Add,
) -> Result<bool, String> {
    for (member, item_kind) in [("params", "parameter"), ("parts", "part")] {
        let items = json::list(container, member);
        if let Some(at) = items
            .iter()
            .position(|item| json::text(item, "id") == target)
        {
            match (add.position, &mut items[at]) {
                (Some(Position::Before), _) => insert_beside(container, kind, member, at, add)?,
                (Some(Position::After), _) => insert_beside(container, kind, member, at + 1, add)?,
                (_, Value::Object(item)) => insert_into(item, add, item_kind)?,
                _ => {}
            }
            return Ok(true);
        }
        for item in items {
            if let Value::Object(item) = item
                && insert_at(item, item_kind, target, add)?
            {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Adds within an object, at its start or its end.
pub(crate) fn insert_into(object: &mut Object, add: &Add, kind: &str) -> Result<(), String> {
    add.check_fits(kind)?;
    let at_start = matches!(add.position, Some(Position::Starting | Position::Before));
    if let Some(title) = &add.title {
        object.insert("title".to_owned(), title.as_str().into());
    }
    for (member, items) in add.lists() {
        json::extend(object, member, items, at_start);
    }
    Ok(())
}

/// Adds beside an element of the list `member`: things of its kind right there, others at the start
/// or end of their lists.
fn insert_beside(
    container: &mut Object,
    kind: &str,
    member: &str,
    at: usize,
    add: &Add,
) -> Result<(), String> {
    add.check_fits(kind)?;
    if add.title.is_some() {
        return Err("a title cannot be added beside something".to_owned());
    }
    for (list, items) in add.lists() {
        if list != member {
            let at_start = add.position == Some(Position::Before);
            json::extend(container, list, items, at_start);
        } else if let Some(Value::Array(siblings)) = container.get_mut(list) {
            siblings.splice(at..at, items.iter().cloned());
        }
    }
    Ok(())
}

impl Add {
    pub(crate) fn lists(&self) -> [(&'static str, &[Value]); 4] {
        [
            ("params", &self.params),
            ("props", &self.props),
            ("links", &self.links),
            ("parts", &self.parts),
        ]
    }

    /// Whether the catalog model allows adding this to a control, part or parameter.
    fn check_fits(&self, kind: &str) -> Result<(), String> {
        let misplaced = match kind {
            "part" => self.params.first().map(|_| "parameters"),
            "parameter" if !self.params.is_empty() => Some("parameters"),
            "parameter" if !self.parts.is_empty() => Some("parts"),
            "parameter" => self.title.as_ref().map(|_| "a title"),
            _ => None,
        };
        match misplaced {
            Some(what) => Err(format!("{what} cannot be added to a {kind}")),
            None => Ok(()),
        }
    }
}
