//! Which resources and scopes exist.

use url::Url;

use crate::dev::{error::OAuthError, params::Params};

const OFFLINE_ACCESS: &str = "offline_access";

pub(in crate::dev) struct Policy {
    resources: Vec<String>,
    scopes: Vec<String>,
}

impl Policy {
    pub(in crate::dev) fn new(resources: Vec<String>, scopes: Vec<String>) -> Result<Self, String> {
        if resources.is_empty() {
            return Err("no resource is configured".to_owned());
        }
        for resource in &resources {
            Url::parse(resource).map_err(|error| format!("the resource {resource:?}: {error}"))?;
        }
        Ok(Self { resources, scopes })
    }

    pub(in crate::dev) fn supported_scopes(&self) -> Vec<&str> {
        let scopes = self.scopes.iter().map(String::as_str);
        scopes.chain([OFFLINE_ACCESS]).collect()
    }

    /// The requested resource as it is configured; the first one by default. A token is for one
    /// resource.
    pub(in crate::dev) fn resource(&self, params: &Params) -> Result<String, OAuthError> {
        let Some(asked) = asked_resource(params)? else {
            return Ok(self.resources[0].clone());
        };
        let known = self.resources.iter().find(|known| same_url(known, asked));
        known.cloned().ok_or_else(|| {
            let known = self.resources.join(", ");
            OAuthError::new("invalid_target", format!("known resources: {known}"))
        })
    }

    /// The requested scopes, without those that do not exist; all by default.
    pub(in crate::dev) fn scopes(&self, params: &Params) -> Result<Vec<String>, OAuthError> {
        let Some(asked) = params.optional("scope")? else {
            return Ok(self.scopes.clone());
        };
        let supported = self.supported_scopes();
        let granted: Vec<_> = asked
            .split_ascii_whitespace()
            .filter(|scope| supported.contains(scope))
            .map(str::to_owned)
            .collect();
        if granted.is_empty() {
            let supported = supported.join(" ");
            let description = format!("supported scopes: {supported}");
            return Err(OAuthError::new("invalid_scope", description));
        }
        Ok(granted)
    }
}

/// Refuses a resource other than the granted one (RFC 8707 §2.2).
pub(in crate::dev) fn check_resource(granted: &str, params: &Params) -> Result<(), OAuthError> {
    match asked_resource(params)? {
        Some(asked) if !same_url(granted, asked) => {
            let description = format!("this grant is for {granted}");
            Err(OAuthError::new("invalid_target", description))
        }
        _ => Ok(()),
    }
}

/// The granted scopes or, if the request names some, only those; never others (RFC 6749 §6).
pub(in crate::dev) fn narrowed(
    granted: &[String],
    params: &Params,
) -> Result<Vec<String>, OAuthError> {
    let Some(asked) = params.optional("scope")? else {
        return Ok(granted.to_vec());
    };
    let asked: Vec<_> = asked.split_ascii_whitespace().map(str::to_owned).collect();
    if asked.iter().all(|scope| granted.contains(scope)) {
        return Ok(asked);
    }
    let description = format!("this grant is for {}", granted.join(" "));
    Err(OAuthError::new("invalid_scope", description))
}

fn asked_resource(params: &Params) -> Result<Option<&str>, OAuthError> {
    params
        .optional("resource")
        .map_err(|error| OAuthError::new("invalid_target", error.description))
}

/// Equal except for normalization: clients add the slash after a bare host.
fn same_url(known: &str, asked: &str) -> bool {
    matches!((Url::parse(known), Url::parse(asked)), (Ok(known), Ok(asked)) if known == asked)
}
