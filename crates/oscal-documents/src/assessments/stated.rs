//! What an entry states, read from its JSON. Members of another shape are passed over.

use serde_json::Value;

use crate::document::entry::facts::is_deadline;
use crate::document::entry_kind::EntryKind;

/// The most facts of an entry.
const MAX_FACTS: usize = 24;

/// What an entry states, without its text.
#[derive(Debug, Default)]
pub(super) struct Stated {
    pub(super) label: Option<String>,
    pub(super) states: Vec<String>,
    pub(super) reason: Option<String>,
    /// The control or the part of one that a finding is about.
    pub(super) target: Option<String>,
    /// The controls that it names otherwise, or parts of them.
    pub(super) controls: Vec<String>,
    /// Whether it is about all controls, except the named ones.
    pub(super) all_controls_but: Option<Vec<String>>,
    pub(super) deadline: Option<String>,
    pub(super) subjects: Vec<Subject>,
    /// Uuids of other entries.
    pub(super) related: Vec<String>,
    /// The uuid of the statement of a security plan that a finding is about.
    pub(super) statement: Option<String>,
}

/// A component, an inventory item or a user that an entry is about.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) kind: EntryKind,
    /// In lower case.
    pub(super) uuid: String,
    /// If the entry gives one.
    pub(super) title: Option<String>,
}

impl Subject {
    pub(super) fn component(uuid: String) -> Self {
        Self {
            kind: EntryKind::Component,
            uuid,
            title: None,
        }
    }
}

impl Stated {
    pub(super) fn of(kind: EntryKind, value: &Value) -> Self {
        let mut stated = Self::default();
        stated.read_props(value);
        stated.read_relations(value);
        match kind {
            EntryKind::Finding => stated.read_finding(value),
            EntryKind::Risk => stated.read_risk(value),
            EntryKind::Observation => stated.read_subjects(value),
            EntryKind::Task => stated.read_task(value),
            EntryKind::Activity => {
                stated.read_selections(&value["related-controls"]);
                for step in list(value, "steps") {
                    stated.read_selections(&step["reviewed-controls"]);
                }
            }
            EntryKind::Result => stated.read_selections(&value["reviewed-controls"]),
            EntryKind::InventoryItem => {
                for used in list(value, "implemented-components") {
                    stated.subject(used, "component-uuid");
                }
            }
            _ => {}
        }
        stated
    }

    /// The controls and the parts of controls that it names.
    pub(super) fn targets(&self) -> impl Iterator<Item = &str> {
        let named = self.target.iter().chain(&self.controls);
        named.map(String::as_str)
    }

    fn read_props(&mut self, value: &Value) {
        for prop in list(value, "props") {
            let (Some(name), Some(value)) = (text(prop, "name"), text(prop, "value")) else {
                continue;
            };
            let name = name.to_ascii_lowercase();
            match &*name {
                "poam-id" | "weakness-id" => self.label = Some(value.to_owned()),
                "status" | "state" | "poam-status" => self.states.push(value.to_owned()),
                _ if name.ends_with("control-id") => self.controls.push(value.to_owned()),
                _ if is_deadline(&name) => self.deadline = Some(value.to_owned()),
                _ => {}
            }
        }
    }

    /// `related-observations`, `related-risks`, `associated-activities` and so on.
    fn read_relations(&mut self, value: &Value) {
        let Some(members) = value.as_object() else {
            return;
        };
        let relations = members
            .iter()
            .filter(|(name, _)| name.starts_with("related-") || name.starts_with("associated-"));
        for relation in relations.filter_map(|(_, list)| list.as_array()).flatten() {
            for member in [
                "observation-uuid",
                "risk-uuid",
                "finding-uuid",
                "activity-uuid",
            ] {
                let uuid = text(relation, member).map(str::to_ascii_lowercase);
                self.related.extend(uuid);
            }
        }
    }

    fn read_finding(&mut self, value: &Value) {
        let target = &value["target"];
        self.target = text(target, "target-id").map(str::to_owned);
        let status = &target["status"];
        self.reason = text(status, "reason").map(str::to_owned);
        let state = text(status, "state").or(status.as_str());
        if let Some(state) = state {
            self.states = vec![state.to_owned()];
        }
        self.statement = text(value, "implementation-statement-uuid").map(str::to_owned);
    }

    fn read_risk(&mut self, value: &Value) {
        if let Some(status) = text(value, "status") {
            self.states = vec![status.to_owned()];
        }
        let deadline = text(value, "deadline").map(str::to_owned);
        self.deadline = deadline.or(self.deadline.take());
        for factor in list(value, "mitigating-factors") {
            self.read_subjects(factor);
        }
        for response in list(value, "remediations") {
            for asset in list(response, "required-assets") {
                self.read_subjects(asset);
            }
        }
    }

    fn read_task(&mut self, value: &Value) {
        let timing = &value["timing"];
        let end = text(&timing["within-date-range"], "end");
        let end = end.or(text(&timing["on-date"], "date"));
        self.deadline = end.map(str::to_owned).or(self.deadline.take());
        self.read_subjects(value);
        for activity in list(value, "associated-activities") {
            self.read_subjects(activity);
        }
    }

    fn read_subjects(&mut self, value: &Value) {
        for subject in list(value, "subjects") {
            self.subject(subject, "subject-uuid");
            for included in list(subject, "include-subjects") {
                self.subject(included, "subject-uuid");
            }
        }
    }

    fn subject(&mut self, value: &Value, member: &str) {
        if let Some(uuid) = text(value, member) {
            self.subjects.push(Subject {
                kind: match text(value, "type") {
                    Some("inventory-item") => EntryKind::InventoryItem,
                    Some("user") => EntryKind::User,
                    _ => EntryKind::Component,
                },
                uuid: uuid.to_ascii_lowercase(),
                title: text(value, "title").map(str::to_owned),
            });
        }
    }

    fn read_selections(&mut self, value: &Value) {
        let controls = |selection: &Value, member: &str| -> Vec<String> {
            let ids = list(selection, member).iter();
            ids.filter_map(|control| text(control, "control-id"))
                .map(str::to_owned)
                .collect()
        };
        for selection in list(value, "control-selections") {
            self.controls
                .extend(controls(selection, "include-controls"));
            if !selection["include-all"].is_null() {
                let excluded = controls(selection, "exclude-controls");
                self.all_controls_but
                    .get_or_insert_default()
                    .extend(excluded);
            }
        }
    }
}

/// Its title, or else the beginning of its text, or its roles.
pub(super) fn title(value: &Value) -> String {
    if let Some(title) = ["title", "short-name"]
        .iter()
        .find_map(|name| text(value, name))
    {
        return title.trim().to_owned();
    }
    let roles = strings(value, "role-ids");
    let description = text(value, "description").or(text(value, "remarks"));
    let line = description.map_or(roles, |text| {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    });
    match line.char_indices().nth(100) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Description, statement and remarks.
pub(super) fn prose(value: &Value) -> String {
    let members = ["description", "statement", "remarks"];
    let texts = members.iter().filter_map(|member| text(value, member));
    texts.collect::<Vec<_>>().join("\n\n")
}

/// Facts that have no member of their own in an item.
pub(super) fn facts(kind: EntryKind, value: &Value) -> Vec<(String, String)> {
    let mut facts: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, fact: String| {
        let fact = (name.to_owned(), fact);
        if !fact.1.is_empty() && facts.len() < MAX_FACTS && !facts.contains(&fact) {
            facts.push(fact);
        }
    };
    for (name, member) in [
        ("collected", "collected"),
        ("expires", "expires"),
        ("start", "start"),
        ("end", "end"),
        ("authorized", "date-authorized"),
    ] {
        add(name, text(value, member).unwrap_or_default().to_owned());
    }
    for (name, member) in [
        ("methods", "methods"),
        ("types", "types"),
        ("roles", "role-ids"),
    ] {
        add(name, strings(value, member));
    }
    if kind == EntryKind::Task {
        add("type", text(value, "type").unwrap_or_default().to_owned());
    }
    let implemented = text(&value["target"]["implementation-status"], "state");
    add("implementation", implemented.unwrap_or_default().to_owned());
    for characterization in list(value, "characterizations") {
        for facet in list(characterization, "facets") {
            let name = text(facet, "name").unwrap_or_default();
            add(name, text(facet, "value").unwrap_or_default().to_owned());
        }
    }
    for response in list(value, "remediations") {
        let lifecycle = text(response, "lifecycle").unwrap_or("planned");
        add(&format!("response ({lifecycle})"), title(response));
    }
    for privilege in list(value, "authorized-privileges") {
        let functions = strings(privilege, "functions-performed");
        let title = text(privilege, "title").unwrap_or_default();
        add("privilege", format!("{title}: {functions}"));
    }
    for prop in list(value, "props") {
        let fact = text(prop, "value").unwrap_or_default();
        add(text(prop, "name").unwrap_or_default(), fact.to_owned());
    }
    facts
}

/// A string member that is not empty.
pub(super) fn text<'v>(value: &'v Value, member: &str) -> Option<&'v str> {
    let text = value.get(member)?.as_str()?;
    (!text.trim().is_empty()).then_some(text)
}

/// The elements of a member.
pub(super) fn list<'v>(value: &'v Value, member: &str) -> &'v [Value] {
    let list = value.get(member).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

/// The strings of a member, with commas between them.
fn strings(value: &Value, member: &str) -> String {
    let strings = list(value, member).iter().filter_map(Value::as_str);
    strings.collect::<Vec<_>>().join(", ")
}
