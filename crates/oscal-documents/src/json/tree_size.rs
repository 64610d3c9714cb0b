//! How much memory a JSON tree would take, before it is built.

#[cfg(any(test, feature = "validation"))]
use serde_json::Value;

/// The size of a tree: how many values it has, and roughly how many bytes they take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TreeSize {
    /// An upper bound on the values.
    pub(crate) values: usize,
    /// Approximate.
    pub(crate) bytes: usize,
}

/// The size of an object with its first members: a B-tree node, with room for eleven.
const OBJECT_BYTES: usize = 632;

/// The size of one more member or element: arrays double as they grow, and nodes are half full.
const VALUE_BYTES: usize = 105;

impl TreeSize {
    /// The size of the tree for `text`, counted in one scan of its bytes. Brackets and commas
    /// within strings count too, so the result is too high rather than too low.
    pub(crate) fn of_text(text: &str) -> Self {
        let (mut objects, mut others) = (0, 0);
        // Summed in bytes, chunk by chunk, which the compiler turns into vector instructions.
        for chunk in text.as_bytes().chunks(usize::from(u8::MAX)) {
            let count = |is_mark: fn(u8) -> bool| -> u8 {
                chunk.iter().map(|byte| u8::from(is_mark(*byte))).sum()
            };
            objects += usize::from(count(|byte| byte == b'{'));
            others += usize::from(count(|byte| matches!(byte, b'[' | b',')));
        }
        Self {
            values: 1 + objects + others,
            bytes: text.len() + objects * OBJECT_BYTES + others * VALUE_BYTES,
        }
    }
}

#[cfg(any(test, feature = "validation"))]
impl TreeSize {
    /// The size of an existing tree. Its parser has limited its depth.
    pub(crate) fn of_tree(tree: &Value) -> Self {
        let mut size = Self {
            values: 0,
            bytes: 0,
        };
        size.add(tree);
        size
    }

    fn add(&mut self, tree: &Value) {
        self.values += 1;
        self.bytes += VALUE_BYTES;
        match tree {
            Value::Array(items) => items.iter().for_each(|item| self.add(item)),
            Value::Object(members) => {
                self.bytes += OBJECT_BYTES;
                for (name, value) in members {
                    self.bytes += name.len();
                    self.add(value);
                }
            }
            Value::String(text) => self.bytes += text.len(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::json::any::any_json;

    #[test]
    fn small_objects_weigh_more_than_long_text() {
        let objects = TreeSize::of_text(&format!("[{}]", [r#"{"":0}"#; 1_000].join(",")));
        assert_eq!(objects.values, 1 + 1 + 1_000 + 999);
        assert!(objects.bytes > 700_000, "{objects:?}");
        let text = TreeSize::of_text(&json!("x".repeat(7_000)).to_string());
        assert_eq!((text.values, text.bytes), (1, 7_002));
    }

    proptest::proptest! {
        #[test]
        fn is_never_less_than_the_tree(value in any_json()) {
            let (text, tree) = (TreeSize::of_text(&value.to_string()), TreeSize::of_tree(&value));
            assert!(text.values >= tree.values, "{text:?}, {tree:?}");
        }
    }
}
