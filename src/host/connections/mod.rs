//! Connections, and what a client can make the server hold by them without being authorized.
//!
//! actix-http reads ahead while a request is served: up to 128 KiB, and every request in them is
//! parsed. If their answers are not read it wakes itself for ever. It bounds the time for the head
//! of the first request only, and none for writing. (docs/upstream.md)
//!
//! So it does not get the socket itself, but a [`GuardedStream`](stream::GuardedStream): the next
//! request waits until the current one is answered, a body until somebody wants it, and reading
//! until the client takes what is written. Then what one connection holds is bounded, and a
//! worker's clock ends the slow ones.

mod clock;
mod connection;
mod head;
mod heartbeat;
mod metrics;
mod process;
mod serve;
mod stream;
mod worker;

pub(super) use connection::Connection;
pub(super) use heartbeat::Heartbeats;
pub(super) use metrics::ConnectionMetrics;
pub(super) use process::{Connections, Ending, Limits};
pub(super) use serve::{listen, serve};
