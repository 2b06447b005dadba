//! Command lines that were asked lately and are cached, so that the same line need not be read again: monitoring asks
//! the same all day.

use std::sync::Arc;

use moka::sync::Cache;
use netvane_facts::target::Host;
use serde_json::{Map, Value};

use super::cache_key::CacheKey;
use crate::{
    command::{Entry, Prepared},
    request::{Input, Request},
};

/// Longest line that is kept, in bytes.
const MAX_LINE: usize = 256;
/// Bytes of all lines that are kept, estimated.
const MAX_BYTES: u64 = 1 << 20;
/// Bytes that a line takes beside its text and arguments.
const OVERHEAD: usize = 512;

/// A line after reading it.
pub(super) struct RecentLine {
    pub(super) command: Arc<Entry>,
    pub(super) arguments: Arc<Map<String, Value>>,
    pub(super) contacts: Option<Host>,
    pub(super) key: CacheKey,
    pub(super) short: bool,
}

impl RecentLine {
    pub(super) fn new(
        command: &Arc<Entry>,
        prepared: &dyn Prepared,
        request: &Request,
        short: bool,
    ) -> Self {
        Self {
            command: command.clone(),
            arguments: prepared.arguments().clone(),
            contacts: prepared.contacts().cloned(),
            key: CacheKey::new(command, prepared, request),
            short,
        }
    }
}

/// Recent lines, apart for callers who may see private names and for others.
pub(super) struct RecentLines([Cache<Arc<str>, Arc<RecentLine>>; 2]);

impl Default for RecentLines {
    fn default() -> Self {
        let weight = |line: &Arc<str>, recent: &Arc<RecentLine>| {
            let bytes = OVERHEAD + line.len() + 4 * recent.key.size();
            u32::try_from(bytes).unwrap_or(u32::MAX)
        };
        Self([(); 2].map(|()| {
            Cache::builder()
                .max_capacity(MAX_BYTES / 2)
                .weigher(weight)
                .build()
        }))
    }
}

impl RecentLines {
    /// Keeps a line whose answer is the same for all callers.
    pub(super) fn keep(
        &self,
        request: &Request,
        command: &Entry,
        line: impl FnOnce() -> RecentLine,
    ) {
        let is_personal = command.about_visit || command.about_caller;
        if let Some(text) = short_text(request)
            && !is_personal
        {
            self.of(request).insert(text.into(), Arc::new(line()));
        }
    }

    pub(super) fn find(&self, request: &Request) -> Option<Arc<RecentLine>> {
        let text = short_text(request).filter(|_| !request.fresh)?;
        self.of(request).get(text)
    }

    fn of(&self, request: &Request) -> &Cache<Arc<str>, Arc<RecentLine>> {
        &self.0[usize::from(request.caller.may_see_private_names())]
    }
}

/// The line of a request, unless it is long or a terminal's, which may name other targets and asks once.
fn short_text(request: &Request) -> Option<&str> {
    match &request.input {
        Input::Text(line) if line.len() <= MAX_LINE && !request.is_of_local_user() => Some(line),
        _ => None,
    }
}
