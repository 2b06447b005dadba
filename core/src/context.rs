//! What a running command can reach.

use std::{net::IpAddr, sync::Arc, time::Duration};

use tokio::sync::watch;

use crate::{
    access::Access,
    adapters::Adapters,
    args::{Host, IpVersion},
    command::{Answer, Cost, Registry},
    failure::Failure,
    geo::GeoHandle,
    limits::{Budgets, Standing},
    mail::Mail,
    net::Net,
    reply::Rendition,
    request::Caller,
    settings::Limits,
    visit::{Proxies, Visit},
};

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
    /// What may be spent on targets; none for the operator's own questions.
    pub(crate) budgets: Option<Arc<Budgets>>,
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
    /// Addresses of a target to send packets to (see [`Net::contact`]); many names of one host are one host.
    pub async fn contact(&self, target: &Host, version: Option<IpVersion>) -> Result<Vec<IpAddr>, Failure> {
        let addresses = self.net.contact(target, version).await?;
        if let (Some(budgets), Host::Name(_), Some(address)) = (&self.budgets, target, addresses.first()) {
            budgets.charge_target(&address.to_string(), Cost::Heavy.units())?;
        }
        Ok(addresses)
    }

    /// Many ports of this address are about to be tried.
    pub(crate) fn may_scan(&self, address: IpAddr) -> Result<(), Failure> {
        self.budgets.as_ref().map_or(Ok(()), |budgets| budgets.charge_network(address))
    }

    /// Shows what is found so far; a later call replaces an earlier one that nobody has looked at.
    pub fn progress<D: Answer>(&self, data: &D) {
        if self.progress.receiver_count() > 0 {
            self.progress.send_replace(Some(Arc::new(Rendition::new(Arc::new(data.clone())))));
        }
    }
}
