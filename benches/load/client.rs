//! A load generator: keeps connections busy with one request after the other.

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

const BODY: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_control","arguments":{"control":"RS-45"}}}"#;

pub(crate) struct Load {
    pub(crate) address: String,
    pub(crate) token: Option<&'static str>,
    pub(crate) connections: usize,
    pub(crate) length: Duration,
}

impl Load {
    /// Sends requests for the whole length; how many were answered, and how many a second.
    ///
    /// # Panics
    ///
    /// Panics at the first answer that is not 200.
    pub(crate) async fn run(&self) -> (u32, f64) {
        let begun = Instant::now();
        let mut connections = JoinSet::new();
        for _ in 0..self.connections {
            let stream = TcpStream::connect(&self.address)
                .await
                .expect("a connection");
            stream.set_nodelay(true).expect("a socket");
            connections.spawn(keep_busy(stream, self.request(), begun + self.length));
        }
        let answered: u32 = connections.join_all().await.into_iter().sum();
        let rate = f64::from(answered) / begun.elapsed().as_secs_f64();
        (answered, rate)
    }

    fn request(&self) -> String {
        let authorization = match self.token {
            Some(token) => format!("Authorization: Bearer {token}\r\n"),
            None => String::new(),
        };
        format!(
            "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\n{authorization}Content-Length: \
             {}\r\n\r\n{BODY}",
            BODY.len()
        )
    }
}

async fn keep_busy(mut stream: TcpStream, request: String, until: Instant) -> u32 {
    let mut answered = 0;
    let mut buffer = Vec::with_capacity(16 * 1024);
    while Instant::now() < until {
        stream
            .write_all(request.as_bytes())
            .await
            .expect("it reads");
        buffer.clear();
        // JSON answers are sent in chunks, the last of which is empty.
        while !buffer.ends_with(b"0\r\n\r\n") {
            let read = stream.read_buf(&mut buffer).await.expect("it writes");
            assert_ne!(read, 0, "the server closed the connection");
        }
        assert!(buffer.starts_with(b"HTTP/1.1 200"), "not 200");
        answered += 1;
    }
    answered
}
