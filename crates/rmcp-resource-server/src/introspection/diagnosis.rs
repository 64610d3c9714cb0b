//! Whether the introspection endpoint answers and knows us, and what it says of a token.

use tokio::time::timeout;

use super::{IntrospectionConfig, exchange};
use crate::{
    bearer::BearerToken,
    claims::Claims,
    client_auth::ClientAuth,
    credentials::CredentialsError,
    diagnose::{Cause, Check, Described, Diagnosis, Probe, Unverified, random_token},
    error::{AuthorizationServerError, TokenError, VerifyError},
};

const ANSWERS: &str = "an introspection response (RFC 7662)";
const ACCEPTED: &str = "our client may introspect";

/// Asks about a random text: an endpoint that knows us says that it is inactive. Then asks about
/// the token.
pub(crate) async fn diagnose(
    config: &IntrospectionConfig,
    probe: &Probe<'_>,
    described: &Described,
    token: Option<&BearerToken>,
    diagnosis: &mut Diagnosis,
) -> Result<Option<Claims>, CredentialsError> {
    let auth = config.credentials.read()?;
    let Some(endpoint) = &described.endpoint else {
        return Ok(None);
    };
    auth.can_be_used_at(endpoint)?;
    let ask = async |token: &BearerToken| {
        let limit = probe.connection.timeout;
        let exchange = exchange::exchange(&probe.http, endpoint, &auth, probe.connection, token);
        timeout(limit, exchange)
            .await
            .unwrap_or_else(|_elapsed| Err(AuthorizationServerError::TimedOut { limit }.into()))
    };
    let asked = ask(&random_token()).await;
    let answered = asked_about_random(asked, &auth, &mut diagnosis.server);
    diagnosis
        .server
        .push(advertised(&auth, described.auth_methods.as_deref()));
    let Some(token) = token.filter(|_| answered) else {
        return Ok(None);
    };
    Ok(match ask(token).await {
        Ok(claims) => {
            let check = Check::passed("active", "active: true", "active: true");
            diagnosis.token.push(check);
            Some(claims)
        }
        Err(error) => {
            diagnosis
                .token
                .push(not_active(error, token, config, &auth));
            None
        }
    })
}

/// Enters what the answer shows; whether it is worth asking about a token.
fn asked_about_random(
    answer: Result<Claims, VerifyError>,
    auth: &ClientAuth,
    checks: &mut Vec<Check>,
) -> bool {
    match answer {
        Err(VerifyError::Token(error)) => {
            checks.push(Check::passed("introspection", told(&error), ANSWERS));
            checks.push(match auth {
                ClientAuth::None { .. } => Check::skipped(
                    "credentials",
                    "this server does not authenticate itself (none)",
                    ACCEPTED,
                ),
                _ => Check::passed(
                    "credentials",
                    format!("accepted: client {:?}", auth.client_id()),
                    ACCEPTED,
                ),
            });
            true
        }
        Ok(_) => {
            let found = "active: true for a random text";
            let cause = Cause::AcceptsAnything;
            checks.push(Check::failed("introspection", found, ANSWERS, cause));
            false
        }
        Err(VerifyError::AuthorizationServer(
            error @ AuthorizationServerError::CredentialsRefused { status },
        )) => {
            let found = format!("HTTP {status}");
            checks.push(Check::passed("introspection", found, ANSWERS));
            let found = format!(
                "refused with HTTP {status}: client {:?} by {}",
                auth.client_id(),
                auth.method()
            );
            let cause = Cause::AuthorizationServer(error);
            checks.push(Check::failed("credentials", found, ACCEPTED, cause));
            false
        }
        Err(VerifyError::AuthorizationServer(error)) => {
            let found = error.to_string();
            let cause = Cause::AuthorizationServer(error);
            checks.push(Check::failed("introspection", found, ANSWERS, cause));
            checks.push(Check::skipped("credentials", "no usable answer", ACCEPTED));
            false
        }
    }
}

fn advertised(auth: &ClientAuth, methods: Option<&[String]>) -> Check {
    const NAME: &str = "auth_method";
    let wanted = format!("{} among those advertised", auth.method());
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

/// Why the token is not active. A server says no more than `false`; the token may.
fn not_active(
    error: VerifyError,
    token: &BearerToken,
    config: &IntrospectionConfig,
    auth: &ClientAuth,
) -> Check {
    let VerifyError::Token(error) = error else {
        let found = error.to_string();
        return Check::failed("active", found, "active: true", error.into());
    };
    let mut found = told(&error).to_owned();
    let mut cause = Cause::Token(error.clone());
    if error == TokenError::Inactive
        && let Some(unverified) = Unverified::read(token)
    {
        let now = config.connection.clock.now();
        cause = unverified.why_inactive(&config.connection.issuer, auth.client_id(), now);
        match &cause {
            Cause::InactiveSinceExpiry => found.push_str("; the token's own exp is in the past"),
            Cause::InactiveOfIssuer { found: issuer } => {
                found.push_str(&format!("; the token's own iss is {issuer:?}"));
            }
            Cause::InactiveForAudience { client_id } => found.push_str(&format!(
                "; the token's own iss and exp look good, but its aud is {} without our client id \
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
