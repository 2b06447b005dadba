//! Replies of the last minutes, from which clients can keep one.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use netvane_document::Reply;

use crate::request::{Caller, Request};

/// Time for which a reply can be kept.
const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// Upper bound of all recent replies in bytes, and of one.
const MAX_BYTES: usize = 32 << 20;
const MAX_REPLY: usize = 4 << 20;

/// Bytes that a reply counts for beside its content.
const OVERHEAD: usize = 512;

/// A reply with the caller who got it.
#[derive(Clone)]
pub(super) struct RecentReply {
    pub(super) reply: Reply,
    pub(super) caller: Caller,
    added: Instant,
    bytes: usize,
}

/// Recent replies, the oldest first. A queue costs a request next to nothing; it is searched only
/// when somebody keeps a reply.
#[derive(Default)]
pub(super) struct RecentReplies(Mutex<(VecDeque<RecentReply>, usize)>);

impl RecentReplies {
    /// Remembers a reply; the oldest ones give way.
    pub(super) fn add(&self, request: &Request, reply: &Reply) {
        let bytes = OVERHEAD + reply.rendition.size();
        if bytes > MAX_REPLY {
            return;
        }
        let recent = RecentReply {
            reply: reply.clone(),
            caller: request.caller.clone(),
            added: Instant::now(),
            bytes,
        };

        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (replies, total) = &mut *guard;
        *total += bytes;
        replies.push_back(recent);
        while let Some(oldest) = replies.front()
            && (*total > MAX_BYTES || oldest.added.elapsed() > LIFETIME)
        {
            *total -= oldest.bytes;
            replies.pop_front();
        }
    }

    /// Returns the recent reply with this identifier.
    pub(super) fn find(&self, id: &str) -> Option<RecentReply> {
        let guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut newest_first = guard.0.iter().rev();
        newest_first
            .find(|recent| recent.reply.id == id)
            .filter(|recent| recent.added.elapsed() <= LIFETIME)
            .cloned()
    }
}
