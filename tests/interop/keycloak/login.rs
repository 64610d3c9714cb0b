//! A user with a browser, as far as Keycloak's pages need one: forms and cookies.

use std::{collections::BTreeMap, sync::Mutex};

use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(crate) struct Browser {
    endpoint: Url,
    http: Client,
    cookies: Mutex<BTreeMap<String, String>>,
}

impl Browser {
    /// Takes an authorization endpoint and a client that follows no redirects.
    pub(crate) fn new(http: Client, endpoint: &str) -> Self {
        Self {
            endpoint: endpoint.parse().expect("a URL"),
            http,
            cookies: Mutex::default(),
        }
    }

    /// Logs the user in, and returns the code and the verifier that redeems it.
    pub(crate) async fn code(
        &self,
        client: &str,
        redirect_uri: &str,
        scope: &str,
        (name, password): (&str, &str),
    ) -> (String, &'static str) {
        let parameters = [
            ("response_type", "code"),
            ("client_id", client),
            ("redirect_uri", redirect_uri),
            ("scope", scope),
            ("state", "some state"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        let url = Url::parse_with_params(self.endpoint.as_str(), parameters);
        let request = self.http.get(url.expect("a URL"));
        let page = page(self.send(request).await).await;
        let form = [("username", name), ("password", password)];
        let mut response = self.submit(&page, &form).await;
        // Keycloak's own pages come first, including consent if the client needs it.
        while !goes_to(&response, redirect_uri) {
            let next = location(&response);
            let consent = self::page(self.send(self.http.get(next)).await).await;
            assert!(consent.contains("accept"), "no consent page: {consent}");
            response = self.submit(&consent, &[("accept", "Yes")]).await;
        }
        let answer: BTreeMap<_, _> = location(&response).query_pairs().into_owned().collect();
        assert_eq!(answer["state"], "some state");
        let issuer = &answer["iss"];
        assert!(self.endpoint.as_str().starts_with(issuer), "RFC 9207");
        (answer["code"].clone(), VERIFIER)
    }

    /// Sends the first form of the page, with its hidden fields.
    async fn submit(&self, page: &str, fields: &[(&str, &str)]) -> Response {
        let action = between(page, "action=\"", "\"").expect("a form");
        let mut fields = fields.to_vec();
        for input in page.split("<input type=\"hidden\"").skip(1) {
            if let (Some(name), Some(value)) = (
                between(input, "name=\"", "\""),
                between(input, "value=\"", "\""),
            ) {
                fields.push((name, value));
            }
        }
        let action = self.endpoint.join(&action.replace("&amp;", "&"));
        let request = self.http.post(action.expect("a URL")).form(&fields);
        let response = self.send(request).await;
        assert_eq!(response.status(), StatusCode::FOUND, "{page}");
        response
    }

    async fn send(&self, request: RequestBuilder) -> Response {
        let cookies = self
            .cookies
            .lock()
            .expect("no panic")
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join("; ");
        let response = request
            .header("Cookie", cookies)
            .send()
            .await
            .expect("an answer");
        let mut cookies = self.cookies.lock().expect("no panic");
        for cookie in response.headers().get_all("set-cookie") {
            let cookie = cookie.to_str().expect("text").split(';').next();
            if let Some((name, value)) = cookie.and_then(|cookie| cookie.split_once('=')) {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        drop(cookies);
        response
    }
}

async fn page(response: Response) -> String {
    let status = response.status();
    let text = response.text().await.expect("a page");
    assert_eq!(status, StatusCode::OK, "{text}");
    text
}

fn goes_to(response: &Response, redirect_uri: &str) -> bool {
    location(response).as_str().starts_with(redirect_uri)
}

fn location(response: &Response) -> Url {
    let location = response.headers()["location"].to_str().expect("text");
    location.parse().expect("a URL")
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}
