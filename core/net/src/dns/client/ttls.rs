//! For how long the responses of a lookup may be cached.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use domain::base::iana::OptRcode;
use netvane_document::Failure;

use super::{Client, Response};

impl Client {
    /// Returns this client, recording the TTLs of all responses from now on for [`Self::shortest_ttl`].
    pub fn recording_ttls(&self) -> Self {
        Self {
            ttls: Some(Arc::new(AtomicU32::new(u32::MAX))),
            ..self.clone()
        }
    }

    /// Returns for how many seconds all responses that were recorded may be cached: the smallest TTL; 0 without one.
    pub fn shortest_ttl(&self) -> u32 {
        let shortest = self.ttls.as_ref().map(|ttls| ttls.load(Ordering::Relaxed));
        shortest.filter(|ttl| *ttl != u32::MAX).unwrap_or(0)
    }
}

/// For how many seconds a response may be cached. A lookup that failed may succeed soon.
pub(super) fn lifetime(answer: &Result<Response, Failure>) -> u32 {
    const FAILED: u32 = 5;
    let Ok(Response { message, .. }) = answer else {
        return FAILED;
    };
    let positive = message.answers.iter().map(|record| record.ttl).min();
    match message.rcode {
        OptRcode::NOERROR | OptRcode::NXDOMAIN => {
            let ttls = positive.into_iter().chain(message.negative_ttl());
            ttls.min().unwrap_or(0)
        }
        _ => FAILED,
    }
}
