//! One proof: a JWT that the client makes for one request (RFC 9449 §4).

use std::time::{Duration, SystemTime};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::Method;
use serde_json::{Map, Value};

use crate::{
    crypto::approved,
    dpop::{nonce::Nonces, problem::ProofProblem},
    error::{TokenError, shortened},
    jose::{
        algorithm::SigningAlgorithm,
        compact::{Compact, media_type},
        public_key::PublicKey,
    },
    token::{binding::Thumbprint, claims::since_epoch},
    urls::{ResourceUrl, canonical},
};

/// The names of the accepted algorithms, as the metadata and the challenge show them. All have a
/// public key; `EdDSA` and `Ed25519` (RFC 9864) are two names of one.
pub(crate) const ALGORITHMS: &[&str] = match approved::ONLY {
    false => &["ES256", "ES384", "EdDSA", "Ed25519", "PS256", "RS256"],
    true => &["ES256", "ES384", "PS256", "RS256"],
};

/// The longest proof accepted, in bytes. One with an RSA key of 4096 bits has some 2.5 KiB.
const LONGEST: usize = 8 * 1024;

/// The longest `jti` accepted, in bytes.
const LONGEST_JTI: usize = 256;

/// The age up to which a proof is accepted: a client makes one for each request and sends it at
/// once, so this is for slow networks and clocks.
pub(crate) const OLDEST: Duration = Duration::from_secs(60);

/// How far in the future a proof may be, to allow for clock differences; the same as for a token's
/// `nbf`.
pub(crate) const FUTURE: Duration = Duration::from_secs(30);

/// The members of a JWK that a public key does not have (RFC 7518 §6).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A good proof.
#[derive(Debug, Clone)]
pub(crate) struct Proof {
    /// The key that it proves possession of.
    pub(crate) key: Thumbprint,
    pub(super) jti: String,
    /// Its time, in seconds since 1970.
    pub(super) issued_at: u64,
}

/// The request that a proof must be for.
#[derive(Clone, Copy)]
pub(super) struct Request<'r> {
    pub(super) method: &'r Method,
    pub(super) path: &'r str,
    pub(super) token: &'r str,
    pub(super) now: SystemTime,
}

impl Proof {
    /// Makes every check of RFC 9449 §4.3 that needs neither the token's claims nor a memory. What
    /// costs most, the signature, comes last.
    pub(super) fn read(
        text: &str,
        request: Request<'_>,
        target: &Target,
        nonces: Option<&Nonces>,
    ) -> Result<Self, TokenError> {
        if text.len() > LONGEST {
            return Err(ProofProblem::TooLong { limit: LONGEST }.into());
        }
        let compact = Compact::parse(text).map_err(ProofProblem::Malformed)?;
        let typ = compact.text("typ").map_err(ProofProblem::Malformed)?;
        if typ.map(media_type).as_deref() != Some("dpop+jwt") {
            return Err(ProofProblem::WrongType.into());
        }
        let algorithm = algorithm(&compact)?;
        let claims = compact.payload().map_err(ProofProblem::Malformed)?;
        let (jti, issued_at) = judge_claims(&claims, request, target)?;
        if let Some(nonces) = nonces {
            let nonce = claims.get("nonce").and_then(Value::as_str);
            if !nonce.is_some_and(|nonce| nonces.knows(nonce, request.now)) {
                return Err(TokenError::NonceNeeded);
            }
        }
        let key = key(&compact, algorithm)?;
        if !key.verifies(algorithm, compact.signed.as_bytes(), &compact.signature) {
            return Err(ProofProblem::WrongSignature.into());
        }
        Ok(Self {
            key: key.thumbprint(),
            jti: jti.to_owned(),
            issued_at: issued_at.as_secs(),
        })
    }
}

/// The URL that clients use for the resource.
///
/// It is the configured one whatever the request's `Host`, and whatever path a proxy makes of it:
/// one resource server protects one resource.
pub(super) struct Target {
    resource: Named,
    /// The same with a slash at its end, or without: a request to that path is served too.
    slashed: Option<Named>,
}

struct Named {
    canonical: String,
    path: String,
}

impl Target {
    pub(super) fn new(resource: &ResourceUrl) -> Self {
        let url = canonical(resource.as_str()).into_owned();
        let path = resource.url().path().to_owned();
        let toggled = |text: &str| match text.strip_suffix('/') {
            Some(without) => without.to_owned(),
            None => format!("{text}/"),
        };
        let slashed = (path != "/").then(|| Named {
            canonical: toggled(&url),
            path: toggled(&path),
        });
        let resource = Named {
            canonical: url,
            path,
        };
        Self { resource, slashed }
    }

    /// Whether `htu` names the URL of a request with this path; its query and fragment do not count
    /// (RFC 9449 §4.3).
    fn is_named_by(&self, htu: &str, path: &str) -> bool {
        let given = canonical(without_query(htu));
        let slashed = self.slashed.as_ref().filter(|other| other.path == path);
        *given == *self.resource.canonical
            || slashed.is_some_and(|other| *given == *other.canonical)
    }
}

fn without_query(url: &str) -> &str {
    &url[..url.find(['?', '#']).unwrap_or(url.len())]
}

fn algorithm(compact: &Compact<'_>) -> Result<SigningAlgorithm, ProofProblem> {
    let name = compact.text("alg").map_err(ProofProblem::Malformed)?;
    name.filter(|name| ALGORITHMS.contains(name))
        .and_then(SigningAlgorithm::named)
        .ok_or(ProofProblem::RefusedAlgorithm)
}

/// Judges the claims, and returns `jti` and `iat`.
fn judge_claims<'c>(
    claims: &'c Map<String, Value>,
    request: Request<'_>,
    target: &Target,
) -> Result<(&'c str, Duration), ProofProblem> {
    let text = |name| {
        let text = claims.get(name).and_then(Value::as_str);
        text.ok_or(ProofProblem::MissingClaim(name))
    };
    let htm = text("htm")?;
    if htm != request.method.as_str() {
        return Err(ProofProblem::WrongMethod {
            given: shortened(htm),
        });
    }
    let htu = text("htu")?;
    if !target.is_named_by(htu, request.path) {
        return Err(ProofProblem::WrongUrl {
            expected: target.resource.canonical.clone(),
            given: shortened(without_query(htu)),
        });
    }
    let jti = text("jti")?;
    if jti.is_empty() || jti.len() > LONGEST_JTI {
        return Err(ProofProblem::MissingClaim("jti"));
    }
    let issued_at = claims.get("iat").and_then(since_epoch);
    let issued_at = issued_at.ok_or(ProofProblem::MissingClaim("iat"))?;
    judge_time(issued_at, request.now)?;
    let hash = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, request.token.as_bytes()));
    if text("ath")? != hash {
        return Err(ProofProblem::OtherToken);
    }
    Ok((jti, issued_at))
}

fn judge_time(issued_at: Duration, now: SystemTime) -> Result<(), ProofProblem> {
    let now = now.duration_since(SystemTime::UNIX_EPOCH);
    let now = now.unwrap_or_default();
    let (age, ahead) = (now.saturating_sub(issued_at), issued_at.saturating_sub(now));
    if age > OLDEST {
        return Err(ProofProblem::TooOld { age, limit: OLDEST });
    }
    if ahead > FUTURE {
        let limit = FUTURE;
        return Err(ProofProblem::InTheFuture { ahead, limit });
    }
    Ok(())
}

/// The key in the header. It must be for the algorithm, and public.
fn key(compact: &Compact<'_>, algorithm: SigningAlgorithm) -> Result<PublicKey, ProofProblem> {
    let jwk = compact.header.get("jwk").and_then(Value::as_object);
    let jwk = jwk.ok_or(ProofProblem::UnusableKey("there is none"))?;
    if PRIVATE.iter().any(|member| jwk.contains_key(*member)) {
        return Err(ProofProblem::UnusableKey("it is a private key"));
    }
    let key = PublicKey::read(jwk).map_err(ProofProblem::UnusableKey)?;
    match key.algorithms().contains(&algorithm) {
        true => Ok(key),
        false => Err(ProofProblem::UnusableKey("it does not fit the alg")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn target(resource: &str) -> Target {
        Target::new(&resource.parse().expect("a resource"))
    }

    #[test]
    fn a_table_of_urls() {
        let root = "https://mcp.example.com";
        let mcp = "https://mcp.example.com/mcp";
        for (resource, path, htu, fits) in [
            (mcp, "/mcp", mcp, true),
            (mcp, "/mcp", "HTTPS://MCP.example.com:443/mcp", true),
            (mcp, "/mcp", "https://mcp.example.com/mcp?a=b", true),
            (mcp, "/mcp", "https://mcp.example.com/mcp#a", true),
            (mcp, "/mcp", "https://mcp.example.com/mcp?a#b?c", true),
            (mcp, "/mcp", "https://mcp.example.com/mcp/", false),
            (mcp, "/mcp/", "https://mcp.example.com/mcp/", true),
            (mcp, "/mcp/", mcp, true),
            (mcp, "/", mcp, true),
            (mcp, "/behind/a/proxy", mcp, true),
            (mcp, "/behind/", "https://mcp.example.com/mcp/", false),
            (mcp, "/mcp", root, false),
            (mcp, "/mcp", "https://mcp.example.com/MCP", false),
            (mcp, "/mcp", "https://mcp.example.com/m%63p", false),
            (mcp, "/mcp", "https://mcp.example.com/./mcp", false),
            (mcp, "/mcp", "https://mcp.example.com:8443/mcp", false),
            (mcp, "/mcp", "http://mcp.example.com/mcp", false),
            (mcp, "/mcp", "https://a@mcp.example.com/mcp", false),
            (mcp, "/mcp", "https://mcp.example.com.evil/mcp", false),
            (mcp, "/mcp", "/mcp", false),
            (mcp, "/mcp", "", false),
            (root, "/", "https://mcp.example.com/", true),
            (root, "/", root, true),
            (
                "https://mcp.example.com/a/",
                "/a",
                "https://mcp.example.com/a",
                true,
            ),
            (
                "https://mcp.example.com/a/",
                "/a/",
                "https://mcp.example.com/a",
                false,
            ),
        ] {
            let named = target(resource).is_named_by(htu, path);
            assert_eq!(named, fits, "{resource} at {path} by {htu}");
        }
    }

    #[test]
    fn a_proof_is_good_for_a_minute() {
        let now = Duration::from_secs(1_800_000_000);
        let second = Duration::from_secs(1);
        let by_clock = SystemTime::UNIX_EPOCH + now;
        for (issued_at, good) in [
            (now, true),
            (now - OLDEST, true),
            (now - OLDEST - second, false),
            (now + FUTURE, true),
            (now + FUTURE + second, false),
            (Duration::ZERO, false),
            (Duration::MAX, false),
        ] {
            assert_eq!(
                judge_time(issued_at, by_clock).is_ok(),
                good,
                "{issued_at:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "[A-Za-z0-9_-]{0,40}(\\.[A-Za-z0-9_-]{0,40}){0,3}|.{0,60}") {
            let request = Request {
                method: &Method::POST,
                path: "/mcp",
                token: "t",
                now: SystemTime::UNIX_EPOCH,
            };
            let read = Proof::read(&text, request, &target("https://h/mcp"), None);
            prop_assert!(read.is_err());
        }
    }
}
