//! The HTTP/1.1 side of the fake. It uses plain sockets, so an answer can break off anywhere.

use std::{io, net::TcpListener, sync::Arc};

use tokio::{
    io::BufReader,
    net::{TcpListener as AsyncListener, TcpStream},
    runtime,
    sync::oneshot,
};

use super::{reply::After, request, script::Script};

/// Serves until `shutdown` resolves; then the port is free and every connection is cut.
pub(super) fn serve(
    listener: TcpListener,
    script: Arc<Script>,
    shutdown: oneshot::Receiver<()>,
) -> io::Result<()> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        listener.set_nonblocking(true)?;
        let listener = AsyncListener::from_std(listener)?;
        tokio::select! {
            refused = accept(listener, script) => refused,
            _ = shutdown => Ok(()),
        }
    })
}

async fn accept(listener: AsyncListener, script: Arc<Script>) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let script = Arc::clone(&script);
        // A client that hangs up, or sends something other than HTTP, ends only its own connection.
        tokio::spawn(async move { converse(stream, &script).await.ok() });
    }
}

async fn converse(stream: TcpStream, script: &Script) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while let Some(request) = request::read(&mut stream).await? {
        let exchange = script.exchange(request);
        let reply = exchange.reply().await;
        match reply.send(&mut stream).await? {
            After::KeepOpen => {}
            After::Close => return Ok(()),
            After::Reset => return stream.get_ref().set_zero_linger(),
        }
    }
    Ok(())
}
