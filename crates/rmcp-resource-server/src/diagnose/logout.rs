//! Whether the authorization server can tell of logouts, and whether its word can be verified.

use super::{
    check::{Cause, Check},
    probe::Probe,
};
use crate::{
    authorization_server::discovery::{Advertised, fetch, metadata_urls},
    revocation::logout::BackChannelLogoutConfig,
    verify::{jwt::examine::keys_for, start_error::StartError},
};

const SUPPORTED: &str = "backchannel_logout_supported";
const SESSIONS: &str = "backchannel_logout_session_supported";

/// Checks what OpenID Connect Back-Channel Logout needs, for a server that takes logout tokens at the
/// public URL `url`. Must be called inside a Tokio runtime.
///
/// # Errors
///
/// [`StartError`] if the CA file cannot be used.
pub async fn diagnose_logout(
    config: &BackChannelLogoutConfig,
    url: &str,
) -> Result<Vec<Check>, StartError> {
    let server = &config.authorization_server;
    let probe = Probe {
        http: server.build_http_client(None)?,
        authorization_server: server,
        client_id: None,
    };
    let keys = keys_for("logout_keys", &config.jwt(), &probe).await;
    // Nobody but the authorization server knows.
    let registered = Check::skipped(
        "logout_url",
        format!("not known here: whether {url:?} is registered"),
        format!(
            "it is the backchannel_logout_uri of {:?}, and the authorization server can reach it",
            config.clients
        ),
    );
    Ok(vec![advertised(&probe).await, keys, registered])
}

/// OpenID metadata says so; the other kind (RFC 8414) may be there beside it, and silent.
async fn advertised(probe: &Probe<'_>) -> Check {
    const NAME: &str = "logout";
    let wanted = format!("{SUPPORTED} and {SESSIONS}");
    let server = probe.authorization_server;
    let mut silent = None;
    for url in metadata_urls(&server.issuer) {
        let Ok(metadata) = fetch(&probe.http, &url, server).await else {
            continue;
        };
        let advertised: Advertised = metadata.advertised;
        if advertised.is_true(SUPPORTED) {
            let found = match advertised.is_true(SESSIONS) {
                true => wanted.clone(),
                false => format!(
                    "{SUPPORTED}, without sessions: a logout ends all of a user's sessions here"
                ),
            };
            return Check::passed(NAME, found, wanted);
        }
        silent.get_or_insert(url);
    }
    match silent {
        None => Check::skipped(NAME, "no metadata", wanted),
        Some(url) => {
            let found = format!("{url} does not say that logouts are told");
            let cause = Cause::NotAdvertised { member: SUPPORTED };
            Check::warning(NAME, found, wanted, cause)
        }
    }
}
