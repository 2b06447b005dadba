//! Everything that the settings decide.

use std::{sync::Arc, time::Instant};

use tokio::sync::Semaphore;

use crate::{
    command::{About, Registry},
    health::Adapters,
    mailbox_check::Mail,
    policy::{
        audit::Audit,
        rate_limits::{Budgets, Standing},
        rules::{Access, Admitted},
    },
    request::{Request, http_request::Proxies},
    settings::Settings,
};
use netvane_document::Failure;
use netvane_facts::geo::{GeoHandle, GeoPaths};
use netvane_net::{Net, Outlay};

/// A question keeps the one that it began with.
pub(super) struct World {
    pub(super) net: Net,
    pub(super) geo: Arc<GeoHandle>,
    pub(super) mail: Arc<Mail>,
    pub(super) about: Arc<About>,
    pub(super) proxies: Arc<Proxies>,
    pub(super) access: Arc<Access>,
    pub(super) budgets: Arc<Budgets>,
    pub(super) audit: Option<Arc<Audit>>,
    /// Only this machine can reach the service.
    pub(super) private: bool,
    pub(super) light: Permits,
    pub(super) heavy: Permits,
}

/// Lookups of one cost class that may run at once.
#[derive(Clone)]
pub(super) struct Permits {
    pub(super) all: Arc<Semaphore>,
    /// Those of them that questions asked in bulk may have.
    pub(super) bulk: Arc<Semaphore>,
}

impl Permits {
    fn new(count: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(count)),
            bulk: Arc::new(Semaphore::new((count / 2).max(1))),
        }
    }
}

impl World {
    /// What was counted in the world `before` goes on being counted, as far as its own settings are the same.
    pub(super) fn new(
        settings: &Settings,
        registry: &Registry,
        adapters: &Adapters,
        started: Instant,
        before: Option<&Self>,
    ) -> Result<Self, Failure> {
        let limits = &settings.limits;
        let net = Net::new(&settings.net())?;
        let path = |text: &str| (!text.is_empty()).then(|| text.into());
        let geo = GeoHandle::open(GeoPaths {
            city: path(&settings.geo.city),
            asn: path(&settings.geo.asn),
        })
        .map_err(|error| Failure::Unavailable(error.to_string()))?;

        let mail = Mail::new(settings, &net)?;
        let about = About {
            started,
            limits: limits.clone(),
            resolvers: net.dns.resolvers(),
            adapters: adapters.clone(),
        };

        let budgets = match before {
            Some(before) => before.budgets.under(limits),
            None => Budgets::new(limits),
        };

        // Two writers of one file would be one too many.
        let audit = before
            .and_then(|before| before.audit.clone())
            .filter(|audit| audit.is_of(&settings.audit));
        let audit = match audit {
            Some(audit) => Some(audit),
            None => Audit::open(&settings.audit)?.map(Arc::new),
        };
        let before_limits = before.map(|before| &before.about.limits);
        let permits =
            |count: fn(&crate::settings::Limits) -> usize, kept: Option<&Permits>| match kept {
                Some(kept)
                    if before_limits.is_some_and(|before| count(before) == count(limits)) =>
                {
                    kept.clone()
                }
                _ => Permits::new(count(limits)),
            };

        Ok(Self {
            net,
            geo: Arc::new(geo),
            mail: Arc::new(mail),
            about: Arc::new(about),
            proxies: Arc::new(Proxies::new(&settings.http)),
            access: Arc::new(Access::new(
                settings,
                registry,
                before.map(|before| &*before.access),
            )?),
            budgets: Arc::new(budgets),
            audit,
            private: settings.is_private(),
            light: permits(|limits| limits.light, before.map(|before| &before.light)),
            heavy: permits(|limits| limits.heavy, before.map(|before| &before.heavy)),
        })
    }

    /// What something may send to others: so many bytes, and so many units of each host's budget. The operator may ask as
    /// often as they like.
    pub(super) fn outlay(&self, bytes: u32, own: bool, units: u32) -> Outlay {
        let budgets = self.budgets.clone();
        if own {
            Outlay::new(bytes)
        } else {
            Outlay::new(bytes).charging(move |address| budgets.charge_target(address, units))
        }
    }

    /// Counts a question against every budget that it falls under.
    pub(super) fn charge(
        &self,
        request: &Request,
        admitted: Admitted,
        units: u32,
    ) -> Result<Vec<Standing>, Failure> {
        self.access.charge(admitted, &request.caller)?;
        if request.caller.own {
            Ok(Vec::new())
        } else {
            self.budgets.charge(&request.caller, units)
        }
    }
}
