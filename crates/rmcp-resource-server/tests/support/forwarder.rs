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
    sync::watch,
    task::JoinHandle,
};

/// What happens to a connection.
#[derive(Clone, Copy)]
pub(crate) enum Fate {
    Forwarded,
    /// Reset before a byte is read.
    Reset,
}

/// How a stale connection shows that it is stale when it is used again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Stale {
    /// It is reset (TCP RST).
    Reset,
    /// It is closed (TCP FIN).
    Closed,
    /// Nothing comes back.
    Silent,
}

/// Listens on a free port and forwards connections to another port.
pub(crate) struct Forwarder {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    stale: watch::Sender<Option<(usize, Stale)>>,
    task: JoinHandle<()>,
}

impl Forwarder {
    /// `fate` gets the number of the connection, from 0.
    pub(crate) async fn start(
        to: SocketAddr,
        fate: impl Fn(usize) -> Fate + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let connections = Arc::new(AtomicUsize::new(0));
        let count = connections.clone();
        let (stale, when_stale) = watch::channel(None);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let number = count.fetch_add(1, Ordering::SeqCst);
                match fate(number) {
                    Fate::Reset => client.set_zero_linger().expect("a socket"),
                    Fate::Forwarded => {
                        tokio::spawn(forward(client, to, number, when_stale.clone()));
                    }
                }
            }
        });
        Self {
            address,
            connections,
            stale,
            task,
        }
    }

    /// Makes all present connections go stale, silently; later ones work.
    pub(crate) fn make_stale(&self, how: Stale) {
        self.stale.send_replace(Some((self.connections(), how)));
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn forward(
    mut client: TcpStream,
    to: SocketAddr,
    number: usize,
    mut when_stale: watch::Receiver<Option<(usize, Stale)>>,
) {
    let Ok(mut server) = TcpStream::connect(to).await else {
        return;
    };
    let concerned = |stale: &Option<(usize, Stale)>| stale.is_some_and(|(below, _)| number < below);
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => return,
        _ = when_stale.wait_for(concerned) => {}
    }
    let how = when_stale.borrow().map(|(_, how)| how);
    let _ = client.readable().await;
    match how {
        Some(Stale::Reset) => client.set_zero_linger().expect("a socket"),
        Some(Stale::Silent) => std::future::pending().await,
        Some(Stale::Closed) | None => {}
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.task.abort();
    }
}
