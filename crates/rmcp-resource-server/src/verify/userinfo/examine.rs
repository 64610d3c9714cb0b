//! Whether the userinfo endpoint answers, and what it says about a token.

use tokio::time::timeout;

use super::request;
use crate::{
    diagnose::{
        check::{Cause, Check, Diagnosis},
        probe::{Probe, random_token},
    },
    error::{AuthorizationServerError, VerifyError},
    token::{bearer::BearerToken, claims::Claims},
    urls::EndpointUrl,
};

/// Asks with a random text, which must be refused, and then with the token.
pub(crate) async fn examine(
    probe: &Probe<'_>,
    endpoint: &EndpointUrl,
    token: Option<&BearerToken>,
    diagnosis: &mut Diagnosis,
) -> Option<Claims> {
    let wanted = "it refuses a random text as a bad token";
    let (check, answers) = match ask(probe, endpoint, &random_token()).await {
        Err(VerifyError::Token(_)) => (Check::passed("userinfo", "refused", wanted), true),
        Ok(_) => {
            let found = "a random text is accepted";
            let check = Check::failed("userinfo", found, wanted, Cause::AcceptsAnything);
            (check, false)
        }
        Err(error) => {
            let found = error.to_string();
            let check = Check::failed("userinfo", found, wanted, error.into());
            (check, false)
        }
    };
    diagnosis.server.push(check);
    diagnosis.server.push(Check::warning(
        "audience",
        "userinfo does not say for whom a token was issued",
        "tokens issued for this server",
        Cause::UnboundTokens,
    ));
    let wanted = "the endpoint accepts it";
    match ask(probe, endpoint, token.filter(|_| answers)?).await {
        Ok(claims) => {
            let check = Check::passed("active", "accepted", wanted);
            diagnosis.token.push(check);
            Some(claims)
        }
        Err(error) => {
            let found = error.to_string();
            let check = Check::failed("active", found, wanted, error.into());
            diagnosis.token.push(check);
            None
        }
    }
}

async fn ask(
    probe: &Probe<'_>,
    endpoint: &EndpointUrl,
    token: &BearerToken,
) -> Result<Claims, VerifyError> {
    let limit = probe.authorization_server.timeout;
    timeout(limit, request::send(&probe.http, endpoint, token))
        .await
        .unwrap_or_else(|_elapsed| Err(AuthorizationServerError::TimedOut { limit }.into()))
}
