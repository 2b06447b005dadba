//! Everything that is built from the settings.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, OnceLock},
    time::Instant,
};

use netvane_document::Failure;
use netvane_facts::{
    geo::{GeoHandle, Refresh},
    target::Host,
};
use netvane_net::{EgressBudget, Net, PortUse, http::Http};

use crate::{
    blocklist::Blocklists,
    data_files::geo_paths,
    health::Adapters,
    mailbox_check::Mail,
    platform::Platform,
    policy::{
        audit::Audit,
        fair_slots::FairSlots,
        proxied_peers::ProxiedPeers,
        rate_limits::{AT_HAND, RateLimits, Remaining},
        rules::{Admission, PolicyRules},
    },
    request::{
        Caller, Request,
        http_request::{HttpRequestInfo, Proxies, RequestHost},
    },
    settings::{Limits, Ports, Settings},
    spec::{CommandNames, Cost},
    store::Store,
    vantage::SharedAgents,
};

/// The network, the data and the limits with which requests are answered. A running request keeps
/// the runtime that it started with.
pub struct Runtime {
    /// The only way to the network.
    pub net: Net,
    /// DNS blocklists.
    pub(crate) blocklists: Blocklists,
    /// Locations and networks of IP addresses, from local databases.
    pub geo: Arc<GeoHandle>,
    /// State shared by the mail commands.
    pub(crate) mail: Mail,
    /// Proxies whose statements about the client are trusted.
    pub proxies: Arc<Proxies>,
    /// Limits of concurrent lookups, rates and caching.
    pub limits: Limits,
    /// What outlives a change of the settings.
    pub(crate) process: Process,
    /// The operator's rules on who may use which command.
    pub(crate) access: PolicyRules,
    /// Rate limits of callers and targets.
    pub(crate) budgets: RateLimits,
    /// The audit log, if it is enabled.
    pub(crate) audit: Option<Arc<Audit>>,
    /// Ports that users may have contacted.
    ports: Arc<Ports>,
    /// Whether the local user may name private and loopback addresses.
    terminal_private: bool,
    light: LookupSlots,
    heavy: LookupSlots,
    /// Whether clients can have a key or sign their requests.
    has_keys: bool,
    /// Whether only this machine can reach the service.
    local_only: bool,
}

/// Parts of the process that a change of the settings does not touch. Clones share them.
#[derive(Clone)]
pub(crate) struct Process {
    /// Time at which the process started.
    pub(crate) started: Instant,
    /// Adapters that run in this process.
    pub(crate) adapters: Adapters,
    /// The store that outlives the process; empty without a service.
    pub(crate) state: Arc<OnceLock<Store>>,
    /// Agents at other vantage points; empty without a cluster.
    pub(crate) agents: SharedAgents,
    /// Peers that are proxies although the settings do not list them.
    pub(crate) proxied_peers: Arc<ProxiedPeers>,
}

impl Default for Process {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            adapters: Adapters::default(),
            state: Arc::default(),
            agents: Arc::default(),
            proxied_peers: Arc::default(),
        }
    }
}

/// Slots for the concurrent lookups of one cost class.
#[derive(Clone)]
pub(crate) struct LookupSlots {
    /// All of them.
    pub(crate) all: FairSlots,
    /// The half of them that bulk requests may use.
    pub(crate) bulk: FairSlots,
}

impl LookupSlots {
    fn new(count: usize, has_keys: bool) -> Self {
        Self {
            all: FairSlots::new(count, has_keys),
            bulk: FairSlots::new(count / 2, has_keys),
        }
    }
}

impl Runtime {
    /// Builds the runtime from the settings. Counts made under the runtime `before` are kept for
    /// every limit that has not changed.
    pub(crate) fn new(
        settings: &Settings,
        commands: &dyn CommandNames,
        process: &Process,
        before: Option<&Self>,
    ) -> Result<Self, Failure> {
        let net = Net::new(&settings.net())?;
        let mail = Mail::new(settings, &net)?;

        Ok(Self {
            geo: Arc::new(open_geo(settings)?),
            mail,
            net,
            blocklists: Blocklists::new(
                &settings.blocklist,
                before.map(|before| &before.blocklists),
            )?,
            proxies: Arc::new(Proxies::new(&settings.http)),
            limits: settings.limits.clone(),
            process: process.clone(),
            access: PolicyRules::new(settings, commands, before.map(|before| &before.access))?,
            budgets: match before {
                Some(before) => before.budgets.under(&settings.limits),
                None => RateLimits::new(&settings.limits),
            },
            audit: open_audit(settings, before)?,
            ports: Arc::new(settings.policy.ports.clone()),
            terminal_private: settings.policy.terminal_private,
            light: slots(settings, before, |limits| limits.light, |it| &it.light),
            heavy: slots(settings, before, |limits| limits.heavy, |it| &it.heavy),
            has_keys: settings.has_keys(),
            local_only: settings.is_private(),
        })
    }

    /// Returns the slots of a cost class; free commands need none.
    pub(crate) fn slots(&self, cost: Cost) -> Option<&LookupSlots> {
        match cost {
            Cost::Free => None,
            Cost::Light => Some(&self.light),
            Cost::Heavy => Some(&self.heavy),
        }
    }

    /// Returns the egress budget of one lookup: the bytes that it may send, the units that it charges
    /// to each target, the ports that it may use, and whether it may look up private names and contact
    /// private addresses. The operator's own lookups are not charged to targets and may use every port.
    pub(crate) fn egress_budget(&self, bytes: u32, request: &Request, units: u32) -> EgressBudget {
        let budget = EgressBudget::new(bytes)
            .with_private_names(request.caller.may_see_private_names())
            .with_private_targets(self.may_name_private(request));
        if request.caller.own {
            return budget;
        }
        let (targets, networks) = (self.budgets.clone(), self.budgets.clone());
        budget
            .charging(move |address| targets.charge_target(address, units))
            .restricting(self.ports.clone(), move |address| {
                networks.charge_network(address)
            })
    }

    /// Returns whether targets, resolvers and servers that the user names may be private or loopback addresses.
    pub(crate) fn may_name_private(&self, request: &Request) -> bool {
        self.terminal_private && request.is_of_local_user()
    }

    /// Charges a request to every budget that applies to it.
    pub(crate) fn charge(
        &self,
        request: &Request,
        admitted: Admission,
        units: u32,
    ) -> Result<Vec<Remaining>, Failure> {
        self.access.charge(admitted, &request.caller)?;

        if request.caller.own {
            Ok(Vec::new())
        } else {
            self.budgets.charge(&request.caller, units)
        }
    }

    /// Checks whether lookups can be answered, otherwise says what is missing. Probes resolvers
    /// that have failed.
    pub async fn ready(&self) -> Result<(), Failure> {
        self.net.dns.ready().await
    }

    /// Returns whether a resolver is configured. The system's own resolvers may appear later.
    pub fn has_resolver(&self) -> bool {
        self.net.dns.is_configured().is_ok()
    }

    /// Checks everything that would otherwise fail at its first use.
    pub fn check(&self) -> Result<(), Failure> {
        self.net.dns.is_configured()?;
        self.net.registries.check()?;
        self.net.tls_roots().map(|_| ())
    }

    /// Returns whether all addresses of this host are exceptions that the operator allowed.
    pub async fn is_excepted(&self, host: &Host) -> bool {
        let addresses = self.net.addresses(host).await.unwrap_or_default();
        !addresses.is_empty()
            && addresses
                .iter()
                .all(|address| self.net.guard.is_excepted(*address))
    }

    /// Returns the operator's contact for questions and complaints; empty if not configured.
    pub fn contact(&self) -> &str {
        &self.access.contact
    }

    /// Returns the mail server that is connected to if no mail server of a domain can be, to find
    /// out whether port 25 is blocked; `None` if that is turned off.
    pub fn smtp_control(&self) -> Option<String> {
        self.mail.control_host()
    }

    /// Returns whether an HTTP request is the operator's own: it comes from this machine, no other
    /// machine can reach the service, the peer is not a proxy, and no name that somebody else's DNS
    /// decides on led to it.
    pub fn is_operator(&self, request: &HttpRequestInfo) -> bool {
        let peer = request.connection.peer.ip().to_canonical();
        self.local_only
            && peer.is_loopback()
            && !self.process.proxied_peers.contain(peer)
            && request.forwarding_field().is_none()
            && request.host() == Ok(RequestHost::Local)
    }

    /// Ends the operator privilege of a peer that sends forwarding headers although it is not a
    /// trusted proxy. Call it for each request.
    pub fn note_forwarding(&self, request: &HttpRequestInfo) {
        if !self.proxies.trusts(request.connection.peer.ip()) {
            self.process.proxied_peers.note(request);
        }
    }

    /// Returns whether the rules let this caller run this command.
    pub fn may_run(&self, platform: Platform, caller: &Caller, command: &str) -> bool {
        self.access.admit(platform, caller, command).is_ok()
    }

    /// Returns whether the rules make the reply to this command visible to the caller only.
    pub fn is_private(&self, platform: Platform, caller: &Caller, command: &str) -> bool {
        self.access
            .admit(platform, caller, command)
            .is_ok_and(|admitted| admitted.private)
    }

    /// Returns the HTTP client, which checks every target with the guard.
    pub fn http(&self) -> &Http {
        &self.net.http
    }

    /// Checks that a client may have callbacks sent to the port of this URL (`policy.ports`).
    ///
    /// # Errors
    /// [`Failure::RefusedPort`] if it may not.
    pub fn check_callback_port(&self, url: &url::Url, own: bool) -> Result<(), Failure> {
        let host = url.host_str().unwrap_or_default();
        match url.port_or_known_default() {
            Some(port) if !own => self.ports.check(PortUse::Callback, host, port),
            _ => Ok(()),
        }
    }

    /// Resolves the URL of a callback to addresses that the guard accepts.
    ///
    /// A private name whose addresses the operator has allowed is a receiver that is meant; for others the error
    /// does not tell whether the name exists.
    pub async fn resolve_receiver(
        &self,
        url: &url::Url,
        own: bool,
    ) -> Result<Vec<SocketAddr>, Failure> {
        let private = match url.host_str().map(str::parse::<Host>) {
            Some(Ok(host)) if !own => self.is_excepted(&host).await,
            _ => own,
        };
        EgressBudget::new(u32::MAX)
            .with_private_names(private)
            .during(self.net.http.resolve(url))
            .await
    }

    /// Charges an attempt to deliver this many bytes to the receiver's address, over all clients.
    pub fn charge_delivery_target(&self, receiver: IpAddr, bytes: usize) -> Result<(), Failure> {
        self.budgets.charge_target(receiver, delivery_units(bytes))
    }

    /// Charges an attempt to deliver this many bytes to the client that asked for it.
    pub fn charge_delivery_client(&self, client: &Caller, bytes: usize) -> Result<(), Failure> {
        let charged = self.budgets.charge(client, delivery_units(bytes));
        charged.map(|_| ())
    }

    /// Reloads databases and RDAP bootstrap files that were replaced; a broken one is logged and the previous one
    /// stays in use. Reads files, so do not call it on an async thread.
    pub fn refresh_data(&self) {
        match self.geo.refresh_if_changed() {
            Ok(Refresh::Unchanged) => {}
            Ok(Refresh::Swapped) => tracing::info!("geo databases reloaded"),
            Err(error) => {
                tracing::error!(%error, "could not load geo databases, keeping the previous ones")
            }
        }
        if self.net.registries.refresh_if_changed() {
            tracing::info!("RDAP bootstrap files reloaded");
        }
    }
}

/// Units of an attempt to deliver this many bytes: one, and another for each 8 KiB.
fn delivery_units(bytes: usize) -> u32 {
    AT_HAND + u32::try_from(bytes >> 13).unwrap_or(u32::MAX - AT_HAND)
}

fn open_geo(settings: &Settings) -> Result<GeoHandle, Failure> {
    GeoHandle::open(geo_paths(settings)).map_err(|error| Failure::Unavailable(error.to_string()))
}

/// Opens the audit log. If its settings are unchanged, the open one is reused, so that there are
/// never two writers for one file.
fn open_audit(
    settings: &Settings,
    before: Option<&Runtime>,
) -> Result<Option<Arc<Audit>>, Failure> {
    let known = before
        .and_then(|before| before.audit.clone())
        .filter(|audit| audit.is_of(&settings.audit));
    match known {
        Some(audit) => Ok(Some(audit)),
        None => Ok(Audit::open(&settings.audit)?.map(Arc::new)),
    }
}

/// Returns the slots of a cost class; those in use stay in use unless their number changes.
fn slots(
    settings: &Settings,
    before: Option<&Runtime>,
    count: fn(&Limits) -> usize,
    slots: fn(&Runtime) -> &LookupSlots,
) -> LookupSlots {
    let (number, has_keys) = (count(&settings.limits), settings.has_keys());
    match before {
        Some(before) if count(&before.limits) == number && before.has_keys == has_keys => {
            slots(before).clone()
        }
        _ => LookupSlots::new(number, has_keys),
    }
}
