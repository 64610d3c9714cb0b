//! The socket as actix-http sees it: one request at a time, and no client can make it wait forever.
//! The parent module explains why.

use std::{
    io,
    mem::MaybeUninit,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use actix_web::rt::net::TcpStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{
    connection::{Connection, Phase, Verdict},
    head::HeadScanner,
    worker::Worker,
};

const TOO_LARGE: &str = "431 Request Header Fields Too Large";

/// A connection's socket.
pub(super) struct GuardedStream {
    socket: TcpStream,
    worker: Rc<Worker>,
    connection: Rc<Connection>,
    scanner: HeadScanner,
    /// Bytes that arrived early: the start of the next request, or a body that is not wanted yet.
    held: Vec<u8>,
    /// The parser must first process a piece of a chunked body.
    pausing: bool,
}

impl GuardedStream {
    pub(super) fn new(socket: TcpStream, worker: &Rc<Worker>) -> Self {
        Self {
            socket,
            worker: worker.clone(),
            connection: worker.admit(),
            scanner: HeadScanner::default(),
            held: Vec::new(),
            pausing: false,
        }
    }

    pub(super) fn connection(&self) -> Rc<Connection> {
        self.connection.clone()
    }

    /// Appends early bytes, or else bytes from the socket, to `buf`. Returns how many.
    fn fill(
        &mut self,
        context: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<usize>> {
        let before = buf.filled().len();
        if self.held.is_empty() {
            ready!(Pin::new(&mut self.socket).poll_read(context, buf))?;
        } else {
            let count = self.held.len().min(buf.remaining());
            buf.put_slice(&self.held[..count]);
            self.held.drain(..count);
            if self.held.is_empty() {
                self.held = Vec::new();
            }
        }
        Poll::Ready(Ok(buf.filled().len() - before))
    }

    /// Takes back what the parser must not have yet: everything after the first `keep` bytes.
    fn hold_back(&mut self, buf: &mut ReadBuf<'_>, keep: usize) {
        let early = &buf.filled()[keep..];
        if !early.is_empty() {
            self.held.splice(..0, early.iter().copied());
            buf.set_filled(keep);
        }
    }

    fn read_head(
        &mut self,
        context: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let count = match self.fill(context, buf) {
            Poll::Ready(count) => count?,
            Poll::Pending
                if self.connection.verdict() == Some(Verdict::EndIfIdle)
                    && self.connection.is_idle() =>
            {
                // To the parser it looks as if the client closed the connection.
                return Poll::Ready(Ok(()));
            }
            Poll::Pending => return self.wait(context),
        };
        let Some((end, body)) = self.scanner.scan(&buf.filled()[before..]) else {
            if count > 0 && !self.connection.count_head(count) {
                buf.set_filled(before);
                return self.tell(context, TOO_LARGE);
            }
            return Poll::Ready(Ok(()));
        };
        if !self.connection.count_head(end) {
            buf.set_filled(before);
            return self.tell(context, TOO_LARGE);
        }
        self.connection.begin_request(body);
        let body = (count - end).min(self.connection.body_allowance());
        self.pausing = self.connection.spend_body(body);
        self.hold_back(buf, before + end + body);
        Poll::Ready(Ok(()))
    }

    fn read_body(
        &mut self,
        context: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if std::mem::take(&mut self.pausing) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let allowed = self.connection.body_allowance();
        if allowed == 0 {
            return self.watch(context);
        }
        let before = buf.filled().len();
        let Poll::Ready(count) = self.fill(context, buf)? else {
            return self.wait(context);
        };
        let body = count.min(allowed);
        self.pausing = self.connection.spend_body(body);
        self.hold_back(buf, before + body);
        Poll::Ready(Ok(()))
    }

    /// Waits until an answer is ready. Notices a client that goes away meanwhile, unless it has
    /// begun another request.
    fn watch(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.held.is_empty() || self.connection.awaits_body() {
            return self.stall(context);
        }
        let mut space = [MaybeUninit::uninit(); 512];
        let mut early = ReadBuf::uninit(&mut space);
        match Pin::new(&mut self.socket).poll_read(context, &mut early)? {
            Poll::Ready(()) if early.filled().is_empty() => Poll::Ready(Ok(())),
            Poll::Ready(()) => {
                self.held.extend_from_slice(early.filled());
                self.stall(context)
            }
            Poll::Pending => self.wait(context),
        }
    }

    /// Answers in place of the parser, which has seen no request, and closes.
    fn tell(&mut self, context: &mut Context<'_>, status: &str) -> Poll<io::Result<()>> {
        let answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        // A client that does not read these few bytes misses nothing.
        let _ = self.socket.try_write(answer.as_bytes());
        let _ = Pin::new(&mut self.socket).poll_shutdown(context);
        self.connection.discard();
        self.discard(context)
    }

    /// Reads and discards: closing a connection with unread bytes resets it, and the client may
    /// then miss its answer (RFC 9112 §9.6).
    fn discard(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.held = Vec::new();
        let mut space = [MaybeUninit::uninit(); 4096];
        for _ in 0..16 {
            let mut rest = ReadBuf::uninit(&mut space);
            match Pin::new(&mut self.socket).poll_read(context, &mut rest)? {
                Poll::Ready(()) if rest.filled().is_empty() => return Poll::Ready(Ok(())),
                Poll::Ready(()) => {}
                Poll::Pending => return self.wait(context),
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Waits until the socket has something.
    fn wait<T>(&self, context: &Context<'_>) -> Poll<T> {
        self.connection.park(context, false);
        Poll::Pending
    }

    /// Waits until this server wants to read on.
    fn stall<T>(&self, context: &Context<'_>) -> Poll<T> {
        self.connection.park(context, true);
        Poll::Pending
    }

    fn check(&self) -> io::Result<()> {
        match self.connection.verdict() {
            Some(Verdict::Cut) => Err(io::ErrorKind::TimedOut.into()),
            _ => Ok(()),
        }
    }
}

impl AsyncRead for GuardedStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.check()?;
        if let Some(Verdict::Told(status)) = this.connection.verdict() {
            return this.tell(context, status);
        }
        if this.connection.is_blocked() {
            return this.stall(context);
        }
        match this.connection.phase() {
            Phase::Head => this.read_head(context, buf),
            Phase::Request => this.read_body(context, buf),
            Phase::Discard => this.discard(context),
        }
    }
}

impl AsyncWrite for GuardedStream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.check()?;
        let written = Pin::new(&mut this.socket).poll_write(context, bytes);
        if written.is_pending() {
            this.connection.park(context, true);
        }
        this.connection.note_write(written.is_pending());
        written
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.check()?;
        Pin::new(&mut this.socket).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.check()?;
        Pin::new(&mut this.socket).poll_shutdown(context)
    }
}

impl Drop for GuardedStream {
    fn drop(&mut self) {
        self.worker.forget(&self.connection);
    }
}
