//! A JSON schema of one OSCAL model.

use std::collections::HashMap;
use std::sync::OnceLock;

use jsonschema::{PatternCache, PatternOptions, Validator};
use serde_json::{Value, json};

use crate::document::model::Model;

/// A schema: its text and, after its first use, its JSON (1 MB) and its compiled form (1 to 2 MB).
pub(super) struct Schema {
    pub(super) file: String,
    pub(super) model: Model,
    /// The version of OSCAL.
    pub(super) version: String,
    text: Box<str>,
    root: OnceLock<Value>,
    published: OnceLock<Value>,
    compiled: OnceLock<Result<Compiled, String>>,
}

/// A compiled schema.
pub(super) struct Compiled {
    /// Decides whether a document is valid.
    pub(super) validator: Validator,
    /// Validators for single patterns and formats, to tell which one a text does not match.
    patterns: HashMap<String, Validator>,
    formats: HashMap<String, Validator>,
}

/// Why a JSON file is not the schema of one model.
pub(super) enum NotOfOneModel {
    /// NIST's `oscal_complete_schema.json`, which covers all models.
    Complete,
    NoSchema,
    UnknownDraft,
}

impl Schema {
    /// Recognizes a schema by the one member that its root requires.
    pub(super) fn of(file: String, text: &str, root: &Value) -> Result<Self, NotOfOneModel> {
        let Some(draft) = root["$schema"].as_str() else {
            return Err(NotOfOneModel::NoSchema);
        };
        if root["oneOf"].is_array() {
            return Err(NotOfOneModel::Complete);
        }
        let members = root["properties"].as_object().into_iter().flatten();
        let mut models = members.filter_map(|(name, _)| Model::from_root_key(name));
        let (Some(model), None) = (models.next(), models.next()) else {
            return Err(NotOfOneModel::NoSchema);
        };
        if !draft.contains("json-schema.org/draft-07/") {
            return Err(NotOfOneModel::UnknownDraft);
        }
        Ok(Self {
            file,
            model,
            version: version(root["$id"].as_str().unwrap_or_default()),
            text: text.into(),
            root: OnceLock::new(),
            published: OnceLock::new(),
            compiled: OnceLock::new(),
        })
    }

    /// The JSON of the schema that documents are checked against.
    pub(super) fn root(&self) -> &Value {
        self.root.get_or_init(|| {
            let mut root = self.parsed();
            if self.model == Model::Profile {
                allow_combine_method(&mut root);
            }
            root
        })
    }

    /// The JSON of the schema as in its file.
    pub(super) fn published(&self) -> &Value {
        self.published.get_or_init(|| self.parsed())
    }

    fn parsed(&self) -> Value {
        // It was parsed when it was loaded.
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// Whether both are for the same model and version.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        (self.model, &self.version) == (other.model, &other.version)
    }

    /// The version as numbers, for comparison.
    pub(super) fn numbers(&self) -> Option<[u64; 3]> {
        numbers(&self.version)
    }

    /// The definitions with their names.
    pub(super) fn definitions(&self) -> impl Iterator<Item = (&str, &Value)> {
        let definitions = self.root()["definitions"].as_object();
        let definitions = definitions.into_iter().flatten();
        definitions.map(|(name, definition)| (name.as_str(), definition))
    }

    /// The name and the definition that `{"$ref": ...}` names.
    pub(super) fn referenced<'s>(&'s self, schema: &'s Value) -> Option<(&'s str, &'s Value)> {
        let name = schema["$ref"].as_str()?.strip_prefix("#/definitions/")?;
        Some((name, self.root()["definitions"].get(name)?))
    }

    /// Follows references to their target.
    pub(super) fn resolved<'s>(&'s self, schema: &'s Value) -> &'s Value {
        const MAX_HOPS: usize = 16;
        let hop = |schema: &&'s Value| self.referenced(schema).map(|(_, definition)| definition);
        let hops = std::iter::successors(Some(schema), hop).take(MAX_HOPS);
        hops.last().unwrap_or(schema)
    }

    /// The compiled schema, compiled on first use.
    ///
    /// # Errors
    ///
    /// Says why it cannot be compiled.
    pub(super) fn compiled(&self) -> Result<&Compiled, String> {
        let compiled = self.compiled.get_or_init(|| Compiled::of(self.root()));
        compiled.as_ref().map_err(Clone::clone)
    }
}

impl Compiled {
    fn of(root: &Value) -> Result<Self, String> {
        let patterns = PatternCache::new();
        let compile = |schema: &Value| {
            jsonschema::options()
                .offline()
                .should_validate_formats(true)
                // A document's author must not be able to make a match take long.
                .with_pattern_options(PatternOptions::regex())
                .with_pattern_cache(patterns.clone())
                // OSCAL's addresses follow RFC 6531; `email` is RFC 5321, which is ASCII only. The
                // schemas also have a pattern.
                .with_format("email", |text: &str| text.contains('@'))
                .build(schema)
                .map_err(|error| error.to_string())
        };
        let compile_each = |keyword| {
            let mut texts = Vec::new();
            collect(root, keyword, &mut texts);
            texts
                .into_iter()
                .map(|text| Ok((text.to_owned(), compile(&json!({keyword: text}))?)))
                .collect::<Result<_, String>>()
        };
        Ok(Self {
            validator: compile(root)?,
            patterns: compile_each("pattern")?,
            formats: compile_each("format")?,
        })
    }

    /// Whether a text matches a pattern of the schema.
    pub(super) fn matches(&self, pattern: &str, text: &Value) -> bool {
        let validator = self.patterns.get(pattern);
        validator.is_none_or(|validator| validator.is_valid(text))
    }

    /// Whether a text matches a format of the schema.
    pub(super) fn has_format(&self, format: &str, text: &Value) -> bool {
        let validator = self.formats.get(format);
        validator.is_none_or(|validator| validator.is_valid(text))
    }
}

/// Collects the distinct values of a keyword.
fn collect<'s>(schema: &'s Value, keyword: &str, texts: &mut Vec<&'s str>) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::String(text)) = members.get(keyword)
                && !texts.contains(&text.as_str())
            {
                texts.push(text);
            }
            for (_, member) in members {
                collect(member, keyword, texts);
            }
        }
        Value::Array(elements) => {
            for element in elements {
                collect(element, keyword, texts);
            }
        }
        _ => {}
    }
}

/// Allows `merge.combine.method` in profiles. The metaschema of OSCAL and its XML schemas define it,
/// but the generator of NIST's JSON schemas loses it (usnistgov/OSCAL issue 2259).
fn allow_combine_method(schema: &mut Value) {
    const COMBINE: &str = "combine";
    match schema {
        Value::Object(members) => {
            if let Some(properties) = members.get_mut("properties")
                && let Some(combine) = properties.get_mut(COMBINE)
                && combine["type"] == "object"
                && combine["properties"].get("method").is_none()
            {
                combine["properties"]["method"] = json!({
                    "title": "Combination Method",
                    "description": "How to combine controls with the same id.",
                    "type": "string",
                    "enum": ["use-first", "merge", "keep"],
                });
            }
            for member in members.values_mut() {
                allow_combine_method(member);
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(allow_combine_method),
        _ => {}
    }
}

/// The numbers of a version such as `1.0.4` or `v1.1.0-milestone2`.
pub(super) fn numbers(version: &str) -> Option<[u64; 3]> {
    let version = version.trim().trim_start_matches(['v', 'V']);
    let version = version.split(['-', '+']).next()?;
    let mut parts = version.splitn(3, '.');
    let mut next = || parts.next().map_or(Some(0), |part| part.parse().ok());
    Some([next()?, next()?, next()?])
}

/// The version in an identifier such as
/// `http://csrc.nist.gov/ns/oscal/1.2.3/oscal-catalog-schema.json`: its last segment that starts
/// with a digit.
fn version(id: &str) -> String {
    let mut parts = id.rsplit('/');
    let version = parts.find(|part| part.starts_with(|c: char| c.is_ascii_digit()));
    version.unwrap_or("unknown").to_owned()
}
