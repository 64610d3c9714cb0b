//! Whether our credentials are accepted. An answer alone does not show that: some servers answer
//! `active: false` to anybody (django-oidc-provider 0.9), and some require no credentials (the
//! admin port of Ory Hydra). So one request carries a wrong secret, and its answer must differ.

use super::{Answer, Asking, told};
use crate::{
    client_auth::method::ClientAuth,
    diagnose::{
        check::{Cause, Check},
        probe::random_token,
    },
    error::{AuthorizationServerError, VerifyError},
    secret::Secret,
    token::bearer::BearerToken,
};

const NAME: &str = "credentials";
const WANTED: &str = "our client may introspect, and a wrong secret is refused";

impl Asking<'_> {
    /// Asks once with a wrong secret. If the token was active with ours, asks about that token: the
    /// difference then shows even if the server answers "inactive" to wrong credentials.
    ///
    /// It is sent once, and only if ours were not refused, so as not to lock an account.
    pub(super) async fn compare(
        &self,
        auth: &ClientAuth,
        of_random: &Answer,
        of_token: Option<&(&BearerToken, Answer)>,
    ) -> Check {
        match of_random {
            Err(VerifyError::AuthorizationServer(error)) => return not_answered(error, auth),
            Ok(_) => return Check::skipped(NAME, "no usable answer", WANTED),
            Err(VerifyError::Token(_)) => {}
        }
        let wrong_secret = Secret::new(random_token().expose());
        let Some(wrong) = auth.falsified(wrong_secret) else {
            return Check::skipped(NAME, nothing_to_falsify(auth), WANTED);
        };
        match of_token {
            Some((token, ours @ Ok(_))) => {
                let theirs = self.ask(&wrong, token).await;
                judge(auth, ours, &theirs)
            }
            _ => {
                let theirs = self.ask(&wrong, &random_token()).await;
                judge(auth, of_random, &theirs)
            }
        }
    }
}

fn nothing_to_falsify(auth: &ClientAuth) -> String {
    match auth {
        ClientAuth::None { .. } => "this server does not authenticate itself (none)".to_owned(),
        _ => format!(
            "not refused: {}; only a wrong certificate would show whether the endpoint checks it",
            named(auth)
        ),
    }
}

fn not_answered(error: &AuthorizationServerError, auth: &ClientAuth) -> Check {
    let AuthorizationServerError::CredentialsRefused { status } = error else {
        return Check::skipped(NAME, "no usable answer", WANTED);
    };
    let found = match auth {
        ClientAuth::None { .. } => {
            format!("refused with HTTP {status}: this server does not authenticate itself (none)")
        }
        _ => format!("refused with HTTP {status}: {}", named(auth)),
    };
    let cause = Cause::AuthorizationServer(error.clone());
    Check::failed(NAME, found, WANTED, cause)
}

fn named(auth: &ClientAuth) -> String {
    format!(
        "client {:?} by {}",
        auth.client_id(),
        auth.configured_method()
    )
}

/// What the two answers show, one to our credentials and one to wrong ones.
fn judge(auth: &ClientAuth, ours: &Answer, theirs: &Answer) -> Check {
    let wrong = match auth {
        ClientAuth::PrivateKeyJwt { .. } => "one request with a deliberately wrong signature",
        _ => "one request with a deliberately wrong secret",
    };
    let us = named(auth);
    if let Err(VerifyError::AuthorizationServer(error)) = theirs
        && !tells(error)
    {
        let found = format!("not refused, but cannot tell: {us}; {wrong}: {error}");
        return Check::warning(NAME, found, WANTED, Cause::CredentialsNotCompared);
    }
    let (ours, theirs) = (summary(ours), summary(theirs));
    if ours == theirs {
        let found = format!("not refused, but cannot tell: {us}; {wrong} got the same answer");
        return Check::warning(NAME, found, WANTED, Cause::CredentialsNotRefused);
    }
    let found = format!("accepted: {us}; {wrong} got {theirs}");
    Check::passed(NAME, found, WANTED)
}

/// Whether a failure is an answer to the wrong secret rather than an accident.
fn tells(error: &AuthorizationServerError) -> bool {
    match error {
        AuthorizationServerError::CredentialsRefused { .. }
        | AuthorizationServerError::Redirect { .. }
        | AuthorizationServerError::Malformed { .. } => true,
        AuthorizationServerError::Status { status } => (400..500).contains(status),
        _ => false,
    }
}

fn summary(answer: &Answer) -> String {
    match answer {
        Ok(_) => "active: true".to_owned(),
        Err(VerifyError::Token(error)) => told(error).to_owned(),
        Err(VerifyError::AuthorizationServer(error)) => match error {
            AuthorizationServerError::CredentialsRefused { status }
            | AuthorizationServerError::Redirect { status, .. }
            | AuthorizationServerError::Status { status } => format!("HTTP {status}"),
            error => error.to_string(),
        },
    }
}
