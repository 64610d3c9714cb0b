//! Whether what an entry names is the control, or the component, that was asked for.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::convert::Infallible;

use crate::control::Control;
use crate::document::control_key::{control_key, control_of_target};
use crate::document::entry_kind::EntryKind;
use crate::document::model::Model;
use crate::json::cursor::Cursor;
use crate::library::view::LibraryView;
use crate::objects::object::Object;

/// A control that was asked for.
pub(super) struct AskedControl<'v, 'a> {
    view: &'v LibraryView<'a>,
    keys: HashSet<String>,
    /// Whether a catalog has it.
    pub(super) is_known: bool,
    /// Whether targets that do not begin with their control belong to it.
    known: RefCell<HashMap<String, bool>>,
}

impl<'v, 'a> AskedControl<'v, 'a> {
    pub(super) fn new(view: &'v LibraryView<'a>, reference: &str) -> Self {
        let found = view.find_controls(reference);
        let is_known = !found.is_empty();
        let ids = found.into_iter().map(Control::id).chain([reference]);
        Self {
            view,
            is_known,
            keys: ids.map(control_key).filter(|key| !key.is_empty()).collect(),
            known: RefCell::default(),
        }
    }

    /// Whether a target is the control or a part of it.
    pub(super) fn is(&self, target: &str) -> bool {
        if self.has(target) || self.has(control_of_target(target)) {
            return true;
        }
        if let Some(known) = self.known.borrow().get(target) {
            return *known;
        }
        let is = control_of_part(self.view, target).is_some_and(|control| self.has(&control));
        self.known.borrow_mut().insert(target.to_owned(), is);
        is
    }

    fn has(&self, control: &str) -> bool {
        self.keys.contains(&control_key(control))
    }
}

/// The control that a part or a control belongs to in a loaded catalog, whatever its id.
pub(super) fn control_of_part(view: &LibraryView<'_>, target: &str) -> Option<String> {
    let catalogs = || view.documents().filter(|d| d.controls().len() > 0);
    let by_name = catalogs().find_map(|catalog| catalog.control_of_fragment(target));
    if let Some(control) = by_name {
        return Some(control.id().to_owned());
    }
    let parts = catalogs().flat_map(|catalog| catalog.find_objects(target));
    let mut controls = parts.filter_map(|part| around(part, "control"));
    controls.next().map(Object::id)
}

/// The control that a statement of a security plan is about.
pub(super) fn control_of_statement(view: &LibraryView<'_>, uuid: &str) -> Option<String> {
    let plans = view
        .documents()
        .filter(|document| document.info().model == Model::SystemSecurityPlan);
    let mut statements = plans.flat_map(|document| document.find_objects(uuid));
    let requirement = statements.find_map(|found| around(found, "implemented-requirement"))?;
    let mut control = None;
    let Ok(()) = Cursor::new(requirement.json()).object(|cursor, name| {
        if name == "control-id" {
            control = cursor.string();
        }
        Ok::<_, Infallible>(())
    });
    control
}

/// The object, or the innermost one around it, of this kind.
fn around<'a>(object: Object<'a>, kind: &str) -> Option<Object<'a>> {
    let mut outer = std::iter::successors(Some(object), |object| object.outer());
    outer.find(|object| object.kind() == kind)
}

/// A component or another subject that was asked for.
pub(super) struct AskedComponent {
    text: String,
    uuids: HashSet<String>,
}

impl AskedComponent {
    pub(super) fn new(view: &LibraryView<'_>, asked: &str) -> Self {
        let text = asked.trim().to_lowercase();
        let mut uuids = HashSet::from([text.clone()]);
        for document in view.documents() {
            let named = document.entries().iter().filter(|entry| {
                matches!(
                    entry.kind,
                    EntryKind::Component | EntryKind::InventoryItem | EntryKind::User
                ) && entry.title.to_lowercase().contains(&text)
                    && !entry.title.is_empty()
            });
            uuids.extend(named.map(|entry| entry.id.to_ascii_lowercase()));
        }
        Self { text, uuids }
    }

    /// Whether a subject is the component: `uuid` is in lower case.
    pub(super) fn is(&self, uuid: &str, title: Option<&str>) -> bool {
        self.uuids.contains(uuid)
            || title.is_some_and(|title| title.to_lowercase().contains(&self.text))
    }
}
