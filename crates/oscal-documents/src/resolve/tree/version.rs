//! A control in the result of a profile: taken from the catalog, changed by profiles, or combined
//! from several versions.
//!
//! A version only records what it is made from. Its JSON is built when needed, so a profile that
//! selects 370 controls and changes none of them reads none of them.

use std::sync::Arc;

use serde_json::Value;

use crate::control::Control;
use crate::json::cursor::{Cursor, Span};
use crate::resolve::json::{self, Object};
use crate::resolve::log::{Log, ParamState};
use crate::resolve::modify::modifications::Modifications;

pub(crate) struct Version<'a> {
    control: Control<'a>,
    content: Content<'a>,
    weight: usize,
}

enum Content<'a> {
    Original,
    Modified(Arc<Version<'a>>, Arc<Modifications>),
    Merged(Vec<Arc<Version<'a>>>),
}

impl<'a> Version<'a> {
    pub(crate) fn original(control: Control<'a>) -> Self {
        Self {
            control,
            content: Content::Original,
            weight: control.json().len(),
        }
    }

    /// The version with a profile's changes, whose text has about `weight` bytes.
    pub(crate) fn modified(of: Arc<Self>, by: Arc<Modifications>, weight: usize) -> Self {
        Self {
            control: of.control,
            weight: of.weight.saturating_add(weight),
            content: Content::Modified(of, by),
        }
    }

    /// Several versions of a control, merged. `first` takes precedence.
    pub(crate) fn merged(first: &Arc<Self>, versions: Vec<Arc<Self>>) -> Self {
        let weights = versions.iter().map(|version| version.weight);
        Self {
            control: first.control,
            weight: weights.fold(0, usize::saturating_add),
            content: Content::Merged(versions),
        }
    }

    /// The original control in its catalog.
    pub(crate) fn control(&self) -> Control<'a> {
        self.control
    }

    /// Whether this is the unchanged control of its catalog.
    pub(crate) fn is_original(&self) -> bool {
        matches!(self.content, Content::Original)
    }

    /// A lower bound on the length of the text and the cost of building it.
    pub(crate) fn weight(&self) -> usize {
        self.weight
    }

    /// Calls `found` with the ids of the parameters that the control may have.
    pub(crate) fn param_ids(&self, found: &mut dyn FnMut(&str)) {
        match &self.content {
            Content::Original => {
                let json = self.control.json();
                params_of(json, |id, _| found(id));
            }
            Content::Modified(of, by) => {
                of.param_ids(found);
                by.added_params(self.control.id()).for_each(found);
            }
            Content::Merged(versions) => {
                for version in versions {
                    version.param_ids(found);
                }
            }
        }
    }

    /// The text of the control without nested controls.
    pub(crate) fn text(&self) -> String {
        match self.content {
            Content::Original => json::text_without(self.control.json(), &["controls"]),
            _ => Value::Object(self.object(&mut Log::default())).to_string(),
        }
    }

    /// The same as a tree. Logs what is changed on the way.
    pub(crate) fn object(&self, log: &mut Log) -> Object {
        match &self.content {
            Content::Original => json::without(self.control.json(), &["controls"]),
            Content::Modified(of, by) => {
                let mut object = of.object(log);
                by.apply(self.control.id(), &mut object, log);
                object
            }
            Content::Merged(versions) => {
                let Some((first, others)) = versions.split_first() else {
                    return Object::new();
                };
                let mut merged = first.object(log);
                for other in others {
                    let mut of_other = Log::default();
                    json::unite(&mut merged, other.object(&mut of_other));
                    log.merge(of_other, |param| param_state(&merged, param));
                }
                merged
            }
        }
    }
}

/// The state of a parameter of a control.
pub(crate) fn param_state(control: &Object, id: &str) -> ParamState {
    let params = control.get("params").and_then(Value::as_array);
    let mut params = params.into_iter().flatten();
    let param = params.find(|param| json::text(param, "id") == id);
    let param = param.and_then(Value::as_object);
    param.map(ParamState::of).unwrap_or_default()
}

/// Calls `found` with the id and the text of each parameter of a control or group.
pub(crate) fn params_of(json: &str, mut found: impl FnMut(&str, &str)) {
    let mut places: Vec<(Box<str>, Span)> = Vec::new();
    // The lists of a loaded document are never too long.
    let _ = Cursor::new(json).object(|cursor, name| match name {
        "params" => cursor.places("id", &mut places).map(drop),
        _ => Ok(()),
    });
    for (id, span) in places {
        found(&id, span.of(json));
    }
}
