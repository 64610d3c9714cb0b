//! What a profile removes from a control.

use std::fmt;

use serde_json::Value;

use crate::resolve::directives::modify::{ItemName, Remove};
use crate::resolve::json::{self, Object};

/// The namespace of properties and parts that do not name one.
pub(crate) const OSCAL_NS: &str = "http://csrc.nist.gov/ns/oscal";

/// The lists from which things are removed.
const LISTS: [(&str, ItemName); 4] = [
    ("params", ItemName::Param),
    ("props", ItemName::Prop),
    ("links", ItemName::Link),
    ("parts", ItemName::Part),
];

/// Marks what is to be removed, until all additions are made. No name in OSCAL contains a NUL.
const REMOVED: &str = "\0removed";

/// Marks what a directive removes. Returns whether there is anything.
pub(crate) fn mark(object: &mut Object, remove: &Remove) -> bool {
    let mut found = false;
    for (member, item_name) in LISTS {
        for item in json::list(object, member) {
            let Value::Object(item) = item else { continue };
            if remove.applies_to(item, item_name) {
                item.insert(REMOVED.to_owned(), Value::Null);
                found = true;
            } else {
                found |= mark(item, remove);
            }
        }
    }
    found
}

/// Removes what is marked, and lists that become empty.
pub(crate) fn sweep(object: &mut Object) {
    for (member, _) in LISTS {
        let Some(Value::Array(items)) = object.get_mut(member) else {
            continue;
        };
        items.retain(|item| item.get(REMOVED).is_none());
        for item in items.iter_mut() {
            if let Value::Object(item) = item {
                sweep(item);
            }
        }
        if items.is_empty() {
            object.remove(member);
        }
    }
}

impl Remove {
    pub(crate) fn is_empty(&self) -> bool {
        self.by_item_name.is_none()
            && [&self.by_name, &self.by_class, &self.by_id, &self.by_ns]
                .iter()
                .all(|given| given.is_none())
    }

    fn applies_to(&self, item: &Object, item_name: ItemName) -> bool {
        let text = |member| item.get(member).and_then(Value::as_str);
        let is = |given: &Option<String>, value: Option<&str>| {
            given.as_deref().is_none_or(|given| value == Some(given))
        };
        let ns = matches!(item_name, ItemName::Prop | ItemName::Part)
            .then(|| text("ns").unwrap_or(OSCAL_NS));
        self.by_item_name.is_none_or(|name| name == item_name)
            && is(&self.by_name, text("name"))
            && is(&self.by_class, text("class"))
            && is(&self.by_id, text("id"))
            && is(&self.by_ns, ns)
    }
}

impl fmt::Display for Remove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let given = [
            ("by-name", &self.by_name),
            ("by-class", &self.by_class),
            ("by-id", &self.by_id),
            ("by-ns", &self.by_ns),
        ];
        let given = given
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name} {}", value.as_deref()?)));
        let item_name = self
            .by_item_name
            .map(|name| format!("by-item-name {name:?}").to_lowercase());
        f.pad(&given.chain(item_name).collect::<Vec<_>>().join(", "))
    }
}
