//! State that all handlers share.

use std::{
    ops::Deref,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use arc_swap::ArcSwap;
use netvane_core::{Engine, store::Store};

use crate::{
    access::Gate, callbacks::Callbacks, connections::Clients, events::Streams, metrics::Metrics,
    site::Pages,
};

/// State that all handlers share; cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// State that all clones of [`App`] share.
pub(crate) struct Parts {
    pub(crate) engine: Engine,
    pub(crate) metrics: Metrics,
    /// The callback service, or the reason why it is not available.
    pub(crate) callbacks: Result<Callbacks, &'static str>,
    /// The persistent store; `None` if nothing needs it or it cannot be opened.
    pub(crate) store: Store,
    /// Access control, replaced when its settings change.
    pub(crate) gate: Arc<ArcSwap<Gate>>,
    pub(crate) draining: Arc<AtomicBool>,
    /// Event streams that clients can resume.
    pub(crate) streams: Streams,
    pub(crate) pages: Pages,
    /// Clients that have open connections, requests or unread responses.
    pub(crate) clients: Clients,
    pub(crate) max_body: usize,
    pub(crate) read_timeout: Duration,
}

impl App {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}
