//! What a running command can reach.

use std::{net::IpAddr, sync::Arc, time::Duration};

use netvane_document::{Answer, Failure, RenderedAnswer};
use netvane_net::Net;
use tokio::sync::watch;

use crate::{
    command::Registry,
    platform::Platform,
    policy::rate_limits::Remaining,
    request::{Caller, http_request::HttpRequestInfo},
    runtime::Runtime,
};

/// The network, the installation and the request of a running command, and a way to show what is found so far.
pub struct Context {
    /// The only way out.
    pub net: Net,
    /// What the settings decided when the request came.
    pub runtime: Arc<Runtime>,
    /// All commands, for those that speak about them.
    pub registry: Arc<Registry>,
    /// The lookup is ended after this time.
    pub deadline: Duration,
    /// Where the request was received.
    pub platform: Platform,
    /// Who asks; of many who ask the same at once, one.
    pub caller: Caller,
    /// What the caller has left.
    pub(crate) standings: Vec<Remaining>,
    /// The caller's own HTTP request; there for commands that are about it.
    pub http_request: Option<Arc<HttpRequestInfo>>,
    pub(crate) progress: watch::Sender<Option<Arc<RenderedAnswer>>>,
}

impl Context {
    /// Many ports of this address are about to be tried.
    ///
    /// # Errors
    /// [`Failure::RateLimited`]: enough hosts of its network were tried for now.
    pub(crate) fn may_scan(&self, address: IpAddr) -> Result<(), Failure> {
        if self.caller.own {
            Ok(())
        } else {
            self.runtime.budgets.charge_network(address)
        }
    }

    /// The mail servers of this domain are about to be asked about a mailbox: they would block a server that probes too often,
    /// the operator too.
    ///
    /// # Errors
    /// [`Failure::RateLimited`]: they were asked enough for this hour.
    pub(crate) fn may_ask_mail_of(&self, domain: &str) -> Result<(), Failure> {
        self.runtime.budgets.charge_mail_domain(domain)
    }

    /// Shows what is found so far; a later call replaces an earlier one that nobody has looked at.
    pub fn progress<D: Answer>(&self, data: &D) {
        if self.progress.receiver_count() > 0 {
            self.progress
                .send_replace(Some(Arc::new(RenderedAnswer::new(Arc::new(data.clone())))));
        }
    }
}
