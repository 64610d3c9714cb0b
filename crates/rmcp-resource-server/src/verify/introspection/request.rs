//! One request to the introspection endpoint, and what each kind of answer means.

use http::header::{ACCEPT, HeaderValue};
use reqwest::Response;

use super::answer::AnswerForm;
use crate::{
    authorization_server::{
        http_client::HttpClient,
        response::{self, malformed, unreachable},
        server::AuthorizationServer,
    },
    client_auth::method::ClientAuth,
    error::{AuthorizationServerError, TokenError, VerifyError},
    token::{
        bearer::BearerToken,
        claims::{Claims, IntrospectionResponse},
    },
    urls::EndpointUrl,
};

/// Sends `token` to `endpoint` once, and demands an answer of this form.
pub(super) async fn send(
    http: &HttpClient,
    endpoint: &EndpointUrl,
    auth: &ClientAuth,
    form: &AnswerForm,
    server: &AuthorizationServer,
    token: &BearerToken,
) -> Result<Claims, VerifyError> {
    form.can_be_read()?;
    let asked_at = server.clock.now();
    let mut request = auth
        .introspection_request(endpoint, server, token)
        .map_err(|error| malformed(error.to_string()))?;
    let accept = HeaderValue::from_static(form.media_type());
    request.headers_mut().insert(ACCEPT, accept);
    let request = request.try_into().map_err(unreachable)?;
    let response = http.execute(request).await.map_err(unreachable)?;
    match response.status().as_u16() {
        200 => match form.read(response, auth.client_id(), asked_at).await? {
            IntrospectionResponse::Active(claims) => Ok(*claims),
            IntrospectionResponse::Inactive => Err(TokenError::Inactive.into()),
        },
        400 => Err(read_bad_request(response).await),
        status @ (401 | 403) => Err(AuthorizationServerError::CredentialsRefused { status }.into()),
        status => Err(response::failure(status, response.headers()).into()),
    }
}

/// `unsupported_token_type` is about the token (oidc-provider answers it to text that looks like a
/// JWT but is not one). Any other 400 is about us or the server (Keycloak's internal faults). Errors are
/// never signed; none of them lets a token in.
async fn read_bad_request(response: Response) -> VerifyError {
    match response::error_code(response).await.as_deref() {
        Some("unsupported_token_type") => TokenError::UnsupportedType.into(),
        Some("invalid_client" | "unauthorized_client") => {
            AuthorizationServerError::CredentialsRefused { status: 400 }.into()
        }
        _ => AuthorizationServerError::Status { status: 400 }.into(),
    }
}
