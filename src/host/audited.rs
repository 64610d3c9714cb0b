//! What the audit log says of requests that no MCP handler sees, and what happens when it cannot be
//! written.

use std::collections::BTreeMap;

use actix_web::{
    Error, HttpMessage, HttpResponse,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{HeaderMap, RETRY_AFTER},
    },
    middleware::Next,
    web::Data,
};
use rmcp_resource_server::{
    AccessToken, Change, EndedSession, Refusal, RefusedRequest, RequestId, Revocation, RevokedBy,
    SessionEnd, TraceId,
};
use serde_json::json;

use super::client_address::client_address;
use crate::audit::{AuditLog, Event, Outcome, Principal, session_fingerprint_of};

const MCP_SESSION_ID: &str = "mcp-session-id";

/// Refuses requests that could not be recorded, and records sessions.
pub(super) async fn audited(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, Error> {
    let Some(log) = request.app_data::<Data<AuditLog>>().cloned() else {
        return Ok(next.call(request).await?.map_into_left_body());
    };
    if log.refuses() {
        let id = RequestId::of(request.request()).unwrap_or_else(RequestId::fresh);
        let trace = request.extensions().get::<TraceId>().copied();
        let refused = unrecorded(&id, trace);
        return Ok(request.into_response(refused).map_into_right_body());
    }
    let deleted = (request.method() == Method::DELETE).then(|| session(request.headers()));
    let response = next.call(request).await?;
    let request = response.request();
    let (event, reason, session) = match deleted {
        None => ("session.open", None, session(response.headers())),
        // Without a token, `ended` records the end of the session.
        Some(session) => {
            let has_token = request.extensions().contains::<AccessToken>();
            let session = session.filter(|_| has_token);
            ("session.close", Some("deleted"), session)
        }
    };
    if let Some(session) = session.filter(|_| response.status().is_success()) {
        let known = request.extensions();
        let mut event = Event::new(event);
        event.outcome = Some(Outcome::Success);
        event.reason = reason;
        event.request_id = RequestId::of(request).map(|id| id.as_str().to_owned());
        event.trace_id = known.get::<TraceId>().map(TraceId::to_string);
        event.client = client_address(request);
        event.principal = known.get::<AccessToken>().map(Principal::of);
        event.session = Some(session);
        log.record(event);
    }
    Ok(response.map_into_left_body())
}

/// Records a refused request.
pub(super) fn refused(log: &AuditLog, refused: &RefusedRequest<'_>, status: u16) {
    let mut event = Event::new("request.refused");
    event.outcome = Some(Outcome::Refused);
    event.reason = Some(refused.refusal.reason());
    event.status = Some(status);
    event.request_id = Some(refused.request_id.as_str().to_owned());
    event.trace_id = refused.trace_id.map(|trace| trace.to_string());
    event.client = refused.client;
    event.principal = refused.token.map(Principal::of);
    match refused.refusal {
        Refusal::TooMany(_) => log.record_repeated(event),
        _ => log.record(event),
    }
}

/// Records a session that ended by itself. [`audited`] records those that a client deletes.
pub(super) fn ended(log: &AuditLog, session: EndedSession<'_>) {
    let reason = match session.end {
        SessionEnd::Deleted => return,
        SessionEnd::Displaced => Some("displaced"),
        SessionEnd::Revoked => Some("revoked"),
        // Without authorization a deleted session looks the same.
        _ => session.token.map(|_| "idle"),
    };
    let mut event = Event::new("session.close");
    event.reason = reason;
    event.principal = session.token.map(Principal::of);
    event.session = Some(session_fingerprint_of(session.id));
    log.record(event);
}

/// Records a revocation.
pub(super) fn revoked(log: &AuditLog, revocation: &Revocation, by: RevokedBy) {
    let mut event = Event::new("revocation");
    event.outcome = Some(Outcome::Success);
    event.reason = Some(match by {
        RevokedBy::AuthorizationServer => "logout",
        RevokedBy::Replica => "replica",
        _ => "administrator",
    });
    let name = match revocation {
        Revocation::Subject(name) | Revocation::Client(name) | Revocation::Token(name) => name,
        Revocation::Session { id, .. } => id,
        _ => return log.record(event),
    };
    event.arguments = BTreeMap::from([(revocation.kind().to_owned(), name.clone())]);
    if let Revocation::Session {
        subject: Some(subject),
        ..
    } = revocation
    {
        event
            .arguments
            .insert("subject".to_owned(), subject.clone());
    }
    log.record(event);
}

/// Records what changed about the authorization server.
pub(super) fn changed(log: &AuditLog, change: Change) {
    let mut event = Event::new(match change {
        Change::CredentialsRotated => "credentials.rotated",
        Change::KeysFetched(_) => "keys.fetched",
        Change::EndpointMoved => "endpoint.moved",
        _ => return,
    });
    if let Change::KeysFetched(keys) = change {
        event.keys = Some(keys);
    }
    log.record(event);
}

/// The session that a header names, as the log shows it.
fn session(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(MCP_SESSION_ID)?.to_str().ok()?;
    Some(session_fingerprint_of(id))
}

fn unrecorded(id: &RequestId, trace: Option<TraceId>) -> HttpResponse<BoxBody> {
    let mut body = json!({
        "error": "temporarily_unavailable",
        "error_description": "Requests cannot be recorded now; try again later",
        "request_id": id.as_str(),
    });
    if let Some(trace) = trace {
        body["trace_id"] = trace.to_string().into();
    }
    HttpResponse::ServiceUnavailable()
        .insert_header((RETRY_AFTER, 1))
        .json(body)
}
