//! What a running command can reach.

use std::{net::IpAddr, sync::Arc, time::Duration};

use tokio::sync::watch;

use crate::{
    command::Registry,
    health::Adapters,
    mailbox_check::Mail,
    policy::{
        rate_limits::{Budgets, Standing},
        rules::Access,
    },
    request::{
        Caller,
        http_request::{Proxies, Visit},
    },
    settings::Limits,
};
use netvane_document::{Answer, Failure, Rendition};
use netvane_facts::geo::GeoHandle;
use netvane_net::Net;

/// The world of a running command: the network, the registry, and a way to show what is found so far.
pub struct Context {
    /// The only way out.
    pub net: Net,
    /// All commands, for those that speak about them.
    pub registry: Arc<Registry>,
    /// Places and networks of addresses, from local databases.
    pub geo: Arc<GeoHandle>,
    /// What the mail commands share.
    pub mail: Arc<Mail>,
    /// This installation.
    pub about: Arc<About>,
    /// The lookup is ended after this time.
    pub deadline: Duration,
    /// Whose word on a request's way here is believed.
    pub proxies: Arc<Proxies>,
    /// The operator's rules.
    pub(crate) access: Arc<Access>,
    /// What all askers together may spend on others.
    pub(crate) budgets: Arc<Budgets>,
    /// Which adapter brought the question.
    pub adapter: &'static str,
    /// Who asks; of many who ask the same at once, one.
    pub caller: Caller,
    /// What the asker has left.
    pub(crate) standings: Vec<Standing>,
    /// The asker's own HTTP request; there for commands that are about it.
    pub visit: Option<Arc<Visit>>,
    pub(crate) progress: watch::Sender<Option<Arc<Rendition>>>,
}

/// What `status` tells of this installation.
pub struct About {
    pub(crate) started: std::time::Instant,
    pub(crate) limits: Limits,
    pub(crate) resolvers: Vec<String>,
    /// Adapters that run in this process.
    pub(crate) adapters: Adapters,
}

impl Context {
    /// Many ports of this address are about to be tried.
    pub(crate) fn may_scan(&self, address: IpAddr) -> Result<(), Failure> {
        if self.caller.own {
            Ok(())
        } else {
            self.budgets.charge_network(address)
        }
    }

    /// The mail servers of this domain are about to be asked about a mailbox: they would block whoever asks too often,
    /// the operator too.
    pub(crate) fn may_ask_mail_of(&self, domain: &str) -> Result<(), Failure> {
        self.budgets.charge_mail_domain(domain)
    }

    /// Shows what is found so far; a later call replaces an earlier one that nobody has looked at.
    pub fn progress<D: Answer>(&self, data: &D) {
        if self.progress.receiver_count() > 0 {
            self.progress
                .send_replace(Some(Arc::new(Rendition::new(Arc::new(data.clone())))));
        }
    }
}
