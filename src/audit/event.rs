//! What a record says.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    time::SystemTime,
};

use rmcp_resource_server::{AccessToken, Clock, SystemClock};
use serde::{Serialize, Serializer};

/// What happened. Members that do not apply are left out.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Event {
    /// When, in UTC.
    #[serde(serialize_with = "millis")]
    pub(crate) time: Option<SystemTime>,
    pub(crate) event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) outcome: Option<Outcome>,
    /// The reason for a refusal, or what failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request_id: Option<String>,
    /// The trace that the request belongs to, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) trace_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client: Option<IpAddr>,
    #[serde(flatten)]
    pub(crate) principal: Option<Principal>,
    /// The fingerprint of the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) session: Option<String>,
    /// The tool, prompt or resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// Arguments that name things.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) arguments: BTreeMap<String, String>,
    /// Ids of the documents that the answer names.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) documents: BTreeSet<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) duration_ms: Option<u64>,
    /// The document that was loaded, changed or removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) document: Option<LoadedDocument>,
    /// How many requests the record stands for, if not one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) count: Option<u64>,
    /// How many keys were fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) keys: Option<usize>,
    /// How many records are missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) lost: Option<u64>,
    /// The version of the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<&'static str>,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    Success,
    /// The request was answered with an error.
    Error,
    /// It was not admitted.
    Refused,
    /// The client went away.
    Cancelled,
}

/// Whose token it was.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub(crate) struct Principal {
    issuer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    scopes: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// The thumbprint of the key to which the token is bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// The thumbprint of the client's certificate to which the token is bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<String>,
}

/// A document of the library.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LoadedDocument {
    pub(crate) id: String,
    pub(crate) model: &'static str,
    pub(crate) version: String,
    pub(crate) file: String,
    /// Of its JSON without white space.
    pub(crate) sha256: String,
}

impl Event {
    pub(crate) fn new(event: &'static str) -> Self {
        Self {
            time: Some(SystemClock.now()),
            event,
            ..Self::default()
        }
    }
}

impl Principal {
    pub(crate) fn of(token: &AccessToken) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Self {
            issuer: token.issuer().to_owned(),
            subject: owned(token.subject()),
            username: owned(token.username()),
            client_id: owned(token.client_id()),
            scopes: token.scopes().to_string(),
            token: token.fingerprint(),
            key: token.key_thumbprint(),
            certificate: token.certificate_thumbprint(),
        }
    }
}

fn millis<S: Serializer>(time: &Option<SystemTime>, serializer: S) -> Result<S::Ok, S::Error> {
    let time = time.unwrap_or(SystemTime::UNIX_EPOCH);
    serializer.collect_str(&humantime::format_rfc3339_millis(time))
}
