//! Checks the proofs of one resource server.

use std::{
    hash::Hash,
    time::{Duration, SystemTime},
};

use http::{HeaderMap, HeaderName, HeaderValue, request};

use crate::{
    answer::refusal::Refusal,
    dpop::{
        mode::Dpop,
        nonce::Nonces,
        problem::ProofProblem,
        proof::{OLDEST, Proof, Request, Target},
        replay::{Refused, Replays},
    },
    error::TokenError,
    limits::LimitExceeded,
    token::{bearer::BearerToken, keyed_hash::HashKey},
    urls::ResourceUrl,
};

/// The header that carries a proof (RFC 9449 §4.1).
pub(crate) const DPOP: HeaderName = HeaderName::from_static("dpop");

/// The header that carries a nonce to a client (RFC 9449 §8.1).
pub(crate) const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// What a resource server that accepts proofs knows about them.
pub(crate) struct Checker {
    pub(crate) is_required: bool,
    target: Target,
    nonces: Option<Nonces>,
    replays: Replays,
}

impl Checker {
    /// `None` if proofs are not accepted. With a key, each proof needs a nonce.
    pub(crate) fn new(
        mode: Dpop,
        resource: &ResourceUrl,
        nonce_key: Option<HashKey>,
    ) -> Option<Self> {
        (mode != Dpop::Off).then(|| Self {
            is_required: mode == Dpop::Required,
            target: Target::new(resource),
            nonces: nonce_key.map(Nonces::new),
            replays: Replays::new(),
        })
    }

    /// Checks the proof of a request, except for what follows from the token's claims: whether it is
    /// bound to the key of the proof. Asks nobody, so it comes before the token is verified, and
    /// tells a stranger nothing about the token.
    pub(crate) fn check(
        &self,
        parts: &request::Parts,
        token: &BearerToken,
        now: SystemTime,
    ) -> Result<Proof, TokenError> {
        let request = Request {
            method: &parts.method,
            path: parts.uri.path(),
            token: token.expose(),
            now,
        };
        let text = the_only(&parts.headers)?;
        Proof::read(text, request, &self.target, self.nonces.as_ref())
    }

    /// Uses up a proof whose token is good and bound to its key.
    pub(crate) fn use_up(
        &self,
        principal: impl Hash,
        proof: &Proof,
        now: SystemTime,
    ) -> Result<(), Refusal> {
        let now = now.duration_since(SystemTime::UNIX_EPOCH);
        let now = now.unwrap_or_default().as_secs();
        let used = self.replays.use_up(principal, proof, now);
        used.map_err(|refused| match refused {
            Refused::Replayed => TokenError::from(ProofProblem::Replayed).into(),
            Refused::Forgotten => TokenError::from(ProofProblem::Forgotten).into(),
            Refused::Full => LimitExceeded::Proofs {
                retry_after: OLDEST + Duration::from_secs(1),
            }
            .into(),
        })
    }

    /// The nonce for a client's next proof, if proofs need one.
    pub(crate) fn nonce(&self, now: SystemTime) -> Option<HeaderValue> {
        let nonce = self.nonces.as_ref()?.current(now);
        Some(HeaderValue::try_from(nonce).expect("base64url is visible ASCII"))
    }
}

fn the_only(headers: &HeaderMap) -> Result<&str, ProofProblem> {
    let mut values = headers.get_all(DPOP).iter();
    let value = values.next().ok_or(ProofProblem::Missing)?;
    if values.next().is_some() {
        return Err(ProofProblem::Several);
    }
    let not_ascii = |_shows_it| ProofProblem::Malformed("it is not ASCII".to_owned());
    value.to_str().map_err(not_ascii)
}

/// Reads `text` as a proof for a fixed request. For a fuzz target.
pub(crate) fn read_for_a_fixed_request(text: &str) -> bool {
    let resource: ResourceUrl = "https://mcp.example.com/mcp".parse().expect("a resource");
    let request = Request {
        method: &http::Method::POST,
        path: "/mcp",
        token: "token",
        now: SystemTime::UNIX_EPOCH,
    };
    Proof::read(text, request, &Target::new(&resource), None).is_ok()
}
