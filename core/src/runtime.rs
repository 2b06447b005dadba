//! Everything that the settings decide.

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use netvane_document::Failure;
use netvane_facts::{
    geo::{GeoHandle, GeoPaths, Refresh},
    target::Host,
};
use netvane_net::{
    EgressBudget, Net,
    http::{Http, Receipt},
};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{
    health::Adapters,
    internal::internal_fault,
    mailbox_check::Mail,
    platform::Platform,
    policy::{
        audit::Audit,
        rate_limits::{AT_HAND, RateLimits, Remaining},
        rules::{Admission, PolicyRules},
    },
    request::{Caller, Request, http_request::Proxies},
    settings::{Limits, Settings},
    spec::{CommandNames, Cost},
};

/// The network, the data and the limits that requests are answered with. One that is under way keeps the runtime that
/// it began with.
pub struct Runtime {
    /// The only way out.
    pub net: Net,
    /// Places and networks of addresses, from local databases.
    pub geo: Arc<GeoHandle>,
    /// What the mail commands share.
    pub(crate) mail: Mail,
    /// Proxies whose statements about the client are trusted.
    pub proxies: Arc<Proxies>,
    /// How much at once, and how often.
    pub limits: Limits,
    /// When the process started.
    pub(crate) started: Instant,
    /// Adapters that run in this process.
    pub(crate) adapters: Adapters,
    /// The operator's rules on who may use which command.
    pub(crate) access: PolicyRules,
    /// What each client, and all of them together, may spend.
    pub(crate) budgets: RateLimits,
    /// The record of who asked what, where one is kept.
    pub(crate) audit: Option<Arc<Audit>>,
    light: Permits,
    heavy: Permits,
    /// Whether only this machine can reach the service.
    local_only: bool,
}

/// Lookups of one cost class that may run at once.
#[derive(Clone)]
pub(crate) struct Permits {
    all: Arc<Semaphore>,
    /// Those of them that requests in bulk may have.
    bulk: Arc<Semaphore>,
}

impl Permits {
    fn new(count: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(count)),
            bulk: Arc::new(Semaphore::new((count / 2).max(1))),
        }
    }

    /// Waits for a permit of all.
    pub(crate) async fn acquire(&self) -> Result<SemaphorePermit<'_>, Failure> {
        // Nothing closes the semaphore.
        self.all.acquire().await.map_err(internal_fault)
    }

    /// Waits for one of the permits that requests in bulk share.
    pub(crate) async fn acquire_bulk(&self) -> Result<SemaphorePermit<'_>, Failure> {
        self.bulk.acquire().await.map_err(internal_fault)
    }
}

impl Runtime {
    /// From the settings. What was counted under the settings `before` goes on being counted, as far as the number that
    /// it is counted against is the same.
    pub(crate) fn new(
        settings: &Settings,
        commands: &dyn CommandNames,
        adapters: &Adapters,
        started: Instant,
        before: Option<&Self>,
    ) -> Result<Self, Failure> {
        let net = Net::new(&settings.net())?;
        let mail = Mail::new(settings, &net)?;

        Ok(Self {
            geo: Arc::new(open_geo(settings)?),
            mail,
            net,
            proxies: Arc::new(Proxies::new(&settings.http)),
            limits: settings.limits.clone(),
            started,
            adapters: adapters.clone(),
            access: PolicyRules::new(settings, commands, before.map(|before| &before.access))?,
            budgets: match before {
                Some(before) => before.budgets.under(&settings.limits),
                None => RateLimits::new(&settings.limits),
            },
            audit: open_audit(settings, before)?,
            light: permits(settings, before, |limits| limits.light, |it| &it.light),
            heavy: permits(settings, before, |limits| limits.heavy, |it| &it.heavy),
            local_only: settings.is_private(),
        })
    }

    /// The permits of a cost class; what is free needs none.
    pub(crate) fn permits(&self, cost: Cost) -> Option<&Permits> {
        match cost {
            Cost::Free => None,
            Cost::Light => Some(&self.light),
            Cost::Heavy => Some(&self.heavy),
        }
    }

    /// What one lookup may send to others: so many bytes, and so many units of each host's budget. The operator may use them
    /// as often as they like.
    pub(crate) fn egress_budget(&self, bytes: u32, own: bool, units: u32) -> EgressBudget {
        let budgets = self.budgets.clone();
        if own {
            EgressBudget::new(bytes)
        } else {
            EgressBudget::new(bytes).charging(move |address| budgets.charge_target(address, units))
        }
    }

    /// Counts a request against every budget that it falls under.
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

    /// Whether lookups can be answered; if not, what is missing. Resolvers that have failed are asked for it.
    pub async fn ready(&self) -> Result<(), Failure> {
        self.net.dns.ready().await
    }

    /// Whether there is a resolver to ask. Where the system's own are meant, they may come later.
    pub fn has_resolver(&self) -> bool {
        self.net.dns.is_configured().is_ok()
    }

    /// Checks everything that would otherwise fail at its first use.
    pub fn check(&self) -> Result<(), Failure> {
        self.net.dns.is_configured()?;
        self.net.registries.check()?;
        self.net.tls_roots().map(|_| ())
    }

    /// Whether all addresses of this host are the operator's own exceptions.
    pub async fn is_excepted(&self, host: &Host) -> bool {
        let addresses = self.net.addresses(host).await.unwrap_or_default();
        !addresses.is_empty()
            && addresses
                .iter()
                .all(|address| self.net.guard.is_excepted(*address))
    }

    /// Whom to ask, and to complain to; empty where the operator has not said.
    pub fn contact(&self) -> &str {
        &self.access.contact
    }

    /// Whether a request from this address over HTTP is the operator's own: the service is reached from this machine
    /// only.
    pub fn is_own(&self, address: IpAddr) -> bool {
        address.is_loopback() && self.local_only
    }

    /// Whether only the caller is to read the answer to this command: rules may say so.
    pub fn is_private(&self, platform: Platform, caller: &Caller, command: &str) -> bool {
        self.access
            .admit(platform, caller, command)
            .is_ok_and(|admitted| admitted.private)
    }

    /// HTTP to others, through the guard.
    pub fn http(&self) -> &Http {
        &self.net.http
    }

    /// POSTs to an address that a caller chose; unless that is the operator, its host is charged as a target.
    pub async fn deliver(
        &self,
        url: &url::Url,
        headers: http::HeaderMap,
        body: String,
        timeout: Duration,
        own: bool,
    ) -> Result<Receipt, Failure> {
        self.egress_budget(u32::MAX, own, AT_HAND)
            .during(self.net.http.post(url, headers, body, timeout))
            .await
    }

    /// Reloads databases that were replaced; a broken one is logged and the old one stays. Reads files, so not for an
    /// async thread.
    pub fn refresh_data(&self) {
        match self.geo.refresh_if_changed() {
            Ok(Refresh::Unchanged) => {}
            Ok(Refresh::Swapped) => tracing::info!("geo databases reloaded"),
            Err(error) => {
                tracing::error!(%error, "could not load geo databases, keeping the previous ones")
            }
        }
    }
}

fn open_geo(settings: &Settings) -> Result<GeoHandle, Failure> {
    let path = |text: &str| (!text.is_empty()).then(|| text.into());
    let paths = GeoPaths {
        city: path(&settings.geo.city),
        asn: path(&settings.geo.asn),
    };
    GeoHandle::open(paths).map_err(|error| Failure::Unavailable(error.to_string()))
}

/// Two writers of one file would be one too many, so the one before goes on where its settings are the same.
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

fn permits(
    settings: &Settings,
    before: Option<&Runtime>,
    count: fn(&Limits) -> usize,
    permits: fn(&Runtime) -> &Permits,
) -> Permits {
    match before {
        Some(before) if count(&before.limits) == count(&settings.limits) => permits(before).clone(),
        _ => Permits::new(count(&settings.limits)),
    }
}
