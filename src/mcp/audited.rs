//! Records requests in the audit log.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use oscal_documents::Library;
use rmcp::{
    ErrorData,
    model::{CallToolResponse, Extensions},
};
use rmcp_resource_server::{AccessToken, ClientAddress, RequestId, TraceId};
use serde_json::Value;

use super::{answer::shortened, server::OscalServer, tool_metrics};
use crate::audit::{AuditLog, Event, Outcome, Principal, session_fingerprint};

/// The arguments that are recorded: those that name things. What a client wrote, such as content to
/// validate or words to search for, is not.
const NAMING: [&str; 22] = [
    "catalog",
    "change",
    "component",
    "control",
    "coverage_of",
    "definition",
    "document",
    "due_before",
    "gap_against",
    "group",
    "id",
    "kind",
    "model",
    "new",
    "old",
    "profile",
    "relationship",
    "show",
    "ssp",
    "state",
    "to",
    "uri",
];

/// The most documents that one record names.
const MAX_DOCUMENTS: usize = 50;

/// A request that is being answered. When this is dropped without an answer, the record says that
/// the client went away.
pub(super) struct Audited<'s> {
    log: &'s AuditLog,
    event: Option<Box<Event>>,
    begun: Instant,
}

impl OscalServer {
    /// Begins the record of a request, if there is an audit log.
    ///
    /// # Errors
    ///
    /// The log cannot be written, and requests that cannot be recorded are refused.
    pub(super) fn audited(
        &self,
        event: &'static str,
        extensions: &Extensions,
    ) -> Result<Option<Audited<'_>>, ErrorData> {
        let Some(log) = &self.audit else {
            return Ok(None);
        };
        if log.refuses() {
            let message = "requests cannot be recorded at the moment; try again later";
            return Err(ErrorData::internal_error(message, None));
        }
        let mut event = Box::new(Event::new(event));
        event.trace_id = extensions.get::<TraceId>().map(TraceId::to_string);
        if let Some(parts) = extensions.get::<http::request::Parts>() {
            let of_request = &parts.extensions;
            let id = of_request.get::<RequestId>();
            event.request_id = id.map(|id| id.as_str().to_owned());
            event.client = ClientAddress::of(of_request);
            event.principal = of_request.get::<AccessToken>().map(Principal::of);
            event.session = session_fingerprint(&parts.headers);
        }
        Ok(Some(Audited {
            log,
            event: Some(event),
            begun: Instant::now(),
        }))
    }
}

impl Audited<'_> {
    /// What is asked, with its arguments.
    pub(super) fn asks<'v>(
        &mut self,
        name: &str,
        arguments: impl IntoIterator<Item = (&'v String, &'v Value)>,
    ) {
        let Some(event) = &mut self.event else { return };
        event.name = Some(shortened(name));
        let naming = arguments.into_iter().filter_map(|(argument, value)| {
            let value = value
                .as_str()
                .filter(|_| NAMING.contains(&argument.as_str()))?;
            Some((argument.clone(), shortened(value)))
        });
        event.arguments = naming.collect::<BTreeMap<_, _>>();
    }

    /// Ends the record of a tool's answer.
    pub(super) fn answered_by_tool(
        mut self,
        answer: &Result<CallToolResponse, ErrorData>,
        library: &Library,
    ) {
        let mut texts = BTreeSet::new();
        if let Ok(CallToolResponse::Complete(result)) = answer
            && let Some(content) = &result.structured_content
        {
            possible_ids(content, &mut texts);
        }
        let outcome = match tool_metrics::outcome(answer) {
            "success" => Outcome::Success,
            _ => Outcome::Error,
        };
        self.touched(texts, library, outcome);
        self.end(outcome);
    }

    /// Ends the record of any other answer.
    pub(super) fn answered<T, E>(mut self, answer: &Result<T, E>, library: &Library) {
        let outcome = match answer {
            Ok(_) => Outcome::Success,
            Err(_) => Outcome::Error,
        };
        self.touched(BTreeSet::new(), library, outcome);
        self.end(outcome);
    }

    /// Names the documents that these texts and the arguments are ids of.
    fn touched(&mut self, texts: BTreeSet<&str>, library: &Library, outcome: Outcome) {
        let Some(event) = &mut self.event else { return };
        if outcome != Outcome::Success {
            return;
        }
        let view = library.view(|_| true);
        let of_uri = |text: &str| -> String {
            let id = text.strip_prefix("oscal://documents/").unwrap_or(text);
            id.split('/').next().unwrap_or_default().to_owned()
        };
        let asked = event.arguments.values().map(|value| of_uri(value));
        let named: BTreeSet<String> = texts.into_iter().map(str::to_owned).chain(asked).collect();
        let found = named.iter().filter_map(|text| view.document(text));
        let ids = found.map(|document| document.info().id.clone());
        event.documents = ids.take(MAX_DOCUMENTS).collect();
    }

    fn end(mut self, outcome: Outcome) {
        self.write(outcome);
    }

    fn write(&mut self, outcome: Outcome) {
        if let Some(mut event) = self.event.take() {
            event.outcome = Some(outcome);
            let millis = self.begun.elapsed().as_millis();
            event.duration_ms = Some(u64::try_from(millis).unwrap_or(u64::MAX));
            self.log.record(event);
        }
    }
}

impl Drop for Audited<'_> {
    fn drop(&mut self) {
        self.write(Outcome::Cancelled);
    }
}

/// The texts in an answer that may be ids of documents: those that begin like a uuid.
fn possible_ids<'v>(value: &'v Value, found: &mut BTreeSet<&'v str>) {
    match value {
        Value::String(text) => {
            let is_like_id = (36..=80).contains(&text.len())
                && text
                    .bytes()
                    .enumerate()
                    .take(36)
                    .all(|(at, byte)| match at {
                        8 | 13 | 18 | 23 => byte == b'-',
                        _ => byte.is_ascii_hexdigit(),
                    });
            if is_like_id {
                found.insert(text);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| possible_ids(item, found)),
        Value::Object(members) => members.values().for_each(|item| possible_ids(item, found)),
        _ => {}
    }
}
