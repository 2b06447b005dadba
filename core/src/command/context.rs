//! Everything that a running command can access.

use std::{net::IpAddr, sync::Arc, time::Duration};

use netvane_document::{Answer, Failure, RenderedAnswer};
use netvane_net::Net;
use tokio::sync::watch;

use crate::{
    command::Registry,
    platform::Platform,
    policy::rate_limits::Remaining,
    request::{Caller, Stop, http_request::HttpRequestInfo},
    runtime::Runtime,
};

/// The network, the runtime and the request of a running command, and a channel for intermediate
/// results.
pub struct Context {
    /// The only access to the network.
    pub net: Net,
    /// The runtime that was in use when the request arrived.
    pub runtime: Arc<Runtime>,
    /// All commands, for commands such as `help`.
    pub registry: Arc<Registry>,
    /// Time after which the lookup is cancelled.
    pub deadline: Duration,
    /// Platform on which the request was received.
    pub platform: Platform,
    /// The caller; one of them if several callers share the lookup.
    pub caller: Caller,
    /// Remaining units of the caller's budgets.
    pub(crate) standings: Vec<Remaining>,
    /// The caller's own HTTP request; set only for commands about it.
    pub http_request: Option<Arc<HttpRequestInfo>>,
    /// The user's wish to end a command that has no end of its own.
    pub(crate) stop: Stop,
    pub(crate) progress: watch::Sender<Option<Arc<RenderedAnswer>>>,
}

impl Context {
    /// Counts a port check of this address, before many of its ports are tried.
    ///
    /// # Errors
    ///
    /// [`Failure::RateLimited`] if the limit of hosts in the address's network is reached.
    pub(crate) fn may_scan(&self, address: IpAddr) -> Result<(), Failure> {
        if self.caller.own {
            Ok(())
        } else {
            self.runtime.budgets.charge_network(address)
        }
    }

    /// Counts a mailbox check at the mail servers of this domain. The limit applies to the operator
    /// too, because mail servers block hosts that probe too often.
    ///
    /// # Errors
    ///
    /// [`Failure::RateLimited`] if the hourly limit of the domain is reached.
    pub(crate) fn may_ask_mail_of(&self, domain: &str) -> Result<(), Failure> {
        self.runtime.budgets.charge_mail_domain(domain)
    }

    /// Publishes an intermediate result; it replaces an earlier one that was not read yet.
    pub fn progress<D: Answer>(&self, data: &D) {
        if self.progress.receiver_count() > 0 {
            self.progress
                .send_replace(Some(Arc::new(RenderedAnswer::new(Arc::new(data.clone())))));
        }
    }
}
