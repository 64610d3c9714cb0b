//! Finds the places in a document that its schema does not allow.
//!
//! The validator decides whether a document is valid, but we do not ask it for its errors: it
//! collects all of them, with copies of the values in them, which for a hostile document means
//! gigabytes, and of `anyOf` it can only say that no branch matches. This code walks the document
//! and the schema together, stores only the first errors, and enters the branch of `anyOf` that
//! fits the value best.

use serde_json::{Map, Value};

use crate::validation::datatype;
use crate::validation::definition::short_name;
use crate::validation::finding::{Findings, Path, closest, listed, quoted, shortened};
use crate::validation::place::{At, is_of_type, type_of, with_article};
use crate::validation::schema::{Compiled, Schema};

/// The most steps in a walk, more than a document of 64 MB needs. Only a schema whose alternatives
/// contain each other can reach it.
const MAX_STEPS: u32 = 50_000_000;

/// The deepest nesting of schemas on the way to a value. NIST's schemas need 60 for a document of
/// the deepest nesting accepted.
const MAX_DEPTH: u32 = 600;

/// The places in `document` that the schema does not allow. There is at least one if the validator
/// rejects the document.
pub(super) fn explain(
    schema: &Schema,
    compiled: &Compiled,
    document: &Value,
    cap: usize,
) -> Findings {
    let mut walk = Walk {
        schema,
        compiled,
        found: Findings::new(cap),
        stop_at: usize::MAX,
        steps: 0,
        depth: 0,
    };
    let root = At {
        schema: schema.root(),
        definition: "document",
        branches: &[],
    };
    walk.value(root, document, &Path::Root);
    let mut found = walk.found;
    if found.total == 0
        && let Err(error) = compiled.validator.validate(document)
    {
        // NIST's schemas do not use this keyword.
        let mut finding = Findings::new(1);
        finding.push(&Path::Root, error.schema_path(), || {
            shortened(&error.to_string(), 300)
        });
        finding.items[0].path = error.instance_path().to_string();
        found = finding;
    }
    found
}

struct Walk<'s> {
    schema: &'s Schema,
    compiled: &'s Compiled,
    found: Findings,
    /// Stop once there are this many findings.
    stop_at: usize,
    steps: u32,
    depth: u32,
}

impl<'s> Walk<'s> {
    fn value(&mut self, at: At<'s>, value: &Value, path: &Path<'_>) {
        self.steps += 1;
        if self.steps > MAX_STEPS || self.depth > MAX_DEPTH || self.found.total >= self.stop_at {
            return;
        }
        self.depth += 1;
        if let Some((definition, schema)) = self.schema.referenced(at.schema) {
            // JSON Schema draft 7, section 8.3: anything beside `$ref` is ignored.
            let referenced = At {
                schema,
                definition: short_name(definition),
                branches: at.branches,
            };
            self.value(referenced, value, path);
        } else {
            self.keywords(at, value, path);
        }
        self.depth -= 1;
    }

    fn keywords(&mut self, at: At<'s>, value: &Value, path: &Path<'_>) {
        if !self.has_type(at, value, path) {
            return;
        }
        let before = self.found.total;
        match value {
            Value::Object(members) => self.object(at, members, path),
            Value::Array(elements) => self.array(at, elements, path),
            scalar => self.scalar(at, scalar, path),
        }
        for schema in at.array("allOf") {
            // One error for a scalar is enough.
            let is_scalar = !value.is_object() && !value.is_array();
            if is_scalar && self.found.total > before {
                return;
            }
            self.value(at.inner(schema), value, path);
        }
        for keyword in ["anyOf", "oneOf"] {
            let branches = at.array(keyword);
            if !branches.is_empty() {
                self.alternatives(at, branches, value, path);
            }
        }
    }

    fn error(
        &mut self,
        at: At<'s>,
        keyword: &str,
        path: &Path<'_>,
        message: impl FnOnce() -> String,
    ) {
        let rule = format_args!("{}/{keyword}", at.definition);
        self.found.push(path, rule, message);
    }

    fn has_type(&mut self, at: At<'s>, value: &Value, path: &Path<'_>) -> bool {
        let Some(wanted) = at.schema["type"].as_str() else {
            return true;
        };
        if is_of_type(value, wanted) {
            return true;
        }
        self.error(at, "type", path, || {
            let (wanted, given) = (with_article(wanted), with_article(type_of(value)));
            format!("must be {wanted}; it is {given}")
        });
        false
    }

    fn object(&mut self, at: At<'s>, members: &Map<String, Value>, path: &Path<'_>) {
        for name in at.required() {
            if !members.contains_key(name) {
                self.error(at, "required", path, || {
                    format!("`{name}` is missing; required: {}", listed(at.required()))
                });
            }
        }
        for (name, value) in members {
            let path = path.member(name);
            if let Some(schema) = at.member(name) {
                self.value(at.inner(schema), value, &path);
            } else if at.is_closed() {
                self.error(at, "additionalProperties", &path, || {
                    at.unknown_member(name, members)
                });
            }
        }
    }

    fn array(&mut self, at: At<'s>, elements: &[Value], path: &Path<'_>) {
        let count = elements.len() as u64;
        if let Some(min) = at.schema["minItems"].as_u64()
            && count < min
        {
            self.error(at, "minItems", path, || match min {
                1 => "is empty; leave it out or add an item".to_owned(),
                _ => format!("has {count} items; at least {min} are needed"),
            });
        }
        if let Some(max) = at.schema["maxItems"].as_u64()
            && count > max
        {
            self.error(at, "maxItems", path, || {
                format!("has {count} items; at most {max} are allowed")
            });
        }
        if let Some(schema) = at.schema.get("items") {
            for (index, element) in elements.iter().enumerate() {
                self.value(at.inner(schema), element, &path.element(index));
            }
        }
    }

    fn scalar(&mut self, at: At<'s>, value: &Value, path: &Path<'_>) {
        let keyword = |name: &str| at.schema.get(name).and_then(Value::as_str);
        let bound = |name: &str| at.schema.get(name).and_then(Value::as_f64);
        if let Some(allowed) = at.schema["enum"].as_array()
            && !allowed.contains(value)
        {
            let allowed = allowed.iter().filter_map(Value::as_str);
            self.error(at, "enum", path, || {
                let meant = value.as_str().and_then(|v| closest(v, allowed.clone()));
                let meant = meant.map_or_else(String::new, |m| format!("; did you mean `{m}`?"));
                format!("{} is not one of {}{meant}", quoted(value), listed(allowed))
            });
        } else if let Some(pattern) = keyword("pattern")
            && !self.compiled.matches(pattern, value)
        {
            self.error(at, "pattern", path, || {
                datatype::mismatch(value, at.definition, pattern)
            });
        } else if let Some(format) = keyword("format")
            && !self.compiled.has_format(format, value)
        {
            self.error(at, "format", path, || {
                datatype::mismatch(value, at.definition, format)
            });
        } else if let (Some(min), Some(number)) = (bound("minimum"), value.as_f64())
            && number < min
        {
            self.error(at, "minimum", path, || {
                format!("`{number}` is less than {min}")
            });
        } else if let (Some(max), Some(number)) = (bound("maximum"), value.as_f64())
            && number > max
        {
            self.error(at, "maximum", path, || {
                format!("`{number}` is more than {max}")
            });
        }
    }

    /// Reports what is wrong with a value that matches none of several schemas, from the viewpoint
    /// of the closest one.
    fn alternatives(&mut self, at: At<'s>, branches: &'s [Value], value: &Value, path: &Path<'_>) {
        let branch = |schema| At {
            schema,
            branches,
            ..at
        };
        let Some(nearest) = branches.iter().min_by_key(|schema| {
            let schema = self.schema.resolved(schema);
            branch(schema).misfit(value)
        }) else {
            return;
        };
        let before = self.found.total;
        self.value(branch(nearest), value, path);
        if self.found.total == before {
            return;
        }
        let errors = self.found.split_off(before);
        let mut others = branches
            .iter()
            .filter(|other| !std::ptr::eq(*other, nearest));
        if !others.any(|other| self.is_met(branch(other), value)) {
            self.found.append(errors);
        }
    }

    fn is_met(&mut self, at: At<'s>, value: &Value) -> bool {
        let found = std::mem::replace(&mut self.found, Findings::new(0));
        let stop_at = std::mem::replace(&mut self.stop_at, 1);
        self.value(at, value, &Path::Root);
        self.stop_at = stop_at;
        std::mem::replace(&mut self.found, found).total == 0
    }
}
