//! The parameters of a query or a form.

use url::form_urlencoded;

use super::error::OAuthError;

/// An empty parameter counts as missing, a repeated one is an error (RFC 6749 §3.1).
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    pub(super) fn parse(encoded: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(encoded).into_owned();
        Self(pairs.filter(|(_, value)| !value.is_empty()).collect())
    }

    pub(super) fn optional(&self, name: &str) -> Result<Option<&str>, OAuthError> {
        let mut values = self.0.iter().filter(|(key, _)| key == name);
        match (values.next(), values.next()) {
            (_, Some(_)) => {
                let description = format!("{name} is given more than once");
                Err(OAuthError::invalid_request(description))
            }
            (value, None) => Ok(value.map(|(_, value)| value.as_str())),
        }
    }

    pub(super) fn required(&self, name: &str) -> Result<&str, OAuthError> {
        self.optional(name)?
            .ok_or_else(|| OAuthError::invalid_request(format!("{name} is missing")))
    }
}
