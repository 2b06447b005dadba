//! What goes wrong on the platform's side or on the way.

use std::time::Duration;

/// What happens to one request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Answered with this status and not carried out.
    Status(u16),
    /// Answered with 429 and so many seconds; nothing may be sent to that chat meanwhile.
    Flood(u64),
    /// The connection ends without an answer; nothing was carried out.
    Drop,
    /// Carried out, and the connection ends without an answer.
    Lose,
    /// Carried out and answered later.
    Slow(Duration),
}
