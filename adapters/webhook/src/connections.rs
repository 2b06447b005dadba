//! The open connections: how many there may be, in all and per client, and how many bytes of
//! responses may wait until clients read them.
//!
//! A client is an API key, an IPv4 address or an IPv6 /64. A trusted proxy is no client: the
//! clients behind it are counted instead, by their open requests.

mod body;
mod clients;
mod open;
mod registry;
mod respond;
mod server;
mod socket;
mod streams;
mod sweep;
mod unread;

pub(crate) use clients::{Clients, ConnectedClient};
pub(crate) use server::HttpServer;
pub(crate) use unread::HeldBytes;

use std::time::Duration;

/// Time after which a reader that takes nothing loses its stream or its connection.
const STALL: Duration = Duration::from_secs(30);
/// Time after which a connection without a request is closed. HTTP/1 connections end earlier, with
/// the timeout of the next request's head.
const IDLE: Duration = Duration::from_secs(300);
