//! A server on its own thread, which ends when its handle is dropped.

use std::{
    io,
    net::{Ipv4Addr, TcpListener},
    thread,
};

use tokio::{sync::oneshot, task::spawn_blocking};

pub(crate) struct ServerThread {
    shutdown: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl ServerThread {
    /// Runs `serve` until it returns, which it must do soon after the receiver resolves.
    pub(crate) fn spawn(
        serve: impl FnOnce(oneshot::Receiver<()>) + Send + 'static,
    ) -> io::Result<Self> {
        let (shutdown, requested) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("authorization-server".to_owned())
            .spawn(move || serve(requested))?;
        Ok(Self {
            shutdown: Some(shutdown),
            thread: Some(thread),
        })
    }

    /// Returns when the port is free again and no connection gets any more answers.
    pub(crate) async fn stop(self) {
        spawn_blocking(move || drop(self))
            .await
            .expect("stopping a server thread does not panic");
    }
}

impl Drop for ServerThread {
    fn drop(&mut self) {
        drop(self.shutdown.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !thread::panicking()
        {
            panic!("the authorization server's thread panicked");
        }
    }
}

/// A socket on this port of `127.0.0.1`; 0 picks a free port.
pub(crate) fn listen(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
}

#[cfg(test)]
mod tests {
    use std::{
        io::{ErrorKind, Read, Write},
        net::{SocketAddr, TcpStream},
        time::Duration,
    };

    use crate::{DevAuthorizationServer, DevConfig, FakeAuthorizationServer};

    #[tokio::test]
    async fn every_connection_is_cut_when_stop_returns() {
        let fake = FakeAuthorizationServer::start();
        let config = DevConfig {
            resources: vec!["http://127.0.0.1:8000/mcp".to_owned()],
            ..DevConfig::default()
        };
        let dev = DevAuthorizationServer::start(config).expect("it starts");
        for _ in 0..5 {
            let mut connections = [
                kept_alive(fake.address()),
                kept_alive(dev.address()),
                unfinished(fake.address()),
                unfinished(dev.address()),
            ];
            fake.stop().await;
            dev.stop().await;
            connections.iter_mut().for_each(assert_cut);
            fake.restart();
            dev.restart().expect("the port is free");
        }
    }

    fn kept_alive(address: SocketAddr) -> TcpStream {
        let mut stream = requested(address, "GET /.well-known/oauth-authorization-server", "");
        let mut answer = Vec::new();
        while !answer.ends_with(b"}") {
            let mut piece = [0; 4096];
            let length = stream.read(&mut piece).expect("it answers");
            assert_ne!(length, 0, "the connection stays open");
            answer.extend_from_slice(&piece[..length]);
        }
        stream
    }

    fn unfinished(address: SocketAddr) -> TcpStream {
        requested(address, "POST /introspect", "Content-Length: 9\r\n")
    }

    fn requested(address: SocketAddr, line: &str, headers: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).expect("it listens");
        let patience = Some(Duration::from_secs(5));
        stream.set_read_timeout(patience).expect("a socket");
        let head = format!("{line} HTTP/1.1\r\nHost: {address}\r\n{headers}\r\n");
        stream.write_all(head.as_bytes()).expect("it reads");
        stream
    }

    /// A request that comes too late gets no answer.
    fn assert_cut(stream: &mut TcpStream) {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").ok();
        match stream.read(&mut [0]) {
            Ok(length) => assert_eq!(length, 0),
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        }
    }
}
