//! Whether the authorization server can be reached, and what its clock says.

use std::{
    error::Error,
    io,
    time::{Duration, SystemTime},
};

use reqwest::{
    Response,
    header::{CACHE_CONTROL, DATE},
};
use url::Url;

use super::{
    check::{Cause, Check},
    probe::Probe,
};
use crate::{
    authorization_server::{discovery::metadata_urls, http_client::body::transport_causes},
    urls::EndpointUrl,
};

/// The name of the connection check.
const NETWORK: &str = "connection";

/// A clock difference worth reporting: tokens live for minutes.
const NOTABLE_SKEW: Duration = Duration::from_secs(5);

/// A clock difference that makes fresh tokens unusable: the leeway for `nbf`.
const HARMFUL_SKEW: Duration = Duration::from_secs(30);

/// Connects to the issuer and returns whether that worked. A failure is only a warning if the
/// endpoint is configured.
pub(super) async fn to_issuer(
    probe: &Probe<'_>,
    endpoint_configured: bool,
    checks: &mut Vec<Check>,
) -> bool {
    let url = match metadata_urls(&probe.authorization_server.issuer)
        .into_iter()
        .next()
    {
        Some(url) => url,
        None => probe.authorization_server.issuer.url().clone(),
    };
    let (check, response) = connect(probe, &url).await;
    checks.push(check.unless_needless(endpoint_configured));
    let Some(response) = response else {
        return false;
    };
    checks.push(compare_clocks(
        &response,
        probe.authorization_server.clock.now(),
    ));
    true
}

/// Connects to an endpoint on a host other than the issuer's, and returns whether that worked.
pub(super) async fn to_endpoint(
    probe: &Probe<'_>,
    endpoint: &EndpointUrl,
    checks: &mut Vec<Check>,
) -> bool {
    if probe.is_at_issuer(endpoint) && checks.iter().any(|check| check.name == "clock") {
        return true;
    }
    let (check, response) = connect(probe, endpoint.url()).await;
    checks.push(check);
    response.is_some()
}

async fn connect(probe: &Probe<'_>, url: &Url) -> (Check, Option<Response>) {
    let host = url.host_str().unwrap_or_default();
    let wanted = match url.scheme() {
        "https" => format!("an answer over TLS, with a certificate for {host:?} from a trusted CA"),
        _ => format!("an answer from {host:?} (http: without TLS)"),
    };
    let request = probe
        .http
        .to(url)
        .get(url.clone())
        .header(CACHE_CONTROL, "no-cache")
        .timeout(probe.authorization_server.timeout);
    match request.send().await {
        Ok(response) => {
            let found = format!("{url} answers HTTP {}", response.status().as_u16());
            (Check::passed(NETWORK, found, wanted), Some(response))
        }
        Err(error) => {
            let cause = classify(&error);
            let found = format!("{url}: {}", transport_causes(error));
            (Check::failed(NETWORK, found, wanted, cause), None)
        }
    }
}

/// Distinguishes causes that an operator fixes in different places. Failures in TLS can be
/// recognized only by their text.
fn classify(error: &reqwest::Error) -> Cause {
    let mut next: Option<&dyn Error> = Some(error);
    while let Some(error) = next {
        let refused = error
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
        if refused {
            return Cause::ConnectionRefused;
        }
        let text = error.to_string();
        if text.starts_with("dns error") || text.starts_with("invalid dns name") {
            return Cause::UnknownHost;
        }
        if let Some((_, problem)) = text.split_once("invalid peer certificate: ") {
            let is = |name: &str| problem.contains(name);
            return if is("CaUsedAsEndEntity") {
                Cause::CaCertificate
            } else if is("UnknownIssuer") || is("BadSignature") {
                Cause::UntrustedCertificate
            } else {
                Cause::WrongCertificate
            };
        }
        if text.contains("InvalidContentType") {
            return Cause::NotTls;
        }
        next = error.source();
    }
    Cause::NoAnswer
}

/// This server judges expiry by its own clock, but the authorization server sets it by its own.
fn compare_clocks(response: &Response, now: SystemTime) -> Check {
    let wanted = format!("less than {} s apart", HARMFUL_SKEW.as_secs());
    let date = response
        .headers()
        .get(DATE)
        .and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
    let Some(date) = date else {
        return Check::skipped("clock", "the answer has no Date header", wanted);
    };
    let (skew, direction) = match now.duration_since(date) {
        Ok(behind) => (behind, "behind"),
        Err(ahead) => (ahead.duration(), "ahead of"),
    };
    let found = format!(
        "the authorization server's clock is {} s {direction} this one",
        skew.as_secs()
    );
    if skew >= HARMFUL_SKEW {
        Check::failed("clock", found, wanted, Cause::ClockSkew)
    } else if skew >= NOTABLE_SKEW {
        Check::warning("clock", found, wanted, Cause::ClockSkew)
    } else {
        Check::passed("clock", found, wanted)
    }
}
