//! The only place that opens a socket.

pub mod dns;
mod guard;
mod tls;

use std::sync::Arc;

pub use guard::Guard;

use crate::{failure::Failure, settings::Settings};

/// Everything that can reach the network, built once for the whole program.
#[derive(Clone)]
pub struct Net {
    /// Who may be contacted.
    pub guard: Arc<Guard>,
    /// DNS, through the configured resolvers or a chosen one.
    pub dns: dns::Dns,
}

impl Net {
    /// From the settings; reads the system's resolvers where they are asked for.
    pub fn new(settings: &Settings) -> Result<Self, Failure> {
        let guard = Arc::new(Guard::new(&settings.policy));
        let tls = tls::Tls::new(&settings.tls);
        Ok(Self { dns: dns::Dns::new(&settings.dns, guard.clone(), tls)?, guard })
    }
}
