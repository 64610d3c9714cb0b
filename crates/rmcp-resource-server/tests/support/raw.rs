//! Raw bytes on a socket, for requests that no HTTP client would send.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(10);

/// A connection to the server.
pub(crate) struct Connection(TcpStream);

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.expect("it listens"))
    }

    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        let written = self.0.write_all(bytes.as_ref()).await;
        written.expect("it reads");
    }

    /// Writes until the server no longer reads.
    pub(crate) async fn write_what_it_takes(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.ok();
    }

    /// Reads until `done` accepts what has come, or the server closes; returns all of it.
    pub(crate) async fn read_until(&mut self, done: impl Fn(&str) -> bool) -> String {
        let mut received = Vec::new();
        let reading = async {
            loop {
                let mut piece = [0; 4096];
                let length = self.0.read(&mut piece).await.unwrap_or(0);
                received.extend_from_slice(&piece[..length]);
                if length == 0 || done(&String::from_utf8_lossy(&received)) {
                    return;
                }
            }
        };
        let in_time = timeout(PATIENCE, reading).await;
        let text = String::from_utf8_lossy(&received).into_owned();
        assert!(in_time.is_ok(), "no end after {PATIENCE:?}: {text:?}");
        text
    }

    /// Closes with a reset, so that the server notices immediately.
    pub(crate) fn reset(self) {
        self.0.set_zero_linger().expect("a socket");
    }
}

/// Sends one request's bytes and returns the head of the answer.
pub(crate) async fn exchange_raw(address: SocketAddr, request: impl AsRef<[u8]>) -> String {
    let mut connection = Connection::open(address).await;
    connection.write(request).await;
    connection
        .read_until(|received| received.contains("\r\n\r\n"))
        .await
}
