//! A load generator: keeps connections busy with one request after another.

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

pub(crate) struct Load {
    pub(crate) address: String,
    pub(crate) token: Option<&'static str>,
    /// What each connection sends, in order, starting over at the end.
    pub(crate) bodies: Vec<String>,
    pub(crate) connections: usize,
    pub(crate) length: Duration,
}

impl Load {
    /// Sends requests for the whole duration. Returns how long each took, and how many were
    /// answered per second.
    ///
    /// # Panics
    ///
    /// Panics at the first answer that is not 200.
    pub(crate) async fn run(&self) -> (Vec<Duration>, f64) {
        let begun = Instant::now();
        let mut connections = JoinSet::new();
        for _ in 0..self.connections {
            let stream = TcpStream::connect(&self.address)
                .await
                .expect("a connection");
            stream.set_nodelay(true).expect("a socket");
            let requests = self.bodies.iter().map(|body| self.request(body)).collect();
            connections.spawn(keep_busy(stream, requests, begun + self.length));
        }
        let times = connections.join_all().await.concat();
        let rate = times.len() as f64 / begun.elapsed().as_secs_f64();
        (times, rate)
    }

    fn request(&self, body: &str) -> String {
        let authorization = match self.token {
            Some(token) => format!("Authorization: Bearer {token}\r\n"),
            None => String::new(),
        };
        format!(
            "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\n{authorization}Content-Length: \
             {}\r\n\r\n{body}",
            body.len()
        )
    }
}

/// A tool call.
pub(crate) fn tool_call(tool: &str, arguments: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments}}}}}"#
    )
}

async fn keep_busy(mut stream: TcpStream, requests: Vec<String>, until: Instant) -> Vec<Duration> {
    let mut times = Vec::new();
    let mut buffer = Vec::with_capacity(16 * 1024);
    for request in requests.iter().cycle() {
        let begun = Instant::now();
        if begun >= until {
            break;
        }
        stream
            .write_all(request.as_bytes())
            .await
            .expect("it reads");
        buffer.clear();
        // JSON answers are sent in chunks, and the last chunk is empty.
        while !is_whole(&buffer) {
            let read = stream.read_buf(&mut buffer).await.expect("it writes");
            assert_ne!(read, 0, "the server closed the connection");
        }
        assert!(buffer.starts_with(b"HTTP/1.1 200"), "not 200");
        times.push(begun.elapsed());
    }
    times
}

/// Whether all of an answer is there: by its length, or by the empty chunk at its end.
fn is_whole(answer: &[u8]) -> bool {
    const LENGTH: &[u8] = b"\r\ncontent-length: ";
    let Some(end) = find(answer, b"\r\n\r\n") else {
        return false;
    };
    let (head, body) = answer.split_at(end);
    match find(head, LENGTH) {
        Some(at) => {
            let digits = head[at + LENGTH.len()..].iter();
            let digits = digits.take_while(|byte| byte.is_ascii_digit());
            let length = digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0'));
            body.len() >= 4 + length
        }
        None => body.ends_with(b"0\r\n\r\n"),
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}
