//! How a profile alters a control (`alters`).
//!
//! All removals and additions refer to the control as it was before: what is added is not
//! removed, and something can be put beside what is removed. That is how profiles replace parts.

use serde_json::Value;

use super::directives::{Add, Alter, ItemName, Position, Remove};
use super::json::{self, Object};

/// The namespace of properties and parts that name none.
const OSCAL_NS: &str = "http://csrc.nist.gov/ns/oscal";

/// The lists that things are removed from.
const LISTS: [(&str, ItemName); 4] = [
    ("params", ItemName::Param),
    ("props", ItemName::Prop),
    ("links", ItemName::Link),
    ("parts", ItemName::Part),
];

/// Marks what is removed until everything is added. No name in OSCAL has a NUL.
const REMOVED: &str = "\0removed";

/// Alters the control with this id.
///
/// # Errors
///
/// Says what the directives contradict.
pub(super) fn apply(
    id: &str,
    control: &mut Object,
    alters: &[Alter],
    mut warn: impl FnMut(String),
) -> Result<(), String> {
    for remove in alters.iter().flat_map(|alter| &alter.removes) {
        if remove.is_empty() {
            warn(format!("removes from `{id:.60}` without saying what"));
        } else if !mark(control, remove) {
            warn(format!(
                "removes from `{id:.60}` what it does not have: {remove:.200}"
            ));
        }
    }
    let adds: Vec<_> = alters.iter().flat_map(|alter| &alter.adds).collect();
    // At the start and after something each addition goes before the earlier ones: from the last
    // one on, all of them end up in the profile's order.
    let (from_last, from_first): (Vec<_>, Vec<_>) = adds
        .into_iter()
        .partition(|add| matches!(add.position, Some(Position::Starting | Position::After)));
    for add in from_first.into_iter().chain(from_last.into_iter().rev()) {
        let target = add.by_id.as_deref().filter(|target| *target != id);
        let found = match target {
            None => {
                insert_into(control, add, "control")?;
                true
            }
            Some(target) => insert_at(control, "control", target, add)?,
        };
        if !found {
            let target = target.unwrap_or_default();
            warn(format!(
                "adds to `{target:.60}`, which `{id:.60}` does not have"
            ));
        }
    }
    sweep(control);
    Ok(())
}

/// Marks what a directive removes; whether there is any.
fn mark(object: &mut Object, remove: &Remove) -> bool {
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

/// Removes what is marked, and lists that are empty then.
fn sweep(object: &mut Object) {
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

/// Finds the parameter or part `target` in a container and adds at it; whether it was found.
fn insert_at(container: &mut Object, kind: &str, target: &str, add: &Add) -> Result<bool, String> {
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
fn insert_into(object: &mut Object, add: &Add, kind: &str) -> Result<(), String> {
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

/// Adds beside an element of the list `member`: things of its kind directly there, others at the
/// start or the end of their lists.
fn insert_beside(
    container: &mut Object,
    kind: &str,
    member: &str,
    at: usize,
    add: &Add,
) -> Result<(), String> {
    add.check_fits(kind)?;
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

impl Alter {
    /// About how long the text is that is added.
    pub(super) fn weight(&self) -> usize {
        let lists = self.adds.iter().flat_map(Add::lists);
        let items = lists.flat_map(|(_, items)| items).map(json::weight);
        items.sum::<usize>() + 64 * (1 + self.directives())
    }

    /// How many directives it has.
    pub(super) fn directives(&self) -> usize {
        self.removes.len() + self.adds.len()
    }
}

impl Remove {
    fn is_empty(&self) -> bool {
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

impl std::fmt::Display for Remove {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
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

impl Add {
    fn lists(&self) -> [(&'static str, &[Value]); 4] {
        [
            ("params", &self.params),
            ("props", &self.props),
            ("links", &self.links),
            ("parts", &self.parts),
        ]
    }

    /// Whether the catalog model lets this be added to a control, part or parameter.
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Alters a control; the result or error, and the warnings.
    fn altered(control: Value, alter: Value) -> (Result<Value, String>, Vec<String>) {
        let Value::Object(mut control) = control else {
            return (Err("no object".to_owned()), Vec::new());
        };
        let alter: Alter = serde_json::from_value(alter).expect("an alter");
        let mut warnings = Vec::new();
        let done = apply("a", &mut control, &[alter], |warning| {
            warnings.push(warning)
        });
        (done.map(|()| Value::Object(control)), warnings)
    }

    fn control() -> Value {
        json!({
            "id": "a", "title": "A",
            "params": [{"id": "p"}, {"id": "q", "props": [{"name": "x", "value": "1", "ns": "urn:n"}]}],
            "props": [{"name": "label", "value": "A-1"}, {"name": "x", "value": "2", "class": "c"}],
            "parts": [{"id": "s", "name": "statement", "parts": [
                {"id": "s.1", "name": "item"}, {"id": "s.2", "name": "item", "class": "c"}]}],
        })
    }

    fn ids(value: &Value) -> Vec<&str> {
        let items = value.as_array().into_iter().flatten();
        items.map(|item| json::text(item, "id")).collect()
    }

    #[test]
    fn what_all_members_apply_to_is_removed() {
        for (remove, kept) in [
            (json!({"by-name": "x"}), "p,q- label s(s.1,s.2)"),
            (json!({"by-class": "c"}), "p,q+ label s(s.1)"),
            (json!({"by-id": "s.1"}), "p,q+ label,x s(s.2)"),
            (json!({"by-item-name": "prop"}), "p,q-  s(s.1,s.2)"),
            (
                json!({"by-item-name": "part", "by-name": "item"}),
                "p,q+ label,x s()",
            ),
            (json!({"by-ns": "urn:n"}), "p,q- label,x s(s.1,s.2)"),
            (
                json!({"by-ns": OSCAL_NS, "by-item-name": "prop"}),
                "p,q+  s(s.1,s.2)",
            ),
            (
                json!({"by-name": "x", "by-class": "c"}),
                "p,q+ label s(s.1,s.2)",
            ),
        ] {
            let (result, warnings) =
                altered(control(), json!({"control-id": "a", "removes": [remove]}));
            let result = result.expect("altered");
            assert!(warnings.is_empty(), "{warnings:?}");
            let props = result["props"].as_array().into_iter().flatten();
            let names: Vec<_> = props.map(|prop| json::text(prop, "name")).collect();
            let nested = if result["params"][1].get("props").is_some() {
                '+'
            } else {
                '-'
            };
            let shown = format!(
                "{}{nested} {} s({})",
                ids(&result["params"]).join(","),
                names.join(","),
                ids(&result["parts"][0]["parts"]).join(",")
            );
            assert_eq!(shown, kept, "{remove}");
        }
    }

    #[test]
    fn additions_go_where_they_are_told() {
        let part = |id: &str| json!([{"id": id, "name": "item"}]);
        for (add, path, expected) in [
            (json!({"parts": part("n")}), "", "s,n"),
            (
                json!({"position": "starting", "parts": part("n")}),
                "",
                "n,s",
            ),
            (
                json!({"position": "before", "by-id": "a", "parts": part("n")}),
                "",
                "n,s",
            ),
            (json!({"by-id": "s", "parts": part("n")}), "s", "s.1,s.2,n"),
            (
                json!({"by-id": "s", "position": "starting", "parts": part("n")}),
                "s",
                "n,s.1,s.2",
            ),
            (
                json!({"by-id": "s.2", "position": "before", "parts": part("n")}),
                "s",
                "s.1,n,s.2",
            ),
            (
                json!({"by-id": "s.1", "position": "after", "parts": part("n")}),
                "s",
                "s.1,n,s.2",
            ),
            (
                json!({"by-id": "q", "position": "before", "parts": part("n")}),
                "",
                "n,s",
            ),
        ] {
            let (result, warnings) = altered(control(), json!({"control-id": "a", "adds": [add]}));
            let result = result.expect("altered");
            assert!(warnings.is_empty(), "{warnings:?}");
            let parts = if path.is_empty() {
                &result["parts"]
            } else {
                &result["parts"][0]["parts"]
            };
            assert_eq!(ids(parts).join(","), expected, "{add}");
        }
    }

    #[test]
    fn several_additions_keep_their_order() {
        for (position, expected) in [("starting", "1,2,s"), ("ending", "s,1,2")] {
            let add = |id: &str| json!({"position": position, "parts": [{"id": id, "name": "x"}]});
            let (result, _) = altered(
                control(),
                json!({"control-id": "a", "adds": [add("1"), add("2")]}),
            );
            assert_eq!(ids(&result.expect("altered")["parts"]).join(","), expected);
        }
    }

    #[test]
    fn a_part_is_replaced_and_a_title_changed() {
        let (result, warnings) = altered(
            control(),
            json!({"control-id": "a",
            "removes": [{"by-id": "s.1"}, {"by-name": "item", "by-class": "c"}],
            "adds": [
                {"title": "B", "props": [{"name": "x", "value": "3"}]},
                {"by-id": "s.1", "position": "after", "parts": [{"id": "n", "name": "item", "class": "c"}]},
                {"by-id": "p", "links": [{"href": "#l"}]},
            ]}),
        );
        let result = result.expect("altered");
        assert!(warnings.is_empty(), "{warnings:?}");
        assert_eq!(result["title"], "B");
        assert_eq!(ids(&result["parts"][0]["parts"]), ["n"]);
        assert_eq!(result["params"][0]["links"][0]["href"], "#l");
        assert_eq!(result["props"][2]["value"], "3");
    }

    #[test]
    fn what_has_no_effect_is_a_warning_and_what_cannot_be_an_error() {
        for alter in [
            json!({"control-id": "a", "removes": [{"by-id": "gone"}]}),
            json!({"control-id": "a", "removes": [{"remarks": "?"}]}),
            json!({"control-id": "a", "adds": [{"by-id": "gone"}]}),
        ] {
            let (result, warnings) = altered(control(), alter);
            assert_eq!(result.expect("altered"), control());
            assert_eq!(warnings.len(), 1);
        }
        for add in [
            json!({"by-id": "s", "params": [{"id": "n"}]}),
            json!({"by-id": "s.1", "position": "after", "params": [{"id": "n"}]}),
            json!({"by-id": "p", "parts": [{"name": "x"}]}),
            json!({"by-id": "p", "title": "x"}),
        ] {
            let (result, _) = altered(control(), json!({"control-id": "a", "adds": [add]}));
            assert!(result.expect_err("misplaced").contains("cannot be added"));
        }
    }
}
