//! Whether the introspection endpoint answers and knows us, and what it says about a token.

mod credentials;
#[cfg(feature = "jwt")]
mod signed;

use tokio::time::timeout;

use super::{IntrospectionConfig, answer::AnswerForm, request};
use crate::{
    client_auth::method::ClientAuth,
    diagnose::{
        check::{Cause, Check, Diagnosis, Outcome},
        metadata::Described,
        probe::{Probe, random_token},
        unverified::Unverified,
    },
    error::{AuthorizationServerError, TokenError, VerifyError},
    token::{bearer::BearerToken, claims::Claims},
    urls::EndpointUrl,
    verify::start_error::StartError,
};

const ANSWERS: &str = "an introspection response (RFC 7662)";

/// Asks about a random text: an endpoint that knows us says that it is inactive. Then asks about
/// the token, and once more with a wrong secret: if that does not change the answer, the endpoint
/// does not check ours.
pub(crate) async fn examine(
    config: &IntrospectionConfig,
    probe: &Probe<'_>,
    described: &Described,
    token: Option<&BearerToken>,
    diagnosis: &mut Diagnosis,
) -> Result<Option<Claims>, StartError> {
    let auth = config.credentials.read()?;
    let Some(endpoint) = &described.endpoint else {
        return Ok(None);
    };
    auth.can_be_used_at(endpoint)?;
    #[cfg(feature = "jwt")]
    if !signed::examine(config, probe, described, &mut diagnosis.server).await {
        return Ok(None);
    }
    let asking = Asking {
        probe,
        endpoint,
        form: config.form()?,
    };
    let limit = config.authorization_server.timeout;
    let _in_time = timeout(limit, asking.form.ready()).await;
    let of_random = asking.ask(&auth, &random_token()).await;
    diagnosis.server.push(answers(&of_random));
    let of_token = match token.filter(|_| is_usable(&of_random)) {
        Some(token) => Some((token, asking.ask(&auth, token).await)),
        None => None,
    };
    let credentials = asking.compare(&auth, &of_random, of_token.as_ref()).await;
    let accepted = credentials.outcome == Outcome::Passed;
    diagnosis.server.push(credentials);
    let methods = described.auth_methods.as_deref();
    diagnosis.server.push(advertised(&auth, methods));
    Ok(match of_token {
        None => None,
        Some((_, Ok(claims))) => {
            let check = Check::passed("active", "active: true", "active: true");
            diagnosis.token.push(check);
            Some(claims)
        }
        Some((token, Err(error))) => {
            let check = not_active(error, token, config, &auth, accepted);
            diagnosis.token.push(check);
            None
        }
    })
}

/// The endpoint's answer, or why there is none.
type Answer = Result<Claims, VerifyError>;

/// The endpoint to ask.
struct Asking<'a> {
    probe: &'a Probe<'a>,
    endpoint: &'a EndpointUrl,
    form: AnswerForm,
}

impl Asking<'_> {
    async fn ask(&self, auth: &ClientAuth, token: &BearerToken) -> Answer {
        let server = self.probe.authorization_server;
        let limit = server.timeout;
        let http = &self.probe.http;
        let sent = request::send(http, self.endpoint, auth, &self.form, server, token);
        timeout(limit, sent)
            .await
            .unwrap_or_else(|_elapsed| Err(AuthorizationServerError::TimedOut { limit }.into()))
    }
}

/// Whether the endpoint said something about the random text, so that it is worth asking more.
fn is_usable(of_random: &Answer) -> bool {
    matches!(of_random, Err(VerifyError::Token(_)))
}

fn answers(of_random: &Answer) -> Check {
    const NAME: &str = "introspection";
    match of_random {
        Ok(_) => {
            let found = "active: true for a random text";
            Check::failed(NAME, found, ANSWERS, Cause::AcceptsAnything)
        }
        Err(VerifyError::Token(error)) => Check::passed(NAME, told(error), ANSWERS),
        Err(VerifyError::AuthorizationServer(error)) => match error {
            AuthorizationServerError::CredentialsRefused { status } => {
                Check::passed(NAME, format!("HTTP {status}"), ANSWERS)
            }
            error => {
                let cause = Cause::AuthorizationServer(error.clone());
                Check::failed(NAME, found(error), ANSWERS, cause)
            }
        },
    }
}

/// The error, including where a redirect leads.
fn found(error: &AuthorizationServerError) -> String {
    match error {
        AuthorizationServerError::Redirect {
            status,
            location: Some(location),
        } => format!("HTTP {status}, a redirect to {location:?}, which is not followed"),
        error => error.to_string(),
    }
}

fn advertised(auth: &ClientAuth, methods: Option<&[String]>) -> Check {
    const NAME: &str = "auth_method";
    let wanted = match auth.configured_method() == auth.method() {
        true => format!("{} among those advertised", auth.method()),
        false => format!(
            "{} among those advertised, because {} is sent as that",
            auth.method(),
            auth.configured_method()
        ),
    };
    match methods {
        None => Check::skipped(NAME, "the metadata does not say", wanted),
        Some(methods) => {
            let found = format!("{methods:?}");
            match auth.is_among(methods) {
                true => Check::passed(NAME, found, wanted),
                false => {
                    let advertised = methods.to_vec();
                    let cause = Cause::MethodNotAdvertised { advertised };
                    Check::warning(NAME, found, wanted, cause)
                }
            }
        }
    }
}

/// Why the token is not active. A server says only `false`; the token may say more.
fn not_active(
    error: VerifyError,
    token: &BearerToken,
    config: &IntrospectionConfig,
    auth: &ClientAuth,
    credentials_accepted: bool,
) -> Check {
    let VerifyError::Token(error) = error else {
        let found = error.to_string();
        return Check::failed("active", found, "active: true", error.into());
    };
    let mut found = told(&error).to_owned();
    if error != TokenError::Inactive {
        return Check::failed("active", found, "active: true", Cause::Token(error));
    }
    let mut cause = Cause::Inactive {
        client_id: auth.client_id().to_owned(),
        credentials_accepted,
    };
    if let Some(unverified) = Unverified::read(token) {
        let now = config.authorization_server.clock.now();
        let hint =
            unverified.why_inactive(&config.authorization_server.issuer, auth.client_id(), now);
        if let Some(hint) = hint {
            cause = hint;
        }
        match &cause {
            Cause::InactiveSinceExpiry => found.push_str("; the token's own exp is in the past"),
            Cause::InactiveOfIssuer { found: issuer } => {
                found.push_str(&format!("; the token's own iss is {issuer:?}"));
            }
            Cause::InactiveForAudience { client_id } => found.push_str(&format!(
                "; the token's own iss and exp look good, but its aud is {}, without our client id \
                 {client_id:?}",
                unverified.audience()
            )),
            _ => found.push_str("; the token's own iss, exp and aud look good"),
        }
    }
    Check::failed("active", found, "active: true", cause)
}

fn told(error: &TokenError) -> &'static str {
    match error {
        TokenError::UnsupportedType => "unsupported_token_type",
        _ => "active: false",
    }
}
