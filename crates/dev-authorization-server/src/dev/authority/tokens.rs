//! Codes, access tokens and refresh tokens.

use std::time::Duration;

use serde_json::{Value, json};

use super::{bounded::Bounded, secret};
use crate::{clock::unix_now, dev::error::OAuthError};

const CODE_LIFETIME: u64 = 60;
const MAX_CODES: usize = 1_000;
const MAX_TOKENS: usize = 10_000;

/// Who may do what, where.
#[derive(Clone)]
pub(in crate::dev) struct Grant {
    pub(in crate::dev) client_id: String,
    /// `None` if the client acts for itself.
    pub(in crate::dev) user: Option<String>,
    pub(in crate::dev) resource: String,
    pub(in crate::dev) scopes: Vec<String>,
}

/// What a code stands for.
#[derive(Clone)]
pub(in crate::dev) struct Code {
    pub(in crate::dev) grant: Grant,
    pub(in crate::dev) redirect_uri: String,
    pub(in crate::dev) challenge: String,
}

pub(in crate::dev) struct Tokens {
    lifetime: u64,
    codes: Bounded<IssuedCode>,
    access: Bounded<AccessToken>,
    refresh: Bounded<RefreshToken>,
}

/// Everything that came from one authorization; one stolen part makes all of it suspect.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::dev) struct Family(String);

struct IssuedCode {
    code: Code,
    family: Family,
    expires: u64,
    spent: bool,
}

struct AccessToken {
    grant: Grant,
    family: Family,
    issued: u64,
    expires: u64,
}

struct RefreshToken {
    grant: Grant,
    family: Family,
    spent: bool,
}

impl Tokens {
    pub(in crate::dev) fn new(lifetime: Duration) -> Self {
        Self {
            lifetime: lifetime.as_secs(),
            codes: Bounded::new(MAX_CODES),
            access: Bounded::new(MAX_TOKENS),
            refresh: Bounded::new(MAX_TOKENS),
        }
    }

    pub(in crate::dev) fn issue_code(&mut self, code: Code) -> String {
        let text = secret::random();
        let issued = IssuedCode {
            code,
            family: Family::new(),
            expires: unix_now() + CODE_LIFETIME,
            spent: false,
        };
        self.codes.insert(text.clone(), issued);
        text
    }

    /// Accepts a code once. The second time revokes what the first one brought (OAuth 2.1 §4.1.3).
    pub(in crate::dev) fn spend_code(
        &mut self,
        client_id: &str,
        code: &str,
    ) -> Result<(Code, Family), OAuthError> {
        let issued = self
            .codes
            .get_mut(code)
            .filter(|issued| issued.code.grant.client_id == client_id)
            .ok_or_else(|| OAuthError::invalid_grant("unknown code"))?;
        let family = issued.family.clone();
        if issued.spent {
            self.revoke_family(&family);
            return Err(OAuthError::invalid_grant("this code was already used"));
        }
        issued.spent = true;
        if issued.expires <= unix_now() {
            return Err(OAuthError::invalid_grant("this code has expired"));
        }
        Ok((issued.code.clone(), family))
    }

    /// What a live refresh token stands for. A spent one revokes its family (OAuth 2.1 §4.3.1).
    pub(in crate::dev) fn refresh_grant(
        &mut self,
        client_id: &str,
        token: &str,
    ) -> Result<(Grant, Family), OAuthError> {
        let found = self
            .refresh
            .get(token)
            .filter(|found| found.grant.client_id == client_id)
            .ok_or_else(|| OAuthError::invalid_grant("unknown refresh token"))?;
        let (grant, family) = (found.grant.clone(), found.family.clone());
        if found.spent {
            self.revoke_family(&family);
            return Err(OAuthError::invalid_grant(
                "this refresh token was already used",
            ));
        }
        Ok((grant, family))
    }

    pub(in crate::dev) fn spend_refresh_token(&mut self, token: &str) {
        if let Some(found) = self.refresh.get_mut(token) {
            found.spent = true;
        }
    }

    pub(in crate::dev) fn issue_refresh_token(&mut self, grant: Grant, family: Family) -> String {
        let text = secret::random();
        let token = RefreshToken {
            grant,
            family,
            spent: false,
        };
        self.refresh.insert(text.clone(), token);
        text
    }

    /// The token answer (RFC 6749 §5.1), without a refresh token.
    pub(in crate::dev) fn issue(&mut self, grant: Grant, family: Family) -> Value {
        let text = secret::random();
        let issued = unix_now();
        let answer = json!({
            "access_token": text,
            "token_type": "Bearer",
            "expires_in": self.lifetime,
            "scope": grant.scopes.join(" "),
        });
        let token = AccessToken {
            grant,
            family,
            issued,
            expires: issued.saturating_add(self.lifetime),
        };
        self.access.insert(text, token);
        answer
    }

    /// The introspection answer (RFC 7662 §2.2) except for `iss`. Only access tokens are active.
    pub(in crate::dev) fn introspect(&self, token: &str) -> Value {
        let live = self
            .access
            .get(token)
            .filter(|token| unix_now() < token.expires);
        let Some(AccessToken {
            grant,
            issued,
            expires,
            ..
        }) = live
        else {
            return json!({"active": false});
        };
        let mut claims = json!({
            "active": true,
            "client_id": grant.client_id,
            "aud": grant.resource,
            "scope": grant.scopes.join(" "),
            "iat": issued,
            "exp": expires,
            "token_type": "Bearer",
        });
        if let Some(user) = &grant.user {
            claims["sub"] = json!(user);
            claims["username"] = json!(user);
        }
        claims
    }

    /// Revokes a token of this client; for a refresh token, also everything that came from the same
    /// authorization (RFC 7009 §2.1).
    pub(in crate::dev) fn revoke(&mut self, client_id: &str, token: &str) {
        let own = |grant: &Grant| grant.client_id == client_id;
        if self
            .access
            .get(token)
            .is_some_and(|found| own(&found.grant))
        {
            self.access.remove(token);
        }
        let refresh = self.refresh.get(token).filter(|found| own(&found.grant));
        if let Some(family) = refresh.map(|found| found.family.clone()) {
            self.revoke_family(&family);
        }
    }

    fn revoke_family(&mut self, family: &Family) {
        self.access.retain(|token| token.family != *family);
        self.refresh.retain(|token| token.family != *family);
    }
}

impl Family {
    pub(in crate::dev) fn new() -> Self {
        Self(secret::random())
    }
}
