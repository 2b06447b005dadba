//! What a running command can reach.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use crate::{
    command::{Answer, Registry},
    net::Net,
    reply::Rendition,
};

/// The world of a running command: the network, the registry, and a way to show what is found so far.
pub struct Context {
    /// The only way out.
    pub net: Net,
    /// All commands, for those that speak about them.
    pub registry: Arc<Registry>,
    /// The lookup is ended after this time.
    pub deadline: Duration,
    pub(crate) progress: watch::Sender<Option<Arc<Rendition>>>,
}

impl Context {
    /// Shows what is found so far; a later call replaces an earlier one that nobody has looked at.
    pub fn progress<D: Answer>(&self, data: &D) {
        if self.progress.receiver_count() > 0 {
            self.progress.send_replace(Some(Arc::new(Rendition::new(Arc::new(data.clone())))));
        }
    }
}
