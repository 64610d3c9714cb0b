//! A person with a browser, as an authorization server sees one: opens the page that a client asks
//! to open, signs in, agrees, and is sent back to the client.

use reqwest::{
    Client, Response,
    header::{ACCEPT, COOKIE, LOCATION, SET_COOKIE},
    redirect::Policy,
};
use url::Url;

/// The most pages and redirects between the client's request and its answer.
const MAX_STEPS: usize = 12;

/// What the person types into form fields, by field name.
const TYPED: [(&str, &str); 3] = [
    ("username", "alice"),
    ("login", "alice"),
    ("password", "wonderland"),
];

/// Follows an authorization URL to its end: the client's redirect URI with a code or an error.
pub(crate) async fn agree(authorization: &str) -> Url {
    let mut url = Url::parse(authorization).expect("an authorization URL");
    let redirect_uri = parameter(&url, "redirect_uri").expect("a redirect_uri");
    let mut browser = Browser::new();
    let mut response = browser.get(&url).await;
    for _ in 0..MAX_STEPS {
        let status = response.status();
        if let Some(location) = response.headers().get(LOCATION) {
            let location = location.to_str().expect("ASCII");
            url = url.join(location).expect("a location");
            if url.as_str().starts_with(&redirect_uri) {
                return url;
            }
            response = browser.get(&url).await;
            continue;
        }
        let page = response.text().await.expect("a page");
        assert!(status.is_success(), "{url}: {status}: {page}");
        let form = Form::of(&page).unwrap_or_else(|| panic!("no form at {url}: {page}"));
        url = url.join(&form.action).expect("an action");
        response = browser.post(&url, &form.fields).await;
    }
    panic!("{authorization} leads nowhere; the last page was {url}");
}

/// A parameter of a URL's query.
pub(crate) fn parameter(url: &Url, name: &str) -> Option<String> {
    let mut pairs = url.query_pairs();
    pairs
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// Keeps cookies, and follows no redirects by itself.
pub(crate) struct Browser {
    http: Client,
    cookies: Vec<Cookie>,
}

struct Cookie {
    name: String,
    path: String,
    value: String,
}

impl Browser {
    pub(crate) fn new() -> Self {
        let http = Client::builder()
            .no_proxy()
            .tls_certs_only([])
            .redirect(Policy::none())
            .build();
        Self {
            http: http.expect("a client"),
            cookies: Vec::new(),
        }
    }

    pub(crate) async fn get(&mut self, url: &Url) -> Response {
        let request = self.http.get(url.clone()).header(COOKIE, self.sent_to(url));
        // Spring shows its login page only to clients that want HTML.
        let request = request.header(ACCEPT, "text/html");
        let response = request.send().await.expect("an answer");
        self.keep(url, response)
    }

    async fn post(&mut self, url: &Url, fields: &[(String, String)]) -> Response {
        let request = self.http.post(url.clone()).form(fields);
        let response = request.header(COOKIE, self.sent_to(url)).send().await;
        self.keep(url, response.expect("an answer"))
    }

    /// All cookies here are for one server, so only their paths matter.
    fn sent_to(&self, url: &Url) -> String {
        let sent = self
            .cookies
            .iter()
            .filter(|cookie| url.path().starts_with(&cookie.path));
        let pairs: Vec<_> = sent
            .map(|Cookie { name, value, .. }| format!("{name}={value}"))
            .collect();
        pairs.join("; ")
    }

    fn keep(&mut self, url: &Url, response: Response) -> Response {
        for header in response.headers().get_all(SET_COOKIE) {
            let mut parts = header.to_str().expect("ASCII").split(';').map(str::trim);
            let (name, value) = parts
                .next()
                .and_then(|pair| pair.split_once('='))
                .expect("a cookie");
            let path = parts
                .find_map(|part| part.strip_prefix("path=").or(part.strip_prefix("Path=")))
                .unwrap_or_else(|| url.path());
            self.cookies
                .retain(|cookie| cookie.name != name || cookie.path != path);
            // Servers delete a cookie by setting it to an empty value.
            if !value.is_empty() {
                self.cookies.push(Cookie {
                    name: name.to_owned(),
                    path: path.to_owned(),
                    value: value.to_owned(),
                });
            }
        }
        response
    }
}

/// The first form on a page, filled in and agreed to.
struct Form {
    action: String,
    fields: Vec<(String, String)>,
}

impl Form {
    fn of(page: &str) -> Option<Self> {
        let (_, form) = page.split_once("<form")?;
        let (form, _) = form.split_once("</form>")?;
        let (head, content) = form.split_once('>')?;
        let mut fields = Vec::new();
        let mut agreed = false;
        for tag in content.split('<').filter_map(|tag| tag.split('>').next()) {
            let Some(name) = attribute(tag, "name") else {
                continue;
            };
            let value = attribute(tag, "value").unwrap_or_default();
            let kind = attribute(tag, "type").unwrap_or_default();
            let button = tag.starts_with("button") || kind == "submit";
            if button && !agreed {
                // The first button means agreement.
                agreed = true;
                fields.push((name, value));
            } else if !button && tag.starts_with("input") && kind != "checkbox" {
                let typed = TYPED.iter().find(|(field, _)| *field == name);
                let typed = typed.filter(|_| kind != "hidden");
                fields.push((name, typed.map_or(value, |(_, text)| (*text).to_owned())));
            }
        }
        Some(Self {
            action: attribute(head, "action").unwrap_or_default(),
            fields,
        })
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}="))?;
    let quote = rest.chars().next().filter(|first| "\"'".contains(*first))?;
    let (value, _) = rest[1..].split_once(quote)?;
    Some(
        value
            .replace("&quot;", "\"")
            .replace("&#39;", "'")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&"),
    )
}
