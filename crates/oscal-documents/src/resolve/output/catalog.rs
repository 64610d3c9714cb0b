//! The resolved profile as a catalog.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::resolve::json::{self, Object};
use crate::resolve::log::Log;
use crate::resolve::output::head::Head;
use crate::resolve::tree::version::params_of;
use crate::resolve::tree::{Body, Group, Node, Tree};

/// Writes a catalog.
pub(crate) struct Output<'s, 'a> {
    tree: &'s Tree<'a>,
    /// The text of each control without nested controls, in the order of the tree.
    controls: Vec<String>,
    /// The members of each group other than parameters, controls and groups, in the order of
    /// the tree.
    groups: Vec<Object>,
    /// The parameters that are used but not within a control, by group.
    params: HashMap<Option<usize>, Vec<Value>>,
}

impl<'s, 'a> Output<'s, 'a> {
    pub(crate) fn of(tree: &'s Tree<'a>) -> Self {
        let mut places = Places::default();
        places.add(&tree.body, None);
        let mut output = Self {
            tree,
            controls: Vec::with_capacity(places.controls.len()),
            groups: places
                .groups
                .iter()
                .map(|group| group.own.members())
                .collect(),
            params: HashMap::new(),
        };
        for (node, _) in &places.controls {
            output.controls.push(node.version.text());
        }
        output.place_params(&places);
        output
    }

    /// The text of the catalog.
    pub(crate) fn catalog(&self, head: &Head<'_, 'a>) -> String {
        let mut body = String::new();
        if let Some(params) = self.params.get(&None) {
            push_member(
                &mut body,
                "params",
                &Value::from(params.clone()).to_string(),
            );
        }
        let mut written = (0, 0);
        self.push_body(&mut body, &self.tree.body, &mut written);
        let metadata = Value::Object(head.metadata()).to_string();
        let mut referenced = HashSet::new();
        for text in [&metadata, &body] {
            json::referenced_uuids(text, |uuid| {
                referenced.insert(uuid);
            });
        }
        let resources = head.resources(&referenced);
        let mut out = format!("{{\"catalog\":{{\"uuid\":\"{}\",\"metadata\":", head.uuid);
        out.push_str(&metadata);
        out.push_str(&body);
        if !resources.is_empty() {
            out.push_str(",\"back-matter\":{\"resources\":[");
            out.push_str(&resources.join(","));
            out.push_str("]}");
        }
        out.push_str("}}");
        out
    }

    /// Decides which parameters outside controls the catalog contains, and where. Parameters of
    /// groups stay there if they are used. Parameters of the catalog, or of controls that are not
    /// in the result, go to the catalog, or in a custom structure into the group that uses them.
    fn place_params(&mut self, places: &Places<'s, 'a>) {
        let mut anchored: HashSet<String> = HashSet::new();
        for control in &self.controls {
            params_of(control, |id, _| {
                anchored.insert(id.to_owned());
            });
        }
        let mut in_groups: HashMap<String, (usize, Value)> = HashMap::new();
        for (at, group) in self.groups.iter_mut().enumerate() {
            let Some(Value::Array(params)) = group.remove("params") else {
                continue;
            };
            for param in params {
                let id = json::text(&param, "id").to_owned();
                in_groups.entry(id).or_insert((at, param));
            }
        }
        let custom = |group: &usize| places.groups[*group].own.is_custom();
        let mut used: Vec<(Option<usize>, String)> = Vec::new();
        for (text, (_, group)) in self.controls.iter().zip(&places.controls) {
            let place = group.filter(custom);
            json::inserted_params(text, |id| used.push((place, id.to_owned())));
        }
        for (at, group) in self.groups.iter().enumerate() {
            let place = Some(at).filter(custom);
            let text = Value::Object(group.clone()).to_string();
            json::inserted_params(&text, |id| used.push((place, id.to_owned())));
        }
        // The first use decides the place. A parameter may use others.
        used.reverse();
        while let Some((place, id)) = used.pop() {
            if !anchored.insert(id.clone()) {
                continue;
            }
            let own = in_groups.remove(&id);
            let place = own.as_ref().map_or(place, |(group, _)| Some(*group));
            let param = match own {
                Some((group, own)) if custom(&group) => own,
                _ => match self.tree.param(&id, &mut Log::default()) {
                    Some(param) => Value::Object(param),
                    None => continue,
                },
            };
            let text = param.to_string();
            json::inserted_params(&text, |id| used.push((place.filter(custom), id.to_owned())));
            self.params.entry(place).or_default().push(param);
        }
    }

    /// Writes controls and groups. `written` counts those written so far.
    fn push_body(&self, out: &mut String, body: &Body<'a>, written: &mut (usize, usize)) {
        self.push_controls(out, &body.controls, written);
        let mut groups = Vec::new();
        for group in &body.groups {
            let at = written.1;
            written.1 += 1;
            let mut text = Value::Object(self.groups[at].clone()).to_string();
            text.pop();
            if let Some(params) = self.params.get(&Some(at)) {
                push_member(
                    &mut text,
                    "params",
                    &Value::from(params.clone()).to_string(),
                );
            }
            self.push_body(&mut text, &group.body, written);
            text.push('}');
            groups.push(text);
        }
        if !groups.is_empty() {
            push_member(out, "groups", &format!("[{}]", groups.join(",")));
        }
    }

    fn push_controls(&self, out: &mut String, nodes: &[Node<'a>], written: &mut (usize, usize)) {
        for (at, node) in nodes.iter().enumerate() {
            out.push_str(if at == 0 { ",\"controls\":[" } else { "," });
            let text = &self.controls[written.0];
            written.0 += 1;
            out.push_str(&text[..text.len() - 1]);
            self.push_controls(out, &node.children, written);
            out.push('}');
        }
        if !nodes.is_empty() {
            out.push(']');
        }
    }
}

/// Adds a member to an unfinished object, with a comma unless the text ends with `{`. An empty text
/// must be appended to a member later.
fn push_member(object: &mut String, name: &str, value: &str) {
    if !object.ends_with('{') {
        object.push(',');
    }
    object.push('"');
    object.push_str(name);
    object.push_str("\":");
    object.push_str(value);
}

/// The controls, each with its group, and the groups, in the order of writing.
#[derive(Default)]
struct Places<'s, 'a> {
    controls: Vec<(&'s Node<'a>, Option<usize>)>,
    groups: Vec<&'s Group<'a>>,
}

impl<'s, 'a> Places<'s, 'a> {
    fn add(&mut self, body: &'s Body<'a>, group: Option<usize>) {
        self.add_controls(&body.controls, group);
        for inner in &body.groups {
            let at = self.groups.len();
            self.groups.push(inner);
            self.add(&inner.body, Some(at));
        }
    }

    fn add_controls(&mut self, nodes: &'s [Node<'a>], group: Option<usize>) {
        for node in nodes {
            self.controls.push((node, group));
            self.add_controls(&node.children, group);
        }
    }
}
