//! What every handler can reach.

use std::{
    ops::Deref,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use arc_swap::ArcSwap;
use netvane_core::{Engine, store::Store};

use crate::{access::Gate, callbacks::Callbacks, events::Streams, metrics::Metrics, site::Pages};

/// What every handler can reach. It is cloned for each request, several times.
#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// What [`App`] shares between requests.
pub(crate) struct Parts {
    pub(crate) engine: Engine,
    pub(crate) metrics: Metrics,
    /// Or why there are none.
    pub(crate) callbacks: Result<Callbacks, &'static str>,
    /// What outlives the process; not there where nothing needs it, or where it cannot be opened.
    pub(crate) store: Option<Store>,
    /// Access control; its settings may change.
    pub(crate) gate: Arc<ArcSwap<Gate>>,
    pub(crate) draining: Arc<AtomicBool>,
    /// Event streams that can be taken up again.
    pub(crate) streams: Streams,
    pub(crate) pages: Pages,
    pub(crate) max_body: usize,
    pub(crate) read_timeout: Duration,
}

impl App {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}
