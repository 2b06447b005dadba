//! Faults of the platform and of the network.

use std::time::Duration;

/// A fault of one request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The request gets this status and is not carried out.
    Status(u16),
    /// The request gets 429 with this many seconds; until then, nothing may be sent to that chat.
    Flood(u64),
    /// The connection ends without a response; the request is not carried out.
    Drop,
    /// The request is carried out, but the connection ends without a response.
    Lose,
    /// The request is carried out, and the response comes later.
    Slow(Duration),
}
