//! A response as the client sees it, parsed for assertions.

use reqwest::{Response, header::HeaderMap};
use serde_json::Value;

/// Status, headers and body of one response.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// The parameters of one `WWW-Authenticate: Bearer`, in order, with the names as sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Challenge(pub(crate) Vec<(String, String)>);

impl Answer {
    pub(crate) async fn read(response: Response) -> Self {
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.text().await.expect("a whole body"),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let value = self.headers.get(name)?;
        Some(value.to_str().expect("visible ASCII"))
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The first JSON-RPC message of a JSON or an SSE response.
    pub(crate) fn message(&self) -> Value {
        let message = self
            .body
            .lines()
            .find_map(|line| line.strip_prefix("data: ").filter(|data| !data.is_empty()))
            .unwrap_or(&self.body);
        serde_json::from_str(message)
            .unwrap_or_else(|error| panic!("{error} in {message:?} of {self:?}"))
    }

    /// What the probe's tool answered, taken from a JSON or an SSE response.
    pub(crate) fn tool_result(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        let message = self.message();
        let text = message["result"]["content"][0]["text"].as_str();
        let text = text.unwrap_or_else(|| panic!("no tool result in {self:?}"));
        serde_json::from_str(text).expect("the probe answers JSON")
    }

    /// The only challenge.
    pub(crate) fn challenge(&self) -> Challenge {
        let mut values = self.headers.get_all("www-authenticate").iter();
        let value = values
            .next()
            .unwrap_or_else(|| panic!("no challenge: {self:?}"));
        assert!(values.next().is_none(), "more than one challenge: {self:?}");
        Challenge::parse(value.to_str().expect("visible ASCII"))
    }

    /// The challenge of this scheme, if there is one.
    pub(crate) fn challenge_of(&self, scheme: &str) -> Option<Challenge> {
        let mut values = self.headers.get_all("www-authenticate").iter();
        let value = values.find_map(|value| {
            let value = value.to_str().expect("visible ASCII");
            value.split_once(' ').filter(|(named, _)| *named == scheme)
        });
        value.map(|(_, parameters)| Challenge::parse_parameters(parameters))
    }

    pub(crate) fn error_code(&self) -> Option<String> {
        self.challenge().get("error").map(str::to_owned)
    }

    pub(crate) fn assert_served(&self, case: &str) {
        assert_eq!(self.status, 200, "{case}: {self:?}");
    }

    /// A 401 as for a bad token.
    pub(crate) fn assert_invalid_token(&self, case: &str) {
        assert_eq!(self.status, 401, "{case}: {self:?}");
        let error = self.error_code();
        assert_eq!(error.as_deref(), Some("invalid_token"), "{case}: {self:?}");
        assert_eq!(self.json()["error"], "invalid_token", "{case}");
    }

    /// A 401 as for a missing credential.
    pub(crate) fn assert_no_credential(&self, case: &str) {
        assert_eq!(self.status, 401, "{case}: {self:?}");
        assert_eq!(self.error_code(), None, "{case}: {self:?}");
    }

    pub(crate) fn assert_invalid_request(&self, case: &str) {
        assert_eq!(self.status, 400, "{case}: {self:?}");
        let error = self.error_code();
        assert_eq!(error.as_deref(), Some("invalid_request"), "{case}");
        assert_eq!(self.json()["error"], "invalid_request", "{case}");
    }

    /// A 431 that asks nobody to log in again.
    pub(crate) fn assert_too_long(&self, case: &str) {
        assert_eq!(self.status, 431, "{case}: {self:?}");
        let challenge = self.header("www-authenticate");
        assert_eq!(challenge, None, "{case}: {self:?}");
        assert_eq!(self.json()["error"], "token_too_long", "{case}");
    }

    pub(crate) fn assert_insufficient_scope(&self, case: &str) {
        assert_eq!(self.status, 403, "{case}: {self:?}");
        let error = self.error_code();
        assert_eq!(error.as_deref(), Some("insufficient_scope"), "{case}");
    }

    /// A 503 that blames no token. Returns its `Retry-After` in seconds.
    pub(crate) fn assert_unavailable(&self, case: &str) -> u64 {
        assert_eq!(self.status, 503, "{case}: {self:?}");
        assert!(
            !self.headers.contains_key("www-authenticate"),
            "{case}: {self:?}"
        );
        let body = self.json();
        assert_eq!(body["error"], "temporarily_unavailable", "{case}");
        assert!(body["request_id"].is_string(), "{case}");
        assert_eq!(
            body.as_object().map(serde_json::Map::len),
            Some(3),
            "{case}"
        );
        let retry_after = self.header("retry-after");
        let seconds = retry_after.and_then(|seconds| seconds.parse().ok());
        seconds.unwrap_or_else(|| panic!("{case}: Retry-After is {retry_after:?}"))
    }

    pub(crate) fn assert_no_such_session(&self, case: &str) {
        assert_eq!(self.status, 404, "{case}: {self:?}");
        assert!(
            !self.headers.contains_key("www-authenticate"),
            "{case}: {self:?}"
        );
    }
}

impl Challenge {
    /// Parses strictly what RFC 9110 §11.6.1 allows; panics on anything else.
    pub(crate) fn parse(value: &str) -> Self {
        let parameters = value
            .strip_prefix("Bearer ")
            .unwrap_or_else(|| panic!("not a Bearer challenge: {value:?}"));
        Self::parse_parameters(parameters)
    }

    fn parse_parameters(value: &str) -> Self {
        let mut rest = value;
        let mut parameters = Vec::new();
        loop {
            let (name, after) = rest
                .split_once("=\"")
                .unwrap_or_else(|| panic!("no parameter at {rest:?} in {value:?}"));
            let (parameter, after) = after
                .split_once('"')
                .unwrap_or_else(|| panic!("no end of {name} in {value:?}"));
            parameters.push((name.to_owned(), parameter.to_owned()));
            if after.is_empty() {
                return Self(parameters);
            }
            rest = after
                .strip_prefix(", ")
                .unwrap_or_else(|| panic!("odd separator at {after:?} in {value:?}"));
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut parameters = self.0.iter();
        let found = parameters.find(|(parameter, _)| parameter == name);
        found.map(|(_, value)| value.as_str())
    }
}
