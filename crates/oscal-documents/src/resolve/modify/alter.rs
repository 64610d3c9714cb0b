//! How a profile alters a control (`alters`).
//!
//! All removals and additions refer to the original control: an addition is never removed, and
//! something can be placed beside what is removed. That is how profiles replace parts.

use crate::resolve::directives::modify::{Add, Alter, Position};
use crate::resolve::json::{self, Object};
use crate::resolve::modify::add::{insert_at, insert_into};
use crate::resolve::modify::remove::{mark, sweep};

/// Alters the control with this id. Calls `warn` with what has no effect, and why.
pub(crate) fn apply(
    id: &str,
    control: &mut Object,
    alters: &[Alter],
    mut warn: impl FnMut(String),
) {
    for remove in alters.iter().flat_map(|alter| &alter.removes) {
        if remove.is_empty() {
            warn(format!("removes from `{id:.60}` without saying what"));
        } else if !mark(control, remove) {
            warn(format!(
                "removes from `{id:.60}` something it does not have: {remove:.200}"
            ));
        }
    }
    let adds: Vec<_> = alters.iter().flat_map(|alter| &alter.adds).collect();
    // At the start and after an element, each addition goes before the earlier ones. Going from the
    // last to the first keeps the profile's order.
    let (from_last, from_first): (Vec<_>, Vec<_>) = adds
        .into_iter()
        .partition(|add| matches!(add.position, Some(Position::Starting | Position::After)));
    for add in from_first.into_iter().chain(from_last.into_iter().rev()) {
        let target = add.by_id.as_deref().filter(|target| *target != id);
        let found = match target {
            None => insert_into(control, add, "control").map(|()| true),
            Some(target) => insert_at(control, "control", target, add),
        };
        match found {
            Ok(true) => {}
            Ok(false) => {
                let target = target.unwrap_or_default();
                warn(format!(
                    "adds to `{target:.60}`, which `{id:.60}` does not have"
                ));
            }
            Err(why) => warn(format!("leaves out an addition to `{id:.60}`: {why}")),
        }
    }
    sweep(control);
}

impl Alter {
    /// The approximate length of the added text.
    pub(crate) fn weight(&self) -> usize {
        let lists = self.adds.iter().flat_map(Add::lists);
        let items = lists.flat_map(|(_, items)| items).map(json::weight);
        items.sum::<usize>() + 64 * (1 + self.directives())
    }

    /// The number of its directives.
    pub(crate) fn directives(&self) -> usize {
        self.removes.len() + self.adds.len()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::resolve::modify::remove::OSCAL_NS;

    /// Alters a control. Returns the result and the warnings.
    fn altered(control: Value, alter: Value) -> (Value, Vec<String>) {
        let Value::Object(mut control) = control else {
            panic!("no object: {control}");
        };
        let alter: Alter = serde_json::from_value(alter).expect("an alter");
        let mut warnings = Vec::new();
        apply("a", &mut control, &[alter], |warning| {
            warnings.push(warning);
        });
        (Value::Object(control), warnings)
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
            assert_eq!(ids(&result["parts"]).join(","), expected);
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
        assert!(warnings.is_empty(), "{warnings:?}");
        assert_eq!(result["title"], "B");
        assert_eq!(ids(&result["parts"][0]["parts"]), ["n"]);
        assert_eq!(result["params"][0]["links"][0]["href"], "#l");
        assert_eq!(result["props"][2]["value"], "3");
    }

    #[test]
    fn what_has_no_effect_is_a_warning() {
        for alter in [
            json!({"control-id": "a", "removes": [{"by-id": "gone"}]}),
            json!({"control-id": "a", "removes": [{"remarks": "?"}]}),
            json!({"control-id": "a", "adds": [{"by-id": "gone"}]}),
        ] {
            let (result, warnings) = altered(control(), alter);
            assert_eq!(result, control());
            assert_eq!(warnings.len(), 1);
        }
        for add in [
            json!({"by-id": "s", "params": [{"id": "n"}]}),
            json!({"by-id": "s.1", "position": "after", "params": [{"id": "n"}]}),
            json!({"by-id": "p", "parts": [{"name": "x"}]}),
            json!({"by-id": "p", "title": "x"}),
            json!({"by-id": "s", "position": "after", "title": "x"}),
        ] {
            let (result, warnings) = altered(control(), json!({"control-id": "a", "adds": [add]}));
            assert_eq!(result, control());
            assert!(warnings[0].contains("cannot be added"), "{warnings:?}");
        }
    }
}
