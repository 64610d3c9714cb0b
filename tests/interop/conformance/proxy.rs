//! A proxy that adds a bearer token to every request: the conformance suite cannot send one.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{TcpListener, TcpStream},
    select,
    task::JoinHandle,
};

/// Larger than any head that the suite sends, in bytes.
const MAX_HEAD: usize = 64 << 10;

/// A bound port that does not forward yet, so that the server can be given its origin.
pub(super) struct Unconnected(TcpListener);

/// A running proxy. It stops when dropped.
pub(super) struct Proxy(JoinHandle<()>);

impl Unconnected {
    pub(super) async fn bind() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        Self(listener.expect("a free port"))
    }

    /// `http://` and the address.
    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.0.local_addr().expect("an address"))
    }

    /// Starts forwarding to `server` with `token`.
    pub(super) fn forward(self, server: SocketAddr, token: &'static str) -> Proxy {
        Proxy(tokio::spawn(async move {
            while let Ok((client, _)) = self.0.accept().await {
                // The suite notices a broken connection itself.
                tokio::spawn(async move { relay(client, server, token).await });
            }
        }))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Forwards one request with all its headers except `Connection`, even `Host`, and its answer. The
/// server is told to close the connection afterwards, so there is no second head to change.
async fn relay(mut client: TcpStream, server: SocketAddr, token: &str) -> io::Result<()> {
    let mut received = Vec::new();
    let end = loop {
        let end = received.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        if let Some(end) = end {
            break end;
        }
        if received.len() > MAX_HEAD || client.read_buf(&mut received).await? == 0 {
            return Ok(());
        }
    };
    let head = String::from_utf8_lossy(&received[..end]);
    let is_connection = |line: &&str| line.to_ascii_lowercase().starts_with("connection:");
    let kept: Vec<&str> = (head.split("\r\n").filter(|line| !is_connection(line))).collect();
    let head = format!(
        "{}\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n",
        kept.join("\r\n")
    );

    let mut upstream = TcpStream::connect(server).await?;
    upstream.set_nodelay(true)?;
    client.set_nodelay(true)?;
    upstream.write_all(head.as_bytes()).await?;
    upstream.write_all(&received[end + 4..]).await?;
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = upstream.split();
    // Whichever side closes first ends both.
    select! {
        sent = copy(&mut from_client, &mut to_server) => sent,
        answered = copy(&mut from_server, &mut to_client) => answered,
    }?;
    to_client.shutdown().await
}
