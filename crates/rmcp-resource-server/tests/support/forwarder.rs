//! A TCP forwarder that decides each connection's fate.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What becomes of a connection.
#[derive(Clone, Copy)]
pub(crate) enum Fate {
    Forwarded,
    /// Reset before a byte is read.
    Reset,
}

/// Listens on a free port, passes connections on to another.
pub(crate) struct Forwarder {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Forwarder {
    /// `fate` is told the number of the connection, from 0.
    pub(crate) async fn start(
        to: SocketAddr,
        fate: impl Fn(usize) -> Fate + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let connections = Arc::new(AtomicUsize::new(0));
        let count = connections.clone();
        let task = tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                match fate(count.fetch_add(1, Ordering::SeqCst)) {
                    Fate::Reset => client.set_zero_linger().expect("a socket"),
                    Fate::Forwarded => {
                        tokio::spawn(async move {
                            let mut server = TcpStream::connect(to).await?;
                            copy_bidirectional(&mut client, &mut server).await
                        });
                    }
                }
            }
        });
        Self {
            address,
            connections,
            task,
        }
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.task.abort();
    }
}
