//! An answer, and how it is sent.

use std::{fmt::Write, future, io, time::Duration};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    time::sleep,
};

/// What a [`FakeAuthorizationServer`](crate::FakeAuthorizationServer) answers, and how.
///
/// JSON converts to a 200: `fake.answer_token("t", json!({"active": true}))`.
///
/// ```
/// use std::time::Duration;
///
/// use dev_authorization_server::{FakeAuthorizationServer, Reply};
/// use serde_json::json;
///
/// let fake = FakeAuthorizationServer::start();
/// // What an authorization server and the network before it can do to a resource server:
/// fake.answer_token("late", Reply::from(json!({"active": true})).after(Duration::from_secs(60)));
/// fake.answer_token("limited", Reply::status(429).with_header("Retry-After", "7"));
/// fake.answer_token("moved", Reply::redirect(307, "http://127.0.0.1:1/"));
/// fake.answer_token("cut off", Reply::from(json!({"active": true})).truncated());
/// fake.answer_token("hung up", Reply::reset());
/// fake.answer_token("a login page", Reply::html());
/// fake.answer_token("endless", Reply::huge(1 << 20));
/// ```
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    delay: Duration,
    delivery: Delivery,
}

#[derive(Clone, Copy, Debug)]
enum Delivery {
    Whole,
    Chunked,
    Slow(Duration),
    HalfThenSilence,
    HalfThenClose,
    Reset,
}

impl Reply {
    /// A status, this `Content-Type` and this body.
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("Content-Type".to_owned(), content_type.to_owned())];
        Self {
            headers,
            body: body.into(),
            ..Self::status(status)
        }
    }

    /// A status and an empty body.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            delay: Duration::ZERO,
            delivery: Delivery::Whole,
        }
    }

    /// A status and JSON.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    /// A 200 with an HTML page.
    #[must_use]
    pub fn html() -> Self {
        Self::new(200, "text/html", "<!doctype html><title>Sign in</title>")
    }

    /// A redirect to this URL.
    #[must_use]
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::status(status).with_header("Location", location)
    }

    /// A 200 that says active, in well-formed JSON of roughly this many bytes.
    #[must_use]
    pub fn huge(bytes: usize) -> Self {
        Self::json(200, &json!({"active": true, "padding": "x".repeat(bytes)}))
    }

    /// No answer: the connection is reset (TCP RST).
    #[must_use]
    pub fn reset() -> Self {
        Self::status(500).delivered(Delivery::Reset)
    }

    /// Adds a header field.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Waits this long before the first byte.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Sends the body without `Content-Length`, chunked.
    #[must_use]
    pub fn chunked(self) -> Self {
        self.delivered(Delivery::Chunked)
    }

    /// Sends the body byte by byte, with this pause before each byte.
    #[must_use]
    pub fn slowly(self, pause: Duration) -> Self {
        self.delivered(Delivery::Slow(pause))
    }

    /// Sends the head and half of the body, then nothing, and keeps the connection open.
    #[must_use]
    pub fn stalling(self) -> Self {
        self.delivered(Delivery::HalfThenSilence)
    }

    /// Sends the head and half of the body, then closes the connection.
    #[must_use]
    pub fn truncated(self) -> Self {
        self.delivered(Delivery::HalfThenClose)
    }

    fn delivered(mut self, delivery: Delivery) -> Self {
        self.delivery = delivery;
        self
    }
}

impl From<Value> for Reply {
    fn from(body: Value) -> Self {
        Self::json(200, &body)
    }
}

/// What happens to the connection after an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    KeepOpen,
    Close,
    Reset,
}

impl Reply {
    pub(super) async fn send(&self, stream: &mut (impl AsyncWrite + Unpin)) -> io::Result<After> {
        sleep(self.delay).await;
        if let Delivery::Reset = self.delivery {
            return Ok(After::Reset);
        }
        stream.write_all(self.head().as_bytes()).await?;
        let half = &self.body[..self.body.len() / 2];
        match self.delivery {
            Delivery::Whole => stream.write_all(&self.body).await?,
            Delivery::Chunked => self.send_chunks(stream).await?,
            Delivery::Slow(pause) => {
                for byte in &self.body {
                    sleep(pause).await;
                    stream.write_all(&[*byte]).await?;
                }
            }
            Delivery::HalfThenSilence => {
                stream.write_all(half).await?;
                future::pending::<()>().await;
            }
            Delivery::HalfThenClose => {
                stream.write_all(half).await?;
                return Ok(After::Close);
            }
            Delivery::Reset => return Ok(After::Reset),
        }
        Ok(After::KeepOpen)
    }

    fn head(&self) -> String {
        let mut head = format!("HTTP/1.1 {} Scripted\r\n", self.status);
        for (name, value) in &self.headers {
            write!(head, "{name}: {value}\r\n").expect("writing to a string");
        }
        match self.delivery {
            Delivery::Chunked => head.push_str("Transfer-Encoding: chunked\r\n\r\n"),
            _ => write!(head, "Content-Length: {}\r\n\r\n", self.body.len())
                .expect("writing to a string"),
        }
        head
    }

    async fn send_chunks(&self, stream: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        for chunk in self.body.chunks(1024) {
            let size = format!("{:x}\r\n", chunk.len());
            stream.write_all(size.as_bytes()).await?;
            stream.write_all(chunk).await?;
            stream.write_all(b"\r\n").await?;
        }
        stream.write_all(b"0\r\n\r\n").await
    }
}
