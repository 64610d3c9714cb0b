//! Connections, and limits on what an unauthorized client can make the server hold.
//!
//! While actix-http serves a request, it reads ahead: up to 128 KiB, and it parses every request in
//! them. If the client does not read the answers, actix-http keeps waking itself forever. It limits
//! the time for the head of the first request only, and has no limit for writing.
//! (docs/upstream.md)
//!
//! So it does not get the socket itself but a [`GuardedStream`](stream::GuardedStream): the next
//! request waits until the current one is answered, a body waits until it is wanted, and reading
//! waits until the client takes what is written. This bounds what one connection holds, and a
//! worker's clock ends the slow ones.

mod clock;
mod connection;
mod head;
mod heartbeat;
mod metrics;
mod process;
mod serve;
mod standing_stream;
mod stream;
mod worker;

pub(super) use connection::Connection;
pub(super) use heartbeat::Heartbeats;
pub(super) use process::{Connections, Ending, Limits};
pub(super) use serve::{listen, serve};
pub(super) use standing_stream::StandingStream;
