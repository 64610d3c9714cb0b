//! What a JWT says about itself, without proof: hints for an operator, never a reason to accept.

use std::time::SystemTime;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use super::check::Cause;
use crate::{
    authorization_server::strict_json,
    error::shortened,
    token::{bearer::BearerToken, claims::Claims},
    urls::Issuer,
};

/// The claims of a JWT whose signature has not been checked.
pub(crate) struct Unverified(Claims);

impl Unverified {
    /// Reads the payload, if the token has the form of a signed JWT.
    pub(crate) fn read(token: &BearerToken) -> Option<Self> {
        let mut parts = token.expose().split('.');
        let (_header, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?;
        let members = strict_json::parse_object(&payload).ok()?;
        Claims::from_members(members).ok().map(Self)
    }

    /// Why an authorization server may call this token inactive, the most certain reason first;
    /// `None` if nothing in it says. A client without an id cannot be missing from an audience.
    pub(crate) fn why_inactive(
        &self,
        issuer: &Issuer,
        client_id: &str,
        now: SystemTime,
    ) -> Option<Cause> {
        let claims = &self.0;
        if claims.expires_at.is_some_and(|exp| exp <= now) {
            return Some(Cause::InactiveSinceExpiry);
        }
        if let Some(found) = claims
            .issuer
            .as_deref()
            .filter(|iss| *iss != issuer.as_str())
        {
            return Some(Cause::InactiveOfIssuer {
                found: shortened(found),
            });
        }
        if !client_id.is_empty() && !claims.audience.iter().any(|aud| **aud == *client_id) {
            return Some(Cause::InactiveForAudience {
                client_id: client_id.to_owned(),
            });
        }
        None
    }

    /// `aud`, quoted and shortened.
    pub(crate) fn audience(&self) -> String {
        shortened(&format!("{:?}", self.0.audience))
    }
}
