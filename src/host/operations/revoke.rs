//! An administrator revokes tokens: `POST /admin/revoke` on the admin address.

use std::{io, path::PathBuf, sync::Arc};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{AUTHORIZATION, WWW_AUTHENTICATE},
    },
    web::{self, Bytes, Data, PayloadConfig, ServiceConfig},
};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use rmcp_resource_server::{KeyFileError, ResourceServer, Revocation, RevokedBy, read_key_file};
use serde::Deserialize;
use serde_json::json;

/// Who may revoke, and where.
pub(in crate::host) struct Administration {
    pub(in crate::host) token_file: PathBuf,
    pub(in crate::host) resource_server: ResourceServer,
}

/// What to revoke: one of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    subject: Option<String>,
    session_id: Option<String>,
    client_id: Option<String>,
    token: Option<String>,
}

pub(in crate::host) fn configure(
    config: &mut ServiceConfig,
    administration: Option<&Arc<Administration>>,
) {
    let Some(administration) = administration else {
        return;
    };
    let resource = web::resource("/admin/revoke")
        .app_data(Data::from(administration.clone()))
        .app_data(PayloadConfig::new(16 * 1024))
        .route(web::post().to(revoke));
    config.service(resource);
}

async fn revoke(
    request: HttpRequest,
    body: Bytes,
    administration: Data<Administration>,
) -> HttpResponse {
    match administration.admits(&request).await {
        Ok(true) => {}
        Ok(false) => {
            tracing::warn!("a revocation was refused: it does not have the administrators' token");
            return HttpResponse::Unauthorized()
                .insert_header((WWW_AUTHENTICATE, "Bearer"))
                .json(json!({"error": "invalid_token"}));
        }
        Err(error) => {
            tracing::error!(%error, "--admin-token-file cannot be used");
            return HttpResponse::ServiceUnavailable().finish();
        }
    }
    let revocation = match read(&body) {
        Ok(revocation) => revocation,
        Err(problem) => {
            return HttpResponse::build(StatusCode::BAD_REQUEST).json(json!({
                "error": "invalid_request",
                "error_description": problem,
            }));
        }
    };
    let by = RevokedBy::Administrator;
    administration.resource_server.revoke(&revocation, by);
    HttpResponse::Ok().json(json!({"revoked": revocation.kind()}))
}

impl Administration {
    /// The file is read for each request, so a token that was replaced is no longer valid. Another
    /// thread reads it: a disk that hangs must not keep probes waiting.
    async fn admits(&self, request: &HttpRequest) -> Result<bool, KeyFileError> {
        let file = self.token_file.clone();
        let read = web::block(move || read_key_file(&file)).await;
        let token = read.map_err(io::Error::other)??;
        let mut given = request.headers().get_all(AUTHORIZATION);
        let (Some(given), None) = (given.next(), given.next()) else {
            return Ok(false);
        };
        let Some((scheme, given)) = given.as_bytes().split_at_checked(b"Bearer ".len()) else {
            return Ok(false);
        };
        let is_bearer = scheme.eq_ignore_ascii_case(b"Bearer ");
        Ok(is_bearer && verify_slices_are_equal(given, &token).is_ok())
    }
}

/// What is wrong never quotes the body: it may have a token in the wrong place.
fn read(body: &[u8]) -> Result<Revocation, &'static str> {
    const EXAMPLE: &str = "send JSON with one of subject, session_id, client_id and token, such as \
                           {\"subject\": \"alice\"}";
    let wanted: Wanted = serde_json::from_slice(body).map_err(|_may_quote_it| EXAMPLE)?;
    let session = |id| Revocation::Session { id, subject: None };
    let all = [
        wanted.subject.map(Revocation::Subject),
        wanted.session_id.map(session),
        wanted.client_id.map(Revocation::Client),
        wanted.token.map(Revocation::Token),
    ];
    let mut all = all.into_iter().flatten();
    let (Some(revocation), None) = (all.next(), all.next()) else {
        return Err(EXAMPLE);
    };
    let name = match &revocation {
        Revocation::Subject(name) | Revocation::Client(name) => name,
        Revocation::Session { id, .. } => id,
        Revocation::Token(fingerprint) => {
            let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            if fingerprint.len() != 32 || !fingerprint.bytes().all(is_hex) {
                return Err(
                    "token must be a fingerprint as the audit log shows it: 32 hexadecimal digits",
                );
            }
            fingerprint
        }
        _ => return Err(EXAMPLE),
    };
    match name.len() {
        1..=1024 => Ok(revocation),
        _ => Err("the name must have 1 to 1024 bytes"),
    }
}
