//! A request as received, and the reader that takes it from the connection.

use std::io::{self, ErrorKind};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    net::TcpStream,
};
use url::form_urlencoded;

use crate::client_credentials::{form_decoded_basic, raw_basic};

/// A request that a [`FakeAuthorizationServer`](crate::FakeAuthorizationServer) received.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> reqwest::Result<()> {
/// let fake = dev_authorization_server::FakeAuthorizationServer::start();
/// reqwest::Client::new()
///     .post(fake.introspection_url())
///     .basic_auth("mcp", Some("p%25"))
///     .form(&[("token", "good"), ("token_type_hint", "access_token")])
///     .send()
///     .await?;
///
/// let request = &fake.requests_at("/introspect")[0];
/// assert_eq!(request.method, "POST");
/// assert_eq!(request.form_value("token").as_deref(), Some("good"));
/// // RFC 6749 has id and secret form-encoded, RFC 7617 does not.
/// assert_eq!(request.basic(), Some(("mcp".to_owned(), "p%".to_owned())));
/// assert_eq!(request.raw_basic(), Some(("mcp".to_owned(), "p%25".to_owned())));
/// assert_eq!(request.header("accept"), Some("*/*"));
/// # Ok(())
/// # }
/// ```
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct RecordedRequest {
    /// The method, for example `POST`.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The text after the `?`, as sent.
    pub query: Option<String>,
    /// The header fields in order, with their names as sent.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
}

impl RecordedRequest {
    /// The first field with this name, in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body decoded as a form, in order.
    #[must_use]
    pub fn form(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(&self.body).into_owned().collect()
    }

    /// The first form field with this name.
    #[must_use]
    pub fn form_value(&self, name: &str) -> Option<String> {
        let mut form = form_urlencoded::parse(&self.body);
        form.find(|(field, _)| field == name)
            .map(|(_, value)| value.into_owned())
    }

    /// Id and secret from `Authorization: Basic`, form-decoded (RFC 6749 §2.3.1).
    #[must_use]
    pub fn basic(&self) -> Option<(String, String)> {
        form_decoded_basic(self.header("authorization")?)
    }

    /// Id and secret from `Authorization: Basic`, only base64-decoded.
    #[must_use]
    pub fn raw_basic(&self) -> Option<(String, String)> {
        raw_basic(self.header("authorization")?)
    }
}

/// The next request, or `None` if the client closed the connection between two requests.
///
/// Does not understand chunked bodies: no client under test sends one.
pub(super) async fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Option<RecordedRequest>> {
    let Some(request_line) = read_line(stream).await? else {
        return Ok(None);
    };
    let mut words = request_line.split(' ');
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return Err(malformed("request line"));
    };
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (target, None),
    };
    let mut request = RecordedRequest {
        method: method.to_owned(),
        path: path.to_owned(),
        query,
        headers: read_headers(stream).await?,
        body: Vec::new(),
    };
    let length = match request.header("content-length") {
        Some(length) => length.parse().map_err(io::Error::other)?,
        None => 0,
    };
    request.body.resize(length, 0);
    stream.read_exact(&mut request.body).await?;
    Ok(Some(request))
}

async fn read_headers(stream: &mut BufReader<TcpStream>) -> io::Result<Vec<(String, String)>> {
    let mut headers = Vec::new();
    loop {
        let line = read_line(stream).await?.ok_or(ErrorKind::UnexpectedEof)?;
        if line.is_empty() {
            return Ok(headers);
        }
        let (name, value) = line.split_once(':').ok_or_else(|| malformed("header"))?;
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
}

async fn read_line(stream: &mut BufReader<TcpStream>) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    if stream.read_until(b'\n', &mut line).await? == 0 {
        return Ok(None);
    }
    let line = String::from_utf8(line).map_err(io::Error::other)?;
    Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned()))
}

fn malformed(part: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("malformed {part}"))
}
